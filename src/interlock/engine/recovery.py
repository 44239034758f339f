"""After a recovery.

Every outstanding command again, and a decision about every attempt that was lost.
"""

from collections.abc import Iterator
from typing import cast

from interlock.engine.kinds import expiry, lost, set_again
from interlock.engine.scopes import end_unsent, stopped
from interlock.engine.state import (
    At,
    IllegalTransition,
    Record,
    ScopeState,
    Turn,
    ask_or_doubt,
    attempt_due,
    probe_due,
    settle,
    within_window,
)
from interlock.errors import ensure
from interlock.journal import ErrorInfo, RunRecovered
from interlock.plan import CompiledCall


def on_recovered(turn: Turn, event: RunRecovered) -> None:
    """Order again what was ordered and not done, in canonical order of the open scopes.

    Raises:
        IllegalTransition: the run has not started.
    """
    state = turn.state
    if state.root is None:
        raise IllegalTransition("the run has not started")
    state.recovered = True
    set_again(turn)
    state.held_attempts = []
    for path, order in state.ordered.items():
        again = Record(event=order.event, causes=turn.cause)
        state.ordered[path] = again
        turn.commands.append(again)
    for scope in [state.scopes[path] for path in sorted(state.scopes)]:
        for at in _running_in(turn, scope):
            _reorder(at, cast(CompiledCall, at.node), crashed=not event.orderly)


def _running_in(turn: Turn, scope: ScopeState) -> Iterator[At]:
    """The calls of a scope, and the undos in it, that go on and of which nothing is on its way."""
    nodes = [At.of(turn, scope, index) for index in range(len(scope.nodes))]
    nodes += [At.undo_of(turn, scope, index) for index in sorted(scope.undos or ())]
    for at in nodes:
        is_call = at.state.status == "running" and at.state.opened is None
        if is_call and at.path not in turn.state.ordered:
            ensure(isinstance(at.node, CompiledCall), "runs without anything open", path=at.path)
            yield at


def _reorder(at: At, node: CompiledCall, *, crashed: bool) -> None:
    state, turn = at.state, at.turn
    if state.started:
        lost(at, node, crashed=crashed)
    elif state.probing:
        turn.commands.append(probe_due(at, node))
    elif (why := stopped(at)) is not None:
        end_unsent(at, node, why)
    elif state.unproven and not within_window(at, node):
        told = "the receiver's memory of its key ended before it could be sent again"
        ask_or_doubt(at, node, ErrorInfo(code="IL6010", message=told))
    elif (expired := expiry(at)) is not None:
        settle(at, "refused", error=expired)
    elif turn.state.paused:
        state.ahead = False
        turn.state.held_attempts.append(at.path)
    else:
        turn.commands.append(attempt_due(at, node))
