"""A run that waits for a time, on a machine whose clock is set while it does."""

import asyncio

import pytest

from interlock.journal import TimerFired, WaitOpened
from interlock.runtime import Runtime
from interlock.runtime.driving.timers import LOOK_MS
from interlock.testing import Scripted, World, run_virtual
from interlock.testing.certifying.clocks import JumpingClock
from unit.engine.driving import call, plan_of
from unit.engine.making import wait
from unit.runtime.stages import RUN, Stage

HOUR_MS = 3_600_000


@pytest.mark.parametrize("jump_ms", [-1, -3_000, 3_000])
def test_a_timer_fires_when_the_clock_says_so_also_when_it_was_set(jump_ms: int):
    async def main() -> None:
        stage = Stage()
        clock = JumpingClock(stage.clock)
        async with Runtime(
            stage.store, stage.world.registry, clock=clock, ids=stage.ids
        ) as runtime:
            running = asyncio.create_task(runtime.run(plan_of(wait("w", for_ms=5_000)), run=RUN))
            await asyncio.sleep(1)
            clock.jump(jump_ms)
            assert (await running).status == "succeeded"
        at_ms = {type(entry.event): entry.at_ms for entry in stage.entries()}
        assert at_ms[TimerFired] - at_ms[WaitOpened] >= 5_000

    run_virtual(main())


@pytest.mark.parametrize("jump_ms", [-HOUR_MS, 2 * HOUR_MS])
def test_a_time_comes_when_the_clock_says_so_also_when_it_jumped_far(jump_ms: int):
    """The run is busy, so that it is not let go. A jump ahead is seen at the next look."""

    async def main() -> None:
        stage = Stage(World({"a": [Scripted(delay_ms=2 * HOUR_MS + 60_000)]}))
        clock = JumpingClock(stage.clock)
        plan = plan_of(call("a", "read", timeout_ms=3 * HOUR_MS), wait("w", for_ms=HOUR_MS))
        async with Runtime(stage.store, stage.world.registry, clock=clock) as runtime:
            running = asyncio.create_task(runtime.run(plan, run=RUN))
            await asyncio.sleep(60)
            clock.jump(jump_ms)
            assert (await running).status == "succeeded"
        at_ms = {type(entry.event): entry.at_ms for entry in stage.entries()}
        late_ms = at_ms[TimerFired] - at_ms[WaitOpened] - HOUR_MS
        assert 0 <= late_ms <= max(0, jump_ms - HOUR_MS) + 60_000 + LOOK_MS

    run_virtual(main())
