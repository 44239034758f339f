"""`doctor` finds rows whose bytes are not those that were written, where no digest covers them."""

from contextlib import closing
from pathlib import Path

import apsw
import pytest

from interlock.store import examine_store, open_store, open_to_read
from interlock.store.sqlite.schema import APPLICATION_ID, MIGRATIONS
from interlock.store.sqlite.sums import sum_of_event, sum_of_row
from interlock.testing.store import ME, A, B, head, message, record


def journal(folder: Path) -> Path:
    path = folder / "j.db"
    with closing(open_store(str(path))) as store:
        store.write([record(A, 1, head=head(A)), record(A, 2, head=head(A, status="waiting"))])
        store.write([record(B, 1, head=head(B, key="k", wake_ms=7, priority=-3))])
        store.write([record(B, 2)])
        lease = store.lease(B, ME, now_ms=0, life_ms=10)
        store.release(lease, head=head(B, key="k", status="queued", priority=9))
        store.post(message(A, "one"))
        store.post(message(A, "two"))
        store.write([record(A, 3, taken=["one"])])
    return path


def problems(path: Path) -> tuple[str, ...]:
    health = examine_store(str(path))
    assert health is not None
    return health.problems


def test_whatever_the_store_writes_fits(tmp_path: Path):
    assert problems(journal(tmp_path)) == ()


@pytest.mark.parametrize(
    "change,named",
    {
        "UPDATE event SET body = x'00' WHERE seq = 2 AND run = '01A'": "event 2 of run 01A",
        "UPDATE event SET epoch = 7 WHERE seq = 1 AND run = '01B'": "event 1 of run 01B",
        "UPDATE event SET sum = NULL WHERE seq = 1 AND run = '01B'": "event 1 of run 01B",
        "UPDATE head SET wake_ms = 8 WHERE run = '01B'": "the row of run 01B",
        "UPDATE head SET key = 'l' WHERE run = '01B'": "the row of run 01B",
        "UPDATE head SET execution = '' WHERE run = '01A'": "the row of run 01A",
        "UPDATE inbox SET body = x'7b7b' WHERE id = 'two'": "message two of run 01A",
        "UPDATE inbox SET actor = 'eve' WHERE id = 'two'": "message two of run 01A",
        "UPDATE inbox SET sum = sum + 1 WHERE id = 'two'": "message two of run 01A",
    }.items(),
)
def test_a_changed_row_is_named(tmp_path: Path, change: str, named: str):
    path = journal(tmp_path)
    connection = apsw.Connection(str(path))
    connection.execute(change)
    connection.close()
    assert problems(path) == (f"{named} does not fit its checksum",)


def test_not_all_that_is_changed_is_listed(tmp_path: Path):
    path = tmp_path / "j.db"
    with closing(open_store(str(path))) as store:
        store.write([record(A, seq) for seq in range(1, 100)])
    connection = apsw.Connection(str(path))
    connection.execute("UPDATE event SET epoch = epoch + 1")
    connection.close()
    assert len(problems(path)) == 10


def of_second_format(path: Path):
    connection = apsw.Connection(str(path))
    for script in MIGRATIONS[:2]:
        connection.execute(script)
    connection.execute(
        "INSERT INTO head VALUES ('01A', 'g', ?, 'queued', 1, 2, 'k', NULL, 5, 3)", (head(A).plan,)
    )
    connection.execute("INSERT INTO event VALUES ('01A', 1, 1, x'00')")
    connection.execute("INSERT INTO inbox VALUES (1, '01A', 'm', 'signal', x'01', 'ann', 4, 0)")
    connection.pragma("application_id", APPLICATION_ID)
    connection.pragma("user_version", 2)
    connection.pragma("journal_mode", "wal")
    connection.close()


def test_a_journal_of_the_second_format_is_read_as_it_is(tmp_path: Path):
    path = tmp_path / "j.db"
    of_second_format(path)
    before = path.read_bytes()
    with closing(open_to_read(str(path))) as store:
        (row,) = store.heads()
        assert (row.key, row.wake_ms, row.priority) == ("k", 5, 3)
        assert [each.id for each in store.inbox()] == ["m"]
        assert store.ready(now_ms=9) == [row]
    assert problems(path) == ()
    assert path.read_bytes() == before


def test_rows_of_an_older_format_get_their_checksums(tmp_path: Path):
    path = tmp_path / "j.db"
    of_second_format(path)
    open_store(str(path)).close()
    assert problems(path) == ()
    connection = apsw.Connection(str(path))
    connection.execute("UPDATE event SET body = x'01'")
    connection.close()
    assert problems(path) == ("event 1 of run 01A does not fit its checksum",)


def test_columns_are_told_apart():
    assert sum_of_row("a", None) != sum_of_row("a", "None")
    assert sum_of_row(1, 23) != sum_of_row(1, 32)
    assert sum_of_event(b"x", "R", 1, 2) != sum_of_event(b"x", "R", 2, 1)
    assert sum_of_event(b"x", "R", 1, 2) != sum_of_event(b"y", "R", 1, 2)
