"""The board of a run that people decide about: paused, opened again, taken back."""

import pytest

from interlock.actions import Registry, action
from interlock.cli.views.board import Board, Row
from interlock.cli.views.rowtext import line_of, words_of
from interlock.engine import told
from interlock.errors import NotApplied
from interlock.graph import load
from interlock.journal import Entry
from interlock.plan import compile as compile_graph
from interlock.runtime import Runtime
from interlock.store import MemoryStore
from interlock.values import NodeId, Path, RunId

DOCUMENT = """
interlock: 1
name: ship
graphs:
  region:
    inputs: {at: {type: string}}
    nodes:
      up: {call: put, with: {at: '${{ inputs.at }}'}}
    outputs: {at: '${{ up }}'}
nodes:
  regions: {map: region, over: "['a', 'b']", as: at, with: {at: '${{ at }}'}}
  notice: {call: put, with: {at: notice}, needs: [regions]}
  ok: {gate: {ask: Ship?}, needs: [notice]}
  ship: {call: put, with: {at: there}, needs: [ok]}
  look: {call: look, with: {}, needs: [ship], on_error: undo}
"""


class World:
    """What the actions do: `trouble` maps what is put or taken to an exception."""

    def __init__(self) -> None:
        self.trouble: dict[str, Exception] = {}

    def registry(self) -> Registry:
        def meet(what: str) -> str:
            if what in self.trouble:
                raise self.trouble[what]
            return what

        @action("take", effect="write", version="1")
        def take(at: str) -> str:
            return meet(f"take {at}")

        @action("put", effect="write", undo=take, version="1")
        def put(at: str) -> str:
            return meet(at)

        @action("look", effect="read", version="1")
        def look() -> str:
            return meet("look")

        return Registry([take, put, look])


class Watched:
    """A run with its board."""

    def __init__(self, runtime: Runtime, registry: Registry) -> None:
        self.runtime = runtime
        self.plan = compile_graph(load(DOCUMENT).graph, registry)
        self.board = Board(self.plan)
        self.run = RunId("")

    def observe(self, run: RunId, entry: Entry) -> None:
        self.run = run
        self.board.apply(entry)

    async def start(self) -> None:
        await self.runtime.run(self.plan, observer=self.observe)

    def row(self, id_: str) -> Row:
        return next(row for row in self.board.rows if row.node.id == NodeId(id_))

    def words(self, id_: str) -> str:
        return words_of(self.row(id_), 80)

    def glyph(self, id_: str) -> str:
        return line_of(self.row(id_), now_ms=None, name_chars=9, words_chars=80).glyph


@pytest.fixture
def world() -> World:
    return World()


async def test_what_a_pause_holds_back_is_not_under_way(world: World):
    registry = world.registry()
    async with Runtime(MemoryStore(), registry) as runtime:
        watched = Watched(runtime, registry)
        await watched.start()
        await runtime.pause(watched.run, actor="ada", observer=watched.observe)
        await runtime.approve(watched.run, Path("ok"), observer=watched.observe)
        assert watched.row("ship").status == "waiting"
        assert watched.words("ship") == "held: the run is paused"
        assert [told(one) for one in watched.board.decisions] == [
            "ada (unauthenticated) paused the run"
        ]
        await runtime.unpause(watched.run, observer=watched.observe)
        assert watched.words("ship") == "there"
        assert watched.board.settled is not None


async def test_a_node_that_is_opened_again_waits_for_its_gate_once_more(world: World):
    registry = world.registry()
    world.trouble["there"] = NotApplied("no room")
    async with Runtime(MemoryStore(), registry) as runtime:
        watched = Watched(runtime, registry)
        await watched.start()
        await runtime.approve(watched.run, Path("ok"), observer=watched.observe)
        assert watched.row("ship").status == "failed"
        await runtime.reopen(watched.run, actor="ada", observer=watched.observe)
        statuses = {str(row.node.id): row.status for row in watched.board.rows}
        assert statuses == {
            "regions": "succeeded",
            "notice": "succeeded",
            "ok": "running",
            "ship": "waiting",
            "look": "waiting",
        }
        assert watched.row("ok").asleep is not None


async def test_whether_a_node_was_undone_is_in_doubt_until_that_is_known(world: World):
    registry = world.registry()
    world.trouble = {"look": ValueError("dark"), "take there": ConnectionError("lost")}
    async with Runtime(MemoryStore(), registry) as runtime:
        watched = Watched(runtime, registry)
        await watched.start()
        await runtime.approve(watched.run, Path("ok"), observer=watched.observe)
        assert watched.glyph("ship") == "?"
        assert watched.words("ship").startswith("may have been undone: IL6001")
        undo = Path("ship!undo")
        await runtime.resolve(watched.run, undo, "failed", observer=watched.observe)
        assert watched.glyph("ship") == "!"
        assert watched.words("ship").startswith("was not undone: IL6017")


async def test_items_are_not_counted_twice_when_a_run_is_opened_again(world: World):
    registry = world.registry()
    world.trouble["look"] = ValueError("dark")
    async with Runtime(MemoryStore(), registry) as runtime:
        watched = Watched(runtime, registry)
        await watched.start()
        await runtime.approve(watched.run, Path("ok"), observer=watched.observe)
        assert watched.words("regions") == "2 of 2 items done, 2 undone"
        world.trouble.clear()
        await runtime.reopen(watched.run, observer=watched.observe)
        assert "done" not in watched.words("regions")
        assert watched.row("regions").status == "succeeded"
