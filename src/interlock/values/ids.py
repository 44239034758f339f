"""Run ids: ULIDs, which sort by the time they were made."""

from functools import lru_cache

from interlock.errors import ensure

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
PAIRS = tuple(first + second for first in CROCKFORD for second in CROCKFORD)
ENTROPY_BYTES = 10
TIME_BITS = 48
TIME_SHIFTS = tuple(range(40, -10, -10))
ENTROPY_SHIFTS = tuple(range(70, -10, -10))


def ulid(now_ms: int, entropy: bytes) -> str:
    """Make a ULID: 48 bits of time and 80 bits of chance, as 26 characters.

    Args:
        now_ms: milliseconds since 1970.
        entropy: ten bytes.
    """
    ensure(len(entropy) == ENTROPY_BYTES, "a ULID takes ten bytes of chance", given=len(entropy))
    number = int.from_bytes(entropy)
    return _time_text(now_ms) + "".join([PAIRS[number >> shift & 1023] for shift in ENTROPY_SHIFTS])


@lru_cache(maxsize=2)
def _time_text(now_ms: int) -> str:
    """The first ten characters; a busy process makes many ids in a millisecond."""
    ensure(0 <= now_ms < 1 << TIME_BITS, "a time does not fit in a ULID", now_ms=now_ms)
    return "".join([PAIRS[now_ms >> shift & 1023] for shift in TIME_SHIFTS])
