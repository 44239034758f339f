"""One graph being traced: what it has so far, and the values of outer graphs that it captures."""

import re
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol, cast

from interlock.actions import AnyAction
from interlock.errors import UsageError
from interlock.graph.drafts import Claim
from interlock.graph.identifiers import free_id
from interlock.graph.model import AnyNode, Graph
from interlock.graph.schemas import without_subject
from interlock.graph.trace import terms
from interlock.graph.trace.callers import Caller, Callers
from interlock.graph.trace.literals import shown
from interlock.graph.trace.markers import Markers
from interlock.graph.trace.references import TracedReference, operand, term_of
from interlock.graph.trace.terms import Path, Term
from interlock.values import NodeId, Schema, select


class Block(Protocol):
    """A block of a graph, such as `with when(c):`."""

    entered: bool


class Tracing:
    """What is known of a graph while its function runs.

    Attributes:
        parent: the trace of the graph around this one, whose values may be captured. Markers and
            callers are shared with it.
        inputs: the inputs, with those that carry captured values.
        captures: by input, what of an outer graph it carries.
        actions: the actions that are used, in this graph and in its bodies.
        places: by node, where it was written.
        claims: by graph, what its function is annotated to return.
        items: the names that `map` nodes use for their items.
        conditions: those of the `with when(...)` blocks around what is traced now.
        quiet: what is evaluated now and may hold expressions only; None in the graph itself.
        schemas: by node, what is known of its output.
        local_names: by the id of a graph function, its name among `graphs`.
        blocks: what was made by `when`, entered or not.
    """

    def __init__(self, name: str, *, parent: "Tracing | None" = None) -> None:
        self.name = name
        self.parent = parent
        self.markers: Markers = parent.markers if parent is not None else Markers()
        self.callers: Callers = parent.callers if parent is not None else Callers()
        self.inputs: dict[str, Schema] = {}
        self.captures: dict[str, Path] = {}
        self.nodes: dict[NodeId, AnyNode] = {}
        self.graphs: dict[str, Graph] = {}
        self.actions: list[AnyAction] = []
        self.places: dict[str, Caller] = {}
        self.claims: dict[str, Claim] = {}
        self.items: set[str] = set()
        self.conditions: list[Term] = []
        self.quiet: str | None = None
        self.schemas: dict[str, Callable[[], Schema]] = {}
        self.local_names: dict[int, str] = {}
        self.blocks: list[Block] = []
        self._seen: set[str] = set()

    # --- references

    def reference(self, path: Path) -> TracedReference:
        """Make the reference to a path."""
        return TracedReference(Term((path,)), self.markers)

    def input(self, name: str) -> TracedReference:
        """Make the reference to an input."""
        return self.reference(Path(owner=self, kind="inputs", root=name))

    def local(self, name: str) -> TracedReference:
        """Make the reference to a name that only some expressions know: an item, `result`."""
        return self.reference(Path(owner=self, kind="local", root=name))

    def node_path(self, value: object, *, use: str) -> Path:
        """Give the path of a reference that reads the output of a node.

        Raises:
            UsageError: the value is no such reference.
        """
        path = term_of(value).path if isinstance(value, TracedReference) else None
        if path is None or path.kind != "node":
            raise UsageError(
                f"{use} takes what an action or a graph returned, not {shown(value)}",
                hint="give it the variable that the call was assigned to",
                code="IL1153",
            )
        return path

    def node_of(self, value: object, *, use: str) -> NodeId:
        """Give the node of this graph whose output a reference reads.

        Raises:
            UsageError: the value is no such reference, or one of another graph.
        """
        path = self.node_path(value, use=use)
        if path.owner is not self:
            raise UsageError(
                f"{use} names `{path.root}` of graph `{path.owner.name}`, but nodes wait for"
                f" nodes of their own graph `{self.name}`",
                hint=f"say it on the node of `{path.owner.name}` that runs this graph",
                code="IL1154",
            )
        return NodeId(path.root)

    # --- text

    def term(self, value: object) -> Term:
        """Give the term of a reference or constant."""
        return operand(value, self.markers)

    def source(self, text: str) -> Term:
        """Give the term of CEL that the author wrote, perhaps with references in an f-string."""
        pieces: list[str | Path] = []
        for piece in self.markers.split(text.strip()):
            pieces += (piece,) if isinstance(piece, str) else piece.at_least(terms.Level.ATOM)
        return Term(tuple(pieces), terms.Level.CHOICE)

    def condition(self, value: object) -> Term:
        """Give the term of a condition: CEL as text, or anything that `term` takes."""
        return self.source(value) if isinstance(value, str) else self.term(value)

    def write(self, term: Term) -> str:
        """Write a term of this graph; what belongs to an outer one becomes an input.

        Raises:
            UsageError: something belongs to a graph that is not around this one.
        """
        return term.write(self._name)

    def _name(self, path: Path) -> str:
        if path.owner is self and (path.kind != "local" or path.root in self._seen):
            return path.text
        return self._capture(path).text

    @contextmanager
    def seeing(self, *names: str) -> Generator[None]:
        """Let expressions have names that have no meaning elsewhere: an item, `result`."""
        before, self._seen = self._seen, {*self._seen, *names}
        try:
            yield
        finally:
            self._seen = before

    def _capture(self, path: Path) -> Path:
        if path.kind == "local":
            raise UsageError(
                f"`{path.text}` has a meaning only in the function that is given it",
                hint="use it there, in `key`, `with_`, `require` or `ensure`",
                code="IL1154",
            )
        if path.owner not in tuple(self.around()):
            raise UsageError(
                f"`{path.text}` belongs to graph `{path.owner.name}` and has no meaning in"
                f" `{self.name}`",
                hint="pass it as an argument, or return it from that graph",
                code="IL1154",
            )
        for name, taken in self.captures.items():
            if taken.owner is path.owner and taken.text == path.text:
                return Path(owner=self, kind="inputs", root=name)
        name = self._free_input(path)
        self.captures[name] = path
        self.inputs[name] = cast(Tracing, path.owner).schema_of(Term((path,)))
        return Path(owner=self, kind="inputs", root=name)

    def around(self) -> Iterator["Tracing"]:
        """Give the traces around this one, innermost first."""
        outer = self.parent
        while outer is not None:
            yield outer
            outer = outer.parent

    def _free_input(self, path: Path) -> str:
        words = (path.root, *(str(step) for step in path.steps))
        return free_id(re.sub(r"\W+", "_", "_".join(words)), self.inputs)

    # --- schemas

    def schema_of(self, term: Term) -> Schema:
        """Give what is known of a value before the graph is compiled."""
        path = term.path
        if path is None or not isinstance(path.owner, Tracing):
            return True
        owner = path.owner
        if path.kind == "inputs":
            schema = owner.inputs.get(path.root, True)
        elif path.kind == "node" and path.root in owner.schemas:
            schema = owner.schemas[path.root]()
        else:
            return True
        found = select(without_subject(schema), path.steps)
        return True if found.present == "never" else found.schema

    def item_schema(self, term: Term) -> Schema:
        """Give what is known of the items of a list."""
        return select(self.schema_of(term), (0,)).schema if term.path is not None else True

    # --- what is around a call

    def refuse_unused(self) -> None:
        """Refuse a block that was made and never entered."""
        for block in self.blocks:
            if not block.entered:
                raise UsageError(
                    f"graph `{self.name}` has a `when(...)` that guards nothing",
                    hint="write `with when(condition):` and the calls below it",
                    code="IL1153",
                )

    def guard(self, own: Sequence[Term]) -> str | None:
        """Write the condition of a node: those of the blocks around it, then its own."""
        joined: Term | None = None
        for term in (*self.conditions, *own):
            joined = term if joined is None else terms.binary("&&", joined, term)
        return None if joined is None else self.write(joined)

    def expressions(self, what: str, function: Callable[..., object], *args: object) -> object:
        """Call a function of the author that may only make expressions.

        Raises:
            UsageError: it calls an action or a graph.
        """
        before, self.quiet = self.quiet, what
        try:
            return function(*args)
        finally:
            self.quiet = before
