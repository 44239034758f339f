"""The checkpoint that a report goes by, and the leaves that its events are held against."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
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
    read_erased,
)
from interlock.cli.project.auditing import key_file, own_key_file, publish_setting
from interlock.cli.project.pyproject import Project, store_url
from interlock.errors import EvidenceRefused, JournalCorrupt, UsageError
from interlock.journal import StoredEvent
from interlock.notary import CHECKPOINT, check_extends, head_of, last_checkpoint_file, read_keys
from interlock.reports import KnownCheckpoint
from interlock.store import ReadStore
from interlock.values import RunId

FILE_BYTES_MAX = 1 << 20
TILES_KEPT_MAX = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A checkpoint as it was found, and the keys that may have signed it."""

    data: bytes
    keys: Sequence[VerifierKey]


def given_checkpoint(name: str, keys: Sequence[VerifierKey]) -> Given:
    """Read a checkpoint that somebody names.

    Raises:
        UsageError: there is no such file.
    """
    path = Path(name)
    if not path.is_file():
        raise UsageError(f"there is no file `{name}`", hint="give the path of a checkpoint")
    return Given(data=_read(path), keys=keys)


def newest_checkpoint(project: Project, keys: Sequence[VerifierKey]) -> Given | None:
    """Find the newest checkpoint of the project's log: where it is published, or beside its key.

    Unless told, the keys are those of the key file, if it is here.

    Raises:
        EvidenceRefused: what stands there is no checkpoint.
        KeyUnusable: others can use the key file.
        UsageError: the settings are wrong, or name a key file that is not there.
    """
    own = None if keys else own_key_file(project, store_url(project, None))
    key = own or key_file(project, store_url(project, None), None)
    folder = publish_setting(project)
    files = [last_checkpoint_file(key), *([folder / CHECKPOINT] if folder is not None else [])]
    found = [_read(file) for file in files if file.is_file()]
    if not found:
        return None
    trusted = keys or (read_keys(own).verifiers() if own is not None else ())
    return Given(data=max(found, key=_size), keys=trusted)


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(FILE_BYTES_MAX)


def _size(data: bytes) -> int:
    return parse_checkpoint(parse_note(data).text).tree.size


def known_checkpoint(store: ReadStore, given: Given) -> KnownCheckpoint:
    """Check a checkpoint with the keys, if there are any, and that the journal extends it.

    Raises:
        EvidenceRefused: it is no checkpoint, none of the keys has signed it, or the leaves of the
            journal are not those that it was made of.
    """
    checkpoint = parse_checkpoint(parse_note(given.data).text)
    signed = (
        open_checkpoint(given.data, origin=checkpoint.origin, keys=given.keys).verified
        if given.keys
        else ()
    )
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
        if leaf_hash(leaf_of(event.body, event.salts, read_erased(event.erased))) != logged:
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
