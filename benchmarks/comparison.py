"""Run all contenders in turns on one machine, and print how they compare."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import get_args

from benchmarks import environments, machine, syncs, tables
from benchmarks.harness import SHARED_SHAPES, SIZES, Durable, Result, Shape

BENCHMARKS = Path(__file__).resolve().parent
RESULTS = BENCHMARKS / "results"
RUN_SHAPES: tuple[Shape, ...] = ("chain", "fanout", "runs", "sleeps")
ROUNDS = 5
QUICK_SIZE = 100
TIMEOUT_SECONDS = 300
KEPT_ENVIRONMENT = ("HOME", "LANG", "PATH", "TMPDIR")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """A library, in one of the ways in which it can run."""

    name: str
    durable: Durable
    module: str
    python: Path
    shapes: Sequence[Shape] = SHARED_SHAPES

    @property
    def key(self) -> tables.Key:
        """Name it in the tables."""
        return self.name, self.durable

    def command(self, shape: Shape, size: int, folder: Path) -> list[str]:
        """Give the command that measures it once."""
        options = ["--durable", self.durable, "--folder", str(folder)]
        return [str(self.python), "-m", self.module, shape, str(size), *options]


def ours() -> list[Contender]:
    """List Interlock, if this Python has it."""
    module = "benchmarks.ours"
    if find_spec("interlock") is None or find_spec(module) is None:
        print("interlock is not installed for this Python: only peers are run", file=sys.stderr)
        return []
    durable: tuple[Durable, ...] = ("within 10 ms", "each step", "memory")
    return [
        Contender(
            name=tables.OURS,
            durable=one,
            module=module,
            python=Path(sys.executable),
            shapes=tuple(SIZES),
        )
        for one in durable
    ]


def peers(names: Iterable[str]) -> list[Contender]:
    """List the peers, each with its environment ready."""
    pinned = environments.pinned()
    return [
        Contender(
            name=name.replace("_", "-"),
            durable=durable,
            module=f"benchmarks.peers.{name}",
            python=environments.python(name),
        )
        for name in names
        for durable in pinned[name].durable
    ]


def call(command: Sequence[str]) -> Result | None:
    """Run one measurement in a new process; say on stderr if it fails."""
    environment = {name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ}
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=True,
            cwd=BENCHMARKS.parent,
            env=environment,
            timeout=TIMEOUT_SECONDS,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        print(f"{error}\n{str(error.stderr)[-2000:]}", file=sys.stderr)
        return None
    return json.loads(done.stdout.splitlines()[-1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to measure, and how often."""

    contenders: Sequence[Contender]
    sizes: dict[Shape, int]
    rounds: int
    folder: Path


def measure(plan: Plan) -> dict[tuple[tables.Key, Shape], list[Result]]:
    """Take turns: each round runs every contender once in each shape, each round another first."""
    results: dict[tuple[tables.Key, Shape], list[Result]] = defaultdict(list)
    for turn in range(plan.rounds):
        first = turn % len(plan.contenders)
        order = [*plan.contenders[first:], *plan.contenders[:first]]
        for shape, size in plan.sizes.items():
            print(f"round {turn + 1} of {plan.rounds}: {shape}", file=sys.stderr)
            for contender in order:
                if shape not in contender.shapes:
                    continue
                found = call(contender.command(shape, size, plan.folder))
                results[contender.key, shape].extend([found] if found else [])
    asked: list[tuple[tables.Key, Shape]] = [
        (one.key, shape) for one in plan.contenders for shape in one.shapes if shape in plan.sizes
    ]
    return {place: results[place] for place in asked}


def count_fsyncs(plan: Plan) -> dict[tuple[tables.Key, Shape], float]:
    """Run the durable contenders once more, watched and not timed, and count their fsyncs."""
    counted: dict[tuple[tables.Key, Shape], float] = {}
    durable = [contender for contender in plan.contenders if contender.durable != "memory"]
    for contender in durable:
        for shape, size in plan.sizes.items():
            if shape not in RUN_SHAPES or shape not in contender.shapes:
                continue
            trace = plan.folder / "trace"
            found = call([*syncs.watch(trace), *contender.command(shape, size, plan.folder)])
            if found:
                counted[contender.key, shape] = syncs.count(trace) / found["nodes"]
    return counted


def report(plan: Plan, *, fsyncs: bool) -> None:
    """Measure, print the tables, and keep what was measured."""
    facts = machine.describe(plan.folder)
    results = measure(plan)
    counted = count_fsyncs(plan) if fsyncs else {}
    shapes = list(plan.sizes)
    print(machine.one_line(facts))
    rounds = (
        f"median of {plan.rounds} rounds (fastest to slowest)" if plan.rounds > 1 else "one round"
    )
    print(f"\nTime: {rounds}; sizes {plan.sizes}\n")
    print(tables.times(results, shapes))
    best: tables.Key = (tables.OURS, "within 10 ms")
    if (best, shapes[0]) in results:
        print(f"\nTimes the time of {tables.OURS} with pure nodes and its journal on\n")
        print(tables.ratios(results, shapes, best))
    written: list[Shape] = [shape for shape in RUN_SHAPES if shape in shapes]
    if written:
        print("\nOn the disk, per node\n")
        print(tables.writes(results, written, counted))
    keep(facts, results, counted)


def keep(
    facts: dict[str, str | float],
    results: tables.Results,
    counted: dict[tuple[tables.Key, Shape], float],
) -> None:
    """Write everything that was measured to a file of its own."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{facts['date']}-{facts['commit']}.json".replace(":", "")
    fsyncs = [
        {"peer": peer, "durable": durable, "shape": shape, "fsyncs_per_node": round(value, 3)}
        for ((peer, durable), shape), value in counted.items()
    ]
    lines = [line for found in results.values() for line in found]
    content = {"machine": facts, "measurements": lines, "fsyncs": fsyncs}
    path.write_text(json.dumps(content, indent=1) + "\n")
    print(f"\nkept in {path.relative_to(BENCHMARKS.parent)}", file=sys.stderr)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    known = tuple(environments.pinned())
    parser = argparse.ArgumentParser(description="Measure Interlock beside its peers.")
    parser.add_argument("--quick", action="store_true", help="one small round, to see it work")
    parser.add_argument("--rounds", type=int, help=f"default: {ROUNDS}")
    parser.add_argument("--peers", nargs="*", choices=known, default=known)
    parser.add_argument("--shapes", nargs="+", choices=get_args(Shape), default=get_args(Shape))
    parser.add_argument("--no-fsyncs", action="store_true", help="do not count fsyncs with strace")
    parser.add_argument("--lock", action="store_true", help="compile requirements/, then stop")
    return parser.parse_args()


def main() -> None:
    """Run the command line."""
    options = arguments()
    if options.lock:
        environments.lock(options.peers)
        return
    limit = QUICK_SIZE if options.quick else max(SIZES.values())
    contenders = [*ours(), *peers(options.peers)]
    if not contenders:
        raise SystemExit("nothing to measure\n\nhint: name a peer after `--peers`")
    with tempfile.TemporaryDirectory(dir=BENCHMARKS, prefix=".data-") as folder:
        plan = Plan(
            contenders=contenders,
            sizes={shape: min(limit, SIZES[shape]) for shape in options.shapes},
            rounds=options.rounds or (1 if options.quick else ROUNDS),
            folder=Path(folder),
        )
        fsyncs = syncs.available() and not (options.no_fsyncs or options.quick)
        report(plan, fsyncs=fsyncs)


if __name__ == "__main__":
    main()
