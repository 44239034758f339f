"""A witness of logs (C2SP tlog-witness): it cosigns a tree that extends the last one it saw.

The decision is `interlock.audit.judge`. Here stands what must not be torn apart: decide, write
down, sign. A request is answered as a whole before the next one is looked at; so nothing can come
between what was read and what is written.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import final

from interlock.audit import (
    Note,
    Signer,
    VerifierKey,
    WitnessRequest,
    cosign,
    judge,
    parse_checkpoint,
    parse_request,
    verify_note,
)
from interlock.errors import EvidenceRefused, WitnessBehind
from interlock.notary.seen import Memory, Seen

SIZE_TYPE = "text/x.tlog.size"
TEXT_TYPE = "text/plain; charset=utf-8"
BAD_REQUEST, FORBIDDEN, NOT_FOUND, CONFLICT = 400, 403, 404, 409
UNPROVEN, UNAVAILABLE = 422, 503
TWO_TREES, NOT_CONSISTENT = "IL8530", "IL8503"
STATUSES = {"IL8506": FORBIDDEN, "IL8507": FORBIDDEN, "IL8501": UNPROVEN, NOT_CONSISTENT: UNPROVEN}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a witness says to a request, as HTTP has it.

    Attributes:
        status, text, type: what is sent.
        told: what the operator should know of it; empty where no signature of a log holds.
    """

    status: int
    text: str
    type: str = TEXT_TYPE
    told: str = ""


@final
class Witness:
    """Answers requests, one after the other. Not shared between threads.

    Args:
        signers: the witness's key, which is used for nothing else; two while one follows another.
        logs: the keys of the logs that it watches; a log is known by the name of its keys.
        memory: what it has seen.
        now_s: the time in seconds since 1970.
    """

    def __init__(
        self,
        signers: Sequence[Signer],
        *,
        logs: Iterable[VerifierKey],
        memory: Memory,
        now_s: Callable[[], int],
    ) -> None:
        self._signers = tuple(signers)
        self._logs = _by_origin(logs)
        self._memory = memory
        self._now_s = now_s

    def add_checkpoint(self, body: bytes) -> Answer:
        """Answer `add-checkpoint`: the cosignature, or why there is none."""
        try:
            request = parse_request(body)
            origin = parse_checkpoint(request.note.text).origin
        except EvidenceRefused as error:
            return _refused(BAD_REQUEST, error)
        keys = self._logs.get(origin)
        if keys is None:
            return Answer(status=NOT_FOUND, text="this log is not watched here\n")
        seen = self._memory.last(origin)
        try:
            judge(request, keys=keys, seen=seen.tree if seen is not None else None)
        except WitnessBehind as error:
            return _conflict(error.size)
        except EvidenceRefused as error:
            if error.code == TWO_TREES and seen is not None:
                self._keep_proof(seen.note, _signed_by(request.note, keys))
            return _refused_log(error, origin=origin, size=request.old_size)
        return self._cosigned(origin, request, keys=keys, seen=seen)

    def _cosigned(
        self,
        origin: str,
        request: WitnessRequest,
        *,
        keys: tuple[VerifierKey, ...],
        seen: Seen | None,
    ) -> Answer:
        # A clock that was set back must not make an older tree look like the newer one.
        time_s = max(self._now_s(), seen.time_s if seen is not None else 1)
        try:
            self._memory.keep(origin, Seen(note=_signed_by(request.note, keys), time_s=time_s))
        except OSError as error:
            why = f"the checkpoint could not be written down: {error.strerror}"
            return Answer(status=UNAVAILABLE, text=f"{why}\n", told=f"refused `{origin}`: {why}")
        text = request.note.text
        lines = [cosign(text, signer, time_s=time_s).line() for signer in self._signers]
        size = parse_checkpoint(text).tree.size
        return Answer(
            status=200, text="".join(lines), told=f"cosigned `{origin}` at {size:,} events"
        )

    def _keep_proof(self, *notes: Note) -> None:
        """Keep both of two trees. Without room for them, the refusal is what matters."""
        with suppress(OSError):
            self._memory.keep_evidence(notes)


def _by_origin(keys: Iterable[VerifierKey]) -> Mapping[str, tuple[VerifierKey, ...]]:
    """Sort keys by log: an old key and its successor have one name."""
    found: dict[str, tuple[VerifierKey, ...]] = {}
    for key in keys:
        found[key.name] = (*found.get(key.name, ()), key)
    return found


def _signed_by(note: Note, keys: tuple[VerifierKey, ...]) -> Note:
    """Leave out signatures of others: anybody may add those, and they would be kept."""
    known = {(found.key.name, found.key.id) for found in verify_note(note, keys)}
    signatures = tuple(each for each in note.signatures if (each.name, each.key_id) in known)
    return Note(text=note.text, signatures=signatures)


def _conflict(size: int) -> Answer:
    return Answer(status=CONFLICT, text=f"{size}\n", type=SIZE_TYPE)


def _refused_log(error: EvidenceRefused, *, origin: str, size: int) -> Answer:
    """Answer a request whose log is known, and tell the operator what its log has signed."""
    told = f"refused `{origin}`: {error.code}: {error.message}"
    if error.code == TWO_TREES:
        return replace(_conflict(size), told=told)
    answer = _refused(STATUSES.get(error.code, BAD_REQUEST), error)
    return replace(answer, told=told) if error.code == NOT_CONSISTENT else answer


def _refused(status: int, error: EvidenceRefused) -> Answer:
    return Answer(status=status, text=f"{error.code}: {error.message}\n")
