"""Apache Hamilton: an `AsyncDriver` over a module of functions; its graphs live in memory."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import ModuleType
from typing import Any

from hamilton import ad_hoc_utils, async_driver

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
)

# Hamilton walks a graph by recursion, several frames for each node of the longest path.
FRAMES_PER_NODE = 10

IMPORTS = "from benchmarks.harness import Value, nap, noop\n"
NODE = "async def n{index}({source}: {type}) -> Value:\n    return await {work}({argument})\n"


def chain(length: int) -> ModuleType:
    """Write a module in which each function takes the result of the one before it."""
    sources = ["start", *(f"n{index}" for index in range(length - 1))]
    nodes = (
        NODE.format(index=index, source=source, type="Value", work="noop", argument=source)
        for index, source in enumerate(sources)
    )
    return ad_hoc_utils.module_from_source(IMPORTS + "".join(nodes))


def fanout(case: Case) -> ModuleType:
    """Write a module in which each function takes its item of one list."""
    work = "nap" if case.shape == "sleeps" else "noop"
    nodes = (
        NODE.format(
            index=index, source="values", type="list[Value]", work=work, argument=f"values[{index}]"
        )
        for index in range(case.size)
    )
    return ad_hoc_utils.module_from_source(IMPORTS + "".join(nodes))


@asynccontextmanager
async def open_case(case: Case) -> AsyncIterator[Work]:
    """Build the driver, and give what is to be timed."""
    lengths = {"chain": case.size, "runs": RUN_NODES}
    length = lengths.get(case.shape, 1)
    sys.setrecursionlimit(max(sys.getrecursionlimit(), length * FRAMES_PER_NODE))
    module = chain(length) if case.shape in lengths else fanout(case)
    driver = await async_driver.Builder().with_modules(module).build()

    async def run(outputs: list[str], inputs: dict[str, Any]) -> list[Value]:
        return list((await driver.execute(outputs, inputs=inputs)).values())

    async def one_run() -> list[Value]:
        return await run([f"n{length - 1}"], {"start": first_value()})

    async def short_run(_number: int) -> Value:
        return (await one_run())[0]

    async def all_runs() -> list[Value]:
        return await many_runs(short_run, case.size)

    async def map_items() -> list[Value]:
        return await run([f"n{index}" for index in range(case.size)], {"values": items(case.size)})

    yield {"chain": one_run, "runs": all_runs}.get(case.shape, map_items)


PEER = Peer(
    name="hamilton",
    package="apache-hamilton",
    notes={"memory": "AsyncDriver; fan-out as one function per item"},
    open=open_case,
)

if __name__ == "__main__":
    main(PEER)
