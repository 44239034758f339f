"""LangGraph: a `StateGraph`, in memory or with `AsyncSqliteSaver` and `durability="sync"`."""

import operator
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, Any, TypedDict

from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Durability, Send

from benchmarks.harness import (
    RUN_NODES,
    Case,
    Durable,
    Peer,
    Value,
    Work,
    body,
    first_value,
    items,
    main,
    many_runs,
    noop,
)

DURABILITY: Mapping[Durable, Durability | None] = {
    "memory": None,
    "at exit": "exit",
    "each step": "sync",
}


class Spread(TypedDict):
    """The state of a fan-out."""

    items: list[Value]
    results: Annotated[list[Value], operator.add]


def chain(length: int) -> StateGraph[Any]:
    """Build a line of nodes."""
    names = [f"n{index}" for index in range(length)]
    graph = StateGraph(Value)
    for name in names:
        graph.add_node(name, noop)
    for source, target in zip([START, *names], [*names, END], strict=True):
        graph.add_edge(source, target)
    return graph


def fanout(case: Case) -> StateGraph[Any]:
    """Build a map: one `Send` per item, a reducer that joins."""
    work = body(case)

    async def node(state: Value) -> dict[str, list[Value]]:
        return {"results": [await work(state)]}

    def spread(state: Spread) -> list[Send]:
        return [Send("node", value) for value in state["items"]]

    graph = StateGraph(Spread)
    graph.add_node("node", node)
    graph.add_conditional_edges(START, spread, ["node"])
    graph.add_edge("node", END)
    return graph


@asynccontextmanager
async def compiled(case: Case) -> AsyncIterator[CompiledStateGraph[Any]]:
    """Compile the graph of a case, with the saver that the case asks for."""
    lengths = {"chain": case.size, "runs": RUN_NODES}
    graph = chain(lengths[case.shape]) if case.shape in lengths else fanout(case)
    if case.durable == "memory":
        yield graph.compile()
        return
    path = str(case.folder / "checkpoints.sqlite")
    async with AsyncSqliteSaver.from_conn_string(path) as saver:
        await saver.setup()
        yield graph.compile(checkpointer=saver)


@asynccontextmanager
async def open_case(case: Case) -> AsyncIterator[Work]:
    """Give what is to be timed."""
    async with compiled(case) as graph:

        async def run(state: object, number: int = 0) -> Any:
            config = {"configurable": {"thread_id": str(number)}, "recursion_limit": case.size + 10}
            return await graph.ainvoke(state, config, durability=DURABILITY[case.durable])

        async def one_run() -> list[Value]:
            return [await run(first_value())]

        async def all_runs() -> list[Value]:
            return await many_runs(lambda number: run(first_value(), number), case.size)

        async def map_items() -> list[Value]:
            return (await run({"items": items(case.size), "results": []}))["results"]

        yield {"chain": one_run, "runs": all_runs}.get(case.shape, map_items)


PEER = Peer(
    name="langgraph",
    package="langgraph",
    notes={
        "memory": "StateGraph without a checkpointer",
        "at exit": 'AsyncSqliteSaver, durability="exit"',
        "each step": 'AsyncSqliteSaver, durability="sync"',
    },
    open=open_case,
)

if __name__ == "__main__":
    main(PEER)
