"""What a node was called with, derived again: a node that ran ahead left no intent."""

from collections.abc import Iterable

from interlock.engine import Call, initial, step
from interlock.errors import JournalCorrupt
from interlock.journal import Entry
from interlock.replay.verification import pinned_plan
from interlock.values import Path, RunId


def call_of_node(run: RunId, entries: Iterable[Entry], path: Path) -> Call | None:
    """Fold a journal and return the last call of a node; None when it made none.

    Raises:
        JournalCorrupt: the journal cannot be read as one.
        IllegalTransition: it differs from what the engine orders.
    """
    rest = iter(entries)
    first = next(rest, None)
    if first is None:
        raise JournalCorrupt(f"the journal of run {run} is empty")
    state = initial(pinned_plan(first), run)
    found: Call | None = None
    for entry in (first, *rest):
        step(state, entry)
        # Scopes leave the state when they end, so the call is taken down as soon as it is there.
        place = state.find(path)
        if place is not None:
            found = place[3].call or found
    return found
