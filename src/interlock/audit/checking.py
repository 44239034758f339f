"""Checking a receipt with public keys alone: no store and no network.

The checks and their order are those of `docs/reference/receipts.md`; the verifier in JavaScript
has them in the same order, so that both give the same verdict and the same code for any file.
"""

import re
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, cast

from interlock.audit.absences import absences_of, counted, tells_of
from interlock.audit.checkpoints import Checkpoint, parse_checkpoint
from interlock.audit.claims import ShownLeaf, claims_of, execution_is_shown, shown_parts
from interlock.audit.cosigning import require_independence
from interlock.audit.dating import require_cosigned_before
from interlock.audit.leaves import COMMITMENT_TAG
from interlock.audit.multiproofs import root_of_leaves
from interlock.audit.notes import Verified, parse_note, verified_signatures, verify_note
from interlock.audit.points import is_public_key
from interlock.audit.receipts import HINT_BYTES, RECEIPT
from interlock.audit.signatures import Algorithm, VerifierKey, decode_base64
from interlock.audit.strict import Place, read_strict, refused
from interlock.audit.tree import leaf_hash
from interlock.errors import EvidenceRefused
from interlock.journal import STORE_JOURNAL
from interlock.values import Json, KeyId, canonical, reference, value_ref

LISTS = ("leaves", "retention")
KEYED_REF = re.compile("hmac-sha256:([0-9a-f]{32}|[0-9a-f]{64}):[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Whom somebody believes who checks a receipt, and when they check it.

    Attributes:
        keys: public keys of the log; one of them has to have signed. Their name is the log's.
        witnesses: public keys of witnesses; each of them has to have cosigned.
        now_ms: what the clock says; nobody can have cosigned later.
    """

    keys: Sequence[VerifierKey]
    witnesses: Sequence[VerifierKey] = ()
    now_ms: int


def check_receipt(data: bytes, trust: Trust) -> dict[str, Json]:
    """Check a receipt.

    Returns:
        What is proved, as JSON: `log`, `run`, `events`, `claims`, `disclosed`, and what is hidden:
        `erased`, `pruned`, `withheld`.

    Raises:
        EvidenceRefused: the first thing that does not hold, with its place in the file.
    """
    _require_keys(trust)
    receipt = cast(dict[str, Any], _read(data))
    checkpoint, signed, cosigned = _open(receipt["checkpoint"], trust)
    _require_stamps(receipt["stamps"], checkpoint)
    _require_inclusion(receipt, checkpoint)
    _require_run(receipt["leaves"], receipt["run"], is_whole=receipt["whole"])
    _require_retention(receipt.get("retention", ()), receipt["run"])
    shown, retention = (_opened(receipt, name) for name in LISTS)
    values = cast(dict[str, Json], receipt["values"])
    _require_values(values, receipt.get("openers", {}), shown)
    claims = claims_of(receipt["run"], shown, values)
    _require_claims(receipt["claims"], claims)
    return {
        "verdict": "verified",
        "log": {
            "origin": checkpoint.origin,
            "size": checkpoint.tree.size,
            "root": checkpoint.tree.root.hex(),
            "key": f"{signed.key.name}+{signed.key.id:08x}",
            "witnesses": [{"name": one.key.name, "at_s": one.time_s} for one in cosigned],
            "stamps": {"carried": len(receipt["stamps"]), "verified": []},
        },
        "run": receipt["run"],
        "whole": receipt["whole"],
        "events": {"shown": len(shown), "first": shown[0].seq, "last": shown[-1].seq},
        "claims": claims,
        "execution_is_shown": receipt["whole"] and execution_is_shown(shown),
        "shown": shown_parts(shown, values),
        "disclosed": counted(name for leaf in shown for name in leaf.parts),
        "values": len(values),
        **absences_of(receipt["run"], shown, retention),
    }


def _read(data: bytes) -> Json:
    receipt = read_strict(data)
    RECEIPT(receipt, ())
    return receipt


def _require_keys(trust: Trust) -> None:
    for keys, algorithm, whose in (
        (trust.keys, Algorithm.ED25519, "a log (type 1)"),
        (trust.witnesses, Algorithm.COSIGNATURE, "a witness (type 4)"),
    ):
        for key in keys:
            if key.algorithm is not algorithm:
                raise EvidenceRefused(f"`{key.name}` is no key of {whose}", code="IL8505")
            if not is_public_key(key.public):
                raise EvidenceRefused(
                    f"`{key.name}` holds no point that may be a public key", code="IL8505"
                )
    require_independence(trust.witnesses, log=trust.keys)


def _open(text: str, trust: Trust) -> tuple[Checkpoint, Verified, Sequence[Verified]]:
    """Read the checkpoint, and find who signed it."""
    place: Place = ("checkpoint",)
    try:
        note = parse_note(text.encode())
        signed = verify_note(note, trust.keys)[0]
        cosigned = verified_signatures(note, trust.witnesses)
        checkpoint = parse_checkpoint(note.text)
    except EvidenceRefused as error:
        raise refused(error.code, error.message, place) from error
    if len(cosigned) < len(trust.witnesses):
        seen = {one.key for one in cosigned}
        missing = next(key for key in trust.witnesses if key not in seen)
        raise refused("IL8547", f"the witness `{missing.name}` has not cosigned", place)
    try:
        require_cosigned_before(cosigned, now_ms=trust.now_ms)
    except EvidenceRefused as error:
        raise refused(error.code, error.message, place) from error
    if checkpoint.origin != signed.key.name:
        message = f"the checkpoint is of the log `{checkpoint.origin}`, not `{signed.key.name}`"
        raise refused("IL8509", message, place)
    return checkpoint, signed, cosigned


def _require_stamps(stamps: Sequence[str], checkpoint: Checkpoint) -> None:
    """Refuse stamps of another text. Who gave a stamp is for others to check."""
    stamped = sha256(checkpoint.text().encode()).digest()
    for at, stamp in enumerate(stamps):
        if stamped not in (decode_base64(stamp) or b""):
            raise refused("IL8533", "this is no time stamp of the checkpoint", ("stamps", at))


def _require_inclusion(receipt: Mapping[str, Any], checkpoint: Checkpoint) -> None:
    """Refuse leaves, of the run and of the journal of the store, that are not in the tree."""
    size = checkpoint.tree.size
    hashes: dict[int, bytes] = {}
    for name in LISTS:
        before = -1
        for at, entry in enumerate(receipt.get(name, ())):
            hashed = leaf_hash(canonical(entry["leaf"]))
            if hashed[:HINT_BYTES].hex() != entry["hash"]:
                raise refused("IL8502", "the leaf has another hash", (name, at, "leaf"))
            index = entry["index"]
            if not before < index < size or index in hashes:
                message = f"leaf {index} stands after leaf {before}"
                if index >= size:
                    message = f"the log has {size} leaves, and this says that it is leaf {index}"
                elif index in hashes:
                    message = f"leaf {index} stands twice"
                raise refused("IL8502", message, (name, at, "index"))
            before = index
            hashes[index] = hashed
    proof = [b64decode(node) for node in receipt["proof"]]
    try:
        root = root_of_leaves(sorted(hashes.items()), proof, size=size)
    except EvidenceRefused as error:
        raise refused("IL8502", "the proof has too few hashes, or too many", ("proof",)) from error
    if root != checkpoint.tree.root:
        message = "the leaves and the proof lead to another root than that of the checkpoint"
        raise refused("IL8502", message, ("proof",))


def _require_run(leaves: Sequence[Mapping[str, Any]], run: str, *, is_whole: bool) -> None:
    before = 0
    for at, entry in enumerate(leaves):
        leaf = entry["leaf"]
        if leaf["run"] != run:
            raise refused("IL8545", "the leaf is of another run", ("leaves", at, "leaf", "run"))
        if leaf["seq"] <= before or (is_whole and leaf["seq"] != before + 1):
            message = f"event {leaf['seq']} stands after event {before}"
            raise refused("IL8545", message, ("leaves", at, "leaf", "seq"))
        before = leaf["seq"]


def _require_retention(leaves: Sequence[Mapping[str, Any]], run: str) -> None:
    """Refuse events of the journal of the store that are none, or say nothing of the run."""
    before = 0
    for at, entry in enumerate(leaves):
        leaf, place = entry["leaf"], ("retention", at, "leaf")
        if leaf["run"] != STORE_JOURNAL:
            message = "the leaf is not of the journal of the store"
            raise refused("IL8545", message, (*place, "run"))
        if leaf["seq"] <= before:
            message = f"event {leaf['seq']} stands after event {before}"
            raise refused("IL8545", message, (*place, "seq"))
        if not tells_of(leaf, run):
            raise refused("IL8545", "the leaf does not tell that the run was pruned", place)
        before = leaf["seq"]


def _opened(receipt: Mapping[str, Any], name: str) -> list[ShownLeaf]:
    return [_opened_one(entry, (name, at)) for at, entry in enumerate(receipt.get(name, ()))]


def _opened_one(entry: Mapping[str, Any], place: Place) -> ShownLeaf:
    """Hold what is disclosed against the commitments of the leaf."""
    committed = entry["leaf"]["commitments"]
    parts: dict[str, Json] = {}
    for name, shown in entry["disclosed"].items():
        here = (*place, "disclosed", name)
        salted = COMMITMENT_TAG + bytes.fromhex(shown["salt"]) + canonical(shown["value"])
        if committed.get(name) != sha256(salted).hexdigest():
            raise refused("IL8543", "this is not what the leaf commits to", here)
        parts[name] = shown["value"]
    return ShownLeaf(index=entry["index"], leaf=entry["leaf"], parts=parts)


def _require_values(
    values: Mapping[str, Json], openers: Mapping[str, str], shown: Sequence[ShownLeaf]
) -> None:
    named = {part for leaf in shown for part in leaf.parts.values() if isinstance(part, str)}
    for ref, value in values.items():
        if ref not in named:
            raise refused("IL8544", "no event that is shown names this value", ("values", ref))
        keyed, data = KEYED_REF.fullmatch(ref), canonical(value)
        if keyed is None:
            made = value_ref(data)
        elif ref in openers:
            made = reference(KeyId(keyed[1]), bytes.fromhex(openers[ref]), data)
        else:
            raise refused("IL8544", "no opener shows that this is the value", ("values", ref))
        if made != ref:
            raise refused("IL8544", "the value has another digest", ("values", ref))
    for ref in openers:
        if ref not in values or not KEYED_REF.fullmatch(ref):
            raise refused("IL8544", "this opens no value", ("openers", ref))


def _require_claims(claimed: Json, derived: Mapping[str, Json]) -> None:
    if not isinstance(claimed, dict):
        raise refused("IL8546", "the claims are no object", ("claims",))
    for name in (*derived, *claimed):
        is_same = name in derived and name in claimed
        if not is_same or canonical(claimed[name]) != canonical(derived[name]):
            raise refused("IL8546", "the leaves do not say this", ("claims", name))
