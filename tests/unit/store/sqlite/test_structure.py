"""What stands in a journal file beside its rows: what was changed there is named, and no more."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import pytest

from interlock.errors import JournalCorrupt, StoreFailed
from interlock.store import examine_store, inspect_store, open_store, open_to_read
from interlock.store.sqlite.schema import TABLES
from interlock.testing.store import ME, A, B, head, message, record, value

EVENTS = 600


@pytest.fixture
def path(tmp_path: Path) -> str:
    path = str(tmp_path / "j.db")
    with closing(open_store(path)) as store:
        for first in range(1, EVENTS, 100):
            store.write([record(A, seq) for seq in range(first, first + 100)])
        store.write([record(B, 1, head=head(B), values=[value(b"1")])])
        store.post(message(B, "1"))
        store.lease(B, ME, now_ms=0, life_ms=10)
    return path


def change(path: str, *statements: str) -> None:
    with closing(raw(path)) as connection:
        for statement in statements:
            connection.execute(statement)


def raw(path: str) -> Any:
    return apsw.Connection(path)


def problems(path: str) -> tuple[str, ...]:
    found = inspect_store(path)
    assert found is not None
    return found.problems


def test_a_store_as_it_was_made_has_no_problem(path: str):
    found = inspect_store(path)
    assert found is not None
    assert (found.problems, found.beside) == ((), ())
    with closing(open_store(path)):  # Open, with its log beside it.
        assert problems(path) == ()
    assert inspect_store("memory:") is None


def test_a_new_store_has_no_problem(tmp_path: Path):
    open_store(str(tmp_path / "new.db")).close()
    assert problems(str(tmp_path / "new.db")) == ()


def test_what_sqlite_and_actions_leave_is_no_problem(path: str):
    change(
        path,
        "CREATE TABLE ledger (label TEXT, n INTEGER)",
        "CREATE INDEX ledger_by_label ON ledger (label)",
        "CREATE VIEW totals AS SELECT sum(n) FROM ledger",
        "ANALYZE",
        "VACUUM",
    )
    found = inspect_store(path)
    assert found is not None
    assert found.problems == ()
    assert found.beside == ("table `ledger`", "view `totals`")


def test_how_the_statements_are_laid_out_does_not_count(tmp_path: Path, path: str):
    other = str(tmp_path / "other.db")
    with closing(raw(path)) as old, closing(raw(other)) as new:
        new.execute(" ".join(TABLES.split()))
        for table in ("log_edge", "event"):
            rows = old.execute(f"SELECT * FROM {table} LIMIT 1").fetchall()
            marks = ", ".join("?" * len(rows[0]))
            new.execute(f"INSERT INTO {table} VALUES ({marks})", rows[0])
        new.execute("UPDATE log_edge SET size = 0")
        for pragma in ("user_version", "application_id"):
            new.pragma(pragma, old.pragma(pragma))
    assert problems(other) == ()


TABLE_NAMES = ("event", "value", "blob", "head", "lease", "inbox", "log_part", "log_root")
TABLE_NAMES = (*TABLE_NAMES, "log_edge", "subject", "unscrubbed")
INDEXES = ("event_by_run", "head_by_key", "head_by_status", "head_by_wake", "head_by_turn")
INDEXES = (*INDEXES, "lease_held", "inbox_by_id", "inbox_left", "inbox_left_by_run")


def cases() -> Iterator[tuple[str, str]]:
    for table in TABLE_NAMES:
        yield f"DROP TABLE {table}", f"table `{table}` is not there"
        yield f"ALTER TABLE {table} RENAME TO other", f"table `{table}` is not there"
        yield f"ALTER TABLE {table} ADD COLUMN more TEXT", f"table `{table}` is not as"
        no_op = f"CREATE TRIGGER t AFTER INSERT ON {table} BEGIN SELECT 1; END"
        yield no_op, f"trigger `t` of `{table}` is not Interlock's"
        yield f"CREATE INDEX i ON {table} (1)", f"index `i` of `{table}` is not Interlock's"
    for index in INDEXES:
        yield f"DROP INDEX {index}", f"index `{index}`"
    yield "ALTER TABLE head RENAME COLUMN graph TO graf", "table `head` is not as"
    yield "ALTER TABLE head DROP COLUMN execution", "table `head` is not as"
    yield "CREATE VIRTUAL TABLE v USING fts5(x)", "table `v` is not Interlock's"
    copied = "graph, plan, status, created_ms, updated_ms, sum"
    hidden = f"INSERT INTO head (run, {copied}) SELECT char(127) || 'x', {copied} FROM head"
    yield hidden, "row '\\x7fx' of table `head` is of no run"
    yield "DELETE FROM log_edge", "table `log_edge` has 0 rows"
    yield "INSERT INTO log_edge SELECT * FROM log_edge", "table `log_edge` has 2 rows"
    yield "INSERT INTO log_part VALUES (601, 0, zeroblob(32))", "row 601 of table `log_part`"
    yield "INSERT INTO log_part VALUES (-1, 0, zeroblob(32))", "row -1 of table `log_part`"
    yield "INSERT INTO log_part VALUES (5, 0, x'')", "row 0 of table `log_part`"
    yield "DELETE FROM log_part WHERE leaf = 100", "row 0 of table `log_part`"
    yield "DELETE FROM log_part WHERE leaf = 0", "row 100 of table `log_part`"
    yield "INSERT INTO log_root VALUES (1, 2, 0, zeroblob(32))", "row 2 of level 1"
    yield "INSERT INTO log_root VALUES (2, 0, 0, zeroblob(32))", "row 0 of level 2"
    yield "INSERT INTO log_root VALUES (8, 0, 0, zeroblob(32))", "row 0 of level 8"
    yield "UPDATE log_root SET hash = x'' WHERE place = 1", "row 1 of level 1"


@pytest.mark.parametrize("statement, told", list(cases()))
def test_what_was_changed_is_named(path: str, statement: str, told: str):
    change(path, statement)
    assert problems(path)[0].startswith(told)


def test_hashes_that_are_put_into_rows_beyond_their_tile_are_named(path: str):
    with closing(raw(path)) as connection:
        rows = connection.execute("SELECT hashes FROM log_part ORDER BY leaf").fetchall()
        connection.execute("DELETE FROM log_part")
        data = b"".join(row[0] for row in rows)
        connection.execute("INSERT INTO log_part VALUES (0, 0, ?)", (data,))
    assert problems(path) == ("row 0 of table `log_part` does not continue the log",)


def test_an_index_that_does_not_have_all_rows_is_named(path: str):
    """What `show` and `replay` read by it would be less than what the log has."""
    with closing(raw(path)) as connection:
        connection.pragma("writable_schema", True)
        where = "name = 'event_by_run'"
        ((sql,),) = connection.execute(f"SELECT sql FROM sqlite_schema WHERE {where}").fetchall()
        partial = f"UPDATE sqlite_schema SET sql = ? WHERE {where}"
        connection.execute(partial, (f"{sql} WHERE seq <> 7",))
    with closing(raw(path)) as connection:
        connection.execute("REINDEX event_by_run")
        connection.pragma("writable_schema", True)
        connection.execute(partial, (sql,))
    assert "event_by_run" in problems(path)[0]


def read_all(path: str) -> None:
    with closing(open_to_read(path)) as store:
        store.leaves()
        store.heads()
        store.log_size()
        store.values(B, [value(b"1").ref])


def write_one(path: str) -> None:
    with closing(open_store(path)) as store:
        store.write([record(A, EVENTS + 1, head=head(A), values=[value(b"2")])])


def test_a_damaged_index_leads_to_no_value_that_was_not_asked_for(tmp_path: Path):
    path = tmp_path / "values.db"
    values = [value(b"%d" % number) for number in range(12)]
    with closing(open_store(str(path))) as store:
        store.write([record(run, 1, values=values) for run in (A, B)])
    sound = path.read_bytes()
    named = B.encode()
    for each in values:
        entry = named + bytes.fromhex(each.ref.removeprefix("sha256:"))
        for at in (sound.index(entry), sound.rindex(entry)):  # In the table, and in its index.
            last = at + len(named) - 1
            path.write_bytes(sound[:last] + b"\x7f" + sound[last + 1 :])
            assert problems(str(path))
            with closing(open_to_read(str(path))) as store:
                for one in values:
                    assert store.values(B, [one.ref]).keys() <= {one.ref}


@pytest.mark.parametrize("table", ["event", "head", "log_edge", "value"])
@pytest.mark.parametrize("ask", [read_all, write_one])
def test_a_table_that_is_not_there_is_an_error_with_a_way_out(
    path: str, table: str, ask: Callable[[str], None]
):
    change(path, f"DROP TABLE {table}")
    with pytest.raises((JournalCorrupt, StoreFailed), match=f"no such table: .*{table}") as caught:
        ask(path)
    assert caught.value.code == "IL7026"
    assert "interlock audit verify" in caught.value.hint


def test_doctor_names_it_too(path: str):
    change(path, "DROP TABLE value")
    health = examine_store(path)
    assert health is not None
    assert health.problems[0] == "table `value` is not there"
