"""Where the nodes of a run stand: a row for each node of the graph, summed up over what is in it.

A pure fold over committed events, for progress as they come and for `show` afterwards.
"""

import re
from dataclasses import dataclass, field

from interlock.cli.console import brief
from interlock.errors import InterlockError
from interlock.journal import (
    SETTLED,
    AttemptFailed,
    AttemptReturned,
    AttemptStarted,
    Entry,
    ErrorInfo,
    NodeInDoubt,
    NodeResolved,
    NodeSettled,
    NodeStatus,
    ProbeAnswered,
    ProposalAccepted,
    ProposalRefused,
    RunSettled,
    RunStarted,
    Value,
)
from interlock.plan import AnyCompiledNode, CompiledGraphNode, CompiledMap, Plan
from interlock.runtime import Chunk, Heartbeat
from interlock.values import Json, NodeId, Path, paths

TOP = re.compile(r"[a-z][a-z0-9_]*")
SAID_CHARS_MAX = 400
ROOT_STATUS_GOOD = ("succeeded", "skipped")


@dataclass(slots=True)
class Inside:
    """What goes on inside a node: of a map its items, else the nodes of the inner graph.

    `open` counts, for each open item, its nodes that have settled.
    """

    total: int | None = None
    done: int = 0
    failed: int = 0
    open: dict[Path, int] = field(default_factory=dict[Path, int])
    spoiled: set[Path] = field(default_factory=set[Path])


@dataclass(slots=True)
class Row:
    """A node of the graph: how it stands, since when, and what is known of its end."""

    node: AnyCompiledNode
    waiting: int
    status: NodeStatus = "waiting"
    ready_ms: int = 0
    started_ms: int = 0
    settled_ms: int = 0
    attempt: int = 0
    output: Value | None = None
    error: ErrorInfo | None = None
    last_failure: ErrorInfo | None = None
    said: str = ""
    inside: Inside | None = None

    @property
    def is_settled(self) -> bool:
        """Whether nothing happens here any more."""
        return self.status in SETTLED

    @property
    def is_composite(self) -> bool:
        """Whether other nodes run inside this one."""
        return self.inside is not None or isinstance(self.node, CompiledGraphNode | CompiledMap)


class Board:
    """The rows of a run, in the order of the plan."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.rows = [Row(n, waiting=len(n.strict) + len(n.lenient)) for n in plan.root.nodes]
        self.inputs: Json = None
        self.started_ms = 0
        self.last_ms = 0
        self.in_doubt: set[Path] = set()
        self.settled: RunSettled | None = None

    def apply(self, entry: Entry) -> Row | None:
        """Apply an event, and return the row that it ended or put in doubt."""
        event = entry.event
        self.last_ms = max(self.last_ms, entry.at_ms)
        match event:
            case RunStarted():
                self.started_ms = entry.at_ms
                self.inputs = event.inputs.json
                for row in self.rows:
                    self._note_ready(row, entry.at_ms)
            case RunSettled():
                self.settled = event
            case (
                AttemptStarted()
                | AttemptReturned()
                | AttemptFailed()
                | ProbeAnswered()
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
        found = TOP.match(path)
        position = self.plan.root.positions.get(NodeId(found[0])) if found else None
        if position is None or found is None:
            return None
        row = self.rows[position]
        if found.end() == len(path):
            return self._change(row, entry)
        self._change_inside(row, entry, path)
        return None

    def _change(self, row: Row, entry: Entry) -> Row | None:
        event = entry.event
        match event:
            case AttemptStarted():
                row.status = "running"
                row.attempt = event.attempt
                row.started_ms = row.started_ms or entry.at_ms
            case AttemptFailed():
                row.attempt = event.attempt
                row.last_failure = event.error
                row.said = ""
                row.started_ms = row.started_ms or row.ready_ms
            case NodeInDoubt():
                row.status = "in_doubt"
                row.error = event.error
                return row
            case NodeResolved():
                row.status = "running"
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
        row.attempt = event.attempt
        row.settled_ms = at_ms
        row.started_ms = row.started_ms or event.started_ms or row.ready_ms
        for index in row.node.dependents:
            self.rows[index].waiting -= 1
            self._note_ready(self.rows[index], at_ms)

    def _note_ready(self, row: Row, at_ms: int) -> None:
        """Mark a node that waits for nothing more: what runs ahead has no event but its last."""
        if row.waiting == 0 and not row.is_settled:
            row.ready_ms = at_ms
            if all(self.rows[index].status == "succeeded" for index in row.node.strict):
                row.status = "running"

    def _change_inside(self, row: Row, entry: Entry, path: Path) -> None:
        event = entry.event
        row.status = "running" if row.status == "waiting" else row.status
        row.started_ms = row.started_ms or row.ready_ms or entry.at_ms
        inside = row.inside = row.inside or self._opened(row)
        scope = _item_of(row.node.id, path)
        inside.open.setdefault(scope, 0)
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

    def _opened(self, row: Row) -> Inside:
        match row.node:
            case CompiledMap():
                return Inside(total=self._items(row.node))
            case CompiledGraphNode():
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


def _item_of(node: NodeId, path: Path) -> Path:
    """Name the scope inside a node that a path leads to: of a map the item, else the node."""
    item = paths.parse(path)[0].item if path[len(node)] == "[" else None
    return Path(node) if item is None else paths.item(Path(node), item)


def _count_nodes(document: Value) -> int | None:
    nodes = document.json.get("nodes") if isinstance(document.json, dict) else None
    return len(nodes) if isinstance(nodes, dict) else None
