"""Actions that go on after they were cancelled, or that raise what ends programs."""

import asyncio

import pytest

from interlock.actions import AnyAction, Registry, action
from interlock.graph import CallNode, Graph
from interlock.plan import compile as compile_graph
from interlock.replay import verify
from interlock.runtime import RunResult, Runtime, read_entries
from interlock.store import MemoryStore
from interlock.testing import CountingIds, VirtualClock, run_virtual
from interlock.values import NodeId


async def be_deaf() -> None:
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            continue


@action(effect="read")
async def deaf_read() -> int:
    await be_deaf()
    return 1


@action(effect="write")
async def deaf_write() -> int:
    await be_deaf()
    return 1


@action(effect="write", probe=deaf_read.func)
async def deaf_probe() -> int:
    raise ConnectionError("no answer")


async def carried_out(called: AnyAction) -> RunResult:
    """Run a graph of one node, and check that its journal can be replayed."""
    registry = Registry([called])
    node = CallNode(id=NodeId("a"), action=called.name, timeout_ms=500)
    plan = compile_graph(Graph(name="g", nodes={node.id: node}), registry)
    store = MemoryStore()
    clock = VirtualClock()
    async with Runtime(store, registry, clock=clock, ids=CountingIds()) as runtime:
        result = await runtime.run(plan)
    verify(result.run, read_entries(store, result.run))
    return result


def test_a_deaf_read_times_out():
    result = run_virtual(carried_out(deaf_read))
    assert result.status == "failed"
    assert result.error is not None
    assert "it was cancelled, and goes on" in result.error.message


@pytest.mark.parametrize("called", [deaf_write, deaf_probe])
def test_a_deaf_write_or_probe_leaves_the_write_in_doubt(called: AnyAction):
    assert run_virtual(carried_out(called)).status == "in_doubt"


def test_a_deaf_action_does_not_keep_a_drained_run():
    registry = Registry([deaf_write])
    node = CallNode(id=NodeId("a"), action=deaf_write.name)
    plan = compile_graph(Graph(name="g", nodes={node.id: node}), registry)

    async def interrupted() -> RunResult:
        clock, ids = VirtualClock(), CountingIds()
        async with Runtime(MemoryStore(), registry, clock=clock, ids=ids) as runtime:
            going = asyncio.create_task(runtime.run(plan))
            await asyncio.sleep(1)
            await runtime.drain()
            return await going

    assert run_virtual(interrupted()).status == "interrupted"


@pytest.mark.parametrize("kind", [KeyboardInterrupt, GeneratorExit, SystemExit])
def test_a_plain_action_cannot_end_the_process(kind: type[BaseException]):
    @action(effect="read")
    def ends() -> int:
        raise kind

    result = asyncio.run(carried_out(ends))
    assert result.error is not None
    assert (result.status, kind.__name__ in result.error.message) == ("failed", True)


def test_what_is_no_exception_of_python_fails_the_node():
    class Odd(BaseException):
        pass

    @action(effect="read")
    async def raises_odd() -> int:
        raise Odd("odd")

    result = run_virtual(carried_out(raises_odd))
    assert result.error is not None
    assert "Odd: odd" in result.error.message
