"""The graph as an author writes it or a model proposes it: nodes, references, guards.

Values in `with` and expressions stay as text here; `plan` compiles them. Everything is immutable.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from interlock.values import Json, NodeId, Schema, immutable

OnError = Literal["fail", "continue", "undo"]
OnRefused = Literal["fail", "continue"]
OnMax = Literal["fail", "last"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How often and how fast a node is tried again.

    `attempts` counts the first one too. Delays are in milliseconds:
    `delay_ms * backoff ** (attempt - 1)`, at most `delay_max_ms`, with seeded jitter. With
    `feedback` the next attempt sees the diagnostics of the last one.
    """

    attempts: int = 1
    delay_ms: int = 100
    backoff: float = 2.0
    delay_max_ms: int = 30_000
    feedback: bool = False


@immutable()
class Undo:
    """`undo`: the action that takes a node's effect back.

    Expressions in `with_` may read `result` and `args`, and what the node depends on.
    """

    action: str
    with_: Mapping[str, Json] = field(default_factory=dict[str, Json])


@immutable()
class Node:
    """What all kinds of nodes have in common.

    Expressions are CEL source without `${{ }}`.
    """

    id: NodeId
    needs: tuple[NodeId, ...] = ()
    after: tuple[NodeId, ...] = ()
    when: str | None = None
    require: tuple[str, ...] = ()
    ensure: tuple[str, ...] = ()
    retry: Retry | None = None
    timeout_ms: int | None = None
    deadline_ms: int | None = None
    on_error: OnError = "fail"
    with_: Mapping[str, Json] = field(default_factory=dict[str, Json])
    returns: Schema | None = None
    undo: Undo | None = None


@immutable()
class CallNode(Node):
    """`call`: one use of an action."""

    action: str


@immutable()
class GraphNode(Node):
    """`graph`: one use of another graph.

    `graph` names an entry of `graphs` here or in a graph around this one (see `find_body`); what
    the document names by path is loaded into `graphs`.
    """

    graph: str


@immutable()
class MapNode(Node):
    """`map`: a graph over the items of a list.

    `as_` names the item in `with` and `key`.
    """

    graph: str
    over: str
    as_: str = "item"
    key: str | None = None
    limit: int | None = None
    failures_max: int = 0


@immutable()
class ProposeNode(Node):
    """`propose`: an action that returns a graph.

    That graph is compiled under the same policy and executed in a child scope. `actions` are
    patterns (`k8s.get_*`) that narrow what the proposal may use; empty allows what the parent may.
    """

    action: str
    actions: tuple[str, ...] = ()
    repairs_max: int = 0


@immutable()
class RepeatNode(Node):
    """`repeat`: a graph again and again, `until` a condition over its outputs holds.

    `with_` are the inputs of the first turn, `carry` those of every next one, over `result`, the
    outputs of the last turn. After `max` turns the node fails, or yields the last (`on_max`).
    """

    graph: str
    carry: Mapping[str, Json] = field(default_factory=dict[str, Json])
    until: str
    max: int
    on_max: OnMax = "fail"


@immutable()
class WaitNode(Node):
    """`wait`: for a duration, or for a signal, with `for_ms` as its deadline.

    The payload of a signal is the node's output; `returns` says what it must be.
    """

    signal: str | None = None
    for_ms: int | None = None


@immutable()
class GateNode(Node):
    """`gate`: a person's decision about the nodes that depend on it.

    `covers` (`for` in documents) are the nodes that it allows; empty means every node that needs
    it directly. `bounds` are conditions over `args` for covered nodes whose arguments are not known
    when the gate opens. `to` are the roles or persons that may decide; empty means anybody.
    """

    ask: str
    to: tuple[str, ...] = ()
    covers: tuple[NodeId, ...] = ()
    bounds: Mapping[NodeId, str] = field(default_factory=dict[NodeId, str])
    quorum: int = 1
    expires_ms: int | None = None
    on_refused: OnRefused = "fail"


@immutable()
class FirstOfNode(Node):
    """`first_of`: the output of the first node, in the order given, that succeeded.

    It waits until all of them have settled, so that the answer does not depend on timing. When
    none succeeded it is skipped, if all of them were, else it fails.
    """

    of: tuple[NodeId, ...]


AnyNode: TypeAlias = (
    CallNode | GraphNode | MapNode | ProposeNode | RepeatNode | WaitNode | GateNode | FirstOfNode
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What applies to each node that does not say otherwise."""

    timeout_ms: int | None = None
    retry: Retry | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """A graph: inputs by JSON Schema, nodes by id, outputs by template.

    An input whose schema has a `default` may be left out. `optional` names the outputs that may be
    absent. `graphs` are local bodies for `graph`, `map` and `repeat`; `types` are JSON Schemas that
    `{$ref: '#/types/NAME'}` refers to.
    """

    name: str
    inputs: Mapping[str, Schema] = field(default_factory=dict[str, Schema])
    nodes: Mapping[NodeId, AnyNode] = field(default_factory=dict[NodeId, AnyNode])
    outputs: Mapping[str, Json] = field(default_factory=dict[str, Json])
    optional: frozenset[str] = frozenset()
    graphs: Mapping[str, "Graph"] = field(default_factory=dict[str, "Graph"])
    types: Mapping[str, Schema] = field(default_factory=dict[str, Schema])
    defaults: Defaults = Defaults()
    description: str = ""
