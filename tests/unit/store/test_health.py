"""Looking at a store: what it says is so, and nothing of it changes."""

import sqlite3
from pathlib import Path

import pytest

from interlock.errors import StoreUnusable
from interlock.journal import OwnerId, Record, RunHead
from interlock.store import examine_store, living_owners, open_store
from interlock.values import Digest, RunId

RUN = RunId("01RUN")
OWNER = OwnerId("host-1-abcd")


def record() -> Record:
    head = RunHead(
        run=RUN,
        graph="g",
        plan=Digest("sha256:0"),
        status="running",
        created_ms=1,
        updated_ms=1,
    )
    return Record(run=RUN, seq=1, epoch=1, body=b"{}", leaf=b"{}", head=head)


def test_a_sound_store_is_counted(tmp_path: Path):
    path = tmp_path / "journal.db"
    store = open_store(str(path))
    store.lease(RUN, OWNER, now_ms=0, life_ms=60_000)
    store.write([record()])
    health = examine_store(f"sqlite:{path}")
    assert health is not None
    assert (health.problems, health.runs, health.events) == ((), 1, 1)
    assert health.version == health.version_known
    assert health.bytes > 0
    assert health.bytes_free > 0
    assert dict(health.driven) == {RUN: OWNER}
    store.close()


def test_only_living_owners_drive_runs(tmp_path: Path):
    path = str(tmp_path / "journal.db")
    store = open_store(path)
    lease = store.lease(RUN, OWNER, now_ms=0, life_ms=60_000)
    assert living_owners(path) == {RUN: OWNER}
    store.release(lease)
    assert living_owners(path) == {}
    store.lease(RUN, OWNER, now_ms=0, life_ms=60_000)
    store.close()
    assert living_owners(path) == {}


def test_looking_at_leases_takes_none_away(tmp_path: Path):
    path = str(tmp_path / "journal.db")
    store = open_store(path)
    lease = store.lease(RUN, OWNER, now_ms=0, life_ms=60_000)
    living_owners(path)
    examine_store(path)
    assert store.lease(RUN, OWNER, now_ms=1, life_ms=60_000).epoch == lease.epoch
    store.close()


def test_a_damaged_page_is_found(tmp_path: Path):
    path = tmp_path / "journal.db"
    store = open_store(str(path))
    store.lease(RUN, OWNER, now_ms=0, life_ms=60_000)
    store.write([record()])
    store.close()
    with sqlite3.connect(path) as database:
        (root,) = database.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'head_by_key'"
        ).fetchone()
        (size,) = database.execute("PRAGMA page_size").fetchone()
    database.close()
    data = bytearray(path.read_bytes())
    # The index of keys says that it has an entry, which no row has.
    data[(root - 1) * size + 3 : (root - 1) * size + 5] = b"\x00\x01"
    path.write_bytes(data)
    health = examine_store(str(path))
    assert health is not None
    assert health.problems


def test_memory_has_nothing_to_look_at():
    assert examine_store("memory:") is None
    assert living_owners("memory:") == {}


def test_what_is_no_journal_is_refused(tmp_path: Path):
    path = tmp_path / "notes.txt"
    path.write_text("notes, longer than a header would be " * 10, encoding="utf-8")
    with pytest.raises(StoreUnusable) as caught:
        examine_store(str(path))
    assert caught.value.code == "IL7010"
