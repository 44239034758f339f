"""Points of the curve of Ed25519 that may be public keys.

Libraries differ in which bytes they take for a key. Those that no honest signer has are refused
here, so that every verifier gives the same verdict: bytes that are not the one encoding of a point,
and the points of small order, under which one signature can be good for any text.
"""

PRIME = 2**255 - 19
SIGN = 1 << 255
D = -121665 * pow(121666, -1, PRIME) % PRIME
OF_ORDER_EIGHT = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
SMALL = frozenset((0, 1, PRIME - 1, OF_ORDER_EIGHT, PRIME - OF_ORDER_EIGHT))
"""The y coordinates of the points whose order divides eight."""


def is_public_key(public: bytes) -> bool:
    """Say whether 32 bytes are a point of the curve that may be a public key."""
    if len(public) != 32:
        return False
    y = int.from_bytes(public, "little") & (SIGN - 1)
    if y >= PRIME or y in SMALL:
        return False
    # x squared is u / v; it has a root if and only if u * v has one (Euler).
    u, v = (y * y - 1) % PRIME, (D * y * y + 1) % PRIME
    return pow(u * v, (PRIME - 1) // 2, PRIME) == 1
