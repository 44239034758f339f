"""Keys: of all starts with a key only the first makes a run, and all of them mean the same."""

from interlock.errors import UsageError
from interlock.journal import RunHead, RunStarted
from interlock.runtime.reading import read_entries
from interlock.runtime.starting.starts import CheckedStart
from interlock.store import ReadStore
from interlock.values import RunId


def check_same(store: ReadStore, run: RunId, given: CheckedStart) -> None:
    """Check that the run which has the key of a start was started with the same plan and inputs.

    It may have another plan since: the one with which it goes on counts as the same, too.

    Raises:
        UsageError: it runs something else.
    """
    first, head = next(read_entries(store, run)).event, store.head(run)
    plans = {started.plan for started in (first, head) if isinstance(started, RunStarted | RunHead)}
    if not isinstance(first, RunStarted) or given.plan.digest not in plans:
        other = "another plan"
    elif first.inputs != given.inputs:
        other = "other inputs"
    else:
        return
    raise UsageError(
        f"the key belongs to run {run}, which has {other}", hint="use another key for another run"
    )
