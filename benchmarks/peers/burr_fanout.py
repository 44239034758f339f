"""The fan-out of the Burr peer, apart because only it needs Burr's parallelism to be imported."""

from collections.abc import AsyncGenerator
from typing import Any

from burr.core import ApplicationContext, Graph, GraphBuilder, State, action
from burr.core.parallelism import MapStates, RunnableGraph

from benchmarks.harness import Case, body


def mapped(case: Case) -> RunnableGraph:
    """Build the one-action graph that runs once per item."""
    work = body(case)

    @action(reads=["item"], writes=["result"])
    async def node(state: State) -> State:
        return state.update(result=await work(state["item"]))

    graph = GraphBuilder().with_actions(node=node).build()
    return RunnableGraph(graph=graph, entrypoint="node", halt_after=["node"])


class Spread(MapStates):
    """A map over all items: a sub-application for each, joined in `results`."""

    def __init__(self, node: RunnableGraph) -> None:
        super().__init__()
        self.node = node

    def is_async(self) -> bool:
        return True

    def action(self, state: State, inputs: dict[str, Any]) -> RunnableGraph:  # noqa: ARG002
        return self.node

    async def states(
        self,
        state: State,
        context: ApplicationContext,  # noqa: ARG002
        inputs: dict[str, Any],  # noqa: ARG002
    ) -> AsyncGenerator[State, None]:
        for value in state["items"]:
            yield State({"item": value})

    async def reduce(self, state: State, states: AsyncGenerator[State, None]) -> State:
        return state.update(results=[one["result"] async for one in states])

    @property
    def reads(self) -> list[str]:
        return ["items"]

    @property
    def writes(self) -> list[str]:
        return ["results"]


def fanout(case: Case) -> Graph:
    """Build a graph whose only action maps over the items."""
    return GraphBuilder().with_actions(spread=Spread(mapped(case))).build()
