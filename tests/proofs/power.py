"""Power loss: what every write and sync of the store may leave is opened as if it had happened.

Runs of a shape are driven to their end over a disk that is recorded. Then states that a power loss
may leave are put into a folder, one a trial. Each must open, be whole, and hold exactly what was
acknowledged, or that and the one commit that was under way. What differs in content, or in what
the world knew, is also taken up and brought to its end: nothing may be lost or take place twice.

Every other recording is of a second life, which begins with a state that the first one left.
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import apsw

from interlock.errors import InterlockError, NoJournal
from interlock.store import examine_store, open_store
from interlock.testing import DiskState, Epoch
from interlock.testing.disks import Survivors
from proofs.figures import Figures, Wrong
from proofs.judging import AGAIN_MAX, gone_on_with, ran_out_of_time
from proofs.recordings import JOURNAL, LIFE_MS, Recording, content_of, record
from proofs.shapes import COMPARABLE

STATES = 200
"""Trials of one recording: half of them systematic, as far as there are so many."""

LOOKED_AT = 8
"""Every so many states are read by somebody who only looks, too."""


def prove(seeds: range, folder: Path) -> Figures:
    """Try a state for each seed."""
    figures = Figures()
    wanted: dict[int, list[int]] = defaultdict(list)
    for seed in seeds:
        wanted[seed // STATES].append(seed)
    for number, chosen in wanted.items():
        place = folder / str(number)
        place.mkdir()
        recording = recorded(number, place)
        tried = Trial(recording=recording, place=place, figures=figures)
        states = states_of(recording, Random(number))
        last = chosen[-1] % STATES
        for index, (state, known) in enumerate(islice(states, last + 1)):
            seed = number * STATES + index
            if seed in seeds:
                tried.state(state, known, seed)
        figures.seen["recordings"] += 1
    return figures


def recorded(number: int, place: Path) -> Recording:
    """Record a life; every other one goes on where the power was lost in an earlier life."""
    random = Random(number)
    shape = list(COMPARABLE.values())[number % len(COMPARABLE)]
    first = place / "first"
    first.mkdir()
    recording = record(shape, first, random)
    if number // len(COMPARABLE) % 2 == 0:
        return recording
    second = place / "second"
    second.mkdir()
    epoch = random.choice(list(recording.disk.epochs()))
    state = epoch.left(*epoch.random(random))
    world = recording.world_at(recording.known_by(epoch.ops))
    began_ms = recording.began_ms + LIFE_MS
    kept = recording.kept_by(epoch.ops)
    under_way = recording.promises[kept : kept + 2]
    recording = record(shape, second, random, before=state.files, world=world, began_ms=began_ms)
    recording.earlier = tuple(promise.content for promise in under_way)
    return recording


def states_of(recording: Recording, random: Random) -> Iterator[tuple[DiskState, int]]:
    """Yield states, and what the world knew by then."""
    epochs = list(recording.disk.epochs())
    systematic = [
        (epoch, choice, survivors) for epoch in epochs for choice, survivors in epoch.systematic()
    ]
    random.shuffle(systematic)
    for epoch, choice, survivors in systematic[: STATES // 2]:
        yield epoch.left(choice, survivors), known_in(recording, epoch, survivors)
    busy = [epoch for epoch in epochs if epoch.pending]
    while True:
        epoch = random.choice(busy)
        choice, survivors = epoch.random(random)
        yield epoch.left(choice, survivors), known_in(recording, epoch, survivors)


def known_in(recording: Recording, epoch: Epoch, survivors: Survivors) -> int:
    """What the world knew: as little as possible when nothing of the epoch took place."""
    return recording.known_by(epoch.ops if survivors else epoch.since)


@dataclass(slots=True, kw_only=True)
class Trial:
    """The states of one recording. Equal files are opened once, equal situations driven once."""

    recording: Recording
    place: Path
    figures: Figures
    contents: dict[bytes, bytes | str] = field(default_factory=dict[bytes, "bytes | str"])
    driven: set[tuple[bytes, int]] = field(default_factory=set[tuple[bytes, int]])

    def state(self, state: DiskState, known: int, seed: int) -> None:
        """Open what is there, hold it against what was promised, and go on with it."""
        self.figures.trials += 1
        told = f"{state.choice}, after operation {state.ops}"
        image = image_of(state)
        if image not in self.contents:
            self.figures.seen["distinct images"] += 1
            state.put_into(self._scratch())
            self._put_index(state)
            self.contents[image] = self._opened()
        content = self.contents[image]
        if isinstance(content, str):
            self.figures.fail("lost", f"{told}: {content}", seed=seed)
            return
        kept = self.recording.kept_by(state.ops)
        allowed = [promise.content for promise in self.recording.promises[kept : kept + 2]]
        if kept == 0:
            allowed += self.recording.earlier
        if content not in allowed:
            self.figures.fail("lost", f"{told}: not what was acknowledged ({kept})", seed=seed)
        if (content, known) not in self.driven:
            self.driven.add((content, known))
            self.figures.seen["gone on with"] += 1
            for wrong, problem in self._gone_on_with(state, known):
                self.figures.fail(wrong, f"{told}: {problem}", seed=seed)

    def _gone_on_with(self, state: DiskState, known: int) -> list[tuple[Wrong, str]]:
        """Be the next process; again, if the machine had no time for a transaction."""
        path = self._scratch() / JOURNAL
        found: list[tuple[Wrong, str]] = []
        for _ in range(AGAIN_MAX):
            state.put_into(self._scratch())
            found = list(gone_on_with(path, self.recording, self.recording.world_at(known)))
            if not found or not ran_out_of_time(path):
                break
            self.figures.seen["made again: no time for a transaction"] += 1
        return found

    def _scratch(self) -> Path:
        scratch = self.place / "scratch"
        scratch.mkdir(exist_ok=True)
        return scratch

    def _put_index(self, state: DiskState) -> None:
        """Leave an old index of the log, or garbage; not where half a sector was written."""
        random = Random(f"{state.ops} {state.choice}")
        if random.random() < 0.5 or "torn" in state.choice:
            return
        indexes = [promise.index for promise in self.recording.promises if promise.ops <= state.ops]
        index = random.choice((*indexes[-3:], random.randbytes(len(indexes[0]))))
        (self._scratch() / f"{JOURNAL}-shm").write_bytes(index)
        self.figures.seen["old indexes"] += 1

    def _opened(self) -> bytes | str:
        """Return the content of a journal, or what is wrong with it."""
        path = self.place / "scratch" / JOURNAL
        try:
            if self.figures.seen["distinct images"] % LOOKED_AT == 0:
                self._look(path)
            with closing(open_store(str(path))):
                connection: Any = apsw.Connection(str(path))
                content = content_of(connection)
                whole = connection.pragma("integrity_check")
                connection.close()
                return content if whole == "ok" else str(whole)
        except (InterlockError, apsw.Error) as error:
            return f"it does not open: {error}"

    def _look(self, path: Path) -> None:
        """Read without writing."""
        self.figures.seen["read by others"] += 1
        try:
            health = examine_store(str(path))
        except NoJournal:
            return  # Its making was under way.
        assert health is not None
        if health.problems:
            raise InterlockError("; ".join(health.problems))


def image_of(state: DiskState) -> bytes:
    found = blake2b(digest_size=16)
    for name, data in sorted(state.files.items()):
        found.update(name.encode() + b"\0" + len(data).to_bytes(8, "big") + data)
    return found.digest()
