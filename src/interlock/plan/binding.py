"""The first pass over a node: compile its expressions, and find what it reads and waits for."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, cast

from interlock.actions import Manifest
from interlock.graph import (
    AnyNode,
    CallNode,
    Expression,
    Graph,
    GraphNode,
    MapNode,
    ProposeNode,
    Reference,
    Template,
    parse_expression,
    parse_template,
    path_text,
)
from interlock.plan.catalog import Catalog
from interlock.plan.problems import Problems, nearest
from interlock.values import Json, NodeId, immutable

ARGS = frozenset({"args"})
RESULT = frozenset({"result"})
NONE: frozenset[str] = frozenset()
ITEM = "`{}` is one item of the list: it is known in `with` and `key` only"
EMPTY = cast(Template, parse_template({}))


class Read(NamedTuple):
    """One reference and where it stands."""

    reference: Reference
    at: str
    span: tuple[int, int]

    @property
    def text(self) -> str:
        """What is read, as a path."""
        return path_text(self.reference.name, self.reference.address)


class Guard(NamedTuple):
    """A condition and where it stands."""

    expression: Expression
    at: str


@dataclass(slots=True)
class Bound:
    """A node with its expressions compiled.

    `manifest` is of the action that it calls. `read` and `viewed` are the ids of which it reads the
    output and `nodes.x`; `strict` and `lenient` are those it waits for, disjoint. Whatever did not
    compile is absent, and reported; `is_broken` says that there is such a thing in `with`.
    """

    node: AnyNode
    home: str
    manifest: Manifest | None = None
    arguments: Template = EMPTY
    is_broken: bool = False
    when: Guard | None = None
    require: Sequence[Guard] = ()
    ensure: Sequence[Guard] = ()
    over: Expression | None = None
    key: Expression | None = None
    reads: list[Read] = field(default_factory=list[Read])
    read: set[NodeId] = field(default_factory=set[NodeId])
    viewed: set[NodeId] = field(default_factory=set[NodeId])
    strict: set[NodeId] = field(default_factory=set[NodeId])
    lenient: set[NodeId] = field(default_factory=set[NodeId])

    def waits(self) -> set[NodeId]:
        """List all ids that the node waits for."""
        return self.strict | self.lenient if self.lenient else self.strict


@immutable(kw_only=False)
class Surroundings:
    """The graph whose nodes are bound, and those around it, for what is looked for in vain."""

    graph: Graph
    outer: Sequence[Graph]
    problems: Problems


def bind(around: Surroundings, node: AnyNode, catalog: Catalog) -> Bound:
    """Compile the expressions of a node and resolve what they read and what the node waits for."""
    home = f"/nodes/{node.id}"
    bound = Bound(node, home)
    binder = _Binder(bound, around.problems)
    # A call key covers what is really called: defaults stand for what is not given.
    defaults: Mapping[str, Json] = {}
    if isinstance(node, CallNode | ProposeNode):
        kind = "call" if isinstance(node, CallNode) else "propose"
        at = f"{home}/{kind}"
        bound.manifest = catalog.find(node.action, at=at, problems=around.problems)
        if bound.manifest is not None:
            defaults = catalog.target(bound.manifest).defaults
    item = frozenset({node.as_}) if isinstance(node, MapNode) else NONE
    binder.arguments({**defaults, **node.with_} if defaults else dict(node.with_), item)
    bound.when = binder.guard(node.when, f"{home}/when", NONE)
    # A `map` has arguments for each item only, and a graph does not keep its own.
    if node.require:
        names = NONE if isinstance(node, MapNode) else ARGS
        bound.require = binder.guards(node.require, f"{home}/require", names)
    if node.ensure:
        names = RESULT if isinstance(node, MapNode | GraphNode) else ARGS | RESULT
        bound.ensure = binder.guards(node.ensure, f"{home}/ensure", names)
    if isinstance(node, MapNode):
        bound.over = binder.expression(node.over, f"{home}/over", NONE)
        bound.key = binder.expression(node.key, f"{home}/key", item)
    _wait_for(around, bound)
    return bound


@dataclass(slots=True)
class _Binder:
    bound: Bound
    problems: Problems

    def arguments(self, tree: Json, names: frozenset[str]) -> None:
        at = f"{self.bound.home}/with"
        parsed = parse_template(tree, names=names) if tree else EMPTY
        if isinstance(parsed, Template):
            self.bound.arguments = parsed
            self.bound.reads += reads_of(parsed, at)
        else:
            self.bound.is_broken = True
            self.problems.take(parsed, at=at)

    def expression(self, source: str | None, at: str, names: frozenset[str]) -> Expression | None:
        if source is None:
            return None
        parsed = parse_expression(source, names=names)
        if not isinstance(parsed, Expression):
            self.problems.take(parsed, at=at)
            return None
        self.bound.reads += [Read(each, at, each.span) for each in parsed.references]
        return parsed

    def guard(self, source: str | None, at: str, names: frozenset[str]) -> Guard | None:
        found = self.expression(source, at, names)
        return None if found is None else Guard(found, at)

    def guards(self, sources: Sequence[str], at: str, names: frozenset[str]) -> list[Guard]:
        places = [at] if len(sources) == 1 else [f"{at}/{n}" for n in range(len(sources))]
        found = (self.guard(one, place, names) for one, place in zip(sources, places, strict=True))
        return [each for each in found if each is not None]


def reads_of(template: Template, at: str) -> Iterator[Read]:
    """List what a template reads, with full pointers."""
    for placed in template.placed:
        offset = placed.span[0]
        for each in placed.expression.references:
            span = (each.span[0] + offset, each.span[1] + offset)
            yield Read(each, at + placed.pointer, span)


def check_reads(around: Surroundings, reads: Iterable[Read], *, item: str = "") -> None:
    """Check that the nodes that are read exist. `item` is a name that has a meaning elsewhere."""
    nodes = around.graph.nodes
    for read in reads:
        name = read.reference.node
        if name is not None and name not in nodes:
            around.problems.error(
                "IL2002",
                f"there is no node `{name}` in `{around.graph.name}`",
                at=read.at,
                hint=ITEM.format(item) if name == item else _hint_for_unknown(around, read),
                span=read.span,
            )


def _hint_for_unknown(around: Surroundings, read: Read) -> str:
    reference, graph = read.reference, around.graph
    name = str(reference.node)
    if reference.root == "node" and name in graph.inputs:
        return f"write `{path_text('inputs', (name, *reference.path))}`"
    if any(name in outer.nodes for outer in around.outer):
        return f"a graph sees only its inputs: {_passing(graph.name, name)}"
    return nearest(name, graph.nodes)


def _passing(graph: str, name: str) -> str:
    return f"declare an input of `{graph}` and pass `{name}` to it in `with`"


def _wait_for(around: Surroundings, bound: Bound) -> None:
    """Collect the ids that a node waits for: what it reads, `needs` and `after`."""
    node, nodes = bound.node, around.graph.nodes
    check_reads(around, bound.reads, item=node.as_ if isinstance(node, MapNode) else "")
    for read in bound.reads:
        found = read.reference.node
        if found is None or found not in nodes:
            continue
        if found == node.id:
            around.problems.error(
                "IL1132",
                f"`{node.id}` reads its own output",
                at=read.at,
                span=read.span,
                hint="read another node; in `ensure` the own output is `result`",
            )
            continue
        (bound.read if read.reference.root == "node" else bound.viewed).add(found)
    bound.strict = bound.read.union(_listed(around, bound, name="needs"))
    bound.lenient = bound.viewed.union(_listed(around, bound, name="after")) - bound.strict


def _listed(
    around: Surroundings, bound: Bound, *, name: Literal["needs", "after"]
) -> Iterator[NodeId]:
    """Check the ids of `needs` or `after`."""
    ids = bound.node.needs if name == "needs" else bound.node.after
    for index, other in enumerate(ids):
        at = f"{bound.home}/{name}/{index}"
        if other == bound.node.id:
            around.problems.error(
                "IL1132", f"`{other}` waits for itself", at=at, hint=f"take it out of `{name}`"
            )
        elif other not in around.graph.nodes:
            around.problems.error(
                "IL2002",
                f"there is no node `{other}` in `{around.graph.name}`",
                at=at,
                hint=nearest(other, around.graph.nodes),
            )
        else:
            yield other
