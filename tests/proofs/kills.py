"""SIGKILL at random times, under load; another process takes the runs up, and is killed as well.

Each life of a process takes up all open runs and starts new ones, several at a time. Starts are
durable before they are promised, and each is made twice with one key. Persons approve, and say what
became of writes in doubt after a look at the counter. The last process is let live: it brings every
run to its end.
"""

import asyncio
import os
import signal
from collections import deque
from functools import partial
from itertools import count
from pathlib import Path
from random import Random
from threading import Event
from typing import Any

from interlock.journal import AttemptStarted, RunStatus
from interlock.runtime import RunResult, Runtime
from interlock.store import MemoryStore, Store, open_store
from interlock.testing.certifying.reading import Journal
from interlock.values import Path as NodePath, RunId
from proofs.counter import CounterService
from proofs.figures import Figures
from proofs.lives import Life, join_threads
from proofs.payments import ENDS, PLANS, Sender, Tell, answer_to, booked_in, judge
from proofs.place import Place, place_in

AT_ONCE = 6
"""Runs under way."""

REQUESTS_MAX = 60
"""A process is killed after at most so many requests to the counter."""

DELAY_S_MAX = 0.01
"""And so much later, at any place of what comes after a request."""

EARLY = 0.2
"""How often it is killed while it opens the journal and takes runs up."""

OPENING_S_MAX = 0.2

PATIENCE_S = 0.5
"""It is killed all the same when all its runs wait for a send deadline to pass."""

OPEN: tuple[RunStatus, ...] = ("running", "waiting", "queued", "paused", "in_doubt")
RUNS_MAX = 100_000
REFUNDING = 0.25
LATE = 0.75
"""How often the next process comes when leases are over and nothing can be sent any more."""

LEASE_MS = 61_000
GATE = NodePath("allowed")


def prove(seeds: range, folder: Path) -> Figures:
    figures = Figures()
    warm_up(folder)
    place = place_in(folder)
    try:
        for seed in seeds:
            chance = Random(f"kill {seed}")
            life = Life(place, partial(work, place, seed))
            if chance.random() < EARLY:
                Event().wait(chance.uniform(0.0, OPENING_S_MAX))
            else:
                life.until(chance.randrange(1, REQUESTS_MAX), patience_s=PATIENCE_S)
                Event().wait(chance.uniform(0.0, DELAY_S_MAX))
            figures.trials += 1
            if not os.WIFSIGNALED(life.end(signal.SIGKILL)):
                figures.fail("lost", f"a process ended by itself: {place.told()}")
            place.counter.settle()
            if chance.random() < LATE:
                place.time.add(LEASE_MS)
        place.time.add(LEASE_MS)
        last = Life(place, partial(finish, place))
        if last.end() != 0:
            figures.fail("lost", f"the last process failed: {place.told()}")
        judge_all(place, figures)
    finally:
        place.counter.close()
    return figures


def warm_up(folder: Path) -> None:
    """Run all once elsewhere: what is imported late is there for all who are born after this."""
    elsewhere = folder / "warm"
    elsewhere.mkdir()
    place = place_in(elsewhere)

    async def once() -> None:
        async with Runtime(MemoryStore(), place.registry) as runtime:
            for name, plan in PLANS.items():
                result = await to_the_end(runtime, await runtime.run(plan), place.counter)
                assert result.status == ENDS[name], result

    asyncio.run(once())
    place.counter.close()
    join_threads()


async def work(place: Place, seed: int, tell: Tell) -> None:
    """Take up what is open, and begin more of it until the end comes."""
    place.sender.be(f"life {seed}", tell)
    store = open_store(place.journal)
    async with Runtime(store, place.registry, clock=place.time) as runtime:
        left = deque(open_runs(store))
        await asyncio.gather(*(one_by_one(runtime, (seed, n), left, place) for n in range(AT_ONCE)))


async def one_by_one(
    runtime: Runtime, lane: tuple[int, int], left: deque[RunId], place: Place
) -> None:
    """Drive one run after the other; the first start of the process before is made once more."""
    seed, number = lane
    if number == 0:
        await start(runtime, f"{seed - 1}/0/0", place.sender)
    for turn in count():
        key = f"{seed}/{number}/{turn}"
        run = left.popleft() if left else await start(runtime, key, place.sender)
        await take_up(runtime, run, place)


async def start(runtime: Runtime, key: str, sender: Sender) -> RunId:
    """Start a run, and promise it."""
    plan = PLANS["refund" if Random(key).random() < REFUNDING else "pay"]
    queued = await runtime.enqueue(plan, key=key)
    await sender.ask({"op": "ack", "run": queued.run})
    return queued.run


async def finish(place: Place, tell: Tell) -> None:
    """Bring all that is open to its end."""
    place.sender.be("last life", tell)
    store = open_store(place.journal)
    async with Runtime(store, place.registry, clock=place.time) as runtime:
        await asyncio.gather(*(take_up(runtime, run, place) for run in open_runs(store)))
    store.close()


def open_runs(store: Store) -> list[RunId]:
    return [head.run for head in store.heads(statuses=OPEN, limit=RUNS_MAX)]


async def take_up(runtime: Runtime, run: RunId, place: Place) -> None:
    """Bring a run to its end, and promise what it came to."""
    result = await to_the_end(runtime, await runtime.resume(run), place.counter)
    ack = {"op": "ack", "run": run, "status": result.status, "execution": result.execution}
    await place.sender.ask(ack)


async def to_the_end(runtime: Runtime, result: RunResult, counter: CounterService) -> RunResult:
    """Be the persons that a run needs."""
    while result.status in ("waiting", "in_doubt"):
        if result.status == "waiting":
            result = await runtime.approve(result.run, GATE, actor="anna")
        else:
            result = await decide(runtime, result, counter)
    return result


async def decide(runtime: Runtime, result: RunResult, counter: CounterService) -> RunResult:
    """Look at the counter: what happened is accepted, what did not is sent again."""
    head = runtime.store.head(result.run)
    assert head is not None
    journal = Journal(runtime.store, result.run, PLANS[head.graph]).read()
    path, sent = min(journal.in_doubt().items())
    if not counter.has(sent.key):
        return await runtime.resolve(result.run, path, "retry")
    events = (entry.event for entry in journal.entries)
    given: Any = next(
        event.args.json
        for event in events
        if isinstance(event, AttemptStarted) and event.path == path
    )
    output = answer_to(given["name"], given["number"])
    return await runtime.resolve(result.run, path, "succeeded", output=output)


def judge_all(place: Place, figures: Figures) -> None:
    store = open_store(place.journal)
    try:
        counted = place.counter.counted()
        counted.effects += booked_in(place.journal)
        judge(store, store.heads(limit=RUNS_MAX), counted, figures)
    finally:
        store.close()
