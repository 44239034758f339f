"""Where the nodes of a run stand: a row for each node of the graph, summed up over what is in it.

A pure fold over committed events, for progress as they come and for `show` afterwards.
"""

import re
from dataclasses import dataclass, field

from interlock.cli.terminal.console import brief
from interlock.cli.terminal.people import name_of
from interlock.errors import InterlockError
from interlock.journal import (
    SETTLED,
    Actor,
    AttemptFailed,
    AttemptReturned,
    AttemptStarted,
    Entry,
    ErrorInfo,
    Event,
    GateDecided,
    GateOpened,
    NodeCancelled,
    NodeInDoubt,
    NodeResolved,
    NodeSettled,
    NodeStatus,
    PartsErased,
    ProbeAnswered,
    ProposalAccepted,
    ProposalRefused,
    RunCancelled,
    RunMigrated,
    RunPaused,
    RunRecovered,
    RunReopened,
    RunSettled,
    RunStarted,
    RunUnpaused,
    TimerFired,
    Value,
    WaitOpened,
)
from interlock.plan import (
    AnyCompiledNode,
    CompiledCall,
    CompiledGate,
    CompiledGraphNode,
    CompiledMap,
    CompiledRepeat,
    Plan,
    restore,
)
from interlock.runtime import Chunk, Heartbeat
from interlock.values import Json, NodeId, Path, paths

TOP = re.compile(r"[a-z][a-z0-9_]*")
SAID_CHARS_MAX = 400
ROOT_STATUS_GOOD = ("succeeded", "skipped")
DECISIONS = (RunCancelled, RunPaused, RunUnpaused, RunReopened, RunMigrated, PartsErased)
COMPOSITE = (CompiledGraphNode, CompiledMap, CompiledRepeat)


@dataclass(slots=True)
class Inside:
    """What goes on inside a node: of a map its items, else the nodes of the inner graph.

    `open` counts, for each open item, its nodes that have settled. Of a repeat the nodes are those
    of its last `turn`. `undone` counts nodes that were undone. `again` is true in a run that was
    opened again: part of what is inside had been done before, so nothing is counted in all.
    """

    total: int | None = None
    done: int = 0
    failed: int = 0
    open: dict[Path, int] = field(default_factory=dict)
    spoiled: set[Path] = field(default_factory=set)
    turn: int = 0
    undone: int = 0
    again: bool = False


@dataclass(frozen=True, slots=True)
class Asleep:
    """An open gate or wait: what opened it and when, and who has approved so far, by name."""

    opened: GateOpened | WaitOpened
    at_ms: int
    approvers: dict[str, Actor] = field(default_factory=dict)


@dataclass(slots=True)
class Row:
    """A node of the graph: how it stands, since when, and what is known of its end.

    `asleep` is the gate or the wait that is open here, and `approvers` have agreed to it. Of a
    write that is `lost` nobody knows until its receiver has been asked, at `ask_ms`. A node is
    `held` while it is ready and the run is paused. `undo_error` says why the node could not be
    undone; while `undoing`, why nobody knows whether it was. One that is `cancelled_by` somebody
    does not start: it ends when it would.
    """

    node: AnyCompiledNode
    waiting: int
    status: NodeStatus = "waiting"
    ready_ms: int = 0
    held: bool = False
    started_ms: int = 0
    settled_ms: int = 0
    attempt: int = 0
    lost: bool = False
    ask_ms: int = 0
    output: Value | None = None
    error: ErrorInfo | None = None
    last_failure: ErrorInfo | None = None
    said: str = ""
    inside: Inside | None = None
    asleep: Asleep | None = None
    approvers: tuple[Actor, ...] = ()
    resolved_by: Actor | None = None
    cancelled_by: Actor | None = None
    undoing: bool = False
    undo_error: ErrorInfo | None = None

    @property
    def is_settled(self) -> bool:
        """Whether nothing happens here any more."""
        return self.status in SETTLED

    @property
    def is_composite(self) -> bool:
        """Whether other nodes run inside this one."""
        return self.inside is not None or isinstance(self.node, COMPOSITE)


class Board:
    """The rows of a run, in the order of the plan.

    `decisions` are the events with which somebody, or its deadline, decided about the whole run.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.rows = [Row(n, waiting=len(n.strict) + len(n.lenient)) for n in plan.root.nodes]
        self.inputs: Json = None
        self.started_ms = 0
        self.last_ms = 0
        self.in_doubt: set[Path] = set()
        self.asleep: dict[Path, Asleep] = {}
        self.paused = False
        self.reopened_seq = 0
        self.decisions: list[Entry] = []
        self.settled: RunSettled | None = None

    def apply(self, entry: Entry) -> Row | None:
        """Apply an event; return the row that it ended, opened, lost or put in doubt."""
        event = entry.event
        self.last_ms = max(self.last_ms, entry.at_ms)
        if is_about_run(event):
            self.decisions.append(entry)
        match event:
            case RunStarted():
                self.started_ms = entry.at_ms
                self.inputs = event.inputs.json
                for row in self.rows:
                    self._note_ready(row, entry.at_ms)
            case RunPaused() | RunUnpaused():
                self._pause(entry.at_ms, paused=isinstance(event, RunPaused))
            case RunReopened():
                self.reopened_seq = entry.seq
                self._reopen(entry.at_ms)
            case RunRecovered():
                for row in self.rows:
                    row.lost = row.status == "running" and row.attempt > 0 and _can_be_asked(row)
            case RunMigrated():
                self._migrate(restore(event.document, event.manifests), entry.at_ms)
            case RunSettled():
                self.settled = event
                self.paused = False
            case (
                GateOpened()
                | GateDecided()
                | WaitOpened()
                | AttemptStarted()
                | AttemptReturned()
                | AttemptFailed()
                | ProbeAnswered()
                | NodeCancelled()
                | NodeInDoubt()
                | NodeResolved()
                | NodeSettled()
                | ProposalAccepted()
                | ProposalRefused()
            ):
                return self._place(entry, event.path)
            case _:
                pass
        return None

    def rest(self) -> None:
        """Take back that nodes are under way which were ready: nobody has the run, or begins it."""
        for row in self.rows:
            is_ready = row.status == "running" and row.asleep is None and not row.is_composite
            if is_ready and not row.lost:
                row.status, row.held = "waiting", self.paused

    def hear(self, said: Chunk | Heartbeat) -> None:
        """Keep the end of what an action says while it runs; not of those inside of a node."""
        position = self.plan.root.positions.get(NodeId(said.path))
        row = self.rows[position] if position is not None else None
        # What runs ahead may speak before its start is committed, and before this row has begun.
        if row is None or row.status not in ("waiting", "running") or said.value is None:
            return
        if isinstance(said, Chunk) and isinstance(said.value, str):
            row.said = (row.said + said.value)[-SAID_CHARS_MAX:]
        else:
            row.said = brief(said.value, SAID_CHARS_MAX)

    def _place(self, entry: Entry, path: Path) -> Row | None:
        event = entry.event
        if isinstance(event, NodeInDoubt):
            self.in_doubt.add(path)
        elif isinstance(event, NodeResolved):
            self.in_doubt.discard(path)
        self._note_asleep(entry, path)
        found = TOP.match(path)
        position = self.plan.root.positions.get(NodeId(found[0])) if found else None
        if position is None or found is None:
            return None
        row = self.rows[position]
        if found.end() == len(path):
            return self._change(row, entry)
        if path == f"{row.node.id}!undo":
            return self._undo(row, entry)
        self._change_inside(row, entry, path)
        return None

    def _note_asleep(self, entry: Entry, path: Path) -> None:
        """Keep what is open, wherever it is: in the graph or inside of its nodes."""
        event = entry.event
        match event:
            case GateOpened() | WaitOpened():
                self.asleep[path] = Asleep(event, entry.at_ms)
            case GateDecided(verdict="approved") if path in self.asleep:
                self.asleep[path].approvers.setdefault(name_of(entry.actor), entry.actor)
            case NodeSettled():
                self.asleep.pop(path, None)
            case _:
                pass

    def _undo(self, row: Row, entry: Entry) -> Row | None:
        """Take what came of the call that takes a node back."""
        event = entry.event
        row.undoing = not isinstance(event, NodeSettled)
        if not isinstance(event, NodeSettled):
            row.undo_error = event.error if isinstance(event, NodeInDoubt) else None
            return row if isinstance(event, NodeInDoubt) else None
        row.undo_error = event.error
        if event.status == "succeeded":
            row.status, row.undo_error = "undone", None
            row.started_ms, row.settled_ms = event.started_ms or entry.at_ms, entry.at_ms
        return row

    def _pause(self, at_ms: int, *, paused: bool) -> None:
        """Hold back what becomes ready from now on, or let what was held back start."""
        self.paused = paused
        for row in self.rows if not paused else ():
            if row.held:
                self._note_ready(row, at_ms)

    def _reopen(self, at_ms: int) -> None:
        """Set back what is executed once more, as the engine does."""
        self.settled, self.paused = None, False
        for index in sorted(self._to_be_repeated()):
            row = self.rows[index]
            if row.status == "violated":
                row.status = "in_doubt"
                self.in_doubt.add(Path(row.node.id))
            else:
                known = row.inside
                inside = known and Inside(total=known.total, turn=known.turn, again=True)
                self.rows[index] = Row(row.node, waiting=0, inside=inside)
        self._count_again(at_ms)

    def _to_be_repeated(self) -> set[int]:
        """What did not succeed, was skipped because of it, or allows one of them."""
        lacking = {index for index, row in enumerate(self.rows) if not _is_fine(row)}
        again = set(lacking)
        for index in lacking:
            row = self.rows[index]
            again.update(row.node.gates if row.status != "violated" else ())
        for index, row in enumerate(self.rows):
            if row.status == "skipped" and again & {*row.node.strict, *row.node.lenient}:
                again |= {index, *row.node.gates}
        return again

    def _migrate(self, plan: Plan, at_ms: int) -> None:
        """Go on with the nodes of another plan: those that it has in common keep what they are."""
        known = {row.node.id: row for row in self.rows}
        self.plan = plan
        self.rows = [known.get(node.id) or Row(node, waiting=0) for node in plan.root.nodes]
        for row, node in zip(self.rows, plan.root.nodes, strict=True):
            row.node = node
        self._count_again(at_ms)
        for row in self.rows:
            if row.waiting and row.asleep is not None and isinstance(row.asleep.opened, GateOpened):
                # It asks anew, once what it waits for now has run.
                row.status, row.asleep = "waiting", None
                self.asleep.pop(Path(row.node.id), None)

    def _count_again(self, at_ms: int) -> None:
        for row in self.rows:
            needs = (*row.node.strict, *row.node.lenient)
            row.waiting = sum(not self.rows[index].is_settled for index in needs)
            if row.status == "waiting":
                self._note_ready(row, at_ms)

    def _change(self, row: Row, entry: Entry) -> Row | None:
        event = entry.event
        match event:
            case GateOpened() | WaitOpened():
                row.status, row.asleep = "running", self.asleep[event.path]
                row.started_ms = entry.at_ms
                return row
            case AttemptStarted():
                row.status, row.held, row.lost = "running", False, False
                row.resolved_by = None
                row.attempt = event.attempt
                row.ask_ms = entry.at_ms + (row.node.timeout_ms or 0)
                row.started_ms = row.started_ms or entry.at_ms
            case AttemptFailed():
                row.attempt = event.attempt
                row.last_failure = event.error
                row.lost = _can_be_asked(row) and not event.error.not_applied
                row.said = ""
                row.started_ms = row.started_ms or row.ready_ms
                return row if row.lost else None
            case NodeInDoubt():
                row.status = "in_doubt"
                row.error = event.error
                return row
            case NodeResolved(verdict=verdict):
                row.status, row.lost = "running", verdict == "ask"
                row.resolved_by = None if row.lost else entry.actor
            case NodeCancelled():
                row.cancelled_by = entry.actor
            case ProbeAnswered():
                row.lost = False
            case ProposalAccepted():
                row.inside = Inside(total=_count_nodes(event.document))
            case NodeSettled():
                self._settle(row, event, entry.at_ms)
                return row
            case _:
                pass
        return None

    def _settle(self, row: Row, event: NodeSettled, at_ms: int) -> None:
        row.status, row.output, row.error = event.status, event.output, event.error
        row.lost = False
        row.attempt = event.attempt
        row.settled_ms = at_ms
        if row.asleep is not None:
            row.asleep, row.approvers = None, tuple(sorted(row.asleep.approvers.values()))
        row.started_ms = row.started_ms or event.started_ms or row.ready_ms
        for index in row.node.dependents:
            self.rows[index].waiting -= 1
            self._note_ready(self.rows[index], at_ms)

    def _note_ready(self, row: Row, at_ms: int) -> None:
        """Mark a node that waits for nothing more: what runs ahead has no event but its last."""
        if row.waiting == 0 and not row.is_settled:
            row.ready_ms = at_ms
            if all(self.rows[index].status == "succeeded" for index in row.node.strict):
                row.held = self.paused
                row.status = "waiting" if self.paused else "running"

    def _change_inside(self, row: Row, entry: Entry, path: Path) -> None:
        event = entry.event
        row.status = "running" if row.status == "waiting" else row.status
        row.held = False
        row.started_ms = row.started_ms or row.ready_ms or entry.at_ms
        inside = row.inside = row.inside or self._opened(row)
        scope = _scope_in(row.node.id, path)
        if isinstance(row.node, CompiledRepeat):
            self._turn(inside, paths.parse(path)[0].turn or 1)
        inside.open.setdefault(scope, 0)
        if path.endswith("!undo"):
            inside.undone += isinstance(event, NodeSettled) and event.status == "succeeded"
            return
        if not isinstance(event, NodeSettled) or paths.parent(path) != scope:
            return
        if event.status not in ROOT_STATUS_GOOD:
            inside.spoiled.add(scope)
        if isinstance(row.node, CompiledMap):
            self._count_item(inside, scope, len(row.node.body.nodes))
        else:
            inside.done += 1
            inside.failed += event.status not in ROOT_STATUS_GOOD

    def _count_item(self, inside: Inside, scope: Path, size: int) -> None:
        inside.open[scope] += 1
        if inside.open[scope] >= size:
            inside.open.pop(scope)
            inside.done += 1
            inside.failed += scope in inside.spoiled
            inside.spoiled.discard(scope)

    def _turn(self, inside: Inside, turn: int) -> None:
        """Count the nodes of a new turn from nothing."""
        if turn > inside.turn:
            inside.turn, inside.done, inside.failed = turn, 0, 0

    def _opened(self, row: Row) -> Inside:
        match row.node:
            case CompiledMap():
                return Inside(total=self._items(row.node))
            case CompiledGraphNode() | CompiledRepeat():
                return Inside(total=len(row.node.body.nodes))
            case _:
                return Inside()

    def _items(self, node: CompiledMap) -> int | None:
        """Count the items of a map that has begun: its list is known by then."""
        names: dict[str, Json] = {"inputs": self.inputs}
        for name, index in node.roots:
            output = self.rows[index].output
            names[name] = output.json if output is not None else None
        try:
            items = node.over.evaluate(names)
        except InterlockError:
            return None
        return len(items) if isinstance(items, list) else None


def is_inside(path: Path, node: Path) -> bool:
    """Whether a path is that of a node, or leads into it."""
    return path == node or path.startswith((f"{node}/", f"{node}[", f"{node}#", f"{node}!"))


def is_about_run(event: Event) -> bool:
    """Whether an event says that the run as a whole was stopped, or let go on, or had no time."""
    return isinstance(event, DECISIONS) or (isinstance(event, TimerFired) and not event.path)


def _can_be_asked(row: Row) -> bool:
    """Whether a lost answer of a node is asked for."""
    node = row.node
    return isinstance(node, CompiledCall) and node.action.effect == "write" and node.action.probe


def _is_fine(row: Row) -> bool:
    """Whether the end of a node lets its graph succeed, and nothing of it was undone."""
    if row.status == "skipped":
        return True
    if isinstance(row.node, CompiledGate) and row.status == "refused":
        return row.node.on_refused == "continue"
    is_undone = row.status == "undone" or (row.inside is not None and row.inside.undone)
    is_let = row.node.on_error == "continue"
    return (row.status == "succeeded" and not is_undone) or (is_let and row.status != "undone")


def _scope_in(node: NodeId, path: Path) -> Path:
    """Name the scope inside a node that a path leads to: an item, a turn, or the node itself."""
    first = paths.parse(path)[0]
    if first.item is not None:
        return paths.item(Path(node), first.item)
    return Path(node) if first.turn is None else paths.turn(Path(node), first.turn)


def _count_nodes(document: Value) -> int | None:
    nodes = document.json.get("nodes") if isinstance(document.json, dict) else None
    return len(nodes) if isinstance(nodes, dict) else None
