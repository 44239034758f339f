"""The state of a run: a fold over its events. Only `step` changes it."""

from dataclasses import dataclass, field
from typing import TypeAlias

from interlock.engine.commands import Record
from interlock.journal import ErrorInfo, NodeStatus, RunOutcome, SettledStatus, Value
from interlock.plan import AnyCompiledNode, CompiledGraph, Plan, Proposal
from interlock.values import Digest, Json, NodeId, Path, RunId, immutable

Outcome: TypeAlias = tuple[SettledStatus, Digest | None, str | None]
"""What a path contributes to the execution digest.

Status, call key, output reference or error code.
"""


@immutable(kw_only=False)
class Call:
    """What a node calls: evaluated arguments and the call key."""

    args: Value
    key: Digest


@dataclass(slots=True)
class NodeState:
    """Where one node of a scope stands.

    `waiting` counts the dependencies that have not settled. `started` is true from an intent to its
    outcome; `lost` when the outcome was lost with its owner. `losses` counts the attempts of which
    it was, `crashes` those whose owner ended unexpectedly. `json` is the output as expressions
    see it. `refused` is what the last attempt returned, when it was refused. `unproven` is true for
    a write of which some attempt may have happened: no later attempt proves that it did not.
    """

    waiting: int
    status: NodeStatus = "waiting"
    generation: int = 1
    attempt: int = 0
    losses: int = 0
    crashes: int = 0
    started: bool = False
    ahead: bool = False
    first_started_ms: int = 0
    started_ms: int = 0
    not_before_ms: int = 0
    probing: bool = False
    lost: bool = False
    unproven: bool = False
    repairs: int = 0
    call: Call | None = None
    proposal: Proposal | None = None
    output: Value | None = None
    json: Json = None
    error: ErrorInfo | None = None
    tokens: int = 0
    cost_usd_micros: int = 0
    cause: int = 0
    feedback: tuple[str, ...] = ()
    refused: Value | None = None
    opened: "MapState | ScopeState | None" = None


@dataclass(slots=True)
class ScopeState:
    """One instantiation of a graph: a run, a subgraph, an item of a map, a proposal."""

    path: Path
    graph: CompiledGraph
    inputs: Json
    nodes: list[NodeState]
    unsettled: int
    parent: "ScopeState | None" = None
    parent_node: int = -1
    item: int = -1
    cause: int = 0
    depth: int = 0

    def node(self, index: int) -> tuple[AnyCompiledNode, NodeState]:
        """Return a node's compiled form and its state."""
        return self.graph.nodes[index], self.nodes[index]


@dataclass(slots=True)
class MapState:
    """The items of a running `map`: which are open, which have ended, with what."""

    items: list[Json]
    keys: list[str | int]
    results: list[Json]
    present: list[bool]
    names: dict[str, Json]
    opened: int = 0
    running: int = 0
    failed: int = 0
    stopping: bool = False
    problem: ErrorInfo | None = None


@dataclass(slots=True)
class State:
    """The state of one run.

    `scopes` are the open ones, by path; a scope leaves when it ends. `ordered` are the events that
    the engine has ordered and that are not recorded yet. `causes` are those that the event applied
    last has to have. `outcomes` has what every settled path adds to the execution digest, of closed
    scopes too. `running` counts the nodes that run by themselves: not those that wait for the
    scopes they opened.
    """

    run: RunId
    plan: Plan
    inputs: Value | None = None
    root: ScopeState | None = None
    scopes: dict[Path, ScopeState] = field(default_factory=dict[Path, ScopeState])
    scopes_opened: int = 0
    ordered: dict[Path, Record] = field(default_factory=dict[Path, Record])
    causes: tuple[int, ...] = ()
    outcomes: dict[Path, Outcome] = field(default_factory=dict[Path, Outcome])
    running: int = 0
    in_doubt: set[Path] = field(default_factory=set[Path])
    recovered: bool = False
    status: RunOutcome | None = None
    output: Value | None = None
    error: ErrorInfo | None = None
    execution: Digest | None = None
    last_seq: int = 0

    def find(self, path: Path) -> tuple[ScopeState, int] | None:
        """Find the open scope and the position of a node; None when there is no such node open."""
        scope_path, _, node_id = path.rpartition("/")
        scope = self.scopes.get(Path(scope_path))
        position = scope.graph.positions.get(NodeId(node_id)) if scope is not None else None
        if scope is None or position is None:
            return None
        return scope, position
