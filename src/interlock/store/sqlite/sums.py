"""Checksums of rows: what finds a bit that flipped in the file, where no digest covers it.

An event is data, and any digit of its time may be another one. SQLite's integrity check looks at
the structure of its pages, not at what is in them. So each event, each row of the list of runs and
each message has a CRC-32 of all its columns, which `doctor` computes again. It is no protection
against people: whoever changes a row can change its sum.
"""

from zlib import crc32

from interlock.store.sqlite.connection import Connection

CHANGED = {
    "event": "SELECT 'event ' || seq || ' of run ' || run FROM event"
    " WHERE sum IS NOT sum_of_event(body, run, seq, epoch)",
    "head": "SELECT 'the row of run ' || run FROM head WHERE sum IS NOT sum_of_row("
    "run, graph, plan, status, created_ms, updated_ms, key, execution, wake_ms, priority)",
    "message": "SELECT 'message ' || id || ' of run ' || run FROM inbox WHERE taken = 0"
    " AND sum IS NOT sum_of_row(run, id, kind, body, actor, created_ms)",
}
"""Rows that are not what was written, in words."""


def sum_of_event(body: bytes, run: str, *seq_and_epoch: int) -> int:
    """Return the checksum of an event."""
    return crc32(body, crc32(b"%b\0%d %d " % (run.encode(), *seq_and_epoch)))


def sum_of_row(*columns: str | int | bytes | None) -> int:
    """Return the checksum of any row."""
    found = 0
    for column in columns:
        found = crc32(column if isinstance(column, bytes) else repr(column).encode(), found)
    return found


def let_compute(connection: Connection) -> None:
    """Let statements of a connection compute checksums."""
    connection.create_scalar_function("sum_of_event", sum_of_event, 4)
    connection.create_scalar_function("sum_of_row", sum_of_row)


def changed_rows(connection: Connection, most: int) -> list[str]:
    """Name rows that do not fit their checksums."""
    let_compute(connection)
    found: list[str] = []
    for question in CHANGED.values():
        rows = connection.execute(f"{question} LIMIT ?", (most - len(found),)).fetchall()
        found += [f"{row[0]} does not fit its checksum" for row in rows]
    return found
