"""`interlock run --key`, when another process comes first in the middle of it."""

import asyncio
import threading
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest

from interlock.actions import Registry, action
from interlock.cli.commands.run import _start
from interlock.cli.project.stores import Journal
from interlock.cli.running.driving import Stage
from interlock.errors import LeaseHeld, UsageError
from interlock.graph import CallNode, Graph
from interlock.journal import Lease, Principal
from interlock.plan import compile as compile_graph
from interlock.runtime import Runtime, Start, run
from interlock.store import MemoryStore, Store, open_store
from interlock.values import NodeId

ADA = Principal(name="ada")


@action(effect="write")
async def double(n: int) -> int:
    return 2 * n


class LateStore:
    """The first who asks for a key is told that nobody has it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.asked = 0
        self.was_refused = threading.Event()

    def heads(self, **conditions: Any) -> Any:
        self.asked += 1
        return [] if self.asked <= 2 else self._store.heads(**conditions)

    def lease(self, *args: Any, **named: Any) -> Lease:
        try:
            return self._store.lease(*args, **named)
        except LeaseHeld:
            self.was_refused.set()
            raise

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


@pytest.mark.parametrize("n,same", [(4, True), (5, False)])
def test_who_comes_second_after_all_is_told_as_if_it_came_later(n: int, *, same: bool):
    registry = Registry([double])
    node = CallNode(id=NodeId("a"), action="double", with_={"n": "${{ inputs.n }}"})
    graph = Graph(name="g", nodes={node.id: node}, inputs={"n": {"type": "integer"}})
    plan = compile_graph(graph, registry)
    store = MemoryStore()
    first = run(plan, store=store, registry=registry, key="k", inputs={"n": 4})
    late = cast(Store, LateStore(store))
    journal = Journal(store=late, url="memory:", name="memory")
    stage = Stage(plan=plan, registry=registry, journal=journal)
    start = Start(inputs={"n": n}, key="k")
    if same:
        assert _start(stage, start, who=ADA) == first
    else:
        with pytest.raises(UsageError, match="which has other inputs"):
            _start(stage, start, who=ADA)
    assert len(store.heads()) == 1


async def test_who_comes_second_while_the_first_goes_on_waits_for_it(tmp_path: Path):
    began, go_on = asyncio.Event(), asyncio.Event()

    @action("wait", effect="write")
    async def wait() -> int:
        began.set()
        await go_on.wait()
        return 1

    registry = Registry([wait])
    node = CallNode(id=NodeId("a"), action="wait")
    plan = compile_graph(Graph(name="g", nodes={node.id: node}), registry)
    path = str(tmp_path / "journal.db")
    with closing(open_store(path)) as store, closing(open_store(path)) as other:
        async with Runtime(store, registry) as runtime:
            first = asyncio.create_task(runtime.run(plan, key="k"))
            await began.wait()
            late = LateStore(other)
            journal = Journal(store=cast(Store, late), url=path, name=path)
            stage = Stage(plan=plan, registry=registry, journal=journal)
            second = asyncio.create_task(
                asyncio.to_thread(_start, stage, Start(inputs={}, key="k"), who=ADA)
            )
            go_on.set()
            assert (await first).status == "succeeded"
            assert await second == await first
        assert len(other.heads()) == 1
