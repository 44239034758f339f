"""What a witness does with a checkpoint it is shown (C2SP tlog-witness), as a pure function.

A witness remembers one tree for each log: the largest that it cosigned. It cosigns a new one when
the log signed it and a proof shows that it only adds leaves. It must write the new tree down
before it answers, and no other request for the log may come between reading and writing.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from interlock.audit.checkpoints import (
    Checkpoint,
    decode_hash,
    decode_size,
    parse_checkpoint,
)
from interlock.audit.notes import NOTE_BYTES_MAX, Note, parse_note, verify_note
from interlock.audit.proofs import TreeHead, verify_consistency
from interlock.audit.signatures import VerifierKey
from interlock.errors import EvidenceRefused, WitnessBehind

PROOF_LINES_MAX = 63
REQUEST_BYTES_MAX = NOTE_BYTES_MAX + 8 * 1024


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessRequest:
    """What a log asks of a witness: cosign a checkpoint that extends your tree.

    Attributes:
        old_size: the size of the tree that the proof starts from; 0 when there is none.
        proof: that the checkpoint's tree extends it; empty when there is none.
        note: the signed checkpoint.
    """

    old_size: int
    proof: tuple[bytes, ...]
    note: Note

    def to_bytes(self) -> bytes:
        """Give the body of the request."""
        lines = [f"old {self.old_size}", *(base64.b64encode(node).decode() for node in self.proof)]
        return ("\n".join([*lines, "", ""]) + str(self.note)).encode()


def parse_request(data: bytes) -> WitnessRequest:
    """Read the body of a request.

    Raises:
        EvidenceRefused: it is none.
    """
    if len(data) > REQUEST_BYTES_MAX:
        raise _refused(f"it has {len(data)} bytes; at most {REQUEST_BYTES_MAX} are read")
    head, separator, note = data.partition(b"\n\n")
    if not separator:
        raise _refused("there is no empty line before the checkpoint")
    first, *rest = head.decode("ascii", "replace").split("\n")
    size = decode_size(first.removeprefix("old ")) if first.startswith("old ") else None
    if size is None:
        raise _refused("the first line is not `old SIZE`")
    if len(rest) > PROOF_LINES_MAX:
        raise _refused(f"a proof has at most {PROOF_LINES_MAX} hashes")
    proof = tuple(map(_node, rest))
    return WitnessRequest(old_size=size, proof=proof, note=parse_note(note))


def judge(
    request: WitnessRequest, *, keys: Sequence[VerifierKey], seen: TreeHead | None
) -> Checkpoint:
    """Decide whether a witness may cosign.

    Args:
        request: what the log asks.
        keys: the keys of the log that the checkpoint names.
        seen: the tree of this log that the witness cosigned last; None for a log new to it.

    Returns:
        the checkpoint to cosign. Its tree is to be kept as the one seen, before anything is sent.

    Raises:
        WitnessBehind: the proof starts from another tree than the one seen.
        EvidenceRefused: the log did not sign, or the tree is not consistent with the one seen.
    """
    verify_note(request.note, keys)
    checkpoint = parse_checkpoint(request.note.text)
    size = seen.size if seen is not None else 0
    if request.old_size > checkpoint.tree.size:
        raise _refused("the older tree is larger than the checkpoint's")
    if request.old_size != size:
        raise WitnessBehind(
            f"the proof starts at {request.old_size} leaves, and the witness knows {size}",
            size=size,
            hint=f"send a proof that starts at {size}; a log that is smaller has lost events",
        )
    _require_extension(seen, checkpoint.tree, request.proof)
    return checkpoint


def _require_extension(seen: TreeHead | None, new: TreeHead, proof: Sequence[bytes]) -> None:
    if seen is not None and seen.size == new.size and seen.root != new.root:
        raise EvidenceRefused(
            f"the log has signed two trees of {new.size} leaves with different roots",
            code="IL8530",
            hint="the log has two histories: keep both checkpoints, they prove it",
        )
    if seen is not None and seen.size > 0:
        verify_consistency(seen, new, proof)
    elif proof:
        raise EvidenceRefused(
            "there is a proof, and nothing that it could start from",
            code="IL8503",
            hint="send no proof with `old 0`",
        )


def _node(line: str) -> bytes:
    node = decode_hash(line)
    if node is None:
        raise _refused("a line of the proof is not a hash in base64")
    return node


def _refused(why: str) -> EvidenceRefused:
    return EvidenceRefused(
        f"this is no request to a witness: {why}",
        code="IL8510",
        hint="send `old SIZE`, the hashes of a proof, an empty line, and the checkpoint",
    )
