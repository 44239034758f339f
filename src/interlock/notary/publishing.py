"""Publishing a log into a folder: a checkpoint and the tiles under it, as C2SP tlog-tiles.

Any web server, bucket or backup can serve the folder as it is. Tiles are written before the
checkpoint that speaks of them and are never changed; so whoever reads it at any time, even after a
crash, finds all tiles of the checkpoint that is there.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import final

from interlock.audit import (
    HASH_BYTES,
    TILE_WIDTH,
    SignedCheckpoint,
    TileName,
    parse_tile,
    tiles_between,
)
from interlock.errors import EvidenceRefused
from interlock.notary.checkpointing import (
    Log,
    check_extends,
    head_of,
    last_signed,
    read_checkpoint,
    sign_next,
)
from interlock.notary.durable import PUBLIC, make_file, replace_file
from interlock.notary.keys import locked_keys

CHECKPOINT = "checkpoint"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What publishing did.

    Attributes:
        signed: the checkpoint that the folder has now.
        old_size: how many events the one before had.
        tiles: how many tiles were written.
    """

    signed: SignedCheckpoint
    old_size: int
    tiles: int


def publish_log(log: Log, key_file: Path, folder: Path) -> Published:
    """Sign the log as it is now, and bring a folder up to it. The folder is made.

    Raises:
        KeyUnusable: the key file is not there, readable by others, or damaged.
        EvidenceRefused: the log does not extend what was signed or published last, or a tile of
            another log is in the folder.
        OSError: something cannot be written. What is published is as good as before; try again.
    """
    with locked_keys(key_file) as ring:
        folder.mkdir(parents=True, exist_ok=True)
        published = read_checkpoint(folder / CHECKPOINT, ring)
        old_size = 0
        if published is not None:
            # What the key file remembers may be older: it may have been restored from a backup.
            old_size = published.checkpoint.tree.size
            head, tree = head_of(log)
            check_extends(published.checkpoint.tree, tree, head=head)
        signed = sign_next(log, last_signed(key_file, ring), ring=ring, key_file=key_file)
        names = list(tiles_between(old_size, signed.checkpoint.tree.size))
        for name in names:
            _write_tile(folder, name, log)
        replace_file(folder / CHECKPOINT, str(signed.note).encode(), mode=PUBLIC)
        for name in names:
            _drop_narrower(folder, name)
        return Published(signed=signed, old_size=old_size, tiles=len(names))


def _write_tile(folder: Path, name: TileName, log: Log) -> None:
    """Write a tile, unless it is there since a publication that was interrupted."""
    data = log.tile(name.level or 0, name.index)[: name.width * HASH_BYTES]
    parse_tile(name, data)
    path = folder / name.path()
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        make_file(path, data, mode=PUBLIC)
    except FileExistsError:
        if path.read_bytes() != data:
            raise EvidenceRefused(
                f"{path} is there already, and is a tile of another log",
                code="IL8513",
                hint="publish each log into a folder of its own",
            ) from None


def _drop_narrower(folder: Path, name: TileName) -> None:
    """Remove the partial tiles that a full one holds, as the specification allows."""
    if name.width == TILE_WIDTH:
        shutil.rmtree(folder / f"{name.path()}.p", ignore_errors=True)
