"""Several processes open one journal at once: it is made, or was left by the dead.

Some write and some only read, a trial; all are let go at the same moment, give or take a
millisecond. Whoever writes must find its own events; whoever reads finds no journal yet, or one
that is whole; and in the end everything is there.
"""

import os
import select
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from random import Random

from interlock.errors import InterlockError, NoJournal
from interlock.store import examine_store, open_store, open_to_read
from interlock.testing.store import record
from interlock.values import RunId
from proofs.counter import die_with_parent
from proofs.figures import Figures
from proofs.recordings import JOURNAL, lived
from proofs.shapes import SHAPES

WRITERS_MAX = 4
READERS_MAX = 2
EVENTS = 3
READS = 10
LATE_S_MAX = 0.002

Files = Mapping[str, bytes]


def prove(seeds: range, folder: Path) -> Figures:
    """Let processes race for each seed."""
    figures = Figures()
    grounds: dict[str, Files] = {
        "absent": {},
        "left by a dead process": left(folder / "left"),
    }
    for seed in seeds:
        random = Random(seed)
        name = random.choice(list(grounds))
        place = folder / f"{seed}"
        place.mkdir()
        for file, data in grounds[name].items():
            (place / file).write_bytes(data)
        figures.trials += 1
        figures.seen[name] += 1
        race(place, random, figures, seed)
    return figures


def left(folder: Path) -> Files:
    folder.mkdir()
    return lived(SHAPES["chain"], folder, Random(1))[-2]


def race(place: Path, random: Random, figures: Figures, seed: int) -> None:
    """Let them go, and look at what they have left."""
    path = str(place / JOURNAL)
    writers = [RunId(f"01W{number}") for number in range(random.randint(2, WRITERS_MAX))]
    works: list[Callable[[], None]] = [lambda run=run: write(path, run) for run in writers]
    works += [lambda: read(path)] * random.randint(0, READERS_MAX)
    waits, lets_go = os.pipe()
    children = [
        born(
            work, place / f"error {number}", (waits, lets_go), late_s=random.uniform(0, LATE_S_MAX)
        )
        for number, work in enumerate(works)
    ]
    os.close(waits)
    os.close(lets_go)
    for number, child in enumerate(children):
        if os.waitpid(child, 0)[1] != 0:
            error = place / f"error {number}"
            told = error.read_text(encoding="utf-8") if error.exists() else "it was killed"
            figures.fail("mislabelled", told, seed=seed)
    with closing(open_store(path)) as store:
        for run in writers:
            if len(store.read(run)) != EVENTS:
                figures.fail("lost", f"events of {run}", seed=seed)
    health = examine_store(path)
    if health is None or health.problems:
        figures.fail("lost", f"{health}", seed=seed)


def born(work: Callable[[], None], error: Path, pipe: tuple[int, int], *, late_s: float) -> int:
    """Fork a process that begins when the last end of a pipe is closed, or a little later."""
    pid = os.fork()
    if pid:
        return pid
    die_with_parent()
    code = 1
    try:
        waits, lets_go = pipe
        os.close(lets_go)
        select.select([waits], [], [])
        select.select([], [], [], late_s)
        work()
        code = 0
    except BaseException as problem:  # noqa: BLE001 - its file tells it
        error.write_text(repr(problem), encoding="utf-8")
    finally:
        os._exit(code)


def write(path: str, run: RunId) -> None:
    """Open, write, and find what was written."""
    with closing(open_store(path)) as store:
        for seq in range(1, EVENTS + 1):
            store.write([record(run, seq)])
        found = [event.seq for event in store.read(run)]
    if found != list(range(1, EVENTS + 1)):
        raise AssertionError(f"{run} has events {found}")


def read(path: str) -> None:
    """Look again and again: there is none yet, or one that is whole."""
    for _ in range(READS):
        try:
            with closing(open_to_read(path)) as store:
                store.heads()
                for number in range(WRITERS_MAX):
                    store.read(RunId(f"01W{number}"))
        except NoJournal:
            continue
        except InterlockError as error:
            if "changed each time" not in error.message:
                raise
