"""The first pass over a node: compile its expressions, and find what it reads."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

from interlock.graph import (
    AnyNode,
    Expression,
    Graph,
    MapNode,
    Reference,
    Template,
    parse_expression,
    parse_template,
)
from interlock.plan.problems import Problems, nearest, pointer
from interlock.values import Json, NodeId

ARGS = frozenset({"args"})
RESULT = frozenset({"args", "result"})
NONE: frozenset[str] = frozenset()
EMPTY = cast(Template, parse_template({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One reference and where it stands."""

    reference: Reference
    at: str
    span: tuple[int, int]


@dataclass(slots=True, kw_only=True)
class Bound:
    """A node with its expressions compiled.

    `strict` and `lenient` are the ids it waits for, disjoint. Whatever did not compile is absent,
    and reported.
    """

    node: AnyNode
    arguments: Template = EMPTY
    when: Expression | None = None
    require: tuple[Expression, ...] = ()
    ensure: tuple[Expression, ...] = ()
    over: Expression | None = None
    key: Expression | None = None
    reads: list[Read] = field(default_factory=list[Read])
    strict: set[NodeId] = field(default_factory=set[NodeId])
    lenient: set[NodeId] = field(default_factory=set[NodeId])


def bind(graph: Graph, node: AnyNode, problems: Problems) -> Bound:
    """Compile the expressions of a node and resolve what they read and what the node waits for."""
    bound = Bound(node=node)
    home = pointer("nodes", node.id)
    binder = _Binder(bound, problems)
    item = frozenset({node.as_}) if isinstance(node, MapNode) else NONE
    bound.arguments = binder.template(dict(node.with_), f"{home}/with", item)
    bound.when = binder.expression(node.when, f"{home}/when", NONE)
    bound.require = binder.expressions(node.require, f"{home}/require", ARGS)
    bound.ensure = binder.expressions(node.ensure, f"{home}/ensure", RESULT)
    if isinstance(node, MapNode):
        bound.over = binder.expression(node.over, f"{home}/over", NONE)
        bound.key = binder.expression(node.key, f"{home}/key", item)
    for read in bound.reads:
        check_read(graph, read, problems)
    _wait_for(graph, bound, problems)
    return bound


@dataclass(slots=True)
class _Binder:
    bound: Bound
    problems: Problems

    def template(self, tree: Json, at: str, names: frozenset[str]) -> Template:
        parsed = parse_template(tree, names=names)
        if not isinstance(parsed, Template):
            self.problems.take(parsed, at=at)
            return EMPTY
        self.bound.reads += reads_of(parsed, at)
        return parsed

    def expression(self, source: str | None, at: str, names: frozenset[str]) -> Expression | None:
        if source is None:
            return None
        parsed = parse_expression(source, names=names)
        if not isinstance(parsed, Expression):
            self.problems.take(parsed, at=at)
            return None
        self.bound.reads += [
            Read(reference=each, at=at, span=each.span) for each in parsed.references
        ]
        return parsed

    def expressions(
        self, sources: tuple[str, ...], at: str, names: frozenset[str]
    ) -> tuple[Expression, ...]:
        places = [at] if len(sources) == 1 else [f"{at}/{index}" for index in range(len(sources))]
        found = (
            self.expression(source, place, names)
            for source, place in zip(sources, places, strict=True)
        )
        return tuple(each for each in found if each is not None)


def reads_of(template: Template, at: str) -> Iterator[Read]:
    """List what a template reads, with full pointers."""
    for placed in template.placed:
        for reference in placed.references:
            yield Read(reference=reference, at=at + placed.pointer, span=reference.span)


def check_read(graph: Graph, read: Read, problems: Problems) -> None:
    """Check that the node that is read exists."""
    reference = read.reference
    if reference.node is not None and reference.node not in graph.nodes:
        is_input = reference.name in graph.inputs
        near = nearest(reference.node, graph.nodes)
        hint = f"write `inputs.{reference.name}`" if is_input else near
        problems.error(
            "IL2002",
            f"there is no node `{reference.node}` in `{graph.name}`",
            at=read.at,
            hint=hint,
            span=read.span,
        )


def _wait_for(graph: Graph, bound: Bound, problems: Problems) -> None:
    """Collect the ids that a node waits for: what it reads, `needs` and `after`."""
    node = bound.node
    for read in bound.reads:
        found = read.reference.node
        if found is None or found not in graph.nodes:
            continue
        if found == node.id:
            told = f"`{node.id}` reads its own output"
            problems.error(
                "IL1132",
                told,
                at=read.at,
                span=read.span,
                hint="read another node; in `ensure`, write `result`",
            )
            continue
        (bound.strict if read.reference.root == "node" else bound.lenient).add(found)
    for name, ids, into in (
        ("needs", node.needs, bound.strict),
        ("after", node.after, bound.lenient),
    ):
        for index, other in enumerate(ids):
            at = pointer("nodes", node.id, name, index)
            if other == node.id:
                problems.error(
                    "IL1132",
                    f"`{node.id}` waits for itself",
                    at=at,
                    hint=f"take it out of `{name}`",
                )
            elif other not in graph.nodes:
                problems.error(
                    "IL2002",
                    f"there is no node `{other}` in `{graph.name}`",
                    at=at,
                    hint=nearest(other, graph.nodes),
                )
            else:
                into.add(other)
    bound.lenient -= bound.strict
