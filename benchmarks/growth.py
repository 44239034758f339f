"""Does a journal grow with what is new, and does pruning give the space back?

Each case runs in a folder of its own, durably, until its store is closed; then the file is measured
with what is in it, pruned of values, pruned of events as well, and measured again. Pure actions: an
event a node. Writes: an intent, an answer and an end for each.

    python -m benchmarks.growth [--quick]
"""

import argparse
import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from benchmarks.harness import RUN_NODES, Case, Durable, Shape
from benchmarks.ours import open_case
from interlock import open_store
from interlock.audit import Retention
from interlock.journal import Principal
from interlock.runtime import SystemClock, prune
from interlock.store import StoreSize, measure_store

DAY_MS = 86_400_000
KINDS: tuple[Durable, ...] = ("within 10 ms", "each step")
SIZES: dict[Shape, tuple[int, ...]] = {
    "chain": (10, 100, 1_000, 5_000),
    "fanout": (10, 100, 1_000, 10_000),
    "runs": (10, 100, 1_000, 4_000),
}
QUICK = 1_000
WORDS: dict[Durable, str] = {"within 10 ms": "pure", "each step": "write"}
VALUES_GO = Retention(values_ms=DAY_MS)
ALL_GO = Retention(values_ms=DAY_MS, events_ms=DAY_MS)


class Later:
    """The clock of the machine, years later."""

    def now_ms(self) -> int:
        return SystemClock().now_ms() + 1_000 * DAY_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """The sizes of one case: whole, without values, and without events as well."""

    case: Case
    nodes: int
    whole: StoreSize
    valueless: StoreSize
    emptied: StoreSize

    def row(self) -> str:
        per = [each.bytes / self.nodes for each in (self.whole, self.valueless, self.emptied)]
        bare = (self.whole.event_bytes + self.whole.value_bytes) / self.nodes
        events = self.whole.events / self.nodes
        told = f"{self.case.shape} {WORDS[self.case.durable]}"
        return (
            f"| {told} | {self.nodes:,} | {events:.2f} | {bare:,.0f} | {per[0]:,.0f} |"
            f" {per[1]:,.0f} | {per[2]:,.0f} |"
        )


async def grown(case: Case) -> None:
    """Let a case run."""
    async with open_case(case) as work:
        await work()


def measured(shape: Shape, size: int, durable: Durable) -> Growth:
    """Measure one case."""
    with tempfile.TemporaryDirectory() as folder:
        case = Case(shape=shape, size=size, durable=durable, folder=Path(folder))
        asyncio.run(grown(case))
        path = str(Path(folder) / "journal.db")
        sizes = [sizes_of(path)]
        for keep in (VALUES_GO, ALL_GO):
            with closing(open_store(path)) as store:
                prune(store, keep, by=Principal(name="benchmark"), clock=Later())
            sizes.append(sizes_of(path))
    nodes = size * RUN_NODES if shape == "runs" else size
    whole, valueless, emptied = sizes
    return Growth(case=case, nodes=nodes, whole=whole, valueless=valueless, emptied=emptied)


def sizes_of(path: str) -> StoreSize:
    """Measure a file that nobody has open."""
    size = measure_store(path)
    if size is None:
        raise SystemExit(f"{path} is no file")
    return size


def cases(*, is_quick: bool) -> Iterator[tuple[Shape, int, Durable]]:
    for durable in KINDS:
        for shape, sizes in SIZES.items():
            for size in sizes:
                if not is_quick or size <= QUICK:
                    yield shape, size, durable


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"sizes up to {QUICK:,} only")
    options = parser.parse_args()
    print("| case | nodes | events | content | file | without values | without events |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for shape, size, durable in cases(is_quick=options.quick):
        print(measured(shape, size, durable).row(), flush=True)


if __name__ == "__main__":
    main()
