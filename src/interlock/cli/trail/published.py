"""Reading a log that was published into a folder, by us or by anybody else."""

import os
from collections.abc import Iterator
from pathlib import Path

from interlock.audit import (
    ENTRY_BYTES_MAX,
    HASH_BYTES,
    PublishedLog,
    TileName,
    TreeHead,
    parse_tile_path,
)
from interlock.cli.trail.evidence import read_some
from interlock.errors import EvidenceRefused

TILES = "tile"
LENGTH_BYTES = 2
"""Before each entry of a bundle stands its length."""


def published_in(folder: Path, tree: TreeHead | None) -> PublishedLog:
    """Look at what a folder serves; `tree` is that of its checkpoint, if that counts."""

    def read(name: TileName) -> bytes | None:
        each = HASH_BYTES if name.level is not None else LENGTH_BYTES + ENTRY_BYTES_MAX
        path = folder / name.path()
        try:
            if not path.is_file():
                return None  # Whoever reads a pipe waits for ever.
            return read_some(path, name.width * each)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise EvidenceRefused(
                f"it cannot be read ({error.strerror})",
                code="IL8512",
                hint="fetch the published log again; or verify without it",
            ) from error

    return PublishedLog(tree=tree, names=tuple(_names(folder)), read=read)


def _names(folder: Path) -> Iterator[TileName]:
    """Name the tiles and bundles that are there; other files are no part of a log."""
    for place, _, files in os.walk(folder / TILES):
        for file in files:
            path = Path(place, file)
            try:
                name = parse_tile_path(path.relative_to(folder).as_posix())
            except EvidenceRefused:
                continue
            if path.is_file():
                yield name
