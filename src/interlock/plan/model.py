"""The plan: a graph compiled against a registry. Checked, immutable, digested.

Nodes of a graph stand in one canonical topological order and refer to each other by position, so
that the engine works on small integers. Ties in the order are broken by id, never by the order of a
document.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from interlock.actions import Manifest
from interlock.errors import Diagnostic
from interlock.graph import Expression, Graph, OnError, OnMax, OnRefused, Retry, Template
from interlock.journal import Value
from interlock.values import Checker, Digest, Json, NodeId, Schema, immutable

Decoder: TypeAlias = Callable[[Json], Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What bounds a run. Each error that a limit raises names it."""

    nodes_max: int = 10_000
    scopes_max: int = 1_000_000
    depth_max: int = 16
    attempts_max: int = 25
    crashes_max: int = 3
    items_max: int = 100_000
    turns_max: int = 1_000
    map_limit_default: int = 1_000
    timeout_ms_default: int = 60_000


@immutable()
class RunTimeCheck:
    """A value whose type could not be proven: it is checked when its node starts.

    Attributes:
        node: the node, with the nodes around it: `docs/page`.
        place: what takes the value: an argument (`rows[1].size`), `over` or `key`.
        wanted: what it must be.
        source: the expression that yields it.
    """

    node: str
    place: str
    wanted: Schema
    source: str


@immutable()
class CompiledNode:
    """What all compiled nodes have in common.

    Attributes:
        index: position in the canonical order of its graph.
        strict: positions whose success the node needs.
        lenient: positions that only have to be settled.
        dependents: positions that wait for this node.
        roots: ids that expressions read strictly, with the position of the node each stands for.
        status_roots: the same for `nodes.x`.
        decode: turns JSON integers to floats where the output's schema says `number`; None when it
            never does.
        returns: checks the output; None when everything is accepted.
        unproven: what is left to check when the node runs; of a restored plan it is not known.
        undo: what takes the node's effect back, as a call of its own, with the id `NODE!undo`.
        gates: positions of the gates that cover this node.
        subject: says whose the output is; None: only theirs whose it is made of.
    """

    id: NodeId
    index: int
    strict: tuple[int, ...]
    lenient: tuple[int, ...]
    dependents: tuple[int, ...]
    roots: tuple[tuple[str, int], ...]
    status_roots: tuple[tuple[str, int], ...]
    arguments: Template
    when: Expression | None
    require: tuple[Expression, ...]
    ensure: tuple[Expression, ...]
    retry: Retry
    timeout_ms: int
    deadline_ms: int | None
    on_error: OnError
    returns_schema: Schema
    returns: Checker | None
    decode: Decoder | None
    unproven: tuple[RunTimeCheck, ...]
    undo: "CompiledCall | None" = None
    gates: tuple[int, ...] = ()
    subject: Expression | None = None


@immutable()
class CompiledCall(CompiledNode):
    """`call`: one use of an action.

    `accepts` checks the evaluated arguments; None when compile has proven them. `ahead` allows
    attempts to run before their intent is durable.
    """

    action: Manifest
    accepts: Checker | None
    ahead: bool


@immutable()
class CompiledPropose(CompiledCall):
    """`propose`: `allowed` are the actions that a proposal may use."""

    allowed: Mapping[str, Manifest]
    repairs_max: int


@immutable()
class CompiledGraphNode(CompiledNode):
    """`graph`: one use of another graph."""

    body: "CompiledGraph"


@immutable()
class CompiledMap(CompiledNode):
    """`map`.

    A graph over a list; `arguments` are evaluated once an item, with the item under `item_name`.
    """

    body: "CompiledGraph"
    over: Expression
    item_name: str
    key: Expression | None
    limit: int
    failures_max: int


@immutable()
class CompiledRepeat(CompiledNode):
    """`repeat`: `arguments` are the first turn's inputs, `carry` the next ones'."""

    body: "CompiledGraph"
    carry: Template
    until: Expression
    max: int
    on_max: OnMax


@immutable()
class CompiledWait(CompiledNode):
    """`wait`: for `for_ms`, or for a signal with that deadline."""

    signal: str | None
    for_ms: int | None


@immutable()
class Covered:
    """A node that a gate allows.

    It is allowed with the arguments that it has when the gate opens, or within bounds.
    `bound` is a condition over `args`; None when the arguments are known when the gate opens.
    """

    index: int
    bound: Expression | None


@immutable()
class CompiledGate(CompiledNode):
    """`gate`: `ask` is the text that persons see; `covers` is in canonical order."""

    ask: Template
    to: tuple[str, ...]
    covers: tuple[Covered, ...]
    quorum: int
    expires_ms: int | None
    on_refused: OnRefused


@immutable()
class CompiledFirstOf(CompiledNode):
    """`first_of`: `of` are positions, in the author's order, all of them lenient."""

    of: tuple[int, ...]


AnyCompiledNode: TypeAlias = (
    CompiledCall
    | CompiledPropose
    | CompiledGraphNode
    | CompiledMap
    | CompiledRepeat
    | CompiledWait
    | CompiledGate
    | CompiledFirstOf
)


@immutable()
class CompiledOutput:
    """One output of a graph."""

    name: str
    template: Template
    strict: tuple[int, ...]
    roots: tuple[tuple[str, int], ...]
    status_roots: tuple[tuple[str, int], ...]
    optional: bool


@immutable()
class CompiledGraph:
    """A graph with its nodes in canonical order.

    `inputs_schema` is of type object. `depth` is how deep the graphs in it are nested. `undoable`
    says that some node in it, or in a graph in it, has an `undo`. `subjects` say of inputs whose
    they are; `is_keyed`, that a value in it may be somebody's.
    """

    name: str
    nodes: tuple[AnyCompiledNode, ...]
    positions: Mapping[NodeId, int]
    inputs_schema: Schema
    accepts: Checker
    defaults: Mapping[str, Json]
    decode: Decoder | None
    outputs: tuple[CompiledOutput, ...]
    outputs_schema: Schema
    depth: int = 0
    undoable: bool = False
    subjects: tuple[tuple[str, Expression], ...] = ()
    is_keyed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A graph that may run.

    Attributes:
        digest: over the graph digest, the policy and the semantics of the engine.
        graph_digest: over the canonical document and the digests of the actions it uses.
        document: the canonical document, which `RunStarted` pins.
        manifests: what it pins beside it; both make the same plan again, without user code.
        diagnostics: warnings of the document and of its meaning: they did not stop compilation.
        warnings: their texts.
    """

    name: str
    digest: Digest
    graph_digest: Digest
    graph: Graph
    root: CompiledGraph
    document: Value
    manifests: Value
    actions: Mapping[str, Manifest]
    limits: Limits = field(default_factory=Limits)
    diagnostics: tuple[Diagnostic, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def run_time_checks(self) -> tuple[RunTimeCheck, ...]:
        """All values whose types could not be proven, in canonical order."""
        return tuple(_checks(self.root, ""))


def _checks(graph: CompiledGraph, around: str) -> Iterator[RunTimeCheck]:
    for node in graph.nodes:
        for check in node.unproven:
            yield replace(check, node=f"{around}{check.node}")
        for check in node.undo.unproven if node.undo is not None else ():
            yield replace(check, node=f"{around}{check.node}!undo")
        if isinstance(node, CompiledGraphNode | CompiledMap | CompiledRepeat):
            yield from _checks(node.body, f"{around}{node.id}/")


@immutable()
class Proposal:
    """A proposed graph that compiled under its parent's rules.

    `inputs` are what it takes of the parent's arguments.
    """

    digest: Digest
    document: Value
    graph: CompiledGraph
    inputs: frozenset[str]
