"""Stored values, held against their digests: what `doctor` reads beside rows with a checksum.

The key of a value in its table is its digest, so the file says itself what has to be there. A value
of a data subject is sealed: it is opened with the subject's key, where that is still there.
"""

from collections.abc import Iterator
from itertools import islice

from interlock.errors import JournalCorrupt
from interlock.store.protocol import ReadStore
from interlock.store.sqlite.connection import Connection
from interlock.store.sqlite.references import value_key
from interlock.store.subjects import KeyRing
from interlock.values import RunId, ValueRef, value_ref

OWN = """
SELECT 'value sha256:' || lower(hex(ref)) || ' of run ' || run FROM value
WHERE length(ref) = 32 AND ref IS NOT key_of_value(data) LIMIT ?
"""

SHARED = """
SELECT 'shared value ' || ref FROM blob WHERE ref IS NOT ref_of_value(data) LIMIT ?
"""

SEALED = """
SELECT run, substr(ref, 5), data FROM value WHERE length(ref) <> 32 ORDER BY run
"""


def changed_values(connection: Connection, store: ReadStore, most: int) -> list[str]:
    """Name values that do not match their digests.

    Args:
        connection: to the file.
        store: the same file, where the keys of data subjects are found.
        most: how many to name.
    """
    connection.create_scalar_function("key_of_value", _key_of_value, 1)
    connection.create_scalar_function("ref_of_value", value_ref, 1)
    found: list[str] = []
    for question in (OWN, SHARED):
        rows = connection.execute(question, (most - len(found),)).fetchall()
        found += [f"{row[0]} does not match its digest" for row in rows]
    return found + list(islice(_changed_sealed(connection, store), most - len(found)))


def _key_of_value(data: bytes) -> bytes:
    return value_key(value_ref(data))


def _changed_sealed(connection: Connection, store: ReadStore) -> Iterator[str]:
    """Name sealed values that cannot be opened with a key that is there."""
    ring: KeyRing | None = None
    for run, key, data in connection.execute(SEALED):
        ref = key.decode(errors="backslashreplace")
        if ring is None or ring.run != run:
            ring = KeyRing(store, RunId(run))
        try:
            subjects = ring.subjects(ValueRef(ref))
            if subjects is not None:
                subjects.unseal(ValueRef(ref), data)
        except JournalCorrupt:
            yield f"value {ref} of run {run} does not match its digest"
