"""Evaluating what is no plain path: give CEL the data it needs, and explain its failures."""

import re
from collections.abc import Callable
from typing import TypeAlias

from interlock.errors import Diagnostic, ExpressionFailed
from interlock.graph.expressions import cel
from interlock.graph.expressions.analysis import Analysis
from interlock.graph.expressions.paths import Scope, obstacle
from interlock.graph.expressions.references import Chain
from interlock.values import Json

Parts: TypeAlias = dict[str, "Parts | None"]

_SHOWN_CHARS_MAX = 60
_RANGE_GUARD = re.compile(r"`\+` does not work on (?P<kind>\w+) and list")
ABSENT_HINT = "where a field may be absent, test it with `has(a.b)` or use `a.?b.orValue(…)`"
_FAILED_HINT = "guard it with a condition, as in `has(a.b) && a.b > 1` or `x != null ? x : 0`"


def evaluator(source: str, compiled: cel.Compiled, analysis: Analysis) -> Callable[[Scope], Json]:
    """Make the function that evaluates a compiled expression against a scope."""
    items = tuple(needed_parts(analysis.chains).items())

    def evaluate(scope: Scope) -> Json:
        data = {name: _cut(scope[name], part) for name, part in items if name in scope}
        try:
            return cel.run(compiled, data)
        except ExpressionFailed as failed:
            told = _ordered_failure(source, data) if analysis.unordered else failed
            raise _explained(source, analysis, failed=told, scope=scope) from None

    return evaluate


def needed_parts(chains: tuple[Chain, ...]) -> Parts:
    """Merge what is read into one tree of field names; None stands for the whole value.

    The engine converts all data that it is given (43 ns an item), so it gets only what is read.
    """
    whole: Parts = {}
    for chain in chains:
        fields = [chain.name]
        for step in chain.steps:
            if isinstance(step, int):
                break
            fields.append(step)
        _merge(whole, fields)
    return whole


def _merge(into: Parts, fields: list[str]) -> None:
    for name in fields[:-1]:
        below = into.setdefault(name, {})
        if below is None:
            return
        into = below
    into[fields[-1]] = None


def _cut(value: Json, parts: Parts | None) -> object:
    """Leave out of a value what is not read."""
    if parts is None or not isinstance(value, dict):
        return value
    return {name: _cut(value[name], part) for name, part in parts.items() if name in value}


def _ordered_failure(source: str, data: dict[str, object]) -> ExpressionFailed:
    """Fail again with all ranges guarded, so that chance does not pick the message.

    Where `all` goes over an object, which of several errors comes first differs from process to
    process; messages are journaled, and must not.
    """
    parsed = cel.parse(source)
    if not isinstance(parsed, Diagnostic):
        Analysis(source, parsed.tree, guard_all=True)
        compiled = cel.changed(parsed.tree)
        try:
            cel.run(parsed.compiled if isinstance(compiled, Diagnostic) else compiled, data)
        except ExpressionFailed as failed:
            guard = _RANGE_GUARD.match(failed.message)
            if guard is None:
                return failed
            if guard["kind"] != "object":
                told = f"`all` and `exists` go over a list or an object, not {guard['kind']}"
                return ExpressionFailed(told)
    return ExpressionFailed(
        "an error inside `all` or `exists` over an object",
        hint="test what each item has, with `has(…)` or its type, before using it",
    )


def _explained(
    source: str, analysis: Analysis, *, failed: ExpressionFailed, scope: Scope
) -> ExpressionFailed:
    """Say more about a failure: which path is missing, or why a range is refused."""
    shown = f"`{shortened(source)}`"
    guard = _RANGE_GUARD.match(failed.message)
    if guard is not None and analysis.guarded:
        return not_a_list(source, guard["kind"])
    for chain in analysis.chains:
        told = obstacle(chain.name, chain.steps, scope) if chain.optional_from is None else None
        if told is not None and _is_same(failed.message, told):
            return ExpressionFailed(f"{shown}: {told}", hint=ABSENT_HINT)
    return ExpressionFailed(f"{shown}: {failed.message}", hint=failed.hint or _FAILED_HINT)


def not_a_list(source: str, kind: str) -> ExpressionFailed:
    """Refuse to go over what is no list."""
    return ExpressionFailed(
        f"`{shortened(source)}`: `map`, `filter` and `exists_one` go over a list, not {kind}",
        hint="go over a list; over an object, whose order is not defined, only `all` and"
        " `exists` have one answer",
    )


def _is_same(message: str, told: str) -> bool:
    """Whether the engine may have failed at this obstacle: others may be guarded."""
    if message.startswith("a field is read from a value that has no fields"):
        return "which has no field" in told
    return message.startswith("no such field") and told.startswith(message)


def shortened(source: str) -> str:
    """Cut a source for a message."""
    text = " ".join(source.split())
    return text if len(text) <= _SHOWN_CHARS_MAX else text[: _SHOWN_CHARS_MAX - 1] + "…"
