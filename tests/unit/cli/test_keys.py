"""`interlock run --key`, when another process comes first in the middle of it."""

from typing import Any, cast

import pytest

from interlock.actions import Registry, action
from interlock.cli.commands.run import _start
from interlock.cli.driving import Stage
from interlock.cli.stores import Journal
from interlock.errors import UsageError
from interlock.graph import CallNode, Graph
from interlock.plan import compile as compile_graph
from interlock.runtime import Start, run
from interlock.store import MemoryStore, Store
from interlock.values import NodeId


@action(effect="write")
async def double(n: int) -> int:
    return 2 * n


class LateStore:
    """The first who asks for a key is told that nobody has it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.asked = 0

    def heads(self, **conditions: Any) -> Any:
        self.asked += 1
        return [] if self.asked <= 2 else self._store.heads(**conditions)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


@pytest.mark.parametrize("n,same", [(4, True), (5, False)])
def test_who_comes_second_after_all_is_told_as_if_it_came_later(
    n: int, *, same: bool, capsys: pytest.CaptureFixture[str]
):
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
        assert _start(stage, start) == first
        assert f"Run {first.run} was started with this key before" in capsys.readouterr().err
    else:
        with pytest.raises(UsageError, match="which has other inputs"):
            _start(stage, start)
    assert len(store.heads()) == 1
