"""Runs over a store: from start to end, drained, cancelled, resumed, resolved, watched."""

import asyncio
import gc
from typing import Any

import pytest

from interlock.actions import Registry, action
from interlock.errors import (
    InputsInvalid,
    RunNotFound,
    RunNotResumable,
    UsageError,
)
from interlock.graph import Graph, GraphNode, ProposeNode, Retry
from interlock.journal import (
    AttemptStarted,
    ErrorInfo,
    NodeSettled,
)
from interlock.plan import Plan
from interlock.replay import verify
from interlock.runtime import (
    RunFailed,
    RunResult,
    Runtime,
)
from interlock.runtime.driving.driver import Driver
from interlock.runtime.runtime import DRAIN_S_MAX
from interlock.testing import (
    FaultyStore,
    Scripted,
    World,
)
from interlock.values import Json, NodeId, Path
from unit.engine.driving import call, plan_of
from unit.runtime.stages import RUN, Stage, one, virtually

# --- a run


def test_a_run_returns_its_outputs_and_its_digest():
    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            result = await runtime.run(one(), run=RUN)
        assert (result.status, result.run, result.error) == ("succeeded", RUN, None)
        assert result.outputs == {"result": result.output}
        assert result.execution == verify(RUN, stage.entries()).recorded
        assert stage.status() == "succeeded"

    virtually(main)


def drivers() -> list[Driver]:
    return [each for each in gc.get_objects() if isinstance(each, Driver)]


def test_what_a_run_took_is_freed_at_its_end_without_the_collector():
    async def main(stage: Stage) -> None:
        before = drivers()
        gc.disable()
        try:
            async with stage.runtime() as runtime:
                await runtime.run(one("read"), run=RUN)
                await runtime.run(one("write"))
                assert not [each for each in drivers() if each not in before]
        finally:
            gc.enable()

    virtually(main)


def test_every_event_says_what_led_to_it():
    inner = call("x", "metered")
    body = Graph(name="body", nodes={inner.id: inner}, outputs={"n": "${{ x }}"})
    plan = plan_of(
        call("a", "read"),
        call("b", "write", needs=("a",)),
        GraphNode(id=NodeId("g"), graph="body", needs=(NodeId("b"),)),
        graphs={"body": body},
    )

    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            await runtime.run(plan, run=RUN)
        told = {
            f"{entry.event.type} {getattr(entry.event, 'path', '')}": entry.causes
            for entry in stage.entries()
        }
        assert told == {
            "RunStarted ": (),
            "NodeSettled a": (1,),
            "AttemptStarted b": (2,),
            "AttemptReturned b": (3,),
            "NodeSettled b": (4,),
            "AttemptStarted g/x": (5,),
            "AttemptReturned g/x": (6,),
            "NodeSettled g/x": (7,),
            "NodeSettled g": (8,),
            "RunSettled ": (9,),
        }

    virtually(main)


def test_a_result_that_is_no_success_has_no_output():
    failed = RunResult(run=RUN, status="failed")
    doubtful = RunResult(run=RUN, status="in_doubt", in_doubt=(Path("a"), Path("b")))
    error = ErrorInfo(code="IL6013", message="`ok` was refused")
    told = {
        failed: r"failed: \?",
        doubtful: "in doubt at a, b",
        RunResult(run=RUN, status="interrupted"): "interlock resume R1",
        RunResult(run=RUN, status="refused", error=error): "was refused: `ok` was refused",
        RunResult(run=RUN, status="waiting", waiting_for=(Path("ok"),)): "waits at ok; see",
        RunResult(run=RUN, status="paused"): "is paused; `interlock resume R1`",
        RunResult(run=RUN, status="running"): "goes on in another process",
        RunResult(run=RUN, status="queued"): "is queued",
    }
    for result, words in told.items():
        with pytest.raises(RunFailed, match=words):
            _ = result.output


def test_a_failed_run_says_what_to_do():
    error = ErrorInfo(code="IL6003", message="`a` returned a set", hint="use a list, sorted")
    with pytest.raises(RunFailed, match="returned a set") as caught:
        _ = RunResult(run=RUN, status="failed", error=error).output
    assert caught.value.hint == "use a list, sorted"


def test_outputs_by_name_are_returned_as_they_are():
    named: Json = {"result": 1, "other": 2}
    assert RunResult(run=RUN, status="succeeded", outputs=named).output == named
    assert RunResult(run=RUN, status="succeeded", outputs={}).output is None


def test_inputs_are_checked_before_anything_is_written():
    plan = plan_of(inputs={"n": {"type": "integer"}})

    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            for inputs in ({}, {"n": "x"}, {"n": 1, "m": 2}, {"n": float("nan")}, {"n": object()}):
                with pytest.raises(InputsInvalid, match="inputs of `g`"):
                    await runtime.run(plan, inputs, run=RUN)
        assert stage.store.head(RUN) is None

    virtually(main)


def test_a_run_that_is_there_is_not_started_again():
    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            await runtime.run(one(), run=RUN)
            with pytest.raises(UsageError, match="there is a run `R1`"):
                await runtime.run(one(), run=RUN)

    virtually(main)


def test_a_runtime_that_is_not_open_says_so():
    async def main(stage: Stage) -> None:
        runtime = Runtime(stage.store, stage.world.registry)
        with pytest.raises(UsageError, match="the runtime is not open"):
            await runtime.run(one())

    virtually(main)


def test_many_runs_share_their_commits():
    async def main(stage: Stage) -> None:
        store = FaultyStore(stage.store)
        stage.store = store
        async with stage.runtime() as runtime:
            results = await asyncio.gather(*(runtime.run(one("metered")) for _ in range(50)))
        assert {result.status for result in results} == {"succeeded"}
        assert len({result.run for result in results}) == 50
        assert store.writes < 10

    virtually(main)


# --- keys


def test_a_second_start_with_a_key_returns_the_first_run():
    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            first = await runtime.run(one("write"), key="k")
            again = await runtime.run(one("write"), key="k")
        assert again == first
        assert stage.world.receiver.effects == {"a": 1}

    virtually(main)


def test_starts_with_one_key_at_the_same_time_are_one_run():
    world = World({"a": [Scripted(delay_ms=50)]})

    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            runs = [runtime.run(one("write"), key="k") for _ in range(3)]
            first = asyncio.ensure_future(runs[0])
            results = await asyncio.gather(first, *runs[1:])
        assert len({result.run for result in results}) == 1
        assert {result.status for result in results} == {"succeeded"}
        assert world.receiver.effects == {"a": 1}

    virtually(main, world)


def test_a_start_with_the_key_of_a_run_that_goes_on_waits_for_it():
    world = World({"a": [Scripted(delay_ms=5_000)]})

    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            first = asyncio.ensure_future(runtime.run(one("write"), key="k"))
            await asyncio.sleep(1)
            assert (await runtime.run(one("write"), key="k")) == await first

    virtually(main, world)


@pytest.mark.parametrize("ends", [True, False])
def test_the_key_of_a_run_that_another_process_drives_waits_until_it_ends_or_rests(*, ends: bool):
    does = Scripted(delay_ms=5_000) if ends else Scripted(delay_ms=5_000, does="raise")

    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime, stage.runtime() as other:
            first = asyncio.ensure_future(runtime.run(one("write"), run=RUN, key="k"))
            await asyncio.sleep(1)
            assert await other.run(one("write"), key="k") == await first
        assert (await first).status == ("succeeded" if ends else "in_doubt")
        assert stage.world.calls == {"a": 1}

    virtually(main, World({"a": [does]}))


@pytest.mark.parametrize("waits", [True, False])
def test_the_key_of_a_run_whose_process_has_ended_takes_it_up(*, waits: bool):
    """It ended before the second start, or while that one waited for it."""
    world = World({"a": [Scripted(does="hang"), Scripted()]})

    async def main(stage: Stage) -> None:
        seen: list[str] = []
        async with stage.runtime() as other:
            async with stage.runtime() as runtime:
                first = asyncio.ensure_future(runtime.run(one("metered"), run=RUN, key="k"))
                await asyncio.sleep(1)
                again = other.run(
                    one("metered"), key="k", observer=lambda _, entry: seen.append(entry.event.type)
                )
                second = asyncio.ensure_future(again) if waits else None
                await asyncio.sleep(1)
            assert (await first).status == "interrupted"
            assert (await (second or again)).status == "succeeded"
        assert seen[0] == "RunRecovered"

    virtually(main, world)


def test_who_waits_for_another_process_is_drained_at_once():
    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime, stage.runtime() as other:
            first = asyncio.ensure_future(runtime.run(one("write"), run=RUN, key="k"))
            await asyncio.sleep(1)
            second = asyncio.ensure_future(other.run(one("write"), key="k"))
            await asyncio.sleep(1)
            await other.drain()
            result = await second
            assert (result.run, result.status, first.done()) == (RUN, "running", False)
            assert (await first).status == "succeeded"

    virtually(main, World({"a": [Scripted(delay_ms=5_000)]}))


def test_the_key_of_a_run_that_rests_returns_it_as_it_stands():
    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            first = await runtime.run(one("write"), key="k")
        async with stage.runtime() as runtime:
            again = await runtime.run(one("write"), key="k")
        assert (first.status, again) == ("in_doubt", first)

    virtually(main, World({"a": [Scripted(does="raise")]}))


# --- doubt


def nested_write() -> Plan:
    inner = call("x", "write")
    body = Graph(name="body", nodes={inner.id: inner}, outputs={"n": "${{ x }}"})
    node = GraphNode(id=NodeId("g"), graph="body")
    return plan_of(node, graphs={"body": body}, outputs={"result": "${{ g.n }}"})


def test_doubt_inside_a_scope_ends_the_call_of_run():
    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            result = await runtime.run(nested_write(), run=RUN)
            assert (result.status, result.in_doubt) == ("in_doubt", ("g/x",))
            assert stage.status() == "in_doubt"
            assert (await runtime.resume(RUN)) == result
            resolved = await runtime.resolve(RUN, Path("g/x"), "succeeded", output=5)
        assert resolved.output == 5
        verify(RUN, stage.entries())

    virtually(main, World({"x": [Scripted(does="raise")]}))


def test_a_decision_must_fit_the_node():
    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            await runtime.run(one("write"), run=RUN)
            before = stage.types()
            for path in ("b", "a/b", ""):
                with pytest.raises(RunNotResumable, match="is not in doubt; in doubt: a"):
                    await runtime.resolve(RUN, Path(path), "failed")
            for output in ("text", None):
                with pytest.raises(
                    UsageError, match="the output of `a` has the wrong type"
                ) as caught:
                    await runtime.resolve(RUN, Path("a"), "succeeded", output=output)
                assert "integer" in caught.value.hint
            assert stage.types() == before
            result = await runtime.resolve(
                RUN, Path("a"), "failed", actor="ann\udc80", reason="looked \udc80 at it"
            )
        assert (result.status, stage.status()) == ("failed", "failed")
        resolved = stage.entries()[-3]
        assert (resolved.event.type, resolved.actor) == (
            "NodeResolved",
            r"unauthenticated:ann\udc80",
        )
        assert resolved.event.reason == r"looked \udc80 at it"  # type: ignore[union-attr]

    virtually(main, World({"a": [Scripted(does="raise")]}))


def test_a_decision_about_a_write_that_proposes_is_what_it_proposed():
    @action(effect="write")
    async def invent() -> dict[str, Any]:
        raise ValueError("no answer")

    registry = Registry([invent])
    node = ProposeNode(
        id=NodeId("a"),
        action="invent",
        returns={"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]},
    )
    plan = plan_of(node, outputs={"result": "${{ a.n }}"}, registry=registry)
    proposed: Json = {"interlock": 1, "name": "p", "nodes": {}, "outputs": {"n": 4}}

    async def main(stage: Stage) -> None:
        async with stage.runtime(registry) as runtime:
            assert (await runtime.run(plan, run=RUN)).status == "in_doubt"
            result = await runtime.resolve(RUN, Path("a"), "succeeded", output=proposed)
        assert result.output == 4

    virtually(main)


def test_a_decision_while_the_run_goes_on():
    plan = plan_of(
        call("a", "write"), call("b", "metered"), outputs={"result": ["${{ a }}", "${{ b }}"]}
    )
    world = World({"a": [Scripted(does="raise")], "b": [Scripted(delay_ms=9_000)]})

    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            running = asyncio.ensure_future(runtime.run(plan, run=RUN))
            await asyncio.sleep(1)
            resolving = [
                asyncio.ensure_future(runtime.resolve(RUN, Path("a"), "succeeded", output=number))
                for number in (1, 2)
            ]
            result = await running
            first, second = await asyncio.gather(*resolving, return_exceptions=True)
        assert result.status == "succeeded"
        assert first == result
        assert isinstance(second, RunNotResumable)
        assert isinstance(result.output, list)
        assert result.output[0] == 1
        verify(RUN, stage.entries())

    virtually(main, world)


def test_two_decisions_before_the_first_is_taken_are_one():
    """What was reported before has to be durable before anything behind it is taken."""
    plan = plan_of(call("a", "write"), call("b", "metered"), call("c", "write"))
    world = World({"a": [Scripted(does="raise")], "c": [Scripted(delay_ms=9_000)]})

    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            running = asyncio.ensure_future(runtime.run(plan, run=RUN))
            await asyncio.sleep(1)
            driver = runtime._drivers[RUN]
            event = next(
                entry.event for entry in stage.entries() if entry.event.type == "NodeInDoubt"
            )
            assert event.path == "a"  # type: ignore[union-attr]
            driver._pending.append((stage.entries()[0], 10**9))
            first = asyncio.ensure_future(runtime.resolve(RUN, Path("a"), "failed"))
            await asyncio.sleep(0)
            with pytest.raises(RunNotResumable, match="has been resolved already"):
                await runtime.resolve(RUN, Path("a"), "failed")
            driver._pending.popleft()
            driver._pump()
            assert (await running) == await first
        verify(RUN, stage.entries())

    virtually(main, world)


def test_decisions_at_once_leave_no_doubt_in_the_listing():
    """Both are made while an outcome before them is on its way to the disk."""
    done = asyncio.Event()

    @action(effect="write")
    async def lose() -> int:
        raise ValueError("no answer")

    @action(effect="read", metered=True)
    async def wait() -> int:
        await done.wait()
        return 1

    @action(effect="read", metered=True)
    async def last() -> int:
        await asyncio.sleep(9)
        return 1

    registry = Registry([lose, wait, last])
    names = {"a": "lose", "b": "lose", "c": "wait", "d": "last"}
    nodes = [call(node, name, with_={}) for node, name in names.items()]
    plan = plan_of(*nodes, registry=registry)

    async def main(stage: Stage) -> None:
        async with stage.runtime(registry) as runtime:
            running = asyncio.ensure_future(runtime.run(plan, run=RUN))
            await asyncio.sleep(1)
            assert stage.status() == "in_doubt"
            done.set()
            decisions = [
                asyncio.ensure_future(runtime.resolve(RUN, Path(path), "succeeded", output=1))
                for path in "ab"
            ]
            await asyncio.sleep(1)
            assert stage.status() == "running"
            await asyncio.gather(running, *decisions)
        types = stage.types()
        assert types.index("AttemptReturned") < types.index("NodeResolved")
        assert types.count("NodeResolved") == 2

    virtually(main)


def test_who_watches_a_run_may_go_away():
    world = World({"a": [Scripted(delay_ms=5_000)]})

    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            running = asyncio.ensure_future(runtime.run(one("write"), run=RUN))
            await asyncio.sleep(1)
            watching = asyncio.ensure_future(runtime.resume(RUN))
            await asyncio.sleep(1)
            watching.cancel()
            assert (await running).status == "succeeded"

    virtually(main, world)


def test_one_of_two_doubts_leaves_the_run_in_doubt():
    plan = plan_of(call("a", "write"), call("b", "write"))
    world = World({"a": [Scripted(does="raise")], "b": [Scripted(does="raise")]})

    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            await runtime.run(plan, run=RUN)
            result = await runtime.resolve(RUN, Path("a"), "succeeded", output=1)
            assert (result.status, result.in_doubt) == ("in_doubt", ("b",))
            assert stage.status() == "in_doubt"
            await runtime.resolve(RUN, Path("b"), "succeeded", output=1)
        assert stage.status() == "succeeded"

    virtually(main, world)


def test_a_decision_takes_up_what_was_lost_beside_it():
    """One node is in doubt, another one was lost with the process: nobody resumed the run."""
    plan = plan_of(
        call("a", "write"), call("b", "metered"), outputs={"result": ["${{ a }}", "${{ b }}"]}
    )
    world = World({"a": [Scripted(does="raise")], "b": [Scripted(does="hang")]})

    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            running = asyncio.ensure_future(runtime.run(plan, run=RUN))
            await asyncio.sleep(1)
        assert (await running).status == "interrupted"
        async with stage.runtime() as runtime:
            result = await runtime.resolve(RUN, Path("a"), "succeeded", output=1)
        assert result.status == "succeeded"
        verify(RUN, stage.entries())

    virtually(main, world)


# --- stopped


def test_draining_lets_what_is_under_way_end_and_starts_nothing():
    plan = plan_of(call("a", "metered"), call("b", "metered", needs=("a",)))
    world = World({"a": [Scripted(delay_ms=2_000)]})

    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            running = asyncio.ensure_future(runtime.run(plan, run=RUN))
            await asyncio.sleep(1)
            await runtime.drain()
            result = await running
        assert result.status == "interrupted"
        assert world.calls == {"a": 1}
        assert stage.types()[-1] == "NodeSettled"
        async with stage.runtime() as runtime:
            assert (await runtime.resume(RUN)).status == "succeeded"
        assert world.calls == {"a": 1, "b": 1}

    virtually(main, world)


def test_draining_has_its_bound():
    world = World({"a": [Scripted(does="hang")]})

    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            running = asyncio.ensure_future(runtime.run(one("metered"), run=RUN))
            await asyncio.sleep(1)
            before = asyncio.get_running_loop().time()
            await runtime.drain()
            assert asyncio.get_running_loop().time() - before == DRAIN_S_MAX
            assert (await running).status == "interrupted"

    virtually(main, world)


@pytest.mark.parametrize("name", ["metered", "probed"])
def test_draining_does_not_wait_for_what_waits_itself(name: str):
    """A retry in an hour, a probe once the time-out has passed: both belong to who resumes."""
    plan = one(name, retry=Retry(attempts=2, delay_ms=3_600_000, delay_max_ms=3_600_000))

    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            running = asyncio.ensure_future(runtime.run(plan, run=RUN))
            await asyncio.sleep(1)
            before = asyncio.get_running_loop().time()
            await runtime.drain()
            assert asyncio.get_running_loop().time() == before
            assert (await running).status == "interrupted"
        async with stage.runtime() as runtime:
            assert (await runtime.resume(RUN)).status == "succeeded"

    virtually(main, World({"a": [Scripted(does="raise")]}))


def test_an_intent_that_is_written_is_sent_when_a_drain_comes_between():
    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            running = asyncio.ensure_future(runtime.run(one("write"), run=RUN))
            await asyncio.sleep(0)
            assert runtime._drivers[RUN]._unsent == {"a"}
            await runtime.drain()
            result = await running
        assert result.status == "succeeded"
        assert stage.world.receiver.effects == {"a": 1}

    virtually(main)


def test_draining_an_idle_runtime_takes_no_time():
    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            await runtime.drain()
        assert asyncio.get_running_loop().time() == 0

    virtually(main)


def test_leaving_the_runtime_cancels_what_is_under_way():
    cancelled: list[str] = []

    @action(effect="read", metered=True)
    async def act() -> int:
        try:
            await asyncio.sleep(9)
        except asyncio.CancelledError:
            cancelled.append("act")
            raise
        return 1

    registry = Registry([act])
    plan = plan_of(call("a", "act", with_={}), registry=registry)

    async def main(stage: Stage) -> None:
        async with stage.runtime(registry) as runtime:
            running = asyncio.ensure_future(runtime.run(plan, run=RUN))
            await asyncio.sleep(1)
        assert (await running).status == "interrupted"
        assert cancelled == ["act"]
        assert stage.status() == "running"

    virtually(main)


def test_what_had_returned_when_a_runtime_was_left_is_durable():
    plan = plan_of(call("a", "read"), call("b", "metered"))
    world = World({"b": [Scripted(does="hang")]})

    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            running = asyncio.ensure_future(runtime.run(plan, run=RUN))
            while not world.calls["b"]:  # noqa: ASYNC110 - until the loop has come that far
                await asyncio.sleep(0)
        await running
        settled = [e.event.path for e in stage.entries() if isinstance(e.event, NodeSettled)]
        assert settled == ["a"]

    virtually(main, world)


def test_an_action_that_will_not_be_cancelled_may_still_report():
    @action(effect="write")
    async def stubborn() -> int:
        try:
            await asyncio.sleep(9)
        except asyncio.CancelledError:
            return 7
        return 1

    registry = Registry([stubborn])
    plan = plan_of(
        call("a", "stubborn", with_={}), outputs={"result": "${{ a }}"}, registry=registry
    )

    async def main(stage: Stage) -> None:
        async with stage.runtime(registry) as runtime:
            running = asyncio.ensure_future(runtime.run(plan, run=RUN))
            await asyncio.sleep(1)
        result = await running
        assert (result.status, result.output) == ("succeeded", 7)
        assert stage.status() == "succeeded"

    virtually(main)


def test_cancelling_the_call_of_run_cancels_its_attempts_and_leaves_the_run_open():
    world = World({"a": [Scripted(delay_ms=5_000)]})

    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            running = asyncio.ensure_future(runtime.run(one("write"), run=RUN))
            await asyncio.sleep(1)
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            await asyncio.sleep(9)
            assert world.receiver.effects == {}
            assert stage.types() == ["RunStarted", "AttemptStarted"]
            result = await runtime.resume(RUN)
        assert result.status == "in_doubt"
        verify(RUN, stage.entries())

    virtually(main, world)


# --- resumed


def test_a_settled_run_is_returned_as_it_is():
    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            first = await runtime.run(one("write"), run=RUN)
        before = stage.types()
        async with stage.runtime() as runtime:
            assert await runtime.resume(RUN) == first
        assert stage.types() == before

    virtually(main)


def test_a_run_that_is_not_there_cannot_be_taken_up():
    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            for order in (
                runtime.resume(RUN),
                runtime.resolve(RUN, Path("a"), "failed"),
            ):
                with pytest.raises(RunNotFound, match="no run `R1`"):
                    await order
            with pytest.raises(RunNotFound):
                runtime.load(RUN)
        with pytest.raises(RunNotFound):
            stage.entries()

    virtually(main)


def test_an_action_that_is_not_registered_here_stops_the_run_before_any_intent():
    plan = plan_of(call("a", "keyed"), call("b", "write", needs=("a",)))

    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            running = asyncio.ensure_future(runtime.run(plan, run=RUN))
            await asyncio.sleep(0)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        before = stage.types()
        async with stage.runtime(Registry([])) as runtime:
            for _ in range(2):
                with pytest.raises(UsageError, match="no action `keyed` is registered"):
                    await runtime.resume(RUN, on_change="pin")
        assert not any(
            isinstance(entry.event, AttemptStarted) for entry in stage.entries()[len(before) :]
        )
        verify(RUN, stage.entries())

    virtually(main)


def test_a_retry_whose_action_is_not_registered_here_stops_the_run():
    plan = one("metered", retry=Retry(attempts=2, delay_ms=60_000, delay_max_ms=60_000))

    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            running = asyncio.ensure_future(runtime.run(plan, run=RUN))
            await asyncio.sleep(1)
        await running
        async with stage.runtime(Registry([])) as runtime:
            with pytest.raises(UsageError, match="no action `metered` is registered"):
                await runtime.resume(RUN, on_change="pin")

    virtually(main, World({"a": [Scripted(does="raise")]}))


def test_a_probe_whose_action_is_not_registered_here_stops_the_run():
    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            running = asyncio.ensure_future(runtime.run(one("probed"), run=RUN))
            await asyncio.sleep(1)
        await running
        async with stage.runtime(Registry([])) as runtime:
            with pytest.raises(UsageError, match="no action `probed` is registered"):
                await runtime.resume(RUN, on_change="pin")
        async with stage.runtime() as runtime:
            assert (await runtime.resume(RUN, on_change="pin")).status == "succeeded"

    virtually(main, World({"a": [Scripted(does="raise")]}))


def test_resuming_a_run_that_goes_on_here_waits_for_it():
    world = World({"a": [Scripted(delay_ms=5_000)]})

    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            running = asyncio.ensure_future(runtime.run(one("write"), run=RUN))
            await asyncio.sleep(1)
            assert await runtime.resume(RUN) == await running
        assert stage.types().count("RunRecovered") == 0

    virtually(main, world)
