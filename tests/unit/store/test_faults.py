import pytest

from interlock.errors import StoreFailed
from interlock.store import open_store
from interlock.testing import Fault, FaultyStore
from interlock.testing.store import ME, A, head, message, record


def test_before_means_that_nothing_is_there():
    inner = open_store("memory:")
    store = FaultyStore(inner, [Fault(write_no=2, moment="before")])
    store.write([record(A, 1)])
    with pytest.raises(StoreFailed, match="write 2 failed by plan"):
        store.write([record(A, 2)])
    assert len(inner.read(A)) == 1


def test_after_means_that_all_is_there():
    inner = open_store("memory:")
    store = FaultyStore(inner, [Fault(write_no=2, moment="after")])
    store.write([record(A, 1)])
    with pytest.raises(StoreFailed, match="write 2 failed by plan"):
        store.write([record(A, 2)])
    assert len(inner.read(A)) == 2


def test_after_a_fault_it_only_reads():
    store = FaultyStore(open_store("memory:"), [Fault(write_no=2, moment="before")])
    lease = store.lease(A, ME, now_ms=0, life_ms=10)
    with pytest.raises(StoreFailed):
        store.write([record(A, 1)])
    for action in (
        lambda: store.write([record(A, 1)]),
        lambda: store.lease(A, ME, now_ms=0, life_ms=10),
        lambda: store.release(lease),
        lambda: store.post(message(A, "1")),
    ):
        with pytest.raises(StoreFailed) as caught:
            action()
        assert caught.value.code == "IL7019"
    assert store.read(A) == []
    assert store.writes == 2


def test_another_wrapper_goes_on_where_the_failed_one_stopped():
    inner = open_store("memory:")
    with pytest.raises(StoreFailed):
        FaultyStore(inner, [Fault(write_no=1, moment="after")]).write([record(A, 1)])
    FaultyStore(inner).write([record(A, 2)])
    assert [event.seq for event in inner.read(A)] == [1, 2]


def test_messages_and_leases_are_writes_too():
    store = FaultyStore(open_store("memory:"), [Fault(write_no=4, moment="before")])
    store.write([record(A, 1, head=head(A))])
    lease = store.lease(A, ME, now_ms=0, life_ms=10)
    store.release(lease)
    with pytest.raises(StoreFailed):
        store.post(message(A, "1"))
    assert store.writes == 4
    assert store.inbox(run=A) == []


def test_an_owner_that_is_fenced_and_appends_all_the_same_is_seen():
    inner = open_store("memory:")
    store = FaultyStore(inner, [Fault(write_no=2, moment="fenced")])
    store.write([record(A, 1, head=head(A))])
    assert store.write([record(A, 2)]) == {A}
    assert store.is_fenced
    assert not store.went_on
    assert inner.read(A)[-1].seq == 1
