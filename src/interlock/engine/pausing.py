"""Pausing: what is under way ends, and nothing new is ordered until the run is let go on."""

from interlock.engine.gates import expiry
from interlock.engine.ordering import attempt_due
from interlock.engine.turn import IllegalTransition, Turn, locate, settle
from interlock.journal import RunPaused
from interlock.plan import CompiledCall


def on_paused(turn: Turn, event: RunPaused) -> None:
    """Hold back what becomes ready from now on.

    Raises:
        IllegalTransition: the run has not started.
    """
    if turn.state.root is None:
        raise IllegalTransition(f"`{event.type}` before the run has started")
    turn.state.paused = True


def on_unpaused(turn: Turn) -> None:
    """Start what was held back. Of a run that is not paused, nothing was.

    Raises:
        IllegalTransition: the run has not started.
    """
    state = turn.state
    if state.root is None:
        raise IllegalTransition(f"`{turn.event.type}` before the run has started")
    state.paused = False
    turn.ready.extend(state.held)
    paths, state.held_attempts, state.held = state.held_attempts, [], []
    for path in paths:
        at = locate(turn, path)
        if at.state.status != "running" or not isinstance(at.node, CompiledCall):
            continue
        expired = expiry(at)
        if expired is None:
            turn.commands.append(attempt_due(at, at.node))
        else:
            settle(at, "refused", error=expired)
