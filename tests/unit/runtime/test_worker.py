"""Workers: nothing is forgotten, nothing is driven twice, and there is never too much at a time."""

import asyncio
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path as File
from typing import Any, cast

import pytest

from interlock.actions import Registry, action
from interlock.errors import LimitExceeded, StoreFailed, UsageError
from interlock.graph import GateNode, Graph, WaitNode
from interlock.journal import Lease, OwnerId, RunCancelled
from interlock.plan import Plan, compile as compile_graph
from interlock.replay import verify
from interlock.runtime import (
    LetGo,
    Report,
    RunChanged,
    Runtime,
    SetAside,
    Start,
    TakenUp,
    Worker,
    read_entries,
    worker as module,
)
from interlock.runtime.deciding.messages import message_of
from interlock.store import MemoryStore, Store, open_store
from interlock.testing import Fault, FaultyStore, Moment, Scripted, World
from interlock.values import NodeId, RunId
from unit.engine.driving import call, plan_of
from unit.runtime.stages import ANN, RUN, Stage, one, virtually

HOUR_MS = 3_600_000
THIEF = OwnerId("another")


def numbered(action: str = "write", **options: Any) -> Plan:
    """A plan whose one call is labelled by its input."""
    node = call("a", action, with_={"label": "r${{ inputs.n }}", "values": []}, **options)
    graph = Graph(name="numbered", inputs={"n": {"type": "integer"}}, nodes={node.id: node})
    return compile_graph(graph, World().registry)


async def queue(runtime: Runtime, count: int, *, plan: Plan | None = None) -> list[RunId]:
    starts = (Start(inputs={"n": n}) for n in range(count))
    return [each.run async for each in runtime.enqueue_many(plan or numbered(), starts)]


class Told:
    """What a worker reported."""

    def __init__(self) -> None:
        self.reports: list[Report] = []

    def __call__(self, report: Report) -> None:
        self.reports.append(report)

    def taken(self) -> list[RunId]:
        return [each.head.run for each in self.reports if isinstance(each, TakenUp)]

    def statuses(self) -> list[str]:
        return [each.result.status for each in self.reports if isinstance(each, LetGo)]

    def refused(self) -> list[Exception]:
        return [each.error for each in self.reports if isinstance(each, SetAside)]


class CountingStore:
    """A store that counts how often it is asked what is ready."""

    at_once = True

    def __init__(self, inner: Store) -> None:
        self.inner = inner
        self.asked = 0

    def ready(self, **conditions: Any) -> Any:
        self.asked += 1
        return self.inner.ready(**conditions)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: File) -> Iterator[Store]:
    """A store that is written in the loop, whose time would run on while a thread writes."""
    url = "memory:" if request.param == "memory" else str(tmp_path / "journal.db")
    opened = open_store(url)
    yield cast(Store, CountingStore(opened))
    opened.close()


def sound(stage: Stage, runs: list[RunId]) -> None:
    for run in runs:
        assert verify(run, read_entries(stage.store, run)).status == "succeeded"


# --- what it drives


def test_it_drives_what_is_queued_and_ends_when_nothing_is_ready(store: Store):
    async def main(stage: Stage) -> None:
        told = Told()
        async with stage.runtime() as runtime:
            runs = await queue(runtime, 30)
            await Worker(runtime, report=told).work(until_idle=True)
        assert stage.world.receiver.effects == {f"r{n}": 1 for n in range(30)}
        assert told.taken() == runs
        assert told.statuses() == ["succeeded"] * 30
        sound(stage, runs)

    virtually(main, store=store)


def test_it_goes_on_with_a_run_when_its_time_has_come(store: Store):
    wait = WaitNode(id=NodeId("wait"), for_ms=300_000)
    plan = plan_of(wait, call("w", "write", needs=("wait",)))

    async def main(stage: Stage) -> None:
        told = Told()
        async with stage.runtime() as runtime:
            await runtime.enqueue(plan, run=RUN)
            await Worker(runtime, report=told).work(until_idle=True)
            assert told.statuses() == ["waiting"]
            working = asyncio.create_task(Worker(runtime, report=told).work())
            await asyncio.sleep(280)
            assert stage.world.receiver.effects == {}
            await asyncio.sleep(21)
            assert stage.world.receiver.effects == {"w": 1}
            assert told.statuses() == ["waiting", "succeeded"]
            working.cancel()

    virtually(main, store=store)


def test_it_takes_decisions_that_nobody_has_taken(store: Store):
    plan = plan_of(GateNode(id=NodeId("gate"), ask="Go on?"), call("w", "write", needs=("gate",)))

    async def main(stage: Stage) -> None:
        told = Told()
        async with stage.runtime() as runtime:
            assert (await runtime.run(plan, run=RUN)).status == "waiting"
            working = asyncio.create_task(Worker(runtime, report=told).work())
            await asyncio.sleep(10)
            assert told.reports == []
            cancel = RunCancelled(reason="too late", undo=False)
            now_ms = stage.clock.now_ms()
            stage.store.post(message_of(cancel, run=RUN, id_="1", actor=ANN, now_ms=now_ms))
            await asyncio.sleep(1)
            assert told.statuses() == ["cancelled"]
            working.cancel()

    virtually(main, store=store)


def test_it_takes_up_what_another_owner_was_at_when_its_lease_expires(store: Store):
    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            (run,) = await queue(runtime, 1)
            now_ms = stage.clock.now_ms()
            stage.store.lease(run, THIEF, now_ms=now_ms, life_ms=60_000)
            working = asyncio.create_task(Worker(runtime).work())
            await asyncio.sleep(59)
            assert stage.world.receiver.effects == {}
            await asyncio.sleep(2)
            assert stage.world.receiver.effects == {"r0": 1}
            working.cancel()

    virtually(main, store=store)


@pytest.mark.parametrize("action", ["pure", "keyed"])
def test_a_run_whose_deadline_passed_in_the_queue_starts_nothing(store: Store, action: str):
    async def main(stage: Stage) -> None:
        told = Told()
        async with stage.runtime() as runtime:
            await runtime.enqueue(one(action), run=RUN, deadline_ms=60_000)
            await asyncio.sleep(61)
            await Worker(runtime, report=told).work(until_idle=True)
        assert told.statuses() == ["cancelled"]
        assert stage.world.calls == {}
        assert verify(RUN, read_entries(stage.store, RUN)).status == "cancelled"

    virtually(main, store=store)


# --- several of them


def test_two_workers_share_what_is_ready(store: Store):
    async def main(stage: Stage) -> None:
        one_told, other_told = Told(), Told()
        async with stage.runtime() as runtime, stage.runtime() as other:
            runs = await queue(runtime, 100)
            await asyncio.gather(
                Worker(runtime, report=one_told, runs_max=5).work(until_idle=True),
                Worker(other, report=other_told, runs_max=5).work(until_idle=True),
            )
        assert stage.world.receiver.requests == {f"r{n}": 1 for n in range(100)}
        assert sorted([*one_told.taken(), *other_told.taken()]) == runs
        assert min(len(one_told.taken()), len(other_told.taken())) > 30
        assert one_told.refused() == other_told.refused() == []
        sound(stage, runs)

    slow = World(lambda *_: Scripted(delay_ms=100))
    virtually(main, slow, store=store)


def test_what_a_worker_leaves_is_taken_up_by_the_other_one(store: Store):
    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime, stage.runtime() as other:
            runs = await queue(runtime, 20, plan=numbered("keyed"))
            dying = asyncio.create_task(Worker(runtime).work())
            await asyncio.sleep(0.05)
            dying.cancel()
            with pytest.raises(asyncio.CancelledError):
                await dying
            await Worker(other).work(until_idle=True)
        assert stage.world.receiver.effects == {f"r{n}": 1 for n in range(20)}
        sound(stage, runs)

    virtually(main, World(lambda *_: Scripted(delay_ms=100)), store=store)


def test_a_worker_that_is_always_slower_is_not_idle(store: Store):
    """Whatever it asks for first is another one's already; the rest is still there for it."""

    class Slower(CountingStore):
        def lease_many(self, runs: Collection[RunId], owner: OwnerId, **times: int) -> list[Lease]:
            if len(refused) < 3:
                refused.append(len(runs))
                return []
            return self.inner.lease_many(runs, owner, **times)

    refused: list[int] = []

    async def main(stage: Stage) -> None:
        stage.store = cast(Store, Slower(stage.store))
        async with stage.runtime() as runtime:
            runs = await queue(runtime, 5)
            await Worker(runtime, runs_max=2).work(until_idle=True)
        assert refused == [2, 2, 2]
        sound(stage, runs)

    virtually(main, store=store)


# --- how much at a time, and in which order


def test_it_takes_up_no_more_than_there_is_room_for():
    going, most = set[str](), [0]

    async def watch(moment: Moment) -> None:
        if moment.point == "called":
            going.add(moment.label)
        elif moment.point == "answering":
            going.discard(moment.label)
        most[0] = max(most[0], len(going))

    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            await queue(runtime, 50)
            before = asyncio.get_running_loop().time()
            await Worker(runtime, runs_max=7).work(until_idle=True)
            assert asyncio.get_running_loop().time() - before < 8.1, "room is filled at once"
        assert most == [7]

    virtually(main, World(lambda *_: Scripted(delay_ms=1_000), watch=watch))


def test_higher_priorities_come_first_and_now_and_then_the_oldest():
    async def main(stage: Stage) -> None:
        told = Told()
        async with stage.runtime() as runtime:
            low = await queue(runtime, 20)
            starts = (Start(inputs={"n": n}, priority=9) for n in range(100, 150))
            high = [each.run async for each in runtime.enqueue_many(numbered(), starts)]
            await Worker(runtime, report=told, runs_max=1).work(until_idle=True)
        taken = told.taken()
        assert sorted(taken) == sorted([*low, *high])
        assert taken[:9] == high[:9]
        early = Counter("low" if run in set(low) else "high" for run in taken[:50])
        assert early["low"] == 50 // module.OLDEST_EVERY
        assert [run for run in taken if run in set(low)] == low

    virtually(main)


def test_what_is_idle_asks_little():
    async def main(stage: Stage) -> None:
        store = CountingStore(MemoryStore())
        stage.store = cast(Store, store)
        async with stage.runtime() as runtime:
            working = asyncio.create_task(Worker(runtime).work())
            await asyncio.sleep(3600)
            working.cancel()
        assert store.asked <= 3600 * 1000 / module.POLL_MS + 1

    virtually(main)


# --- what it cannot drive


@action("write", effect="write")
def renamed(label: str) -> int:
    """Not the `write` that the runs were started with."""
    return len(label)


def test_a_run_that_it_cannot_drive_is_said_once_and_left_open(store: Store):
    async def main(stage: Stage) -> None:
        told = Told()
        async with stage.runtime() as runtime:
            changed = await queue(runtime, 40)
            sane = [(await runtime.enqueue(one("read"))).run for _ in range(3)]
        others = [each for each in stage.world.registry if each.name != "write"]
        async with stage.runtime(Registry([*others, renamed])) as runtime:
            worker = Worker(runtime, report=told, runs_max=4)
            working = asyncio.create_task(worker.work())
            await asyncio.sleep(60)
            worker.stop()
            await working
        assert [type(error) for error in told.refused()] == [RunChanged] * len(changed)
        assert [run for run in told.taken() if run in set(sane)] == sane
        assert {stage.status(run) for run in changed} == {"queued"}
        assert {stage.status(run) for run in sane} == {"succeeded"}
        for run in changed:
            assert stage.types(run) == ["RunStarted"]

    virtually(main, store=store)


def test_a_worker_that_can_drive_hardly_anything_ends(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "SET_ASIDE_MAX", 10)

    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            await queue(runtime, 30)
        async with stage.runtime(Registry([])) as runtime:
            with pytest.raises(LimitExceeded, match="more than 10 runs"):
                await Worker(runtime).work()

    virtually(main)


def test_a_journal_that_fails_ends_it():
    async def main(stage: Stage) -> None:
        inner = MemoryStore()
        stage.store = inner
        async with stage.runtime() as runtime:
            runs = await queue(runtime, 10)
        stage.store = FaultyStore(inner, [Fault(write_no=3, moment="before")])
        async with stage.runtime() as runtime:
            with pytest.raises(StoreFailed):
                await Worker(runtime).work()
        stage.store = inner
        async with stage.runtime() as runtime:
            await asyncio.sleep(120)
            await Worker(runtime).work(until_idle=True)
        assert {stage.status(run) for run in runs} <= {"succeeded", "in_doubt"}

    virtually(main)


# --- the end


def test_it_stops_when_what_it_drives_has_ended():
    async def main(stage: Stage) -> None:
        told = Told()
        async with stage.runtime() as runtime:
            await queue(runtime, 10)
            worker = Worker(runtime, report=told, runs_max=3)
            working = asyncio.create_task(worker.work())
            await asyncio.sleep(0.5)
            worker.stop()
            await working
        assert told.statuses() == ["succeeded"] * 3
        assert len(stage.store.heads(statuses=["queued"])) == 7

    virtually(main, World(lambda *_: Scripted(delay_ms=1_000)))


def test_what_it_drives_stays_open_when_it_is_drained():
    async def main(stage: Stage) -> None:
        told = Told()
        async with stage.runtime() as runtime:
            runs = await queue(runtime, 3, plan=numbered("keyed", timeout_ms=HOUR_MS))
            worker = Worker(runtime, report=told)
            working = asyncio.create_task(worker.work())
            await asyncio.sleep(0.5)
            worker.stop()
            await runtime.drain()
            await working
            assert told.statuses() == ["interrupted"] * 3
        assert [head.run for head in stage.store.ready(now_ms=0)] == runs

    virtually(main, World(lambda *_: Scripted(delay_ms=60_000)))


def test_no_room_is_refused():
    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            with pytest.raises(UsageError, match="`runs_max` is 0"):
                Worker(runtime, runs_max=0)

    virtually(main)
