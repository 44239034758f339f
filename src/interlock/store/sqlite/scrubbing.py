"""Destroying what SQLite leaves behind of rows that were erased.

A row that is deleted or rewritten stays readable for long: on its own page and on free pages, on
pages that it was moved from when they were split, and in older images of all of these in the log.
So the whole file is built anew from its rows (`VACUUM`), written over the old one through the log,
and the log is cut to nothing (`wal_checkpoint(TRUNCATE)`).

`secure_delete` would not do: it overwrites what is deleted while it is on, and not the copies that
earlier splits of pages have left (`test_erasing` finds them). To have it always on would make every
commit pay for what is seldom needed.

What survives a crash at any moment: the erasure is one transaction, with a row in `unscrubbed` that
is deleted only when all of this is done. An interrupted `VACUUM` is no commit, and what it has
written to the log is made of what is still there.
"""

from pathlib import Path

import apsw

from interlock.store.sqlite.connection import connect
from interlock.store.sqlite.opening import configure


def rebuild(path: Path) -> bool:
    """Write a journal file anew from its rows, and empty its log. Needs the commit lock.

    Returns:
        False: a reader did not let go of the log in time.

    Raises:
        apsw.Error: it cannot be done.
    """
    connection = connect(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        configure(connection)
        connection.pragma("synchronous", "full")
        connection.pragma("temp_store", "file")  # A copy of the store need not fit into memory.
        connection.execute("VACUUM")
        row = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return row is not None and row[0] == 0
    except apsw.BusyError:
        return False
    finally:
        connection.close()
