"""An attempt that runs ahead of the journal and fails leaves one event, live as in a replay."""

from interlock.actions import Registry, action
from interlock.graph import CallNode, Graph, Retry
from interlock.plan import compile as compile_graph
from interlock.replay import verify
from interlock.runtime import Runtime, read_entries
from interlock.store import MemoryStore
from interlock.values import NodeId


async def test_a_read_that_fails_is_tried_again_and_its_run_replays():
    tries: list[int] = []

    @action(effect="read")
    async def flaky() -> int:
        tries.append(1)
        if len(tries) < 3:
            raise ValueError("not yet")
        return len(tries)

    registry = Registry([flaky])
    node = CallNode(id=NodeId("a"), action="flaky", retry=Retry(attempts=3, delay_ms=0))
    plan = compile_graph(
        Graph(name="g", nodes={node.id: node}, outputs={"n": "${{ a }}"}), registry
    )
    store = MemoryStore()
    async with Runtime(store, registry) as runtime:
        result = await runtime.run(plan)
    assert (result.status, result.outputs) == ("succeeded", {"n": 3})
    assert verify(result.run, read_entries(store, result.run)).replayed == result.execution
