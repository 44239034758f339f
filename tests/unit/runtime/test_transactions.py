"""Transactional writes: their effect commits with the journal, or there is none."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from interlock import Context, Registry, Runtime, action, compile as compile_graph
from interlock.actions import Database
from interlock.errors import ActionInvalid, StoreError, UsageError
from interlock.graph import CallNode, Graph, Retry, Undo
from interlock.journal import AttemptFailed, Entry
from interlock.replay import verify
from interlock.runtime import RunResult, SystemClock, read_entries
from interlock.store import MemoryStore, Store, open_store
from interlock.testing import Fault, FaultyStore, VirtualClock, run_virtual
from interlock.values import NodeId, RunId

RUN = RunId("R1")


@action(effect="write", transactional=True)
def book(name: str, cents: int, ctx: Context) -> int:
    table = "CREATE TABLE IF NOT EXISTS account (name TEXT PRIMARY KEY, cents INTEGER)"
    ctx.database.execute(table)
    ctx.database.execute("INSERT OR IGNORE INTO account VALUES (?, 0)", (name,))
    ctx.database.execute("UPDATE account SET cents = cents + ? WHERE name = ?", (cents, name))
    (row,) = ctx.database.execute("SELECT cents FROM account WHERE name = ?", (name,))
    if name == "nobody":
        raise ValueError("no such account")
    return row[0]


@action(effect="write", transactional=True)
def wrong(name: str, ctx: Context) -> int:
    ctx.database.execute("CREATE TABLE wrong (name TEXT)")
    return name  # pyright: ignore[reportReturnType]


@action(effect="write")
def plain(ctx: Context) -> int:
    return len(ctx.database.execute("SELECT 1"))


REGISTRY = Registry([book, wrong, plain])


class Later:
    """The time when the lease of an owner that has crashed is over."""

    def now_ms(self) -> int:
        return SystemClock().now_ms() + 120_000


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    made: Store = (
        MemoryStore() if request.param == "memory" else open_store(str(tmp_path / "journal.db"))
    )
    yield made
    made.close()


def plan(*nodes: CallNode) -> Any:
    outputs: dict[str, Any] = {node.id: f"${{{{ {node.id} }}}}" for node in nodes}
    graph = Graph(name="g", nodes={node.id: node for node in nodes}, outputs=outputs)
    return compile_graph(graph, REGISTRY)


def call(name: str, id_: str = "a", **more: Any) -> CallNode:
    return CallNode(id=NodeId(id_), action=name, **more)


def booking(id_: str = "a", name: str = "anna", **more: Any) -> CallNode:
    return call("book", id_, with_={"name": name, "cents": 5}, **more)


async def ran(store: Store, *nodes: CallNode) -> RunResult:
    async with Runtime(store, REGISTRY) as runtime:
        return await runtime.run(plan(*nodes), run=RUN)


def accounts(store: Store) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = []

    def look(database: Database) -> tuple[()]:
        (tables,) = database.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'account'")
        if tables[0]:
            found.extend(database.execute("SELECT name, cents FROM account ORDER BY name"))
        return ()

    store.transact(RunId("other"), 1, look)
    return found


def types(store: Store) -> list[str]:
    return [entry.event.type for entry in read_entries(store, RUN)]


async def test_an_effect_commits_with_its_outcome(store: Store):
    ended = await ran(store, booking())
    assert ended.outputs == {"a": 5}
    assert accounts(store) == [("anna", 5)]
    assert types(store) == [
        "RunStarted",
        "AttemptStarted",
        "AttemptReturned",
        "NodeSettled",
        "RunSettled",
    ]
    verify(RUN, read_entries(store, RUN))


async def test_many_in_one_run_take_turns(store: Store):
    nodes = [booking(f"n{number}") for number in range(10)]
    ended = await ran(store, *nodes)
    assert accounts(store) == [("anna", 50)]
    assert isinstance(ended.outputs, dict)
    assert sorted(int(str(value)) for value in ended.outputs.values()) == list(range(5, 51, 5))
    verify(RUN, read_entries(store, RUN))


async def test_what_it_raises_undoes_it_and_fails_the_node(store: Store):
    ended = await ran(store, booking(name="nobody"))
    assert ended.status == "failed"
    assert accounts(store) == []
    failure = next(
        entry.event for entry in read_entries(store, RUN) if isinstance(entry.event, AttemptFailed)
    )
    assert failure.error.not_applied
    verify(RUN, read_entries(store, RUN))


async def test_it_is_retried_since_nothing_happened(store: Store):
    retry = Retry(attempts=3, delay_ms=1)
    ended = await ran(store, booking(name="nobody", retry=retry))
    assert ended.status == "failed"
    assert types(store).count("AttemptStarted") == 3
    assert accounts(store) == []


@pytest.mark.parametrize("late,undone", [(4, True), (5, False)])
def test_an_undo_that_got_no_time_is_tried_again(late: int, *, undone: bool):
    now_s = [0.0]
    store = MemoryStore(now_s=lambda: now_s[0])
    tries: list[str] = []

    @action(effect="write", transactional=True)
    def unbook(name: str, ctx: Context) -> int:
        ctx.database.execute("DELETE FROM account WHERE name = ?", (name,))
        tries.append(name)
        if len(tries) <= late:
            now_s[0] += 1  # The machine does something else.
        return len(ctx.database.execute("SELECT 1"))

    async def main() -> RunResult:
        registry = Registry([book, wrong, unbook])
        nodes = (
            booking(undo=Undo(action="unbook", with_={"name": "anna"})),
            call("wrong", "b", with_={"name": "x"}, needs=("a",), on_error="undo"),
        )
        graph = Graph(name="g", nodes={node.id: node for node in nodes})
        async with Runtime(store, registry, clock=VirtualClock()) as runtime:
            return await runtime.run(compile_graph(graph, registry), run=RUN)

    assert run_virtual(main()).status == "failed"
    assert len(tries) == 5
    assert accounts(store) == ([] if undone else [("anna", 5)])
    verify(RUN, read_entries(store, RUN))


@pytest.mark.parametrize(
    "node", [booking(ensure=("result > 9",)), call("wrong", with_={"name": "x"})]
)
async def test_what_is_judged_bad_is_undone_and_not_violated(store: Store, node: CallNode):
    ended = await ran(store, node)
    assert ended.status == "failed"
    assert ended.error is not None
    assert "violated" not in ended.error.message
    assert accounts(store) == []
    verify(RUN, read_entries(store, RUN))


async def test_other_actions_do_not_get_the_database(store: Store):
    ended = await ran(store, call("plain"))
    assert ended.status == "in_doubt"


async def test_an_observer_sees_its_events_in_order(store: Store):
    seen: list[int] = []

    def watch(_run: RunId, entry: Entry) -> None:
        seen.append(entry.seq)

    async with Runtime(store, REGISTRY) as runtime:
        await runtime.run(plan(booking(), booking("b")), run=RUN, observer=watch)
    assert seen == list(range(1, len(seen) + 1))


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("number", range(1, 6))
async def test_no_crash_puts_it_in_doubt_or_doubles_it(moment: Any, number: int):
    inner = MemoryStore()
    faulty = FaultyStore(inner, [Fault(write_no=number, moment=moment)])
    async with Runtime(faulty, REGISTRY) as runtime:
        try:
            await runtime.run(plan(booking(), booking("b", needs=(NodeId("a"),))), run=RUN)
        except StoreError:
            assert faulty.is_stopped
    if inner.head(RUN) is None:
        assert accounts(inner) == []
        return
    async with Runtime(inner, REGISTRY, clock=Later()) as runtime:
        ended = await runtime.resume(RUN)
    assert ended.status == "succeeded"
    assert accounts(inner) == [("anna", 10)]
    verify(RUN, read_entries(inner, RUN))


def test_it_may_not_wait():
    with pytest.raises(ActionInvalid, match="cannot wait"):

        @action(effect="write", transactional=True)
        async def slow() -> None: ...


def test_the_database_is_there_only_in_a_transaction():
    with pytest.raises(UsageError, match="only a transactional action"):
        plain.func(_context())


def _context() -> Context:
    return Context(
        idempotency_key="sha256:0",  # pyright: ignore[reportArgumentType]
        attempt_no=1,
        deadline_ms=0,
        now=lambda: 0,
        random=lambda: 0.0,
    )
