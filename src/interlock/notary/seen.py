"""What a witness has seen of each log: one file, replaced as a whole before anything is signed.

This file is all that stands between a witness and two signatures under two histories. So it is
made once, on purpose; a witness whose file is gone does not begin anew by itself.
"""

import fcntl
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Self, cast, final

from interlock.audit import Note, TreeHead, parse_checkpoint, parse_note
from interlock.errors import EvidenceRefused, UsageError
from interlock.notary.durable import PRIVATE_FOLDER, make_file, replace_file
from interlock.values import Json, encode

FORMAT = 1
FILE_BYTES_MAX = 64 << 20
LOCK = ".lock"
EVIDENCE = "evidence"
EVIDENCE_MAX = 1_000

Write = Callable[[Path, bytes], None]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The checkpoint that was cosigned last, and the time that the cosignature says."""

    note: Note
    time_s: int

    @property
    def tree(self) -> TreeHead:
        """The tree of the checkpoint."""
        return parse_checkpoint(self.note.text).tree


@final
class Memory:
    """The file of a witness, held by one process at a time.

    Args:
        path: the file; it must be there.
        write: replaces a file durably; tests hand in one that fails.

    Raises:
        UsageError: there is no such file, or another process holds it.
        EvidenceRefused: the file is damaged.
    """

    def __init__(self, path: Path, *, write: Write = replace_file) -> None:
        self._path = path
        self._write = write
        self._lock = _locked(path)
        try:
            self._logs = _read(path)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def logs(self) -> dict[str, Seen]:
        """What was seen, by origin."""
        return dict(self._logs)

    def last(self, origin: str) -> Seen | None:
        """Give what was cosigned last of a log."""
        return self._logs.get(origin)

    def keep(self, origin: str, seen: Seen) -> None:
        """Write down what is about to be cosigned; when this returns, it is durable.

        When it raises, either may be in the file, and the old one counts: nothing was signed yet.
        """
        logs = {**self._logs, origin: seen}
        self._write(self._path, _encoded(logs))
        self._logs = logs

    def keep_evidence(self, notes: Iterable[Note]) -> None:
        """Keep checkpoints that together prove what a log has done, each in a file of its own.

        Raises:
            OSError: they cannot be written.
        """
        folder = self._path.parent / EVIDENCE
        folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        for note in notes:
            path = folder / f"{sha256(note.text.encode()).hexdigest()[:16]}.note"
            if not path.exists() and len(list(folder.iterdir())) < EVIDENCE_MAX:
                replace_file(path, str(note).encode())

    def close(self) -> None:
        """Let go of the file."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def create_memory(path: Path) -> None:
    """Make the file of a witness that has seen nothing yet.

    Raises:
        UsageError: there is one.
    """
    try:
        make_file(path, _encoded({}))
    except FileExistsError as error:
        raise UsageError(
            f"there is a witness in {path.parent} already",
            hint="start it without --init, or name another folder",
        ) from error


def _locked(path: Path) -> int:
    if not path.is_file():
        raise UsageError(
            f"there is no file {path}, so nobody knows what this witness has cosigned",
            hint="make a new witness with a new key (--init), or put the file back",
        )
    lock = os.open(path.with_name(path.name + LOCK), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(lock)
        raise UsageError(
            f"another process serves the witness in {path.parent}", hint="stop it first"
        ) from error
    return lock


def _encoded(logs: dict[str, Seen]) -> bytes:
    told: dict[str, Json] = {
        origin: {"checkpoint": str(seen.note), "time_s": seen.time_s}
        for origin, seen in logs.items()
    }
    return encode({"v": FORMAT, "logs": told}) + b"\n"


def _read(path: Path) -> dict[str, Seen]:
    if path.stat().st_size > FILE_BYTES_MAX:
        raise _damaged(path, f"it has more than {FILE_BYTES_MAX:,} bytes")
    try:
        found: object = json.loads(path.read_bytes())
    except ValueError as error:
        raise _damaged(path, "it is not JSON") from error
    if not isinstance(found, dict) or cast(dict[str, object], found).get("v") != FORMAT:
        raise _damaged(path, f"it is not of version {FORMAT}")
    logs = cast(dict[str, object], found).get("logs")
    if not isinstance(logs, dict):
        raise _damaged(path, "`logs` is no object")
    return {
        origin: _seen(path, origin, entry)
        for origin, entry in cast(dict[str, object], logs).items()
    }


def _seen(path: Path, origin: str, entry: object) -> Seen:
    fields = cast(dict[str, object], entry) if isinstance(entry, dict) else {}
    text, time_s = fields.get("checkpoint"), fields.get("time_s")
    if not isinstance(text, str) or not isinstance(time_s, int):
        raise _damaged(path, f"`{origin}` has no checkpoint, or no time")
    try:
        note = parse_note(text.encode())
        if parse_checkpoint(note.text).origin != origin:
            raise _damaged(path, f"the checkpoint of `{origin}` is of another log")
    except EvidenceRefused as error:
        raise _damaged(path, f"of `{origin}`: {error.message}") from error
    return Seen(note=note, time_s=time_s)


def _damaged(path: Path, why: str) -> EvidenceRefused:
    return EvidenceRefused(
        f"what the witness has seen cannot be read from {path}: {why}",
        code="IL8532",
        hint="put back the newest copy only if nothing was cosigned since; else make a new witness",
    )
