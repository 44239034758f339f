"""Somebody is told that a gate is open: at least once, never too early, and never in the way."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

import pytest

from interlock.graph import GateNode
from interlock.plan import Plan
from interlock.runtime import Notify, OpenGate, Runtime, Worker
from interlock.store import MemoryStore
from interlock.testing import Fault, FaultyStore, Scripted, World
from interlock.values import NodeId, Path
from unit.engine.driving import call, plan_of
from unit.runtime.stages import RUN, Stage, virtually

GATE = Path("gate")


def gated(*others: str) -> Plan:
    """A gate, and beside it reads that take as long as they are scripted to."""
    gate = GateNode(id=NodeId("gate"), ask="Go on?", to=("ann",), needs=(NodeId("a"),))
    last = call("w", "write", needs=("gate",))
    return plan_of(call("a", "metered"), gate, last, *(call(each, "metered") for each in others))


class Told:
    """Who is told, and how long that takes."""

    def __init__(self, stage: Stage, *, takes_s: float = 0) -> None:
        self.gates: list[OpenGate] = []
        self.tried = 0
        self._stage = stage
        self._takes_s = takes_s

    async def __call__(self, gate: OpenGate) -> None:
        assert "GateOpened" in self._stage.types(gate.run), "it was told before it was durable"
        self.tried += 1
        await asyncio.sleep(self._takes_s)
        self.gates.append(gate)


def opened(stage: Stage, notify: Notify) -> AbstractAsyncContextManager[Runtime]:
    return Runtime(
        stage.store, stage.world.registry, clock=stage.clock, ids=stage.ids, notify=notify
    )


def test_a_gate_is_told_of_once_when_it_opens():
    async def main(stage: Stage) -> None:
        told = Told(stage)
        async with opened(stage, told) as runtime:
            assert (await runtime.run(gated(), run=RUN)).status == "waiting"
            (gate,) = told.gates
            assert (gate.run, gate.graph, gate.opened.path) == (RUN, "g", GATE)
            assert (gate.opened.ask.json, gate.opened.to) == ("Go on?", ("ann",))
            assert stage.status() == "waiting"
            await runtime.resume(RUN)
            await Worker(runtime).work(until_idle=True)
            assert (await runtime.approve(RUN, GATE)).status == "succeeded"
        assert len(told.gates) == 1

    virtually(main)


def test_what_runs_beside_a_gate_does_not_wait_for_it_to_be_told_of():
    async def main(stage: Stage) -> None:
        told = Told(stage, takes_s=30)
        async with opened(stage, told) as runtime:
            running = asyncio.create_task(runtime.run(gated("b"), run=RUN))
            await asyncio.sleep(5)
            assert stage.world.calls["b"] == 1
            assert (await runtime.approve(RUN, GATE)).status == "succeeded"
            assert asyncio.get_running_loop().time() < 6, "nobody need be told any more"
            assert (await running).status == "succeeded"
        assert (told.tried, told.gates) == (1, [])

    virtually(main)


def test_who_cannot_be_told_does_not_fail_the_run():
    async def fail(_: OpenGate) -> None:
        raise ConnectionError("the line is dead")

    async def main(stage: Stage) -> None:
        problems: list[str] = []
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: problems.append(context["message"]))
        async with opened(stage, fail) as runtime:
            assert (await runtime.run(gated(), run=RUN)).status == "waiting"
        assert problems == ["nobody was told that gate gate of run R1 is open"]
        assert stage.status() == "waiting"

    virtually(main)


async def drained(runtime: Runtime, running: "asyncio.Task[object]") -> None:
    await runtime.drain()
    await running


async def cancelled(_: Runtime, running: "asyncio.Task[object]") -> None:
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


@pytest.mark.parametrize("stop", [drained, cancelled])
def test_a_notice_that_was_cut_off_is_given_by_whoever_comes_next(
    stop: Callable[[Runtime, "asyncio.Task[object]"], Awaitable[None]],
):
    async def main(stage: Stage) -> None:
        slow, told = Told(stage, takes_s=60), Told(stage)
        async with opened(stage, slow) as runtime:
            running = asyncio.create_task(runtime.run(gated(), run=RUN))
            await asyncio.sleep(1)
            await stop(runtime, running)
        assert (slow.tried, slow.gates) == (1, [])
        assert [head.run for head in stage.store.ready(now_ms=stage.clock.now_ms())] == [RUN]
        async with opened(stage, told) as runtime:
            await Worker(runtime).work(until_idle=True)
            assert stage.status() == "waiting"
            await Worker(runtime).work(until_idle=True)
        assert len(told.gates) == 1

    virtually(main)


@pytest.mark.parametrize("write_no", range(1, 9))
@pytest.mark.parametrize("moment", ["before", "after"])
def test_after_a_crash_anywhere_somebody_is_told(write_no: int, moment: str):
    """A process dies at a write; whoever takes the run up tells of its gate, if nobody did."""

    async def main(stage: Stage) -> None:
        inner, told = MemoryStore(), Told(stage)
        fault = Fault(write_no=write_no, moment="before" if moment == "before" else "after")
        stage.store = FaultyStore(inner, [fault])
        async with opened(stage, told) as runtime:
            queued = asyncio.gather(runtime.enqueue(gated("b"), run=RUN), return_exceptions=True)
            await queued
            await asyncio.gather(Worker(runtime).work(until_idle=True), return_exceptions=True)
        keys = {gate.key for gate in told.gates}
        stage.store = inner
        await asyncio.sleep(120)
        if inner.head(RUN) is None:
            return
        async with opened(stage, told) as runtime:
            await Worker(runtime).work(until_idle=True)
        assert stage.status() == "waiting"
        assert 1 <= len(told.gates) <= 2
        assert len(keys | {gate.key for gate in told.gates}) == 1, (
            "the second time has the same key"
        )

    virtually(main, World({"b": [Scripted(delay_ms=1_000)]}))
