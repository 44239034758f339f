"""Pausing: what is under way ends, and nothing new is ordered until the run is let go on."""

from typing import cast

from interlock.engine.kinds import expiry
from interlock.engine.starting import activate
from interlock.engine.state import At, IllegalTransition, Turn, attempt_due, locate, settle
from interlock.journal import RunPaused
from interlock.plan import CompiledCall
from interlock.values import Path


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
    held, state.held = state.held, []
    paths, state.held_attempts = state.held_attempts, []
    nodes = [At.of(turn, *one) for one in held]
    for at in sorted([*nodes, *(locate(turn, path) for path in paths)], key=_place):
        if at.state.status == "waiting":
            activate(turn, at.scope, at.index)
        else:
            _order(at)


def _place(at: At) -> tuple[Path, int]:
    """In canonical order, whatever the order in which they were held."""
    return at.scope.path, at.index


def _order(at: At) -> None:
    expired = expiry(at)
    if expired is None:
        at.turn.commands.append(attempt_due(at, cast(CompiledCall, at.node)))
    else:
        settle(at, "refused", error=expired)
