"""`map`: a scope an item, as many at a time as its limit allows."""

from typing import cast

from interlock.engine.scopes import (
    ScopeEnd,
    did_not_last,
    inputs_problem,
    open_scope,
    over_limit,
    reopen,
    settle_composite,
    stop_map,
    stopped,
    worst,
)
from interlock.engine.state import At, MapState, ScopeState, owners_of_outputs, settle, share
from interlock.errors import ExpressionFailed, ValueRefused
from interlock.journal import ErrorInfo
from interlock.plan import CompiledMap
from interlock.values import Json, Path, paths


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


def go_on_with_map(at: At, node: CompiledMap, opened: MapState) -> None:
    """Open the items again that did not succeed, or were undone, then those never opened."""
    closed = at.scope.closed_in(at.index)
    opened.stopping, opened.failed, opened.problem = False, 0, None
    opened.ends.clear()
    for index, scope in closed.items():
        if did_not_last(scope):
            opened.results[index], opened.present[index] = None, False
    opened.again = [index for index in range(opened.opened) if not opened.present[index]]
    opened.again.reverse()
    for index in opened.again:
        at.turn.state.outcomes.pop(paths.item(at.path, opened.keys[index]), None)
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
    while not opened.stopping and opened.running < node.limit:
        index = _next_item(opened)
        if index is None:
            break
        _open_item(at, node, opened, index=index)
    if opened.running == 0:
        _end_map(at, node, opened)


def _next_item(opened: MapState) -> int | None:
    if opened.again:
        return opened.again.pop()
    if opened.opened == len(opened.items):
        return None
    opened.opened += 1
    return opened.opened - 1


def _open_item(at: At, node: CompiledMap, opened: MapState, *, index: int) -> None:
    closed = at.scope.closed_in(at.index)
    if index in closed:
        opened.running += 1
        reopen(at.turn, closed.pop(index))
        return
    try:
        given = node.arguments.evaluate({**opened.names, node.item_name: opened.items[index]})
        inputs = {**node.body.defaults, **cast(dict[str, Json], given)}
        problem = inputs_problem(node.body, inputs) or over_limit(at)
    except (ExpressionFailed, ValueRefused) as error:
        inputs, problem = {}, ErrorInfo(code="IL6007", message=error.message, hint=error.hint)
    path = paths.item(at.path, opened.keys[index])
    if problem is not None:
        at.turn.state.outcomes[path] = ("failed", None, problem.code)
        opened.ends.add("failed")
        _count_failed(at, node, opened, problem=problem, path=path)
        return
    opened.running += 1
    open_scope(at.turn, node.body, inputs, path=path, parent=at, item=index)


def _count_failed(
    at: At, node: CompiledMap, opened: MapState, *, problem: ErrorInfo, path: Path
) -> None:
    """Count an item that failed; beyond `failures_max` the rest is cancelled."""
    opened.failed += 1
    opened.problem = opened.problem or ErrorInfo(
        code=problem.code, message=f"`{path}`: {problem.message}"
    )
    if opened.failed > node.failures_max and not opened.stopping:
        told = "too many items of the map had failed"
        stop_map(at, ErrorInfo(code="IL6015", message=told))


def _end_map(at: At, node: CompiledMap, opened: MapState) -> None:
    results = [
        result for result, there in zip(opened.results, opened.present, strict=True) if there
    ]
    if opened.failed > node.failures_max:
        first = opened.problem.message if opened.problem is not None else "?"
        told = f"{opened.failed} items failed, failures_max is {node.failures_max}; first: {first}"
        settle(at, worst(opened.ends), error=ErrorInfo(code="IL6015", message=told))
    elif len(results) + opened.failed < len(opened.items):
        settle(at, "cancelled", error=stopped(at))
    else:
        share(at, *opened.subjects)
        settle_composite(at, {"results": results, "failed": opened.failed, "count": len(results)})


def end_item(at: At, node: CompiledMap, scope: ScopeState, *, end: ScopeEnd) -> None:
    """Take what came of an item, and open the next one."""
    opened = cast(MapState, at.state.opened)
    opened.running -= 1
    if at.turn.state.is_keyed:
        opened.subjects.append(owners_of_outputs(scope))
    if end.problem is None:
        opened.results[scope.item] = end.output
        opened.present[scope.item] = True
    elif not (opened.stopping and end.status == "cancelled"):
        opened.ends.add(end.status)
        _count_failed(at, node, opened, problem=end.problem, path=scope.path)
    fill_map(at, node)
