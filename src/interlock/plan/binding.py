"""The first pass over a node: compile its expressions, and find what it reads and waits for."""

from collections.abc import Iterable, Iterator, Sequence
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
from interlock.plan.problems import Problems, nearest, pointer
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
    compile is absent, and reported. `lost` are the arguments of which that is true; `may_take_more`
    says that there may be others that could not be read. `is_unsure` says that what `with` reads
    may be tested by a `when` that did not compile.
    """

    node: AnyNode
    home: str
    manifest: Manifest | None = None
    arguments: Template = EMPTY
    lost: set[str] = field(default_factory=set[str])
    may_take_more: bool = False
    is_unsure: bool = False
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
    home = pointer("nodes", node.id) if around.problems.broken else f"/nodes/{node.id}"
    bound = Bound(node, home)
    binder = _Binder(bound, around.problems)
    if isinstance(node, CallNode | ProposeNode):
        kind = "call" if isinstance(node, CallNode) else "propose"
        at = f"{home}/{kind}"
        if not around.problems.is_damaged(at):
            bound.manifest = catalog.find(node.action, at=at, problems=around.problems)
    item = frozenset({node.as_}) if isinstance(node, MapNode) else NONE
    binder.arguments(_given(bound, catalog), item)
    bound.when = binder.guard(node.when, f"{home}/when", NONE)
    bound.is_unsure = bound.when is None and (
        node.when is not None or around.problems.is_damaged(f"{home}/when")
    )
    # A `map` has arguments for each item only, and a graph does not keep its own.
    if node.require:
        names = NONE if isinstance(node, MapNode) else ARGS
        bound.require = binder.guards(node.require, f"{home}/require", names)
    if node.ensure:
        names = RESULT if isinstance(node, MapNode | GraphNode) else ARGS | RESULT
        bound.ensure = binder.guards(node.ensure, f"{home}/ensure", names)
    if isinstance(node, MapNode):
        bound.over = binder.expression(node.over, f"{home}/over", NONE)
        is_item_known = not around.problems.is_damaged(f"{home}/as")
        bound.key = binder.expression(node.key if is_item_known else None, f"{home}/key", item)
    _wait_for(around, bound)
    return bound


def _given(bound: Bound, catalog: Catalog) -> dict[str, Json]:
    """The arguments. A call key covers what is really called: defaults stand for what is absent."""
    defaults = catalog.target(bound.manifest).defaults if bound.manifest is not None else None
    return {**defaults, **bound.node.with_} if defaults else dict(bound.node.with_)


@dataclass(slots=True)
class _Binder:
    bound: Bound
    problems: Problems

    def arguments(self, given: dict[str, Json], names: frozenset[str]) -> None:
        bound, at = self.bound, f"{self.bound.home}/with"
        if self.problems.is_damaged(f"{bound.home}/as"):
            # What the expressions call an item is not known.
            bound.may_take_more, bound.lost = True, set(given)
            return
        if self.problems.is_damaged(at):
            bound.may_take_more = self.problems.is_lost(at)
            bound.lost |= set(self.problems.damaged_below(at))
        parsed = parse_template(given, names=names) if given else EMPTY
        if not isinstance(parsed, Template):
            self.problems.take(parsed, at=at)
            wrong = {"/".join(each.pointer.split("/")[:2]) for each in parsed}
            bound.lost |= {name for name in given if wrong & {pointer(name), ""}}
            rest = {name: one for name, one in given.items() if name not in bound.lost}
            parsed = parse_template(rest, names=names)
        if isinstance(parsed, Template):
            bound.arguments = parsed
            bound.reads += reads_of(parsed, at)

    def expression(self, source: str | None, at: str, names: frozenset[str]) -> Expression | None:
        if source is None or self.problems.is_damaged(at):
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
        if name is not None and name not in nodes and not _is_lost(around, name):
            around.problems.error(
                "IL2002",
                f"there is no node `{name}` in `{around.graph.name}`",
                at=read.at,
                hint=ITEM.format(item) if name == item else _hint_for_unknown(around, read),
                span=read.span,
            )


def _is_lost(around: Surroundings, name: str) -> bool:
    """Say whether there may be such a node, though it could not be read."""
    return around.problems.is_lost("/nodes") or around.problems.is_damaged(pointer("nodes", name))


def _hint_for_unknown(around: Surroundings, read: Read) -> str:
    reference, graph = read.reference, around.graph
    name = str(reference.node)
    if reference.root == "node" and name in graph.inputs:
        return f"write `{path_text('inputs', (name, *reference.path))}`"
    if any(name in outer.nodes for outer in around.outer):
        return f"a graph sees only its inputs: {_passing(graph.name, name)}"
    return nearest(name, _ids(around))


def _ids(around: Surroundings) -> set[str]:
    """The ids of all nodes, of those too that could not be read."""
    return {*around.graph.nodes, *around.problems.damaged_below("/nodes")}


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
        if around.problems.is_damaged(at):
            continue
        if other == bound.node.id:
            around.problems.error(
                "IL1132", f"`{other}` waits for itself", at=at, hint=f"take it out of `{name}`"
            )
        elif other in around.graph.nodes:
            yield other
        elif not _is_lost(around, other):
            around.problems.error(
                "IL2002",
                f"there is no node `{other}` in `{around.graph.name}`",
                at=at,
                hint=nearest(other, _ids(around)),
            )
