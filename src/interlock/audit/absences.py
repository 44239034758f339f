"""What a receipt does not show, and why: it was erased, it was pruned, or it is withheld.

Only leaves that are proved count. A `PartsErased` names the parts that it took. A `RunsPruned`, of
the journal of the store, names the run; which parts of the events that stay go with the others is
a rule of the format. What is hidden beyond that is withheld: whoever made the receipt, or handed it
on, left it out, or it was erased after this checkpoint.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from interlock.audit.claims import ShownLeaf
from interlock.values import Json

PRUNED_PARTS = frozenset(
    ("accepted", "actor", "error", "execution", "inputs", "key", "output", "principal")
)
"""Parts that go with the content of the other events, of events that stay."""


def absences_of(
    run: str, leaves: Sequence[ShownLeaf], retention: Sequence[ShownLeaf]
) -> dict[str, Json]:
    """Say of all that is hidden why it is: `erased`, `prunings`, `pruned` and `withheld`."""
    erasures = _erasures(leaves)
    ends = [leaf.index for leaf in retention if leaf.fact("what") == "events"]
    erased: list[Json] = []
    pruned, withheld = Counter[str](), Counter[str]()
    for leaf in leaves:
        for name in cast(Mapping[str, Json], leaf.leaf["commitments"]):
            by = erasures.get(f"{leaf.seq}.{name}")
            if name in leaf.parts:
                continue
            if by is not None and by.seq > leaf.seq:
                erased.append(_erased(leaf, name, by))
            elif (
                name in PRUNED_PARTS
                and leaf.type != "PartsErased"
                and leaf.index < max(ends, default=0)
            ):
                pruned[name] += 1
            else:
                withheld[name] += 1
    return {
        "erased": erased,
        "prunings": [_pruning(leaf, run) for leaf in retention],
        "pruned": counted(pruned),
        "withheld": counted(withheld),
    }


def tells_of(leaf: Mapping[str, Json], run: str) -> bool:
    """Say whether a leaf tells that something of a run was pruned."""
    return leaf["type"] == "RunsPruned" and _row(leaf.get("facts"), run) is not None


def counted(found: Iterable[str] | Mapping[str, int]) -> dict[str, Json]:
    """Count names, in their order."""
    return dict[str, Json](sorted(Counter(found).items()))


def _erasures(leaves: Sequence[ShownLeaf]) -> dict[str, ShownLeaf]:
    """Find the first event that tells of the erasure of a part, by `SEQ.PART`."""
    found: dict[str, ShownLeaf] = {}
    for leaf in leaves:
        parts = leaf.fact("parts") if leaf.type == "PartsErased" else None
        for part in parts if isinstance(parts, list) else ():
            if isinstance(part, str):
                found.setdefault(part, leaf)
    return found


def _erased(leaf: ShownLeaf, name: str, by: ShownLeaf) -> Json:
    place = {"seq": leaf.seq, "path": leaf.part("path"), "part": name}
    return {**place, "erasure": {"seq": by.seq, **_told_by(by)}}


def _pruning(leaf: ShownLeaf, run: str) -> Json:
    row = _row(leaf.leaf.get("facts"), run) or {}
    what = {"what": leaf.fact("what"), "events": row.get("events")}
    return {**what, "seq": leaf.seq, "period_ms": leaf.fact("period_ms"), **_told_by(leaf)}


def _told_by(leaf: ShownLeaf) -> dict[str, Json]:
    return {
        "leaf": leaf.index,
        "rule": leaf.part("rule"),
        "by": leaf.part("actor"),
        "at_ms": leaf.part("at_ms"),
    }


def _row(facts: Json, run: str) -> Mapping[str, Json] | None:
    """Find what the facts of a pruning say of a run."""
    rows = facts.get("runs") if isinstance(facts, dict) else None
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict) and row.get("run") == run:
            return row
    return None
