"""What a store must do with transactions of actions."""

from collections.abc import Sequence
from contextlib import closing

from interlock.actions import Database
from interlock.errors import StoreFailed, TransactionRefused
from interlock.journal import Record
from interlock.store import Store
from interlock.testing.made import ME, YOU, A, B, bodies, record, refusal

MAKE = """
CREATE TABLE IF NOT EXISTS account (name TEXT PRIMARY KEY, cents INTEGER CHECK (cents >= 0))
"""


def deposit(database: Database) -> None:
    """Put a row into a table of the action's own, which it makes first."""
    database.execute(MAKE)
    database.execute("INSERT INTO account VALUES (?, ?)", ("anna", 5))


def rows(store: Store) -> list[tuple[object, ...]]:
    """Return what is in that table, through a transaction that leaves nothing."""
    found: list[tuple[object, ...]] = []

    def look(database: Database) -> Sequence[Record]:
        database.execute(MAKE)
        found.extend(database.execute("SELECT name, cents FROM account ORDER BY name"))
        return ()

    store.transact(B, 1, look)
    return found


class TransactionConformance:
    """What a store does with transactions of actions."""

    def make(self) -> Store:
        """Return a new, empty store."""
        raise NotImplementedError

    def test_an_effect_and_its_records_commit_together(self) -> None:
        with closing(self.make()) as store:

            def work(database: Database) -> Sequence[Record]:
                deposit(database)
                return [record(A, 1), record(A, 2)]

            assert store.transact(A, 1, work)
            assert bodies(store, A) == [b"01A/1", b"01A/2"]
            assert rows(store) == [("anna", 5)]

    def test_what_is_raised_undoes_both(self) -> None:
        with closing(self.make()) as store:

            def work(database: Database) -> Sequence[Record]:
                deposit(database)
                raise OSError("not about this disk")

            try:
                store.transact(A, 1, work)
            except OSError as error:
                assert str(error) == "not about this disk"
            else:
                raise AssertionError("nothing was raised")
            assert rows(store) == []
            store.write([record(A, 1)])
            assert bodies(store, A) == [b"01A/1"]

    def test_records_out_of_order_undo_both(self) -> None:
        with closing(self.make()) as store:
            store.write([record(A, 1)])

            def work(database: Database) -> Sequence[Record]:
                deposit(database)
                return [record(A, 3)]

            assert refusal(StoreFailed, lambda: store.transact(A, 1, work)).code == "IL7018"
            assert rows(store) == []
            assert bodies(store, A) == [b"01A/1"]

    def test_a_fenced_owner_does_nothing(self) -> None:
        with closing(self.make()) as store:
            store.lease(A, ME, now_ms=0, life_ms=10)
            store.lease(A, YOU, now_ms=20, life_ms=10)

            def work(_database: Database) -> Sequence[Record]:
                raise AssertionError("it was called")

            assert not store.transact(A, 1, work)
            assert bodies(store, A) == []

    def test_tables_of_the_store_are_hidden(self) -> None:
        with closing(self.make()) as store:
            store.write([record(A, 1)])
            for sql in (
                "SELECT * FROM event",
                "SELECT count(*) FROM Event",
                "INSERT INTO head (run) VALUES ('x')",
                "DELETE FROM lease",
                "UPDATE value SET data = x''",
                "DROP TABLE blob",
                "ALTER TABLE inbox ADD COLUMN x",
                "CREATE TABLE event (x)",
                "CREATE VIEW mine AS SELECT * FROM event; SELECT * FROM mine",
                "WITH x AS (SELECT body FROM event) SELECT * FROM x",
                "PRAGMA journal_mode = DELETE",
                "PRAGMA table_info(event)",
                "SELECT * FROM pragma_table_info('event')",
                "ATTACH ':memory:' AS other",
                "VACUUM",
                "BEGIN",
                "COMMIT",
                "ROLLBACK",
                "SAVEPOINT s",
                "CREATE TRIGGER t AFTER INSERT ON account BEGIN SELECT 1; END",
                "CREATE TEMP TABLE t (x)",
                "SELECT load_extension('x')",
                "not SQL at all",
            ):
                _refused(store, sql)
            assert bodies(store, A) == [b"01A/1"]

    def test_a_constraint_refuses_the_statement_alone(self) -> None:
        with closing(self.make()) as store:

            def work(database: Database) -> Sequence[Record]:
                deposit(database)
                bad = "UPDATE account SET cents = cents - 6"
                refusal(TransactionRefused, lambda: database.execute(bad))
                return [record(A, 1)]

            assert store.transact(A, 1, work)
            assert rows(store) == [("anna", 5)]

    def test_a_constraint_that_waits_for_the_end_undoes_both(self) -> None:
        with closing(self.make()) as store:

            def work(database: Database) -> Sequence[Record]:
                database.execute("CREATE TABLE parent (id INTEGER PRIMARY KEY)")
                later = "DEFERRABLE INITIALLY DEFERRED"
                database.execute(f"CREATE TABLE child (id INTEGER REFERENCES parent {later})")
                database.execute("INSERT INTO child VALUES (1)")
                return [record(A, 1)]

            refusal(TransactionRefused, lambda: store.transact(A, 1, work))
            assert bodies(store, A) == []
            store.write([record(A, 1), record(B, 1)])
            assert bodies(store, A) == [b"01A/1"]

    def test_a_transaction_that_takes_too_long_is_undone(self) -> None:
        with closing(self.make()) as store:

            def work(database: Database) -> Sequence[Record]:
                deposit(database)
                database.execute(
                    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
                    " SELECT count(*) FROM n"
                )
                return [record(A, 1)]

            told = refusal(TransactionRefused, lambda: store.transact(A, 1, work)).message
            assert "took longer than 100 ms" in told
            assert rows(store) == []

    def test_the_database_is_gone_when_the_transaction_is_over(self) -> None:
        with closing(self.make()) as store:
            kept: list[Database] = []

            def work(database: Database) -> Sequence[Record]:
                kept.append(database)
                return ()

            store.transact(A, 1, work)
            refusal(TransactionRefused, lambda: kept[0].execute("SELECT 1"))


def _refused(store: Store, sql: str) -> None:
    def work(database: Database) -> Sequence[Record]:
        deposit(database)
        refusal(TransactionRefused, lambda: database.execute(sql))
        raise _Enough

    try:
        store.transact(A, 1, work)
    except _Enough:
        pass
    else:
        raise AssertionError(f"{sql} was allowed")


class _Enough(Exception):
    pass
