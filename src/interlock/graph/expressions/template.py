"""Templates: JSON data with `${{ }}` in its strings."""

import re
from collections.abc import Callable
from dataclasses import field, replace
from functools import lru_cache
from typing import NamedTuple, TypeAlias, final

from interlock.errors import Diagnostic, ExpressionFailed
from interlock.graph.expressions.evaluation import shortened
from interlock.graph.expressions.expression import Expression, parse_expression, parse_path
from interlock.graph.expressions.paths import Scope, kind_text
from interlock.graph.expressions.references import Reference
from interlock.graph.scan import escape
from interlock.values import DEPTH_MAX, Json, ObjectForm, canonical, immutable

_OPEN, _CLOSE, _ESCAPED = "${{", "}}", "$${{"
_MARK = re.compile(r"['\"{}]")


class Placed(NamedTuple):
    """An expression of a template.

    Attributes:
        pointer: the JSON pointer, inside the template, of the string that holds it.
        span: where its source stands in that string, without `${{` and `}}`.
        whole: whether it is the whole value, and so keeps its type.
    """

    pointer: str
    span: tuple[int, int]
    whole: bool
    expression: Expression

    @property
    def references(self) -> tuple[Reference, ...]:
        """The references, with spans in the string at `pointer`."""
        return tuple(
            each._replace(span=_shifted(each.span, self.span[0]))
            for each in self.expression.references
        )


@final
@immutable(kw_only=False)
class Template:
    """JSON data with expressions in it; made by `parse_template`.

    Attributes:
        tree: the data as it was given.
        placed: its expressions, in the order of the data.
        form: of an object, how its values are encoded.
    """

    tree: Json
    placed: tuple[Placed, ...]
    evaluator: Callable[[Scope], Json] = field(repr=False, compare=False)
    form: ObjectForm | None = field(default=None, repr=False, compare=False)

    @property
    def is_literal(self) -> bool:
        """Whether there is no expression in it, so that it is the same for each scope."""
        return not self.placed

    @property
    def references(self) -> tuple[tuple[str, Reference], ...]:
        """All references, each with the pointer of the string it stands in."""
        return tuple((each.pointer, one) for each in self.placed for one in each.references)

    def expressions(self) -> tuple[Expression, ...]:
        """Return the expressions, in the order of the data."""
        return tuple(each.expression for each in self.placed)

    def evaluate(self, scope: Scope) -> Json:
        """Fill in the expressions. Parts of the result may be parts of the template or scope.

        Raises:
            ExpressionFailed: an expression failed, or null, a list or an object stands inside text.
        """
        return self.evaluator(scope)


Evaluator: TypeAlias = Callable[[Scope], Json]


def parse_template(
    tree: Json, *, names: frozenset[str] = frozenset()
) -> Template | tuple[Diagnostic, ...]:
    """Compile all expressions in JSON data, or say everything that is wrong with them.

    A string that is one expression keeps the type of its value. Inside text, strings stand as they
    are, numbers and booleans as canonical JSON. `$${{` stands for `${{`.

    Returns:
        The template, or diagnostics with pointers into `tree` and spans in the strings there.
    """
    reader = _Reader(names)
    part = reader.read(tree, "", 0)
    if reader.problems:
        return tuple(reader.problems)
    form = _form_of(tuple(tree)) if isinstance(tree, dict) else None
    return Template(tree, tuple(reader.placed), part or _constant(tree), form)


@lru_cache(maxsize=1024)
def _form_of(keys: tuple[str, ...]) -> ObjectForm:
    return ObjectForm(keys)


_Part: TypeAlias = Evaluator | None
"""How a part of the data is evaluated; None where it stands for itself."""


def _constant(value: Json) -> Evaluator:
    return lambda _: value


class _Reader:
    """Goes over the data once; a part without expressions is not looked at again."""

    def __init__(self, names: frozenset[str]) -> None:
        self.placed: list[Placed] = []
        self.problems: list[Diagnostic] = []
        self._names = names

    def read(self, tree: Json, pointer: str, depth: int) -> _Part:
        if depth > DEPTH_MAX:
            self.problems.append(_too_deep(pointer))
            return None
        if isinstance(tree, str):
            return self._text(tree, pointer)
        if isinstance(tree, dict):
            return self._object(tree, pointer, depth)
        if isinstance(tree, list):
            parts = [self.read(each, f"{pointer}/{at}", depth + 1) for at, each in enumerate(tree)]
            return _list_part(tree, parts) if any(parts) else None
        return None

    def _object(self, tree: dict[str, Json], pointer: str, depth: int) -> _Part:
        members: list[tuple[str, Evaluator]] = []
        is_literal = True
        for key, value in tree.items():
            below = f"{pointer}/{escape(key)}"
            if _OPEN in key:
                self.problems.append(_in_key(key, below))
            part = self.read(value, below, depth + 1)
            is_literal = is_literal and part is None
            members.append((key, part or _constant(value)))
        return None if is_literal else _object_part(members)

    def _text(self, text: str, pointer: str) -> _Part:
        if _OPEN not in text:
            return None
        if text.startswith(_OPEN) and text.endswith(_CLOSE):
            # Most strings are one plain path: its end is not looked for.
            start, end = len(_OPEN), len(text) - len(_CLOSE)
            found = parse_path(text[start:end], names=self._names)
            if found is not None:
                self.placed.append(Placed(pointer, (start, end), True, found))
                return found.evaluator
        pieces: list[str | Expression] = []
        for piece in _pieces(text):
            if isinstance(piece, str):
                pieces.append(piece)
            elif (expression := self._expression(text, piece, pointer)) is not None:
                pieces.append(expression)
        if len(pieces) == 1:
            only = pieces[0]
            return _constant(only) if isinstance(only, str) else only.evaluator
        return _text_part(tuple(pieces))

    def _expression(self, text: str, span: tuple[int, int], pointer: str) -> Expression | None:
        start, end = span
        if end < 0:
            self.problems.append(_unclosed(pointer, start, len(text)))
            return None
        parsed = parse_expression(text[start:end], names=self._names)
        if isinstance(parsed, Expression):
            whole = start == len(_OPEN) and end == len(text) - len(_CLOSE)
            self.placed.append(Placed(pointer, span, whole, parsed))
            return parsed
        for problem in parsed:
            inner = _shifted(problem.span or (0, end - start), start)
            self.problems.append(replace(problem, pointer=pointer, span=inner))
        return None


def _list_part(tree: list[Json], parts: list[_Part]) -> Evaluator:
    evaluators = [part or _constant(one) for one, part in zip(tree, parts, strict=True)]
    return lambda scope: [evaluate(scope) for evaluate in evaluators]


def _object_part(members: list[tuple[str, Evaluator]]) -> Evaluator:
    return lambda scope: {key: evaluate(scope) for key, evaluate in members}


def _text_part(pieces: tuple[str | Expression, ...]) -> Evaluator:
    def evaluate(scope: Scope) -> Json:
        return "".join(
            piece if isinstance(piece, str) else _as_text(piece, piece.evaluator(scope))
            for piece in pieces
        )

    return evaluate


def _as_text(expression: Expression, value: Json) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, (bool, int, float)):
        return canonical(value).decode()
    raise ExpressionFailed(
        f"`{shortened(expression.source)}` is {kind_text(value)}, which has no form inside text",
        hint="pass it as a value of its own, or pick what should stand in the text",
    )


def _pieces(text: str) -> list[str | tuple[int, int]]:
    """Split a string into text and the spans of sources; an end of -1: no `}}`."""
    pieces: list[str | tuple[int, int]] = []
    literal, at = "", 0
    while (found := text.find(_OPEN, at)) >= 0:
        if text.startswith(_ESCAPED, found - 1) and found > at:
            literal += text[at : found - 1] + _OPEN
            at = found + len(_OPEN)
            continue
        literal += text[at:found]
        pieces += [literal] if literal else []
        literal, start = "", found + len(_OPEN)
        end = _end_of_source(text, start)
        pieces.append((start, end))
        at = end + len(_CLOSE) if end >= 0 else len(text)
    literal += text[at:]
    return [*pieces, literal] if literal or not pieces else pieces


def _end_of_source(text: str, start: int) -> int:
    """Find the `}}` that ends a source: not inside quotes, nor one that closes CEL's own braces."""
    at, depth = start, 0
    while (found := _MARK.search(text, at)) is not None:
        at, char = found.start(), found[0]
        if char in "'\"":
            at = _end_of_string(text, at)
            continue
        if char == "}" and depth == 0:
            return at if text.startswith(_CLOSE, at) else -1
        depth += (char == "{") - (char == "}")
        at += 1
    return -1


def _end_of_string(text: str, at: int) -> int:
    """Return the offset after a string of CEL, which may be raw or have three quotes."""
    quote = text[at] * 3 if text.startswith(text[at] * 3, at) else text[at]
    raw = text[at - 1 : at] in ("r", "R")
    at += len(quote)
    while at < len(text) and not text.startswith(quote, at):
        at += 2 if text[at] == "\\" and not raw else 1
    return at + len(quote)


def _shifted(span: tuple[int, int], by: int) -> tuple[int, int]:
    return (span[0] + by, span[1] + by)


def _unclosed(pointer: str, start: int, end: int) -> Diagnostic:
    return Diagnostic(
        code="IL2211",
        message="`${{` has no `}}` that ends it",
        hint="add `}}`, or write `$${{` where the characters themselves are meant",
        pointer=pointer,
        span=(start - len(_OPEN), end),
    )


def _in_key(key: str, pointer: str) -> Diagnostic:
    return Diagnostic(
        code="IL2212",
        message=f"the key `{shortened(key)}` holds `${{{{`, but keys are taken as they are",
        hint="build the object in one expression: ${{ {name: value} }}",
        pointer=pointer,
        on_key=True,
    )


def _too_deep(pointer: str) -> Diagnostic:
    return Diagnostic(
        code="IL2213",
        message=f"the value is nested deeper than {DEPTH_MAX} levels",
        hint="make it flatter, or compute it in an action",
        pointer=pointer,
    )
