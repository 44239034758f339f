"""Locks between processes, shown with several `Locks` in one: flocks belong to open files."""

import os
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest

from interlock.errors import LeaseHeld, StoreFailed, UsageError
from interlock.journal import LeaseChange, OwnerId, Record
from interlock.store import open_store
from interlock.store.sqlite import locks
from interlock.store.sqlite.locks import Locks
from interlock.testing.store import ME, YOU, A, B, record
from interlock.values import RunId


@pytest.fixture
def two(tmp_path: Path) -> Generator[tuple[Locks, Locks]]:
    pair = Locks(tmp_path / "locks"), Locks(tmp_path / "locks")
    yield pair
    for each in pair:
        each.close()


def wait_until(condition: Callable[[], bool]):
    while not condition():
        pass


def is_taken(path: Path) -> bool:
    """Tell whether a lock is held, by trying to have it."""
    descriptor = locks._open(path)
    try:
        return not locks._try(descriptor)
    finally:
        os.close(descriptor)


def test_one_commits_at_a_time(two: tuple[Locks, Locks], monkeypatch: pytest.MonkeyPatch):
    first, second = two
    monkeypatch.setattr(locks, "WAIT_MS_MAX", 1.0)
    with first.commit():
        with pytest.raises(StoreFailed) as caught, second.commit():
            pass
        assert caught.value.code == "IL7016"
        assert "commit" in caught.value.message
        assert "fuser" in caught.value.hint
    with second.commit():
        pass
    with first.commit():
        pass


def test_a_stuck_turnstile_is_named(
    two: tuple[Locks, Locks], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    first, _ = two
    monkeypatch.setattr(locks, "WAIT_MS_MAX", 1.0)
    stuck = locks._open(tmp_path / "locks" / "turnstile")
    assert locks._try(stuck)
    with pytest.raises(StoreFailed, match="turnstile"), first.commit():
        pass
    os.close(stuck)
    with first.commit():
        pass


def test_who_waits_comes_before_who_has_just_committed(two: tuple[Locks, Locks], tmp_path: Path):
    """Without the turnstile the first would have the lock again long before the second looks."""
    first, second = two
    order = list[str]()

    def commit_second():
        with second.commit():
            order.append("second")

    waiter = Thread(target=commit_second)
    with first.commit():
        waiter.start()
        wait_until(lambda: is_taken(tmp_path / "locks" / "turnstile"))
    with first.commit():
        order.append("first")
    waiter.join()
    assert order == ["second", "first"]


def test_an_owner_lives_until_its_store_is_closed(tmp_path: Path):
    mine, other = Locks(tmp_path / "locks"), Locks(tmp_path / "locks")
    assert other.is_dead(ME)
    mine.claim([ME])
    mine.claim([ME])
    assert not mine.is_dead(ME)
    assert not other.is_dead(ME)
    assert other.is_dead(YOU)
    other.sweep()
    with pytest.raises(UsageError, match="lives in another store"):
        other.claim([ME])
    mine.close()
    assert other.is_dead(ME)
    other.claim([ME])
    other.close()


def test_what_dead_owners_left_is_swept(two: tuple[Locks, Locks], tmp_path: Path):
    first, second = two
    first.claim([ME])
    for name in ("owner-0", "owner-1"):
        (tmp_path / "locks" / name).touch()
    second.sweep()
    assert len(list((tmp_path / "locks").glob("owner-*"))) == 1
    assert not second.is_dead(ME)


def test_an_owners_file_says_who_it_is(two: tuple[Locks, Locks], tmp_path: Path):
    two[0].claim([OwnerId("../host/4711 é")])
    (file,) = (tmp_path / "locks").glob("owner-*")
    assert file.read_text(encoding="utf-8") == "../host/4711 é\n"


@pytest.mark.parametrize("owner", ["", "x" * 1_000])
def test_an_owner_has_a_short_name(two: tuple[Locks, Locks], owner: str):
    with pytest.raises(UsageError):
        two[0].claim([OwnerId(owner)])


def owner_files(folder: Path) -> set[str]:
    """The owners that have a file."""
    return {file.read_text(encoding="utf-8").strip() for file in folder.glob("owner-*")}


def leased(run: RunId, seq: int, owner: OwnerId | None, expires_ms: int = 0) -> Record:
    """A record that grants a lease, or lets it go."""
    return replace(record(run, seq), lease=LeaseChange(owner=owner, expires_ms=expires_ms))


def test_owners_without_a_lease_are_let_go_when_another_one_comes(
    two: tuple[Locks, Locks], tmp_path: Path
):
    first, second = two
    first.claim([ME])
    first.holds(A, ME, 1)
    first.claim([YOU])
    first.claim([OwnerId("third"), OwnerId("fourth")])
    assert owner_files(tmp_path / "locks") == {ME, "third", "fourth"}
    assert not second.is_dead(ME)
    assert second.is_dead(YOU)
    first.lost(A, 1)
    assert not second.is_dead(ME), "until another one comes"
    first.claim([YOU])
    assert owner_files(tmp_path / "locks") == {YOU}


def test_an_old_lease_that_is_let_go_says_nothing_of_a_new_one(
    two: tuple[Locks, Locks], tmp_path: Path
):
    first, _ = two
    first.claim([ME])
    first.holds(A, ME, 3)
    first.lost(A, 1)
    first.lost(B, 9)
    first.claim([YOU])
    assert owner_files(tmp_path / "locks") == {ME, YOU}


# --- through the store


def test_a_new_owner_may_be_granted_several_leases_at_once(tmp_path: Path):
    store = open_store(str(tmp_path / "journal.db"))
    assert store.write([leased(A, 1, ME, 10), leased(B, 1, ME, 10)]) == frozenset()
    assert owner_files(tmp_path / "journal.db-locks") == {ME}
    store.close()


def test_a_store_keeps_few_files_for_many_owners(tmp_path: Path):
    """Each gets its lease in another way, and loses it in another way."""
    path = str(tmp_path / "journal.db")
    store, other = open_store(path), open_store(path)
    folder = tmp_path / "journal.db-locks"
    one, two, three, four = (OwnerId(name) for name in ("one", "two", "three", "four"))
    runs = [RunId(name) for name in ("R1", "R2", "R3", "R4")]
    store.release(store.lease(runs[0], one, now_ms=0, life_ms=10))
    store.write([leased(runs[1], 1, two, 10)])
    assert owner_files(folder) == {"two"}
    store.write([leased(runs[2], 1, three, 10)])
    store.lease(runs[3], four, now_ms=0, life_ms=10)
    assert owner_files(folder) == {"two", "three", "four"}
    store.write([leased(runs[1], 2, None)])
    other.lease(runs[2], YOU, now_ms=10, life_ms=10)
    assert store.write([record(runs[2], 2)]) == {runs[2]}
    store.lease(A, ME, now_ms=0, life_ms=10)
    assert owner_files(folder) == {"four", YOU, ME}
    with pytest.raises(LeaseHeld):
        other.lease(runs[3], YOU, now_ms=9, life_ms=10)
    for each in (store, other):
        each.close()


def test_opening_sweeps_what_dead_owners_left(tmp_path: Path):
    store = open_store(str(tmp_path / "journal.db"))
    store.lease(A, ME, now_ms=0, life_ms=1_000)
    left = tmp_path / "journal.db-locks" / "owner-0"
    left.touch()
    other = open_store(str(tmp_path / "journal.db"))
    assert not left.exists()
    with pytest.raises(LeaseHeld):
        other.lease(A, YOU, now_ms=0, life_ms=1_000)
    other.close()
    store.close()


def test_a_closed_store_lets_its_owners_go(tmp_path: Path):
    path = str(tmp_path / "journal.db")
    mine, other = open_store(path), open_store(path)
    mine.lease(A, ME, now_ms=0, life_ms=1_000)
    with pytest.raises(LeaseHeld):
        other.lease(A, YOU, now_ms=1, life_ms=1_000)
    mine.close()
    assert other.lease(A, YOU, now_ms=1, life_ms=1_000).epoch == 2
    other.close()


def test_two_stores_on_a_file_write_in_turn(tmp_path: Path):
    path = str(tmp_path / "journal.db")
    first, second = open_store(path), open_store(path)
    for seq in range(1, 20, 2):
        first.write([record(A, seq), record(B, seq)])
        second.write([record(A, seq + 1), record(B, seq + 1)])
    for store in (first, second):
        assert [event.seq for event in store.read(A)] == list(range(1, 21))
        assert [event.seq for event in store.read(B)] == list(range(1, 21))
        store.close()
