"""Undoing: what succeeded in a scope is taken back, in reverse dependency order.

Each undo is a call of its own, `NODE!undo`, with attempts, intents and a guarantee like any other;
what does not depend on each other is undone in parallel. A node whose undo does not succeed stays
as it is, and so does all that it depends on.
"""

from typing import cast

from interlock.engine.kinds import launch_call
from interlock.engine.state import (
    At,
    End,
    NodeState,
    ScopeState,
    Turn,
    UndoState,
    evaluated,
    names_for,
    owned,
    owners_of,
    settle,
)
from interlock.errors import ExpressionFailed, ValueRefused, ensure
from interlock.journal import SETTLED, ErrorInfo, NodeSettled
from interlock.plan import CompiledCall, CompiledRepeat
from interlock.values import joined, paths

HAPPENED = ("succeeded", "violated")
INSIDE: End = ("failed", None)
"""Of a scope that is undone because the one around it is."""


def begin_undo(turn: Turn, scope: ScopeState, *, why: End = INSIDE) -> None:
    """Undo a scope whose nodes have all settled; it stays open until that has ended."""
    turn.state.scopes[scope.path] = scope
    undo = UndoState([len(node.dependents) for node in scope.graph.nodes], why)
    scope.undo = undo
    for index, count in enumerate(undo.waiting):
        if count == 0:
            _enqueue(turn, scope, index)


def _enqueue(turn: Turn, scope: ScopeState, index: int) -> None:
    undo_in(scope).active += 1
    turn.state.undo.append((scope, index))


def undo_node(turn: Turn, scope: ScopeState, index: int) -> None:
    """Undo one node, now that everything that depends on it has been undone."""
    undo = undo_in(scope)
    node, state = scope.node(index)
    if node.undo is not None and state.status in HAPPENED:
        _undo_call(turn, scope, index, call=node.undo)
        return
    inner = _undoable_in(scope, index)
    if not inner:
        _release(turn, scope, index)
        return
    undo.inner[index] = len(inner)
    for one in inner[-1:] if isinstance(node, CompiledRepeat) else inner:
        begin_undo(turn, one)


def _undoable_in(scope: ScopeState, index: int) -> list[ScopeState]:
    """The scopes of a node that can be undone, in the order in which they were opened."""
    return [one for one in scope.closed_in(index).values() if one.graph.undoable]


def _undo_call(turn: Turn, scope: ScopeState, index: int, *, call: CompiledCall) -> None:
    """Call the undo of a node; one that has failed already, with the scope inside, stays failed."""
    undos = scope.undos = scope.undos or {}
    earlier = undos.get(index)
    if earlier is not None and earlier.status in SETTLED and earlier.status != "succeeded":
        _stuck(turn, scope, index)
        return
    done = scope.nodes[index]
    # No two undos of a node have the same generation, and so the same key.
    generation = max(done.generation, earlier.generation + 1 if earlier is not None else 1)
    state = undos[index] = NodeState(waiting=0, generation=generation)
    at = At.undo_of(turn, scope, index)
    names = names_for(scope, call.roots, call.status_roots)
    names["result"] = done.output.json if done.output is not None else None
    names[scope.graph.nodes[index].id] = names["result"]
    if done.call is not None:
        names["args"] = done.call.args.json
    state.status = "running"
    turn.state.running += 1
    if turn.state.is_keyed:
        state.subjects = joined([done.subjects, owners_of(at)])
    try:
        args = owned(at, evaluated(scope, call, names))
    except (ExpressionFailed, ValueRefused) as error:
        told = ErrorInfo(code="IL6007", message=error.message, hint=error.hint)
        settle(at, "failed", error=told)
    else:
        launch_call(at, call, args)


def on_undo_settled(at: At, event: NodeSettled) -> None:
    """Take what came of an undo: the node is undone now, or stays."""
    scope, index, turn = at.scope, at.index, at.turn
    at.state.cause = turn.seq
    if event.status == "succeeded":
        _mark_undone(turn, scope, index)
        undo_in(scope).undone += 1
        _release(turn, scope, index)
    else:
        _stuck(turn, scope, index)


def _stuck(turn: Turn, scope: ScopeState, index: int) -> None:
    """Leave a node as it is, and all that it depends on: it could not be undone."""
    undo, at = undo_in(scope), At.undo_of(turn, scope, index)
    error = at.state.error
    told = f"`{at.path}` {at.state.status}" + (f": {error.message}" if error is not None else "")
    undo.problem = undo.problem or ErrorInfo(code="IL6028", message=told)
    undo.stuck += 1
    _done_with(turn, scope, undo)


def _mark_undone(turn: Turn, scope: ScopeState, index: int) -> None:
    node, state = scope.node(index)
    path = paths.child(scope.path, node.id)
    state.status, state.cause = "undone", turn.seq
    before = turn.state.outcomes[path]
    turn.state.outcomes[path] = ("undone", before[1], before[2])


def _release(turn: Turn, scope: ScopeState, index: int) -> None:
    """Go on with what the node depended on."""
    node, undo = scope.graph.nodes[index], undo_in(scope)
    for needed in (*node.strict, *node.lenient):
        undo.waiting[needed] -= 1
        if undo.waiting[needed] == 0:
            _enqueue(turn, scope, needed)
    _done_with(turn, scope, undo)


def _done_with(turn: Turn, scope: ScopeState, undo: UndoState) -> None:
    undo.active -= 1
    if undo.active:
        return
    if undo.why[1] is not None:
        turn.state.ended.append(scope)
        return
    del turn.state.scopes[scope.path]
    if scope.parent is not None:
        _inner_ended(turn, scope.parent, scope)


def _inner_ended(turn: Turn, scope: ScopeState, inner: ScopeState) -> None:
    """Go on when a scope of a node has been undone; of turns, with the one before it."""
    undo, ended, index = undo_in(scope), undo_in(inner), inner.parent_node
    undo.inner[index] -= 1
    left = undo.inner[index]
    undo.undone += ended.undone
    undo.stuck += ended.stuck
    undo.problem = undo.problem or ended.problem
    in_turns = isinstance(scope.graph.nodes[index], CompiledRepeat)
    if in_turns and left and ended.problem is None:
        begin_undo(turn, _undoable_in(scope, index)[left - 1])
    elif in_turns or not left:
        _all_inner_ended(turn, scope, index)


def _all_inner_ended(turn: Turn, scope: ScopeState, index: int) -> None:
    undos = [one.undo for one in _undoable_in(scope, index) if one.undo is not None]
    if scope.nodes[index].status in HAPPENED and any(one.undone for one in undos):
        _mark_undone(turn, scope, index)
    if any(one.problem is not None for one in undos):
        _done_with(turn, scope, undo_in(scope))
    else:
        _release(turn, scope, index)


def undo_in(scope: ScopeState) -> UndoState:
    """Return the undo of a scope that is being undone."""
    ensure(scope.undo is not None, "a scope is not being undone", path=scope.path)
    return cast(UndoState, scope.undo)
