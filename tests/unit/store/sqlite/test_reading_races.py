"""A journal that others open and close while it is opened to read: each moment in between."""

import os
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from interlock.errors import NoJournal, StoreFailed, StoreUnusable
from interlock.store import open_store, open_to_read
from interlock.store.sqlite import opening, reading
from interlock.store.sqlite.connection import Connection
from interlock.testing.store import A, head, record

CRASH = """
import os, signal, sys
from interlock.store import open_store
from interlock.testing.store import A, head, record
store = open_store(sys.argv[1])
store.write([record(A, 1, head=head(A))])
os.kill(os.getpid(), signal.SIGKILL)
"""

CLOSE = """
import sys
from interlock.store import open_store
open_store(sys.argv[1]).close()
"""

HOLD = """
import fcntl, sys
with open(sys.argv[1], "r+b") as index:
    fcntl.lockf(index, fcntl.LOCK_SH, 1, int(sys.argv[2]))
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal that was closed in order."""
    path = tmp_path / "j.db"
    store = open_store(str(path))
    store.write([record(A, 1, head=head(A))])
    store.close()
    return path


@pytest.fixture
def left(tmp_path: Path) -> Path:
    """A journal with the log and the index of a process that died."""
    path = tmp_path / "j.db"
    subprocess.run([sys.executable, "-c", CRASH, str(path)], check=False)
    assert all(path.with_name(f"j.db{end}").exists() for end in ("", "-wal", "-shm"))
    return path


def check_read(path: Path) -> None:
    store = open_to_read(str(path))
    assert [event.seq for event in store.read(A)] == [1]
    store.close()


def before_access(
    monkeypatch: pytest.MonkeyPatch, place: Path, answer: Callable[[], bool | None]
) -> None:
    """Have something happen when it is asked whether a file can be read."""
    access = os.access

    def asked(path: Path, mode: int, *, effective_ids: bool = False) -> bool:
        told = answer() if path == place else None
        return access(path, mode, effective_ids=effective_ids) if told is None else told

    monkeypatch.setattr(opening.os, "access", asked)


@pytest.mark.parametrize("end", ["-wal", "-shm"])
def test_a_file_that_is_removed_while_it_is_looked_at_is_no_obstacle(
    path: Path, monkeypatch: pytest.MonkeyPatch, end: str
):
    place = path.with_name(f"j.db{end}")
    place.touch()
    before_access(monkeypatch, place, lambda: place.unlink(missing_ok=True))
    check_read(path)
    assert not place.exists()


@pytest.mark.parametrize("end", ["-wal", "-shm"])
def test_a_file_that_gets_its_permissions_while_it_is_looked_at_is_no_obstacle(
    left: Path, monkeypatch: pytest.MonkeyPatch, end: str
):
    answers = iter([False])
    before_access(monkeypatch, left.with_name(f"j.db{end}"), lambda: next(answers, None))
    check_read(left)


@pytest.mark.parametrize("end", ["", "-wal", "-shm"])
def test_a_file_that_cannot_be_read_is_refused_after_some_looks(
    left: Path, monkeypatch: pytest.MonkeyPatch, end: str
):
    looks: list[bool] = []

    def no() -> bool:
        looks.append(False)
        return False

    before_access(monkeypatch, left.with_name(f"j.db{end}"), no)
    with pytest.raises(StoreUnusable, match=f"j.db{end} cannot be read") as caught:
        open_to_read(str(left))
    assert caught.value.code == "IL7021"
    assert len(looks) == opening.LOOKS_MAX


@contextmanager
def held(index: Path) -> Generator[None]:
    """Let another process lock the index of a log, as whoever opens it does first."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(index), str(reading.IN_USE_BYTE)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    try:
        yield
    finally:
        holder.communicate()


@pytest.mark.parametrize("size", [0, 3, 32_768])
def test_a_journal_whose_index_is_being_made_is_read_from_its_log(left: Path, size: int):
    index = left.with_name("j.db-shm")
    index.write_bytes(bytes(size))
    files = sorted(left.parent.iterdir())
    log = left.with_name("j.db-wal").read_bytes()
    with held(index):
        check_read(left)
    assert sorted(left.parent.iterdir()) == files
    assert left.with_name("j.db-wal").read_bytes() == log
    assert index.read_bytes() == bytes(size)


def test_what_was_read_while_the_index_was_made_is_looked_up_anew_after_a_commit(left: Path):
    index = left.with_name("j.db-shm")
    index.write_bytes(bytes(32_768))
    with held(index):
        early = open_to_read(str(left))
        assert len(early.read(A)) == 1
    store = open_store(str(left))
    store.write([record(A, 2)])
    assert len(early.read(A)) == 2
    early.close()
    store.close()


def before_opening(monkeypatch: pytest.MonkeyPatch, happen: Callable[[], object]) -> list[str]:
    """Have something happen before SQLite opens the first file; tell how each is opened."""
    connect, opened = reading.connect, list[str]()

    def late(path: str, *, flags: int) -> Connection:
        opened.append(path.partition("&")[2])
        if len(opened) == 1:
            happen()
        return connect(path, flags=flags)

    monkeypatch.setattr(reading, "connect", late)
    return opened


def test_a_journal_that_is_closed_between_the_look_and_the_opening_is_looked_at_again(
    left: Path, monkeypatch: pytest.MonkeyPatch
):
    holding = ExitStack()

    def close() -> None:
        """Fold the log into the file, and remove it."""
        holding.close()
        subprocess.run([sys.executable, "-c", CLOSE, str(left)], check=True)
        assert not left.with_name("j.db-wal").exists()

    opened = before_opening(monkeypatch, close)
    holding.enter_context(held(left.with_name("j.db-shm")))
    check_read(left)
    assert opened[0] == "readonly_shm=1"
    assert len(opened) > 1


def test_an_index_that_is_made_anew_while_questions_are_asked_is_no_obstacle(
    left: Path, monkeypatch: pytest.MonkeyPatch
):
    """Whoever had it open left just before the reader came, and the next one begins."""
    index = left.with_name("j.db-shm")
    holding = ExitStack()
    opened = before_opening(monkeypatch, holding.close)
    holding.enter_context(held(index))
    store = open_to_read(str(left))
    assert opened == ["readonly_shm=1"]
    index.write_bytes(bytes(3))
    with held(index):
        assert len(store.read(A)) == 1
    assert opened[1:] == ["readonly_shm=1", "vfs=unix-none"]
    store.close()


def test_a_journal_that_is_being_made_has_no_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Its first page may be there and the others not yet: that is no damage."""
    path, whole = tmp_path / "j.db", tmp_path / "whole.db"
    open_store(str(whole)).close()
    path.touch()
    exists = Path.exists

    def begins(place: Path) -> bool:
        found = exists(place)
        if place.name == "j.db-journal" and not found:
            place.write_bytes(b"what was there before")
            path.write_bytes(whole.read_bytes()[:8_192])
        return found

    monkeypatch.setattr(Path, "exists", begins)
    with pytest.raises(NoJournal, match="it is empty"):
        open_to_read(str(path))
    with pytest.raises(NoJournal, match="was not finished"):
        open_to_read(str(path))


def test_a_file_that_changes_with_each_try_to_open_it_is_not_called_broken(
    path: Path, monkeypatch: pytest.MonkeyPatch
):
    data = bytearray(path.read_bytes())
    data[16:18] = b"\xff\xff"  # No size of a page.
    path.write_bytes(data)
    times = iter(range(1, 1_000))
    monkeypatch.setattr(reading, "_stamp", lambda _: None if next(times) < 0 else (next(times),))
    with pytest.raises(StoreFailed, match="it was changed each time"):
        open_to_read(str(path))


def test_what_opening_anew_fails_with_is_told_like_any_other_failure(path: Path):
    store = open_to_read(str(path))
    path.write_bytes(b"no database" * 1_000)
    with pytest.raises(StoreFailed, match="cannot read") as caught:
        store.read(A)
    assert caught.value.code == "IL7010"
    store.close()
