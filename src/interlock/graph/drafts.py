"""Drafts: what could be read of a document that may be wrong, and where it could not be read.

What is broken is known by its place, so that whoever goes on with the rest can tell an error from
the echo of one that has been told: a reference to a node that could not be read is no mistake.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from typing import Literal, TypeAlias

from interlock.errors import Diagnostic, DocumentInvalid, SourceMap
from interlock.graph.model import Graph
from interlock.values import Json, Schema, immutable

Form: TypeAlias = Literal["nothing", "lone", "fields"]


class Broken:
    """The places of a document whose values are wrong, and read as absent or unknown."""

    __slots__ = ("_around", "_at")

    def __init__(self, pointers: Iterable[str] = ()) -> None:
        self._at = frozenset(pointers)
        self._around = frozenset(one for pointer in self._at for one in _enclosing(pointer))

    def __bool__(self) -> bool:
        return bool(self._at)

    def at(self, pointer: str) -> bool:
        """Say whether exactly this value is wrong."""
        return pointer in self._at

    def within(self, pointer: str) -> bool:
        """Say whether this value, or a part of it, is wrong."""
        return pointer in self._around

    def below(self, pointer: str) -> Iterator[str]:
        """Give the names directly below a pointer at which something is wrong."""
        for one in self._around:
            parent, _, name = one.rpartition("/")
            if one and parent == pointer:
                yield name.replace("~1", "/").replace("~0", "~")


def _enclosing(pointer: str) -> Iterator[str]:
    """Give a pointer and those of all that contains it."""
    yield pointer
    while pointer:
        pointer = pointer.rpartition("/")[0]
        yield pointer


@immutable()
class Claim:
    """What the author of a graph function says of what it returns.

    Attributes:
        schema: what the outputs are to satisfy.
        form: what is returned: nothing, a single value, or a dict of outputs.
        shown: the annotation, as Python writes it.
    """

    schema: Schema
    form: Form
    shown: str


@immutable()
class Draft:
    """What could be read of a document, with all that is wrong in it.

    `compile` takes a draft, and refuses one that is wrong with everything that can be known about
    it at once.

    Attributes:
        graph: what could be read. Of a document that is wrong it has holes: it is fit for finding
            further problems and for nothing else. None when nothing could be read.
        diagnostics: all problems of the document, warnings included.
        broken: where the holes are.
        source: knows the place of every value of `tree`; None when there is no text.
        tree: the document as data.
        claims: what authors say of the outputs, by the pointers of the graphs.
    """

    graph: Graph | None
    diagnostics: tuple[Diagnostic, ...] = ()
    broken: Broken = field(default_factory=Broken)
    source: SourceMap | None = None
    tree: Json = None
    claims: Mapping[str, Claim] = field(default_factory=dict[str, Claim])

    @property
    def is_valid(self) -> bool:
        """Whether the document is right, as far as it can be told without its actions."""
        return self.graph is not None and not any(
            one.severity == "error" for one in self.diagnostics
        )

    def whole(self) -> Graph:
        """Give the graph of a document that is right.

        Raises:
            DocumentInvalid: it is not; with all problems.
        """
        if self.graph is None or not self.is_valid:
            raise DocumentInvalid(self.diagnostics, self.source)
        return self.graph
