"""Apache Burr: an `Application`, in memory or with `AsyncSQLitePersister`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

from burr.core import ApplicationBuilder, Graph, GraphBuilder, State, action
from burr.integrations.persisters.b_aiosqlite import AsyncSQLitePersister

from benchmarks.harness import (
    RUN_NODES,
    Case,
    Peer,
    Value,
    Work,
    first_value,
    items,
    main,
    many_runs,
    noop,
)


@action(reads=["x"], writes=["x", "ok"])
async def node(state: State) -> State:
    """Do what a node of a chain does."""
    return state.update(**await noop({"x": state["x"], "ok": True}))


def names(length: int) -> list[str]:
    """Name the actions of a chain."""
    return [f"n{index}" for index in range(length)]


def chain(line: list[str]) -> Graph:
    """Build a line of actions."""
    edges = pairwise(line)
    return GraphBuilder().with_actions(**dict.fromkeys(line, node)).with_transitions(*edges).build()


def graph_of(case: Case, line: list[str]) -> Graph:
    """Build the graph of a case."""
    if line:
        return chain(line)
    # A chain, and so `first`, does not need Burr's parallelism to be imported.
    from benchmarks.peers.burr_fanout import fanout

    return fanout(case)


@asynccontextmanager
async def persister_of(case: Case) -> AsyncIterator[AsyncSQLitePersister | None]:
    """Open the persister that a case asks for."""
    if case.durable == "memory":
        yield None
        return
    path = str(case.folder / "burr.sqlite")
    async with AsyncSQLitePersister.from_values(db_path=path) as persister:
        await persister.initialize()
        yield persister


@asynccontextmanager
async def open_case(case: Case) -> AsyncIterator[Work]:
    """Build the graph, and give what is to be timed."""
    lengths = {"chain": case.size, "runs": RUN_NODES}
    line = names(lengths.get(case.shape, 0))
    graph = graph_of(case, line)
    async with persister_of(case) as persister:

        async def run(start: str, end: str, state: dict[str, Any], number: int = 0) -> State:
            builder = ApplicationBuilder().with_graph(graph).with_entrypoint(start)
            builder = builder.with_state(**state).with_identifiers(app_id=f"run-{number}")
            if persister is not None:
                builder = builder.with_state_persister(persister)
            application = await builder.abuild()
            return (await application.arun(halt_after=[end]))[2]

        async def run_line(number: int = 0) -> Value:
            state = await run(line[0], line[-1], {**first_value()}, number)
            return {"x": state["x"], "ok": state["ok"]}

        async def one_run() -> list[Value]:
            return [await run_line()]

        async def all_runs() -> list[Value]:
            return await many_runs(run_line, case.size)

        async def map_items() -> list[Value]:
            return (await run("spread", "spread", {"items": items(case.size)}))["results"]

        yield {"chain": one_run, "runs": all_runs}.get(case.shape, map_items)


PEER = Peer(
    name="burr",
    package="apache-burr",
    notes={
        "memory": "Application without a persister; fan-out by MapStates",
        "each step": "AsyncSQLitePersister; fan-out by MapStates, which persists each item",
    },
    open=open_case,
)

if __name__ == "__main__":
    main(PEER)
