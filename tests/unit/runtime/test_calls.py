"""Calls share tasks where nobody can tell, and nowhere else."""

import asyncio
import contextvars

from interlock.actions import Registry, action
from interlock.graph import AnyNode
from interlock.plan import Plan
from interlock.runtime import Runtime
from interlock.runtime.calls.tasks import TURN_S_MAX
from interlock.store import MemoryStore
from unit.engine.driving import call, plan_of
from unit.runtime.stages import Stage, virtually

SEEN: contextvars.ContextVar[str] = contextvars.ContextVar("seen", default="nothing")


def chain(name: str, length: int, registry: Registry) -> Plan:
    nodes: list[AnyNode] = [
        call(f"n{at}", name, with_={}, needs=(f"n{at - 1}",) if at else ()) for at in range(length)
    ]
    return plan_of(*nodes, outputs={}, registry=registry)


def test_calls_that_do_not_wait_share_a_task():
    tasks: list[object] = []

    @action("act", effect="pure")
    async def act() -> int:
        tasks.append(asyncio.current_task())
        return 1

    async def main(stage: Stage) -> None:
        registry = Registry([act])
        async with stage.runtime(registry) as runtime:
            result = await runtime.run(chain("act", 5, registry))
        assert result.status == "succeeded"
        assert len(tasks) == 5
        assert len(set(tasks)) == 1

    virtually(main)


def test_what_a_call_leaves_in_its_context_is_not_seen_by_the_next():
    seen: list[str] = []

    @action("act", effect="pure")
    async def act() -> int:
        seen.append(SEEN.get())
        SEEN.set("what an action set")
        return 1

    async def main(stage: Stage) -> None:
        SEEN.set("what the caller set")
        registry = Registry([act])
        async with stage.runtime(registry) as runtime:
            await runtime.run(chain("act", 3, registry))
        assert seen == ["what the caller set"] * 3

    virtually(main)


def test_an_action_is_in_its_task_before_and_after_it_waits():
    """What asks for its task in the first step, as timeouts and groups do, goes on in it."""

    @action("act", effect="pure")
    async def act() -> list[bool]:
        before = asyncio.current_task()
        late = False
        try:
            async with asyncio.timeout(2), asyncio.TaskGroup() as group:
                group.create_task(asyncio.sleep(60))
        except TimeoutError:
            late = True
        return [before is not None, before is asyncio.current_task(), late]

    async def main(stage: Stage) -> None:
        registry = Registry([act])
        plan = plan_of(call("a", "act", with_={}), outputs={"r": "${{ a }}"}, registry=registry)
        async with stage.runtime(registry) as runtime:
            result = await runtime.run(plan)
        assert result.outputs == {"r": [True, True, True]}
        assert asyncio.get_running_loop().time() == 2

    virtually(main)


def test_a_call_that_waits_holds_up_nothing():
    """`b` waits for what `c` does, and both were due before either began."""

    async def main(stage: Stage) -> None:
        done = asyncio.Event()

        @action("act", effect="pure")
        async def act(name: str) -> str:
            if name == "b":
                await done.wait()
            if name == "c":
                done.set()
            return name

        registry = Registry([act])
        nodes = [call(name, "act", with_={"name": name}) for name in "abc"]
        async with stage.runtime(registry) as runtime:
            result = await runtime.run(plan_of(*nodes, outputs={}, registry=registry))
        assert result.status == "succeeded"

    virtually(main)


def test_a_long_chain_lets_others_have_their_turn():
    turns = 0
    seen: list[int] = []

    async def other() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    @action("act", effect="pure")
    async def act() -> int:
        seen.append(turns)
        time = asyncio.get_running_loop().time
        ends = time() + 2 * TURN_S_MAX
        while time() < ends:
            pass
        return 1

    async def main() -> None:
        registry = Registry([act])
        async with Runtime(MemoryStore(), registry) as runtime:
            ticking = asyncio.create_task(other())
            await runtime.run(chain("act", 5, registry))
            ticking.cancel()

    asyncio.run(main())
    assert seen == sorted(set(seen))


def test_there_is_one_worker_for_each_call_that_waits():
    most = 0

    @action("act", effect="pure")
    async def act() -> int:
        nonlocal most
        await asyncio.sleep(1)
        most = max(most, len(asyncio.all_tasks()))
        return 1

    async def main(stage: Stage) -> None:
        registry = Registry([act])
        nodes = [call(f"n{at}", "act", with_={}) for at in range(20)]
        async with stage.runtime(registry) as runtime:
            others = len(asyncio.all_tasks())
            await runtime.run(plan_of(*nodes, outputs={}, registry=registry))
            assert most == others + 20
        assert asyncio.get_running_loop().time() == 1

    virtually(main)
