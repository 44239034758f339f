"""What do 100,000 starts take that are only queued, and how fast does a worker drive them?

    python -m benchmarks.queueing [--starts 100000] [--driven 2000]

Each start is a run of five pure nodes. Seconds, the peak of memory above what one start takes, and
bytes of the journal are of the queueing; runs a second are of one worker.
"""

import argparse
import asyncio
import json
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from interlock import Graph, Plan, Registry, Runtime, action, compile as compile_graph, open_store
from interlock.graph import CallNode
from interlock.runtime import Start, Worker
from interlock.values import NodeId

NODES = 5


@action(effect="pure")
async def increment(x: int) -> int:
    return x + 1


REGISTRY = Registry([increment])


def chain() -> Plan:
    """Make a chain of nodes, each reading the one before."""
    sources = ["inputs.x", *(f"n{at}" for at in range(NODES - 1))]
    nodes = [
        CallNode(id=NodeId(f"n{at}"), action="increment", with_={"x": f"${{{{ {source} }}}}"})
        for at, source in enumerate(sources)
    ]
    graph = Graph(
        name="chain", inputs={"x": {"type": "integer"}}, nodes={node.id: node for node in nodes}
    )
    return compile_graph(graph, REGISTRY)


def starts(count: int) -> Iterator[Start]:
    """Give starts one after the other, so that they take no memory."""
    return (Start(inputs={"x": x}) for x in range(count))


async def queue(folder: Path, count: int) -> None:
    """Queue runs, and print what that took."""
    store = open_store(str(folder / "journal.db"))
    async with Runtime(store, REGISTRY) as runtime:
        await runtime.enqueue(chain(), {"x": 0})
        before = peak_mb()
        begun = time.perf_counter()
        async for _ in runtime.enqueue_many(chain(), starts(count)):
            pass
        seconds = time.perf_counter() - begun
        begun = time.perf_counter()
        store.ready(now_ms=time.time_ns() // 1_000_000)
        asked_ms = (time.perf_counter() - begun) * 1000
    store.close()
    size = (folder / "journal.db").stat().st_size
    row = {"starts": count, "seconds": round(seconds, 1), "mb": round(peak_mb() - before)}
    print(json.dumps({**row, "bytes": size, "ready_ms": round(asked_ms, 2)}))


async def drive(folder: Path, count: int) -> None:
    """Queue runs, let a worker drive them, and print how fast it was."""
    store = open_store(str(folder / "driven.db"))
    async with Runtime(store, REGISTRY) as runtime:
        async for _ in runtime.enqueue_many(chain(), starts(count)):
            pass
        begun = time.perf_counter()
        await Worker(runtime).work(until_idle=True)
        seconds = time.perf_counter() - begun
    store.close()
    print(json.dumps({"driven": count, "runs_per_s": round(count / seconds)}))


def peak_mb() -> float:
    """Return the peak of memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Measure both, in a temporary folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=100_000)
    parser.add_argument("--driven", type=int, default=2_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(queue(Path(folder), options.starts))
        asyncio.run(drive(Path(folder), options.driven))


if __name__ == "__main__":
    main()
