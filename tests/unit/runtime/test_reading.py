"""Reading a run back: bytes that are not those of this run are refused, with their place."""

import pytest

from interlock.errors import JournalCorrupt, RunNotFound
from interlock.journal import Entry, Record, RunHead, RunRecovered, encode_entry
from interlock.runtime import read_entries
from interlock.runtime.reading import PAGE
from interlock.store import MemoryStore
from interlock.values import Digest, RunId

RUN, OTHER = RunId("R1"), RunId("R2")


def entry(seq: int, *, epoch: int = 1) -> Entry:
    return Entry(RunRecovered(owner="me"), at_ms=1, seq=seq, epoch=epoch)


def stored(*bodies: bytes, epoch: int = 1) -> MemoryStore:
    store = MemoryStore()
    store.write(
        [
            Record(run=RUN, seq=seq, epoch=epoch, body=body, leaf=b"")
            for seq, body in enumerate(bodies, 1)
        ]
    )
    return store


def test_entries_come_back_in_order_page_by_page():
    count = PAGE + 1
    store = stored(*(encode_entry(RUN, entry(seq)) for seq in range(1, count + 1)))
    assert list(read_entries(store, RUN)) == [entry(seq) for seq in range(1, count + 1)]


@pytest.mark.parametrize(
    "body, told",
    [
        (encode_entry(OTHER, entry(1)), "event 1 of run R1: it says that it is event 1 of run R2"),
        (encode_entry(RUN, entry(2)), "it says that it is event 2 of run R1"),
        (encode_entry(RUN, entry(1, epoch=2)), "of epoch 2; its row is of epoch 1"),
        (b"{}", "event 1 of run R1: event of unknown type None"),
        (b"x", "event 1 of run R1: event bytes are not JSON"),
    ],
)
def test_bytes_of_another_event_are_refused(body: bytes, told: str):
    with pytest.raises(JournalCorrupt, match=told) as caught:
        list(read_entries(stored(body), RUN))
    assert caught.value.hint


def test_a_run_that_is_not_there_is_not_found():
    with pytest.raises(RunNotFound, match="no run `R1`"):
        list(read_entries(MemoryStore(), RUN))


def test_a_run_that_is_listed_without_events_is_corrupt():
    store = MemoryStore()
    plan = Digest("sha256:00")
    head = RunHead(run=RUN, graph="g", plan=plan, status="running", created_ms=0, updated_ms=0)
    store._heads[RUN] = head
    with pytest.raises(JournalCorrupt, match="is listed, and none of its events is there"):
        list(read_entries(store, RUN))
