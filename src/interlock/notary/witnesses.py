"""Asking witnesses to cosign a checkpoint: all at once, and none can hold up the others."""

import asyncio
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import final

from interlock.audit import (
    Algorithm,
    Note,
    Prove,
    Signature,
    VerifierKey,
    WitnessAnswer,
    ask_witness,
    not_cosigned,
    parse_checkpoint,
    verified_signatures,
)
from interlock.errors import EvidenceRefused, UsageError
from interlock.notary.posting import NotAnswered, post, require_url

PATH = "/add-checkpoint"
TIMEOUT_S = 10.0
WITNESSES_MAX = 32


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessAddress:
    """A witness: where it is asked, and the key that its cosignatures hold under.

    Raises:
        UsageError: the address is none, or the key is none of a witness.
    """

    url: str
    key: VerifierKey

    def __post_init__(self) -> None:
        require_url(self.url, what=f"the address of the witness `{self.key.name}`")
        if self.key.algorithm is not Algorithm.COSIGNATURE:
            raise UsageError(
                f"`{self.key.name}` is a key that signs notes, and none that cosigns",
                hint="take the key that `interlock audit witness` prints",
            )


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What became of asking one witness: its cosignature, or why there is none."""

    witness: WitnessAddress
    signature: Signature | None
    error: EvidenceRefused | None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """A checkpoint with the cosignatures that came, and what became of each witness."""

    note: Note
    asked: tuple[Asked, ...]

    @property
    def cosigned(self) -> int:
        """How many witnesses cosigned."""
        return sum(each.signature is not None for each in self.asked)


async def collect_cosignatures(
    note: Note,
    witnesses: Sequence[WitnessAddress],
    *,
    prove: Prove,
    now_ms: int,
    before: Note | None = None,
    timeout_s: float = TIMEOUT_S,
) -> Collected:
    """Ask witnesses to cosign a checkpoint; one that is down stops no other.

    Args:
        note: the signed checkpoint; cosignatures that it has already are kept.
        witnesses: whom to ask.
        prove: gives the proof from an older size to the checkpoint's.
        now_ms: what the clock says; a cosignature that is dated later is refused.
        before: the checkpoint before this one with its cosignatures: who cosigned it is asked to
            go on from there. Without it, each witness is asked once more, for its size.
        timeout_s: how long a witness may take in all.

    Raises:
        UsageError: there are too many witnesses.
    """
    if len(witnesses) > WITNESSES_MAX:
        raise UsageError(
            f"there are {len(witnesses)} witnesses; at most {WITNESSES_MAX} are asked",
            hint="a few that are independent of each other say more than many",
        )
    asked = await asyncio.gather(
        *(
            _ask(
                note,
                each,
                prove=prove,
                known=_known(before, each.key),
                now_ms=now_ms,
                timeout_s=timeout_s,
            )
            for each in witnesses
        )
    )
    signatures = (each.signature for each in asked if each.signature is not None)
    return Collected(note=note.signed(*signatures), asked=tuple(asked))


async def _ask(
    note: Note,
    witness: WitnessAddress,
    *,
    prove: Prove,
    known: int,
    now_ms: int,
    timeout_s: float,
) -> Asked:
    flow = ask_witness(note, witness.key, known=known, prove=prove, now_ms=now_ms)
    try:
        async with asyncio.timeout(timeout_s):
            signature = await _exchange(flow, witness)
    except TimeoutError:
        error = not_cosigned(witness.key, f"no answer within {timeout_s:g} s")
    except EvidenceRefused as refused:
        error = refused
    else:
        return Asked(witness=witness, signature=signature, error=None)
    return Asked(witness=witness, signature=None, error=error)


async def _exchange(
    flow: Generator[bytes, WitnessAnswer, Signature], witness: WitnessAddress
) -> Signature:
    try:
        body = next(flow)
        while True:
            body = flow.send(await _answer(witness, body))
    except StopIteration as end:
        return end.value


async def _answer(witness: WitnessAddress, body: bytes) -> WitnessAnswer:
    url = witness.url.rstrip("/") + PATH
    try:
        posted = await post(url, body, content_type="text/plain; charset=utf-8")
    except NotAnswered as error:
        raise not_cosigned(witness.key, f"{error}") from error
    return WitnessAnswer(status=posted.status, body=posted.body)


def _known(before: Note | None, key: VerifierKey) -> int:
    """Say which size a witness knows, going by the last checkpoint that it cosigned."""
    try:
        if before is not None and verified_signatures(before, [key]):
            return parse_checkpoint(before.text).tree.size
    except EvidenceRefused:
        pass  # What was kept is damaged; the witness will say what it knows.
    return 0
