"""A disk that refuses: the k-th call of a kind fails, once or from then on.

The kinds are opening, reading, writing, syncing, cutting, removing and locking files, and sharing
memory; writes fail because the disk is full, is broken, or may only be read. One call of one kind
is refused a trial, while runs of a shape are driven. What is said then must have a code, name the
file, and say what to do; nobody may send anything without a durable intent. When the disk is well
again the next process goes on: what was acknowledged is there, and nothing takes place twice.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import apsw

from interlock.cli.terminal.exits import Exit, exit_of
from interlock.errors import InterlockError
from interlock.journal import Record
from interlock.store import Store, open_store, open_to_read
from interlock.testing import DiskOp, World, recording_disk
from interlock.testing.loop import EPOCH_MS
from proofs.figures import Figures, Wrong
from proofs.judging import AGAIN_MAX, Told, gone_on_with, ran_out_of_time
from proofs.recordings import JOURNAL, Recording, Watched, live, note_outside, record
from proofs.shapes import COMPARABLE, Shape

CALLS = 100
"""Trials of one shape before it is the turn of the next one."""

REFUSALS: Sequence[tuple[str, int]] = (
    ("open", apsw.SQLITE_CANTOPEN),
    ("read", apsw.SQLITE_IOERR_READ),
    ("write", apsw.SQLITE_FULL),
    ("write", apsw.SQLITE_IOERR_WRITE),
    ("write", apsw.SQLITE_READONLY),
    ("sync", apsw.SQLITE_IOERR_FSYNC),
    ("truncate", apsw.SQLITE_IOERR_TRUNCATE),
    ("delete", apsw.SQLITE_IOERR_DELETE),
    ("delete_synced", apsw.SQLITE_IOERR_DIR_FSYNC),
    ("lock", apsw.SQLITE_IOERR_LOCK),
    ("share", apsw.SQLITE_IOERR_SHMMAP),
)


@dataclass(slots=True, kw_only=True)
class Refusal:
    """Refuses the `number`-th call of a kind; with `lasts`, all after it, too."""

    kind: str
    code: int
    number: int
    lasts: bool
    calls: Counter[str] = field(default_factory=Counter[str])

    def __call__(self, op: DiskOp) -> int:
        self.calls[op.kind] += 1
        if op.kind != self.kind:
            return 0
        count = self.calls[op.kind]
        is_meant = count == self.number or (self.lasts and count > self.number)
        return self.code if is_meant else 0

    def told(self) -> str:
        since = " and all after it" * self.lasts
        return f"{self.kind} {self.number}{since} refused with {self.code}"


def prove(seeds: range, folder: Path) -> Figures:
    """Refuse one call for each seed; the seeds of a shape go through all of its calls in turn."""
    figures = Figures()
    wanted: dict[int, list[int]] = defaultdict(list)
    for seed in seeds:
        wanted[seed // CALLS].append(seed)
    for number, chosen in wanted.items():
        shape = list(COMPARABLE.values())[number % len(COMPARABLE)]
        turn = number // len(COMPARABLE)
        place = folder / str(number)
        place.mkdir()
        recording = record(shape, made(place / "undisturbed"), Random(0))
        calls = calls_of(shape, made(place / "counted"))
        for seed in chosen:
            index = turn * CALLS + seed % CALLS
            # A stride that shares no factor with most lengths: each turn sees all kinds of calls.
            refusal = calls[index * 7_919 % len(calls)]
            try_(refusal, recording, made(place / str(seed)), figures, seed)
    return figures


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def calls_of(shape: Shape, folder: Path) -> list[Refusal]:
    """List all that can be refused while the runs of a shape are driven."""
    counted = Refusal(kind="none", code=0, number=0, lasts=False)
    Life(shape=shape, folder=folder, refusal=counted).live()
    return [
        Refusal(kind=kind, code=code, number=number, lasts=lasts)
        for kind, code in REFUSALS
        for number, lasts in product(range(1, counted.calls[kind] + 1), (False, True))
    ]


@dataclass(slots=True, kw_only=True)
class Life:
    """A process on a disk that refuses, and what it promised until then."""

    shape: Shape
    folder: Path
    refusal: Refusal
    acknowledged: list[Record] = field(default_factory=list[Record])
    errors: list[Exception] = field(default_factory=list[Exception])

    def live(self) -> World:
        """Drive all runs until it cannot go on."""
        world = self.shape.world()
        with recording_disk(self.refusal) as disk, ExitStack() as last:
            recording = Recording(shape=self.shape, disk=disk, began_ms=EPOCH_MS)
            note_outside(recording, world)
            try:
                store = open_store(str(self.folder / JOURNAL))
                last.callback(self._close, store)
                live(Noted(store, self.acknowledged), recording, world)
            except Exception as error:  # noqa: BLE001 - what it is, is what is proved
                self.errors.append(error)
        return world

    def _close(self, store: Store) -> None:
        try:
            store.close()
        except Exception as error:  # noqa: BLE001
            self.errors.append(error)


class Noted(Watched):
    """A store that notes which records came back as written."""

    def __init__(self, store: Store, acknowledged: list[Record]) -> None:
        super().__init__(store, lambda: None)
        self._acknowledged = acknowledged

    def __getattr__(self, name: str) -> Any:
        method = super().__getattr__(name)
        if name != "write":
            return method

        def write(records: Sequence[Record]) -> Any:
            fenced = method(records)
            self._acknowledged += [each for each in records if each.run not in fenced]
            return fenced

        return write


def try_(refusal: Refusal, recording: Recording, folder: Path, figures: Figures, seed: int) -> None:
    """Let a process meet a refusal, and the next one go on.

    One in which the machine had no time for a transaction proves nothing, and is made again.
    """
    figures.trials += 1
    found: list[tuple[Wrong, str]] = []
    for number in range(AGAIN_MAX):
        place = made(folder / str(number))
        # It counts its calls: another one for each time.
        found = list(tried(replace(refusal, calls=Counter()), recording, place, figures))
        if not found or not ran_out_of_time(place / JOURNAL):
            break
        figures.seen["made again: no time for a transaction"] += 1
    for wrong, problem in found:
        figures.fail(wrong, f"{refusal.told()}: {problem}", seed=seed)


def tried(refusal: Refusal, recording: Recording, folder: Path, figures: Figures) -> Told:
    """Tell what is wrong after a refusal."""
    life = Life(shape=recording.shape, folder=folder, refusal=refusal)
    world = life.live()
    figures.seen[f"{refusal.kind}: {'told' if life.errors else 'overcome'}"] += 1
    yield from badly_told(life, folder)
    yield from lost(life, folder)
    world.watch = None
    yield from gone_on_with(folder / JOURNAL, recording, world)


def badly_told(life: Life, folder: Path) -> Told:
    """An error has a code, a place, and a way out."""
    for error in life.errors:
        if not isinstance(error, InterlockError):
            yield "mislabelled", f"it is told as {error!r}"
        elif not (error.code and error.hint and str(folder) in error.message):
            yield "mislabelled", f"no code, place or hint in {error!r}"
        elif exit_of(error) not in (Exit.STORE, Exit.DIVERGED):
            yield "mislabelled", f"a command would end with {exit_of(error)!r}: {error!r}"


def lost(life: Life, folder: Path) -> Told:
    """What came back as written is there."""
    if not life.acknowledged:
        return
    try:
        store = open_to_read(str(folder / JOURNAL))
    except InterlockError as error:
        yield "lost", f"it cannot be read afterwards: {error!r}"
        return
    there = {
        (run, event.seq, event.body)
        for run in life.shape.plans
        for event in store.read(run, limit=10_000)
    }
    store.close()
    for record_ in life.acknowledged:
        if (record_.run, record_.seq, record_.body) not in there:
            yield "lost", f"event {record_.seq} of {record_.run} was acknowledged"
