"""Plain paths, such as `image.ref` or `docs["x-y"].pages[0]`: read without any engine.

Most expressions are plain paths. They mean what they mean in CEL, which a test checks.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from interlock.errors import ExpressionFailed
from interlock.graph.expressions.references import Chain, Step
from interlock.values import Json

Scope: TypeAlias = Mapping[str, Json]

_RESERVED = """
    as break const continue else for function if import let loop namespace package return var void
    while
"""
_TYPE_NAMES = """
    bool bytes double dyn google int list map null_type optional_type string type uint
"""

BLANK = " \t\r\n\f"
KEYWORDS = frozenset({"false", "in", "null", "true"})
RESERVED = frozenset(_RESERVED.split())
TYPE_NAMES = frozenset(_TYPE_NAMES.split())
_NO_ROOTS = KEYWORDS | RESERVED | TYPE_NAMES
# CEL's parser goes no deeper than this many steps; so a longer path is left to its message.
STEPS_MAX = 31
FIELDS_SHOWN_MAX = 10

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_ROOT = re.compile(_NAME)
# Most paths are a name and fields behind dots; they are read at once.
_FIELDS = re.compile(rf"([{BLANK}]*)({_NAME})((?:\.{_NAME})*)[{BLANK}]*")
_HYPHENED = re.compile(rf"({_NAME}(?:\.{_NAME})*)\.({_NAME}(?:-[A-Za-z0-9_]+)+)")
_STEP = re.compile(
    rf"(?:\.(?P<mark>\?)?(?P<field>{_NAME})"
    r"|\[(?P<index>0|[1-9][0-9]{0,17})\]"
    r"|\['(?P<single>[^'\\\r\n\ud800-\udfff]*)'\]"
    r'|\["(?P<double>[^"\\\r\n\ud800-\udfff]*)"\])'
)


def read_path(source: str) -> Chain | None:
    """Read a source that is a plain path as a whole; anything else is for CEL."""
    usual = _FIELDS.fullmatch(source)
    if usual is not None:
        root, fields = usual.group(2, 3)
        if fields:
            return _read_fields(usual)
        return None if root in _NO_ROOTS else Chain(root, (), usual.span(2))
    start = len(source) - len(source.lstrip(BLANK))
    root = _ROOT.match(source, start)
    if root is None or root[0] in _NO_ROOTS:
        return None
    steps: list[Step] = []
    end = root.end()
    while (found := _STEP.match(source, end)) is not None and found["mark"] is None:
        step = _step(found)
        if step in KEYWORDS and found["field"] is not None:
            return None
        steps.append(step)
        end = found.end()
    if end != len(source.rstrip(BLANK)) or len(steps) > STEPS_MAX:
        return None
    return Chain(root[0], tuple(steps), (start, end))


def _read_fields(found: re.Match[str]) -> Chain | None:
    root, fields = found.group(2, 3)
    steps = tuple(fields[1:].split(".")) if fields else ()
    if root in _NO_ROOTS or len(steps) > STEPS_MAX or not KEYWORDS.isdisjoint(steps):
        return None
    return Chain(root, steps, (found.end(1), found.end(3)))


def extent(source: str, start: int, path: tuple[Step, ...]) -> tuple[int, int]:
    """Mark a root and as many of its steps as are written behind it, `.?` included."""
    root = _ROOT.match(source, start)
    end = root.end() if root is not None else start
    for step in path:
        found = _STEP.match(source, end)
        if found is None or _step(found) != step:
            break
        end = found.end()
    return (start, end)


def _step(found: re.Match[str]) -> Step:
    # The last group that took part: `field` comes after `mark`.
    kind = found.lastgroup or "field"
    return int(found[kind]) if kind == "index" else found[kind]


def getter(root: str, steps: tuple[Step, ...]) -> Callable[[Scope], Json]:
    """Make the function that reads a path from a scope.

    It returns the value itself, not a copy, and raises `ExpressionFailed` where CEL would fail.
    """
    if not steps:
        return _by_name(root)
    return _by_names_and_indexes(root, steps) if int in map(type, steps) else _by_names(root, steps)


def _by_name(root: str) -> Callable[[Scope], Json]:
    def get(scope: Scope) -> Json:
        try:
            return scope[root]
        except KeyError:
            raise path_failed(root, (), scope) from None

    return get


def _by_names(root: str, steps: tuple[Step, ...]) -> Callable[[Scope], Json]:
    def get(scope: Mapping[str, Any]) -> Json:
        try:
            value = scope[root]
            for step in steps:
                value = value[step]
        except (KeyError, TypeError, IndexError):
            raise path_failed(root, steps, scope) from None
        return value

    return get


def _by_names_and_indexes(root: str, steps: tuple[Step, ...]) -> Callable[[Scope], Json]:
    def get(scope: Mapping[str, Any]) -> Json:
        try:
            value = scope[root]
            for step in steps:
                # A string has indexes in Python and none in CEL.
                if isinstance(step, int) and not _is_list(value):
                    raise path_failed(root, steps, scope)
                value = value[step]
        except (KeyError, TypeError, IndexError):
            raise path_failed(root, steps, scope) from None
        return value

    return get


def _is_list(value: object) -> bool:
    return type(value) is list


def path_failed(root: str, steps: tuple[Step, ...], scope: Scope) -> ExpressionFailed:
    """Say why a path cannot be read from a scope."""
    told = obstacle(root, steps, scope) or "it cannot be read"
    return ExpressionFailed(f"`{path_text(root, steps)}`: {told}", hint=_HINT)


_HINT = "where a field may be absent, test it with `has(a.b)` or read it with `a.?b.orValue(…)`"


def obstacle(root: str, steps: tuple[Step, ...], scope: Scope) -> str | None:
    """Find the first step of a path that cannot be taken; None when all can."""
    if root not in scope:
        return f"`{root}` has no value here"
    value = scope[root]
    for count, step in enumerate(steps):
        before = path_text(root, steps[:count])
        if isinstance(value, dict) and isinstance(step, str):
            if step not in value:
                return f"no such field `{step}`; {fields_text(tuple(value))}"
            value = value[step]
        elif isinstance(value, list) and isinstance(step, int):
            if step >= len(value):
                return f"`{before}` has {len(value)} items, so there is no [{step}]"
            value = value[step]
        else:
            wanted = f"field `{step}`" if isinstance(step, str) else f"index [{step}]"
            return f"`{before}` is {kind_text(value)}, which has no {wanted}"
    return None


def path_text(root: str, steps: tuple[Step, ...]) -> str:
    """Write a path as an author would: `a.b[0]["x-y"]`."""
    return root + "".join(_step_text(step) for step in steps)


def hyphen_hint(source: str, at: int) -> str | None:
    """Say how to read a field with hyphens, where it seems to be a subtraction.

    Args:
        source: the expression, such as `page.headers.content-type`.
        at: the place of a hyphen in it, or of the name behind one.
    """
    for found in _HYPHENED.finditer(source):
        if found.start(2) < at < found.end():
            return f"`-` subtracts; to read a field write `{found[1]}['{found[2]}']`"
    return None


def _step_text(step: Step) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    if _ROOT.fullmatch(step) and step not in KEYWORDS:
        return f".{step}"
    return f'["{step}"]' if '"' not in step else f"['{step}']"


def fields_text(fields: tuple[str, ...]) -> str:
    """List the fields that there are, for a message."""
    if not fields:
        return "there are none"
    shown = ", ".join(str(each) for each in sorted(fields, key=str)[:FIELDS_SHOWN_MAX])
    more = len(fields) - FIELDS_SHOWN_MAX
    return f"there are: {shown} and {more} more" if more > 0 else f"there are: {shown}"


def kind_text(value: object) -> str:
    """Name the kind of a value, with its article."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int():
            return "an integer"
        case float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "a list"
        case dict():
            return "an object"
        case _:
            return f"a Python {type(value).__name__}"
