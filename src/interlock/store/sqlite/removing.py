"""Erasing and pruning in the tables: rows are rewritten, emptied or deleted.

What that leaves on pages: scrubbing.py.
"""

from collections.abc import Collection, Iterable

from interlock.journal import ENDED, Erasure, PrunedRun, Rewritten, StoredEvent
from interlock.store.erasing import check_kept, check_unnamed, unnamed
from interlock.store.sqlite.connection import Connection, array
from interlock.store.sqlite.references import value_key
from interlock.store.sqlite.sums import sum_of_event
from interlock.values import RunId, ValueRef

EVENT = """
SELECT seq, epoch, body, leaf, salts, erased FROM event WHERE run = ? AND seq = ?
"""

REWRITE = """
UPDATE event SET body = ?, salts = ?, erased = ?, sum = ? WHERE run = ? AND seq = ?
"""

BODIES = "SELECT body FROM event WHERE run = ?"

OTHERS = "SELECT body FROM event WHERE run <> ?"

EMPTY = """
UPDATE event SET body = x'', salts = x'', erased = x'', sum = ? WHERE run = ? AND seq = ?
"""

SEEN = """
SELECT status, (SELECT max(seq) FROM event WHERE event.run = head.run),
  (SELECT epoch FROM lease WHERE lease.run = head.run AND owner IS NOT NULL)
FROM head WHERE run = ?
"""

NEWER = "SELECT body FROM event WHERE leaf >= ?"

DROP = "DELETE FROM blob WHERE ref IN (SELECT value FROM carray(?))"

UNSCRUBBED = "INSERT OR IGNORE INTO unscrubbed (leaf) VALUES (?)"

# A message that was taken is kept for its id alone; who sent it stands in the event.
FORGET_SENDERS = "UPDATE inbox SET actor = '' WHERE run = ? AND taken = 1"

# What nobody has taken comes too late for a run that has ended; its id stays known.
TOO_LATE = "UPDATE inbox SET taken = 1, body = x'', actor = '' WHERE run = ?"


def remove(connection: Connection, erasure: Erasure) -> frozenset[ValueRef]:
    """Rewrite events and delete values, in a transaction that is open.

    Returns:
        The references whose bytes stay, since another run has them too.

    Raises:
        InternalError: a leaf would change, or an event still names what is to go.
        apsw.Error: it cannot be done.
    """
    run = erasure.record.run
    _rewrite(connection, run, erasure.events)
    check_unnamed(erasure, (row[0] for row in connection.execute(BODIES, (run,)).fetchall()))
    others = (row[0] for row in connection.execute(OTHERS, (run,)))
    kept = frozenset(erasure.refs) - unnamed(erasure.refs, others)
    for ref in erasure.refs:
        connection.execute("DELETE FROM value WHERE run = ? AND ref = ?", (run, value_key(ref)))
        if ref not in kept:
            connection.execute("DELETE FROM blob WHERE ref = ?", (ref,))
    return kept


def prune(connection: Connection, pruned: PrunedRun) -> bool:
    """Destroy what is stored of a run, in a transaction that is open.

    Returns:
        False: it is not as whoever prunes has seen it.

    Raises:
        InternalError: a leaf would change.
        apsw.Error: it cannot be done.
    """
    run = pruned.run
    seen = connection.execute(SEEN, (run,)).fetchone()
    if seen is None or seen[0] not in ENDED or seen[1:] != (pruned.last, pruned.epoch):
        return False
    _rewrite(connection, run, pruned.kept)
    for seq in pruned.emptied:
        ((_, epoch, _, leaf, _, _),) = connection.execute(EVENT, (run, seq)).fetchall()
        connection.execute(EMPTY, (sum_of_event(run, seq, epoch, leaf, b"", b"", b""), run, seq))
    connection.execute("DELETE FROM value WHERE run = ?", (run,))
    connection.execute(TOO_LATE, (run,))
    connection.execute("UPDATE lease SET owner = NULL WHERE run = ?", (run,))
    return True


def drop_shared(connection: Connection, refs: Collection[ValueRef], size: int) -> int:
    """Delete shared values that no newer event names, in a transaction that is open."""
    newer = (row[0] for row in connection.execute(NEWER, (size,)))
    left = tuple(sorted(unnamed(refs, newer)))
    if not left:
        return 0
    connection.execute(DROP, (array(left),))
    return connection.changes()


def _rewrite(connection: Connection, run: RunId, events: Iterable[Rewritten]) -> None:
    for event in events:
        rows = connection.execute(EVENT, (run, event.seq)).fetchall()
        before = check_kept(run, [StoredEvent(*row) for row in rows], event)
        leaf, salts, body, erased = before.leaf_index, event.salts, event.body, event.erased
        found = sum_of_event(run, event.seq, before.epoch, leaf, salts, body, erased)
        connection.execute(REWRITE, (body, salts, erased, found, run, event.seq))
