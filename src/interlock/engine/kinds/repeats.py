"""`repeat`: a scope a turn, one after another, until a condition over the outputs holds."""

from typing import cast

from interlock.engine.scopes import (
    forget,
    inputs_problem,
    open_scope,
    over_limit,
    reopen,
    settle_composite,
    stopped,
)
from interlock.engine.state import At, RepeatState, names_for, settle
from interlock.errors import ExpressionFailed, ValueRefused
from interlock.journal import ErrorInfo, Value
from interlock.plan import CompiledRepeat
from interlock.values import Json, paths


def open_repeat(at: At, node: CompiledRepeat, inputs: dict[str, Json]) -> None:
    """Open the first turn."""
    _open_turn(at, node, inputs, turn=1)


def _open_turn(at: At, node: CompiledRepeat, inputs: dict[str, Json], *, turn: int) -> None:
    inputs = {**node.body.defaults, **inputs}
    problem = inputs_problem(node.body, inputs) or over_limit(at)
    if problem is not None:
        settle(at, "failed", error=problem)
        return
    if at.state.opened is None:
        at.turn.state.running -= 1
    at.state.opened = RepeatState(turn)
    open_scope(at.turn, node.body, inputs, path=paths.turn(at.path, turn), parent=at, item=turn)


def end_turn(at: At, node: CompiledRepeat, turn: int, *, output: dict[str, Json]) -> None:
    """Take what a turn yielded: it was the last one, or the next one begins."""
    yielded: Json = {**output, "turns": turn}
    try:
        names = names_for(at.scope, at.node.roots, at.node.status_roots)
        names["result"] = yielded if node.decode is None else node.decode(yielded)
        if node.until.condition(names):
            _forget_later(at, turn)
            settle_composite(at, yielded)
        elif turn == node.max:
            _exhausted(at, node, yielded)
        elif (why := stopped(at)) is not None:
            settle(at, "cancelled", error=why)
        elif (later := at.scope.closed_in(at.index).pop(turn + 1, None)) is not None:
            # The run was opened again: what took place in later turns is not repeated.
            at.state.opened = RepeatState(turn + 1)
            reopen(at.turn, later)
        else:
            inputs = Value.of(node.carry.evaluate(names)).json
            _open_turn(at, node, cast(dict[str, Json], inputs), turn=turn + 1)
    except (ExpressionFailed, ValueRefused) as error:
        told = f"after turn {turn}: {error.message}"
        settle(at, "failed", error=ErrorInfo(code="IL6007", message=told, hint=error.hint))


def _forget_later(at: At, turn: int) -> None:
    """Forget turns that came after this one before the run was opened again."""
    closed = at.scope.closed_in(at.index)
    for later in [later for later in closed if later > turn]:
        del closed[later]
        forget(at.turn.state, paths.turn(at.path, later), with_inner=True)


def _exhausted(at: At, node: CompiledRepeat, yielded: Json) -> None:
    if node.on_max == "last":
        settle_composite(at, yielded)
        return
    told = f"`until` was false after {node.max} turns: {node.until.source}"
    hint = "raise `max`, or accept the last turn with `on_max: last`"
    settle(at, "failed", error=ErrorInfo(code="IL6024", message=told, hint=hint, permanent=True))
