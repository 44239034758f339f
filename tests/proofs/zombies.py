"""A process is stopped, another one takes its runs over, and then it wakes up.

It is stopped at a random time under load, but not between its look at the clock and its sending,
where no program can help, nor in a commit, where nobody else could write. Time passes: its leases
are over, and so are the send deadlines of all that it has intended. When its heir has its runs, or
has brought them to their end, it goes on. From then on it must send nothing, and append nothing.
"""

import asyncio
import fcntl
from contextlib import ExitStack
from functools import partial
from itertools import count
from pathlib import Path
from random import Random
from threading import Event

from interlock.errors import InterlockError
from interlock.runtime import Runtime
from interlock.store import open_store
from proofs.figures import Figures
from proofs.kills import LEASE_MS, finish, judge_all, start, warm_up
from proofs.lives import Life
from proofs.payments import Tell
from proofs.place import Place, place_in

RUNS = 4
REQUESTS_MAX = 50
"""It is stopped after at most so many requests to the counter."""

DELAY_S_MAX = 0.01
LATE = 0.5
"""How often it wakes up when all is over, not when its heir has just begun."""


def prove(seeds: range, folder: Path) -> Figures:
    figures = Figures()
    warm_up(folder)
    place = place_in(folder)
    try:
        for seed in seeds:
            figures.trials += 1
            rise(place, seed, figures)
        judge_all(place, figures)
    finally:
        place.counter.close()
    return figures


def rise(place: Place, seed: int, figures: Figures) -> None:
    """Stop a process, let another one take over, and wake the first one up."""
    chance = Random(f"zombie {seed}")
    zombie = stopped(place, seed, chance)
    place.time.add(LEASE_MS)
    place.counter.mark(seed + 1)
    heir = Life(place, partial(finish, place))
    heir.until(1)  # It sends nothing before it has taken over all runs.
    is_late = chance.random() < LATE
    if is_late and heir.end() != 0:
        figures.fail("lost", f"the heir failed: {place.told()}")
    zombie.go_on()
    if not is_late and heir.end() != 0:
        figures.fail("lost", f"the heir failed: {place.told()}")
    if zombie.end() != 0:
        figures.fail("lost", f"what woke up failed: {place.told()}")
    counted = place.counter.counted()
    for note in counted.notes:
        if note["seed"] == seed:
            figures.seen[note["end"]] += 1
    for request in counted.requests:
        if request["phase"] == seed + 1 and request["sender"] == name_of(seed):
            figures.fail("duplicated", f"{request} was sent by a process that was taken over")


def stopped(place: Place, seed: int, chance: Random) -> Life:
    """Stop a process with something to do; one that came to its end before does not count."""
    for turn in count():
        place.time.sending = 0
        zombie = Life(place, partial(walk, place, seed, turn))
        zombie.until(RUNS + chance.randrange(REQUESTS_MAX))
        Event().wait(chance.uniform(0.0, DELAY_S_MAX))
        if hold(zombie, place):
            return zombie
        assert zombie.end() == 0, place.told()
    raise AssertionError


def name_of(seed: int) -> str:
    return f"zombie {seed}"


def hold(zombie: Life, place: Place) -> bool:
    """Stop it where it is in nobody's way; False when it has ended before."""
    while zombie.stop():
        if place.time.sending == 0 and is_free(place.journal):
            return True
        zombie.go_on()
        Event().wait(0.001)
    return False


def is_free(journal: str) -> bool:
    """Whether nobody is writing to a journal, or about to, or opens or closes it."""
    with ExitStack() as opened:
        for name in ("turnstile", "commit"):
            lock = opened.enter_context(Path(f"{journal}-locks", name).open("r+b"))
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
        for name, first, size in SQLITE_LOCKS:
            if Path(journal + name).exists():
                file = opened.enter_context(Path(journal + name).open("rb"))
                try:
                    fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB, size, first)
                except OSError:
                    return False
    return True


SQLITE_LOCKS = (("", 0x40000000, 512), ("-shm", 120, 3))
"""Bytes that SQLite locks in a file while it opens, closes or writes: name, first one, how many."""


async def walk(place: Place, seed: int, turn: int, tell: Tell) -> None:
    """Start some runs, and drive them as far as they go; tell how each of them ended here."""
    place.sender.be(name_of(seed), tell, place.time.count)
    store = open_store(place.journal)
    async with Runtime(store, place.registry, clock=place.time) as runtime:
        keys = (f"{seed}/{turn}/{number}" for number in range(RUNS))
        runs = [await start(runtime, key, place.sender) for key in keys]
        ends = await asyncio.gather(*map(runtime.resume, runs), return_exceptions=True)
    store.close()
    for end in ends:
        if isinstance(end, BaseException) and not isinstance(end, InterlockError):
            raise end
        told = type(end).__name__ if isinstance(end, InterlockError) else end.status
        await place.sender.ask({"op": "note", "seed": seed, "end": told})
