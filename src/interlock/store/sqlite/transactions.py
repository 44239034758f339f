"""Transactions of actions: their statements and our records commit together, or not at all.

An action sees the tables that it made itself. Ours, and whatever would end the transaction or reach
other files, are hidden by SQLite's authorizer. While a transaction goes on, nothing else commits to
this file: so its time is short.
"""

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Any, cast, final

import apsw

from interlock.actions import Database
from interlock.errors import TransactionRefused, ensure
from interlock.journal import Record
from interlock.store.protocol import TRANSACTION_MS_MAX
from interlock.store.sqlite.connection import Connection, connect

LOG = ("log_part", "log_root", "log_edge", "unscrubbed", "subject")
OURS = frozenset(("event", "value", "blob", "head", "lease", "inbox", "batch", "batch_other", *LOG))
"""Our tables and views; everything that SQLite itself keeps has a name with `sqlite_`."""

FORBIDDEN = frozenset(
    (
        apsw.SQLITE_ATTACH,
        apsw.SQLITE_DETACH,
        apsw.SQLITE_PRAGMA,
        apsw.SQLITE_TRANSACTION,
        apsw.SQLITE_SAVEPOINT,
        apsw.SQLITE_CREATE_TRIGGER,
        apsw.SQLITE_CREATE_TEMP_TRIGGER,
        apsw.SQLITE_CREATE_VTABLE,
    )
)
"""What no transaction may do: end itself, reach other files, change settings, or leave code."""

INSTRUCTIONS = 1_000
"""How often the clock is looked at, in instructions of SQLite's machine."""


def _now_s() -> float:
    # How long others wait for the disk is no time of a run: it is never recorded.
    return time.monotonic()  # noqa: TID251


@final
class RestrictedDatabase:
    """What an action may do with the database of the journal, while its transaction goes on."""

    def __init__(self, connection: Connection, now_s: Callable[[], float]) -> None:
        self._connection = connection
        self._is_over = False
        self._now_s = now_s
        self._ends = now_s() + TRANSACTION_MS_MAX / 1000

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Execute statements and return all rows; see `interlock.actions.Database`."""
        if self._is_over:
            raise TransactionRefused(
                "the transaction is over", hint="use the database only while the action runs"
            )
        self.check_time()
        try:
            return self._connection.execute(sql, parameters, can_cache=False).fetchall()
        except apsw.InterruptError:
            self.check_time()
            raise
        except apsw.AuthError as error:
            raise TransactionRefused(
                f"not allowed in a transaction of an action: {_first_line(sql)}",
                hint="only tables of your own; no PRAGMA, ATTACH, BEGIN, SAVEPOINT or triggers",
            ) from error
        except (apsw.SQLError, apsw.ConstraintError, apsw.MismatchError, TypeError) as error:
            raise TransactionRefused(f"{error}: {_first_line(sql)}") from error

    def check_time(self) -> None:
        """Refuse to go on when the time is over."""
        if self.is_late():
            raise TransactionRefused(
                f"the transaction took longer than {TRANSACTION_MS_MAX} ms",
                hint="do the slow part in an action before this one",
            )

    def is_late(self) -> bool:
        """Whether SQLite has to stop: the time is over."""
        return self._now_s() > self._ends

    def end(self) -> None:
        """Refuse everything from now on."""
        self._is_over = True


class _Undone(Exception):
    """The work raised something: the transaction was undone."""


@final
class Guarded:
    """Work whose exceptions are its own: an `OSError` in it says nothing about our disk."""

    def __init__(self, work: Callable[[Database], Sequence[Record]]) -> None:
        self._work = work
        self._raised: BaseException | None = None

    def __call__(self, database: Database) -> Sequence[Record]:
        try:
            return self._work(database)
        except BaseException as error:
            self._raised = error
            raise _Undone from error

    @contextmanager
    def raising(self) -> Generator[None]:
        """Raise what the work raised, outside of the transaction."""
        try:
            yield
        except _Undone:
            ensure(self._raised is not None, "a transaction was undone for no reason")
            raise cast(BaseException, self._raised) from None


@contextmanager
def restricted(
    connection: Connection, *, now_s: Callable[[], float] = _now_s
) -> Generator[RestrictedDatabase]:
    """Let an action use a connection, with our tables hidden and its time bounded."""
    database = RestrictedDatabase(connection, now_s)
    raw = cast(Any, connection)
    raw.authorizer = _authorize
    raw.set_progress_handler(database.is_late, INSTRUCTIONS)
    try:
        yield database
        database.check_time()
    finally:
        database.end()
        raw.set_progress_handler(None)
        raw.authorizer = None


@final
class MemoryDatabase:
    """A database in memory, for actions whose journal is there, too."""

    def __init__(self, now_s: Callable[[], float] | None = None) -> None:
        self._now_s = now_s or _now_s
        self._connection = connect(
            ":memory:", flags=apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
        )

    @contextmanager
    def transaction(self) -> Generator[RestrictedDatabase]:
        """Commit what is done in it, unless something is raised.

        Raises:
            TransactionRefused: a constraint is broken at the end.
        """
        self._connection.config(apsw.SQLITE_DBCONFIG_ENABLE_FKEY, 1)
        self._connection.execute("BEGIN")
        try:
            with restricted(self._connection, now_s=self._now_s) as database:
                yield database
            self._connection.execute("COMMIT")
        except apsw.ConstraintError as error:
            raise broken(error) from error
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")


def broken(error: apsw.ConstraintError) -> TransactionRefused:
    """Tell of a constraint that was checked when the transaction ended."""
    return TransactionRefused(
        f"{error}, at the end of the transaction",
        hint="the transaction was undone; correct what the action leaves behind",
    )


def _authorize(operation: int, *names_of: str | None) -> int:
    first, second, database, _inner = names_of
    names = {(first or "").lower(), (second or "").lower()}
    if operation in FORBIDDEN or database == "temp" or names & OURS:
        return apsw.SQLITE_DENY
    if operation in (apsw.SQLITE_FUNCTION, apsw.SQLITE_SELECT):
        return apsw.SQLITE_DENY if (second or "").lower() == "load_extension" else apsw.SQLITE_OK
    return apsw.SQLITE_OK


def _first_line(sql: str) -> str:
    line = sql.strip().partition("\n")[0]
    return line if len(line) <= 100 else f"{line[:100]}…"
