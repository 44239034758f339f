"""Checksums of rows: what finds a bit that flipped in the file, where no digest covers it.

An event is data, and any digit of its time may be another one. SQLite's integrity check looks at
the structure of its pages, not at what is in them. So each event, each row of the list of runs,
each message and what is kept of the log has a CRC-32 of all its columns, which `doctor` computes
again. It is no protection
against people: whoever changes a row can change its sum.
"""

from typing import Any
from zlib import crc32

from interlock.store.sqlite.connection import Connection

CHANGED = {
    "event": "SELECT 'event ' || seq || ' of run ' || run FROM event"
    " WHERE sum IS NOT sum_of_event(run, seq, epoch, leaf, salts, body, erased)",
    "part": "SELECT 'the hashes of the log from leaf ' || leaf FROM log_part"
    " WHERE sum IS NOT sum_of_part(leaf, hashes)",
    "root": "SELECT 'root ' || place || ' of level ' || level || ' of the log' FROM log_root"
    " WHERE sum IS NOT sum_of_root(level, place, hash)",
    "edge": "SELECT 'the edge of the log' FROM log_edge"
    " WHERE sum IS NOT sum_of_log(size, frontier)",
    "head": "SELECT 'the row of run ' || run FROM head WHERE sum IS NOT sum_of_row("
    "run, graph, plan, status, created_ms, updated_ms, key, execution, wake_ms, priority)",
    "subject": "SELECT 'the key ' || id || ' of a data subject' FROM subject"
    " WHERE sum IS NOT sum_of_row(id, name, key)",
    "message": "SELECT 'message ' || id || ' of run ' || run FROM inbox WHERE taken = 0"
    " AND sum IS NOT sum_of_row(run, id, kind, body, actor, created_ms)",
}
"""Rows that are not what was written, in words."""


def sum_of_event(run: str, *columns: Any) -> int:
    """Return the checksum of an event: of its row as the writer packs it, with what was erased."""
    seq, epoch, leaf, salts, body, erased = columns
    place = b"%b\0%019d%019d%019d%03d" % (run.encode(), seq, epoch, leaf, len(salts))
    return crc32(erased, crc32(body, crc32(salts, crc32(place))))


def sum_of_part(leaf: int, hashes: bytes) -> int:
    """Return the checksum of hashes of leaves."""
    return crc32(hashes, crc32(b"%d " % leaf))


def sum_of_root(level: int, place: int, found: bytes) -> int:
    """Return the checksum of the root of a tile of the log."""
    return crc32(found, crc32(b"%d %d " % (level, place)))


def sum_of_log(size: int, frontier: bytes) -> int:
    """Return the checksum of the edge of the log."""
    return crc32(frontier, crc32(b"%d " % size))


def sum_of_row(*columns: str | int | bytes | None) -> int:
    """Return the checksum of any row."""
    found = 0
    for column in columns:
        found = crc32(column if isinstance(column, bytes) else repr(column).encode(), found)
    return found


def let_compute(connection: Connection) -> None:
    """Let statements of a connection compute checksums."""
    connection.create_scalar_function("sum_of_event", sum_of_event, 7)
    connection.create_scalar_function("sum_of_part", sum_of_part, 2)
    connection.create_scalar_function("sum_of_root", sum_of_root, 3)
    connection.create_scalar_function("sum_of_log", sum_of_log, 2)
    connection.create_scalar_function("sum_of_row", sum_of_row)


def changed_rows(connection: Connection, most: int) -> list[str]:
    """Name rows that do not fit their checksums."""
    let_compute(connection)
    found: list[str] = []
    for question in CHANGED.values():
        rows = connection.execute(f"{question} LIMIT ?", (most - len(found),)).fetchall()
        found += [f"{row[0]} does not fit its checksum" for row in rows]
    return found
