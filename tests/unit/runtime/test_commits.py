"""The commit queue: what is written when, in which groups, and what happens when a write fails."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from interlock.errors import KeyTaken, LeaseLost, StoreError, StoreFailed
from interlock.journal import RunHead
from interlock.runtime.commits.queue import (
    AHEAD_EVENTS_MAX,
    AHEAD_MS_MAX,
    GROUP_EVENTS_MAX,
    GROUP_EVENTS_MIN,
    CommitQueue,
)
from interlock.testing import Fault, FaultyStore, run_virtual
from interlock.testing.store import YOU, A, B, C, record
from interlock.values import Digest, RunId
from unit.runtime.stores import HeldStore, WatchedStore, Watcher


def queue_of(store: Any, watcher: Watcher | None = None) -> CommitQueue:
    watcher = watcher or Watcher()
    return CommitQueue(store, watcher.on_refused, watcher.on_failure)


def virtually(main: Coroutine[Any, Any, None]) -> None:
    run_virtual(main)


def fill(queue: CommitQueue, count: int, *, run: RunId = A, first: int = 1) -> int:
    position = 0
    for seq in range(first, first + count):
        position = queue.append(record(run, seq))
    return position


async def flush(queue: CommitQueue) -> None:
    """Wait until everything handed in so far is durable, or raise why it cannot be."""
    queue.when_durable(queue.appended, lambda: None)
    while queue.durable < queue.appended:
        if queue._failure is not None:
            raise queue._failure
        await asyncio.sleep(0)


def head(run: RunId, key: str) -> RunHead:
    plan = Digest("sha256:00")
    return RunHead(
        run=run, graph="g", plan=plan, status="running", created_ms=0, updated_ms=0, key=key
    )


# --- when


def test_what_nobody_waits_for_is_written_within_the_bound():
    async def main() -> None:
        store = WatchedStore()
        queue = queue_of(store)
        fill(queue, 3)
        await asyncio.sleep(AHEAD_MS_MAX / 1000 * 0.9)
        assert store.writes == []
        await asyncio.sleep(AHEAD_MS_MAX / 1000 * 0.2)
        assert [(round(when * 1000), len(records)) for when, records in store.writes] == [
            (AHEAD_MS_MAX, 3)
        ]
        assert queue.durable == queue.appended == 3

    virtually(main())


def test_the_bound_counts_from_the_first_record_that_is_not_written():
    async def main() -> None:
        store = WatchedStore()
        queue = queue_of(store)
        for seq in range(1, 5):
            queue.append(record(A, seq))
            await asyncio.sleep(0.004)
        await asyncio.sleep(0.1)
        assert [round(when * 1000) for when, _ in store.writes] == [10, 22]
        assert store.sizes == [3, 1]

    virtually(main())


def test_what_somebody_waits_for_is_written_in_this_turn_of_the_loop():
    async def main() -> None:
        store = WatchedStore()
        queue = queue_of(store)
        called: list[int] = []
        queue.when_durable(fill(queue, 2), lambda: called.append(queue.durable))
        fill(queue, 1, first=3)
        assert called == []
        await asyncio.sleep(0)
        assert store.writes == [(0.0, [(A, 1), (A, 2), (A, 3)])]
        assert called == [3]

    virtually(main())


def test_what_is_not_urgent_goes_with_its_group():
    async def main() -> None:
        store = WatchedStore()
        queue = queue_of(store)
        called: list[str] = []
        queue.when_durable(fill(queue, 1), lambda: called.append("seen"), urgent=False)
        await asyncio.sleep(0.005)
        assert (store.writes, called) == ([], [])
        await asyncio.sleep(0.006)
        assert called == ["seen"]

    virtually(main())


def test_what_is_durable_already_is_told_at_once():
    async def main() -> None:
        queue = queue_of(WatchedStore())
        position = fill(queue, 1)
        await flush(queue)
        called: list[str] = []
        queue.when_durable(position, lambda: called.append("now"))
        assert called == ["now"]

    virtually(main())


def test_callbacks_come_in_the_order_of_their_positions_and_then_of_asking():
    async def main() -> None:
        queue = queue_of(WatchedStore())
        first, last = fill(queue, 1), fill(queue, 2, first=2)
        called: list[str] = []
        queue.when_durable(last, lambda: called.append("last"))
        queue.when_durable(first, lambda: called.append("first"))
        queue.when_durable(first, lambda: called.append("first, asked later"))
        await asyncio.sleep(0)
        assert called == ["first", "first, asked later", "last"]

    virtually(main())


def test_a_group_goes_out_when_enough_has_gathered():
    async def main() -> None:
        store = WatchedStore()
        queue = queue_of(store)
        fill(queue, GROUP_EVENTS_MIN - 1)
        await asyncio.sleep(0)
        assert store.writes == []
        fill(queue, 1, first=GROUP_EVENTS_MIN)
        await asyncio.sleep(0)
        assert store.sizes == [GROUP_EVENTS_MIN]

    virtually(main())


def test_what_is_not_durable_yet_is_counted():
    async def main() -> None:
        queue = queue_of(WatchedStore())
        fill(queue, AHEAD_EVENTS_MAX - 1)
        assert not queue.is_far_ahead
        fill(queue, 1, first=AHEAD_EVENTS_MAX)
        assert queue.is_far_ahead
        await flush(queue)
        assert not queue.is_far_ahead

    virtually(main())


def test_no_group_is_larger_than_a_store_takes():
    async def main() -> None:
        store = WatchedStore()
        queue = queue_of(store)
        fill(queue, 2 * GROUP_EVENTS_MAX + 1)
        await flush(queue)
        assert store.sizes == [GROUP_EVENTS_MAX, GROUP_EVENTS_MAX, 1]

    virtually(main())


def test_runs_are_written_together_and_in_the_order_in_which_they_came():
    async def main() -> None:
        store = WatchedStore()
        queue = queue_of(store)
        for seq in (1, 2):
            for run in (B, A, C):
                queue.append(record(run, seq))
        await flush(queue)
        assert store.writes == [(0.0, [(B, 1), (A, 1), (C, 1), (B, 2), (A, 2), (C, 2)])]

    virtually(main())


# --- one group is in flight


async def test_the_next_group_grows_while_the_disk_is_busy():
    store = HeldStore()
    queue = queue_of(store)
    queue.when_durable(fill(queue, 1), lambda: None)
    await store.next_write()
    position = fill(queue, 5, first=2)
    done = asyncio.Event()
    queue.when_durable(position, done.set)
    assert queue.durable == 0
    store.let_go(2)
    await done.wait()
    assert store.sizes == [1, 5]
    queue.close()


async def test_the_disk_works_on_a_large_group_while_the_loop_is_busy():
    store = HeldStore()
    queue = queue_of(store)
    fill(queue, GROUP_EVENTS_MIN)
    assert store.begun.acquire(timeout=10), "the loop has not been left yet, and the write began"
    fill(queue, GROUP_EVENTS_MIN, first=GROUP_EVENTS_MIN + 1)
    assert not store.begun.acquire(blocking=False), "one group is in flight"
    store.let_go(2)
    await flush(queue)
    assert store.sizes == [GROUP_EVENTS_MIN, GROUP_EVENTS_MIN]
    queue.close()


async def test_what_gathered_while_the_disk_was_busy_is_written_within_the_bound():
    store = HeldStore()
    queue = queue_of(store)
    done = asyncio.Event()
    queue.when_durable(fill(queue, 1), done.set)
    await store.next_write()
    fill(queue, 1, first=2)
    store.let_go(2)
    await done.wait()
    assert queue.durable == 1
    await store.next_write()
    while queue.durable < 2:  # noqa: ASYNC110 - the write has begun and is let go
        await asyncio.sleep(0)
    assert store.sizes == [1, 1]
    queue.close()


async def test_closing_waits_for_the_group_in_flight():
    store = HeldStore()
    queue = queue_of(store)
    queue.when_durable(fill(queue, 1), lambda: None)
    await store.next_write()
    fill(queue, 1, first=2)
    store.let_go()
    queue.close()
    assert store.sizes == [1]


def test_a_loop_that_has_ended_is_told_nothing():
    store = HeldStore()

    async def main() -> CommitQueue:
        queue = queue_of(store)
        queue.when_durable(fill(queue, 1), lambda: None)
        await store.next_write()
        return queue

    queue = asyncio.run(main())
    store.let_go()
    queue.close()
    assert store.sizes == [1]


# --- failures


def test_nothing_is_taken_after_a_failure():
    async def main() -> None:
        store = FaultyStore(WatchedStore().inner, [Fault(write_no=2, moment="before")])
        watcher = Watcher()
        queue = queue_of(store, watcher)
        fill(queue, 1)
        await flush(queue)
        called: list[str] = []
        queue.when_durable(fill(queue, 1, first=2), lambda: called.append("durable"))
        await asyncio.sleep(0)
        assert [error.code for error in watcher.failed] == ["IL7004"]
        assert (queue.durable, called) == (1, [])
        with pytest.raises(StoreFailed, match="write 2 failed by plan"):
            queue.append(record(A, 3))
        with pytest.raises(StoreFailed):
            await flush(queue)
        assert store.writes == 2
        await asyncio.sleep(1)
        assert store.writes == 2, "a write that failed is never tried again"

    virtually(main())


def test_a_bug_in_a_store_stops_the_queue_as_a_full_disk_does():
    async def main() -> None:
        watcher = Watcher()
        queue = queue_of(WatchedStore(fails=lambda _: ZeroDivisionError("bug")), watcher)
        fill(queue, 1)
        with pytest.raises(StoreFailed, match="the store failed: ZeroDivisionError: bug"):
            await flush(queue)
        assert len(watcher.failed) == 1

    virtually(main())


# --- refusals


def test_a_run_that_was_taken_over_is_told_and_the_others_go_on():
    async def main() -> None:
        store = WatchedStore()
        watcher = Watcher()
        queue = queue_of(store, watcher)
        store.inner.lease(A, YOU, now_ms=0, life_ms=10)
        store.inner.lease(A, YOU, now_ms=0, life_ms=10)
        store.inner.release(store.inner.lease(A, YOU, now_ms=0, life_ms=10))
        store.inner.lease(A, YOU, now_ms=0, life_ms=10)
        fill(queue, 1, run=A)
        fill(queue, 1, run=B)
        await flush(queue)
        assert [(run, type(error)) for run, error in watcher.refused.items()] == [(A, LeaseLost)]
        assert store.read(A) == []
        assert len(store.read(B)) == 1

    virtually(main())


def keyed(run: RunId, key: str) -> Any:
    return record(run, 1, head=head(run, key))


def test_a_run_whose_events_are_out_of_order_does_not_stop_the_others():
    async def main() -> None:
        watcher, store = Watcher(), WatchedStore()
        queue = queue_of(store, watcher)
        for run, seq in ((A, 1), (B, 3), (C, 1)):
            queue.append(record(run, seq))
        await flush(queue)
        assert list(watcher.refused) == [B]
        assert watcher.refused[B].code == "IL7018"
        assert watcher.failed == []
        assert [len(store.read(run)) for run in (A, B, C)] == [1, 0, 1]
        queue.close()

    virtually(main())


def test_a_start_whose_key_is_taken_does_not_stop_the_others():
    async def main() -> None:
        store = WatchedStore()
        watcher = Watcher()
        queue = queue_of(store, watcher)
        queue.append(keyed(A, "k"))
        await flush(queue)
        queue.append(keyed(B, "k"))
        queue.append(record(C, 1))
        queue.append(record(A, 2))
        await flush(queue)
        assert [(run, type(error)) for run, error in watcher.refused.items()] == [(B, KeyTaken)]
        assert [len(store.read(run)) for run in (A, B, C)] == [2, 0, 1]
        assert watcher.failed == []

    virtually(main())


async def test_what_a_refused_start_handed_in_meanwhile_leaves_no_gap():
    """While its first record is in flight a run that runs ahead hands in more."""
    store = HeldStore()
    watcher = Watcher()
    queue = queue_of(store, watcher)
    queue.append(keyed(A, "k"))
    queue.when_durable(queue.appended, lambda: None)
    await store.next_write()
    queue.append(keyed(B, "k"))
    queue.when_durable(queue.appended, lambda: None)
    store.let_go()
    await store.next_write()
    fill(queue, 2, run=B, first=2)
    fill(queue, 1, run=C)
    fill(queue, 1, run=B, first=4)
    store.let_go(9)
    await flush(queue)
    assert isinstance(watcher.refused[B], KeyTaken)
    assert watcher.failed == []
    assert queue.durable == queue.appended == 6
    assert [len(store.read(run)) for run in (A, B, C)] == [1, 0, 1]
    queue.close()


async def test_when_all_that_is_left_is_of_a_refused_start_it_counts_as_taken():
    store = HeldStore()
    watcher = Watcher()
    queue = queue_of(store, watcher)
    store.inner.write([keyed(A, "k")])
    queue.append(keyed(B, "k"))
    queue.when_durable(queue.appended, lambda: None)
    await store.next_write()
    fill(queue, 2, run=B, first=2)
    store.let_go(9)
    await flush(queue)
    assert isinstance(watcher.refused[B], KeyTaken)
    assert store.sizes == [1, 1], "the group, and each of its runs alone"
    queue.close()


async def test_groups_keep_their_bound_after_a_refusal():
    store = HeldStore()
    watcher = Watcher()
    queue = queue_of(store, watcher)
    store.inner.write([keyed(A, "k")])
    queue.append(keyed(B, "k"))
    queue.when_durable(queue.appended, lambda: None)
    await store.next_write()
    fill(queue, 3, run=B, first=2)
    fill(queue, 2 * GROUP_EVENTS_MAX, run=C)
    between = fill(queue, 1, run=B, first=5)
    told: list[int] = []
    queue.when_durable(between, lambda: told.append(queue.durable))
    fill(queue, 1, run=C, first=2 * GROUP_EVENTS_MAX + 1)
    store.let_go(9)
    await flush(queue)
    assert store.sizes == [1, 1, GROUP_EVENTS_MAX, GROUP_EVENTS_MAX, 1]
    assert told == [between], "as soon as what stands before it is durable"
    assert queue.durable == queue.appended
    assert set(watcher.refused) == {B}
    queue.close()


def test_a_failure_while_runs_are_written_apart_ends_the_queue():
    async def main() -> None:
        def fails(records: Any) -> StoreError | None:
            return StoreFailed("full") if [each.run for each in records] == [C] else None

        store = WatchedStore(fails=fails)
        watcher = Watcher()
        queue = queue_of(store, watcher)
        queue.append(keyed(A, "k"))
        await flush(queue)
        queue.append(keyed(B, "k"))
        queue.append(record(C, 1))
        with pytest.raises(StoreFailed, match="full"):
            await flush(queue)
        assert len(watcher.failed) == 1

    virtually(main())


def test_a_run_that_was_fenced_while_runs_are_written_apart_is_told():
    async def main() -> None:
        store = WatchedStore()
        watcher = Watcher()
        queue = queue_of(store, watcher)
        queue.append(keyed(A, "k"))
        await flush(queue)
        for _ in range(2):
            store.inner.release(store.inner.lease(C, YOU, now_ms=0, life_ms=10))
        queue.append(keyed(B, "k"))
        queue.append(record(C, 1))
        await flush(queue)
        assert {run: type(error) for run, error in watcher.refused.items()} == {
            B: KeyTaken,
            C: LeaseLost,
        }

    virtually(main())
