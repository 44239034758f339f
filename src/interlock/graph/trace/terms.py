"""Terms: CEL being written, with the places where it reads something.

A term is text with paths in it. Parentheses are decided when terms are joined; names are decided
when the text is written, since a value of an outer graph has another name inside a body.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Literal, Protocol, TypeAlias

from interlock.graph.expressions import path_text
from interlock.values import Json, NodeId, encode

Step: TypeAlias = str | int
Kind = Literal["inputs", "node", "nodes", "local"]


class Level(IntEnum):
    """How tightly a term binds; the operators of CEL, from loose to tight."""

    CHOICE = 0
    OR = 1
    AND = 2
    RELATION = 3
    SUM = 4
    PRODUCT = 5
    UNARY = 6
    ATOM = 7


class Owner(Protocol):
    """The trace of one graph, as far as a path knows it."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Path:
    """What is read: a root of a graph and constant steps.

    Attributes:
        owner: the trace of the graph that has the root.
        kind: `node` is the output of `root`, `nodes` its status, output or error; `local` is the
            item of a `map`, `result` or `args`.
        root: the input, the id of the node, or the name.
    """

    owner: Owner
    kind: Kind
    root: str
    steps: tuple[Step, ...] = ()

    def __truediv__(self, step: Step) -> "Path":
        return replace(self, steps=(*self.steps, step))

    @property
    def text(self) -> str:
        """The path in its own graph."""
        if self.kind in ("inputs", "nodes"):
            return steps_text(self.kind, (self.root, *self.steps))
        return steps_text(self.root, self.steps)

    @property
    def node(self) -> NodeId | None:
        """The node that is read, for `node` and `nodes`."""
        return NodeId(self.root) if self.kind in ("node", "nodes") else None


Piece: TypeAlias = str | Path


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """A part of an expression."""

    pieces: tuple[Piece, ...]
    level: Level = Level.ATOM

    @property
    def path(self) -> Path | None:
        """The path, when the term is nothing else."""
        only = self.pieces[0] if len(self.pieces) == 1 else None
        return only if isinstance(only, Path) else None

    def write(self, name: Callable[[Path], str]) -> str:
        """Write the text; `name` gives the text of a path."""
        return "".join(piece if isinstance(piece, str) else name(piece) for piece in self.pieces)

    @property
    def text(self) -> str:
        """The text with each path as in its own graph, for messages."""
        return self.write(lambda path: path.text)

    def at_least(self, level: Level) -> tuple[Piece, ...]:
        """The pieces, in parentheses where the term binds less than `level`."""
        return self.pieces if self.level >= level else ("(", *self.pieces, ")")


def steps_text(root: str, steps: Sequence[Step]) -> str:
    """Write a path, with quotes that hold whatever a step is."""
    text = root
    for step in steps:
        plain = isinstance(step, int) or not set(step) & set("\\'\"\r\n")
        text += path_text("", (step,)) if plain else f"[{quoted(str(step))}]"
    return text


def quoted(text: str) -> str:
    """Write a string of CEL."""
    return json.dumps(text, ensure_ascii=False)


def literal(value: Json) -> Term:
    """Write a constant.

    Raises:
        ValueRefused: it is not JSON data in the domain.
    """
    encode(value)
    return _literal(value)


def _literal(value: Json) -> Term:
    match value:
        case dict():
            return table({key: _literal(part) for key, part in value.items()})
        case list():
            return sequence([_literal(part) for part in value])
        case str():
            return Term((quoted(value),))
        case bool() | None:
            return Term((json.dumps(value),))
        case _:
            text = repr(value)
            return Term((text,), Level.UNARY if text.startswith("-") else Level.ATOM)


def sequence(parts: Sequence[Term]) -> Term:
    """Write a list."""
    return Term(("[", *_joined([part.pieces for part in parts]), "]"))


def table(parts: Mapping[str, Term]) -> Term:
    """Write an object."""
    entries = [(f"{quoted(key)}: ", *part.pieces) for key, part in parts.items()]
    return Term(("{", *_joined(entries), "}"))


def _joined(parts: Sequence[tuple[Piece, ...]]) -> list[Piece]:
    found: list[Piece] = []
    for part in parts:
        found += [", ", *part] if found else part
    return found


# --- operators

LEVELS: dict[str, Level] = {
    "||": Level.OR,
    "&&": Level.AND,
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">=", "in"), Level.RELATION),
    **dict.fromkeys(("+", "-"), Level.SUM),
    **dict.fromkeys(("*", "/", "%"), Level.PRODUCT),
}


def binary(sign: str, left: Term, right: Term) -> Term:
    """Join two terms; all operators of CEL group from the left."""
    level = LEVELS[sign]
    # CEL takes `a < b < c` for `(a < b) < c`: who means that gets the parentheses too.
    tighter = Level(level + 1)
    before = left.at_least(tighter if level is Level.RELATION else level)
    return Term((*before, f" {sign} ", *right.at_least(tighter)), level)


def unary(sign: str, term: Term) -> Term:
    """Write `!a` or `-a`."""
    return Term((sign, *term.at_least(Level.ATOM)), Level.UNARY)


def choice(condition: Term, then: Term, otherwise: Term) -> Term:
    """Write `a ? b : c`."""
    pieces = (
        *condition.at_least(Level.OR),
        " ? ",
        *then.at_least(Level.OR),
        " : ",
        *otherwise.pieces,
    )
    return Term(pieces, Level.CHOICE)


def member(target: Term, field: str) -> Term:
    """Write `a.field` of what is no plain path."""
    return Term((*target.at_least(Level.ATOM), path_text("", (field,))))


def element(target: Term, index: Term) -> Term:
    """Write `a[index]`."""
    return Term((*target.at_least(Level.ATOM), "[", *index.pieces, "]"))


def call(name: str, arguments: Sequence[Term], *, target: Term | None = None) -> Term:
    """Write `name(a, b)` or `target.name(a, b)`."""
    before = () if target is None else (*target.at_least(Level.ATOM), ".")
    inside = _joined([argument.pieces for argument in arguments])
    return Term((*before, f"{name}(", *inside, ")"))
