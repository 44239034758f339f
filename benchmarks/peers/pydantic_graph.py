"""pydantic-graph: a `GraphBuilder` graph; this version has no persistence."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from pydantic_graph import Graph, GraphBuilder, StepContext, reduce_list_append

from benchmarks.harness import (
    RUN_NODES,
    Case,
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


async def node(ctx: StepContext[None, None, Value]) -> Value:
    """Do what a node of a chain does."""
    return await noop(ctx.inputs)


def chain(length: int) -> Graph[None, None, Value, Value]:
    """Build a line of steps."""
    graph = GraphBuilder(input_type=Value, output_type=Value)
    steps = [graph.step(node, node_id=f"n{index}") for index in range(length)]
    edges = zip([graph.start_node, *steps], [*steps, graph.end_node], strict=True)
    graph.add(*(graph.edge_from(source).to(target) for source, target in edges))
    return graph.build()


def fanout(case: Case) -> Graph[None, None, list[Value], list[Value]]:
    """Build a map of one step over the input, joined in a list."""
    work = body(case)
    graph = GraphBuilder(input_type=list[Value], output_type=list[Value])

    async def mapped(ctx: StepContext[None, None, Value]) -> Value:
        return await work(ctx.inputs)

    step = graph.step(mapped)
    collect = graph.join(reduce_list_append, initial_factory=list[Value])
    graph.add(
        graph.edge_from(graph.start_node).map().to(step),
        graph.edge_from(step).to(collect),
        graph.edge_from(collect).to(graph.end_node),
    )
    return graph.build()


@asynccontextmanager
async def open_case(case: Case) -> AsyncIterator[Work]:
    """Build the graph, and give what is to be timed."""
    lengths = {"chain": case.size, "runs": RUN_NODES}
    graph: Graph[None, None, Any, Any]
    graph = chain(lengths[case.shape]) if case.shape in lengths else fanout(case)

    async def run_line(_number: int = 0) -> Value:
        return await graph.run(inputs=first_value())

    async def one_run() -> list[Value]:
        return [await run_line()]

    async def all_runs() -> list[Value]:
        return await many_runs(run_line, case.size)

    async def map_items() -> list[Value]:
        return await graph.run(inputs=items(case.size))

    yield {"chain": one_run, "runs": all_runs}.get(case.shape, map_items)


PEER = Peer(
    name="pydantic-graph",
    package="pydantic-graph",
    notes={"memory": "GraphBuilder steps; fan-out by map and join; no persistence to turn on"},
    open=open_case,
)

if __name__ == "__main__":
    main(PEER)
