"""Values that were erased or pruned, and are in a journal file again.

An erasure takes a value out of all events of its run that named it, and deletes its row; a pruning
deletes all rows of the run. What no event of such a run names was put there by somebody else. Runs
that have lost nothing are not looked at: whatever else is in their rows was never erased.
"""

import re
from collections.abc import Iterator

from interlock.errors import JournalCorrupt
from interlock.journal import refs_of
from interlock.store.sqlite.connection import Connection
from interlock.store.sqlite.references import value_key

LOSSES = "SELECT DISTINCT run FROM event WHERE erased <> x'' OR body = x'' ORDER BY run"
BODIES = "SELECT body FROM event WHERE run = ? AND body <> x''"
VALUES = "SELECT ref, data FROM value WHERE run = ? ORDER BY ref"

MEMBERS = re.compile(rb'\["[0-9a-f]{32}"(,"[0-9a-f]{32}")*\]')
"""Ids of keys, which no event names as a value, and which tell nothing of one."""


def returned_values(connection: Connection) -> Iterator[str]:
    """Name the rows of values that have no right to be there; one of each run."""
    for (run,) in connection.execute(LOSSES).fetchall():
        try:
            bodies = (row[0] for row in connection.execute(BODIES, (run,)))
            named = {value_key(ref) for body in bodies for ref in refs_of(body)}
        except JournalCorrupt:
            continue  # Its leaf says so.
        for ref, data in connection.execute(VALUES, (run,)):
            if ref not in named and not MEMBERS.fullmatch(data):
                yield f"a value of run {run} that no event names is in table `value`: {_words(ref)}"
                break


def _words(ref: bytes) -> str:
    return f"row {ref.hex() if len(ref) == 32 else repr(ref)[2:-1]:.100}"
