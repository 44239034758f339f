"""The checkpoint that a report goes by: read from a file, and held against the journal."""

import base64
from collections.abc import Sequence
from pathlib import Path

from interlock.audit import VerifierKey, open_checkpoint, parse_checkpoint, parse_note
from interlock.cli.project import Project
from interlock.errors import UsageError
from interlock.notary import CHECKPOINT, check_extends, head_of
from interlock.reports import KnownCheckpoint
from interlock.store import ReadStore

FILE_BYTES_MAX = 1 << 20


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
    return KnownCheckpoint(
        origin=checkpoint.origin,
        size=checkpoint.tree.size,
        root=base64.b64encode(checkpoint.tree.root).decode(),
        signed_by=tuple(sorted({str(verified.key) for verified in signed})),
    )
