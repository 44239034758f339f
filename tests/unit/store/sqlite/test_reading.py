"""Reading a journal makes and changes nothing, however it was left, beside a writer too."""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from threading import Thread

import apsw
import pytest

from interlock.errors import NoJournal, StoreFailed, StoreUnusable, UsageError
from interlock.journal import OwnerId
from interlock.store import (
    ReadStore,
    examine_store,
    journals_in,
    living_owners,
    open_store,
    open_to_read,
)
from interlock.store.sqlite import reading
from interlock.store.sqlite.reader import Reader
from interlock.testing.store import A, head, record, value
from interlock.values import value_ref

OWNER = OwnerId("host-1-abcd")
REF = value_ref(b"1")

CRASH = """
import os, signal, sys
from interlock.journal import OwnerId
from interlock.store import open_store
from interlock.testing.store import A, head, record, value
store = open_store(sys.argv[1])
store.lease(A, OwnerId("host-1-abcd"), now_ms=0, life_ms=60_000)
store.write([record(A, 1, values=[value(b"1")], head=head(A))])
os.kill(os.getpid(), signal.SIGKILL)
"""


def closed(path: Path) -> None:
    store = open_store(str(path))
    store.write([record(A, 1, values=[value(b"1")], head=head(A))])
    store.close()


def killed(path: Path) -> None:
    """Leave the log and its index behind, as a process does that dies."""
    subprocess.run([sys.executable, "-c", CRASH, str(path)], check=False)
    assert all(path.with_name(f"j.db{end}").exists() for end in ("", "-wal", "-shm"))


def copied(path: Path) -> None:
    """Leave the log without its index, and without the locks."""
    killed(path)
    path.with_name("j.db-shm").unlink()
    shutil.rmtree(path.with_name("j.db-locks"))


LEFT: dict[str, Callable[[Path], None]] = {"closed": closed, "killed": killed, "copied": copied}


def everything(folder: Path) -> dict[str, tuple[int, str]]:
    """What a folder holds: of each file and folder the time of its last change, and its digest."""
    return {
        str(path.relative_to(folder)): (
            path.stat().st_mtime_ns,
            sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
        )
        for path in (folder, *folder.rglob("*"))
    }


def check_what_is_there(store: ReadStore, events: int = 1) -> None:
    assert [event.seq for event in store.read(A)] == list(range(1, events + 1))
    assert store.values(A, [REF]) == {REF: b"1"}
    assert store.head(A) == head(A)
    assert store.heads(limit=1) == [head(A)]


@pytest.mark.parametrize("left", LEFT)
def test_reading_makes_and_changes_nothing(tmp_path: Path, left: str):
    path = tmp_path / "j.db"
    LEFT[left](path)
    before = everything(tmp_path)
    store = open_to_read(str(path))
    check_what_is_there(store)
    assert living_owners(str(path)) == {}
    health = examine_store(str(path))
    assert health is not None
    assert (health.problems, health.events, health.unwritable) == ((), 1, "")
    assert everything(tmp_path) == before
    store.close()
    assert everything(tmp_path) == before


@pytest.mark.parametrize("left", LEFT)
def test_what_was_only_read_can_be_written_afterwards(tmp_path: Path, left: str):
    path = tmp_path / "j.db"
    LEFT[left](path)
    reader = open_to_read(str(path))
    check_what_is_there(reader)
    reader.close()
    store = open_store(str(path))
    store.write([record(A, 2)])
    check_what_is_there(store, events=2)
    store.close()


@pytest.mark.parametrize("left", LEFT)
def test_what_is_read_in_a_process_can_be_written_there(tmp_path: Path, left: str):
    path = tmp_path / "j.db"
    LEFT[left](path)
    reader = open_to_read(str(path))
    check_what_is_there(reader)
    for count in (2, 3):
        store = open_store(str(path))
        store.write([record(A, count)])
        check_what_is_there(reader, events=count)
        check_what_is_there(store, events=count)
        store.close()
        check_what_is_there(reader, events=count)
    reader.close()


def test_a_writer_that_opens_lets_questions_be_answered(tmp_path: Path):
    path = tmp_path / "j.db"
    killed(path)
    views = reading.views_of(path)
    told: list[str] = []

    def question(reader: Reader) -> None:
        assert reader.head(A) is not None
        opening.start()
        opening.join(0.01)  # It cannot end before this question does.
        told.append("answered")

    def write() -> None:
        with reading.set_aside(path):
            told.append("set aside")

    opening = Thread(target=write)
    views.ask(question)
    opening.join()
    assert told == ["answered", "set aside"]
    views.close()


@pytest.mark.parametrize("size", [32, 4_000, 20_000])
def test_a_log_without_a_whole_commit_keeps_nobody_waiting(tmp_path: Path, size: int):
    """The index beside it is none, after a power loss: SQLite alone would try for ten seconds."""
    path = tmp_path / "j.db"
    killed(path)
    log = path.with_name("j.db-wal")
    log.write_bytes(log.read_bytes()[:size])
    path.with_name("j.db-shm").write_bytes(bytes(32_768))
    before = everything(tmp_path)
    store = open_to_read(str(path))
    assert store.heads() == []
    store.close()
    assert everything(tmp_path) == before


def test_who_has_a_journal_open_is_looked_for_in_the_kernels_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    index, list_ = tmp_path / "j.db-shm", tmp_path / "locks"
    index.write_bytes(b"")
    inode = index.stat().st_ino
    monkeypatch.setattr(reading, "LOCKS", list_)
    assert reading.is_open(index)
    for line, expected in {
        f"1: POSIX  ADVISORY  READ 1 fe:00:{inode} 128 128": True,
        f"1: POSIX  ADVISORY  WRITE 1 fe:00:{inode} 120 EOF": True,
        f"1: POSIX  ADVISORY  READ 1 fe:00:{inode} 123 123": False,
        f"1: POSIX  ADVISORY  READ 1 fe:00:{inode + 1} 128 128": False,
        f"1: FLOCK  ADVISORY  READ 1 fe:00:{inode} 0 EOF": False,
        f"1: -> POSIX ADVISORY WRITE 1 fe:00:{inode} 128 128": False,
        "": False,
    }.items():
        list_.write_text(f"{line}\n", encoding="ascii")
        assert reading.is_open(index) == expected, line


WRITER = """
import sys
from interlock.store import open_store
from interlock.testing.store import A, record
for line in sys.stdin:
    if line == "open\\n":
        store = open_store(sys.argv[1])
    elif line == "close\\n":
        store.close()
    else:
        store.write([record(A, int(line))])
    print("done", flush=True)
"""


class Writer:
    """Another process, which does as it is told."""

    def __init__(self, path: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def tell(self, *orders: str | int) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        for order in orders:
            self._process.stdin.write(f"{order}\n")
            self._process.stdin.flush()
            assert self._process.stdout.readline() == "done\n"

    def end(self) -> None:
        self._process.communicate()


@pytest.mark.parametrize("left", LEFT)
def test_a_reader_sees_what_another_process_writes_meanwhile(tmp_path: Path, left: str):
    """Whether the writer was there before, comes while it is read, or has gone again."""
    path = tmp_path / "j.db"
    LEFT[left](path)
    writer = Writer(path)
    early = open_to_read(str(path))
    check_what_is_there(early, events=1)
    writer.tell("open")
    late = open_to_read(str(path))
    for seq in range(2, 6):
        writer.tell(seq)
        for store in (early, late):
            check_what_is_there(store, events=seq)
    early.close()
    late.close()
    writer.tell("close")
    third = open_to_read(str(path))
    check_what_is_there(third, events=5)
    writer.tell("open", 6, "close")
    check_what_is_there(third, events=6)
    third.close()
    writer.end()


def test_a_reader_keeps_no_writer_waiting(tmp_path: Path):
    path = tmp_path / "j.db"
    closed(path)
    writer = Writer(path)
    writer.tell("open")
    store = open_to_read(str(path))
    check_what_is_there(store)
    writer.tell(2, "close")  # would stop here if it had to wait for the reader
    check_what_is_there(store, events=2)
    store.close()
    writer.end()


def test_who_lives_is_seen_without_the_commit_lock(tmp_path: Path):
    path = tmp_path / "j.db"
    store = open_store(str(path))
    store.lease(A, OWNER, now_ms=0, life_ms=60_000)
    with (tmp_path / "j.db-locks" / "commit").open() as commit:
        fcntl.flock(commit, fcntl.LOCK_EX)
        assert living_owners(str(path)) == {A: OWNER}
    store.close()


def test_a_store_that_writes_keeps_its_locks_while_its_file_is_looked_at(tmp_path: Path):
    """POSIX lets all locks on a file go with the first descriptor of it that is closed."""
    table = Path("/proc/locks")
    if not table.exists():
        pytest.skip("only Linux lists the locks of a process")
    path = tmp_path / "j.db"
    store = open_store(str(path))
    assert store.read(A) == []
    check_lock(path, table)
    examine_store(str(path))
    open_store(str(path)).close()
    open_to_read(str(path)).close()
    assert journals_in(tmp_path) == [path]
    check_lock(path, table)
    store.close()


def check_lock(path: Path, table: Path) -> None:
    held = f":{path.stat().st_ino} "
    rows = [row for row in table.read_text(encoding="ascii").splitlines() if held in row]
    assert any(f" {os.getpid()} " in row for row in rows), rows


# --- what cannot be read


@pytest.mark.parametrize("make", [lambda path: None, Path.touch], ids=["absent", "empty"])
def test_what_is_not_there_yet_is_not_made(tmp_path: Path, make: Callable[[Path], None]):
    path = tmp_path / "j.db"
    make(path)
    before = everything(tmp_path)
    for read in (open_to_read, living_owners, examine_store):
        with pytest.raises(NoJournal) as caught:
            read(str(path))
        assert caught.value.code == "IL7020"
        assert str(path) in caught.value.message
        assert "interlock run" in caught.value.hint
    assert everything(tmp_path) == before


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path):
    with pytest.raises(NoJournal):
        open_to_read(str(tmp_path / "a" / "j.db"))
    assert list(tmp_path.iterdir()) == []


def test_a_journal_whose_making_was_cut_short_has_no_runs(tmp_path: Path):
    path = tmp_path / "j.db"
    closed(path)
    (tmp_path / "j.db-journal").write_bytes(b"what was there before")
    with pytest.raises(NoJournal, match="was not finished"):
        open_to_read(str(path))


def test_a_file_that_is_no_journal_is_refused(tmp_path: Path):
    path = tmp_path / "j.db"
    path.write_text("dear diary\n", encoding="utf-8")
    with pytest.raises(StoreUnusable) as caught:
        open_to_read(str(path))
    assert caught.value.code == "IL7010"


def test_a_newer_format_is_refused(tmp_path: Path):
    path = tmp_path / "j.db"
    closed(path)
    connection = apsw.Connection(str(path))
    connection.pragma("user_version", 99)
    connection.close()
    with pytest.raises(StoreUnusable) as caught:
        open_to_read(str(path))
    assert caught.value.code == "IL7012"


def test_a_file_that_never_comes_to_rest_is_no_endless_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "j.db"
    closed(path)
    times = iter(range(1, 1_000))
    store = open_to_read(str(path))
    monkeypatch.setattr(reading, "_stamp", lambda _: (0, 0, next(times)))
    with pytest.raises(StoreFailed, match="it was changed each time"):
        store.head(A)
    store.close()


def test_a_closed_store_answers_nothing(tmp_path: Path):
    path = tmp_path / "j.db"
    closed(path)
    store = open_to_read(str(path))
    store.close()
    store.close()
    with pytest.raises(UsageError, match="the store is closed"):
        store.head(A)


def test_memory_is_read_like_any_other():
    store = open_to_read("memory:")
    assert store.heads() == []
    store.close()


def test_journals_are_told_from_their_neighbours(tmp_path: Path):
    closed(tmp_path / "b.db")
    closed(tmp_path / "a.journal")
    (tmp_path / "notes.db").write_text("none", encoding="utf-8")
    apsw.Connection(str(tmp_path / "theirs.db")).execute("CREATE TABLE t (n)")
    assert journals_in(tmp_path) == [tmp_path / "a.journal", tmp_path / "b.db"]
    assert journals_in(tmp_path / "absent") == []
