"""Spelling: from the text of a document back to Python, where both say exactly the same.

A source is read with a small grammar: paths, constants and operators. Whatever that cannot read,
or would not be written the same way again, stays text in `cel(...)` or `verbatim(...)`.
"""

import json
import keyword
import re
from collections.abc import Callable, Sequence
from typing import TypeAlias, cast

from interlock.errors import ValueRefused
from interlock.graph.expressions import Template, parse_template
from interlock.graph.trace import terms
from interlock.graph.trace.terms import Step, Term
from interlock.graph.trace.texts import template_text, value_text
from interlock.values import Json, immutable

# Gives the Python of a path, by its root and steps; None where there is no such variable.
Name: TypeAlias = Callable[[str, tuple[Step, ...]], str | None]

# How tightly Python binds, from loose to tight.
COMPARISON, OR, AND, SUM, PRODUCT, UNARY, ATOM = range(7)

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?)
    |(?P<text>"(?:[^"\\]|\\.)*")
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<sign>&&|\|\||[=!<>]=|[-+*/%<>!()]))""",
    re.VERBOSE,
)
_STEP = re.compile(
    r"""\.(?P<field>[A-Za-z_][A-Za-z0-9_]*)|\[(?P<index>[0-9]{1,9})\]|\["(?P<key>[^"\\]*)"\]"""
)
_SIGNS: dict[str, tuple[str, int]] = {
    "||": ("|", OR),
    "&&": ("&", AND),
    **{sign: (sign, COMPARISON) for sign in ("==", "!=", "<", "<=", ">", ">=")},
    "+": ("+", SUM),
    "-": ("-", SUM),
    "*": ("*", PRODUCT),
    "/": ("/", PRODUCT),
    "%": ("%", PRODUCT),
}
# The operators of CEL, from loose to tight.
_LEVELS = (("||",), ("&&",), ("==", "!=", "<=", ">=", "<", ">"), ("+", "-"), ("*", "/", "%"))
_DEPTH_MAX = 32  # CEL reads no deeper either.
_CONSTANTS: dict[str, Json] = {"true": True, "false": False, "null": None}


class NotSpelled(Exception):
    """The source has no Python that would be written back the same."""


@immutable()
class Spelled:
    """A part of an expression: its Python, and the term that this Python would build."""

    python: str
    level: int
    term: Term
    is_reference: bool

    def at_least(self, level: int) -> str:
        """The Python, in parentheses where it binds less than `level`."""
        return self.python if self.level >= level else f"({self.python})"


def spell(source: str, name: Name) -> str | None:
    """Write a source as Python that builds it again; None where there is none."""
    try:
        found = _Reader(source, name).read()
    except NotSpelled:
        return None
    return found.python if found.is_reference and found.term.text == source else None


class _Reader:
    """Reads a source from left to right."""

    def __init__(self, source: str, name: Name) -> None:
        self.source = source
        self.name = name
        self.at = 0
        self.depth = 0

    def read(self) -> Spelled:
        found = self._binary(0)
        if self.source[self.at :].strip():
            raise NotSpelled
        return found

    def _next(self) -> re.Match[str] | None:
        return _TOKEN.match(self.source, self.at)

    def _take(self, signs: Sequence[str]) -> str | None:
        found = self._next()
        if found is None or found["sign"] not in signs:
            return None
        self.at = found.end()
        return found["sign"]

    def _binary(self, level: int) -> Spelled:
        if level == len(_LEVELS):
            return self._unary()
        left = self._binary(level + 1)
        while (sign := self._take(_LEVELS[level])) is not None:
            left = _joined(sign, left, self._binary(level + 1))
        return left

    def _unary(self) -> Spelled:
        self.depth += 1
        if self.depth > _DEPTH_MAX:
            raise NotSpelled
        found = self._signed()
        self.depth -= 1
        return found

    def _signed(self) -> Spelled:
        sign = self._take(("!", "-"))
        if sign is None:
            return self._atom()
        inner = self._unary()
        if not inner.is_reference:
            return _negative(sign, inner)
        return Spelled(
            python=f"{'~' if sign == '!' else '-'}{inner.at_least(UNARY)}",
            level=UNARY,
            term=terms.unary(sign, inner.term),
            is_reference=True,
        )

    def _atom(self) -> Spelled:
        found = self._next()
        if found is None:
            raise NotSpelled
        self.at = found.end()
        if found["sign"] == "(":
            inner = self._binary(0)
            if self._take((")",)) is None:
                raise NotSpelled
            return inner
        if found["number"] is not None or found["text"] is not None:
            return _constant(_value(found["number"] or found["text"]))
        if found["name"] in _CONSTANTS:
            return _constant(_CONSTANTS[found["name"]])
        if found["name"] is None:
            raise NotSpelled
        return self._path(found["name"])

    def _path(self, root: str) -> Spelled:
        steps: list[Step] = []
        while (found := _STEP.match(self.source, self.at)) is not None:
            self.at = found.end()
            index = found["index"]
            steps.append(int(index) if index is not None else found["field"] or found["key"])
        python = self.name(root, tuple(steps))
        if python is None:
            raise NotSpelled
        text = terms.steps_text(root, steps)
        return Spelled(python=python, level=ATOM, term=Term((text,)), is_reference=True)


def _joined(sign: str, left: Spelled, right: Spelled) -> Spelled:
    python, level = _SIGNS[sign]
    constant = not left.is_reference
    # Python would turn `3 < x` into `x > 3`, and give `"..." % x` a meaning of its own.
    swapped = constant and (level == COMPARISON or sign == "%")
    if swapped or (constant and not right.is_reference):
        raise NotSpelled
    before = left.at_least(level + 1 if level == COMPARISON else level)
    return Spelled(
        python=f"{before} {python} {right.at_least(level + 1)}",
        level=level,
        term=terms.binary(sign, left.term, right.term),
        is_reference=True,
    )


def _constant(value: Json) -> Spelled:
    try:
        term = terms.literal(value)
    except ValueRefused as error:
        raise NotSpelled from error
    level = UNARY if term.level < terms.Level.ATOM else ATOM
    return Spelled(python=literal(value), level=level, term=term, is_reference=False)


def _negative(sign: str, inner: Spelled) -> Spelled:
    text = inner.term.text
    if sign != "-" or not text[0].isdigit():
        raise NotSpelled
    return _constant(_value(f"-{text}"))


def _value(text: str) -> Json:
    try:
        return cast(Json, json.loads(text))
    except ValueError as error:  # escapes that JSON does not have
        raise NotSpelled from error


# --- Python


def steps_python(variable: str, steps: Sequence[Step]) -> str:
    """Write a path behind a variable."""
    text = variable
    for step in steps:
        text += f".{step}" if isinstance(step, str) and is_name(step) else f"[{literal(step)}]"
    return text


def is_name(word: str) -> bool:
    """Whether Python takes a word for a name, as it is, and leaves it to us."""
    # Python reads other letters as their plainest form, which may be another name.
    plain = word.isascii() and word.isidentifier() and not word.startswith("_")
    return plain and not keyword.iskeyword(word)


def literal(value: Json) -> str:
    """Write JSON data as Python."""
    match value:
        case dict():
            inner = ", ".join(f"{literal(key)}: {literal(part)}" for key, part in value.items())
            return f"{{{inner}}}"
        case list():
            return f"[{', '.join(literal(part) for part in value)}]"
        case str():
            quote = "'" if '"' in value and "'" not in value else '"'
            return f"{quote}{_inside(value, quote)}{quote}"
        case _:
            return repr(value)


def _inside(text: str, quote: str = '"') -> str:
    """Write text inside of quotes."""
    found = json.dumps(text, ensure_ascii=False)[1:-1]
    if quote == "'":
        found = found.replace('\\"', '"').replace("'", "\\'")
    return "".join(char if char.isprintable() else _escape(char) for char in found)


def _escape(char: str) -> str:
    return f"\\u{ord(char):04x}" if ord(char) < 1 << 16 else f"\\U{ord(char):08x}"


# --- values with expressions


def value_python(tree: Json, name: Name) -> str:
    """Write a template as Python that is written back the same."""
    match tree:
        case dict():
            entries = (f"{literal(key)}: {value_python(part, name)}" for key, part in tree.items())
            return f"{{{', '.join(entries)}}}"
        case list():
            return f"[{', '.join(value_python(part, name) for part in tree)}]"
        case str():
            return _text_python(tree, name)
        case _:
            return literal(tree)


def expression_python(source: str, name: Name) -> str:
    """Write an expression as Python."""
    return spell(source, name) or f"cel({literal(source)})"


def _text_python(text: str, name: Name) -> str:
    if "${{" not in text:
        return literal(text)
    parsed = parse_template(text)
    pieces = _pieces(text, parsed) if isinstance(parsed, Template) else []
    if len(pieces) == 1 and isinstance(pieces[0], Term) and value_text(pieces[0], _plain) == text:
        return expression_python(pieces[0].text, name)
    for candidate in (pieces[:-1], pieces):
        found = _f_string(candidate, name)
        if candidate and found is not None and template_text(tuple(candidate), _plain) == text:
            return found
    return f"verbatim({literal(text)})"


def _plain(term: Term) -> str:
    return term.text


def _pieces(text: str, parsed: Template) -> list[str | Term]:
    """Split text into literals and the sources between them."""
    found: list[str | Term] = []
    at = 0
    for placed in parsed.placed:
        start, end = placed.span
        found += _literal_piece(found, text[at : start - len("${{")])
        source = text[start:end].strip()
        dollars = re.fullmatch(r'"(\$+)"', source)
        # A `$` before an expression is written as an expression.
        if dollars:
            found += _literal_piece(found, dollars[1])
        else:
            found.append(Term((source,)))
        at = end + len("}}")
    return [*found, *_literal_piece(found, text[at:])]


def _literal_piece(before: list[str | Term], text: str) -> list[str | Term]:
    """Add literal text, joined to literal text right before it."""
    text = text.replace("$${{", "${{")
    if text and before and isinstance(before[-1], str):
        return [f"{before.pop()}{text}"]
    return [text] if text else []


def _f_string(pieces: Sequence[str | Term], name: Name) -> str | None:
    """Write an f-string, if Python's rules for quotes inside of one allow it."""
    sources = [
        expression_python(piece.text, name) if isinstance(piece, Term) else None for piece in pieces
    ]
    inside = "".join(source for source in sources if source is not None)
    if not inside:
        return literal("".join(str(piece) for piece in pieces))
    quote = "'" if '"' in inside else '"'
    if quote in inside or "\\" in inside:
        return None
    found = "".join(
        f"{{{source}}}" if source is not None else _literal_text(str(piece), quote)
        for piece, source in zip(pieces, sources, strict=True)
    )
    return f"f{quote}{found}{quote}"


def _literal_text(text: str, quote: str) -> str:
    return _inside(text, quote).replace("{", "{{").replace("}", "}}")
