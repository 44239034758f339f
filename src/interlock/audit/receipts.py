"""Receipts: one file that proves what happened in a run, or at one event, to outsiders.

`docs/reference/receipts.md` is the format. A receipt has the leaves of the events, one proof that
they are in the log, the signed checkpoint of the log, and whatever its maker chose to disclose:
parts of events with their salts, and values. What is not disclosed is a salted commitment.
"""

import json
from base64 import b64encode
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from interlock.audit.claims import ShownLeaf, claims_of
from interlock.audit.leaves import OpenLeaf
from interlock.audit.shapes import anything, flag, record, rows, table, text, whole
from interlock.audit.strict import INT64_MAX
from interlock.audit.tree import leaf_hash
from interlock.values import KEYED, Json, canonical, decode, is_keyed

KIND = "interlock receipt"
VERSION = 1
LEAVES_MAX = 1_000_000
PROOF_MAX = 100_000_000
HINT_BYTES = 8
STAMPS_MAX = 16
DISCLOSED: Mapping[str, frozenset[str]] = {
    "RunStarted": frozenset(("actor", "graph", "manifests", "plan")),
    "RunMigrated": frozenset(("actor", "manifests", "plan")),
    "GateDecided": frozenset(("actor", "verdict")),
    "NodeResolved": frozenset(("actor", "verdict")),
    "NodeCancelled": frozenset(("actor",)),
    "RunCancelled": frozenset(("actor",)),
    "RunPaused": frozenset(("actor",)),
    "RunReopened": frozenset(("actor",)),
    "RunUnpaused": frozenset(("actor",)),
    "PartsErased": frozenset(("actor", "rule")),
    "RunsPruned": frozenset(("actor", "rule")),
}
"""Parts that are disclosed unless they are withheld: which plan, what it promises, who decided."""

HASH = text("[0-9a-f]{64}", what="64 lower-case hexadecimal digits")
NODE = text("[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=", what="32 bytes in base64")
LEAF = record(
    {
        "v": whole(1, 1),
        "run": text(),
        "seq": whole(1),
        "type": text(),
        "at_ms": whole(),
        "epoch": whole(),
        "causes": rows(whole(1), most=LEAVES_MAX),
        "commitments": table(HASH),
    },
    optional={
        "actor": text(),
        "attempt": whole(),
        "facts": table(anything),
        "generation": whole(),
        "path": text(),
    },
)
SHOWN = record({"salt": text("[0-9a-f]{32}", what="16 bytes in hexadecimal"), "value": anything})
ENTRIES = rows(
    record(
        {
            "index": whole(0, INT64_MAX - 1),
            "hash": text("[0-9a-f]{16}", what="8 bytes in hexadecimal"),
            "leaf": LEAF,
            "disclosed": table(SHOWN),
        }
    ),
    least=1,
    most=LEAVES_MAX,
)
REFS = ("sha256:", KEYED)
RECEIPT = record(
    {
        "kind": text(KIND, what=f"`{KIND}`"),
        "v": whole(VERSION, VERSION),
        "run": text(),
        "whole": flag,
        "claims": anything,
        "checkpoint": text(),
        "stamps": rows(text("[A-Za-z0-9+/=]{1,87384}", what="base64"), most=STAMPS_MAX),
        "leaves": ENTRIES,
        "proof": rows(NODE, most=PROOF_MAX),
        "values": table(anything),
    },
    optional={
        "openers": table(text("[0-9a-f]{64}", what="32 bytes in hexadecimal")),
        "retention": ENTRIES,
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedEvent:
    """An event in the log of its store: its leaf, and the number of that."""

    index: int
    leaf: OpenLeaf

    @property
    def path(self) -> str | None:
        """The path of the event, also where the leaf hides it; None for the run as a whole."""
        hidden = self.leaf.parts.get("path")
        return cast("str | None", hidden.value if hidden else self.clear().get("path"))

    @property
    def seq(self) -> int:
        """The place of the event in its journal."""
        return cast(int, self.clear()["seq"])

    @property
    def gone(self) -> frozenset[str]:
        """The names of the parts that nobody can show any more: they were erased."""
        return frozenset(cast(dict[str, Json], self.clear()["commitments"])) - set(self.leaf.parts)

    def clear(self) -> dict[str, Json]:
        """Read the leaf."""
        return cast(dict[str, Json], decode(self.leaf.leaf))


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """What a receipt shows.

    Attributes:
        withheld: parts that are shown of every receipt, and are left out of this one.
        shows: says of a path (none: the run as a whole) and the name of a part whether it is shown
            with its value, beyond what every receipt shows.
    """

    withheld: Collection[str] = ()
    shows: Callable[[str | None, str], bool] = field(default=lambda _path, _part: False)

    def covers(self, kind: str, path: str | None, part: str) -> bool:
        """Say whether a part of an event of a type is shown."""
        if self.shows(path, part):
            return True
        return part in DISCLOSED.get(kind, ()) and part not in self.withheld


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a receipt is made of.

    Attributes:
        run: the run.
        events: the events to show, in their order.
        is_whole: whether these are all events of the run that the log has.
        checkpoint: the signed checkpoint, as it is stored.
        proof: what `prove_leaves` gives for all these events in the tree of the checkpoint.
        value: finds the bytes of a value by its reference; none if it is gone.
        opener: makes the opener of a keyed reference of these bytes (see `Subjects`).
        stamps: time stamps of the checkpoint's text (RFC 3161), in DER.
        retention: events of the journal of the store that tell what was pruned of the run.
    """

    run: str
    events: Sequence[LoggedEvent]
    is_whole: bool
    checkpoint: str
    proof: Sequence[bytes]
    value: Callable[[str], bytes | None]
    stamps: Sequence[bytes] = ()
    opener: Callable[[str, bytes], bytes] | None = None
    retention: Sequence[LoggedEvent] = ()


def build_receipt(evidence: Evidence, disclosure: Disclosure) -> bytes:
    """Write a receipt: JSON with a line for each leaf."""
    shown = [_shown(event, disclosure) for event in evidence.events]
    values: dict[str, Json] = {}
    openers: dict[str, Json] = {}
    for leaf, _ in shown:
        found = _values_of(leaf.parts, evidence)
        values |= {ref: decode(data) for ref, data in found.items()}
        if evidence.opener is not None:
            openers |= {
                ref: evidence.opener(ref, data).hex()
                for ref, data in found.items()
                if is_keyed(ref)
            }
    retention = [_shown(event, disclosure)[1] for event in evidence.retention]
    return _laid_out(
        {
            "kind": KIND,
            "v": VERSION,
            "run": evidence.run,
            "whole": evidence.is_whole,
            "claims": claims_of(evidence.run, [leaf for leaf, _ in shown], values),
            "checkpoint": evidence.checkpoint,
            "stamps": [b64encode(stamp).decode() for stamp in evidence.stamps],
            "leaves": [entry for _, entry in shown],
            "proof": [b64encode(node).decode() for node in evidence.proof],
            "values": values,
            **({"openers": openers} if openers else {}),
            **({"retention": retention} if retention else {}),
        }
    )


def _shown(event: LoggedEvent, disclosure: Disclosure) -> tuple[ShownLeaf, Json]:
    """Give what a receipt shows of an event, and how it is written."""
    leaf, path = event.clear(), event.path
    disclosed = {
        name: part
        for name, part in event.leaf.parts.items()
        if disclosure.covers(cast(str, leaf["type"]), path, name)
    }
    parts = {name: part.value for name, part in disclosed.items()}
    written: Json = {
        "index": event.index,
        "hash": leaf_hash(event.leaf.leaf)[:HINT_BYTES].hex(),
        "leaf": leaf,
        "disclosed": {
            name: {"salt": part.salt.hex(), "value": part.value} for name, part in disclosed.items()
        },
    }
    return ShownLeaf(index=event.index, leaf=leaf, parts=parts), written


def _values_of(parts: Mapping[str, Json], evidence: Evidence) -> dict[str, bytes]:
    """Find the values of the references that are disclosed; some may be gone.

    Other digests have other tags: no value has one of them.
    """
    refs = [part for part in parts.values() if isinstance(part, str) and part.startswith(REFS)]
    found = {ref: evidence.value(ref) for ref in refs}
    return {ref: data for ref, data in found.items() if data is not None}


def _laid_out(receipt: Mapping[str, Json]) -> bytes:
    """Write a field on a line, and each leaf on one of its own: so it can be read and compared."""
    fields: list[str] = []
    for name, value in receipt.items():
        content = canonical(value).decode()
        if name in {"leaves", "retention"} and isinstance(value, list):
            content = "[\n" + ",\n".join(canonical(leaf).decode() for leaf in value) + "\n]"
        fields.append(f"{json.dumps(name)}:{content}")
    return ("{\n" + ",\n".join(fields) + "\n}\n").encode()
