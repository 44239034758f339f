"""The log in the file: several writers, one of which finds that another was there before."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from interlock.actions import Database
from interlock.errors import JournalCorrupt, StoreFailed
from interlock.journal import Record
from interlock.store import open_store, open_to_read
from interlock.testing.log import logged
from interlock.testing.made import A, B, head, record, refusal


def test_two_writers_take_turns_at_one_log(fast_folder: Path):
    path = str(fast_folder / "journal.db")
    with closing(open_store(path)) as one, closing(open_store(path)) as two:
        for seq in range(1, 150):
            one.write([record(A, 2 * seq - 1), record(A, 2 * seq)])
            two.write([record(B, seq)])
        assert logged(one)[:5] == [(A, 1), (A, 2), (B, 1), (A, 3), (A, 4)]
        assert len(logged(two)) == 447


def test_a_transaction_finds_what_another_writer_has_added(fast_folder: Path):
    path = str(fast_folder / "journal.db")
    with closing(open_store(path)) as one, closing(open_store(path)) as two:
        two.write([record(B, 1)])
        assert one.transact(A, 1, lambda _: [record(A, 1), record(A, 2)])
        two.write([record(B, 2)])
        one.write([record(A, 3)])
        assert logged(one) == [(B, 1), (A, 1), (A, 2), (B, 2), (A, 3)]


def test_a_refused_batch_is_refused_though_another_writer_was_there(fast_folder: Path):
    path = str(fast_folder / "journal.db")
    with closing(open_store(path)) as one, closing(open_store(path)) as two:
        two.write([record(B, 1, head=head(B))])
        assert refusal(StoreFailed, lambda: one.write([record(B, 1)])).code == "IL7018"
        one.write([record(B, 2)])
        assert logged(one) == [(B, 1), (B, 2)]


def test_a_transaction_that_fails_at_its_end_leaves_no_leaf(fast_folder: Path):
    with closing(open_store(str(fast_folder / "journal.db"))) as store:

        def work(database: Database) -> Sequence[Record]:
            database.execute("CREATE TABLE parent (id INTEGER PRIMARY KEY)")
            later = "DEFERRABLE INITIALLY DEFERRED"
            database.execute(f"CREATE TABLE child (id INTEGER REFERENCES parent {later})")
            database.execute("INSERT INTO child VALUES (1)")
            return [record(A, 1)]

        with pytest.raises(Exception, match="at the end of the transaction"):
            store.transact(A, 1, work)
        store.write([record(B, 1)])
        assert logged(store) == [(B, 1)]


def test_a_reopened_log_goes_on_where_it_ended(fast_folder: Path):
    path = str(fast_folder / "journal.db")
    for round_no in range(4):
        with closing(open_store(path)) as store:
            store.write([record(A, round_no * 100 + seq) for seq in range(1, 101)])
    with closing(open_to_read(path)) as store:
        assert store.log_size() == 400
        assert len(store.tile(0, 1)) == 144 * 32
    with closing(open_store(path)) as store:
        assert len(logged(store)) == 400


@pytest.mark.parametrize(
    "change, told",
    [
        ("UPDATE log_edge SET size = 299", "its edge does not fit its checksum"),
        ("UPDATE log_edge SET frontier = zeroblob(128)", "its edge does not fit"),
        ("DELETE FROM log_edge", "its edge does not fit"),
    ],
)
def test_nothing_is_built_on_a_damaged_edge(fast_folder: Path, change: str, told: str):
    path = fast_folder / "journal.db"
    with closing(open_store(str(path))) as store:
        store.write([record(A, seq) for seq in range(1, 301)])
    connection = apsw.Connection(str(path))
    connection.execute(change)
    connection.close()
    with pytest.raises(JournalCorrupt, match=told):
        open_store(str(path))
