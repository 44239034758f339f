"""The Merkle tree of RFC 6962 (now RFC 9162): hashing, and the frontier that grows it.

A tree of n leaves is a row of perfect subtrees, one for each bit of n, the largest first. The
frontier holds their roots, the peaks: at most 64 hashes, enough to append a leaf and to give the
root. Proofs read other hashes, from a source such as tiles (`interlock.audit.proofs`).
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Self, final

from interlock.errors import EvidenceRefused
from interlock.values import immutable

HASH_BYTES = 32
TREE_SIZE_MAX = (1 << 63) - 1
TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
EMPTY_ROOT = sha256(b"").digest()

LEAF = b"\x00"
NODE = b"\x01"


@immutable()
class TileRoot:
    """The root of a full tile: entry `index` of the level of tiles above it.

    `level` is at least 1; the hash stands at height `8 * level` of the tree.
    """

    level: int
    index: int
    hash: bytes


def leaf_hash(data: bytes) -> bytes:
    """Hash a leaf: SHA-256 of 0x00 and its bytes."""
    return sha256(LEAF + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash an inner node: SHA-256 of 0x01 and the hashes of its two children."""
    return sha256(NODE + left + right).digest()


def fold(peaks: Sequence[bytes]) -> bytes:
    """Join the roots of perfect subtrees, the largest first, into the root of all."""
    if not peaks:
        return EMPTY_ROOT
    root = peaks[-1]
    for peak in reversed(peaks[:-1]):
        root = node_hash(peak, root)
    return root


@final
class Frontier:
    """The right edge of a growing tree. Not shared between threads.

    Attributes:
        size: how many leaves the tree has.

    Example:
        >>> frontier = Frontier()
        >>> frontier.extend([leaf_hash(b"first"), leaf_hash(b"second")])
        []
        >>> frontier.root() == node_hash(leaf_hash(b"first"), leaf_hash(b"second"))
        True
    """

    __slots__ = ("_peaks", "size")

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []

    def extend(self, hashes: Iterable[bytes]) -> list[TileRoot]:
        """Append leaves, given as their hashes; return the roots of tiles that became full.

        A leaf costs one hash of a node on average. Level by level: what is new on one, with the
        peak that stands there if its first node is a right one, makes up what is new on the next.
        """
        nodes, at, height = list(hashes), self.size, 0
        self.size += len(nodes)
        new_peaks: list[bytes] = []
        full: list[TileRoot] = []
        while nodes:
            if height and height % TILE_HEIGHT == 0:
                level = height // TILE_HEIGHT
                full += [
                    TileRoot(level=level, index=index, hash=node)
                    for index, node in enumerate(nodes, at)
                ]
            if at & 1:
                nodes.insert(0, self._peaks.pop())
            if len(nodes) & 1:
                new_peaks.append(nodes.pop())
            pairs = zip(nodes[::2], nodes[1::2], strict=True)
            nodes = [sha256(NODE + left + right).digest() for left, right in pairs]
            at >>= 1
            height += 1
        self._peaks += reversed(new_peaks)
        return full

    def root(self) -> bytes:
        """Give the root of the tree as it is now."""
        return fold(self._peaks)

    def copy(self) -> "Frontier":
        """Make a second frontier that grows on its own."""
        twin = Frontier()
        twin.size, twin._peaks = self.size, self._peaks.copy()
        return twin

    def to_bytes(self) -> bytes:
        """Give the peaks in a row, the largest subtree first."""
        return b"".join(self._peaks)

    @classmethod
    def from_bytes(cls, size: int, peaks: bytes) -> Self:
        """Make the frontier of a tree of `size` leaves from what `to_bytes` gave.

        Raises:
            EvidenceRefused: a tree of this size has another number of peaks.
        """
        if not 0 <= size <= TREE_SIZE_MAX or len(peaks) != size.bit_count() * HASH_BYTES:
            raise EvidenceRefused(
                f"{len(peaks)} bytes are no frontier of a tree of {size} leaves",
                code="IL8501",
                hint="a frontier has 32 bytes for each 1 among the binary digits of the size",
            )
        frontier = cls()
        frontier.size = size
        frontier._peaks = split_hashes(peaks)
        return frontier


def split_hashes(data: bytes) -> list[bytes]:
    """Cut a row of hashes into its hashes; the length is a multiple of 32."""
    return [data[start : start + HASH_BYTES] for start in range(0, len(data), HASH_BYTES)]
