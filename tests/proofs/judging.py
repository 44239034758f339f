"""What must be true of a journal and of the world when the next process has come to its end."""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from interlock.engine import idempotency_key
from interlock.errors import InterlockError
from interlock.journal import AttemptStarted, NodeSettled
from interlock.replay import as_told, verify
from interlock.runtime import read_entries
from interlock.store import Store, open_store, open_to_read
from interlock.testing import Receiver, World
from proofs.figures import Wrong
from proofs.recordings import LIFE_MS, Recording, Watched, booked_in, live

Told = Iterator[tuple[Wrong, str]]

AGAIN_MAX = 3
"""A trial is made so often, if the machine is too busy for it."""


def gone_on_with(path: Path, recording: Recording, world: World) -> Told:
    """Be the next process, and tell what it finds wrong, or leaves behind.

    Args:
        path: a journal with the runs of the recording, wherever they are.
        recording: the life that was not disturbed.
        world: what the world knows.
    """
    with closing(open_store(str(path))) as store:
        yield from unintended(store, world.receiver)
        again = Recording(
            shape=recording.shape, disk=recording.disk, began_ms=recording.began_ms + LIFE_MS
        )
        try:
            again.results = live(Watched(store, lambda: None), again, world)
        except (InterlockError, AssertionError) as error:
            yield "lost", f"it cannot be gone on with: {error!r}"
            return
        for was, now in zip(recording.results, again.results, strict=True):
            if (was.status, was.execution) != (now.status, now.execution):
                yield "lost", f"{now.run} ends as {now.status}, with another execution"
        yield from unsound(store)
    expected = recording.outside[-1].receiver.effects
    if world.receiver.effects != expected:
        yield wrong_of(world.receiver.effects, expected), f"effects {world.receiver.effects}"
    booked = booked_in(path)
    if booked != recording.booked:
        yield wrong_of(booked, recording.booked), f"rows {booked}"


def unintended(store: Store, receiver: Receiver) -> Told:
    """What took place outside has an intent that is durable."""
    intents: set[str] = set()
    for head in store.heads():
        for entry in read_entries(store, head.run):
            if isinstance(entry.event, AttemptStarted):
                event = entry.event
                intents.add(idempotency_key(head.run, event.path, event.generation))
    for key in receiver.known.keys() - intents:
        yield "lost", f"there is no intent of the effect with key {key}"


def unsound(store: Store) -> Told:
    """Journals verify, listings say the same, and no message is left."""
    for head in store.heads():
        try:
            told = verify(head.run, read_entries(store, head.run)).head
        except InterlockError as error:
            yield "lost", f"the journal of {head.run} does not verify: {error.message}"
            continue
        if as_told(told) != as_told(head):
            yield "lost", f"the listing says {head}, the events {told}"
    if store.inbox():
        yield "lost", f"messages are left: {store.inbox()}"


def ran_out_of_time(path: Path) -> bool:
    """Whether a transaction took longer than it may: the machine was busy with something else."""
    with closing(open_to_read(str(path))) as store:
        errors = [
            event.error.message
            for head in store.heads()
            for event in (entry.event for entry in read_entries(store, head.run))
            if isinstance(event, NodeSettled) and event.error is not None
        ]
    return any("took longer than" in told for told in errors)


def wrong_of(found: Counter[str], expected: Counter[str]) -> Wrong:
    return "duplicated" if found - expected else "lost"
