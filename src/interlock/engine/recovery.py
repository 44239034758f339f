"""After a recovery.

Every outstanding command again, and a decision about every attempt that was lost.
"""

from typing import cast

from interlock.engine.attempts import ask_or_doubt, lost
from interlock.engine.commands import Record
from interlock.engine.ordering import attempt_due, probe_due, within_window
from interlock.engine.state import ScopeState
from interlock.engine.turn import At, IllegalTransition, Turn
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
    for path, order in state.ordered.items():
        again = Record(event=order.event, causes=turn.cause)
        state.ordered[path] = again
        turn.commands.append(again)
    for scope in [state.scopes[path] for path in sorted(state.scopes)]:
        _reorder(turn, scope, crashed=not event.orderly)


def _reorder(turn: Turn, scope: ScopeState, *, crashed: bool) -> None:
    for index in range(len(scope.nodes)):
        at = At.of(turn, scope, index)
        node, state = at.node, at.state
        if state.status != "running" or state.opened is not None or at.path in turn.state.ordered:
            continue
        ensure(isinstance(node, CompiledCall), "runs without anything open", path=at.path)
        node = cast(CompiledCall, node)
        if state.started:
            lost(at, node, crashed=crashed)
        elif state.probing:
            turn.commands.append(probe_due(at, node))
        elif state.unproven and not within_window(at, node):
            told = "the receiver's memory of its key ended before it could be sent again"
            ask_or_doubt(at, node, ErrorInfo(code="IL6010", message=told))
        else:
            turn.commands.append(attempt_due(at, node))
