"""The stop watch that every measured library is put under.

Each contender (`benchmarks.ours` and `benchmarks.peers.*`) builds a `Peer` and hands it to `main`,
which runs one shape once in this process, checks what came out, and prints one line of JSON. This
module needs only the standard library, because each peer runs in an environment of its own.

What is timed: from the call that starts the run (or all the runs) to its result in hand. Building
the graph and opening the store are not, except in `first`, which starts the clock before Python.
"""

import argparse
import asyncio
import dataclasses
import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Literal, TypedDict

Shape = Literal["chain", "fanout", "runs", "sleeps", "first", "verify"]
Durable = Literal["memory", "at exit", "within 10 ms", "each step"]

SIZES: Mapping[Shape, int] = {
    "chain": 1_000,
    "fanout": 1_000,
    "runs": 1_000,
    "sleeps": 1_000,
    "first": 5,
    "verify": 1_000,
}
SHARED_SHAPES: tuple[Shape, ...] = ("chain", "fanout", "runs", "sleeps", "first")
RUN_NODES = 5
RUNS_AT_ONCE = 50
SLEEP_SECONDS = 0.05
WARM_UP_SIZE = 5

# `comparison.py` counts the fsyncs between these two file look-ups in what strace saw.
MARK_BEGIN = "/benchmark-timer-begins"
MARK_END = "/benchmark-timer-ends"


class Value(TypedDict):
    """What each node takes and returns."""

    x: int
    ok: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One thing to measure.

    A peer sees the shapes `chain`, `fanout`, `runs` and `sleeps`; `first` reaches it as a chain.
    Its files, if it writes any, go in `folder`. What it can count, it leaves in `counts`.
    """

    shape: Shape
    size: int
    durable: Durable
    folder: Path
    counts: dict[str, int] = field(default_factory=dict[str, int])

    @property
    def nodes(self) -> int:
        """The nodes to divide by: a fan-out's source and join are the library's own cost."""
        return self.size * RUN_NODES if self.shape == "runs" else self.size


Work = Callable[[], Awaitable[list[Value]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A library under measurement.

    Args:
        name: Its name in the table.
        package: Its distribution, which is asked for the version.
        notes: For each way in which it can run, strongest last: what was set up for it.
        open: Builds the graph of a case, opens the store, and gives what is to be timed.
        shapes: What it can be asked to do.
    """

    name: str
    package: str
    notes: Mapping[Durable, str]
    open: Callable[[Case], AbstractAsyncContextManager[Work]]
    shapes: tuple[Shape, ...] = SHARED_SHAPES


class Result(TypedDict):
    """The line that is printed."""

    peer: str
    version: str
    shape: Shape
    nodes: int
    seconds: float
    us_per_node: float
    cpu_us_per_node: float
    bytes_per_node: int
    counts_per_node: dict[str, float]
    durable: Durable
    note: str


def first_value() -> Value:
    """What a chain starts from."""
    return {"x": 0, "ok": True}


def items(size: int) -> list[Value]:
    """What a fan-out is spread over."""
    return [{"x": index, "ok": True} for index in range(size)]


async def noop(value: Value) -> Value:
    """Do what each node does: nothing but a new small value, so that results can be checked."""
    return {"x": value["x"] + 1, "ok": True}


async def nap(value: Value) -> Value:
    """Do what each node of `sleeps` does."""
    await asyncio.sleep(SLEEP_SECONDS)
    return {"x": value["x"] + 1, "ok": True}


def body(case: Case) -> Callable[[Value], Awaitable[Value]]:
    """Choose what the nodes of a case do."""
    return nap if case.shape == "sleeps" else noop


async def many_runs(start: Callable[[int], Awaitable[Value]], count: int) -> list[Value]:
    """Run `start(0)` to `start(count - 1)`, `RUNS_AT_ONCE` of them at any time."""
    numbers = iter(range(count))
    done: list[Value] = []

    async def worker() -> None:
        for number in numbers:
            value = await start(number)
            done.append(value)

    await asyncio.gather(*(worker() for _ in range(RUNS_AT_ONCE)))
    return done


def check(case: Case, values: list[Value]) -> None:
    """Refuse a measurement whose results are not the expected ones."""
    expected = {
        "chain": [case.size],
        "verify": [case.size],
        "runs": [RUN_NODES] * case.size,
        "fanout": list(range(1, case.size + 1)),
        "sleeps": list(range(1, case.size + 1)),
    }[case.shape]
    found = sorted(value["x"] for value in values)
    if found != expected or not all(value["ok"] is True for value in values):
        raise SystemExit(f"wrong results for {case}: {str(found)[:200]}")


def stored_bytes(folder: Path) -> int:
    """Add up the sizes of the files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the stop watch showed for one case."""

    seconds: float
    cpu_seconds: float
    stored_bytes: int


@asynccontextmanager
async def opened(peer: Peer, case: Case) -> AsyncIterator[Work]:
    """Open a case in its own folder."""
    case.folder.mkdir(parents=True)
    async with peer.open(case) as work:
        yield work


async def warm_up(peer: Peer, case: Case) -> None:
    """Run a small case first: later imports and caches are what `first` measures."""
    small = dataclasses.replace(
        case, size=min(WARM_UP_SIZE, case.size), folder=case.folder / "warm"
    )
    async with opened(peer, small) as work:
        check(small, await work())


async def measure(peer: Peer, case: Case) -> Reading:
    """Time one case, after a small one."""
    await warm_up(peer, case)
    timed = dataclasses.replace(case, folder=case.folder / "timed")
    async with opened(peer, timed) as work:
        gc.collect()
        os.access(MARK_BEGIN, os.F_OK)
        cpu, start = time.process_time(), time.perf_counter()
        values = await work()
        seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu
        os.access(MARK_END, os.F_OK)
    check(timed, values)
    return Reading(
        seconds=seconds, cpu_seconds=cpu_seconds, stored_bytes=stored_bytes(timed.folder)
    )


async def measure_first(peer: Peer, case: Case, *, since_ns: int) -> Reading:
    """Read the clock that the parent started just before it started this process."""
    chain = dataclasses.replace(case, shape="chain", folder=case.folder / "timed")
    async with opened(peer, chain) as work:
        values = await work()
        seconds, cpu_seconds = (time.monotonic_ns() - since_ns) / 1e9, time.process_time()
    check(chain, values)
    return Reading(
        seconds=seconds, cpu_seconds=cpu_seconds, stored_bytes=stored_bytes(chain.folder)
    )


def result(peer: Peer, case: Case, reading: Reading) -> Result:
    """Put a reading in the form in which it is printed."""
    return {
        "peer": peer.name,
        "version": version(peer.package),
        "shape": case.shape,
        "nodes": case.nodes,
        "seconds": round(reading.seconds, 6),
        "us_per_node": round(reading.seconds * 1e6 / case.nodes, 1),
        "cpu_us_per_node": round(reading.cpu_seconds * 1e6 / case.nodes, 1),
        "bytes_per_node": round(reading.stored_bytes / case.nodes),
        "counts_per_node": {name: count / case.nodes for name, count in case.counts.items()},
        "durable": case.durable,
        "note": peer.notes[case.durable],
    }


def arguments(peer: Peer) -> argparse.Namespace:
    """Read the command line that all contenders share."""
    ways = tuple(peer.notes)
    parser = argparse.ArgumentParser(description=f"Time {peer.name} once, print one line of JSON.")
    parser.add_argument("shape", choices=peer.shapes)
    parser.add_argument("size", type=int, nargs="?", help="nodes (of `runs`: runs)")
    parser.add_argument("--durable", choices=ways, default=ways[-1], help="default: %(default)s")
    parser.add_argument("--folder", type=Path, help="an existing folder on the disk to be measured")
    parser.add_argument("--since", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


def restart() -> int:
    """Start this command again, with the clock running, so that `first` sees all of the start."""
    command = [sys.executable, *sys.orig_argv[1:], "--since", str(time.monotonic_ns())]
    return subprocess.run(command, check=False).returncode


def main(peer: Peer) -> None:
    """Run the command line of one contender."""
    options = arguments(peer)
    if options.shape == "first" and options.since is None:
        raise SystemExit(restart())
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        case = Case(
            shape=options.shape,
            size=options.size or SIZES[options.shape],
            durable=options.durable,
            folder=Path(folder),
        )
        if options.shape == "first":
            reading = asyncio.run(measure_first(peer, case, since_ns=options.since))
        else:
            reading = asyncio.run(measure(peer, case))
    print(json.dumps(result(peer, case, reading)))
