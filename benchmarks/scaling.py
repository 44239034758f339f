"""Does the cost of a node stay flat from 10 to 100,000 nodes, and what does it take in memory?

Chains grow to the 10,000 nodes that a document may have, maps to 100,000 items. Each size runs in
a process of its own, durably, on a journal in a temporary folder; the median of three runs counts.

    python -m benchmarks.scaling [--quick]
"""

import argparse
import asyncio
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from interlock import Graph, Plan, Registry, Runtime, action, compile as compile_graph, open_store
from interlock.graph import CallNode, MapNode
from interlock.values import Json, NodeId

ROUNDS = 3
SIZES = {"chain": (10, 100, 1_000, 10_000), "map": (10, 100, 1_000, 10_000, 100_000)}
QUICK = 1_000
BAR_US = 4
CONCURRENCY = 100


@action(effect="read")
async def increment(x: int) -> int:
    return x + 1


REGISTRY = Registry([increment])
INTEGER: Json = {"type": "integer"}


def call(name: str, source: str) -> CallNode:
    """Make a node that increments what an expression yields."""
    return CallNode(id=NodeId(name), action="increment", with_={"x": f"${{{{ {source} }}}}"})


def chain(size: int) -> tuple[Plan, Mapping[str, Json]]:
    """Make a chain of nodes, each reading the one before."""
    nodes = [call("n0", "inputs.x")] + [call(f"n{at}", f"n{at - 1}") for at in range(1, size)]
    graph = Graph(name="chain", inputs={"x": INTEGER}, nodes={node.id: node for node in nodes})
    return compile_graph(graph, REGISTRY), {"x": 0}


def mapped(size: int) -> tuple[Plan, Mapping[str, Json]]:
    """Make a map over a list, with a body of one node."""
    one = call("a", "inputs.x")
    body = Graph(name="one", inputs={"x": INTEGER}, nodes={one.id: one}, outputs={"v": "${{ a }}"})
    node = MapNode(
        id=NodeId("items"),
        graph="one",
        over="inputs.xs",
        as_="x",
        with_={"x": "${{ x }}"},
        limit=CONCURRENCY,
    )
    graph = Graph(
        name="map",
        inputs={"xs": {"type": "array", "items": INTEGER}},
        graphs={"one": body},
        nodes={node.id: node},
    )
    return compile_graph(graph, REGISTRY), {"xs": list(range(size))}


async def measure(shape: str, size: int) -> dict[str, Json]:
    """Run one size three times and return microseconds a node and the peak of memory."""
    plan, inputs = chain(size) if shape == "chain" else mapped(size)
    seconds: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(str(Path(folder) / "journal.db"))
        async with Runtime(store, REGISTRY) as runtime:
            for _ in range(ROUNDS):
                begun = time.perf_counter()
                result = await runtime.run(plan, inputs)
                seconds.append(time.perf_counter() - begun)
                if result.status != "succeeded":
                    raise SystemExit(f"{shape} of {size}: {result.status} {result.error}")
        store.close()
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    cost = statistics.median(seconds) / size * 1e6
    return {"shape": shape, "nodes": size, "us": round(cost, 1), "peak_mb": round(peak_mb)}


def main() -> None:
    """Measure each size in a process of its own and plot the cost of a node."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"sizes up to {QUICK} only")
    parser.add_argument("--one", nargs=2, metavar=("SHAPE", "SIZE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        shape, size = options.one
        print(json.dumps(asyncio.run(measure(shape, int(size)))))
        return
    print("shape    nodes   us/node   peak MB")
    for shape, sizes in SIZES.items():
        for size in sizes:
            if size <= QUICK or not options.quick:
                show(shape, size)


def show(shape: str, size: int) -> None:
    """Measure one size and print its row, with a bar for its cost."""
    command = [sys.executable, "-m", "benchmarks.scaling", "--one", shape, str(size)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    row = json.loads(done.stdout)
    bar = "#" * round(row["us"] / BAR_US)
    print(f"{shape:6} {size:7,} {row['us']:9.1f} {row['peak_mb']:9}   {bar}", flush=True)


if __name__ == "__main__":
    main()
