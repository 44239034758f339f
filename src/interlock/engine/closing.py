"""The end of a scope: undone first where that is asked for, then told to whoever opened it."""

from dataclasses import replace

from interlock.engine.execution import execution_digest
from interlock.engine.kinds import end_item, end_turn
from interlock.engine.scopes import ScopeEnd, is_let, settle_composite, worst
from interlock.engine.state import (
    ROOT,
    At,
    NodeState,
    ScopeState,
    State,
    Turn,
    UndoState,
    ended,
    names_for,
    owners_of_outputs,
    settle,
    share,
)
from interlock.engine.undoing import begin_undo
from interlock.errors import ExpressionFailed, ValueRefused
from interlock.journal import ErrorInfo, RunOutcome, RunSettled, Value
from interlock.plan import AnyCompiledNode, CompiledMap, CompiledRepeat
from interlock.values import Json, paths

FINE = frozenset(("succeeded", "skipped", "undone"))
"""Statuses that fail no scope: a node is undone because of another one."""


def close_scope(turn: Turn, scope: ScopeState) -> None:
    """End a scope whose nodes have all settled, and tell its parent."""
    end = _end_of(scope) if scope.undo is None else _end_after(scope.undo)
    if scope.undo is None and _is_to_be_undone(turn.state, scope, end):
        begin_undo(turn, scope, why=(end.status, end.problem))
        return
    turn.state.scopes.pop(scope.path, None)
    scope.ended = end.status
    if scope.parent is None:
        _settle_run(turn, end)
        return
    _keep(scope, scope.parent, end)
    at = At.of(turn, scope.parent, scope.parent_node)
    node = at.node
    if turn.state.is_keyed and not isinstance(node, CompiledMap):
        share(at, owners_of_outputs(scope))
    if isinstance(node, CompiledMap):
        end_item(at, node, scope, end=end)
    elif end.problem is not None:
        settle(at, end.status, error=end.problem)
    elif isinstance(node, CompiledRepeat):
        end_turn(at, node, scope.item, output=end.output)
    else:
        settle_composite(at, end.output)


def _keep(scope: ScopeState, parent: ScopeState, end: ScopeEnd) -> None:
    """Keep a scope that may be undone, or opened again: of turns, the last one may be."""
    node, is_undoable = parent.graph.nodes[scope.parent_node], scope.graph.undoable
    if isinstance(node, CompiledMap) and end.status == "succeeded" and not is_undoable:
        return
    parent.closed = parent.closed or {}
    closed = parent.closed.setdefault(scope.parent_node, {})
    if isinstance(node, CompiledRepeat) and not is_undoable:
        closed.clear()
    closed[scope.item] = scope


def _is_to_be_undone(state: State, scope: ScopeState, end: ScopeEnd) -> bool:
    if end.status == "succeeded" or not scope.graph.undoable:
        return False
    return (scope.parent is None and state.undoing) or any(
        now.status not in FINE and node.on_error == "undo" for node, now in _pairs(scope)
    )


def _pairs(scope: ScopeState) -> list[tuple[AnyCompiledNode, NodeState]]:
    return list(zip(scope.graph.nodes, scope.nodes, strict=True))


def _end_of(scope: ScopeState) -> ScopeEnd:
    bad = [] if {now.status for now in scope.nodes} <= FINE else _bad(scope)
    if bad:
        status = _worst(scope, bad)
        first = next((one for one in bad if worst({one[1].status}) == status), bad[0])
        return ScopeEnd(status=status, output={}, problem=_problem(scope, *first))
    output, problem = _outputs(scope)
    return ScopeEnd(
        status="succeeded" if problem is None else "failed", output=output, problem=problem
    )


def _bad(scope: ScopeState) -> list[tuple[AnyCompiledNode, NodeState]]:
    return [
        (node, now)
        for node, now in _pairs(scope)
        if now.status not in FINE and not is_let(node, now)
    ]


def _worst(scope: ScopeState, bad: list[tuple[AnyCompiledNode, NodeState]]) -> RunOutcome:
    """The worst of all ends; but cancelled, if the scope itself was."""
    statuses = {now.status for _, now in bad}
    if scope.stopping is not None and "cancelled" in statuses:
        return "cancelled"
    return worst(statuses)


def _end_after(undo: UndoState) -> ScopeEnd:
    """How a scope ends that was undone: as it would have, and says what was undone."""
    status, problem = undo.why
    if problem is not None:
        problem = replace(problem, message=f"{problem.message}{_undone(undo)}")
    return ScopeEnd(status=status, output={}, problem=problem)


def _problem(scope: ScopeState, node: AnyCompiledNode, now: NodeState) -> ErrorInfo:
    """Tell of the node whose end is the end of the scope."""
    error = now.error
    told = ended(paths.child(scope.path, node.id), now.status)
    told += f": {error.message}" if error is not None else ""
    return ErrorInfo(code="IL6013", message=told, hint=error.hint if error is not None else "")


def _undone(undo: UndoState) -> str:
    told = f"; {undo.undone} undone"
    if undo.problem is None:
        return told
    more = f"; {undo.stuck - 1} more could not be" if undo.stuck > 1 else ""
    return f"{told}, but {undo.problem.message}{more}"


def _outputs(scope: ScopeState) -> tuple[dict[str, Json], ErrorInfo | None]:
    found: dict[str, Json] = {}
    for output in scope.graph.outputs:
        if output.optional and any(
            scope.nodes[index].status != "succeeded" for index in output.strict
        ):
            continue
        try:
            found[output.name] = output.template.evaluate(
                names_for(scope, output.roots, output.status_roots)
            )
        except ExpressionFailed as error:
            return {}, ErrorInfo(
                code="IL6007", message=f"output `{output.name}`: {error.message}", hint=error.hint
            )
    return found, None


def _settle_run(turn: Turn, end: ScopeEnd) -> None:
    state = turn.state
    status, problem = end.status, end.problem
    value: Value | None = None
    if problem is None:
        try:
            value = Value.of(end.output)
            if state.is_keyed and state.root is not None:
                value = value.under(owners_of_outputs(state.root))
        except ValueRefused as error:
            status = "failed"
            problem = ErrorInfo(code="IL6003", message=error.message, hint=error.hint)
    # Its deadline is over with it.
    state.timers.pop(ROOT, None)
    turn.record(
        RunSettled(status=status, execution=execution_digest(state), output=value, error=problem)
    )
