"""How the log of a store grows: which tiles change when leaves are added.

The log is a Merkle tree over all events of a store. Its hashes are kept in tiles, 256 to a row, as
`interlock.audit` publishes them. The last tile of a level grows in place until it is full. What is
needed to append is the right edge: the frontier, and the open tile of each level.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, final

from interlock.audit import HASH_BYTES, TILE_HEIGHT, TILE_WIDTH, Frontier, TileName, TileTree
from interlock.store.protocol import Log

TILE_BYTES = TILE_WIDTH * HASH_BYTES
LEVELS = range(8)

Tiles: TypeAlias = dict[tuple[int, int], bytes]
"""Hashes of tiles by level and index."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """The right edge of a log. It is never changed: a write that fails leaves the one before it."""

    frontier: Frontier = field(default_factory=Frontier)
    open_tiles: tuple[bytes, ...] = ()
    """The last tile of each level; empty where the one before it is full."""

    @property
    def size(self) -> int:
        """How many leaves the log has."""
        return self.frontier.size

    def tile(self, level: int, index: int) -> bytes:
        """Return the hashes of a tile, if it is an open one."""
        is_open = self.size >> TILE_HEIGHT * (level + 1) == index
        return self.open_tiles[level] if is_open and level < len(self.open_tiles) else b""

    def grown(self, hashes: Sequence[bytes]) -> "Grown":
        """Append leaves, given as their hashes."""
        frontier = self.frontier.copy()
        levels = list(self.open_tiles) or [b""]
        tiles: Tiles = {}
        data = b"".join(hashes)
        _add(levels, tiles, level=0, start=frontier.size, data=data)
        for root in frontier.extend(hashes):
            if root.level == len(levels):
                levels.append(b"")
            _add(levels, tiles, level=root.level, start=root.index, data=root.hash)
        edge = Edge(frontier=frontier, open_tiles=tuple(levels))
        return Grown(edge=edge, tiles=tiles, part=data[-len(levels[0]) :] if levels[0] else b"")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Grown:
    """What is to be written when a log has grown to `edge`.

    Attributes:
        tiles: those that are new or longer, but for the open one of level 0.
        part: what was added to that one. So a small commit writes a few hashes, not 8 KB.
    """

    edge: Edge
    tiles: Tiles
    part: bytes


def edge_of(frontier: Frontier, tile: Callable[[int, int], bytes]) -> Edge:
    """Find the edge of a log whose frontier is known; `tile` reads a tile by level and index."""
    found: list[bytes] = []
    for level in LEVELS:
        index, width = divmod(frontier.size >> TILE_HEIGHT * level, TILE_WIDTH)
        if index == width == 0:
            break
        found.append(tile(level, index) if width else b"")
    return Edge(frontier=frontier, open_tiles=tuple(found))


def log_tree(log: Log, size: int | None = None) -> TileTree:
    """Give the tree over the first events, or all, to make proofs from."""

    def read(name: TileName) -> bytes:
        return log.tile(name.level or 0, name.index)[: name.width * HASH_BYTES]

    return TileTree(log.log_size() if size is None else size, read)


def _add(levels: list[bytes], tiles: Tiles, *, level: int, start: int, data: bytes) -> None:
    """Append hashes to a level; the first of them has the place `start` there."""
    row = levels[level] + data
    full, index = len(row) // TILE_BYTES, start // TILE_WIDTH
    for number in range(full):
        tiles[level, index + number] = row[number * TILE_BYTES : (number + 1) * TILE_BYTES]
    levels[level] = row[full * TILE_BYTES :]
    if level and levels[level]:
        tiles[level, index + full] = levels[level]
