"""From "all dependencies have settled" to the first command of a node."""

from collections.abc import Mapping
from typing import assert_never, cast

from interlock.engine.ordering import order_attempt
from interlock.engine.scopes import is_stopping, open_graph, open_map
from interlock.engine.state import ScopeState
from interlock.engine.turn import At, IllegalTransition, Turn, call_of, names_for, settle
from interlock.errors import ExpressionFailed, ValueRefused
from interlock.journal import ErrorInfo, Value
from interlock.plan import (
    CompiledCall,
    CompiledFirstOf,
    CompiledGate,
    CompiledGraphNode,
    CompiledMap,
    CompiledRepeat,
    CompiledWait,
)
from interlock.values import Json


def activate(turn: Turn, scope: ScopeState, index: int) -> None:
    """Start a node whose dependencies have all settled; or settle it, when it must not start."""
    at = At.of(turn, scope, index)
    blocked = _blocker(at)
    if blocked is not None:
        settle(at, "skipped", error=blocked)
    elif is_stopping(scope):
        settle(
            at,
            "cancelled",
            error=ErrorInfo(code="IL6015", message="too many items of the map had failed"),
        )
    else:
        _try_start(at)


def _blocker(at: At) -> ErrorInfo | None:
    for index in at.node.strict:
        status = at.scope.nodes[index].status
        if status != "succeeded":
            needed = at.scope.graph.nodes[index].id
            return ErrorInfo(code="IL6018", message=f"`{needed}` did not succeed: it is {status}")
    return None


def _try_start(at: At) -> None:
    names = names_for(at.scope, at.node.roots, at.node.status_roots)
    try:
        if at.node.when is not None and not at.node.when.condition(names):
            told = f"`when` was false: {at.node.when.source}"
            settle(at, "skipped", error=ErrorInfo(code="IL6019", message=told))
            return
        args = _arguments(at, names)
        refused = _precondition(at, names, args)
    except (ExpressionFailed, ValueRefused) as error:
        settle(
            at,
            "failed",
            error=ErrorInfo(code="IL6007", message=error.message, hint=error.hint),
        )
        return
    if refused is not None:
        settle(at, "failed", error=refused)
        return
    _launch(at, names, args)


def _arguments(at: At, names: Mapping[str, Json]) -> Value | None:
    """Evaluate `with`; a `map` does that once an item."""
    return None if isinstance(at.node, CompiledMap) else Value.of(at.node.arguments.evaluate(names))


def _precondition(at: At, names: Mapping[str, Json], args: Value | None) -> ErrorInfo | None:
    if not at.node.require:
        return None
    if args is not None:
        names = {**names, "args": args.json}
    for expression in at.node.require:
        if not expression.condition(names):
            return ErrorInfo(
                code="IL6006", message=f"`require` was false: {expression.source}", permanent=True
            )
    return None


def _launch(at: At, names: dict[str, Json], args: Value | None) -> None:
    at.state.status = "running"
    at.turn.state.running += 1
    node = at.node
    match node:
        case CompiledMap():
            open_map(at, node, names)
        case CompiledGraphNode():
            open_graph(at, node.body, cast(dict[str, Json], cast(Value, args).json))
        case CompiledCall():
            _call(at, node, cast(Value, args))
        case CompiledRepeat() | CompiledWait() | CompiledGate() | CompiledFirstOf():
            raise IllegalTransition(f"`{node.id}` is of a kind that is not built")
        case _:
            assert_never(node)


def _call(at: At, node: CompiledCall, args: Value) -> None:
    if node.accepts is not None and not node.accepts.accepts(args.json):
        told = "; ".join(
            f"{p.pointer or '$'}: {p.message}" for p in node.accepts.problems(args.json, limit=3)
        )
        error = ErrorInfo(
            code="IL6008", message=f"arguments of `{node.action.name}`: {told}", permanent=True
        )
        settle(at, "failed", error=error)
        return
    at.state.call = call_of(node.action.digest, args)
    order_attempt(at, node)
