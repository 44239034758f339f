"""Erasing in the tables: rows are rewritten or deleted. What it leaves on pages: scrubbing.py."""

from interlock.journal import Erasure, StoredEvent
from interlock.store.erasing import check_kept, check_unnamed
from interlock.store.sqlite.connection import Connection
from interlock.store.sqlite.sums import sum_of_event
from interlock.values import RunId, ValueRef

EVENT = """
SELECT seq, epoch, body, leaf, salts, erased FROM event WHERE run = ? AND seq = ?
"""

REWRITE = """
UPDATE event SET body = ?, salts = ?, erased = ?, sum = ? WHERE run = ? AND seq = ?
"""

BODIES = "SELECT body FROM event WHERE run = ?"

NAMED = "SELECT 1 FROM event WHERE instr(body, ?) LIMIT 1"

UNSCRUBBED = "INSERT INTO unscrubbed (leaf) VALUES (?)"

# A message that was taken is kept for its id alone; who sent it stands in the event.
FORGET_SENDERS = "UPDATE inbox SET actor = '' WHERE run = ? AND taken = 1"


def remove(connection: Connection, erasure: Erasure) -> frozenset[ValueRef]:
    """Rewrite events and delete values, in a transaction that is open.

    Returns:
        The references whose bytes stay, since another run has them too.

    Raises:
        InternalError: a leaf would change, or an event still names what is to go.
        apsw.Error: it cannot be done.
    """
    run = erasure.record.run
    _rewrite(connection, run, erasure)
    check_unnamed(erasure, (row[0] for row in connection.execute(BODIES, (run,)).fetchall()))
    return frozenset(ref for ref in erasure.refs if _is_kept(connection, run, ref))


def _rewrite(connection: Connection, run: RunId, erasure: Erasure) -> None:
    for event in erasure.events:
        rows = connection.execute(EVENT, (run, event.seq)).fetchall()
        before = check_kept(run, [_stored(row) for row in rows], event)
        leaf, salts, body, erased = before.leaf_index, event.salts, event.body, event.erased
        found = sum_of_event(run, event.seq, before.epoch, leaf, salts, body, erased)
        connection.execute(REWRITE, (body, salts, erased, found, run, event.seq))


def _stored(row: tuple[int, int, bytes, int, bytes, bytes]) -> StoredEvent:
    seq, epoch, body, leaf, salts, erased = row
    return StoredEvent(seq=seq, epoch=epoch, body=body, leaf_index=leaf, salts=salts, erased=erased)


def _is_kept(connection: Connection, run: RunId, ref: ValueRef) -> bool:
    """Delete a value, unless another run has it; tell whether its bytes stay."""
    connection.execute("DELETE FROM value WHERE run = ? AND ref = ?", (run, ref))
    if connection.execute(NAMED, (ref.encode(),)).fetchone():
        return True
    connection.execute("DELETE FROM blob WHERE ref = ?", (ref,))
    return False
