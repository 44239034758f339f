"""The checkpoint that a report goes by, and the leaves that its events are held against."""

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import final

from interlock.audit import (
    HASH_BYTES,
    TILE_WIDTH,
    Frontier,
    TreeHead,
    VerifierKey,
    leaf_hash,
    leaf_of,
    open_checkpoint,
    parse_checkpoint,
    parse_note,
)
from interlock.cli.project import Project
from interlock.errors import EvidenceRefused, JournalCorrupt, UsageError
from interlock.journal import StoredEvent
from interlock.notary import CHECKPOINT, check_extends, head_of
from interlock.reports import KnownCheckpoint
from interlock.store import ReadStore
from interlock.values import RunId

FILE_BYTES_MAX = 1 << 20
TILES_KEPT_MAX = 256


def published_checkpoint(project: Project) -> str | None:
    """Name the file of the checkpoint where the project publishes its log, if there is one."""
    folder = project.audit.get("publish")
    if not isinstance(folder, str):
        return None
    file = project.folder / Path(folder).expanduser() / CHECKPOINT
    return str(file) if file.is_file() else None


def known_checkpoint(store: ReadStore, name: str, keys: Sequence[VerifierKey]) -> KnownCheckpoint:
    """Read a checkpoint, check it with the keys, if there are any, and that the journal extends it.

    Raises:
        UsageError: there is no such file.
        EvidenceRefused: it is no checkpoint, none of the keys has signed it, or the events of the
            journal are not those that it was made of.
    """
    path = Path(name)
    if not path.is_file():
        raise UsageError(f"there is no file `{name}`", hint="give the path of a checkpoint")
    with path.open("rb") as file:
        data = file.read(FILE_BYTES_MAX)
    checkpoint = parse_checkpoint(parse_note(data).text)
    signed = open_checkpoint(data, origin=checkpoint.origin, keys=keys).verified if keys else ()
    head, tree = head_of(store)
    check_extends(checkpoint.tree, tree, head=head)
    _check_leaves(store, checkpoint.tree)
    return KnownCheckpoint(
        origin=checkpoint.origin,
        size=checkpoint.tree.size,
        root=base64.b64encode(checkpoint.tree.root).decode(),
        signed_by=tuple(sorted({str(verified.key) for verified in signed})),
    )


def _check_leaves(store: ReadStore, tree: TreeHead) -> None:
    """Check that the hashes of leaves that the store keeps are those of a tree.

    Raises:
        EvidenceRefused: they are not.
    """
    frontier = Frontier()
    for number in range((tree.size + TILE_WIDTH - 1) // TILE_WIDTH):
        width = min(TILE_WIDTH, tree.size - number * TILE_WIDTH)
        tile = store.tile(0, number)[: width * HASH_BYTES]
        frontier.extend([tile[at : at + HASH_BYTES] for at in range(0, len(tile), HASH_BYTES)])
    if TreeHead(size=frontier.size, root=frontier.root()) != tree:
        raise EvidenceRefused(
            f"the first {tree.size} leaves of the log are not those of the checkpoint",
            code="IL8513",
            hint="`interlock audit verify` says which; keep the file",
        )


@final
class Leaves:
    """Holds events against the leaves that the store keeps of them."""

    def __init__(self, store: ReadStore) -> None:
        self._store = store
        self._tiles: dict[int, bytes] = {}

    def check(self, run: RunId, event: StoredEvent) -> None:
        """Check that an event is the one that was logged.

        Raises:
            JournalCorrupt: it is not.
        """
        number, place = divmod(event.leaf_index, TILE_WIDTH)
        logged = self._hash(number, place)
        if leaf_hash(leaf_of(event.body, event.salts)) != logged:
            raise JournalCorrupt(
                f"event {event.seq} of run {run} is not the one that was logged as leaf"
                f" {event.leaf_index}",
                hint="`interlock audit verify` says what was changed; keep the file",
            )

    def _hash(self, number: int, place: int) -> bytes:
        start = place * HASH_BYTES
        tile = self._tiles.get(number, b"")
        if len(tile) < start + HASH_BYTES:  # not read yet, or it has grown since
            if len(self._tiles) >= TILES_KEPT_MAX:
                self._tiles.clear()
            tile = self._tiles[number] = self._store.tile(0, number)
        return tile[start : start + HASH_BYTES]
