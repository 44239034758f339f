"""A disk that fails under an open store: what is said, and what the store does from then on."""

from pathlib import Path

import apsw
import pytest

from interlock.errors import JournalCorrupt, StoreFailed, UsageError
from interlock.journal import OwnerId
from interlock.store import open_store
from interlock.store.sqlite import opening
from interlock.store.sqlite.failures import CAUSES, cause_of, read_failed, unusable, write_failed
from interlock.testing import DiskOp, recording_disk
from interlock.testing.store import ME, YOU, A, B, head, message, record, value
from interlock.values import value_ref

MISUSE = {
    "AbortError",
    "AuthError",
    "BindingsError",
    "ConnectionClosedError",
    "ConnectionNotClosedError",
    "ConstraintError",
    "CursorClosedError",
    "EmptyError",
    "Error",
    "ExecTraceAbort",
    "ExecutionCompleteError",
    "ExtensionLoadingError",
    "ForkingViolationError",
    "FormatError",
    "IncompleteExecutionError",
    "InternalError",
    "InterruptError",
    "InvalidContextError",
    "MismatchError",
    "MisuseError",
    "NoFTS5Error",
    "NotFoundError",
    "RangeError",
    "SchemaChangeError",
    "SQLError",
    "ThreadingViolationError",
    "VFSFileClosedError",
    "VFSNotImplementedError",
}


def test_every_error_of_the_library_has_a_meaning():
    classes = {
        name
        for name, found in vars(apsw).items()
        if isinstance(found, type) and issubclass(found, apsw.Error)
    }
    known = {kind.__name__ for kind in CAUSES}
    assert not known & MISUSE
    assert classes == known | MISUSE


def test_no_room_for_the_index_of_the_log_is_a_full_disk():
    error = apsw.exception_for(apsw.SQLITE_IOERR_SHMSIZE)
    assert isinstance(error, apsw.IOError)
    told = unusable(error, Path("j.db"))
    assert told.code == "IL7017"
    assert "the disk or a quota is full" in told.message


def test_every_cause_says_what_to_do():
    for kind in CAUSES:
        for make in (unusable, read_failed, write_failed):
            error = make(kind("raw words"), Path("/x/journal.db"))
            assert "/x/journal.db" in error.message
            assert "raw words" in error.message
            assert error.hint


@pytest.mark.parametrize(
    "number,code", [(28, "IL7017"), (13, "IL7013"), (2, "IL7015"), (5, "IL7004")]
)
def test_errors_of_the_system_have_causes(number: int, code: str):
    assert cause_of(OSError(number, "words")).code == code


@pytest.mark.parametrize(
    "kind,refusal,code",
    [
        ("write", apsw.SQLITE_FULL, "IL7017"),
        ("write", apsw.SQLITE_IOERR_WRITE, "IL7004"),
        ("sync", apsw.SQLITE_IOERR_FSYNC, "IL7004"),
    ],
)
def test_a_write_that_fails_stops_the_store(tmp_path: Path, kind: str, refusal: int, code: str):
    path = str(tmp_path / "journal.db")
    with recording_disk() as disk:
        store = open_store(path)
        lease = store.lease(B, ME, now_ms=0, life_ms=10)
        store.write([record(A, 1, values=[value(b"1")])])
        disk.refuse = lambda op: refusal if op.kind == kind else 0
        with pytest.raises(StoreFailed) as caught:
            store.write([record(A, 2)])
        assert caught.value.code == code
        assert path in caught.value.message
        assert "open the store anew" in caught.value.hint
        disk.refuse = None
        for action in (
            lambda: store.write([record(A, 2)]),
            lambda: store.write([]),
            lambda: store.lease(A, ME, now_ms=0, life_ms=10),
            lambda: store.release(lease),
            lambda: store.post(message(A, "1")),
        ):
            with pytest.raises(StoreFailed) as caught:
                action()
            assert caught.value.code == "IL7019"
        assert store.read(A)[0].body == b"01A/1"
        assert store.values(A, [value_ref(b"1")]) == {value_ref(b"1"): b"1"}
        store.close()
    again = open_store(path)
    known = [event.seq for event in again.read(A)]
    assert known in ([1], [1, 2])
    again.write([record(A, known[-1] + 1)])
    again.close()


def test_a_lease_that_fails_stops_the_store(tmp_path: Path):
    with recording_disk() as disk:
        store = open_store(str(tmp_path / "journal.db"))
        disk.refuse = lambda op: apsw.SQLITE_IOERR_FSYNC if op.kind == "sync" else 0
        with pytest.raises(StoreFailed):
            store.lease(A, ME, now_ms=0, life_ms=10)
        disk.refuse = None
        with pytest.raises(StoreFailed) as caught:
            store.write([record(A, 1)])
        assert caught.value.code == "IL7019"
        store.close()


def test_a_checkpoint_that_fails_when_closing_loses_nothing(tmp_path: Path):
    def refuse(op: DiskOp) -> int:
        return apsw.SQLITE_FULL if op.file == "journal.db" else 0

    with recording_disk() as disk:
        store = open_store(str(tmp_path / "journal.db"))
        store.write([record(A, 1)])
        disk.refuse = refuse
        store.close()
    again = open_store(str(tmp_path / "journal.db"))
    assert len(again.read(A)) == 1
    again.close()


def test_a_stranger_that_holds_the_write_lock_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(opening, "BUSY_MS", 1)
    path = str(tmp_path / "journal.db")
    store = open_store(path)
    stranger = apsw.Connection(path)
    stranger.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreFailed) as caught:
        store.write([record(A, 1)])
    assert caught.value.code == "IL7016"
    stranger.close(True)
    store.close()


def test_a_refusal_by_rule_does_not_stop_the_store(tmp_path: Path):
    store = open_store(str(tmp_path / "journal.db"))
    store.lease(A, ME, now_ms=0, life_ms=10)
    for action in (
        lambda: store.write([record(B, 2)]),
        lambda: store.lease(A, YOU, now_ms=0, life_ms=10),
        lambda: store.lease(B, OwnerId(""), now_ms=0, life_ms=10),
    ):
        with pytest.raises(Exception, match="IL"):
            action()
    assert store.write([record(B, 1)]) == frozenset()
    store.close()


def test_damage_found_by_reading_is_reported_as_such(tmp_path: Path):
    path = tmp_path / "journal.db"
    store = open_store(str(path))
    store.write([record(A, seq, body=b"x" * 900) for seq in range(1, 40)])
    store.close()
    content = path.read_bytes()
    page = content.index(b"x" * 900) // 4096
    damaged = content[: page * 4096] + b"\xff" * 4096 + content[(page + 1) * 4096 :]
    path.write_bytes(damaged)
    store = open_store(str(path))
    with pytest.raises(JournalCorrupt) as caught:
        store.read(A)
    assert caught.value.code == "IL7005"
    assert str(path) in caught.value.message
    store.close()


def test_bytes_that_were_changed_in_the_file_are_found(tmp_path: Path):
    path = tmp_path / "journal.db"
    store = open_store(str(path))
    store.write([record(A, 1, values=[value(b'"the amount is 100"')])])
    store.close()
    path.write_bytes(path.read_bytes().replace(b"is 100", b"is 999"))
    store = open_store(str(path))
    with pytest.raises(JournalCorrupt) as caught:
        store.values(A, [value_ref(b'"the amount is 100"')])
    assert value_ref(b'"the amount is 100"') in caught.value.message
    store.close()


def test_a_text_that_is_none_is_damage(tmp_path: Path):
    path = tmp_path / "journal.db"
    store = open_store(str(path))
    store.write([record(A, 1, head=head(A, key="the-name-of-a-run"))])
    store.lease(A, OwnerId("the-owner-of-a-run"), now_ms=0, life_ms=10)
    store.close()
    damaged = path.read_bytes()
    for text in (b"the-name", b"the-owner"):
        damaged = damaged.replace(text, b"\xf4" + text[1:])
    path.write_bytes(damaged)
    store = open_store(str(path))
    with pytest.raises(JournalCorrupt) as caught:
        store.heads()
    assert caught.value.code == "IL7005"
    with pytest.raises(StoreFailed) as failed:
        store.lease(A, ME, now_ms=0, life_ms=10)
    assert failed.value.code == "IL7005"
    store.close()


def test_a_fork_must_open_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    store = open_store(str(tmp_path / "journal.db"))
    with monkeypatch.context() as patch:
        patch.setattr("os.getpid", lambda: -1)
        with pytest.raises(UsageError, match="fork"):
            store.write([record(A, 1)])
        with pytest.raises(UsageError, match="fork"):
            store.read(A)
    store.close()
