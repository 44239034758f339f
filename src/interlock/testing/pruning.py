"""What a store must do when the time of runs is over."""

from collections.abc import Collection
from contextlib import closing
from dataclasses import replace

from interlock.audit import erase_parts, leaf_hash, leaf_of, read_erased
from interlock.errors import InternalError, StoreFailed
from interlock.journal import (
    STORE_JOURNAL,
    PrunedRun,
    Pruning,
    Record,
    Rewritten,
    RunPaused,
    Value,
)
from interlock.store import INLINE_BYTES_MAX, Store
from interlock.testing.erasing import event_record, settled
from interlock.testing.made import ME, YOU, A, B, C, head, message, record, refusal
from interlock.values import RunId

ADA, LONG = Value.of("Ada"), Value.of("Ada" * INLINE_BYTES_MAX)


def ended(store: Store, run: RunId, *, values: Collection[Value] = (ADA,)) -> None:
    """Write a run that has ended: an event for each value, and one without."""
    made = [event_record(run, seq, settled(each)) for seq, each in enumerate(values, start=1)]
    last = event_record(run, len(made) + 1, RunPaused(reason="the end"))
    store.write([*made, replace(last, head=head(run, status="succeeded"))])


def taken(store: Store, run: RunId) -> int:
    """Take the lease of a run, as whoever prunes does; return its epoch."""
    return store.lease(run, ME, now_ms=0, life_ms=10).epoch


def pruned_run(store: Store, run: RunId, *, emptied: Collection[int] = (), epoch: int) -> PrunedRun:
    """Say what is to go of a run: the content of events, and parts of its last one."""
    *_, last = store.read(run)
    gone = erase_parts(last.body, last.salts, last.erased, names=["reason"])
    kept = Rewritten(seq=last.seq, body=gone.body, salts=gone.salts, erased=gone.erased)
    return PrunedRun(run=run, epoch=epoch, last=last.seq, emptied=tuple(emptied), kept=(kept,))


def told(seq: int) -> Record:
    """Make the record that tells of it, in the journal of the store itself."""
    return record(STORE_JOURNAL, seq)


class PruneConformance:
    """What a store does with runs whose time is over."""

    def make(self) -> Store:
        """Return a new, empty store."""
        raise NotImplementedError

    def test_what_is_pruned_is_gone_and_the_log_stays(self) -> None:
        with closing(self.make()) as store:
            ended(store, A, values=(ADA, ADA))
            ended(store, B)
            before, tile, rest = store.read(A), store.tile(0, 0), store.read(B)
            one = pruned_run(store, A, emptied=[1, 2], epoch=taken(store, A))
            assert store.prune(Pruning(runs=(one,), record=told(1)))
            assert store.scrub()
            first, second, last = store.read(A)
            for event, was in ((first, before[0]), (second, before[1])):
                assert (event.body, event.salts, event.erased) == (b"", b"", b"")
                assert (event.seq, event.epoch) == (was.seq, was.epoch)
                assert event.leaf_index == was.leaf_index
            leaf = leaf_of(last.body, last.salts, read_erased(last.erased))
            assert leaf == leaf_of(before[2].body, before[2].salts)
            assert b"the end" not in last.body
            assert store.values(A, [ADA.ref]) == {}
            assert store.values(B, [ADA.ref]) == {ADA.ref: ADA.data}
            assert store.read(B) == rest
            assert store.tile(0, 0) == tile + leaf_hash(told(1).leaf)
            assert [run for run, _ in store.leaves()] == [A, A, A, B, B, STORE_JOURNAL]
            assert [event for run, event in store.leaves() if run == A] == [first, second, last]

    def test_its_row_its_messages_and_its_lease_go_with_it(self) -> None:
        with closing(self.make()) as store:
            ended(store, A)
            store.post(message(A, "late"))
            one = pruned_run(store, A, epoch=taken(store, A))
            after = replace(head(A, status="succeeded"), execution=None)
            assert store.prune(Pruning(runs=(replace(one, head=after),), record=told(1)))
            assert (store.head(A), store.inbox()) == (after, [])
            assert not store.post(message(A, "late"))
            assert store.lease(A, YOU, now_ms=0, life_ms=1).epoch > one.epoch

    def test_nothing_is_done_when_one_run_is_not_as_it_was_seen(self) -> None:
        with closing(self.make()) as store:
            for run in (A, B):
                ended(store, run)
            store.write([event_record(C, 1, settled(ADA)), record(C, 2, head=head(C))])
            good = pruned_run(store, A, emptied=[1], epoch=taken(store, A))
            seen = pruned_run(store, B, emptied=[1], epoch=taken(store, B))
            is_open = PrunedRun(run=C, epoch=taken(store, C), last=2)
            before = store.leaves()
            wrong = (
                PrunedRun(run=B, epoch=seen.epoch - 1, last=seen.last),
                PrunedRun(run=B, epoch=seen.epoch, last=seen.last + 1),
                PrunedRun(run=RunId("01Z"), epoch=1, last=1),
                is_open,
            )
            for one in wrong:
                assert not store.prune(Pruning(runs=(good, one), record=told(1)))
                assert (store.leaves(), store.values(A, [ADA.ref])) == (before, {ADA.ref: ADA.data})
            assert store.prune(Pruning(runs=(good, seen), record=told(1)))

    def test_whoever_wrote_first_into_the_journal_of_the_store_wins(self) -> None:
        with closing(self.make()) as store:
            ended(store, A)
            one = pruned_run(store, A, emptied=[1], epoch=taken(store, A))
            store.write([told(1)])
            before = store.leaves()
            wrong = Pruning(runs=(one,), record=told(1))
            assert refusal(StoreFailed, lambda: store.prune(wrong)).code == "IL7018"
            assert (store.leaves(), store.values(A, [ADA.ref])) == (before, {ADA.ref: ADA.data})
            assert store.prune(Pruning(runs=(one,), record=told(2)))

    def test_an_owner_from_before_writes_nothing_more(self) -> None:
        with closing(self.make()) as store:
            ended(store, A)
            stale = store.lease(A, YOU, now_ms=0, life_ms=1).epoch
            epoch = store.lease(A, ME, now_ms=9, life_ms=1).epoch
            one = pruned_run(store, A, emptied=[1], epoch=epoch)
            assert store.prune(Pruning(runs=(one,), record=told(1)))
            assert store.write([record(A, 3, epoch=stale)]) == {A}
            assert len(store.read(A)) == 2

    def test_what_would_change_a_leaf_is_refused(self) -> None:
        with closing(self.make()) as store:
            ended(store, A)
            one = pruned_run(store, A, epoch=taken(store, A))
            (kept,) = one.kept
            other = Rewritten(seq=1, body=kept.body, salts=kept.salts, erased=kept.erased)
            before = store.leaves()
            changed = PrunedRun(run=A, epoch=one.epoch, last=one.last, kept=(other,))
            wrong = Pruning(runs=(changed,), record=told(1))
            refusal(InternalError, lambda: store.prune(wrong))
            assert store.leaves() == before
            assert store.prune(Pruning(runs=(one,), record=told(1)))

    def test_shared_values_go_when_no_newer_event_names_them(self) -> None:
        with closing(self.make()) as store:
            ended(store, A, values=(LONG,))
            size = store.log_size()
            ended(store, B, values=(LONG,))
            assert store.drop_shared([LONG.ref, ADA.ref], size=size) == 0
            assert store.values(A, [LONG.ref]) == {LONG.ref: LONG.data}
            assert store.drop_shared([LONG.ref, ADA.ref], size=store.log_size()) == 1
            assert store.values(B, [LONG.ref]) == {}
            assert store.drop_shared([LONG.ref], size=0) == 0
            assert store.drop_shared([], size=0) == 0
            assert store.scrub()

    def test_it_goes_on_after_it(self) -> None:
        with closing(self.make()) as store:
            ended(store, A, values=[ADA] * 300)
            one = pruned_run(store, A, emptied=range(1, 301), epoch=taken(store, A))
            assert store.prune(Pruning(runs=(one,), record=told(1)))
            assert store.scrub()
            store.write([record(B, 1), record(B, 2)])
            assert store.log_size() == 304
            assert [event.leaf_index for event in store.read(B)] == [302, 303]
