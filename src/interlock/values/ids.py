"""Run ids: ULIDs, which sort by the time they were made."""

from interlock.errors import ensure

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
PAIRS = tuple(first + second for first in CROCKFORD for second in CROCKFORD)
ENTROPY_BYTES = 10
TIME_BITS = 48
SHIFTS = tuple(range(120, -10, -10))


def ulid(now_ms: int, entropy: bytes) -> str:
    """Make a ULID: 48 bits of time and 80 bits of chance, as 26 characters.

    Args:
        now_ms: milliseconds since 1970.
        entropy: ten bytes.
    """
    ensure(0 <= now_ms < 1 << TIME_BITS, "a time does not fit in a ULID", now_ms=now_ms)
    ensure(len(entropy) == ENTROPY_BYTES, "a ULID takes ten bytes of chance", given=len(entropy))
    number = now_ms << 8 * ENTROPY_BYTES | int.from_bytes(entropy)
    return "".join([PAIRS[number >> shift & 1023] for shift in SHIFTS])
