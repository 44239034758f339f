"""Runs that are started and left to others: durable at once, begun later, each only once."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import cast

import pytest

from interlock.errors import InputsInvalid, StoreFailed, UsageError
from interlock.graph import Graph
from interlock.journal import Record
from interlock.plan import Plan, compile as compile_graph
from interlock.replay import verify
from interlock.runtime import Queued, Start, read_entries
from interlock.runtime.starting.queueing import TOGETHER_MAX
from interlock.store import MemoryStore, Store
from interlock.testing import Fault, FaultyStore
from interlock.values import RunId
from unit.engine.driving import call
from unit.runtime.stages import RUN, Stage, one, virtually
from unit.runtime.stores import WatchedStore


def counted() -> Plan:
    """A plan with an input."""
    node = call("a", "read", with_={"label": "a", "values": ["${{ inputs.n }}"]})
    graph = Graph(name="counted", inputs={"n": {"type": "integer"}}, nodes={node.id: node})
    return compile_graph(graph, Stage().world.registry)


def test_a_queued_run_is_durable_and_nobody_began_it():
    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            queued = await runtime.enqueue(one("write"), run=RUN, priority=5, deadline_ms=1_000)
            assert queued == Queued(run=RUN, is_new=True)
            await asyncio.sleep(60)
        head = stage.store.head(RUN)
        assert head is not None
        assert (head.status, head.priority) == ("queued", 5)
        assert stage.types() == ["RunStarted"]
        assert stage.world.calls == {}

    virtually(main)


@pytest.mark.parametrize("action", ["pure", "write"])
def test_whoever_takes_it_up_begins_it(action: str):
    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            await runtime.enqueue(one(action), run=RUN)
        async with stage.runtime() as runtime:
            result = await runtime.resume(RUN)
            assert result.status == "succeeded"
        assert stage.types()[0] == "RunStarted"
        assert "RunRecovered" not in stage.types()
        assert stage.world.calls == {"a": 1}
        verified = verify(RUN, read_entries(stage.store, RUN))
        assert verified.recorded == verified.replayed == result.execution

    virtually(main)


def test_a_key_starts_one_run_however_it_is_started():
    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            first, second = await asyncio.gather(
                runtime.enqueue(one(), key="k"), runtime.enqueue(one(), key="k")
            )
            assert (first.is_new, second.is_new) == (True, False)
            assert first.run == second.run
            result = await runtime.run(one(), key="k")
            assert (result.run, result.status) == (first.run, "succeeded")
            assert not (await runtime.enqueue(one(), key="k")).is_new
            assert (await runtime.run(one(), key="k")).status == "succeeded"

    virtually(main)


@pytest.mark.parametrize("key", ["", "k" * 1_001])
@pytest.mark.parametrize("how", ["run", "enqueue"])
def test_a_key_is_neither_empty_nor_endless(how: str, key: str):
    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            with pytest.raises(UsageError, match=f"has {len(key):,} characters"):
                await getattr(runtime, how)(one(), key=key)
            await getattr(runtime, how)(one(), key="k" * 1_000)

    virtually(main)


@pytest.mark.parametrize("how", ["run", "enqueue"])
def test_a_key_is_for_one_plan_with_one_set_of_inputs(how: str):
    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            start = runtime.run if how == "run" else runtime.enqueue
            await start(counted(), {"n": 1}, key="k")
            with pytest.raises(UsageError, match="which has other inputs"):
                await start(counted(), {"n": 2}, key="k")
            with pytest.raises(UsageError, match="which has another plan"):
                await start(one("write"), key="k")
            await start(counted(), {"n": 1}, key="k")
        assert len(stage.store.heads()) == 1

    virtually(main)


def test_a_key_that_another_process_took_in_the_same_moment_names_its_run():
    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime, stage.runtime() as other:
            several = (runtime, other)
            first, second = await asyncio.gather(
                *(each.enqueue(one(), key="k") for each in several)
            )
            assert first.run == second.run
            assert [first.is_new, second.is_new] == [True, False]

    virtually(main)


def test_many_starts_go_in_few_commits_and_share_their_plan():
    store = WatchedStore()

    async def main(stage: Stage) -> None:
        starts = [Start(inputs={"n": n}) for n in range(2_500)]
        async with stage.runtime() as runtime:
            found = [each.run async for each in runtime.enqueue_many(counted(), starts)]
        assert found == sorted(found)
        assert len(set(found)) == 2_500
        assert max(store.sizes) <= TOGETHER_MAX
        assert len(store.sizes) <= 6
        assert [head.run for head in stage.store.ready(now_ms=0, limit=3)] == found[:3]
        assert stage.types(found[2]) == ["RunStarted"]

    virtually(main, store=cast(Store, store))
    assert store.inner.statistics().values < 2 * TOGETHER_MAX + 2_500 + 10


def test_starts_are_read_only_as_far_as_there_is_room():
    async def main(stage: Stage) -> None:
        read: list[int] = []

        def starts() -> Iterator[Start]:
            for n in range(100 * TOGETHER_MAX):
                read.append(n)
                yield Start(inputs={"n": n})

        async with stage.runtime() as runtime:
            async for _ in runtime.enqueue_many(counted(), starts()):
                break
        assert len(read) == TOGETHER_MAX

    virtually(main)


def test_a_wrong_start_is_told_behind_those_before_it():
    async def main(stage: Stage) -> None:
        starts = [Start(inputs={"n": 1}), Start(inputs={"n": 2}), Start(inputs={"n": "three"})]
        async with stage.runtime() as runtime:
            several = runtime.enqueue_many(counted(), [*starts, *starts])
            found = [await anext(several), await anext(several)]
            with pytest.raises(InputsInvalid, match="/n"):
                await anext(several)
        assert {each.run for each in found} == {head.run for head in stage.store.heads()}

    virtually(main)


def test_what_cannot_be_started_is_refused():
    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            with pytest.raises(UsageError, match="no priority 101"):
                await runtime.enqueue(one(), priority=101)
            first = asyncio.create_task(runtime.enqueue(one(), run=RUN))
            await asyncio.sleep(0)
            for _ in range(2):
                with pytest.raises(UsageError, match="there is a run `R1`"):
                    await runtime.enqueue(one(), run=RUN)
                with pytest.raises(UsageError, match="there is a run `R1`"):
                    await runtime.run(one(), run=RUN)
                await first
            assert len(stage.store.heads()) == 1

    virtually(main)


def test_a_store_that_fails_tells_all_who_wait():
    async def main(stage: Stage) -> None:
        stage.store = FaultyStore(MemoryStore(), [Fault(write_no=1, moment="before")])
        async with stage.runtime() as runtime:
            told = await asyncio.gather(
                *(runtime.enqueue(one()) for _ in range(3)), return_exceptions=True
            )
            assert [type(each) for each in told] == [StoreFailed] * 3

    virtually(main)


def test_what_the_store_refused_is_not_taken_for_shared():
    """The first start of a plan is refused: the second one still brings the plan along."""
    refused = RunId("R0")

    def fails(records: Sequence[Record]) -> Exception | None:
        return UsageError("no such run") if any(each.run == refused for each in records) else None

    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            with pytest.raises(UsageError, match="no such run"):
                await runtime.enqueue(one(), run=refused)
            await runtime.enqueue(one(), run=RUN)
            assert (await runtime.resume(RUN)).status == "succeeded"

    virtually(main, store=cast(Store, WatchedStore(fails=fails)))


def test_a_priority_outlives_the_process_that_was_told():
    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            await runtime.run(one(), run=RUN, priority=7)
        head = stage.store.head(RUN)
        assert head is not None
        assert head.priority == 7

    virtually(main)
