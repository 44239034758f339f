"""The time of what sleeps has come."""

from interlock.engine.kinds import gates, waits
from interlock.engine.scopes import stop_run
from interlock.engine.state import ROOT, GateState, IllegalTransition, Turn, expect, locate
from interlock.journal import ErrorInfo, TimerFired


def on_timer(turn: Turn, event: TimerFired) -> None:
    """End what was due. A timer of what has ended meanwhile changes nothing.

    Raises:
        IllegalTransition: it came before its time, or nothing ever had that time.
    """
    due_ms = turn.state.timers.get(event.path)
    if due_ms is None:
        _check_late(turn, event)
        return
    if turn.at_ms < due_ms:
        raise IllegalTransition(f"the timer of `{event.path}` fired {due_ms - turn.at_ms} ms early")
    if event.path == ROOT:
        del turn.state.timers[ROOT]
        told = "the deadline of the run has passed"
        stop_run(turn, ErrorInfo(code="IL6026", message=told, permanent=True))
        return
    at = locate(turn, event.path)
    expect(event.generation == at.state.generation, at, "another generation is meant")
    if isinstance(at.state.opened, GateState):
        gates.time_is_up(at)
    else:
        waits.time_is_up(at)


def _check_late(turn: Turn, event: TimerFired) -> None:
    state, path = turn.state, event.path
    is_stopping = state.root is not None and state.root.stopping is not None
    if not (is_stopping if path == ROOT else path in state.outcomes or path in state.ordered):
        raise IllegalTransition(f"`{event.type}` for `{path}`, for which no timer was set")
