"""Who waits for a run: the last one who goes takes its attempts along, and nobody else does."""

import asyncio

import pytest

from interlock.actions import Registry, action
from interlock.errors import StoreFailed, UsageError
from interlock.journal import OwnerId
from interlock.replay import verify
from interlock.runtime import Runtime
from interlock.store import MemoryStore
from interlock.testing import Fault, FaultyStore, Scripted, World
from interlock.values import Path, RunId
from unit.engine.driving import call, plan_of
from unit.runtime.stages import RUN, Stage, one, virtually


def slow() -> World:
    return World({"a": [Scripted(delay_ms=5_000)]})


async def cancelled(task: "asyncio.Task[object]") -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("second", ["resume", "key"])
def test_a_run_goes_on_when_its_first_caller_goes_away(second: str):
    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            first = asyncio.create_task(runtime.run(one("write"), run=RUN, key="k"))
            await asyncio.sleep(1)
            follows = (
                runtime.resume(RUN) if second == "resume" else runtime.run(one("write"), key="k")
            )
            other = asyncio.create_task(follows)
            await asyncio.sleep(1)
            await cancelled(first)
            assert (await other).status == "succeeded"
        assert stage.world.receiver.effects == {"a": 1}
        assert stage.types().count("RunRecovered") == 0

    virtually(main, slow())


def test_a_run_is_abandoned_when_the_last_one_goes_away():
    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            waiting = [asyncio.create_task(runtime.run(one("write"), run=RUN))]
            await asyncio.sleep(1)
            waiting += [asyncio.create_task(runtime.resume(RUN)) for _ in range(2)]
            await asyncio.sleep(1)
            for task in waiting:
                await cancelled(task)
            await asyncio.sleep(9)
            assert stage.world.receiver.effects == {}
            assert (await runtime.resume(RUN)).status == "in_doubt"

    virtually(main, slow())


def test_callers_that_go_away_at_once_abandon_the_run():
    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            first = asyncio.create_task(runtime.run(one("write"), run=RUN))
            await asyncio.sleep(1)
            second = asyncio.create_task(runtime.resume(RUN))
            await asyncio.sleep(1)
            for task in (first, second):
                task.cancel()
            ended = await asyncio.gather(first, second, return_exceptions=True)
            assert all(isinstance(each, asyncio.CancelledError) for each in ended)
            assert stage.world.receiver.effects == {}

    virtually(main, slow())


def test_a_caller_that_is_cancelled_twice_still_lets_the_run_go():
    """The second one comes while the last events of the run are on their way to the disk."""
    plan = plan_of(call("a", "read"), call("b", "metered", needs=("a",)))

    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            first = asyncio.create_task(runtime.run(plan, run=RUN))
            while not stage.world.calls["a"]:  # noqa: ASYNC110 - until the loop has come that far
                await asyncio.sleep(0)
            first.cancel()
            await asyncio.sleep(0)
            await cancelled(first)
            await asyncio.sleep(1)
            async with stage.runtime() as other:
                assert (await other.resume(RUN)).status == "succeeded"

    virtually(main)


def test_who_comes_while_a_run_is_abandoned_gets_what_there_is():
    @action(effect="read", metered=True)
    async def reluctant() -> int:
        try:
            await asyncio.sleep(9)
        except asyncio.CancelledError:
            await asyncio.sleep(0.5)
            raise
        return 1

    registry = Registry([reluctant])
    plan = plan_of(call("a", "reluctant", with_={}), registry=registry)

    async def main(stage: Stage) -> None:
        async with stage.runtime(registry) as runtime:
            first = asyncio.create_task(runtime.run(plan, run=RUN))
            await asyncio.sleep(1)
            first.cancel()
            await asyncio.sleep(0.1)
            assert (await runtime.resume(RUN)).status == "interrupted"
            await asyncio.gather(first, return_exceptions=True)
            assert first.cancelled()

    virtually(main)


def test_one_runtime_starts_a_run_id_once():
    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            first = asyncio.create_task(runtime.run(one("write"), run=RUN))
            await asyncio.sleep(0)
            assert stage.store.head(RUN) is None, "its first event is not durable yet"
            with pytest.raises(UsageError, match="there is a run `R1`"):
                await runtime.run(one("write"), run=RUN)
            assert (await first).status == "succeeded"
        assert stage.world.receiver.effects == {"a": 1}

    virtually(main)


def test_a_start_after_the_store_failed_leaves_nothing_behind():
    async def main(stage: Stage) -> None:
        stage.store = FaultyStore(MemoryStore(), [Fault(write_no=1, moment="before")])
        async with stage.runtime() as runtime:
            for number in (1, 2):
                with pytest.raises(StoreFailed):
                    await runtime.run(one("write"), run=RunId(f"R{number}"))
            assert runtime._drivers == runtime._leases.held == {}

    virtually(main)


def test_a_runtime_that_was_left_takes_nothing_more():
    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            await runtime.run(one("write"), run=RUN)
        for order in (
            runtime.run(one("write")),
            runtime.resolve(RUN, Path("a"), "failed"),
        ):
            with pytest.raises(UsageError, match="the runtime is not open"):
                await order
        with pytest.raises(UsageError, match="was opened before"):
            await runtime.__aenter__()
        assert stage.store.lease(RUN, OwnerId("me"), now_ms=0, life_ms=1), "nobody holds it"

    virtually(main, World({"a": [Scripted(does="raise")]}))


def test_a_store_that_is_closed_early_hides_no_result():
    async def main(stage: Stage) -> None:
        async with Runtime(stage.store, stage.world.registry, clock=stage.clock) as runtime:
            running = asyncio.create_task(runtime.run(one("write"), run=RUN))
            await asyncio.sleep(1)
        stage.store.close()
        assert (await running).status == "interrupted"

    virtually(main, slow())


def test_a_decision_about_a_run_that_fails_by_a_mistake_waits_for_its_end():
    """The mistake is made, and the doubt before it is not durable yet."""
    plan = plan_of(call("a", "write"), call("b", "metered"), call("c", "keyed", needs=("b",)))
    world = World({"a": [Scripted(does="raise")], "b": [Scripted(delay_ms=1_000)]})

    async def main(stage: Stage) -> None:
        actions = {action.name: action for action in stage.world.registry}
        async with stage.runtime(Registry([actions["write"], actions["metered"]])) as runtime:
            running = asyncio.create_task(runtime.run(plan, run=RUN))
            await asyncio.sleep(1)
            for _ in range(20):
                if not runtime._drivers[RUN].ending:
                    await asyncio.sleep(0)
            assert runtime._drivers[RUN].ending
            runtime.registry = stage.world.registry
            result = await runtime.resolve(RUN, Path("a"), "succeeded", output=1)
            assert result.status == "succeeded"
            with pytest.raises(UsageError):
                await running
        verify(RUN, stage.entries())

    virtually(main, world)


def test_a_run_that_failed_by_a_mistake_is_taken_up_at_once():
    """What it had handed in when it stopped does not get in the way of who resumes it."""
    plan = plan_of(
        call("a", "metered"), call("b", "keyed", needs=("a",)), outputs={"result": "${{ b }}"}
    )

    async def main(stage: Stage) -> None:
        actions = {action.name: action for action in stage.world.registry}
        async with stage.runtime(Registry([actions["metered"]])) as runtime:
            with pytest.raises(UsageError, match="no action `keyed` is registered"):
                await runtime.run(plan, run=RUN)
            runtime.registry = stage.world.registry
            assert (await runtime.resume(RUN)).status == "succeeded"
        assert stage.world.calls == {"a": 1, "b": 1}
        verify(RUN, stage.entries())

    virtually(main)
