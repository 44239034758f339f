"""What a store must do when parts of events are erased."""

from collections.abc import Collection
from contextlib import closing
from dataclasses import replace

from interlock.audit import (
    SALTS_BYTES_MAX,
    erase_parts,
    leaf_hash,
    leaf_of,
    read_erased,
    seal,
)
from interlock.errors import InternalError, StoreFailed
from interlock.journal import (
    STORE_JOURNAL,
    Entry,
    Erasure,
    Event,
    NodeSettled,
    PartsErased,
    Record,
    Rewritten,
    RunHead,
    RunPaused,
    StoredValue,
    Value,
    encode_entry,
    envelope_of,
    values_of,
)
from interlock.store import INLINE_BYTES_MAX, Store
from interlock.testing.made import ME, YOU, A, B, head, record, refusal
from interlock.values import Digest, Path, RunId, ValueRef

SALTS = bytes(range(16)) * (SALTS_BYTES_MAX // 16)
ADA, LONG = Value.of("Ada"), Value.of("Ada" * INLINE_BYTES_MAX)
KEY = Digest("sha256:" + "2" * 64)


def settled(output: Value, *, key: Digest = KEY) -> Event:
    """Make an event with a value and a digest."""
    return NodeSettled(
        path=Path("n"), generation=1, status="succeeded", call_key=key, output=output
    )


def event_record(
    run: RunId, seq: int, event: Event, *, epoch: int = 1, shared: bool = False
) -> Record:
    """Make a record of a true event, with its true leaf."""
    entry = Entry(event, at_ms=7, seq=seq, epoch=epoch)
    leaf, salts = seal(envelope_of(run, entry), SALTS)
    stored = [StoredValue(ref=v.ref, data=v.data, shared=shared) for v in values_of(event)]
    return Record(
        run=run,
        seq=seq,
        epoch=epoch,
        body=encode_entry(run, entry),
        leaf=leaf,
        salts=salts,
        values=tuple(stored),
    )


def erasure_of(
    store: Store,
    run: RunId,
    seqs: Collection[int],
    *,
    refs: Collection[ValueRef] = (ADA.ref,),
    parts: Collection[str] = ("output", "call_key"),
    epoch: int = 1,
    head: RunHead | None = None,
) -> Erasure:
    """Take parts out of events of a run, and tell of it in its next event."""
    events = store.read(run)
    gone = {
        seq: erase_parts(before.body, before.salts, before.erased, names=parts)
        for seq, before in enumerate(events, start=1)
        if seq in seqs
    }
    names = tuple(
        f"{seq}.{name}"
        for seq, each in gone.items()
        for name in sorted(read_erased(each.erased).keys() - read_erased(events[seq - 1].erased))
    )
    told = event_record(run, len(events) + 1, PartsErased(parts=names, rule="a rule"), epoch=epoch)
    return Erasure(
        events=tuple(
            Rewritten(seq=seq, body=each.body, salts=each.salts, erased=each.erased)
            for seq, each in gone.items()
        ),
        refs=tuple(refs),
        record=replace(told, head=head),
    )


class EraseConformance:
    """What a store does with what is to be destroyed."""

    def make(self) -> Store:
        """Return a new, empty store."""
        raise NotImplementedError

    def test_what_is_erased_is_gone_and_the_log_stays(self) -> None:
        with closing(self.make()) as store:
            first, second = event_record(A, 1, settled(ADA)), event_record(A, 2, RunPaused())
            store.write([first, second])
            tile = store.tile(0, 0)
            erasure = erasure_of(store, A, [1])
            assert store.erase(erasure) == frozenset()
            assert store.scrub()
            before, kept, told = store.read(A)
            assert store.values(A, [ADA.ref]) == {}
            assert ADA.ref.encode() not in before.body
            assert leaf_of(before.body, before.salts, read_erased(before.erased)) == first.leaf
            assert set(read_erased(before.erased)) == {"call_key", "output"}
            assert (kept.body, kept.salts, kept.erased) == (second.body, second.salts, b"")
            assert (told.seq, told.body, told.leaf_index) == (3, erasure.record.body, 2)
            assert [event for _, event in store.leaves()] == [before, kept, told]
            assert store.tile(0, 0) == tile + leaf_hash(erasure.record.leaf)

    def test_more_of_an_event_can_be_erased_later(self) -> None:
        with closing(self.make()) as store:
            first = event_record(A, 1, settled(ADA))
            store.write([first])
            store.erase(erasure_of(store, A, [1], parts=["output"]))
            store.erase(erasure_of(store, A, [1], parts=["call_key"], refs=()))
            event = store.read(A)[0]
            assert set(read_erased(event.erased)) == {"call_key", "output"}
            assert leaf_of(event.body, event.salts, read_erased(event.erased)) == first.leaf

    def test_what_another_run_has_too_stays_there(self) -> None:
        for value, shared in ((ADA, False), (ADA, True), (LONG, False)):
            with closing(self.make()) as store:
                store.write([event_record(run, 1, settled(value), shared=shared) for run in (A, B)])
                assert store.erase(erasure_of(store, A, [1], refs=[value.ref])) == {value.ref}
                assert store.values(B, [value.ref]) == {value.ref: value.data}
                assert store.erase(erasure_of(store, B, [1], refs=[value.ref])) == frozenset()
                assert store.values(B, [value.ref]) == store.values(A, [value.ref]) == {}

    def test_a_shared_value_that_was_erased_comes_back_with_the_next_run_that_has_it(self) -> None:
        with closing(self.make()) as store:
            store.write([event_record(A, 1, settled(LONG), shared=True)])
            assert store.erase(erasure_of(store, A, [1], refs=[LONG.ref])) == frozenset()
            assert store.values(A, [LONG.ref]) == {}
            store.write([event_record(B, 1, settled(LONG), shared=True)])
            assert store.values(B, [LONG.ref]) == {LONG.ref: LONG.data}

    def test_a_stale_owner_erases_nothing(self) -> None:
        with closing(self.make()) as store:
            store.write([event_record(A, 1, settled(ADA))])
            store.lease(A, ME, now_ms=0, life_ms=1)
            store.lease(A, YOU, now_ms=9, life_ms=1)
            epoch = store.lease(A, YOU, now_ms=9, life_ms=9).epoch
            before = store.leaves()
            assert store.erase(erasure_of(store, A, [1])) is None
            assert (store.leaves(), store.values(A, [ADA.ref])) == (before, {ADA.ref: ADA.data})
            assert store.erase(erasure_of(store, A, [1], epoch=epoch)) == frozenset()

    def test_a_hold_that_may_have_come_meanwhile_stops_it(self) -> None:
        with closing(self.make()) as store:
            store.write([event_record(A, 1, settled(ADA)), record(STORE_JOURNAL, 1)])
            erasure = erasure_of(store, A, [1])
            before = store.leaves()
            assert store.erase(replace(erasure, holds_seen=0)) is None
            assert (store.leaves(), store.values(A, [ADA.ref])) == (before, {ADA.ref: ADA.data})
            assert store.erase(replace(erasure, holds_seen=1)) == frozenset()

    def test_an_event_that_came_meanwhile_stops_it(self) -> None:
        with closing(self.make()) as store:
            store.write([event_record(A, 1, settled(ADA))])
            erasure = erasure_of(store, A, [1])
            store.write([event_record(A, 2, settled(ADA))])
            before = store.leaves()
            assert refusal(StoreFailed, lambda: store.erase(erasure)).code == "IL7018"
            assert (store.leaves(), store.values(A, [ADA.ref])) == (before, {ADA.ref: ADA.data})
            assert store.erase(erasure_of(store, A, [1, 2])) == frozenset()

    def test_what_would_change_a_leaf_or_leave_a_name_is_refused(self) -> None:
        with closing(self.make()) as store:
            store.write([event_record(A, seq, settled(ADA)) for seq in (1, 2)])
            before = store.leaves()
            right = erasure_of(store, A, [1, 2])
            one, two = right.events
            swapped = Rewritten(seq=1, body=two.body, salts=two.salts, erased=two.erased)
            beyond = Rewritten(seq=9, body=two.body, salts=two.salts, erased=two.erased)
            for events in ((swapped, two), (one, two, beyond), (one,)):
                wrong = Erasure(events=events, refs=right.refs, record=right.record)
                refusal(InternalError, lambda wrong=wrong: store.erase(wrong))
                assert store.leaves() == before
                assert store.values(A, [ADA.ref]) == {ADA.ref: ADA.data}
            assert store.erase(right) == frozenset()

    def test_the_row_of_a_run_is_written_with_it(self) -> None:
        with closing(self.make()) as store:
            store.write([event_record(A, 1, settled(ADA)), record(B, 1, head=head(B))])
            store.write([record(B, 2, head=head(B, key="ada"))])
            store.erase(erasure_of(store, A, [1], head=head(A, status="failed")))
            assert store.head(A) == head(A, status="failed")
            store.erase(Erasure(events=(), refs=(), record=record(B, 3, head=head(B))))
            assert store.heads(key="ada") == []
            store.write([record(A, 3, head=head(A, key="ada"))])

    def test_there_may_be_nothing_to_overwrite(self) -> None:
        with closing(self.make()) as store:
            assert store.scrub()
            store.write([event_record(A, 1, settled(ADA))])
            assert store.scrub()
            assert store.values(A, [ADA.ref]) == {ADA.ref: ADA.data}

    def test_it_goes_on_after_it(self) -> None:
        with closing(self.make()) as store:
            store.write([event_record(A, seq, settled(ADA)) for seq in range(1, 300)])
            store.erase(erasure_of(store, A, range(1, 300)))
            assert store.scrub()
            store.write([event_record(B, 1, settled(ADA)), record(A, 301)])
            assert store.log_size() == 302
            assert store.values(B, [ADA.ref]) == {ADA.ref: ADA.data}
