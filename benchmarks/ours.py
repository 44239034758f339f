"""Interlock: a plan over the journal in SQLite, or over a store in memory.

Pure actions run ahead of their commits, by 10 ms at most. Writes commit their intent first, and
what depends on them waits for their outcome. The peers make no such difference: for them each step
is what a write is for us. So pure actions are measured as `within 10 ms`, writes as `each step`.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from typing import Any, cast, get_args

from typing_extensions import TypedDict

from benchmarks.harness import (
    RUN_NODES,
    SLEEP_SECONDS,
    Case,
    Peer,
    Shape,
    Value,
    Work,
    first_value,
    items,
    main,
    many_runs,
)
from interlock import (
    Plan,
    Registry,
    Runtime,
    Store,
    action,
    compile as compile_graph,
    load,
    open_store,
)
from interlock.replay import verify
from interlock.runtime import RunResult, read_entries


class Typed(TypedDict):
    """`Value`, in the form in which pydantic reads it on all versions of Python.

    Arguments are closed, types in them included; saying so here closes the result too.
    """

    __pydantic_config__ = {"extra": "forbid"}  # pyright: ignore[reportGeneralTypeIssues]  # noqa: RUF012
    x: int
    ok: bool


async def noop(value: Typed) -> Typed:
    return {"x": value["x"] + 1, "ok": True}


async def nap(value: Typed) -> Typed:
    await asyncio.sleep(SLEEP_SECONDS)
    return {"x": value["x"] + 1, "ok": True}


def registry_of(case: Case) -> Registry:
    """Make the actions of a case."""
    effect = "write" if case.durable == "each step" else "pure"
    return Registry([action(effect=effect)(noop), action(effect=effect)(nap)])


VALUE = """{
    type: object,
    properties: {x: {type: integer}, ok: {type: boolean}},
    required: [x, ok],
    additionalProperties: false,
  }"""

CHAIN = """
interlock: 1
name: chain
inputs: {value: VALUE}
nodes:
NODES
outputs: {result: '${{ LAST }}'}
"""

FANOUT = """
interlock: 1
name: fanout
inputs: {values: {type: array, items: VALUE}}
graphs:
  one:
    inputs: {value: VALUE}
    nodes:
      done: {call: WORK, with: {value: '${{ inputs.value }}'}}
    outputs: {x: '${{ done.x }}', ok: '${{ done.ok }}'}
nodes:
  all:
    map: one
    over: '${{ inputs.values }}'
    as: item
    limit: LIMIT
    with: {value: '${{ item }}'}
outputs: {result: '${{ all.results }}'}
"""


def chain(length: int) -> str:
    """Write a line of nodes."""
    sources = ["inputs.value", *(f"n{index}" for index in range(length - 1))]
    nodes = (
        f"  n{index}: {{call: noop, with: {{value: '${{{{ {source} }}}}'}}}}"
        for index, source in enumerate(sources)
    )
    text = CHAIN.replace("VALUE", VALUE).replace("NODES", "\n".join(nodes))
    return text.replace("LAST", f"n{length - 1}")


def fanout(case: Case) -> str:
    """Write a map of one node over the input."""
    work = "nap" if case.shape == "sleeps" else "noop"
    return FANOUT.replace("VALUE", VALUE).replace("WORK", work).replace("LIMIT", str(case.size))


def plan_of(case: Case, runtime: Runtime) -> Plan:
    """Compile the graph of a case."""
    lengths = {"chain": case.size, "verify": case.size, "runs": RUN_NODES}
    text = chain(lengths[case.shape]) if case.shape in lengths else fanout(case)
    loaded = load(text)
    return compile_graph(loaded.graph, runtime.registry, source=loaded.source)


def works_of(case: Case, runtime: Runtime, results: list[RunResult]) -> dict[Shape, Work]:
    """Give what can be timed with the plan of a case; runs are added to `results`."""
    plan = plan_of(case, runtime)

    async def run(inputs: dict[str, Any]) -> Any:
        results.append(await runtime.run(plan, inputs))
        return results[-1].output

    async def run_line(_number: int = 0) -> Value:
        return await run({"value": first_value()})

    async def one_run() -> list[Value]:
        return [await run_line()]

    async def all_runs() -> list[Value]:
        return await many_runs(run_line, case.size)

    async def map_items() -> list[Value]:
        return await run({"values": items(case.size)})

    async def verified() -> list[Value]:
        check_digests(runtime.store, results)
        return [cast("Value", result.output) for result in results]

    return {
        "chain": one_run,
        "fanout": map_items,
        "runs": all_runs,
        "sleeps": map_items,
        "verify": verified,
    }


def check_digests(store: Store, results: list[RunResult]) -> None:
    """Derive each run again from its journal: its digest must be the one that the run gave."""
    for result in results:
        verified = verify(result.run, read_entries(store, result.run))
        if verified.replayed != result.execution:
            raise SystemExit(f"{result.run}: {verified.replayed} is not {result.execution}")


@asynccontextmanager
async def open_case(case: Case) -> AsyncIterator[Work]:
    """Compile the plan, open the store, and give what is to be timed; check digests afterwards."""
    address = "memory:" if case.durable == "memory" else str(case.folder / "journal.db")
    results: list[RunResult] = []
    with closing(open_store(address)) as store:
        async with Runtime(store, registry_of(case)) as runtime:
            work = works_of(case, runtime, results)
            if case.shape == "verify":
                await work["chain"]()
            yield work[case.shape]
        wrote = store.statistics()
        case.counts.update(events=wrote.events, commits=wrote.commits)
        check_digests(store, results)


PEER = Peer(
    name="interlock",
    package="interlock",
    notes={
        "memory": "pure actions, store in memory; fan-out is a map",
        "each step": "writes, journal in SQLite; fan-out is a map",
        "within 10 ms": "pure actions, journal in SQLite; fan-out is a map",
    },
    open=open_case,
    shapes=get_args(Shape),
)

if __name__ == "__main__":
    main(PEER)
