"""A run that waits for a time, on a machine whose clock is set while it does."""

import asyncio

import pytest

from interlock.journal import TimerFired, WaitOpened
from interlock.runtime import Runtime
from interlock.testing import run_virtual
from interlock.testing.certifying.clocks import JumpingClock
from unit.engine.driving import plan_of
from unit.engine.making import wait
from unit.runtime.stages import RUN, Stage


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
