"""The keys of values: 32 bytes for a digest, which as text has 71."""

from binascii import Error, unhexlify

from interlock.values import ValueRef

DIGEST = "sha256:"
CHARS = len(DIGEST) + 64


def value_key(ref: ValueRef) -> bytes:
    """Give the key of a value in its table; no two references have the same.

    What is not the SHA-256 of something, in the one way to write it, is its own key.
    """
    if len(ref) == CHARS and ref.startswith(DIGEST):
        digits = ref[len(DIGEST) :]
        try:
            key = unhexlify(digits)
        except (Error, ValueError):
            pass
        else:
            if key.hex() == digits:
                return key
    return b"ref " + ref.encode()
