"""What the journal of a store itself says: holds, and what was pruned, as lines of a report."""

from interlock.journal import (
    STORE_JOURNAL,
    HoldPlaced,
    HoldReleased,
    RunsPruned,
    StoreEntry,
)
from interlock.reports.actors import actor_of
from interlock.reports.model import Line, Proof
from interlock.values import Json

RUNS_MAX = 20

Facts = tuple[tuple[str, Json], ...]


def kept_line(entry: StoreEntry, leaf: int) -> Line:
    """Tell of a hold or a pruning; it is of no graph, and its event is of no run."""
    what, why, facts = _words(entry)
    return Line(
        part="kept",
        what=what,
        at_ms=entry.at_ms,
        graph="",
        proof=Proof(run=STORE_JOURNAL, seq=entry.seq, leaf=leaf),
        actor=actor_of(entry.actor),
        why=why,
        facts=facts,
    )


def _words(entry: StoreEntry) -> tuple[str, str, Facts]:
    match entry.event:
        case HoldPlaced() as event:
            given: dict[str, Json] = {
                "held": event.held,
                "graph": event.graph,
                "before_ms": event.before_ms,
                "after_ms": event.after_ms,
                "subject": event.subject,
                "runs": [*sorted(event.runs)[:RUNS_MAX]] or None,
            }
            facts = tuple((name, value) for name, value in given.items() if value is not None)
            return "put on hold", event.reason, facts
        case HoldReleased() as event:
            return "hold released", event.reason, (("hold", event.hold),)
        case RunsPruned() as event:
            runs: Json = [each.run for each in event.runs[:RUNS_MAX]]
            facts = (
                ("rule", event.rule),
                ("count", len(event.runs)),
                ("runs", runs),
            )
            return f"{event.what} pruned", "", facts
