"""The time of what sleeps has come."""

from interlock.engine import gates, waits
from interlock.engine.state import GateState
from interlock.engine.stopping import stop_run
from interlock.engine.turn import ROOT, IllegalTransition, Turn, locate
from interlock.journal import ErrorInfo, TimerFired


def on_timer(turn: Turn, event: TimerFired) -> None:
    """End what was due. A timer of what has ended meanwhile changes nothing.

    Raises:
        IllegalTransition: it came before its time.
    """
    due_ms = turn.state.timers.get(event.path)
    if due_ms is None:
        return
    if turn.at_ms < due_ms:
        raise IllegalTransition(f"the timer of `{event.path}` fired {due_ms - turn.at_ms} ms early")
    if event.path == ROOT:
        del turn.state.timers[ROOT]
        told = "the deadline of the run has passed"
        stop_run(turn, ErrorInfo(code="IL6026", message=told, permanent=True))
        return
    at = locate(turn, event.path)
    if isinstance(at.state.opened, GateState):
        gates.time_is_up(at)
    else:
        waits.time_is_up(at)
