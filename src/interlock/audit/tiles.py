"""C2SP tlog-tiles: a log as files that never change, from which anybody makes any proof.

A tile is a row of up to 256 hashes of one level. Level 0 has the hashes of leaves; an entry of the
level above is the root of a full tile. The last tile of a level may be partial; it stands at a
path of its own for every width, so that no file is ever written twice. Entry bundles have the
leaves themselves, 256 to a file.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import final

from interlock.audit.tree import (
    HASH_BYTES,
    TILE_HEIGHT,
    TILE_WIDTH,
    TREE_SIZE_MAX,
    Frontier,
    split_hashes,
)
from interlock.errors import EvidenceRefused, ensure
from interlock.values import immutable

LEVEL_MAX = 7
ENTRY_BYTES_MAX = 65_535
PATH_CHARS_MAX = 60
INDEX_MAX = TREE_SIZE_MAX // TILE_WIDTH
PATH = re.compile(
    r"tile/(?P<level>[0-7]|entries)/(?P<index>(?:x[0-9]{3}/)*[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?"
)


@final
@immutable()
class TileName:
    """Which tile: its level, its place there, and how many hashes it has (1 to 256).

    A level of None names the bundle of entries that belongs to a tile of level 0.
    """

    level: int | None
    index: int
    width: int = TILE_WIDTH

    def path(self) -> str:
        """Give the path below the log's address: `tile/0/x001/x234/067.p/5`."""
        level = "entries" if self.level is None else self.level
        part = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"tile/{level}/{_elements(self.index)}{part}"

    def full(self) -> "TileName":
        """Name the tile that this one becomes when it is full."""
        return TileName(level=self.level, index=self.index)


ReadTile = Callable[[TileName], bytes]
"""Gives the bytes of a tile, or of a bundle of entries."""


def parse_tile_path(path: str) -> TileName:
    """Read the path of a tile or of a bundle of entries.

    Raises:
        EvidenceRefused: no tile has this path.
    """
    match = PATH.fullmatch(path) if len(path) <= PATH_CHARS_MAX else None
    if match is None:
        raise _refused(f"`{ascii(path[:PATH_CHARS_MAX])[1:-1]}` is not the path of a tile")
    level, width = match["level"], match["width"]
    name = TileName(
        level=None if level == "entries" else int(level),
        index=int(match["index"].replace("/", "").replace("x", "")),
        width=int(width) if width else TILE_WIDTH,
    )
    if name.path() != path or name.width > TILE_WIDTH or name.index > INDEX_MAX:
        raise _refused(f"`{path}` is not the path of a tile")
    return name


def tiles_between(old: int, new: int) -> Iterator[TileName]:
    """Name the tiles of a tree of `new` leaves that one of `old` leaves does not have.

    Tiles of hashes alone; `entries_between` names the bundles.
    """
    for level in range(LEVEL_MAX + 1):
        have, want = old >> TILE_HEIGHT * level, new >> TILE_HEIGHT * level
        if want == 0:
            return
        yield from _row(level, have, want)


def entries_between(old: int, new: int) -> Iterator[TileName]:
    """Name the bundles of `new` leaves that a log of `old` leaves does not have."""
    return _row(None, old, new)


def tile_at(level: int, index: int, size: int) -> TileName:
    """Name a tile as wide as it is in a tree of `size` leaves.

    Raises:
        EvidenceRefused: the tree has no hash in this tile.
    """
    width = min(TILE_WIDTH, (size >> TILE_HEIGHT * level) - index * TILE_WIDTH)
    if width <= 0 or not 0 <= level <= LEVEL_MAX or index < 0:
        raise _refused(f"a tree of {size} leaves has no tile {index} at level {level}")
    return TileName(level=level, index=index, width=width)


def parse_tile(name: TileName, data: bytes) -> list[bytes]:
    """Read the hashes of a tile.

    Raises:
        EvidenceRefused: the tile has another length.
    """
    if len(data) != name.width * HASH_BYTES:
        raise _refused(
            f"`{name.path()}` has {len(data)} bytes instead of {name.width * HASH_BYTES}"
        )
    return split_hashes(data)


def render_entries(leaves: Sequence[bytes]) -> bytes:
    """Make a bundle of leaves: each has its length before it, as two bytes."""
    ensure(0 < len(leaves) <= TILE_WIDTH, "a bundle has 1 to 256 leaves", count=len(leaves))
    for leaf in leaves:
        if len(leaf) > ENTRY_BYTES_MAX:
            raise _refused(f"a leaf has {len(leaf)} bytes; at most {ENTRY_BYTES_MAX} are published")
    return b"".join(part for leaf in leaves for part in (len(leaf).to_bytes(2), leaf))


def parse_entries(name: TileName, data: bytes) -> list[bytes]:
    """Read the leaves of a bundle.

    Raises:
        EvidenceRefused: the bundle has more or fewer leaves, or ends within one.
    """
    leaves: list[bytes] = []
    place = 0
    while place < len(data) and len(leaves) < name.width:
        start = place + 2
        place = start + int.from_bytes(data[place:start])
        leaves.append(data[start:place])
    if place != len(data) or len(leaves) != name.width:
        raise _refused(f"`{name.path()}` does not have {name.width} leaves")
    return leaves


@final
class TileTree:
    """Roots of subtrees, from the tiles of a tree: what proofs are made of.

    The tree has `size` leaves. Tiles are kept once they were read: make one for each proof or
    group of proofs. Nothing is trusted of them but their length: a proof from false tiles does not
    hold.

    Example:
        >>> leaves = b"".join(leaf_hash(bytes([number])) for number in range(5))
        >>> tree = TileTree(5, lambda name: leaves)
        >>> len(prove_inclusion(3, 5, tree))
        3
    """

    def __init__(self, size: int, read: ReadTile) -> None:
        self.size = size
        self._read = read
        self._tiles: dict[tuple[int, int], list[bytes]] = {}

    def __call__(self, height: int, index: int) -> bytes:
        """Give the root of leaves `index << height` to `(index + 1) << height`.

        Raises:
            EvidenceRefused: the tree has no such subtree, or a tile has the wrong length.
        """
        level, rest = divmod(height, TILE_HEIGHT)
        place, start = divmod(index << rest, TILE_WIDTH)
        hashes = self._tile(level, place)[start : start + (1 << rest)]
        if len(hashes) != 1 << rest:
            raise _refused(
                f"a tree of {self.size} leaves has no subtree {index} of height {height}"
            )
        part = Frontier()
        part.extend(hashes)
        return part.root()

    def _tile(self, level: int, index: int) -> list[bytes]:
        hashes = self._tiles.get((level, index))
        if hashes is None:
            name = tile_at(level, index, self.size)
            hashes = self._tiles[level, index] = parse_tile(name, self._read(name))
        return hashes


def _row(level: int | None, have: int, want: int) -> Iterator[TileName]:
    """Name the tiles of one level that are new, the partial one at the end included."""
    full, width = divmod(want, TILE_WIDTH)
    for index in range(have // TILE_WIDTH, full):
        yield TileName(level=level, index=index)
    if width and want != have:
        yield TileName(level=level, index=full, width=width)


def _elements(index: int) -> str:
    """Write an index in groups of three digits: `x001/x234/067`."""
    groups = f"{index:,}".split(",")
    return "/".join(["x" + group.zfill(3) for group in groups[:-1]] + [groups[-1].zfill(3)])


def _refused(message: str) -> EvidenceRefused:
    return EvidenceRefused(
        message,
        code="IL8512",
        hint="the published log is damaged or of another size: fetch it again, or publish it again",
    )
