"""Owners of runs and their leases, stores that fail, bounds, and who watches."""

import asyncio
import threading
from collections.abc import Collection
from typing import cast

import pytest

from interlock.actions import Context, Registry, action
from interlock.errors import (
    LeaseHeld,
    LeaseLost,
    StoreFailed,
)
from interlock.journal import (
    AttemptStarted,
    Entry,
    Lease,
    OwnerId,
    RunRecovered,
    RunSettled,
)
from interlock.replay import verify
from interlock.runtime import (
    RunResult,
    Runtime,
    SystemClock,
    SystemIds,
)
from interlock.runtime.commits.queue import AHEAD_EVENTS_MAX
from interlock.runtime.owning.leases import LEASE_MS
from interlock.runtime.runtime import environment_secret
from interlock.store import MemoryStore, Store
from interlock.testing import (
    Fault,
    FaultyStore,
    Scripted,
    World,
)
from interlock.values import Path, RunId
from unit.engine.driving import call, plan_of
from unit.runtime.stages import RUN, Stage, one, virtually
from unit.runtime.stores import HeldStore, WatchedStore

# --- owners


def test_a_run_is_driven_by_one_owner():
    world = World({"a": [Scripted(delay_ms=5_000)]})

    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime, stage.runtime() as other:
            running = asyncio.ensure_future(runtime.run(one("write"), run=RUN))
            await asyncio.sleep(1)
            with pytest.raises(LeaseHeld, match="owner-1"):
                await other.resume(RUN)
            assert (await running).status == "succeeded"
            assert (await other.resume(RUN)).status == "succeeded"

    virtually(main, world)


def test_a_lease_is_renewed_as_long_as_a_run_goes_on():
    world = World({"a": [Scripted(delay_ms=50 * LEASE_MS)]})
    plan = one("write", timeout_ms=100 * LEASE_MS)

    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime, stage.runtime() as other:
            running = asyncio.ensure_future(runtime.run(plan, run=RUN))
            for _ in range(40):
                await asyncio.sleep(LEASE_MS / 1000)
                with pytest.raises(LeaseHeld):
                    await other.resume(RUN)
            assert (await running).status == "succeeded"
            stage.store.lease(RUN, OwnerId("me"), now_ms=stage.clock.now_ms(), life_ms=1)

    virtually(main, world)


@pytest.mark.parametrize("delay_s", [LEASE_MS / 3000 * number for number in (1, 2, 3)])
def test_a_lease_is_let_go_even_when_its_renewal_is_under_way(delay_s: float):
    """The run ends in the very turn in which its lease is being renewed, in a thread."""
    world = World({"a": [Scripted(does="raise", delay_ms=round(delay_s * 1000))]})
    plan = one("write", timeout_ms=10 * LEASE_MS)

    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime, stage.runtime() as other:
            result = await runtime.run(plan, run=RUN)
            assert result.status == "in_doubt"
            await asyncio.sleep(0.5)
            assert (await other.resume(RUN)).status == "in_doubt"

    virtually(main, world)


def test_a_run_that_stops_while_its_lease_is_renewed_stops_in_order():
    world = World({"a": [Scripted(does="hang")]})
    plan = one("metered", timeout_ms=10 * LEASE_MS)

    class Renewing(WatchedStore):
        """Stops the run when the thread that renews its lease is about to ask for it."""

        def lease_many(
            self, runs: Collection[RunId], owner: OwnerId, *, now_ms: int, life_ms: int
        ) -> list[Lease]:
            assert threading.current_thread() is not threading.main_thread()
            loop.call_soon_threadsafe(running.cancel)
            assert ended.wait(10)
            return self.inner.lease_many(runs, owner, now_ms=now_ms, life_ms=life_ms)

    ended = threading.Event()

    async def main(stage: Stage) -> None:
        nonlocal running, loop
        loop = asyncio.get_running_loop()
        async with stage.runtime() as runtime:
            running = asyncio.ensure_future(runtime.run(plan, run=RUN))
            with pytest.raises(asyncio.CancelledError):
                await running
            ended.set()
        async with stage.runtime() as other:
            assert (await other.resume(RUN)).status == "succeeded"
        (recovered,) = [e.event for e in stage.entries() if isinstance(e.event, RunRecovered)]
        assert recovered.orderly

    loop: asyncio.AbstractEventLoop
    running: asyncio.Task[RunResult]
    virtually(main, world, store=cast(Store, Renewing()))


@pytest.mark.parametrize("error", [StoreFailed("busy"), ZeroDivisionError("a bug")])
def test_a_renewal_that_fails_stops_its_run_and_no_other(error: Exception):
    world = World({"a": [Scripted(does="hang")], "b": [Scripted(delay_ms=3 * LEASE_MS)]})
    options = {"timeout_ms": 10 * LEASE_MS}

    class Failing(WatchedStore):
        def lease(self, run: RunId, owner: OwnerId, *, now_ms: int, life_ms: int) -> Lease:
            if run == RUN:
                raise error
            return self.inner.lease(run, owner, now_ms=now_ms, life_ms=life_ms)

        def lease_many(self, runs: Collection[RunId], *_: OwnerId, **__: int) -> list[Lease]:
            assert len(runs) == 2
            raise error

    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime, stage.runtime() as other:
            running = asyncio.ensure_future(runtime.run(one("write", **options), run=RUN))
            good = asyncio.ensure_future(
                runtime.run(plan_of(call("b", "write", **options)), run=RunId("R2"))
            )
            with pytest.raises(type(error)):
                await running
            await asyncio.sleep(LEASE_MS / 1000)
            with pytest.raises(LeaseHeld):
                await other.resume(RunId("R2"))
            assert (await good).status == "succeeded"

    virtually(main, world, store=cast(Store, Failing()))


def test_leases_are_renewed_in_one_commit():
    class Counting(WatchedStore):
        def lease(self, run: RunId, *_: OwnerId, **__: int) -> Lease:
            raise AssertionError(f"the lease of {run} was renewed alone")

        def lease_many(
            self, runs: Collection[RunId], owner: OwnerId, *, now_ms: int, life_ms: int
        ) -> list[Lease]:
            sizes.append(len(runs))
            return self.inner.lease_many(runs, owner, now_ms=now_ms, life_ms=life_ms)

    sizes: list[int] = []

    async def main(stage: Stage) -> None:
        plan = one("write", timeout_ms=10 * LEASE_MS)
        async with stage.runtime() as runtime:
            results = await asyncio.gather(
                *(runtime.run(plan, run=RunId(f"R{number}")) for number in range(30))
            )
        assert {result.status for result in results} == {"succeeded"}

    virtually(main, World({"a": [Scripted(delay_ms=2 * LEASE_MS)] * 30}), cast(Store, Counting()))
    assert sizes == [30] * len(sizes)
    assert len(sizes) >= 4


def test_an_owner_that_was_followed_stops():
    world = World({"a": [Scripted(delay_ms=5_000)]})

    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            running = asyncio.ensure_future(runtime.run(one("write"), run=RUN))
            await asyncio.sleep(1)
            later = stage.clock.now_ms() + 2 * LEASE_MS
            stage.store.lease(RUN, OwnerId("me"), now_ms=later, life_ms=10**9)
            with pytest.raises(LeaseLost, match="taken over by another owner"):
                await running
        assert stage.types() == ["RunStarted", "AttemptStarted"]

    virtually(main, world)


def test_an_owner_that_cannot_renew_stops():
    world = World({"a": [Scripted(does="hang")]})
    plan = one("write", timeout_ms=10 * LEASE_MS)

    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            running = asyncio.ensure_future(runtime.run(plan, run=RUN))
            await asyncio.sleep(1)
            later = stage.clock.now_ms() + 2 * LEASE_MS
            stage.store.lease(RUN, OwnerId("me"), now_ms=later, life_ms=10**9)
            with pytest.raises(LeaseHeld):
                await running

    virtually(main, world)


# --- stops and crashes


async def stopped(stage: Stage, how: str) -> None:
    """Start or take up the run, and stop while its action is under way."""
    async with stage.runtime() as runtime:
        is_new = stage.store.head(RUN) is None
        work = runtime.run(one("metered"), run=RUN) if is_new else runtime.resume(RUN)
        waiting = asyncio.ensure_future(work)
        await asyncio.sleep(1)
        if how == "drain":
            await runtime.drain()
        elif how == "cancel":
            waiting.cancel()
        elif how == "store":
            cast(FaultyStore, stage.store).stop()
    await asyncio.gather(waiting, return_exceptions=True)


@pytest.mark.parametrize("how", ["drain", "cancel", "leave"])
def test_an_orderly_stop_is_no_crash(how: str):
    world = World({"a": [Scripted(does="hang")] * 9})

    async def main(stage: Stage) -> None:
        for _ in range(9):
            await stopped(stage, how)
        async with stage.runtime() as runtime:
            assert (await runtime.resume(RUN)).status == "succeeded"
        recovered = [e.event for e in stage.entries() if isinstance(e.event, RunRecovered)]
        assert len(recovered) == 9
        assert all(event.orderly for event in recovered)
        verify(RUN, stage.entries())

    virtually(main, world)


def test_an_owner_that_did_not_let_the_run_go_has_crashed():
    world = World({"a": [Scripted(does="hang")] * 9})

    async def main(stage: Stage) -> None:
        kept = stage.store
        for _ in range(3):
            stage.store = FaultyStore(kept)
            await stopped(stage, "store")
            await asyncio.sleep(2 * LEASE_MS / 1000)
        stage.store = kept
        async with stage.runtime() as runtime:
            result = await runtime.resume(RUN)
        assert result.error is not None
        assert "the process ended 3 times" in result.error.message
        assert world.calls == {"a": 3}

    virtually(main, world)


# --- the store fails


@pytest.mark.parametrize("write_no", [1, 2, 3])
def test_a_store_that_fails_stops_every_run(write_no: int):
    async def main(stage: Stage) -> None:
        store = FaultyStore(MemoryStore(), [Fault(write_no=write_no, moment="before")])
        stage.store = store
        async with stage.runtime() as runtime:
            runs = [runtime.run(one("write")) for _ in range(3)]
            results = await asyncio.gather(*runs, return_exceptions=True)
            assert [type(result) for result in results] == [StoreFailed] * 3
            with pytest.raises(StoreFailed):
                await runtime.run(one("write"))

    virtually(main)


def test_a_store_that_fails_while_a_runtime_is_left_hides_nothing():
    world = World({"a": [Scripted(delay_ms=5_000)]})

    async def main(stage: Stage) -> None:
        store = FaultyStore(MemoryStore())
        stage.store = store
        async with stage.runtime() as runtime:
            running = asyncio.ensure_future(
                runtime.run(plan_of(call("a", "write"), call("b", "read")), run=RUN)
            )
            while not world.calls["b"]:  # noqa: ASYNC110 - until the loop has come that far
                await asyncio.sleep(0)
            await asyncio.sleep(0)
            store.stop()
        with pytest.raises(StoreFailed):
            await running

    virtually(main, world)


# --- running ahead


def test_what_runs_ahead_is_bounded():
    """Far more reads come back in one turn of the loop than may be ahead of the journal."""
    first = [call(f"a{index}", "read") for index in range(1_500)]
    second = [call(f"b{index}", "pure", needs=(f"a{index}",)) for index in range(1_500)]
    plan = plan_of(*first, *second)
    store = WatchedStore()

    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            assert (await runtime.run(plan, run=RUN)).status == "succeeded"
        assert len(stage.entries()) == 3_002
        assert max(store.sizes) <= AHEAD_EVENTS_MAX + 1

    virtually(main, store=cast(Store, store))


# --- observers


async def test_nothing_is_called_because_of_a_response_that_is_not_durable():
    world, store = World(), HeldStore()
    plan = plan_of(call("a", "write"), call("b", "pure", needs=("a",)))
    async with Runtime(cast(Store, store), world.registry) as runtime:
        running = asyncio.ensure_future(runtime.run(plan, run=RUN))
        await store.next_write()
        store.let_go()
        await store.next_write()
        for _ in range(10):
            await asyncio.sleep(0)
        assert world.calls == {"a": 1}
        store.let_go(9)
        assert (await running).status == "succeeded"
    assert world.calls == {"a": 1, "b": 1}


def test_an_observer_sees_what_is_committed_in_order():
    seen: list[Entry] = []

    async def main(stage: Stage) -> None:
        def observe(run: RunId, entry: Entry) -> None:
            assert run == RUN
            assert len(stage.store.read(RUN)) >= entry.seq, "it is durable"
            seen.append(entry)

        async with stage.runtime() as runtime:
            plan = plan_of(call("a", "read"), call("b", "write", needs=("a",)))
            await runtime.run(plan, run=RUN, observer=observe)
        assert seen == stage.entries()

    virtually(main)


def test_an_observer_that_fails_does_not_touch_the_run():
    def observe(run: RunId, entry: Entry) -> None:
        if isinstance(entry.event, AttemptStarted):
            raise BrokenPipeError("nobody reads")

    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            with pytest.raises(BrokenPipeError):
                await runtime.run(one("write"), run=RUN, observer=observe)
            assert isinstance(stage.entries()[-1].event, RunSettled)
            assert (await runtime.resume(RUN)).status == "succeeded"
        assert stage.world.receiver.effects == {"a": 1}

    virtually(main)


def test_an_observer_of_a_run_that_is_taken_up_sees_what_comes_after():
    seen: list[str] = []

    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            await runtime.run(one("write"), run=RUN)
            before = len(stage.types())
            await runtime.resolve(
                RUN,
                Path("a"),
                "succeeded",
                output=1,
                observer=lambda _, entry: seen.append(entry.event.type),
            )
        assert seen == stage.types()[before:]
        assert RunRecovered.type in seen

    virtually(main, World({"a": [Scripted(does="raise")]}))


# --- the system's own


def test_ids_of_the_system_are_ulids_and_name_the_process():
    ids = SystemIds()
    first, later = ids.run(1_000), ids.run(2_000)
    assert first < later
    assert len(first) == len(later) == 26
    assert ids.owner() != ids.owner()


def test_later_runs_have_greater_ids_also_in_one_millisecond():
    ids = SystemIds()
    several = [ids.run(1_000) for _ in range(100)]
    assert several == sorted(set(several))


def test_the_clock_of_the_system_is_in_milliseconds():
    assert 1_600_000_000_000 < SystemClock().now_ms() < 10_000_000_000_000


def test_secrets_are_found_in_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("INTERLOCK_SECRET_TOKEN", "hunter2")
    assert environment_secret("token") == "hunter2"
    assert environment_secret("none") is None


def test_actions_get_the_clients_that_were_passed():
    class Client:
        name = "client"

    @action(effect="read")
    async def act(ctx: Context) -> str:
        return ctx.resource(Client).name

    registry = Registry([act])
    plan = plan_of(call("a", "act", with_={}), outputs={"result": "${{ a }}"}, registry=registry)

    async def main(stage: Stage) -> None:
        async with Runtime(stage.store, registry, resources=[Client()]) as runtime:
            assert (await runtime.run(plan)).output == "client"

    virtually(main)
