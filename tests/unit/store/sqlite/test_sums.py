"""`doctor` finds rows whose bytes are not those that were written, where no digest covers them."""

from contextlib import closing
from pathlib import Path

import apsw
import pytest

from interlock.store import examine_store, open_store
from interlock.store.sqlite.sums import sum_of_event, sum_of_row
from interlock.testing.store import ME, A, B, head, message, record

PART = "the hashes of the log from leaf 2"


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
        "UPDATE event SET sum = 0 WHERE seq = 1 AND run = '01B'": "event 1 of run 01B",
        "UPDATE event SET salts = x'00' WHERE seq = 1 AND run = '01B'": "event 1 of run 01B",
        "UPDATE event SET erased = x'00' WHERE seq = 1 AND run = '01B'": "event 1 of run 01B",
        "UPDATE event SET leaf = 99 WHERE seq = 1 AND run = '01B'": "event 1 of run 01B",
        "UPDATE log_part SET hashes = zeroblob(length(hashes)) WHERE leaf = 2": PART,
        "UPDATE log_edge SET frontier = zeroblob(length(frontier))": "the edge of the log",
        "UPDATE log_edge SET size = size + 1": "the edge of the log",
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


def test_a_changed_root_is_named(tmp_path: Path):
    path = tmp_path / "j.db"
    with closing(open_store(str(path))) as store:
        store.write([record(A, seq) for seq in range(1, 300)])
    connection = apsw.Connection(str(path))
    connection.execute("UPDATE log_root SET hash = zeroblob(32)")
    connection.close()
    assert problems(path) == ("root 0 of level 1 of the log does not fit its checksum",)


def test_not_all_that_is_changed_is_listed(tmp_path: Path):
    path = tmp_path / "j.db"
    with closing(open_store(str(path))) as store:
        store.write([record(A, seq) for seq in range(1, 100)])
    connection = apsw.Connection(str(path))
    connection.execute("UPDATE event SET epoch = epoch + 1")
    connection.close()
    assert len(problems(path)) == 10


def test_columns_are_told_apart():
    assert sum_of_row("a", None) != sum_of_row("a", "None")
    assert sum_of_row(1, 23) != sum_of_row(1, 32)
    rows = (("R", 1, 2, 3, b"s", b"x"), ("R", 2, 1, 3, b"s", b"x"), ("R", 1, 2, 4, b"s", b"x"))
    rows += (("R", 1, 2, 3, b"t", b"x"), ("R", 1, 2, 3, b"s", b"y"), ("R", 1, 2, 3, b"", b"sx"))
    sums = {sum_of_event(*row, b"") for row in rows} | {sum_of_event(*rows[0], b"e")}
    assert len(sums) == len(rows) + 1
