"""The limit of an inbox. The rest of what it promises is in the conformance suite."""

from contextlib import closing
from pathlib import Path

import apsw
import pytest

from interlock.errors import LimitExceeded
from interlock.store import INBOX_MESSAGES_MAX, MemoryStore, Store, open_store
from interlock.testing.store import A, B, head, message, record


def in_memory(folder: Path) -> Store:
    store = MemoryStore()
    store.write([record(A, 1, head=head(A)), record(B, 1, head=head(B))])
    for number in range(INBOX_MESSAGES_MAX - 1):
        store.post(message(A, str(number)))
    return store


def in_a_file(folder: Path) -> Store:
    path = str(folder / "journal.db")
    store = open_store(path)
    store.write([record(A, 1, head=head(A)), record(B, 1, head=head(B))])
    with closing(apsw.Connection(path)) as connection, connection:
        connection.executemany(  # One commit a message would take a minute.
            "INSERT INTO inbox (run, id, kind, body, actor, created_ms, sum)"
            " VALUES (?, ?, ?, ?, ?, ?, 0)",
            [(A, str(number), "signal", b"{}", "ann", 7) for number in range(9_999)],
        )
    return store


@pytest.mark.parametrize("make", [in_memory, in_a_file])
def test_an_inbox_has_a_limit(make, tmp_path: Path):
    with closing(make(tmp_path)) as store:
        assert store.post(message(A, "last"))
        with pytest.raises(LimitExceeded, match=f"is full: {INBOX_MESSAGES_MAX} messages"):
            store.post(message(A, "too many"))
        assert not store.post(message(A, "0")), "it is known, so nothing has to be refused"
        assert store.post(message(B, "0"))
        store.write([record(A, 2, taken=["0"])])
        assert store.post(message(A, "too many"))
