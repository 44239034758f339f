"""An acknowledged batch survives every power loss; any other is there whole or not at all.

The real store works on a disk that is recorded: it is made, written to, checkpointed, closed and
opened again. Then each state that a power loss may have left is opened as a store, read, and
written to.
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import apsw
import pytest

from interlock.audit import TILE_WIDTH
from interlock.journal import OwnerId, Record
from interlock.store import INLINE_BYTES_MAX, Store, open_store
from interlock.testing import Disk, DiskState, recording_disk
from interlock.testing.log import logged
from interlock.testing.store import A, B, C, head, message, record, value
from interlock.values import value_ref

RUNS = (A, B, C)
LONG = b"x" * (INLINE_BYTES_MAX + 1)
LEASE_EVERY = 4
LEASE_LATER_MS = 10**9
VERY_LATE_MS = 10**15


@dataclass(frozen=True, kw_only=True)
class Promise:
    """What a store promised once the disk had done so many operations."""

    ops: int
    content: object
    epoch: int


def test_a_small_history_survives(fast_folder: Path):
    assert survive(fast_folder, batches=6, subsets=1, seed=1) > 300


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_a_long_history_survives(fast_folder: Path, seed: int):
    assert survive(fast_folder, batches=40, subsets=6, seed=seed) > 3_000


def survive(folder: Path, *, batches: int, subsets: int, seed: int) -> int:
    """Check every state of a history, and return how many there were."""
    working, scratch = folder / "working", folder / "scratch"
    working.mkdir()
    scratch.mkdir()
    with recording_disk() as disk:
        promises = make_history(disk, working / "journal.db", count=batches)
    checked = 0
    for state in disk.states(Random(seed), subsets=subsets):
        state.put_into(scratch)
        check(state, scratch / "journal.db", promises)
        checked += 1
    return checked


def make_history(disk: Disk, path: Path, *, count: int) -> list[Promise]:
    """Write to a store, and to one in memory that knows what must be there."""
    model, store = open_store("memory:"), open_store(str(path))
    promises = [Promise(ops=0, content=content_of(model), epoch=0)]
    epoch = 0
    for number, batch in enumerate(make_batches(count)):
        if number % LEASE_EVERY == 0:
            owner = OwnerId(f"owner {number}")
            epoch = store.lease(A, owner, now_ms=number * LEASE_LATER_MS, life_ms=1).epoch
            promises.append(Promise(ops=disk.mark(), content=content_of(model), epoch=epoch))
        if number % 6 == 3:
            checkpoint(path)
        if number % 6 == 4:
            store.close()
            store = open_store(str(path))
        if number % 5 == 2:
            for each in (store, model):
                assert each.post(message(A, str(number)))
            promises.append(Promise(ops=disk.mark(), content=content_of(model), epoch=epoch))
        store.write(batch)
        model.write(batch)
        promises.append(Promise(ops=disk.mark(), content=content_of(model), epoch=epoch))
    store.close()
    return promises


def make_batches(count: int) -> Iterator[list[Record]]:
    """Batches of one to three runs, with heads, and values short, long and shared."""
    seqs = dict.fromkeys(RUNS, 0)
    for number in range(count):
        batch = list[Record]()
        for run in RUNS[: 1 + number % 3]:
            for _ in range(1 + number % 2):
                seqs[run] += 1
                values = [value(b"%d" % number, shared=number % 4 == 1)]
                values += [value(LONG)] if number == 2 else []
                last = head(run, updated_ms=number)
                epoch = 1 + number // LEASE_EVERY
                batch.append(record(run, seqs[run], epoch=epoch, values=values, head=last))
        if number % 5 == 4:
            batch[0] = replace(batch[0], taken=(str(number - 2),))
        yield batch


def checkpoint(path: Path):
    """Fold the log into the file, so that the next commit begins the log anew."""
    connection = apsw.Connection(str(path))
    connection.pragma("wal_checkpoint", "restart")
    connection.close()


def content_of(store: Store) -> object:
    refs = [value_ref(LONG), *(value_ref(b"%d" % number) for number in range(100))]
    runs = [
        (store.read(run, limit=10_000), store.head(run), store.values(run, refs)) for run in RUNS
    ]
    log = [store.tile(0, index) for index in range(store.log_size() // TILE_WIDTH + 1)]
    return runs, store.inbox(), store.log_size(), log


def check(state: DiskState, path: Path, promises: list[Promise]):
    kept = max(number for number, promise in enumerate(promises) if promise.ops <= state.ops)
    allowed = [promise.content for promise in promises[kept : kept + 2]]
    with closing(open_store(str(path))) as store:
        found = content_of(store)
        assert found in allowed, (state.ops, state.choice)
        logged(store)
        lease = store.lease(A, OwnerId("next"), now_ms=VERY_LATE_MS, life_ms=1)
        assert lease.epoch > promises[kept].epoch, (state.ops, state.choice)
        assert not store.write([record(A, len(store.read(A)) + 1, epoch=lease.epoch)])
        logged(store)
    connection = apsw.Connection(str(path))
    assert connection.pragma("integrity_check") == "ok", (state.ops, state.choice)
    connection.close()


def test_the_model_finds_a_store_that_syncs_too_little(fast_folder: Path):
    """What is shown above is worth nothing unless the states break what can be broken."""
    with recording_disk() as disk:
        connection = apsw.Connection(str(fast_folder / "weak.db"))
        connection.pragma("journal_mode", "wal")
        connection.pragma("synchronous", "normal")
        connection.execute("CREATE TABLE t (n)")
        marks = list[int]()
        for number in range(4):
            connection.execute("INSERT INTO t VALUES (?)", (number,))
            marks.append(disk.mark())
        connection.close()
    lost = 0
    scratch = fast_folder / "scratch"
    scratch.mkdir()
    for state in disk.states(Random(1)):
        state.put_into(scratch)
        connection = apsw.Connection(str(scratch / "weak.db"))
        try:
            count = len(connection.execute("SELECT n FROM t").fetchall())
        except apsw.SQLError:
            count = 0
        connection.close()
        lost += count < sum(mark <= state.ops for mark in marks)
    assert lost > 0
