"""The first pass over a node: compile its expressions, and find what it reads and waits for."""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set as AbstractSet
from dataclasses import field
from typing import NamedTuple, TypeAlias, cast

from interlock.actions import Manifest
from interlock.graph import (
    AnyNode,
    CallNode,
    Expression,
    FirstOfNode,
    GateNode,
    Graph,
    MapNode,
    ProposeNode,
    Reference,
    RepeatNode,
    Template,
    WaitNode,
    hyphen_hint,
    parse_expression,
    parse_template,
    path_text,
)
from interlock.plan.catalog import Catalog
from interlock.plan.problems import Problems, nearest, pointer
from interlock.values import Json, NodeId, immutable, mutable

ARGS = frozenset({"args"})
RESULT = frozenset({"result"})
NONE: frozenset[str] = frozenset()
ITEM = "`{}` is one item of the list: it is known in `with` and `key` only"
EMPTY = cast(Template, parse_template({}))
# A `map` has arguments for each item only; others have none.
WITHOUT_ARGS = (MapNode, WaitNode, GateNode, FirstOfNode)
CALLING = (CallNode, ProposeNode)
STEPS = frozenset({"jobs", "needs", "outputs", "steps", "tasks"})
TRUTHS = {
    **dict.fromkeys(("yes", "on", "True"), "true"),
    **dict.fromkeys(("no", "off", "False"), "false"),
    "None": "null",
}
NO_IDS: frozenset[NodeId] = frozenset()


class Read(NamedTuple):
    """One reference and where it stands."""

    reference: Reference
    at: str
    span: tuple[int, int]
    source: str
    offset: int = 0

    @property
    def text(self) -> str:
        """What is read, as a path."""
        return path_text(self.reference.name, self.reference.address)


Part: TypeAlias = tuple[str, Template | Expression]
"""What a node says that may read something, and where it stands."""


class Guard(NamedTuple):
    """A condition, where it stands, and what it is called."""

    expression: Expression
    at: str
    name: str


@mutable()
class Given:
    """Arguments by name as a node gives them: its `with`, its `carry`, the `with` of its `undo`.

    `home` is what has them, and `name` the field. `elsewhere` are those that need not be given
    here. What did not compile is reported, and `lost`; `may_take_more` says that there may be
    others that could not be read; `is_unsure`, that a `when` that did not compile may test what
    they read.
    """

    node: NodeId
    home: str
    values: Mapping[str, Json]
    name: str = "with"
    template: Template = EMPTY
    elsewhere: AbstractSet[str] = NONE
    lost: AbstractSet[str] = NONE
    may_take_more: bool = False
    is_unsure: bool = False

    @property
    def at(self) -> str:
        """Where they stand."""
        return f"{self.home}/{self.name}"


@mutable()
class BoundUndo:
    """An `undo` with its expressions compiled; it may read the node itself, too."""

    manifest: Manifest | None
    given: Given
    parts: list[Part]


@mutable()
class Bound:
    """A node with its expressions compiled.

    `manifest` is of the action that it calls. `read` and `viewed` are the ids of which it reads the
    output and `nodes.x`; `strict` and `lenient` are those it waits for, disjoint, and `waits` both
    together. Whatever did not compile is absent, and reported. `is_unsure` says that what it reads
    may be tested by a `when` that did not compile.
    """

    node: AnyNode
    home: str
    given: Given
    manifest: Manifest | None = None
    is_unsure: bool = False
    when: Guard | None = None
    require: Sequence[Guard] = ()
    ensure: Sequence[Guard] = ()
    over: Expression | None = None
    key: Expression | None = None
    carry: Given | None = None
    until: Guard | None = None
    ask: Template | None = None
    bounds: Mapping[NodeId, Guard] = field(default_factory=dict[NodeId, Guard])
    undo: BoundUndo | None = None
    parts: list[Part] = field(default_factory=list)
    read: AbstractSet[NodeId] = NO_IDS
    viewed: AbstractSet[NodeId] = NO_IDS
    strict: AbstractSet[NodeId] = NO_IDS
    lenient: AbstractSet[NodeId] = NO_IDS
    waits: AbstractSet[NodeId] = NO_IDS

    @property
    def arguments(self) -> Template:
        """What is given in `with`."""
        return self.given.template

    def reads(self) -> Iterator[Read]:
        """List what the node reads, with places; what its `undo` reads of the node is left out."""
        yield from reads_of(self.parts)
        if self.undo is not None:
            mine, its = self.node.id, reads_of(self.undo.parts)
            yield from (each for each in its if each.reference.node != mine)


@immutable(kw_only=False)
class Surroundings:
    """The graph whose nodes are bound, and those around it, for what is looked for in vain."""

    graph: Graph
    outer: Sequence[Graph]
    problems: Problems


def bind(around: Surroundings, node: AnyNode, catalog: Catalog) -> Bound:
    """Compile the expressions of a node and resolve what they read and what the node waits for."""
    is_broken = around.problems.broken is not None
    home = pointer("nodes", node.id) if is_broken else f"/nodes/{node.id}"
    bound = Bound(node, home, Given(node.id, home, node.with_))
    binder = _Binder(around.problems, bound.parts)
    if isinstance(node, CallNode):
        bound.manifest = _manifest(around, node.action, catalog, at=f"{home}/call")
    elif isinstance(node, ProposeNode):
        bound.manifest = _manifest(around, node.action, catalog, at=f"{home}/propose")
    item = frozenset({node.as_}) if isinstance(node, MapNode) else NONE
    if node.when is not None or is_broken:
        _bind_when(bound, binder)
    binder.arguments(bound.given, _filled(bound.manifest, node.with_, catalog), names=item)
    if node.require:
        names = NONE if isinstance(node, WITHOUT_ARGS) else ARGS
        bound.require = binder.guards(node.require, f"{home}/require", names)
    if node.ensure:
        names = ARGS | RESULT if isinstance(node, CALLING) else RESULT
        bound.ensure = binder.guards(node.ensure, f"{home}/ensure", names)
    match node:
        case CallNode():
            pass
        case MapNode():
            bound.over = binder.expression(node.over, f"{home}/over", NONE)
            is_item_known = not around.problems.is_damaged(f"{home}/as")
            bound.key = binder.expression(node.key if is_item_known else None, f"{home}/key", item)
        case RepeatNode():
            _bind_repeat(bound, node, binder)
        case GateNode():
            _bind_gate(bound, node, binder)
        case _:
            pass
    if node.undo is not None:
        _bind_undo(around, bound, catalog)
    _wait_for(around, bound)
    return bound


def _manifest(around: Surroundings, action: str, catalog: Catalog, *, at: str) -> Manifest | None:
    if around.problems.broken is not None and around.problems.is_damaged(at):
        return None
    return catalog.find(action, at=at, problems=around.problems)


def _filled(
    manifest: Manifest | None, given: Mapping[str, Json], catalog: Catalog
) -> dict[str, Json]:
    """Fill in defaults: a call key covers what is really called."""
    if manifest is None:
        return dict(given)
    return {**catalog.target(manifest).defaults, **given}


def _bind_when(bound: Bound, binder: "_Binder") -> None:
    at = f"{bound.home}/when"
    bound.when = binder.guard(bound.node.when, at, NONE)
    bound.is_unsure = bound.when is None and (
        bound.node.when is not None or binder.problems.is_damaged(at)
    )
    bound.given.is_unsure = bound.is_unsure


def _bind_repeat(bound: Bound, node: RepeatNode, binder: "_Binder") -> None:
    bound.carry = Given(
        node.id,
        bound.home,
        node.carry,
        name="carry",
        elsewhere=node.with_.keys(),
        is_unsure=bound.is_unsure,
    )
    binder.arguments(bound.carry, dict(node.carry), names=RESULT)
    bound.until = binder.guard(node.until, f"{bound.home}/until", RESULT)


def _bind_gate(bound: Bound, node: GateNode, binder: "_Binder") -> None:
    at = f"{bound.home}/gate"
    bound.ask = binder.template(node.ask, f"{at}/ask", NONE)
    # What is read here is read when another node starts: the gate does not wait for it.
    aside = _Binder(binder.problems, [])
    found = {
        id_: aside.guard(source, f"{at}/bounds/{id_}", ARGS, name="bounds")
        for id_, source in node.bounds.items()
    }
    bound.bounds = {id_: guard for id_, guard in found.items() if guard is not None}


def _bind_undo(around: Surroundings, bound: Bound, catalog: Catalog) -> None:
    undo, home = bound.node.undo, f"{bound.home}/undo"
    if undo is None:
        return
    manifest = _manifest(around, undo.action, catalog, at=f"{home}/call")
    aside = _Binder(around.problems, [])
    given = Given(bound.node.id, home, undo.with_, is_unsure=bound.is_unsure)
    names = ARGS | RESULT if isinstance(bound.node, CallNode) else RESULT
    aside.arguments(given, _filled(manifest, undo.with_, catalog), names=names)
    bound.undo = BoundUndo(manifest, given, aside.parts)


@mutable()
class _Binder:
    """Compiles what a node says, and collects what that reads."""

    problems: Problems
    parts: list[Part]

    def arguments(self, given: Given, tree: dict[str, Json], *, names: frozenset[str]) -> None:
        at = given.at
        if self.problems.broken is not None:
            if self.problems.is_damaged(f"{given.home}/as"):
                # What the expressions call an item is not known.
                given.may_take_more, given.lost = True, set(tree)
                return
            given.may_take_more = self.problems.is_lost(at)
            given.lost |= set(self.problems.damaged_below(at))
        parsed = parse_template(tree, names=names) if tree else EMPTY
        if not isinstance(parsed, Template):
            self.problems.take(parsed, at=at)
            wrong = {"/".join(each.pointer.split("/")[:2]) for each in parsed}
            given.lost |= {name for name in tree if wrong & {pointer(name), ""}}
            rest = {name: one for name, one in tree.items() if name not in given.lost}
            parsed = parse_template(rest, names=names)
        if isinstance(parsed, Template):
            given.template = parsed
            self.parts.append((at, parsed))

    def template(self, tree: Json, at: str, names: frozenset[str]) -> Template | None:
        if self.problems.is_damaged(at):
            return None
        parsed = parse_template(tree, names=names)
        if not isinstance(parsed, Template):
            self.problems.take(parsed, at=at)
            return None
        self.parts.append((at, parsed))
        return parsed

    def expression(self, source: str | None, at: str, names: frozenset[str]) -> Expression | None:
        if source is None or self.problems.is_damaged(at):
            return None
        parsed = parse_expression(source, names=names)
        if not isinstance(parsed, Expression):
            self.problems.take(parsed, at=at)
            return None
        self.parts.append((at, parsed))
        return parsed

    def guard(
        self, source: str | None, at: str, names: frozenset[str], *, name: str = ""
    ) -> Guard | None:
        found = self.expression(source, at, names)
        return None if found is None else Guard(found, at, name or at.rpartition("/")[2])

    def guards(self, sources: Sequence[str], at: str, names: frozenset[str]) -> list[Guard]:
        name = at.rpartition("/")[2]
        places = [at] if len(sources) == 1 else [f"{at}/{n}" for n in range(len(sources))]
        found = (
            self.guard(one, place, names, name=name)
            for one, place in zip(sources, places, strict=True)
        )
        return [each for each in found if each is not None]


def references_in(parts: Iterable[Part]) -> list[Reference]:
    """List what is read."""
    found: list[Reference] = []
    for _, part in parts:
        if isinstance(part, Expression):
            found += part.references
        else:
            for placed in part.placed:
                found += placed.expression.references
    return found


def reads_of(parts: Iterable[Part]) -> Iterator[Read]:
    """List what is read, with full pointers."""
    for at, part in parts:
        if isinstance(part, Expression):
            yield from (Read(each, at, each.span, part.source) for each in part.references)
        else:
            for placed in part.placed:
                start, source = placed.span[0], placed.expression.source
                for each in placed.references:
                    yield Read(each, at + placed.pointer, each.span, source, start)


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
    return (
        hyphen_hint(read.source, read.span[0] - read.offset)
        or _elsewhere(reference, graph)
        or nearest(name, _ids(around))
    )


def _elsewhere(reference: Reference, graph: Graph) -> str | None:
    """Say what is written here where other formats have a name of their own."""
    name, path = str(reference.node), reference.path
    if name in STEPS and path and path[0] in graph.nodes:
        rest = path[2:] if path[1:2] == ("outputs",) else path[1:]
        return f"write `{path_text(str(path[0]), rest)}`"
    if not path and name in TRUTHS:
        return f"write `{TRUTHS[name]}`"
    if name == "env":
        return "no environment is read: declare an input, and give it when the run starts"
    return None


def _ids(around: Surroundings) -> set[str]:
    """The ids of all nodes, of those too that could not be read."""
    return {*around.graph.nodes, *around.problems.damaged_below("/nodes")}


def _passing(graph: str, name: str) -> str:
    return f"declare an input of `{graph}` and pass `{name}` to it in `with`"


def _wait_for(around: Surroundings, bound: Bound) -> None:
    """Collect the ids that a node waits for: what it reads, `needs` and `after`."""
    node, nodes = bound.node, around.graph.nodes
    read_ids: set[NodeId] = set()
    viewed: set[NodeId] = set()
    is_wrong = False
    references = references_in(bound.parts)
    if bound.undo is not None:
        references += [each for each in references_in(bound.undo.parts) if each.node != node.id]
    for reference in references:
        found = reference.node
        if found is None:
            continue
        if found == node.id or found not in nodes:
            is_wrong = True
        else:
            (read_ids if reference.root == "node" else viewed).add(found)
    if is_wrong:
        _blame_reads(around, bound)
    bound.read, bound.viewed = read_ids, viewed
    of = node.of if isinstance(node, FirstOfNode) else ()
    if node.needs:
        read_ids = read_ids.union(listed(around, bound, node.needs, name="needs"))
    bound.strict = bound.waits = read_ids
    if viewed or node.after or of:
        lenient = viewed.union(listed(around, bound, node.after, name="after"))
        bound.lenient = lenient.union(listed(around, bound, of, name="first_of")) - bound.strict
        bound.waits = bound.strict | bound.lenient


def _blame_reads(around: Surroundings, bound: Bound) -> None:
    """Tell what a node reads that is not there, or is the node itself."""
    node, reads = bound.node, list(bound.reads())
    check_reads(around, reads, item=node.as_ if isinstance(node, MapNode) else "")
    for read in reads:
        if read.reference.node == node.id and node.id in around.graph.nodes:
            around.problems.error(
                "IL1132",
                f"`{node.id}` reads its own output",
                at=read.at,
                span=read.span,
                hint="read another node; in `ensure` the own output is `result`",
            )


def listed(
    around: Surroundings, bound: Bound, ids: Sequence[NodeId], *, name: str
) -> Iterator[NodeId]:
    """Check the ids that a node lists, in `needs`, say; yields those that there are."""
    for index, other in enumerate(ids):
        at = f"{bound.home}/{name}/{index}"
        if around.problems.is_damaged(at):
            continue
        if other == bound.node.id:
            around.problems.error(
                "IL1132",
                f"`{other}` waits for itself",
                at=at,
                hint=f"take it out of `{name.rpartition('/')[2]}`",
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
