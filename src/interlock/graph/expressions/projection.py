"""Whole lists without the engine: `a.items.map(x, x.id)` and `size(a.items)`.

The engine takes quadratic time for a `map` and ends at 9,999 items; a list may have many more, as
the results of a `map` node do. These forms mean what they mean in CEL, which a test checks.
"""

import re
from collections.abc import Callable

from interlock.errors import ExpressionFailed
from interlock.graph.expressions.evaluation import ABSENT_HINT, not_a_list, shortened
from interlock.graph.expressions.paths import (
    Scope,
    getter,
    kind_text,
    obstacle,
    read_path,
)
from interlock.graph.expressions.references import Chain
from interlock.values import Json

_MAP = re.compile(r"(?P<list>.+)\.map\((?P<name>[^,]+),(?P<item>.+)\)", re.DOTALL)
_SIZE = re.compile(r"size\((?P<path>.+)\)", re.DOTALL)


def read_projection(source: str) -> Callable[[Scope], Json] | None:
    """Make the function that evaluates one of the two forms; None for all other sources.

    The source must be valid CEL.
    """
    text = source.strip()
    if found := _MAP.fullmatch(text):
        path, name, item = (read_path(found[group]) for group in ("list", "name", "item"))
        if path and name and item and not name.steps and path.name != name.name == item.name:
            return _projector(source, path, item)
    elif found := _SIZE.fullmatch(text):
        path = read_path(found["path"])
        return path and _sizer(source, path)
    return None


def _projector(source: str, path: Chain, item: Chain) -> Callable[[Scope], Json]:
    read_list, read_item = _reader(source, path), getter(item.name, item.steps)

    def evaluate(scope: Scope) -> Json:
        values = read_list(scope)
        if not isinstance(values, list):
            raise not_a_list(source, kind_text(values).split()[-1])
        results: list[Json] = [None] * len(values)
        for at, value in enumerate(values):
            try:
                results[at] = read_item({item.name: value})
            except ExpressionFailed:
                told = obstacle(item.name, item.steps, {item.name: value})
                raise _failed(source, f"in item [{at}], {told}") from None
        return results

    return evaluate


def _sizer(source: str, path: Chain) -> Callable[[Scope], Json]:
    read = _reader(source, path)

    def evaluate(scope: Scope) -> Json:
        value = read(scope)
        if isinstance(value, (list, dict, str)):
            return len(value)
        kind = kind_text(value).split()[-1]
        raise ExpressionFailed(
            f"`{shortened(source)}`: `size` does not work on {kind}",
            hint="read the size of a list, an object or a string",
        )

    return evaluate


def _reader(source: str, path: Chain) -> Callable[[Scope], Json]:
    """Make a getter whose failures name the whole source."""
    read = getter(path.name, path.steps)

    def read_or_fail(scope: Scope) -> Json:
        try:
            return read(scope)
        except ExpressionFailed:
            raise _failed(source, obstacle(path.name, path.steps, scope)) from None

    return read_or_fail


def _failed(source: str, told: str | None) -> ExpressionFailed:
    return ExpressionFailed(f"`{shortened(source)}`: {told}", hint=ABSENT_HINT)
