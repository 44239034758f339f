"""Whether what was published of a log is the log, file by file.

A checkpoint binds the tree and not the tiles beside it: they are made again from the events, at
every level, and compared up to the size of the checkpoint. Partial tiles of earlier sizes count as
well: whoever remembers an earlier checkpoint is served them. What goes beyond the checkpoint is of
a publication that was interrupted, and nobody can have relied on it.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import final

from interlock.audit.proofs import TreeHead
from interlock.audit.tiles import TileName, parse_entries, parse_tile, tiles_between
from interlock.audit.tree import HASH_BYTES, TILE_HEIGHT, TILE_WIDTH, leaf_hash, split_hashes
from interlock.errors import EvidenceRefused


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedLog:
    """A log as others are served it. It may grow while it is looked at.

    Attributes:
        tree: that of its checkpoint; None when the checkpoint does not count.
        names: the tiles and bundles of entries that are there.
        read: reads one of them; None when it is not there, or not any more.
    """

    tree: TreeHead | None
    names: Collection[TileName]
    read: Callable[[TileName], bytes | None]

    def hashes(self) -> list[bytes]:
        """Read the hashes of leaves, as far as there are any without a gap."""
        widths: dict[int, int] = {}
        for name in self.names:
            if name.level == 0:
                widths[name.index] = max(name.width, widths.get(name.index, 0))
        found: list[bytes] = []
        while (width := widths.get(len(found) // TILE_WIDTH, 0)) > 0:
            data = self._read(TileName(level=0, index=len(found) // TILE_WIDTH, width=width))
            found += split_hashes(data[: min(width, len(data) // HASH_BYTES) * HASH_BYTES])
            if len(data) < TILE_WIDTH * HASH_BYTES:
                break
        return found

    def _read(self, name: TileName) -> bytes:
        try:
            return self.read(name) or b""
        except EvidenceRefused:
            return b""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class FalseTile:
    """A published file that is not what the log has there, and the first leaf that it is about."""

    path: str
    index: int
    message: str


def false_tile(published: PublishedLog, rows: Sequence[bytes]) -> FalseTile | None:
    """Find the first file of a publication that is not that of the log.

    Args:
        published: what was published; its tree is one that the log has had.
        rows: by level, the hashes of the tiles of the log.
    """
    size = 0 if published.tree is None else published.tree.size
    found: list[FalseTile] = []
    for name in {*published.names, *tiles_between(0, size)}:
        level = name.level or 0
        row = (
            rows[level][: (size >> TILE_HEIGHT * level) * HASH_BYTES] if level < len(rows) else b""
        )
        wanted = row[name.index * TILE_WIDTH * HASH_BYTES :][: name.width * HASH_BYTES]
        wrong = _compared(published, name, split_hashes(wanted)) if wanted else None
        found += [wrong] if wrong is not None else []
    return min(found, key=lambda each: (each.index, each.path), default=None)


def _compared(published: PublishedLog, name: TileName, wanted: Sequence[bytes]) -> FalseTile | None:
    """Compare a file with the hashes that the log has there."""
    try:
        hashes = _hashes(published, name)
        if hashes is None and name != name.full():
            # A partial tile gives way to the full one, maybe while we look.
            hashes = _hashes(published, name.full())
    except EvidenceRefused as error:
        return _false(name, 0, error.message)
    if hashes is None:
        return _false(name, 0, "it is not there")
    for at, (here, there) in enumerate(zip(wanted, hashes, strict=False)):
        if here != there:
            what = "entry" if name.level is None else "hash"
            return _false(name, at, f"{what} {at} in it is not that of the log")
    return None


def _hashes(published: PublishedLog, name: TileName) -> list[bytes] | None:
    """Read the hashes of leaves or tiles that a file has; None when it is not there.

    Raises:
        EvidenceRefused: it has another length, or cannot be read.
    """
    data = published.read(name)
    if data is None:
        return None
    if name.level is None:
        return [leaf_hash(leaf) for leaf in parse_entries(name, data)]
    return parse_tile(name, data)


def _false(name: TileName, at: int, why: str) -> FalseTile:
    place = (name.index * TILE_WIDTH + at) << TILE_HEIGHT * (name.level or 0)
    return FalseTile(path=name.path(), index=place, message=why)
