"""Actions that will not be cancelled: a run goes on without them, and does not hear them later."""

import asyncio
from typing import Any

import pytest

from interlock.actions import Registry, action
from interlock.errors import LeaseLost
from interlock.graph import Retry
from interlock.journal import OwnerId
from interlock.replay import verify
from interlock.runtime.calls.tasks import GIVE_UP_MS
from interlock.values import Path
from unit.engine.driving import call, plan_of
from unit.runtime.stages import RUN, Stage, virtually


async def ignore_cancellation(seconds: float) -> None:
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while loop.time() < until:
        try:
            await asyncio.sleep(until - loop.time())
        except asyncio.CancelledError:
            continue


def deaf(effect: Any, *, seconds: float, probe: Any = None, calls: list[float]) -> Registry:
    @action("deaf", effect=effect, probe=probe)
    async def act() -> int:
        calls.append(asyncio.get_running_loop().time())
        if len(calls) == 1:
            await ignore_cancellation(seconds)
        return len(calls)

    return Registry([act])


@pytest.mark.parametrize("effect", ["pure", "read"])
def test_a_read_that_is_deaf_is_tried_again_without_it(effect: str):
    calls: list[float] = []
    registry = deaf(effect, seconds=60, calls=calls)
    retry = Retry(attempts=2, delay_ms=0)
    node = call("a", "deaf", with_={}, timeout_ms=2_000, retry=retry)
    plan = plan_of(node, outputs={"result": "${{ a }}"}, registry=registry)

    async def main(stage: Stage) -> None:
        async with stage.runtime(registry) as runtime:
            result = await runtime.run(plan, run=RUN)
            assert (result.status, result.output) == ("succeeded", 2)
            assert calls == [0.0, 2 + GIVE_UP_MS / 1000]
            await asyncio.sleep(99)
        verify(RUN, stage.entries())

    virtually(main)


def test_a_write_that_is_deaf_is_in_doubt_and_what_it_says_later_counts_no_more():
    calls: list[float] = []
    registry = deaf("write", seconds=60, calls=calls)
    plan = plan_of(call("a", "deaf", with_={}, timeout_ms=2_000), registry=registry)

    async def main(stage: Stage) -> None:
        async with stage.runtime(registry) as runtime:
            result = await runtime.run(plan, run=RUN)
            assert result.status == "in_doubt"
            await asyncio.sleep(99)
            assert (await runtime.resolve(RUN, Path("a"), "failed")).status == "failed"
        verify(RUN, stage.entries())

    virtually(main)


def test_a_probe_that_is_deaf_cannot_tell():
    async def probe() -> int:
        await ignore_cancellation(60)
        return 1

    @action("deaf", effect="write", probe=probe)
    async def act() -> int:
        raise ValueError("no answer")

    registry = Registry([act])
    plan = plan_of(call("a", "deaf", with_={}, timeout_ms=2_000), registry=registry)

    async def main(stage: Stage) -> None:
        async with stage.runtime(registry) as runtime:
            assert (await runtime.run(plan, run=RUN)).status == "in_doubt"
        answer = next(e.event for e in stage.entries() if e.event.type == "ProbeAnswered")
        assert answer.answer == "unknown"  # type: ignore[union-attr]
        verify(RUN, stage.entries())

    virtually(main)


def test_leaving_a_runtime_does_not_wait_for_what_is_deaf():
    calls: list[float] = []
    registry = deaf("write", seconds=60, calls=calls)
    plan = plan_of(call("a", "deaf", with_={}), registry=registry)

    async def main(stage: Stage) -> None:
        async with stage.runtime(registry) as runtime:
            running = asyncio.ensure_future(runtime.run(plan, run=RUN))
            await asyncio.sleep(1)
        assert asyncio.get_running_loop().time() == 1 + GIVE_UP_MS / 1000
        assert (await running).status == "interrupted"
        await asyncio.sleep(99)
        assert stage.types() == ["RunStarted", "AttemptStarted"]

    virtually(main)


def test_what_a_deaf_action_says_after_its_owner_was_followed_is_not_written():
    @action("deaf", effect="write")
    async def act() -> int:
        try:
            await asyncio.sleep(9)
        except asyncio.CancelledError:
            return 1
        return 2

    registry = Registry([act])
    plan = plan_of(call("a", "deaf", with_={}), registry=registry)

    async def main(stage: Stage) -> None:
        async with stage.runtime(registry) as runtime:
            running = asyncio.ensure_future(runtime.run(plan, run=RUN))
            await asyncio.sleep(1)
            later = stage.clock.now_ms() + 10**6
            stage.store.lease(RUN, OwnerId("me"), now_ms=later, life_ms=10**9)
            runtime._drivers[RUN].fail(LeaseLost("followed"))
            with pytest.raises(LeaseLost):
                await running
            await asyncio.sleep(9)
        assert stage.types() == ["RunStarted", "AttemptStarted"]

    virtually(main)
