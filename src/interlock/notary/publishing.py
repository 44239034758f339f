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
    EMPTY_ROOT,
    HASH_BYTES,
    TILE_WIDTH,
    Note,
    SignedCheckpoint,
    TileName,
    TreeHead,
    parse_tile,
    tiles_between,
)
from interlock.errors import EvidenceRefused
from interlock.notary.checkpointing import (
    check_extends,
    head_of,
    read_checkpoint,
)
from interlock.notary.durable import PUBLIC, make_file, make_folders, replace_file, sync_folder
from interlock.notary.endorsing import kept_stamp, read_stamp
from interlock.notary.keys import locked_keys
from interlock.store import Log

CHECKPOINT = "checkpoint"
STAMP = "checkpoint.tsr"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What publishing did: from how many events to how many, in how many tiles."""

    old_size: int
    new_size: int
    tiles: int


def publish(log: Log, signed: SignedCheckpoint, *, key_file: Path, folder: Path) -> Published:
    """Bring a folder up to a checkpoint. The folder is made.

    Args:
        log: the log that the checkpoint is of.
        signed: what `sign_log` gave, maybe with cosignatures. When the folder has a later one
            already, that one stays.
        key_file: the keys of the log.
        folder: what others are served.

    Raises:
        KeyUnusable: the key file is not there, readable by others, or damaged.
        EvidenceRefused: the log is not the one that was signed or published.
        OSError: something cannot be written. What is published is as good as before; try again.
    """
    head = signed.checkpoint.tree
    with locked_keys(key_file) as ring:
        make_folders(folder)
        published = read_checkpoint(folder / CHECKPOINT, ring)
        old = TreeHead(size=0, root=EMPTY_ROOT) if published is None else published.checkpoint.tree
        current, tree = head_of(log, max(head.size, old.size))
        for known in (head, old):
            check_extends(known, tree, head=current)
        if old.size > head.size:
            return Published(old_size=old.size, new_size=old.size, tiles=0)
        names = list(tiles_between(old.size, head.size))
        for name in names:
            _write_tile(folder, name, log)
        for made in {(folder / name.path()).parent for name in names}:
            sync_folder(made)
        _write_checkpoint(folder, signed.note, stamp=kept_stamp(signed.note, key_file))
        for name in names:
            _drop_narrower(folder, name)
        return Published(old_size=old.size, new_size=head.size, tiles=len(names))


def _write_tile(folder: Path, name: TileName, log: Log) -> None:
    """Write a tile, unless it is there since a publication that was interrupted."""
    data = log.tile(name.level or 0, name.index)[: name.width * HASH_BYTES]
    parse_tile(name, data)
    path = folder / name.path()
    make_folders(path.parent)
    try:
        make_file(path, data, mode=PUBLIC, syncs_folder=False)
    except FileExistsError:
        if not _has(path, data):
            raise EvidenceRefused(
                f"{path} is there already, and is a tile of another log",
                code="IL8513",
                hint="publish each log into a folder of its own",
            ) from None


def _has(path: Path, data: bytes) -> bool:
    """Whether a file has these bytes and no more; others may write the folder, and a pipe."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(data) + 1) == data


def _write_checkpoint(folder: Path, note: Note, *, stamp: bytes | None) -> None:
    """Write a checkpoint, then its time stamp: none of another one ever stands beside it."""
    if read_stamp(note, folder / STAMP) is None:
        (folder / STAMP).unlink(missing_ok=True)
    replace_file(folder / CHECKPOINT, str(note).encode(), mode=PUBLIC)
    if stamp is not None:
        replace_file(folder / STAMP, stamp, mode=PUBLIC)


def _drop_narrower(folder: Path, name: TileName) -> None:
    """Remove the partial tiles that a full one holds, as the specification allows."""
    if name.width == TILE_WIDTH:
        shutil.rmtree(folder / f"{name.path()}.p", ignore_errors=True)
