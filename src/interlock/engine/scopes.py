"""Scopes.

Opened by a run, a subgraph, an item of a map, an accepted proposal; closed when all nodes have
settled.
"""

from typing import cast

from interlock.engine.execution import execution_digest
from interlock.engine.judging import judge
from interlock.engine.state import MapState, NodeState, ScopeState
from interlock.engine.turn import At, Turn, names_for, settle
from interlock.errors import ExpressionFailed, ValueRefused
from interlock.journal import ErrorInfo, RunSettled, Value
from interlock.plan import CompiledGraph, CompiledMap
from interlock.values import Json, Path, paths

GOOD = ("succeeded", "skipped")


def open_scope(
    turn: Turn,
    graph: CompiledGraph,
    inputs: dict[str, Json],
    *,
    path: Path,
    parent: At | None = None,
    item: int = -1,
) -> ScopeState:
    """Open a scope with checked inputs; its nodes without dependencies become ready."""
    decoded: Json = inputs if graph.decode is None else graph.decode(inputs)
    nodes = [NodeState(waiting=len(node.strict) + len(node.lenient)) for node in graph.nodes]
    scope = ScopeState(
        path=path,
        graph=graph,
        inputs=decoded,
        nodes=nodes,
        unsettled=len(nodes),
        parent=parent.scope if parent is not None else None,
        parent_node=parent.index if parent is not None else -1,
        item=item,
        cause=turn.seq,
        depth=parent.scope.depth + 1 if parent is not None else 0,
    )
    turn.state.scopes[path] = scope
    turn.state.scopes_opened += 1
    turn.ready.extend((scope, index) for index, node in enumerate(nodes) if node.waiting == 0)
    if not nodes:
        turn.ended.append(scope)
    return scope


def inputs_problem(graph: CompiledGraph, inputs: Json) -> ErrorInfo | None:
    """Check inputs against the graph; None when they are good."""
    if graph.accepts.accepts(inputs):
        return None
    told = "; ".join(
        f"{p.pointer or '$'}: {p.message}" for p in graph.accepts.problems(inputs, limit=3)
    )
    return ErrorInfo(code="IL2010", message=f"inputs of `{graph.name}`: {told}", permanent=True)


def open_graph(at: At, graph: CompiledGraph, inputs: dict[str, Json]) -> None:
    """Open the scope of a subgraph or a proposal."""
    inputs = {**graph.defaults, **inputs}
    problem = inputs_problem(graph, inputs) or _over_limit(at)
    if problem is not None:
        settle(at, "failed", error=problem)
        return
    at.state.opened = open_scope(at.turn, graph, inputs, path=at.path, parent=at)
    at.turn.state.running -= 1


def _over_limit(at: At) -> ErrorInfo | None:
    limits = at.turn.state.plan.limits
    if at.scope.depth + 1 > limits.depth_max:
        return ErrorInfo(
            code="IL5101",
            message=f"scopes are nested deeper than depth_max = {limits.depth_max}",
            permanent=True,
        )
    if at.turn.state.scopes_opened >= limits.scopes_max:
        return ErrorInfo(
            code="IL5102",
            message=f"the run opened scopes_max = {limits.scopes_max} scopes",
            permanent=True,
        )
    return None


def is_stopping(scope: ScopeState) -> bool:
    """Whether this scope or one around it starts nothing any more."""
    inner = scope
    while inner.parent is not None:
        opened = inner.parent.nodes[inner.parent_node].opened
        if isinstance(opened, MapState) and opened.stopping:
            return True
        inner = inner.parent
    return False


def open_map(at: At, node: CompiledMap, names: dict[str, Json]) -> None:
    """Evaluate the list and the keys of a `map`, then open as many items as its limit allows."""
    try:
        items = node.over.evaluate(names)
        keys = _keys(node, items, names)
    except ExpressionFailed as error:
        settle(
            at,
            "failed",
            error=ErrorInfo(code="IL6007", message=error.message, hint=error.hint),
        )
        return
    problem = _items_problem(node, items, keys, most=at.turn.state.plan.limits.items_max)
    if problem is not None:
        settle(at, "failed", error=problem)
        return
    size = len(keys)
    at.state.opened = MapState(
        items=cast(list[Json], items),
        keys=keys,
        results=[None] * size,
        present=[False] * size,
        names=names,
    )
    at.turn.state.running -= 1
    fill_map(at, node)


def _keys(node: CompiledMap, items: Json, names: dict[str, Json]) -> list[str | int]:
    if not isinstance(items, list):
        return []
    if node.key is None:
        return list(range(len(items)))
    return [_key(node.key.evaluate({**names, node.item_name: item})) for item in items]


def _key(value: Json) -> str | int:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ExpressionFailed(
            f"`key` of a map is {value!r:.100}",
            hint="use a string or an integer that is unique in the list",
        )
    return str(value)


def _items_problem(
    node: CompiledMap, items: Json, keys: list[str | int], *, most: int
) -> ErrorInfo | None:
    if not isinstance(items, list):
        return ErrorInfo(
            code="IL6008", message=f"`over` is {items!r:.100}, not a list", permanent=True
        )
    if len(items) > most:
        return ErrorInfo(
            code="IL5103",
            message=f"`over` has {len(items)} items, items_max is {most}",
            permanent=True,
        )
    if len(set(keys)) != len(keys):
        seen: set[str | int] = set()
        twice = next(key for key in keys if key in seen or seen.add(key))
        return ErrorInfo(
            code="IL6016",
            message=f"two items of `{node.id}` have the key {twice!r}",
            permanent=True,
        )
    return None


def fill_map(at: At, node: CompiledMap) -> None:
    """Open further items up to the limit; settle the node when all have ended."""
    opened = cast(MapState, at.state.opened)
    while not opened.stopping and opened.opened < len(opened.items) and opened.running < node.limit:
        _open_item(at, node, opened)
    if opened.running == 0:
        _end_map(at, node, opened)


def _open_item(at: At, node: CompiledMap, opened: MapState) -> None:
    index = opened.opened
    opened.opened += 1
    try:
        given = node.arguments.evaluate({**opened.names, node.item_name: opened.items[index]})
        inputs = {**node.body.defaults, **cast(dict[str, Json], given)}
        problem = inputs_problem(node.body, inputs) or _over_limit(at)
    except (ExpressionFailed, ValueRefused) as error:
        inputs, problem = {}, ErrorInfo(code="IL6007", message=error.message, hint=error.hint)
    path = paths.item(at.path, opened.keys[index])
    if problem is not None:
        at.turn.state.outcomes[path] = ("failed", None, problem.code)
        count_failed_item(opened, node, problem=problem, path=path)
        return
    opened.running += 1
    open_scope(at.turn, node.body, inputs, path=path, parent=at, item=index)


def count_failed_item(
    opened: MapState, node: CompiledMap, *, problem: ErrorInfo, path: Path
) -> None:
    """Count an item that failed; beyond `failures_max` the map starts nothing any more."""
    opened.failed += 1
    opened.problem = opened.problem or ErrorInfo(
        code=problem.code, message=f"`{path}`: {problem.message}"
    )
    opened.stopping = opened.failed > node.failures_max


def _end_map(at: At, node: CompiledMap, opened: MapState) -> None:
    if opened.stopping:
        first = opened.problem.message if opened.problem is not None else "?"
        told = f"{opened.failed} items failed, failures_max is {node.failures_max}; first: {first}"
        settle(at, "failed", error=ErrorInfo(code="IL6015", message=told))
        return
    results = [
        result for result, there in zip(opened.results, opened.present, strict=True) if there
    ]
    settle_composite(at, {"results": results, "failed": opened.failed, "count": len(results)})


def settle_composite(at: At, output: Json) -> None:
    """Judge and settle a node whose output came from inner scopes."""
    try:
        value = Value.of(output)
    except ValueRefused as error:
        settle(
            at,
            "failed",
            error=ErrorInfo(code="IL6003", message=error.message, hint=error.hint),
        )
        return
    problem = judge(at, value)
    if problem is None:
        settle(at, "succeeded", output=value)
    else:
        settle(at, "failed", output=value, error=problem)


def close_scope(turn: Turn, scope: ScopeState) -> None:
    """End a scope whose nodes have all settled, and tell its parent."""
    problem = _failure(scope)
    output: dict[str, Json] = {}
    if problem is None:
        output, problem = _outputs(scope)
    turn.state.scopes.pop(scope.path, None)
    if scope.parent is None:
        _settle_run(turn, output, problem)
        return
    at = At.of(turn, scope.parent, scope.parent_node)
    if isinstance(at.node, CompiledMap):
        _end_item(at, at.node, scope, output=output, problem=problem)
    elif problem is not None:
        settle(at, "failed", error=problem)
    else:
        settle_composite(at, output)


def _end_item(
    at: At,
    node: CompiledMap,
    scope: ScopeState,
    *,
    output: dict[str, Json],
    problem: ErrorInfo | None,
) -> None:
    opened = cast(MapState, at.state.opened)
    opened.running -= 1
    if problem is None:
        opened.results[scope.item] = output
        opened.present[scope.item] = True
    else:
        count_failed_item(opened, node, problem=problem, path=scope.path)
    fill_map(at, node)


def _failure(scope: ScopeState) -> ErrorInfo | None:
    """The first node, in canonical order, whose end fails the scope."""
    for node, state in zip(scope.graph.nodes, scope.nodes, strict=True):
        if state.status not in GOOD and node.on_error == "fail":
            path = paths.child(scope.path, node.id)
            error = state.error
            told = f"`{path}` {state.status}" + (f": {error.message}" if error is not None else "")
            return ErrorInfo(
                code="IL6013", message=told, hint=error.hint if error is not None else ""
            )
    return None


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


def _settle_run(turn: Turn, output: dict[str, Json], problem: ErrorInfo | None) -> None:
    state = turn.state
    value: Value | None = None
    if problem is None:
        try:
            value = Value.of(output)
        except ValueRefused as error:
            problem = ErrorInfo(code="IL6003", message=error.message, hint=error.hint)
    turn.record(
        RunSettled(
            status="succeeded" if problem is None else "failed",
            execution=execution_digest(state),
            output=value,
            error=problem,
        )
    )
