"""After an erasure, nothing of it is in any byte of the journal file or of what stands beside it.

A row that SQLite deletes stays on its page, on free pages, on pages that it was moved from when
they were split, and in older images of pages in the log. So these tests look for bytes, not rows.
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from interlock.audit import KnownTree, LogVerdict, verify_log
from interlock.journal import Record, Value
from interlock.store import INLINE_BYTES_MAX, Store, examine_store, kept_log, open_store
from interlock.store.sqlite.schema import FORMAT
from interlock.testing.erasing import KEY, erasure_of, event_record, settled
from interlock.testing.store import A, B, head, message, record
from interlock.testing.subjects import ADA, BOB
from interlock.values import Digest, RunId

SECRET = "Ada Lovelace, 10 December 1815"
SHORT, LONG = Value.of(SECRET), Value.of(SECRET + "." * INLINE_BYTES_MAX)
TRACES = {
    "the value": SECRET.encode(),
    "its digest": SHORT.ref.removeprefix("sha256:").encode(),
    "the digest of the long one": LONG.ref.removeprefix("sha256:").encode(),
    "its digest in bytes": bytes.fromhex(SHORT.ref.removeprefix("sha256:")),
    "the call key": KEY.removeprefix("sha256:").encode(),
}
OTHER_KEY = Digest("sha256:" + "3" * 64)
EVENTS = 300


def found_in(folder: Path) -> set[str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    data = b"".join(path.read_bytes() for path in files)
    return {name for name, trace in TRACES.items() if trace in data}


def fill(path: Path) -> None:
    """Write so much beside the secret that its rows are moved when pages are split."""
    with closing(open_store(str(path))) as store:
        for seq in range(1, EVENTS, 2):
            store.write(
                [
                    event_record(A, seq, settled(SHORT)),
                    event_record(A, seq + 1, settled(LONG)),
                    *others(seq),
                ]
            )


def others(seq: int) -> Iterator[Record]:
    for run in ("00Z", "01AA", "02A"):
        output = Value.of(f"{run} {seq}" * 40)
        for each in (seq, seq + 1):
            yield event_record(RunId(run), each, settled(output, key=OTHER_KEY))


@pytest.mark.slow
def test_no_byte_of_what_was_erased_is_left(tmp_path: Path):
    path = tmp_path / "j.db"
    fill(path)
    assert found_in(tmp_path) == set(TRACES)
    with closing(open_store(str(path))) as store:
        erasure = erasure_of(store, A, range(1, EVENTS + 1), refs=[SHORT.ref, LONG.ref])
        store.erase(erasure)
        assert found_in(tmp_path)
        assert store.scrub()
        assert found_in(tmp_path) == set()  # While it is open, and its log is beside it.
        store.write([record(B, 1)])
    assert found_in(tmp_path) == set()
    health = examine_store(str(path))
    assert health is not None
    assert (health.problems, health.version) == ((), FORMAT)


def verdict_of(store: Store, *known: KnownTree) -> LogVerdict:
    return verify_log(store.leaves(), kept_log(store), known)


def test_the_log_is_verified_as_before(tmp_path: Path):
    path = tmp_path / "j.db"
    with closing(open_store(str(path))) as store:
        store.write([event_record(A, seq, settled(SHORT)) for seq in range(1, 300)])
        tree = verdict_of(store).head
        store.erase(erasure_of(store, A, range(2, 300), parts=["call_key"], refs=[]))
        assert store.scrub()
        verdict = verdict_of(store, KnownTree(tree=tree))
        assert (verdict.findings, len(verdict.agreed), verdict.head.size) == ((), 1, 300)


@pytest.mark.slow
def test_secure_delete_alone_would_leave_traces(tmp_path: Path):
    """Why the file is built anew; if SQLite learns to do it, so can we do less."""
    path = tmp_path / "j.db"
    fill(path)
    connection = apsw.Connection(str(path))
    connection.pragma("secure_delete", True)
    connection.execute("DELETE FROM event WHERE run = ?", (A,))
    connection.execute("DELETE FROM value WHERE run = ?", (A,))
    connection.execute("DELETE FROM blob")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    connection.close()
    assert found_in(tmp_path)


def test_what_a_crash_leaves_is_destroyed_by_the_next_call(tmp_path: Path):
    path = tmp_path / "j.db"
    with closing(open_store(str(path))) as store:
        store.write([event_record(A, 1, settled(SHORT))])
    with closing(open_store(str(path))) as store:
        store.erase(erasure_of(store, A, [1], refs=[SHORT.ref]))
    assert found_in(tmp_path)  # The process ended before it could overwrite anything.
    with closing(open_store(str(path))) as store:
        assert store.scrub()
        assert found_in(tmp_path) == set()
    stamp = path.stat().st_mtime_ns
    with closing(open_store(str(path))) as store:
        assert store.scrub()
    assert path.stat().st_mtime_ns == stamp  # There was nothing left to do.


def test_no_byte_of_an_erased_key_is_left(tmp_path: Path):
    path = tmp_path / "j.db"
    with closing(open_store(str(path))) as store:
        store.subjects.add([ADA, BOB])
        store.subjects.erase([ADA.name])
        assert ADA.key in path.read_bytes() + path.with_name("j.db-wal").read_bytes()
        assert store.scrub()
        left = path.read_bytes() + path.with_name("j.db-wal").read_bytes()
        assert (ADA.key in left, BOB.key in left) == (False, True)


def test_a_reader_that_does_not_let_go_is_told_of_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("interlock.store.sqlite.opening.BUSY_MS", 20)
    path = tmp_path / "j.db"
    with closing(open_store(str(path))) as store:
        store.write([event_record(A, 1, settled(SHORT)), record(A, 2, head=head(A))])
        reader = apsw.Connection(str(path))
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM event").fetchall()
        store.erase(erasure_of(store, A, [1], refs=[SHORT.ref]))
        assert not store.scrub()
        assert found_in(tmp_path)
        store.write([record(A, 4)])
        reader.execute("COMMIT")
        reader.close()
        assert store.scrub()
        assert found_in(tmp_path) == set()


def test_another_process_goes_on_reading_and_writing(tmp_path: Path):
    path = tmp_path / "j.db"
    with closing(open_store(str(path))) as store, closing(open_store(str(path))) as other:
        other.write([event_record(A, 1, settled(SHORT)), record(B, 1)])
        store.erase(erasure_of(store, A, [1], refs=[SHORT.ref]))
        assert store.scrub()
        assert other.values(A, [SHORT.ref]) == {}
        other.write([record(A, 3), record(B, 2)])
        assert [event.seq for event in store.read(A)] == [1, 2, 3]
        assert other.log_size() == 5
    assert found_in(tmp_path) == set()


def test_who_sent_a_message_that_was_taken_is_forgotten(tmp_path: Path):
    path = tmp_path / "j.db"
    with closing(open_store(str(path))) as store:
        store.write([record(A, 1, head=head(A))])
        store.post(message(A, "m", body=b'"' + SECRET.encode() + b'"'))
        store.write([record(A, 2, taken=["m"])])
        store.post(message(A, "n", body=b'"' + SECRET.encode() + b'"'))
        erasure = erasure_of(store, A, [], refs=[])
        store.erase(replace(erasure, record=replace(erasure.record, taken=("n",))))
        assert store.scrub()
        assert store.inbox(run=A) == []
        assert not store.post(message(A, "m"))
    assert found_in(tmp_path) == set()
    assert b"unauthenticated:ann" not in path.read_bytes()


def test_what_another_process_erased_comes_back_with_the_next_run_that_has_it(tmp_path: Path):
    """A writer knows which shared values it has written, as long as nobody else writes."""
    url = str(tmp_path / "j.db")
    with closing(open_store(url)) as ours, closing(open_store(url)) as other:
        ours.write([event_record(A, 1, settled(LONG), shared=True)])
        other.erase(erasure_of(other, A, [1], refs=[LONG.ref]))
        ours.write([event_record(B, 1, settled(LONG), shared=True)])
        assert ours.values(B, [LONG.ref]) == {LONG.ref: LONG.data}
