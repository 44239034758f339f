"""What the leaves of a receipt say about a run, as far as it is disclosed.

Claims stand at the top of a receipt for people and programs that only want to read. They are never
believed: whoever checks a receipt derives them again from leaves that are proved, and compares.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from interlock.values import Json, digest

DECISIONS = frozenset(
    (
        *(
            "NodeCancelled",
            "NodeResolved",
            "RunCancelled",
            "RunMigrated",
            "RunPaused",
            "RunReopened",
        ),
        "RunUnpaused",
    )
)
"""What persons decide beside approvals."""
GUARANTEES_OF_WRITES = ("exactly once", "one effect", "at most once, reversible", "at most once")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownLeaf:
    """A leaf, its number in the log, and the parts that are disclosed: they match the leaf."""

    index: int
    leaf: Mapping[str, Json]
    parts: Mapping[str, Json]

    @property
    def seq(self) -> int:
        """The place of the event in the journal of its run."""
        return cast(int, self.leaf["seq"])

    @property
    def type(self) -> str:
        """The name of the event."""
        return cast(str, self.leaf["type"])

    def part(self, name: str) -> Json:
        """Give what stands in the clear, or is disclosed, under a name; else null."""
        return self.leaf[name] if name in self.leaf else self.parts.get(name)

    def fact(self, name: str) -> Json:
        """Give one of the facts; null when the event has none such."""
        facts = self.leaf.get("facts")
        return facts.get(name) if isinstance(facts, dict) else None


def claims_of(run: str, leaves: Sequence[ShownLeaf], values: Mapping[str, Json]) -> dict[str, Json]:
    """Derive the claims from leaves, in the order of their events, and disclosed values."""
    starts = [leaf for leaf in leaves if leaf.type == "RunStarted"]
    started = starts[0] if starts else None
    # That parts were erased may be told after the end, and changes nothing about it.
    lasting = [leaf for leaf in leaves if leaf.type != "PartsErased"]
    settled = lasting[-1] if lasting and lasting[-1].type == "RunSettled" else None
    pinning = [leaf for leaf in leaves if leaf.type in {"RunStarted", "RunMigrated"}]
    return {
        "run": run,
        "graph": started.part("graph") if started else None,
        "plans": [leaf.part("plan") for leaf in pinning],
        "started_at_ms": started.part("at_ms") if started else None,
        "started_by": started.part("actor") if started else None,
        "ended": _ended(settled) if settled else None,
        "execution": settled.part("execution") if settled else None,
        "guarantees": _guarantees(pinning, values),
        "approvals": [_decision(leaf) for leaf in leaves if leaf.type == "GateDecided"],
        "decisions": [_decision(leaf) for leaf in leaves if leaf.type in DECISIONS],
        "policy": None,
        "cache": None,
    }


def _ended(settled: ShownLeaf) -> Json:
    return {
        "status": settled.fact("status"),
        "error": settled.fact("error"),
        "at_ms": settled.part("at_ms"),
    }


def _decision(decided: ShownLeaf) -> Json:
    return {
        "seq": decided.seq,
        "type": decided.type,
        "path": decided.part("path"),
        "verdict": decided.part("verdict"),
        "by": decided.part("actor"),
        "at_ms": decided.part("at_ms"),
    }


def _guarantees(pinning: Sequence[ShownLeaf], values: Mapping[str, Json]) -> Json:
    """Give what is promised of each action, from the manifests that were pinned last."""
    if not pinning:
        return None
    pinned = values.get(str(pinning[-1].part("manifests")))
    rows = pinned.get("actions") if isinstance(pinned, dict) else pinned
    if not isinstance(rows, list):
        return None
    found: dict[str, Json] = {}
    for row in rows:
        name = row.get("name") if isinstance(row, dict) else None
        if not isinstance(row, dict) or not isinstance(name, str):
            return None
        found[name] = _guarantee(row)
    return found


def _guarantee(manifest: Mapping[str, Json]) -> str:
    """Say what a manifest promises; `Manifest.guarantee` says it of one that is not only JSON."""
    transactional, one_effect, reversible, bare = GUARANTEES_OF_WRITES
    if manifest.get("effect") != "write":
        return "repeatable"
    if manifest.get("transactional") is True:
        return transactional
    if "key" in manifest or manifest.get("probe") is True:
        return one_effect
    return reversible if "undo" in manifest else bare


CLAIMED = frozenset(("actor", "execution", "graph", "manifests", "plan", "verdict"))
"""Parts that the claims tell of, as far as they matter for a run as a whole."""


def shown_parts(leaves: Sequence[ShownLeaf], values: Mapping[str, Json]) -> list[Json]:
    """List what is disclosed beyond the claims; a reference with its value, if that is there."""
    return [
        {
            "seq": leaf.seq,
            "path": leaf.part("path"),
            "part": name,
            "value": values.get(part, part) if isinstance(part, str) else part,
        }
        for leaf in leaves
        for name, part in leaf.parts.items()
        if name not in CLAIMED
    ]


def execution_is_shown(leaves: Sequence[ShownLeaf]) -> bool:
    """Say whether the execution digest of a whole run follows from what is disclosed.

    It does for runs whose outcomes are all in their `NodeSettled` events; proposals, undos and
    reopened runs add more. So no is no accusation: the digest then only stands in the log.
    """
    started, settled = leaves[0], leaves[-1]
    outcomes: dict[str, Json] = {}
    for leaf in leaves:
        if leaf.type == "NodeSettled":
            path = leaf.part("path")
            if not isinstance(path, str) or not _shows(leaf, "call_key", "output"):
                return False
            is_good = leaf.fact("status") == "succeeded"
            end = leaf.part("output") if is_good else leaf.fact("error")
            outcomes[path] = [path, leaf.fact("status"), leaf.part("call_key"), end]
    if not _shows(started, "plan", "inputs") or settled.part("execution") is None:
        return False
    rows: list[Json] = [outcomes[path] for path in sorted(outcomes)]
    made = digest("execution", [started.part("plan"), started.part("inputs"), rows])
    return made == settled.part("execution")


def _shows(leaf: ShownLeaf, *names: str) -> bool:
    committed = cast(Mapping[str, Json], leaf.leaf["commitments"])
    return all(name in leaf.parts for name in names if name in committed)
