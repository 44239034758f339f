"""The board: rows of the graph's nodes, from events; and progress over it."""

import io
from typing import Any

import pytest

from interlock.actions import Registry, action
from interlock.cli.views.board import Board
from interlock.cli.views.progress import Progress
from interlock.cli.views.rowtext import words_of
from interlock.graph import load
from interlock.journal import Entry, NodeSettled
from interlock.plan import Plan, compile as compile_graph
from interlock.runtime import Chunk, Heartbeat, Runtime
from interlock.store import MemoryStore
from interlock.values import NodeId, Path, RunId

DOCUMENT = """
interlock: 1
name: sums
graphs:
  item:
    inputs: {n: {type: integer}}
    nodes:
      a: {call: add, with: {n: '${{ inputs.n }}'}}
      b: {call: add, with: {n: '${{ a }}'}}
    outputs: {n: '${{ b }}'}
nodes:
  first: {call: add, with: {n: 0}}
  all:
    map: item
    over: '${{ [1, 2, 3] }}'
    as: n
    with: {n: '${{ n }}'}
    failures_max: 3
    needs: [first]
  one: {graph: item, with: {n: '${{ first }}'}, on_error: continue}
  last: {call: add, with: {n: 9}, needs: [one]}
"""


@action(effect="read")
async def add(n: int) -> int:
    if n == 3:
        raise ValueError("three")
    return n + 1


REGISTRY = Registry([add])


@pytest.fixture
def plan() -> Plan:
    return compile_graph(load(DOCUMENT).graph, REGISTRY)


async def entries_of(plan: Plan, observer: Any = None) -> list[Entry]:
    found: list[Entry] = []

    def observe(run: RunId, entry: Entry) -> None:
        found.append(entry)
        if observer is not None:
            observer(run, entry)

    async with Runtime(MemoryStore(), REGISTRY) as runtime:
        await runtime.run(plan, observer=observe)
    return found


async def test_rows_sum_up_what_is_inside(plan: Plan):
    board = Board(plan)
    ended = [row.node.id for entry in await entries_of(plan) if (row := board.apply(entry))]
    rows = {row.node.id: row for row in board.rows}
    assert sorted(ended) == ["all", "first", "last", "one"]
    assert rows[NodeId("first")].status == "succeeded"
    inside = rows[NodeId("all")].inside
    assert inside is not None
    assert (inside.total, inside.done, inside.failed, inside.open) == (3, 3, 2, {})
    assert words_of(rows[NodeId("all")], 80) == "3 of 3 items done, 2 failed"
    assert words_of(rows[NodeId("one")], 80) == "2 of 2 nodes done"
    assert board.settled is not None


async def test_a_node_that_runs_ahead_counts_as_running_once_it_is_ready(plan: Plan):
    board = Board(plan)
    entries = await entries_of(plan)
    board.apply(entries[0])
    statuses = {row.node.id: row.status for row in board.rows}
    assert statuses == {"first": "running", "all": "waiting", "one": "waiting", "last": "waiting"}
    first = next(e for e in entries if isinstance(e.event, NodeSettled))
    board.apply(first)
    assert {str(row.node.id): row.status for row in board.rows}["all"] == "running"


async def test_a_running_node_shows_the_end_of_what_it_says(plan: Plan):
    board = Board(plan)
    entries = await entries_of(plan)
    (row, *_) = board.rows
    board.hear(chunk("to be, "))  # before the start of the run is committed
    board.apply(entries[0])
    for word in ("or not\n to be: ", "that is the question"):
        board.hear(chunk(word))
    board.hear(chunk("inside", path="all[0]/a"))
    assert words_of(row, 60) == "to be, or not to be: that is the question"
    assert words_of(row, 33) == "…that is the question"
    board.hear(Heartbeat(run=RunId("R"), path=Path("first"), attempt=1, value={"done": "40 %"}))
    assert words_of(row, 60) == "40 %"
    first = next(e for e in entries if isinstance(e.event, NodeSettled))
    board.apply(first)
    board.hear(chunk("too late"))
    assert words_of(row, 60) == "1"
    assert row.said == "40 %"


def chunk(value: str, path: str = "first") -> Chunk:
    return Chunk(run=RunId("R"), path=Path(path), attempt=1, value=value)


async def test_a_terminal_shows_what_is_said_and_a_pipe_does_not(plan: Plan):
    entries = await entries_of(plan)
    for live in (True, False):
        stream = io.StringIO()
        with (progress := Progress(plan, stream, live=live)) as observe:
            observe(RunId("R"), entries[0])
            progress.hear(chunk("as the words come"))
        assert ("as the words come" in stream.getvalue()) is live


async def test_progress_writes_a_line_for_each_node_that_ends(plan: Plan):
    stream = io.StringIO()
    with Progress(plan, stream, live=False) as observe:
        await entries_of(plan, observe)
    lines = stream.getvalue().splitlines()
    assert lines[0].startswith("Run 01")
    assert lines[0].endswith("  sums")
    assert sorted(line.split()[1] for line in lines[1:]) == ["all", "first", "last", "one"]


async def test_progress_that_catches_up_is_silent_about_the_past(plan: Plan):
    entries = await entries_of(plan)
    stream = io.StringIO()
    progress = Progress(plan, stream).catch_up(entries[:-2])
    with progress as observe:
        for entry in entries[-2:]:
            observe(RunId("01RUN"), entry)
    assert len(stream.getvalue().splitlines()) <= 2
    assert progress.board.settled is not None


class Gone(io.StringIO):
    """A stream whose reader has gone."""

    def write(self, s: str) -> int:
        raise BrokenPipeError


async def test_progress_never_stops_a_run(plan: Plan):
    with Progress(plan, Gone(), live=False) as observe:
        entries = await entries_of(plan, observe)
    assert entries[-1].event.type == "RunSettled"


async def test_a_graph_that_is_higher_than_the_terminal_shows_what_matters():
    nodes = "".join(
        f"  n{i}: {{call: add, with: {{n: {3 if i == 70 else 0}}}}}\n" for i in range(100)
    )
    plan = compile_graph(load(f"interlock: 1\nname: tall\nnodes:\n{nodes}").graph, REGISTRY)
    stream = io.StringIO()
    progress = Progress(plan, stream, live=True)
    with progress as observe:
        await entries_of(plan, observe)
    drawn = stream.getvalue()
    assert "100 of 100 nodes" in drawn
    assert "n70" in drawn
    assert "n71" not in drawn.rpartition("Run 01")[2]


def test_items_are_told_apart_by_their_keys(plan: Plan):
    board = Board(plan)
    for key in ('"a/b"', '"a]["'):
        end = NodeSettled(path=Path(f"all[{key}]/a"), generation=1, status="succeeded")
        board.apply(Entry(end, at_ms=1, seq=1))
    inside = board.rows[plan.root.positions[NodeId("all")]].inside
    assert inside is not None
    assert sorted(inside.open) == ['all["a/b"]', 'all["a]["]']
