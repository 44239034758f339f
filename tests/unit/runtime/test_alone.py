"""What is wrong with one run stays with that run: the others of the process go on."""

import asyncio

import pytest

from interlock import Context, Registry, Runtime, action, compile as compile_graph
from interlock.errors import UsageError
from interlock.graph import CallNode, Graph
from interlock.store import MemoryStore
from interlock.values import NodeId, RunId


@action(effect="read")
async def one() -> int:
    return 1


@action(effect="read")
async def wasteful(ctx: Context) -> int:
    ctx.usage(tokens=1.5)  # pyright: ignore[reportArgumentType]
    return 1


REGISTRY = Registry([one, wasteful])


def plan_of(name: str):
    node = CallNode(id=NodeId("a"), action=name)
    graph = Graph(name="g", nodes={node.id: node}, outputs={"n": "${{ a }}"})
    return compile_graph(graph, REGISTRY)


@pytest.mark.parametrize("run", ["bad\nid", "x" * 200])
async def test_a_bad_run_id_stops_no_other_run(run: str):
    plan = plan_of("one")
    async with Runtime(MemoryStore(), REGISTRY) as runtime:
        ended = await asyncio.gather(
            runtime.run(plan), runtime.run(plan, run=RunId(run)), return_exceptions=True
        )
        good, bad = ended
        assert not isinstance(good, BaseException)
        assert good.output == {"n": 1}
        assert isinstance(bad, UsageError)
        assert "is not the id of a run" in bad.message
        assert "printable ASCII" in bad.hint
        assert (await runtime.run(plan)).output == {"n": 1}


async def test_a_run_id_used_twice_stops_no_other_run():
    plan = plan_of("one")
    async with Runtime(MemoryStore(), REGISTRY) as runtime:
        await asyncio.gather(
            runtime.run(plan, run=RunId("x")),
            runtime.run(plan, run=RunId("x")),
            return_exceptions=True,
        )
        assert (await runtime.run(plan)).output == {"n": 1}


async def test_usage_that_is_no_integer_fails_the_node_and_not_the_journal():
    async with Runtime(MemoryStore(), REGISTRY) as runtime:
        result = await runtime.run(plan_of("wasteful"))
        assert result.status == "failed"
        assert result.error is not None
        assert "TypeError" in result.error.message
        state, _ = runtime.load(result.run)
        assert state.execution == result.execution
