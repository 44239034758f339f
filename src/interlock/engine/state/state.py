"""The state of a run: a fold over its events. Only `step` changes it."""

from collections import deque
from dataclasses import field
from typing import TypeAlias

from interlock.engine.state.commands import Record
from interlock.journal import ErrorInfo, NodeStatus, RunOutcome, SettledStatus, Value
from interlock.plan import AnyCompiledNode, CompiledGraph, Plan, Proposal
from interlock.values import Digest, Json, NodeId, Path, RunId, Subjects, immutable, mutable

End: TypeAlias = tuple[RunOutcome, ErrorInfo | None]
"""How a scope ended, and why it did not succeed."""

Outcome: TypeAlias = tuple[SettledStatus, Digest | None, str | None]
"""What a path contributes to the execution digest.

Status, call key, output reference or error code.
"""


@immutable(kw_only=False)
class Call:
    """What a node calls: evaluated arguments and the call key."""

    args: Value
    key: Digest


@mutable()
class NodeState:
    """Where one node of a scope stands.

    `waiting` counts the dependencies that have not settled. `started` is true from an intent to its
    outcome; `lost` from where that was lost with its owner to the next attempt. `losses` counts the
    attempts of which it was, `crashes` those whose owner ended unexpectedly. `json` is the output
    as expressions see it. `refused` is what the last attempt returned, when it was refused.
    `unproven` is true for a write of which some attempt may have happened: no later attempt proves
    that it did not; `happened` where one has, and broke its promise. `opened` is what the node
    waits for, `kept` what it had opened when it ended: a run that is opened again may go on there.
    `stop` says why the node is to stop. `approval` is what a gate asks for, and allows once it has
    succeeded. `subjects` are those whom it belongs to what the node works with, and its output.
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
    happened: bool = False
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
    opened: "Opened | None" = None
    kept: "Opened | None" = None
    stop: ErrorInfo | None = None
    approval: "Approval | None" = None
    subjects: Subjects | None = None


@mutable()
class ScopeState:
    """One instantiation of a graph: a run, a subgraph, an item, a turn, a proposal.

    `item` is the position of an item or the number of a turn. `stopping` says why nothing starts
    here any more, `ended` how it ended. Nodes begin in `generation`. `closed` are scopes of its
    nodes that have ended and may be undone, or opened again, by node and `item`. `undos` are the
    undos of its nodes that have begun. `subjects` are those whom its inputs belong to.
    """

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
    generation: int = 1
    stopping: ErrorInfo | None = None
    ended: RunOutcome | None = None
    undo: "UndoState | None" = None
    closed: "dict[int, dict[int, ScopeState]] | None" = None
    undos: dict[int, NodeState] | None = None
    subjects: Subjects | None = None

    def node(self, index: int) -> tuple[AnyCompiledNode, NodeState]:
        """Return a node's compiled form and its state."""
        return self.graph.nodes[index], self.nodes[index]

    def closed_in(self, index: int) -> "dict[int, ScopeState]":
        """Return the scopes of a node that have ended and are kept, by `item`."""
        return self.closed.get(index, {}) if self.closed is not None else {}


@mutable()
class MapState:
    """The items of a running `map`: which are open, which have ended, with what.

    `ends` are the statuses of the items that failed, `problem` is the first failure. `again` are
    items to be opened once more, the last one first. `subjects` are those whom their outputs belong
    to.
    """

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
    ends: set[str] = field(default_factory=set)
    again: list[int] = field(default_factory=list)
    subjects: list[Subjects | None] = field(default_factory=list[Subjects | None])


@mutable()
class RepeatState:
    """The turns of a running `repeat`: the one that is open, counted from 1."""

    turn: int


@mutable()
class WaitState:
    """An open `wait`: for a signal, or for its time alone."""

    signal: str | None


@mutable()
class UndoState:
    """A scope that is being undone: its nodes in reverse dependency order.

    `waiting` counts, by position, what has to be undone first, `inner` the child scopes of a node
    that are still to be undone, `active` the nodes whose undo goes on, `undone` what was taken
    back, `stuck` what could not be, and `problem` is the first of these. `why` is how the scope
    ended before; one that is undone because the scope around it is has no problem there.
    """

    waiting: list[int]
    why: "End"
    inner: dict[int, int] = field(default_factory=dict)
    active: int = 0
    undone: int = 0
    stuck: int = 0
    problem: ErrorInfo | None = None


@immutable()
class Allowed:
    """What a gate allows of one node: a generation, and a call key or what is within a bound."""

    generation: int
    key: Digest | None
    bound: str | None = None


@immutable(kw_only=False)
class Approval:
    """What a gate asks for, and allows once it is approved."""

    binding: Digest
    covers: dict[NodeId, Allowed]
    expires_at_ms: int | None


@mutable()
class GateState:
    """An open gate: what is asked for, and the names of those who have approved."""

    approval: Approval
    approvers: set[str] = field(default_factory=set)


Opened: TypeAlias = MapState | ScopeState | RepeatState | WaitState | GateState
"""What a running node waits for that does not run by itself."""

Kept: TypeAlias = tuple[str, Value, int]
"""A signal that nobody waited for: its name, its payload, the seq of its event."""


@mutable()
class State:
    """The state of one run.

    `scopes` are the open ones, by path; a scope leaves when it ends. `ordered` are the events that
    the engine has ordered and that are not recorded yet. `causes` are those that the event applied
    last has to have. `outcomes` has what every settled path adds to the execution digest, of closed
    scopes too. `running` counts the nodes that run by themselves: not those that wait for what they
    opened. `asleep` are the open waits and gates, in the order in which they opened, and `timers`
    say when they end; at the root, when the run does. `signals` are kept until somebody waits for
    them, by the path that they are for. While `paused`, `held` are the nodes that are ready and
    `held_attempts` the attempts that are due. `undoing` is true when the run was cancelled to be
    undone. `next_plan` is the one under which a run that has ended will go on. `ready`, `ended` and
    `undo` are nodes to start, scopes to close and nodes to undo before the turn is over: queues
    instead of recursion, so that depth costs no stack. Between turns they are empty.
    `is_keyed` says that a value of it may belong to data subjects.
    """

    run: RunId
    plan: Plan
    next_plan: Plan | None = None
    is_keyed: bool = False
    inputs: Value | None = None
    root: ScopeState | None = None
    scopes: dict[Path, ScopeState] = field(default_factory=dict)
    scopes_opened: int = 0
    ordered: dict[Path, Record] = field(default_factory=dict)
    causes: tuple[int, ...] = ()
    outcomes: dict[Path, Outcome] = field(default_factory=dict)
    running: int = 0
    in_doubt: set[Path] = field(default_factory=set)
    asleep: dict[Path, WaitState | GateState] = field(
        default_factory=dict[Path, WaitState | GateState]
    )
    paused: bool = False
    undoing: bool = False
    held: list[tuple[ScopeState, int]] = field(default_factory=list)
    held_attempts: list[Path] = field(default_factory=list)
    timers: dict[Path, int] = field(default_factory=dict)
    signals: dict[Path, list[Kept]] = field(default_factory=dict)
    recovered: bool = False
    status: RunOutcome | None = None
    output: Value | None = None
    error: ErrorInfo | None = None
    execution: Digest | None = None
    last_seq: int = 0
    ready: deque[tuple[ScopeState, int]] = field(default_factory=deque)
    ended: deque[ScopeState] = field(default_factory=deque)
    undo: deque[tuple[ScopeState, int]] = field(default_factory=deque)

    def find(self, path: Path) -> "Found | None":
        """Find a node of an open scope, or the undo of one; None when there is none."""
        scope_path, _, node_id = path.rpartition("/")
        scope = self.scopes.get(Path(scope_path))
        if scope is None:
            return None
        index = scope.graph.positions.get(NodeId(node_id))
        if index is not None:
            return scope, index, scope.graph.nodes[index], scope.nodes[index]
        return _find_undo(scope, node_id)

    def part(self, path: Path) -> ScopeState | None:
        """Find the open scope of an item or a turn, which is no node itself."""
        scope = self.scopes.get(path)
        return scope if scope is not None and scope.item >= 0 else None

    def has_ended(self, path: Path) -> bool:
        """Whether a node, an item or a turn has ended; asked of what is not open."""
        return path in self.outcomes or any(each.startswith(f"{path}/") for each in self.outcomes)


def _find_undo(scope: ScopeState, node_id: str) -> "Found | None":
    id_, _, added = node_id.partition("!")
    index = scope.graph.positions.get(NodeId(id_))
    if index is None or added != "undo" or scope.undos is None:
        return None
    node, state = scope.graph.nodes[index].undo, scope.undos.get(index)
    return None if node is None or state is None else (scope, index, node, state)


Found: TypeAlias = tuple[ScopeState, int, AnyCompiledNode, NodeState]
"""The scope of a node, its position there, its compiled form and its state."""
