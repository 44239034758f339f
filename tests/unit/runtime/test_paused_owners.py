"""Owners that were stopped and woke up, and owners whose process is busy with something else."""

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import pytest

from interlock.actions import Registry, action
from interlock.errors import LeaseHeld, LeaseLost
from interlock.graph import Retry
from interlock.journal import Entry, NodeSettled, OwnerId, Record
from interlock.replay import verify
from interlock.runtime import Runtime, read_entries, runtime as runtime_module
from interlock.runtime.owning.leases import LEASE_MS
from interlock.store import MemoryStore, Store
from interlock.testing import Scripted, VirtualClock, World
from interlock.values import RunId
from unit.engine.driving import call, plan_of
from unit.runtime.stages import RUN, Stage, one, virtually
from unit.runtime.stores import WatchedStore

THIEF = OwnerId("thief")
TIMEOUT_MS = 300


class PausedClock:
    """A clock that goes on while the process is stopped."""

    def __init__(self) -> None:
        self.paused_ms = 0
        self._clock = VirtualClock()

    def now_ms(self) -> int:
        return self._clock.now_ms() + self.paused_ms


class PausingStore(WatchedStore):
    """Stops the process right after the n-th intent of a run was written, for a while."""

    def __init__(self, clock: PausedClock, *pauses_ms: int) -> None:
        super().__init__()
        self._clock = clock
        self._pauses_ms = list(pauses_ms)

    def write(self, records: Sequence[Record]) -> frozenset[RunId]:
        fenced = super().write(records)
        if self._pauses_ms and any(b'"AttemptStarted"' in record.body for record in records):
            self._clock.paused_ms += self._pauses_ms.pop(0)
        return fenced


# --- what is sent


@pytest.mark.parametrize("name", ["write", "keyed", "probed", "safest"])
def test_a_write_is_not_sent_when_its_owner_slept_too_long_on_its_intent(name: str):
    clock = PausedClock()
    world = World()
    store = PausingStore(clock, TIMEOUT_MS)

    async def main(stage: Stage) -> None:
        async with Runtime(stage.store, world.registry, clock=clock) as runtime:
            result = await runtime.run(one(name, timeout_ms=TIMEOUT_MS), run=RUN)
        assert result.status == "failed"
        assert result.error is not None
        assert "attempt 1 was not sent within 300 ms" in result.error.message
        assert world.calls == world.receiver.requests == {}
        verify(RUN, stage.entries())

    virtually(main, world, store=cast(Store, store))


def test_a_write_that_was_not_sent_is_tried_again_as_its_retry_allows():
    clock = PausedClock()
    world = World()
    plan = one("write", timeout_ms=TIMEOUT_MS, retry=Retry(attempts=2, delay_ms=0))

    async def main(stage: Stage) -> None:
        async with Runtime(stage.store, world.registry, clock=clock) as runtime:
            assert (await runtime.run(plan, run=RUN)).status == "succeeded"
        assert world.receiver.requests == {"a": 1}
        assert stage.types().count("AttemptStarted") == 2

    virtually(main, world, store=cast(Store, PausingStore(clock, TIMEOUT_MS)))


def test_a_read_is_called_however_long_its_owner_slept():
    clock = PausedClock()
    world = World()

    async def main(stage: Stage) -> None:
        async with Runtime(stage.store, world.registry, clock=clock) as runtime:
            result = await runtime.run(one("metered", timeout_ms=TIMEOUT_MS), run=RUN)
        assert result.status == "succeeded"

    virtually(main, world, store=cast(Store, PausingStore(clock, 10 * TIMEOUT_MS)))


class SleepingStore(WatchedStore):
    """Writes in a thread; behind the first intent it sleeps until it is woken."""

    def __init__(self) -> None:
        super().__init__(at_once=False)
        self.asleep = threading.Event()
        self.wake = threading.Event()

    def write(self, records: Sequence[Record]) -> frozenset[RunId]:
        fenced = super().write(records)
        if any(b'"AttemptStarted"' in record.body for record in records):
            self.asleep.set()
            assert self.wake.wait(60)
        return fenced


async def test_a_successor_that_asked_is_not_made_a_liar():
    """The owner sleeps on an intent; another one takes the run over, asks, and sends it itself."""
    clock, world, store = PausedClock(), World(), SleepingStore()
    plan = one("probed", timeout_ms=TIMEOUT_MS)
    async with Runtime(cast(Store, store), world.registry, clock=clock) as runtime:
        running = asyncio.ensure_future(runtime.run(plan, run=RUN))
        assert await asyncio.to_thread(store.asleep.wait, 60)
        clock.paused_ms += LEASE_MS + TIMEOUT_MS
        async with Runtime(store.inner, world.registry, clock=clock) as other:
            assert (await other.resume(RUN)).status == "succeeded"
        assert world.receiver.requests == {"a": 1}
        store.wake.set()
        with pytest.raises(LeaseLost):
            await running
    assert world.receiver.requests == {"a": 1}
    verify(RUN, read_entries(store.inner, RUN))


# --- what is kept


def test_a_renewal_that_comes_after_another_owner_keeps_nothing():
    """The other one took the run over and let it go again before the first one renewed."""
    world = World({"a": [Scripted(does="hang")]})

    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            plan = one("write", timeout_ms=10 * LEASE_MS)
            running = asyncio.ensure_future(runtime.run(plan, run=RUN))
            await asyncio.sleep(1)
            later = stage.clock.now_ms() + 2 * LEASE_MS
            stage.store.release(stage.store.lease(RUN, THIEF, now_ms=later, life_ms=1))
            with pytest.raises(LeaseLost, match="taken over by another owner"):
                await running
            now_ms = stage.clock.now_ms()
            assert now_ms < later, "it stops when it renews, not when it writes again"
            assert stage.store.lease(RUN, THIEF, now_ms=now_ms, life_ms=1).epoch == 4

    virtually(main, world)


def test_a_renewal_does_not_wait_for_the_threads_of_actions():
    world = World({"a": [Scripted(does="hang")]})
    held = threading.Event()

    async def main(stage: Stage) -> None:
        busy = ThreadPoolExecutor(1)
        asyncio.get_running_loop().set_default_executor(busy)
        async with stage.runtime() as runtime, stage.runtime() as other:
            for threads in (busy, runtime._world.threads):
                for _ in range(runtime_module.THREADS_MAX):
                    threads.submit(held.wait, 60)
            plan = one("write", timeout_ms=10 * LEASE_MS)
            running = asyncio.ensure_future(runtime.run(plan, run=RUN))
            for _ in range(5):
                await asyncio.sleep(LEASE_MS / 1000)
                with pytest.raises(LeaseHeld):
                    await other.resume(RUN)
            held.set()
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    try:
        virtually(main, world)
    finally:
        held.set()


# --- what never began


def test_a_write_that_never_got_a_thread_is_not_in_doubt(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(runtime_module, "THREADS_MAX", 1)
    held = threading.Event()
    began: list[str] = []

    @action(effect="read", metered=True)
    def hog() -> int:
        began.append("hog")
        held.wait(60)
        return 1

    @action(effect="write")
    def send() -> int:
        began.append("send")
        return 1

    registry = Registry([hog, send])
    plan = plan_of(
        call("a", "hog", with_={}, timeout_ms=60_000),
        call("b", "send", with_={}, timeout_ms=TIMEOUT_MS),
        registry=registry,
    )

    settled: dict[str, NodeSettled] = {}

    def observe(_: RunId, entry: Entry) -> None:
        if isinstance(entry.event, NodeSettled):
            settled[entry.event.path] = entry.event
            held.set()

    async def main(stage: Stage) -> None:
        async with stage.runtime(registry) as runtime:
            result = await runtime.run(plan, run=RUN, observer=observe)
        assert (result.status, result.in_doubt) == ("failed", ())
        error = settled["b"].error
        assert error is not None
        assert (error.code, error.not_applied) == ("IL6002", True)
        assert "send" not in began

    try:
        virtually(main)
    finally:
        held.set()


# --- what is shown


def test_an_observer_is_shown_nothing_that_the_store_refused():
    world = World({"a": [Scripted(delay_ms=5_000)]})
    seen: list[int] = []

    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            running = asyncio.ensure_future(
                runtime.run(one("write"), run=RUN, observer=lambda _, entry: seen.append(entry.seq))
            )
            await asyncio.sleep(1)
            stage.store.lease(RUN, THIEF, now_ms=stage.clock.now_ms() + LEASE_MS, life_ms=10**9)
            with pytest.raises(LeaseLost):
                await running
        assert seen == [1, 2] == [event.seq for event in stage.store.read(RUN)]

    virtually(main, world, MemoryStore())
