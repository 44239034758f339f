"""The conformance suite of stores: what every backend must do, ours and yours.

```python
class TestMyStore(StoreConformance):
    def make(self) -> Store:
        return MyStore()
```

It needs a runner that calls methods whose names begin with `test_`, each on a new object; pytest
does. `make` returns a new, empty store every time.
"""

from collections.abc import Collection
from contextlib import closing

from interlock.errors import (
    JournalCorrupt,
    KeyTaken,
    LeaseHeld,
    LimitExceeded,
    StoreFailed,
    UsageError,
)
from interlock.journal import Erasure, Lease, RunStatus, StoredValue
from interlock.store import INLINE_BYTES_MAX, Store
from interlock.testing.erasing import EraseConformance
from interlock.testing.inbox import InboxConformance, ReadyConformance
from interlock.testing.log import LogConformance
from interlock.testing.made import (
    EVERY_BYTE,
    ME,
    YOU,
    A,
    B,
    C,
    bodies,
    head,
    in_threads,
    message,
    record,
    refusal,
    value,
)
from interlock.testing.pruning import PruneConformance
from interlock.testing.subjects import SubjectConformance
from interlock.testing.transactions import TransactionConformance
from interlock.values import RunId, ValueRef, value_ref


class EventConformance:
    """What a store does with events."""

    def make(self) -> Store:
        """Return a new, empty store."""
        raise NotImplementedError

    def test_events_come_back_in_order(self) -> None:
        with closing(self.make()) as store:
            assert store.write([record(A, 1), record(A, 2)]) == frozenset()
            store.write([record(A, 3, epoch=2)])
            events = store.read(A)
        assert [(e.seq, e.epoch, e.body) for e in events] == [
            (1, 1, b"01A/1"),
            (2, 1, b"01A/2"),
            (3, 2, b"01A/3"),
        ]

    def test_a_page_begins_after_a_seq_and_ends_at_the_limit(self) -> None:
        with closing(self.make()) as store:
            store.write([record(A, seq) for seq in range(1, 8)])

            def page(after: int, limit: int) -> list[int]:
                return [event.seq for event in store.read(A, after=after, limit=limit)]

            assert page(0, 3) == [1, 2, 3]
            assert page(3, 3) == [4, 5, 6]
            assert page(6, 3) == [7]
            assert page(7, 3) == []
            assert page(99, 3) == []
            assert page(0, 0) == []
            assert page(0, -1) == []
            assert page(-5, 2) == [1, 2]

    def test_a_run_that_is_not_there_has_nothing(self) -> None:
        with closing(self.make()) as store:
            store.write([record(A, 1, values=[value(b"1")], head=head(A))])
            assert store.read(B) == []
            assert store.head(B) is None
            assert store.values(B, [value_ref(b"1")]) == {}

    def test_bodies_are_opaque(self) -> None:
        tricky = [b"", b"\0", b"\0" * 64, EVERY_BYTE, "é😀".encode(), b"'; DROP TABLE event; --"]
        with closing(self.make()) as store:
            store.write([record(A, i, body=body) for i, body in enumerate(tricky, start=1)])
            assert bodies(store, A) == tricky

    def test_runs_may_be_interleaved_in_a_batch(self) -> None:
        with closing(self.make()) as store:
            store.write([record(B, 1), record(A, 1), record(B, 2), record(A, 2), record(B, 3)])
            assert bodies(store, A) == [b"01A/1", b"01A/2"]
            assert bodies(store, B) == [b"01B/1", b"01B/2", b"01B/3"]

    def test_a_long_batch_is_whole(self) -> None:
        runs = [RunId(f"01{number:024}") for number in range(40)]
        batch = [
            record(run, seq, values=[value(b"%d" % seq)]) for seq in range(1, 51) for run in runs
        ]
        with closing(self.make()) as store:
            store.write(batch)
            for run in runs:
                assert [event.seq for event in store.read(run)] == list(range(1, 51))
                assert len(store.values(run, [value_ref(b"%d" % n) for n in range(1, 51)])) == 50

    def test_an_empty_batch_is_nothing(self) -> None:
        with closing(self.make()) as store:
            assert store.write([]) == frozenset()

    def test_a_batch_has_a_limit(self) -> None:
        with closing(self.make()) as store:
            refusal(LimitExceeded, lambda: store.write([record(A, 1)] * 70_000))
            assert store.read(A) == []

    def test_a_run_id_is_short_and_printable(self) -> None:
        with closing(self.make()) as store:
            for bad in ("", "a\nb", "a\0b", "é", "x" * 1_000):
                run = RunId(bad)
                refusal(UsageError, lambda run=run: store.write([record(run, 1, body=b"")]))
                refusal(UsageError, lambda run=run: store.lease(run, ME, now_ms=0, life_ms=1))

    def test_events_follow_one_another(self) -> None:
        wrong = {
            "starts at 0": [record(A, 0)],
            "starts at 2": [record(A, 2)],
            "gap in the batch": [record(A, 1), record(A, 3)],
            "repeat in the batch": [record(A, 1), record(A, 1)],
            "backwards": [record(A, 2), record(A, 1)],
            "gap": [record(B, 4)],
            "repeat": [record(B, 2)],
            "repeat of the first": [record(B, 1)],
        }
        with closing(self.make()) as store:
            store.write([record(B, 1), record(B, 2)])
            for name, batch in wrong.items():
                error = refusal(StoreFailed, lambda batch=batch: store.write(batch))
                assert error.code == "IL7018", name
            assert bodies(store, A) == []
            assert bodies(store, B) == [b"01B/1", b"01B/2"]

    def test_a_refused_batch_leaves_nothing_and_harms_nothing(self) -> None:
        with closing(self.make()) as store:
            store.write([record(B, 1, head=head(B))])
            good = record(A, 1, values=[value(b"1"), value(b"2", shared=True)], head=head(A))
            refusal(StoreFailed, lambda: store.write([good, record(B, 3)]))
            assert store.read(A) == []
            assert store.head(A) is None
            assert store.values(A, [value_ref(b"1"), value_ref(b"2")]) == {}
            store.write([good, record(B, 2)])
            assert bodies(store, A) == [b"01A/1"]
            assert bodies(store, B) == [b"01B/1", b"01B/2"]


class ValueConformance:
    """What a store does with values."""

    def make(self) -> Store:
        """Return a new, empty store."""
        raise NotImplementedError

    def test_values_come_back_by_reference(self) -> None:
        with closing(self.make()) as store:
            kept = [value(b"1"), value(b'"two"'), value(b"")]
            store.write([record(A, 1, values=kept[:2]), record(A, 2, values=kept[2:])])
            found = store.values(A, [stored.ref for stored in kept] + [value_ref(b"absent")])
            assert found == {stored.ref: stored.data for stored in kept}
            assert store.values(A, []) == {}
            assert store.values(A, iter([kept[0].ref])) == {kept[0].ref: b"1"}

    def test_values_are_opaque(self) -> None:
        tricky = [b"\0", b"\0\0x", EVERY_BYTE, "é😀".encode()]
        with closing(self.make()) as store:
            store.write([record(A, 1, values=[value(data) for data in tricky])])
            found = store.values(A, [value_ref(data) for data in tricky])
            assert sorted(found.values()) == sorted(tricky)

    def test_a_short_value_belongs_to_its_run(self) -> None:
        longest = b"x" * INLINE_BYTES_MAX
        with closing(self.make()) as store:
            store.write([record(A, 1, values=[value(longest)]), record(B, 1)])
            assert store.values(A, [value_ref(longest)]) == {value_ref(longest): longest}
            assert store.values(B, [value_ref(longest)]) == {}

    def test_a_long_or_shared_value_serves_every_run(self) -> None:
        long = b"x" * (INLINE_BYTES_MAX + 1)
        with closing(self.make()) as store:
            store.write([record(A, 1, values=[value(long), value(b"1", shared=True)])])
            assert store.values(B, [value_ref(long), value_ref(b"1")]) == {
                value_ref(long): long,
                value_ref(b"1"): b"1",
            }

    def test_a_value_that_is_there_is_kept(self) -> None:
        # A keyed reference cannot be checked by the store, so it shows which bytes were kept.
        ref = ValueRef("hmac-sha256:k1:" + "a" * 64)
        for shared in (False, True):
            with closing(self.make()) as store:
                for seq, data in enumerate((b"first", b"second"), start=1):
                    stored = StoredValue(ref=ref, data=data, shared=shared)
                    store.write([record(A, seq, values=[stored])])
                assert store.values(A, [ref]) == {ref: b"first"}
                assert bodies(store, A) == [b"01A/1", b"01A/2"]

    def test_bytes_that_are_not_what_they_are_called_are_reported(self) -> None:
        for shared in (False, True):
            wrong = StoredValue(ref=value_ref(b"1"), data=b"2", shared=shared)
            with closing(self.make()) as store:
                store.write([record(A, 1, values=[wrong, value(b"3")])])
                error = refusal(JournalCorrupt, lambda ref=wrong.ref: store.values(A, [ref]))
                assert wrong.ref in error.message
                assert store.values(A, [value_ref(b"3")]) == {value_ref(b"3"): b"3"}


class HeadConformance:
    """What a store does with heads and keys."""

    def make(self) -> Store:
        """Return a new, empty store."""
        raise NotImplementedError

    def test_the_last_head_counts(self) -> None:
        with closing(self.make()) as store:
            first, second = head(A, updated_ms=1), head(A, updated_ms=2)
            store.write([record(A, 1, head=first), record(A, 2, head=second), record(A, 3)])
            assert store.head(A) == second
            third = head(A, status="succeeded", updated_ms=3, key="k")
            store.write([record(A, 4, head=third)])
            assert store.head(A) == third
            assert store.heads() == [third]

    def test_a_run_without_a_head_is_not_listed(self) -> None:
        with closing(self.make()) as store:
            store.write([record(A, 1)])
            store.lease(B, ME, now_ms=0, life_ms=1)
            assert store.heads() == []

    def test_heads_are_listed_newest_first_and_page_by_page(self) -> None:
        runs = [RunId(f"01{number:03}") for number in range(10)]
        with closing(self.make()) as store:
            store.write([record(run, 1, head=head(run)) for run in reversed(runs[5:])])
            store.write([record(run, 1, head=head(run)) for run in runs[:5]])
            listed, before = list[RunId](), None
            while page := store.heads(before=before, limit=3):
                listed += [found.run for found in page]
                before = page[-1].run
            assert listed == runs[::-1]
            assert [found.run for found in store.heads(before=RunId("01004x"), limit=2)] == [
                "01004",
                "01003",
            ]
            assert store.heads(limit=0) == []
            assert store.heads(limit=-1) == []

    def test_heads_are_filtered(self) -> None:
        with closing(self.make()) as store:
            store.write(
                [
                    record(A, 1, head=head(A, status="waiting", key="a")),
                    record(B, 1, head=head(B, status="succeeded", key="b")),
                    record(C, 1, head=head(C, status="waiting")),
                ]
            )

            def listed(
                *, statuses: Collection[RunStatus] | None = None, key: str | None = None
            ) -> list[str]:
                return [found.run for found in store.heads(statuses=statuses, key=key)]

            assert listed(statuses=["waiting"]) == [C, A]
            assert listed(statuses={"waiting", "succeeded"}) == [C, B, A]
            assert listed(statuses=("waiting", "waiting")) == [C, A]
            assert listed(statuses=["queued"]) == []
            assert listed(statuses=[]) == []
            assert listed(key="b") == [B]
            assert listed(key="c") == []
            assert listed(key="a", statuses=["waiting"]) == [A]
            assert listed(key="a", statuses=["succeeded"]) == []
            waiting = store.heads(statuses=["waiting"], before=C, limit=5)
            assert [found.run for found in waiting] == [A]
            assert len(store.heads(statuses=["waiting", "succeeded"], limit=2)) == 2

    def test_a_key_belongs_to_one_run(self) -> None:
        with closing(self.make()) as store:
            store.write([record(A, 1, head=head(A, key="k"))])
            batch = [record(C, 1, head=head(C)), record(B, 1, head=head(B, key="k"))]
            error = refusal(KeyTaken, lambda: store.write(batch))
            assert error.run == A
            assert store.heads(key="k") == [head(A, key="k")]
            assert store.read(B) == []
            assert store.read(C) == []
            store.write([record(A, 2, head=head(A, key="k", status="failed"))])
            assert [found.status for found in store.heads(key="k")] == ["failed"]

    def test_a_key_belongs_to_one_run_of_a_batch(self) -> None:
        with closing(self.make()) as store:
            batch = [record(A, 1, head=head(A, key="k")), record(B, 1, head=head(B, key="k"))]
            error = refusal(KeyTaken, lambda: store.write(batch))
            assert error.run == A
            assert store.heads() == []

    def test_a_key_is_free_once_its_run_has_another(self) -> None:
        with closing(self.make()) as store:
            store.write([record(A, 1, head=head(A, key="k"))])
            store.write(
                [
                    record(A, 2, head=head(A, key="other")),
                    record(B, 1, head=head(B, key="k")),
                ]
            )
            assert [found.run for found in store.heads(key="k")] == [B]
            store.write([record(B, 2, head=head(B))])
            assert store.heads(key="k") == []
            store.write([record(C, 1, head=head(C, key="k"))])
            assert [found.run for found in store.heads(key="k")] == [C]


class LeaseConformance:
    """What a store does with leases, and to those who lost one."""

    def make(self) -> Store:
        """Return a new, empty store."""
        raise NotImplementedError

    def test_a_lease_is_renewed_at_its_epoch(self) -> None:
        with closing(self.make()) as store:
            first = store.lease(A, ME, now_ms=1_000, life_ms=500)
            assert first == Lease(run=A, owner=ME, epoch=1, expires_ms=1_500)
            assert store.lease(A, ME, now_ms=1_400, life_ms=500).expires_ms == 1_900
            late = store.lease(A, ME, now_ms=9_000, life_ms=500)
            assert late == Lease(run=A, owner=ME, epoch=1, expires_ms=9_500)

    def test_a_lease_that_is_held_says_by_whom_and_until_when(self) -> None:
        with closing(self.make()) as store:
            store.lease(A, ME, now_ms=1_000, life_ms=500)
            error = refusal(LeaseHeld, lambda: store.lease(A, YOU, now_ms=1_499, life_ms=500))
            assert (error.owner, error.expires_ms) == (ME, 1_500)
            assert ME in error.message
            assert "until 1970-01-01 00:00:01 UTC" in error.message
            assert f"`interlock resume {A}`" in error.hint
            assert store.lease(B, YOU, now_ms=1_499, life_ms=500).epoch == 1

    def test_many_leases_are_acquired_at_once_without_those_that_are_held(self) -> None:
        with closing(self.make()) as store:
            store.write([record(A, 1, epoch=4)])
            store.lease(B, ME, now_ms=1_000, life_ms=500)
            first = store.lease_many([C, B, A], YOU, now_ms=1_499, life_ms=500)
            assert [(each.run, each.epoch) for each in first] == [(C, 1), (A, 5)]
            assert all((each.owner, each.expires_ms) == (YOU, 1_999) for each in first)
            later = store.lease_many([A, B], YOU, now_ms=1_500, life_ms=500)
            assert [(each.run, each.epoch) for each in later] == [(A, 5), (B, 2)]
            refusal(LeaseHeld, lambda: store.lease(A, ME, now_ms=1_999, life_ms=500))
            assert store.lease_many([], YOU, now_ms=1_500, life_ms=500) == []

    def test_an_expired_lease_is_taken_over(self) -> None:
        with closing(self.make()) as store:
            store.lease(A, ME, now_ms=1_000, life_ms=500)
            taken = store.lease(A, YOU, now_ms=1_500, life_ms=500)
            assert taken == Lease(run=A, owner=YOU, epoch=2, expires_ms=2_000)
            refusal(LeaseHeld, lambda: store.lease(A, ME, now_ms=1_501, life_ms=500))

    def test_a_released_lease_is_free_at_once(self) -> None:
        with closing(self.make()) as store:
            mine = store.lease(A, ME, now_ms=0, life_ms=500)
            store.release(mine)
            assert store.lease(A, YOU, now_ms=1, life_ms=500).epoch == 2

    def test_what_was_released_comes_back_at_a_higher_epoch(self) -> None:
        with closing(self.make()) as store:
            store.release(store.lease(A, ME, now_ms=0, life_ms=500))
            assert store.lease(A, ME, now_ms=1, life_ms=500).epoch == 2

    def test_a_lease_says_whether_the_owner_before_stopped_in_order(self) -> None:
        with closing(self.make()) as store:
            first = store.lease(A, ME, now_ms=0, life_ms=10)
            store.write([record(A, 1, epoch=1)])
            assert not first.orderly
            assert not store.lease(A, YOU, now_ms=10, life_ms=10).orderly, "it expired"
            store.write([record(A, 2, epoch=2)])
            store.release(store.lease(A, YOU, now_ms=11, life_ms=10))
            after = store.lease(A, ME, now_ms=12, life_ms=10)
            assert after.orderly
            store.release(after)
            assert not store.lease(A, YOU, now_ms=13, life_ms=10).orderly, "it wrote nothing"

    def test_releasing_what_has_moved_on_has_no_effect(self) -> None:
        with closing(self.make()) as store:
            old = store.lease(A, ME, now_ms=0, life_ms=10)
            store.lease(A, YOU, now_ms=10, life_ms=500)
            store.release(old)
            store.release(Lease(run=B, owner=ME, epoch=1, expires_ms=0))
            refusal(LeaseHeld, lambda: store.lease(A, ME, now_ms=11, life_ms=500))
            assert store.lease(A, ME, now_ms=999, life_ms=500).epoch == 3
            store.release(old)
            refusal(LeaseHeld, lambda: store.lease(A, YOU, now_ms=1_000, life_ms=500))

    def test_a_lease_is_above_every_event(self) -> None:
        with closing(self.make()) as store:
            store.write([record(A, 1, epoch=7)])
            assert store.lease(A, ME, now_ms=0, life_ms=10).epoch == 8
            store.write([record(A, 2, epoch=20)])
            assert store.lease(A, ME, now_ms=5, life_ms=10).epoch == 8
            assert store.lease(A, YOU, now_ms=99, life_ms=10).epoch == 21

    def test_a_fenced_run_is_left_out_and_the_rest_commits(self) -> None:
        with closing(self.make()) as store:
            store.lease(A, ME, now_ms=0, life_ms=10)
            store.write([record(A, 1, epoch=1, head=head(A)), record(B, 1, head=head(B))])
            store.lease(A, YOU, now_ms=10, life_ms=10)
            stale = head(A, status="failed", key="k")
            fenced = store.write(
                [
                    record(
                        A, 2, epoch=1, values=[value(b"1"), value(b"2", shared=True)], head=stale
                    ),
                    record(B, 2, values=[value(b"3")], head=head(B, status="waiting", key="k")),
                    record(A, 3, epoch=1),
                ]
            )
            assert fenced == {A}
            assert bodies(store, A) == [b"01A/1"]
            assert store.head(A) == head(A)
            assert store.values(A, [value_ref(b"1"), value_ref(b"2")]) == {}
            assert bodies(store, B) == [b"01B/1", b"01B/2"]
            assert store.head(B) == head(B, status="waiting", key="k")
            assert store.write([record(A, 2, epoch=2)]) == frozenset()

    def test_a_batch_may_be_fenced_whole(self) -> None:
        with closing(self.make()) as store:
            for run in (A, B):
                store.lease(run, ME, now_ms=0, life_ms=10)
                store.lease(run, YOU, now_ms=10, life_ms=10)
            assert store.write([record(A, 1), record(B, 1)]) == {A, B}
            assert store.read(A) == []

    def test_one_stale_record_fences_its_run(self) -> None:
        with closing(self.make()) as store:
            store.lease(A, ME, now_ms=0, life_ms=10)
            store.lease(A, YOU, now_ms=10, life_ms=10)
            assert store.write([record(A, 1, epoch=2), record(A, 2, epoch=1)]) == {A}
            assert store.read(A) == []

    def test_fencing_comes_before_order_and_keys(self) -> None:
        with closing(self.make()) as store:
            store.write([record(B, 1, head=head(B, key="k"))])
            store.lease(A, ME, now_ms=0, life_ms=10)
            store.lease(A, YOU, now_ms=10, life_ms=10)
            assert store.write([record(A, 5, head=head(A, key="k"))]) == {A}
            batch = [record(A, 1), record(B, 9)]
            assert refusal(StoreFailed, lambda: store.write(batch)).code == "IL7018"
            batch = [record(A, 1), record(C, 1, head=head(C, key="k"))]
            assert refusal(KeyTaken, lambda: store.write(batch)).run == B
            assert store.read(C) == []


class StoreConformance(
    EventConformance,
    ValueConformance,
    HeadConformance,
    LeaseConformance,
    InboxConformance,
    ReadyConformance,
    TransactionConformance,
    LogConformance,
    EraseConformance,
    PruneConformance,
    SubjectConformance,
):
    """All that a store must do; subclass it and define `make`."""

    def test_a_closed_store_refuses(self) -> None:
        store = self.make()
        lease = store.lease(A, ME, now_ms=0, life_ms=10)
        store.close()
        store.close()
        for action in (
            lambda: store.write([]),
            lambda: store.write([record(A, 1)]),
            lambda: store.read(A),
            lambda: store.values(A, []),
            lambda: store.head(A),
            store.heads,
            lambda: store.lease(A, ME, now_ms=0, life_ms=10),
            lambda: store.release(lease),
            lambda: store.post(message(A, "1")),
            store.inbox,
            lambda: store.ready(now_ms=0),
            store.log_size,
            store.log_edge,
            lambda: store.tile(0, 0),
            store.leaves,
            lambda: store.erase(Erasure(events=(), refs=(), record=record(A, 1))),
            store.scrub,
        ):
            refusal(UsageError, action)

    def test_threads_may_write_at_once(self) -> None:
        runs = [RunId(f"01{number:03}") for number in range(8)]
        with closing(self.make()) as store:

            def write_one_by_one(run: RunId) -> None:
                for seq in range(1, 21):
                    store.write([record(run, seq, values=[value(b"%d" % seq)])])

            in_threads(lambda run=run: write_one_by_one(run) for run in runs)
            for run in runs:
                assert [event.seq for event in store.read(run)] == list(range(1, 21))

    def test_a_reader_sees_whole_batches(self) -> None:
        with closing(self.make()) as store:
            seen = list[int]()

            def write() -> None:
                for seq in range(1, 200, 2):
                    store.write([record(A, seq), record(A, seq + 1)])

            def read() -> None:
                while not seen or seen[-1] < 200:
                    seen.append(len(store.read(A)))

            in_threads([write, read, read, read])
            assert all(count % 2 == 0 for count in seen)
            assert seen[-1] == 200
