"""DBOS: a workflow of steps, its system database on SQLite."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from dbos import DBOS, SetWorkflowID

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
    nap,
    noop,
)

noop_step = DBOS.step()(noop)
nap_step = DBOS.step()(nap)


@DBOS.workflow()
async def chain(value: Value, length: int) -> Value:
    """Call one step after the other."""
    for _ in range(length):
        value = await noop_step(value)
    return value


@DBOS.workflow()
async def fanout(values: list[Value]) -> list[Value]:
    """Call all steps at once."""
    return await asyncio.gather(*(noop_step(value) for value in values))


@DBOS.workflow()
async def sleeps(values: list[Value]) -> list[Value]:
    """Call all sleeping steps at once."""
    return await asyncio.gather(*(nap_step(value) for value in values))


async def one_run(number: int) -> Value:
    """Start one short workflow and wait for it."""
    with SetWorkflowID(f"run-{number}"):
        return await chain(first_value(), RUN_NODES)


def work_of(case: Case) -> Work:
    """Choose the workflow for a case."""

    async def one_chain() -> list[Value]:
        return [await chain(first_value(), case.size)]

    async def map_items() -> list[Value]:
        return await fanout(items(case.size))

    async def map_sleeps() -> list[Value]:
        return await sleeps(items(case.size))

    async def all_runs() -> list[Value]:
        return await many_runs(one_run, case.size)

    return {"chain": one_chain, "fanout": map_items, "sleeps": map_sleeps, "runs": all_runs}[
        case.shape
    ]


@asynccontextmanager
async def open_case(case: Case) -> AsyncIterator[Work]:
    """Launch DBOS on a new SQLite file, and give what is to be timed."""
    DBOS(
        config={
            "name": "benchmark",
            "system_database_url": f"sqlite:///{case.folder / 'dbos.sqlite'}",
            "log_level": "ERROR",
        }
    )
    DBOS.launch()
    try:
        yield work_of(case)
    finally:
        DBOS.destroy()


PEER = Peer(
    name="dbos",
    package="dbos",
    notes={"each step": "async workflow and steps, SQLite system database as configured by DBOS"},
    open=open_case,
)

if __name__ == "__main__":
    main(PEER)
