"""From "all dependencies have settled" to the first command of a node."""

from collections.abc import Mapping
from typing import assert_never, cast

from interlock.engine.kinds import (
    go_on,
    launch_call,
    open_gate,
    open_map,
    open_repeat,
    open_wait,
    refusal,
)
from interlock.engine.scopes import open_graph, settle_composite, stopped
from interlock.engine.state import (
    At,
    ScopeState,
    Turn,
    ended,
    evaluated,
    names_for,
    owners_of,
    settle,
    share,
)
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
from interlock.values import Json, Path


def activate(turn: Turn, scope: ScopeState, index: int) -> None:
    """Start a node whose dependencies have all settled; or settle it, when it must not start."""
    at = At.of(turn, scope, index)
    blocked = _blocker(at)
    if blocked is not None:
        settle(at, "skipped", error=blocked)
    elif (why := stopped(at)) is not None:
        settle(at, "cancelled", error=why)
    elif turn.state.paused:
        turn.state.held.append((scope, index))
    else:
        _try_start(at)


def _blocker(at: At) -> ErrorInfo | None:
    for index in at.node.strict:
        status = at.scope.nodes[index].status
        if status != "succeeded":
            needed = Path(at.scope.graph.nodes[index].id)
            return ErrorInfo(code="IL6018", message=ended(needed, status))
    return None


def _try_start(at: At) -> None:
    names = names_for(at.scope, at.node.roots, at.node.status_roots)
    if at.turn.state.is_keyed:
        at.state.subjects = owners_of(at)
    try:
        if at.node.when is not None and not at.node.when.condition(names):
            told = f"`when` was false: {at.node.when.source}"
            settle(at, "skipped", error=ErrorInfo(code="IL6019", message=told))
            return
        args = _arguments(at, names)
        problem = _precondition(at, names, args) if at.node.require else None
        refused = refusal(at, names) if at.node.gates and problem is None else None
        if problem is None and refused is None:
            _launch(at, names, args)
    except (ExpressionFailed, ValueRefused) as error:
        settle(
            at,
            "failed",
            error=ErrorInfo(code="IL6007", message=error.message, hint=error.hint),
        )
        return
    if problem is not None:
        settle(at, "failed", error=problem)
    elif refused is not None:
        settle(at, "refused", error=refused)


def _arguments(at: At, names: Mapping[str, Json]) -> Value | None:
    """Evaluate `with`; a `map` does that once an item."""
    if isinstance(at.node, CompiledMap):
        return None
    args, subjects = evaluated(at.scope, at.node, names), at.state.subjects
    return args if subjects is None else args.under(subjects)


def _precondition(at: At, names: Mapping[str, Json], args: Value | None) -> ErrorInfo | None:
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
    if at.state.kept is not None:
        go_on(at)
        return
    match node:
        case CompiledCall():  # First: most nodes are calls.
            launch_call(at, node, cast(Value, args))
        case CompiledMap():
            open_map(at, node, names)
        case CompiledGraphNode():
            open_graph(at, node.body, cast(dict[str, Json], cast(Value, args).json))
        case CompiledRepeat():
            open_repeat(at, node, cast(dict[str, Json], cast(Value, args).json))
        case CompiledWait():
            open_wait(at, node)
        case CompiledGate():
            open_gate(at, node, names)
        case CompiledFirstOf():
            _choose(at, node)
        case _:
            assert_never(node)


def _choose(at: At, node: CompiledFirstOf) -> None:
    """Settle as the first that succeeded, in the author's order; all have settled."""
    states = [at.scope.nodes[index] for index in node.of]
    found = next((state for state in states if state.status == "succeeded"), None)
    if found is not None:
        share(at, found.subjects)
        settle_composite(at, found.output.json if found.output is not None else None)
    elif all(state.status == "skipped" for state in states):
        told = "all of its nodes were skipped"
        settle(at, "skipped", error=ErrorInfo(code="IL6018", message=told))
    else:
        told = "none of its nodes succeeded"
        settle(at, "failed", error=ErrorInfo(code="IL6025", message=told, permanent=True))
