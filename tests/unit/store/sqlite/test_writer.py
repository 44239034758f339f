"""How a batch is written: in one statement and one commit, with the values in the right table."""

import tracemalloc
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any, cast

import apsw
import pytest

from interlock.store import INLINE_BYTES_MAX, Store, open_store
from interlock.store.sqlite import SqliteStore
from interlock.testing import recording_disk
from interlock.testing.store import ME, YOU, A, B, C, head, record, value


@pytest.fixture
def store(tmp_path: Path) -> Generator[SqliteStore]:
    found = SqliteStore(str(tmp_path / "journal.db"))
    yield found
    found.close()


def statements(store: SqliteStore, action: Callable[[], object]) -> list[str]:
    """Return the statements that the writing connection ran, without those of triggers."""
    connection = cast("Any", store)._writer._connection
    seen = list[str]()

    def note(_: object, sql: str, bindings: object) -> bool:
        seen.append(sql)
        return True

    connection.exec_trace = note
    action()
    connection.exec_trace = None
    return seen


def rows(store: Store, sql: str) -> list[tuple[object, ...]]:
    connection = apsw.Connection(str(cast("Any", store)._path))
    try:
        return [tuple(row) for row in connection.execute(sql)]
    finally:
        connection.close()


def test_a_batch_is_one_statement(store: SqliteStore):
    batch = [
        record(run, seq, values=[value(b"%d" % seq), value(b"s", shared=True)], head=head(run))
        for run in (A, B, C)
        for seq in range(1, 100)
    ]
    assert len(statements(store, lambda: store.write(batch))) == 1


def test_a_batch_is_one_sync(tmp_path: Path):
    with recording_disk() as disk:
        store = open_store(str(tmp_path / "journal.db"))
        store.write([record(A, 1)])
        before = disk.mark()
        store.write([record(A, 2, values=[value(b"1")], head=head(A)), record(B, 1)])
        kinds = [op.kind for op in disk.ops[before:]]
        store.close()
    assert kinds.count("sync") == 1
    assert kinds[-1] == "sync"


def test_a_fenced_batch_is_tried_again_without_the_fenced(store: SqliteStore):
    store.lease(A, ME, now_ms=0, life_ms=1)
    store.lease(A, YOU, now_ms=1, life_ms=1)
    ran = statements(store, lambda: store.write([record(A, 1), record(B, 1)]))
    assert sum(sql.lstrip().startswith("INSERT") for sql in ran) == 2
    assert rows(store, "SELECT run, seq FROM event") == [(B, 1)]


def test_values_go_where_they_belong(store: SqliteStore):
    short, long = b"x" * INLINE_BYTES_MAX, b"y" * (INLINE_BYTES_MAX + 1)
    values = [value(short), value(long), value(b"1", shared=True), value(b"2")]
    store.write([record(A, 1, values=values), record(B, 1, values=values)])
    found = rows(store, "SELECT run, length(data) FROM value ORDER BY run, length(data)")
    assert found == [(A, 1), (A, len(short)), (B, 1), (B, len(short))]
    assert rows(store, "SELECT length(data) FROM blob ORDER BY 1") == [(1,), (len(long),)]


def test_the_columns_of_a_head_are_readable_by_people(store: SqliteStore):
    store.write([record(A, 1, head=head(A, status="succeeded", key="it's", updated_ms=7))])
    columns = "run, graph, status, created_ms, updated_ms, key, typeof(execution)"
    assert rows(store, f"SELECT {columns} FROM head") == [
        (A, "g", "succeeded", 1, 7, "it's", "text")
    ]


def test_large_numbers_keep_their_digits(store: SqliteStore):
    epoch = 2**63 - 2
    store.write([record(A, 1, epoch=epoch)])
    assert store.read(A)[0].epoch == epoch
    assert store.lease(A, ME, now_ms=0, life_ms=1).epoch == epoch + 1


def test_a_large_batch_is_not_kept_in_memory(store: SqliteStore):
    size = 20_000_000
    store.write([record(A, 1)])
    tracemalloc.start()
    try:
        store.write([record(A, 2, values=[value(b"x" * size)])])
        kept, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most > size
    assert kept < size / 10
