"""Having others speak for a checkpoint: witnesses, and a server for time stamps.

The checkpoint is signed and kept before anybody is asked, so nobody who is asked can hold it up.
What is there already is not asked for again: the older word is the stronger one.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import final

from interlock.audit import Note, SignedCheckpoint, prove_consistency, verified_signatures
from interlock.errors import EvidenceRefused
from interlock.notary.checkpointing import keep_cosigned
from interlock.notary.durable import PUBLIC, replace_file
from interlock.notary.stamps import STAMP_BYTES_MAX, Stamp, StampServer, request_stamp
from interlock.notary.witnesses import (
    TIMEOUT_S,
    Asked,
    Collected,
    WitnessAddress,
    collect_cosignatures,
)
from interlock.store import Log, log_tree

STAMP = ".stamp"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Endorsers:
    """Who is asked to speak for a log, and how long each may take."""

    witnesses: tuple[WitnessAddress, ...] = ()
    stamps: StampServer | None = None
    timeout_s: float = TIMEOUT_S


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Endorsed:
    """What became of those who were asked.

    Attributes:
        signed: the checkpoint, with all cosignatures.
        asked: the witnesses that had not cosigned it yet.
        stamp: the time stamp, if one came now.
        unstamped: why none came.
    """

    signed: SignedCheckpoint
    asked: tuple[Asked, ...]
    stamp: Stamp | None
    unstamped: EvidenceRefused | None


async def endorse(
    log: Log,
    signed: SignedCheckpoint,
    endorsers: Endorsers,
    *,
    key_file: Path,
    now_ms: int,
    before: SignedCheckpoint | None = None,
) -> Endorsed:
    """Have a checkpoint cosigned and stamped; keep what comes back.

    Args:
        log: the log that the checkpoint is of.
        signed: what `sign_log` gave.
        endorsers: who is asked.
        key_file: the keys of the log; what comes back is kept beside them.
        now_ms: what the clock says; what is dated later does not count.
        before: what was signed before it: saves each witness that cosigned it a question.

    Raises:
        KeyUnusable: the key file is not there, readable by others, or damaged.
        OSError: what came back cannot be kept.
    """
    collected, (stamp, unstamped) = await asyncio.gather(
        _cosigned(log, signed, endorsers, before=before, now_ms=now_ms),
        _stamped(signed.note, endorsers, key_file=key_file, now_ms=now_ms),
    )
    if collected.cosigned:
        keep_cosigned(collected.note, key_file)
    if stamp is not None:
        replace_file(_stamp_file(key_file), stamp.data, mode=PUBLIC)
    return Endorsed(
        signed=replace(signed, note=collected.note),
        asked=collected.asked,
        stamp=stamp,
        unstamped=unstamped,
    )


def kept_stamp(note: Note, key_file: Path) -> bytes | None:
    """Read the time stamp that is kept for a checkpoint; it is not verified here.

    Returns:
        the server's response in DER; None when there is none for this checkpoint.
    """
    return read_stamp(note, _stamp_file(key_file))


def read_stamp(note: Note, path: Path) -> bytes | None:
    """Read a time stamp beside a checkpoint; it is not verified here.

    Returns:
        the server's response in DER; None when there is none, or it is of another checkpoint.
    """
    if not path.is_file():
        return None  # Whoever reads a pipe waits for ever.
    try:
        with path.open("rb") as file:
            data = file.read(STAMP_BYTES_MAX)
    except FileNotFoundError:
        return None
    # A stamp holds the digest of what it is for; with another one it is of an older checkpoint.
    return data if sha256(note.text.encode()).digest() in data else None


async def _cosigned(
    log: Log,
    signed: SignedCheckpoint,
    endorsers: Endorsers,
    *,
    before: SignedCheckpoint | None,
    now_ms: int,
) -> Collected:
    size = signed.checkpoint.tree.size
    tree = log_tree(log, size)
    return await collect_cosignatures(
        signed.note,
        _not_yet(signed.note, endorsers.witnesses),
        prove=lambda old: prove_consistency(old, size, tree),
        before=before.note if before is not None else None,
        now_ms=now_ms,
        timeout_s=endorsers.timeout_s,
    )


def _not_yet(note: Note, witnesses: Sequence[WitnessAddress]) -> list[WitnessAddress]:
    """Find the witnesses whose cosignature is not there."""
    done = {found.key for found in verified_signatures(note, [each.key for each in witnesses])}
    return [each for each in witnesses if each.key not in done]


async def _stamped(
    note: Note, endorsers: Endorsers, *, key_file: Path, now_ms: int
) -> tuple[Stamp | None, EvidenceRefused | None]:
    if endorsers.stamps is None or kept_stamp(note, key_file) is not None:
        return None, None
    try:
        stamp = await request_stamp(
            note, endorsers.stamps, now_ms=now_ms, timeout_s=endorsers.timeout_s
        )
    except EvidenceRefused as error:
        return None, error
    return stamp, None


def _stamp_file(key_file: Path) -> Path:
    return key_file.with_name(key_file.name + STAMP)
