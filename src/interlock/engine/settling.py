"""The end of an attempt and of a node, as the journal tells it.

What ran ahead of the journal left one event: the attempt is lived again from it.
"""

from interlock.engine.kinds import on_failed, take_returned
from interlock.engine.state import (
    At,
    MapState,
    Outcome,
    RepeatState,
    ScopeState,
    Turn,
    locate,
    misfit,
    seen,
    share,
    take_order,
)
from interlock.engine.undoing import on_undo_settled
from interlock.journal import SETTLED, AttemptFailed, AttemptReturned, NodeSettled


def on_attempt_failed(turn: Turn, event: AttemptFailed) -> None:
    """Apply a failure: the engine's own judgement, or one that was reported."""
    if event.ahead and event.output is not None and event.path not in turn.state.ordered:
        _live_ahead(locate(turn, event.path), event)
    judged = event.path in turn.state.ordered
    if judged:
        take_order(turn, event, event.path)
    on_failed(turn, event, judged=judged)


def on_settled(turn: Turn, event: NodeSettled) -> None:
    """Apply the end of a node; whoever waited for it last becomes ready."""
    at = locate(turn, event.path)
    if event.ahead and event.path not in turn.state.ordered:
        _live_ahead(at, event)
    take_order(turn, event, event.path)
    now = at.state
    if now.status in SETTLED:
        raise misfit(at, "it has settled already")
    if now.status == "running" and now.opened is None:
        turn.state.running -= 1
    now.status = event.status
    now.output, now.error = event.output, event.error
    if turn.state.is_keyed and event.output is not None:
        share(at, event.output.subjects)
    now.json = (
        seen(at, event.output) if event.output is not None and event.status == "succeeded" else None
    )
    turn.state.outcomes[event.path] = _outcome(event)
    if at.is_undo:
        on_undo_settled(at, event)
        return
    now.cause = turn.seq
    if now.opened is not None:
        now.kept = now.opened if _keeps_inner(at) else None
        now.opened = None
    now.proposal = None
    at.scope.unsettled -= 1
    for index in at.node.dependents:
        dependent = at.scope.nodes[index]
        dependent.waiting -= 1
        # In a run that was opened again, some had settled before.
        if dependent.waiting == 0 and dependent.status == "waiting":
            turn.state.ready.append((at.scope, index))
    if at.scope.unsettled == 0:
        turn.state.ended.append(at.scope)


def _keeps_inner(at: At) -> bool:
    """Whether a node may go on, or be undone, in the scopes that it had opened."""
    inner = at.scope.closed_in(at.index)
    if at.state.status == "succeeded" and at.scope.closed is not None and inner:
        inner = {item: scope for item, scope in inner.items() if scope.graph.undoable}
        at.scope.closed[at.index] = inner
    return isinstance(at.state.opened, MapState | ScopeState | RepeatState) and (
        bool(inner) or at.state.status != "succeeded"
    )


def _live_ahead(at: At, event: NodeSettled | AttemptFailed) -> None:
    """Live again, from the one event that was kept of it, what ran ahead of the journal."""
    if event.output is None:
        return
    now, state = at.state, at.turn.state
    # A settled node tells the sum of its attempts, a failed attempt its own share.
    earlier = (now.tokens, now.cost_usd_micros) if isinstance(event, NodeSettled) else (0, 0)
    returned = AttemptReturned(
        path=event.path,
        generation=event.generation,
        attempt=event.attempt,
        output=event.output,
        tokens=event.tokens - earlier[0],
        cost_usd_micros=event.cost_usd_micros - earlier[1],
    )
    turn = Turn(state, returned, at.turn.at_ms)
    take_returned(At(turn, at.scope, at.index, at.node, now, at.path), returned)


def _outcome(event: NodeSettled) -> Outcome:
    output = event.output.ref if event.output is not None else None
    code = event.error.code if event.error is not None else None
    return (event.status, event.call_key, output if event.status == "succeeded" else code)
