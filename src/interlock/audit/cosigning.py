"""The log's side of tlog-witness: what it asks a witness, and what it makes of the answers.

A generator yields bodies of requests and is sent the answers; how they travel is the caller's
affair. And whoever verifies counts witnesses here.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import final

from interlock.audit.checkpoints import decode_size, parse_checkpoint
from interlock.audit.dating import cosignatures
from interlock.audit.notes import Note, Verified, parse_note
from interlock.audit.signatures import Algorithm, Signature, VerifierKey
from interlock.audit.witnessing import WitnessRequest
from interlock.errors import EvidenceRefused, WitnessBehind

REQUESTS_MAX = 3
COSIGNED, CONFLICT, UNPROVEN = 200, 409, 422
TOLD_CHARS_MAX = 200

Prove = Callable[[int], Sequence[bytes]]
"""Proves that the checkpoint's tree extends the log's tree of an older size."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessAnswer:
    """What came back: an HTTP status, and the body."""

    status: int
    body: bytes


def ask_witness(
    note: Note, key: VerifierKey, *, known: int, prove: Prove, now_ms: int
) -> Generator[bytes, WitnessAnswer, Signature]:
    """Ask a witness to cosign a checkpoint.

    Args:
        note: the signed checkpoint.
        key: the witness's key.
        known: the size that the witness is thought to know; it says so when it knows another.
        prove: gives the proof that the witness needs.
        now_ms: what the clock says.

    Returns:
        its cosignature, which holds.

    Raises:
        WitnessBehind: the witness has seen a larger tree of this log.
        EvidenceRefused: it has seen another tree, refuses, or answers what makes no sense.
    """
    tree = parse_checkpoint(note.text).tree
    old = known
    for _ in range(REQUESTS_MAX):
        proof = tuple(prove(old)) if 0 < old < tree.size else ()
        answer = yield WitnessRequest(old_size=old, proof=proof, note=note).to_bytes()
        if answer.status == COSIGNED:
            return _cosignature(answer.body, note, key, now_ms=now_ms)
        if answer.status != CONFLICT:
            raise _refusal(answer, key)
        size = decode_size(answer.body.decode("ascii", "replace").removesuffix("\n"))
        if size is None:
            raise not_cosigned(key, "it knows another tree, and does not say of which size")
        old = _next_old(old, size, tree_size=tree.size, key=key)
    raise not_cosigned(key, f"it named another size each time it was asked, {REQUESTS_MAX} times")


def count_witnesses(
    note: Note, witnesses: Sequence[VerifierKey], *, log: Sequence[VerifierKey], now_ms: int
) -> tuple[Verified, ...]:
    """Find out which witnesses cosigned a checkpoint: each counts once.

    A cosignature does not say the name of who made it, so one pair of keys under two names is one
    witness; and a log is no witness of itself.

    Args:
        note: the checkpoint.
        witnesses: the keys of those who are trusted to be independent.
        log: the keys of the log.
        now_ms: what the clock says.

    Returns:
        the cosignatures that hold, one for each witness.

    Raises:
        EvidenceRefused: a cosignature by one of the keys does not hold, or is dated after now.
    """
    own = {key.public for key in log}
    found: dict[bytes, Verified] = {}
    cosigning = [key for key in witnesses if key.algorithm is Algorithm.COSIGNATURE]
    for verified in cosignatures(note, cosigning, now_ms=now_ms):
        if verified.key.public not in own:
            found.setdefault(verified.key.public, verified)
    return tuple(found.values())


def require_independence(witnesses: Sequence[VerifierKey], *, log: Sequence[VerifierKey]) -> None:
    """Refuse to count one pair of keys twice, whatever names it goes by.

    Raises:
        EvidenceRefused: a witness has the key of the log, or of another witness.
    """
    known = {key.public for key in log}
    for key in witnesses:
        if key.public in known:
            raise EvidenceRefused(
                f"the witness `{key.name}` has the key of the log, or of another witness",
                code="IL8505",
                hint="a cosignature does not say a name: name each pair of keys once",
            )
        known.add(key.public)


def not_cosigned(key: VerifierKey, why: str) -> EvidenceRefused:
    """Make the error of a witness that gave no cosignature."""
    return EvidenceRefused(
        f"the witness `{key.name}` did not cosign: {why}",
        code="IL8531",
        hint="the checkpoint holds without it; the next one asks this witness again",
    )


def _next_old(old: int, size: int, *, tree_size: int, key: VerifierKey) -> int:
    """Say from where to prove, after the witness named the size that it knows."""
    if size > tree_size:
        raise WitnessBehind(
            f"the witness `{key.name}` has seen {size} leaves of this log, and the checkpoint has"
            f" {tree_size}",
            size=size,
            hint="a newer checkpoint was cosigned meanwhile, or the log was put back to an older"
            " copy: compare it with the checkpoints that were published",
        )
    if size == old == tree_size:
        raise EvidenceRefused(
            f"the witness `{key.name}` has cosigned another tree of {size} leaves of this log",
            code="IL8530",
            hint="the log has two histories: keep this store, and compare it with its copies",
        )
    if size == old:
        raise not_cosigned(key, f"it refuses to go on from the {size} leaves that it knows")
    return size


def _refusal(answer: WitnessAnswer, key: VerifierKey) -> EvidenceRefused:
    if answer.status == UNPROVEN:
        return EvidenceRefused(
            f"the witness `{key.name}` has seen another history of this log",
            code="IL8503",
            hint="the log was rewritten since this witness cosigned: compare it with its copies",
        )
    first = answer.body.decode("utf-8", "replace").partition("\n")[0][:TOLD_CHARS_MAX]
    told = "".join(char if char.isprintable() else "?" for char in first)
    return not_cosigned(key, f"it answered {answer.status} {told}".rstrip())


def _cosignature(body: bytes, note: Note, key: VerifierKey, *, now_ms: int) -> Signature:
    """Find the witness's line among those that came; lines by other keys are nobody's."""
    try:
        answer = parse_note(f"{note.text}\n".encode() + body)
        verified = cosignatures(answer, [key], now_ms=now_ms)
    except EvidenceRefused as error:
        raise not_cosigned(key, error.message) from error
    if not verified:
        raise not_cosigned(key, f"its answer has no cosignature by {key.id:08x}")
    return next(
        each for each in answer.signatures if (each.name, each.key_id) == (key.name, key.id)
    )
