"""A life of a shape over a real journal file, with all that was done to the disk and promised."""

import copy
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from random import Random
from threading import Lock
from typing import Any, cast

import apsw

from interlock.runtime import RunResult, Runtime
from interlock.store import Store, open_store
from interlock.testing import (
    CountingIds,
    Disk,
    Moment,
    Receiver,
    VirtualClock,
    World,
    recording_disk,
    run_virtual,
)
from interlock.testing.loop import EPOCH_MS
from proofs.shapes import Shape, drive, registry_of

JOURNAL = "journal.db"
LIFE_MS = 30 * 86_400_000
"""A later life begins when all leases of an earlier one are over."""

READS = frozenset(("read", "values", "head", "heads", "inbox", "ready", "statistics", "close"))
"""What changes nothing; whatever else a store can do is a write."""

CHECKPOINTS = ("passive", "full", "restart", "truncate")
CHECKPOINT_CHANCE = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What was in the journal when the disk had done so many operations, and it was said so.

    `index` is that of the log; it is never synced, so a power loss may leave any of them.
    """

    ops: int
    content: bytes
    index: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What the world knew when the disk had done so many operations."""

    ops: int
    receiver: Receiver
    calls: Counter[str]


@dataclass(slots=True, kw_only=True)
class Recording:
    """What a life did to its disk, what it promised, and what took place outside.

    Attributes:
        earlier: what an earlier life had in its journal, or under way. Half of a commit that was
            under way may be made whole by the next one, of which the other half was written, and
            which has equal bytes. Nobody was told of either.
    """

    shape: Shape
    disk: Disk
    began_ms: int
    earlier: tuple[bytes, ...] = ()
    promises: list[Promise] = field(default_factory=list[Promise])
    outside: list[Outside] = field(default_factory=list[Outside])
    results: list[RunResult] = field(default_factory=list[RunResult])
    booked: Counter[str] = field(default_factory=Counter[str])

    def kept_by(self, ops: int) -> int:
        """The number of the last promise that was made by then."""
        return max(n for n, promise in enumerate(self.promises) if promise.ops <= ops)

    def known_by(self, ops: int) -> int:
        """The number of what the world knew then."""
        return max(n for n, outside in enumerate(self.outside) if outside.ops <= ops)

    def world_at(self, number: int) -> World:
        """The world as it was."""
        world = self.shape.world()
        world.receiver = copy.deepcopy(self.outside[number].receiver)
        world.calls = Counter(self.outside[number].calls)
        return world


class Watched:
    """A store that is written in the loop, and says when a write has come back."""

    at_once = True

    def __init__(self, store: Store, written: Callable[[], None]) -> None:
        self._store = store
        self._written = written
        self._lock = Lock()

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        if name in READS or not callable(method):
            return method

        def write(*args: Any, **options: Any) -> Any:
            # Leases are renewed in a thread: what it wrote is noted before anything else is.
            with self._lock:
                answer = method(*args, **options)
                self._written()
            return answer

        return write


def content_of(connection: Any) -> bytes:
    """Return a digest of every row of every table."""
    tables = connection.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"
    ).fetchall()
    found = blake2b(digest_size=16)
    for (table,) in tables:
        found.update(repr(connection.execute(f'SELECT * FROM "{table}"').fetchall()).encode())
    return found.digest()


def booked_in(path: Path) -> Counter[str]:
    """Count the rows that transactional actions wrote, by label."""
    connection: Any = apsw.Connection(str(path))
    try:
        if not connection.table_exists(None, "ledger"):
            return Counter()
        rows = connection.execute("SELECT label FROM ledger").fetchall()
        return Counter(label for (label,) in rows)
    finally:
        connection.close()


def checkpoint(path: Path, mode: str) -> None:
    """Fold the log into the file, as any process may at any time."""
    connection: Any = apsw.Connection(str(path))
    with suppress(apsw.BusyError):
        connection.pragma("wal_checkpoint", mode)
    connection.close()


def record(
    shape: Shape,
    folder: Path,
    random: Random,
    *,
    before: Mapping[str, bytes] | None = None,
    world: World | None = None,
    began_ms: int = EPOCH_MS,
) -> Recording:
    """Bring the runs of a shape to their end, from the files `before`."""
    path = folder / JOURNAL
    for name, data in (before or {}).items():
        (folder / name).write_bytes(data)
    world = world or shape.world()
    with recording_disk(before=before) as disk:
        recording = Recording(shape=shape, disk=disk, began_ms=began_ms)
        store = open_store(str(path))
        connection: Any = apsw.Connection(str(path))

        def promise(ops: int) -> None:
            shm = path.with_name(f"{JOURNAL}-shm")
            index = shm.read_bytes() if shm.exists() else b""
            content = content_of(connection)
            recording.promises.append(Promise(ops=ops, content=content, index=index))

        def written() -> None:
            promise(disk.mark())
            if random.random() < CHECKPOINT_CHANCE:
                checkpoint(path, random.choice(CHECKPOINTS))

        # What is there at the beginning has been promised before, or is a new journal, which has
        # promised nothing.
        promise(0)
        note_outside(recording, world)
        recording.results = live(Watched(store, written), recording, world)
        connection.close()
        store.close()
    recording.booked = booked_in(path)
    return recording


def lived(shape: Shape, folder: Path, random: Random) -> list[Mapping[str, bytes]]:
    """Bring the runs of a shape to their end; return the files after each write, and at the end."""
    images: list[Mapping[str, bytes]] = []
    path = folder / JOURNAL

    def keep() -> None:
        images.append({file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()})

    def written() -> None:
        if random.random() < CHECKPOINT_CHANCE:
            checkpoint(path, random.choice(CHECKPOINTS))
        keep()

    store = open_store(str(path))
    live(
        Watched(store, written),
        Recording(shape=shape, disk=Disk(), began_ms=EPOCH_MS),
        shape.world(),
    )
    store.close()
    keep()
    return images


def note_outside(recording: Recording, world: World) -> None:
    """Note what the world knows, now and whenever it changes."""

    def note() -> None:
        receiver, calls = copy.deepcopy(world.receiver), Counter(world.calls)
        ops = recording.disk.mark() if recording.outside else 0
        recording.outside.append(Outside(ops=ops, receiver=receiver, calls=calls))

    async def watch(_: Moment) -> None:
        note()

    note()
    world.watch = watch


def live(store: Watched, recording: Recording, world: World) -> list[RunResult]:
    """Be a process that drives all runs to their end."""
    clock = VirtualClock(recording.began_ms)

    async def main() -> list[RunResult]:
        made = Runtime(cast(Store, store), registry_of(world), clock=clock, ids=CountingIds())
        async with made as runtime:
            return await drive(runtime, recording.shape, world, clock)

    return run_virtual(main())
