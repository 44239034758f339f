"""How the log of a store grows: what is written when leaves are added.

The log is a Merkle tree over all events of a store. Its hashes are those of the tiles that
`interlock.audit` publishes, 256 to a tile: at level 0 those of leaves, above them the roots of full
tiles of the level below. Nothing of it is ever written twice: a store keeps what each write has
added, and puts a tile together when it is asked for one. To append, the frontier is enough.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, final

from interlock.audit import HASH_BYTES, TILE_WIDTH, Frontier, TileName, TileRoot, TileTree
from interlock.store.protocol import Log, ReadStore
from interlock.values import immutable

if TYPE_CHECKING:
    from interlock.audit import KeptLog

TILE_BYTES = TILE_WIDTH * HASH_BYTES


@final
@immutable()
class Grown:
    """What is to be written when a log has grown to `frontier`.

    Attributes:
        hashes: of the leaves that were added.
        roots: of the tiles that became full.
    """

    frontier: Frontier
    hashes: bytes
    roots: Sequence[TileRoot]

    def parts(self) -> "list[tuple[int, bytes]]":
        """Cut the hashes where tiles begin; with each part, the number of its first leaf."""
        first = self.frontier.size - len(self.hashes) // HASH_BYTES
        found: list[tuple[int, bytes]] = []
        start = 0
        while start < len(self.hashes):
            end = start + (TILE_WIDTH - first % TILE_WIDTH) * HASH_BYTES
            part = self.hashes[start:end]
            found.append((first, part))
            first += len(part) // HASH_BYTES
            start = end
        return found


def grown(before: Frontier, hashes: Sequence[bytes]) -> Grown:
    """Append leaves, given as their hashes. `before` stays as it is: the write may fail."""
    frontier = before.copy()
    roots = frontier.extend(hashes)
    return Grown(frontier=frontier, hashes=b"".join(hashes), roots=roots)


def log_tree(log: Log, size: int | None = None) -> TileTree:
    """Give the tree over the first events, or all, to make proofs from."""

    def read(name: TileName) -> bytes:
        return log.tile(name.level or 0, name.index)[: name.width * HASH_BYTES]

    return TileTree(log.log_size() if size is None else size, read)


def kept_log(store: ReadStore) -> "KeptLog":
    """Give what a store keeps of its log as it is now, to verify it."""
    from interlock.audit import KeptLog  # Only who verifies needs the verifier.

    size, peaks = store.log_edge()
    return KeptLog(size=size, peaks=peaks, tile=store.tile)
