"""Undoing: what succeeded in a scope is taken back, in reverse dependency order.

Each undo is a call of its own, `NODE!undo`, with attempts, intents and a guarantee like any other;
what does not depend on each other is undone in parallel. A node whose undo does not succeed stays
as it is, and so does all that it depends on.
"""

from typing import cast

from interlock.engine.launching import launch_call
from interlock.engine.state import NodeState, ScopeState, UndoState
from interlock.engine.turn import At, Turn, names_for, settle
from interlock.errors import ExpressionFailed, ValueRefused, ensure
from interlock.journal import ErrorInfo, NodeSettled, Value
from interlock.plan import CompiledCall, CompiledRepeat
from interlock.values import paths

HAPPENED = ("succeeded", "violated")


def begin_undo(turn: Turn, scope: ScopeState, *, inside: bool = False) -> None:
    """Undo a scope whose nodes have all settled; it stays open until that has ended."""
    turn.state.scopes[scope.path] = scope
    scope.undo = UndoState([len(node.dependents) for node in scope.graph.nodes], inside)
    for index, count in enumerate(scope.undo.waiting):
        if count == 0:
            _enqueue(turn, scope, index)


def _enqueue(turn: Turn, scope: ScopeState, index: int) -> None:
    undo_in(scope).active += 1
    turn.undo.append((scope, index))


def undo_node(turn: Turn, scope: ScopeState, index: int) -> None:
    """Undo one node, now that everything that depends on it has been undone."""
    undo = undo_in(scope)
    node, state = scope.node(index)
    inner = (scope.closed or {}).get(index, [])
    if node.undo is not None and state.status in HAPPENED:
        _call(turn, scope, index, call=node.undo)
    elif inner:
        _undo_inner(turn, undo, inner, index=index, in_turns=isinstance(node, CompiledRepeat))
    else:
        _release(turn, scope, index)


def _undo_inner(
    turn: Turn, undo: UndoState, inner: list[ScopeState], *, index: int, in_turns: bool
) -> None:
    """Undo the scopes of a node: turns one after another, the last one first."""
    undo.inner[index] = len(inner)
    for scope in inner[-1:] if in_turns else list(inner):
        begin_undo(turn, scope, inside=True)


def _call(turn: Turn, scope: ScopeState, index: int, *, call: CompiledCall) -> None:
    done = scope.nodes[index]
    state = NodeState(waiting=0, generation=done.generation)
    undo_in(scope).nodes[index] = state
    at = At.undo_of(turn, scope, index)
    names = names_for(scope, call.roots, call.status_roots)
    names["result"] = done.output.json if done.output is not None else None
    names[scope.graph.nodes[index].id] = names["result"]
    if done.call is not None:
        names["args"] = done.call.args.json
    state.status = "running"
    turn.state.running += 1
    try:
        args = Value.of(call.arguments.evaluate(names))
    except (ExpressionFailed, ValueRefused) as error:
        told = ErrorInfo(code="IL6007", message=error.message, hint=error.hint)
        settle(at, "failed", error=told)
    else:
        launch_call(at, call, args)


def on_undo_settled(at: At, event: NodeSettled) -> None:
    """Take what came of an undo: the node is undone now, or stays."""
    scope, index, turn = at.scope, at.index, at.turn
    undo = undo_in(scope)
    at.state.cause = turn.seq
    if event.status == "succeeded":
        _mark_undone(turn, scope, index)
        undo.undone += 1
        _release(turn, scope, index)
        return
    why = f": {event.error.message}" if event.error is not None else ""
    told = f"`{at.path}` {event.status}{why}"
    undo.problem = undo.problem or ErrorInfo(code="IL6028", message=told)
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
    if not undo.inside:
        turn.ended.append(scope)
        return
    del turn.state.scopes[scope.path]
    if scope.parent is not None:
        _inner_ended(turn, scope.parent, scope)


def _inner_ended(turn: Turn, scope: ScopeState, inner: ScopeState) -> None:
    undo, ended, index = undo_in(scope), undo_in(inner), inner.parent_node
    undo.inner[index] -= 1
    undo.undone += ended.undone
    undo.problem = undo.problem or ended.problem
    siblings = (scope.closed or {}).get(index, [])
    is_turn = isinstance(scope.graph.nodes[index], CompiledRepeat)
    if is_turn and ended.problem is None and undo.inner[index]:
        begin_undo(turn, siblings[undo.inner[index] - 1], inside=True)
    elif is_turn and ended.problem is not None:
        _done_with(turn, scope, undo)
    elif undo.inner[index] == 0:
        stuck = any(undo_in(one).problem is not None for one in siblings)
        if stuck:
            _done_with(turn, scope, undo)
        else:
            _release(turn, scope, index)


def undo_in(scope: ScopeState) -> UndoState:
    """Return the undo of a scope that is being undone."""
    ensure(scope.undo is not None, "a scope is not being undone", path=scope.path)
    return cast(UndoState, scope.undo)
