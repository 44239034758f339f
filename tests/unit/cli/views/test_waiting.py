"""The board of runs that wait, are undone, or are opened again; how long a graph may wait."""

import io
from typing import Any

import pytest

from interlock.actions import Registry, action
from interlock.cli.project.stores import Journal
from interlock.cli.views.asleep import asleep_lines, asleep_words, waiting_for
from interlock.cli.views.board import Board
from interlock.cli.views.progress import Progress
from interlock.cli.views.rowtext import line_of, words_of
from interlock.cli.views.waiting import waiting_words
from interlock.graph import load
from interlock.journal import Entry, GateDecided, GateOpened, RunReopened, principal_of
from interlock.plan import Plan, compile as compile_graph
from interlock.runtime import Runtime
from interlock.store import MemoryStore
from interlock.values import NodeId, Path, RunId
from unit.engine.driving import Driven, call, failure, plan_of

ADA = principal_of("ada").actor
MINUTE = 60_000


@action("add", effect="pure")
def add(n: int) -> int:
    return n + 1


@action("write", effect="write")
async def write(n: int) -> int:
    return n


REGISTRY = Registry([add, write])


def compiled(nodes: str, graphs: str = "{}") -> Plan:
    return compile_graph(
        load(f"interlock: 1\nname: g\ngraphs: {graphs}\nnodes:\n{nodes}").graph, REGISTRY
    )


GATE = """
  ok: {gate: {to: [ops, qa], ask: 'Go?', quorum: 2, expires: 4h}}
  go: {call: write, with: {n: 1}, needs: [ok]}
"""


async def board_of(plan: Plan) -> tuple[Board, list[Entry]]:
    board, found = Board(plan), list[Entry]()

    def observe(_run: RunId, entry: Entry) -> None:
        found.append(entry)
        board.apply(entry)

    async with Runtime(MemoryStore(), REGISTRY) as runtime:
        await runtime.run(plan, observer=observe)
    return board, found


def row(board: Board, name: str) -> Any:
    return board.rows[board.plan.root.positions[NodeId(name)]]


async def test_an_open_gate_says_who_is_asked_and_how_many_agreed():
    board, entries = await board_of(compiled(GATE))
    asleep, opened = board.asleep[Path("ok")], entries[-1].event
    assert isinstance(opened, GateOpened)
    assert opened.expires_at_ms is not None
    before = opened.expires_at_ms - 60 * MINUTE
    assert asleep_words(asleep, before) == (
        "waiting for ops, qa, 0 of 2 approved, expires in 1 h 0 min"
    )
    decided = GateDecided(path=Path("ok"), generation=1, verdict="approved", binding=opened.binding)
    board.apply(Entry(decided, at_ms=before, seq=99, actor=ADA))
    board.apply(Entry(decided, at_ms=before, seq=100, actor=ADA))
    assert "1 of 2 approved" in asleep_words(asleep, before)
    assert asleep_words(asleep, opened.expires_at_ms).endswith("has expired")
    line = line_of(row(board, "ok"), now_ms=before, name_chars=4, words_chars=60)
    assert (line.glyph, line.time.strip()) == ("◌", "")


async def test_what_has_expired_is_not_offered_for_an_answer():
    board, (*_, opened) = await board_of(compiled(GATE))
    journal = Journal(store=MemoryStore(), url="memory:", name="memory:")
    shown = [
        "\n".join(asleep_lines(journal, RunId("R"), board.asleep, plan=board.plan, now_ms=now_ms))
        for now_ms in (opened.at_ms, opened.at_ms + 4 * 60 * MINUTE)
    ]
    assert "interlock approve R ok" in shown[0]
    assert "interlock approve" not in shown[1]
    assert "it is too late to answer; to go on: interlock resume R" in shown[1]


async def test_what_a_graph_writes_is_told_to_who_is_asked_about_it():
    body = "{b: {nodes: {one: {call: add, with: {n: 1}}, two: {call: write, with: {n: 2}}}}}"
    plan = compiled("  ok: {gate: {ask: 'Go?'}}\n  go: {graph: b, needs: [ok]}", body)
    board, _ = await board_of(plan)
    journal = Journal(store=MemoryStore(), url="memory:", name="memory:")
    (shown, *_) = [
        line
        for line in asleep_lines(journal, RunId("R"), board.asleep, plan=plan, now_ms=0)
        if "graph b" in line
    ]
    assert "go  graph b, which writes by write  {}" in shown


@pytest.mark.parametrize(
    "later_ms, words",
    [
        (0, "no answer: its receiver is asked in 1 min 0 s"),
        (MINUTE, "no answer: its receiver is asked now"),
        (None, "no answer: its receiver is asked when the run goes on"),
    ],
)
def test_a_write_whose_receiver_is_going_to_be_asked_says_so(later_ms: int | None, words: str):
    run = Driven(plan_of(call("a", "probed")))
    run.end("a", failure())
    board = Board(run.state.plan)
    told = [board.apply(entry) for entry in run.entries]
    row = board.rows[0]
    assert told[-1] is row
    now_ms = None if later_ms is None else run.entries[1].at_ms + later_ms
    assert words_of(row, 80, now_ms=now_ms) == words
    run.probed("a", "applied", 7)
    for entry in run.entries[3:]:
        board.apply(entry)
    assert words_of(row, 80) == "7"


async def test_what_waits_is_counted_by_kind():
    plan = compiled("""
  ok: {gate: {ask: 'Go?'}}
  paid: {wait: {signal: paid, for: 3d}}
  sent: {wait: {signal: sent}}
  cool: {wait: {for: 1h}}
""")
    board, entries = await board_of(plan)
    assert waiting_for(board.asleep.values()) == "1 gate, 2 signals, 1 timer"
    words = {
        path: asleep_words(each, entries[-1].at_ms - entries[-1].at_ms % 1000)
        for path, each in board.asleep.items()
    }
    assert words[Path("ok")] == "waiting for anybody's decision"
    assert words[Path("sent")] == "waiting for signal sent"
    assert words[Path("paid")].startswith("waiting for signal paid, gives up in 3 d 0 h")


async def test_what_did_not_succeed_is_set_back_when_a_run_is_opened_again():
    plan = compiled("""
  fine: {call: add, with: {n: 1}}
  bad: {call: write, with: {n: 1}, require: '1 == 2', needs: [fine]}
  allowed: {call: write, with: {n: 1}, require: '1 == 2', on_error: continue}
  after: {call: add, with: {n: '${{ bad }}'}}
  never: {call: add, with: {n: 1}, when: 'false'}
""")
    board, _ = await board_of(plan)
    assert board.settled is not None
    board.apply(Entry(RunReopened(), at_ms=5, seq=99, actor=ADA))
    assert board.settled is None
    found = {each.node.id: each.status for each in board.rows}
    assert found == {
        "fine": "succeeded",
        "bad": "running",
        "allowed": "failed",
        "after": "waiting",
        "never": "skipped",
    }


BODY = "{b: {nodes: {w: {wait: {for: 2m}}}}}"


@pytest.mark.parametrize(
    "nodes, graphs, words",
    [
        ("  a: {call: add, with: {n: 1}}", "{}", ""),
        ("  a: {wait: {for: 3m}}\n  b: {wait: {for: 4m}, needs: [a]}", "{}", "up to 7 min"),
        ("  a: {wait: {for: 3m}}\n  b: {wait: {for: 4m}}", "{}", "up to 4 min"),
        ("  a: {gate: {ask: x}}\n  b: {wait: {for: 4m}}", "{}", "without a bound at `a`"),
        ("  a: {graph: b}\n  c: {wait: {for: 1m}, after: [a]}", BODY, "up to 3 min"),
        ("  a: {repeat: b, until: 'true', max: 5}", BODY, "up to 10 min"),
        ("  a: {map: b, over: '${{ [1, 2] }}'}", BODY, "without a bound at `a`"),
    ],
)
def test_how_long_a_graph_may_wait(nodes: str, graphs: str, words: str):
    assert waiting_words(compiled(nodes, graphs).root) == words


@pytest.mark.parametrize("columns", [80, 100])
async def test_a_terminal_shows_what_waits_and_how_to_answer(columns: int):
    plan = compiled(
        GATE + "  each: {map: one, over: '${{ [1, 2, 3, 4, 5] }}'}\n",
        "{one: {nodes: {w: {wait: {signal: paid, for: 3d}}}}}",
    )
    _, entries = await board_of(plan)
    opened = next(e for e in entries if isinstance(e.event, GateOpened))
    progress = Progress(
        plan,
        io.StringIO(),
        live=True,
        now_ms=lambda: opened.at_ms,
        answers=lambda run, path, _: (f"interlock answer {run} {path}",),
    )
    for entry in entries:
        progress.observe(RunId("R1"), entry)
    shown = str(progress._render(columns, 40)).splitlines()
    assert all(len(line) <= columns for line in shown)
    (row,) = [index for index, line in enumerate(shown) if line.startswith("  ◌ ok")]
    assert "waiting for ops, qa, 0 of 2 approved, expires in" in shown[row]
    assert shown[row + 1].strip() == "interlock answer R1 ok"
    assert sum("◌ each[" in line for line in shown) == 3
    assert shown[-1].strip().startswith("· go")
    assert any("2 more are waited for" in line for line in shown)


async def test_a_pipe_gets_a_line_for_what_waits():
    _, entries = await board_of(compiled(GATE))
    stream = io.StringIO()
    progress = Progress(
        compiled(GATE), stream, now_ms=lambda: 0, answers=lambda *_: ("approve it", "reject it")
    )
    for entry in entries:
        progress.observe(RunId("R1"), entry)
    lines = [line.strip() for line in stream.getvalue().splitlines()]
    assert lines[1].startswith("o ok"), "what cannot be encoded is written in ASCII"
    assert lines[2:] == ["approve it"]
