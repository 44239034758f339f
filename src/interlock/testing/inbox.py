"""What a store must do with messages, and with runs that need an owner."""

from contextlib import closing

from interlock.errors import LeaseHeld, LimitExceeded, RunNotFound, StoreFailed, UsageError
from interlock.journal import RunStatus
from interlock.store import MESSAGE_BYTES_MAX, Store
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
)
from interlock.values import RunId


def ids(store: Store, run: RunId | None = None) -> list[str]:
    """Return the ids of the messages that nobody has taken."""
    return [each.id for each in store.inbox(run=run)]


class InboxConformance:
    """What a store does with messages."""

    def make(self) -> Store:
        """Return a new, empty store."""
        raise NotImplementedError

    def test_messages_come_back_oldest_first(self) -> None:
        with closing(self.make()) as store:
            store.write([record(A, 1, head=head(A)), record(B, 1, head=head(B))])
            assert store.inbox() == []
            assert store.post(message(B, "z", body=EVERY_BYTE))
            assert store.post(message(A, "y", kind="pause", body=b""))
            assert store.post(message(B, "x"))
            first = message(B, "z", body=EVERY_BYTE, number=1)
            second = message(A, "y", kind="pause", body=b"", number=2)
            third = message(B, "x", number=3)
            assert store.inbox() == [first, second, third]
            assert store.inbox(run=B) == [first, third]
            assert store.inbox(run=C) == []
            assert store.inbox(after=1) == [second, third]
            assert store.inbox(run=B, after=1) == [third]
            assert store.inbox(limit=2) == [first, second]
            assert store.inbox(limit=0) == store.inbox(limit=-1) == []

    def test_a_message_is_posted_once(self) -> None:
        with closing(self.make()) as store:
            store.write([record(A, 1, head=head(A)), record(B, 1, head=head(B))])
            assert store.post(message(A, "1", body=b"first"))
            assert not store.post(message(A, "1", body=b"second"))
            assert [each.body for each in store.inbox()] == [b"first"]
            store.write([record(A, 2, taken=["1"])])
            assert not store.post(message(A, "1")), "it was taken, and is known all the same"
            assert store.inbox() == []
            assert store.post(message(B, "1")), "an id belongs to its run"

    def test_an_event_takes_messages(self) -> None:
        with closing(self.make()) as store:
            store.write([record(A, 1, head=head(A)), record(B, 1, head=head(B))])
            for run, name in ((A, "1"), (A, "2"), (A, "3"), (B, "1")):
                store.post(message(run, name))
            store.write([record(A, 2, taken=["1"]), record(A, 3, taken=["3"])])
            assert ids(store, A) == ["2"]
            assert ids(store, B) == ["1"]

    def test_a_message_that_is_not_there_is_not_taken(self) -> None:
        with closing(self.make()) as store:
            store.write([record(A, 1, head=head(A)), record(B, 1, head=head(B))])
            store.post(message(A, "1"))
            wrong = {
                "unknown": [record(A, 2, taken=["2"])],
                "of another run": [record(B, 2, taken=["1"])],
                "twice": [record(A, 2, taken=["1"]), record(A, 3, taken=["1"])],
                "with others": [record(B, 2), record(A, 2, taken=["1", "2"])],
            }
            for name, batch in wrong.items():
                error = refusal(StoreFailed, lambda batch=batch: store.write(batch))
                assert error.code == "IL7018", name
            assert ids(store) == ["1"]
            assert len(bodies(store, A)) == len(bodies(store, B)) == 1
            store.write([record(A, 2, taken=["1"])])
            again = refusal(StoreFailed, lambda: store.write([record(A, 3, taken=["1"])]))
            assert again.code == "IL7018"

    def test_a_fenced_event_takes_nothing(self) -> None:
        with closing(self.make()) as store:
            store.write([record(A, 1, head=head(A))])
            store.post(message(A, "1"))
            store.lease(A, ME, now_ms=0, life_ms=1)
            store.lease(A, YOU, now_ms=1, life_ms=9)
            assert store.write([record(A, 2, epoch=1, taken=["1"])]) == {A}
            assert ids(store) == ["1"]

    def test_what_cannot_be_taken_is_not_posted(self) -> None:
        with closing(self.make()) as store:
            refusal(RunNotFound, lambda: store.post(message(A, "1")))
            store.write([record(A, 1, head=head(A))])
            store.post(message(A, "1", body=b" " * MESSAGE_BYTES_MAX))
            too_long = message(A, "2", body=b" " * (MESSAGE_BYTES_MAX + 1))
            refusal(LimitExceeded, lambda: store.post(too_long))
            for bad in ("", "a\nb", "\0", "é", "x" * 129):
                refusal(UsageError, lambda bad=bad: store.post(message(A, bad)))
            assert ids(store) == ["1"]

    def test_a_message_posted_from_many_threads_is_there_once(self) -> None:
        with closing(self.make()) as store:
            store.write([record(A, 1, head=head(A))])
            taken = list[bool]()
            in_threads([lambda: taken.append(store.post(message(A, "1")))] * 8)
            assert sorted(taken) == [False] * 7 + [True]
            assert len(store.inbox()) == 1

    def test_a_run_is_let_go_with_its_head(self) -> None:
        with closing(self.make()) as store:
            store.write([record(A, 1, head=head(A))])
            lease = store.lease(A, ME, now_ms=0, life_ms=99)
            waiting = head(A, status="waiting", wake_ms=50)
            assert store.release(lease, head=waiting)
            assert store.head(A) == waiting
            assert store.lease(A, YOU, now_ms=1, life_ms=99).epoch == 3
            assert store.release(lease, head=head(A, status="paused")), "it has moved on"
            assert store.head(A) == waiting
            refusal(LeaseHeld, lambda: store.lease(A, ME, now_ms=2, life_ms=99))

    def test_a_run_with_messages_is_not_put_to_sleep(self) -> None:
        with closing(self.make()) as store:
            store.write([record(A, 1, head=head(A))])
            lease = store.lease(A, ME, now_ms=0, life_ms=99)
            store.post(message(A, "1"))
            store.post(message(A, "2"))
            assert not store.release(lease, head=head(A, status="waiting"))
            assert not store.release(lease, head=head(A, status="waiting"), taken=["1"])
            assert store.head(A) == head(A)
            assert ids(store) == ["1", "2"]
            refusal(LeaseHeld, lambda: store.lease(A, YOU, now_ms=1, life_ms=99))
            assert store.release(lease, head=head(A, status="waiting"), taken=["1", "2"])
            assert store.inbox() == []
            assert not store.post(message(A, "2"))

    def test_a_run_with_messages_may_be_left_as_it_is(self) -> None:
        with closing(self.make()) as store:
            store.write([record(A, 1, head=head(A))])
            store.post(message(A, "1"))
            store.post(message(A, "2"))
            assert store.release(store.lease(A, ME, now_ms=0, life_ms=99), taken=["1"])
            assert ids(store) == ["2"]
            assert store.head(A) == head(A)
            store.lease(A, YOU, now_ms=1, life_ms=99)


class ReadyConformance:
    """Which runs a store says need an owner."""

    def make(self) -> Store:
        """Return a new, empty store."""
        raise NotImplementedError

    def test_queued_runs_come_by_priority_and_age(self) -> None:
        priorities = {"01A": 0, "01B": 5, "01C": 0, "01D": -1, "01E": 5}
        with closing(self.make()) as store:
            for run, priority in priorities.items():
                queued = head(RunId(run), status="queued", priority=priority)
                store.write([record(RunId(run), 1, head=queued)])
            found = store.ready(now_ms=0)
            assert [each.run for each in found] == ["01B", "01E", "01A", "01C", "01D"]
            assert [each.priority for each in found] == [5, 5, 0, 0, -1]
            assert [each.run for each in store.ready(now_ms=0, limit=2)] == ["01B", "01E"]
            oldest = store.ready(now_ms=0, limit=3, by_age=True)
            assert [each.run for each in oldest] == ["01A", "01B", "01C"]
            begun = RunId("01F")
            store.write([record(begun, 1, head=head(begun))])
            assert store.ready(now_ms=0, limit=1, by_age=True)[0].run == begun
            assert store.ready(now_ms=0, limit=0) == store.ready(now_ms=0, limit=-1) == []

    def test_a_run_that_is_driven_is_left_alone(self) -> None:
        with closing(self.make()) as store:
            statuses: dict[RunId, RunStatus] = {A: "queued", B: "running", C: "waiting"}
            for run, status in statuses.items():
                store.write([record(run, 1, head=head(run, status=status, wake_ms=3))])
                store.post(message(run, "1"))
                store.lease(run, ME, now_ms=0, life_ms=10)
            assert store.ready(now_ms=9) == []
            assert [each.run for each in store.ready(now_ms=10)] == [B, C, A]

    def test_what_a_lost_owner_was_at_is_taken_up(self) -> None:
        statuses: tuple[RunStatus, ...] = (
            *("queued", "running", "waiting", "paused", "in_doubt"),
            *("succeeded", "failed", "refused", "cancelled"),
        )
        for status in statuses:
            is_open = statuses.index(status) < 5
            with closing(self.make()) as store:
                store.write([record(A, 1, head=head(A, status=status))])
                lease = store.lease(A, ME, now_ms=0, life_ms=10)
                assert len(store.ready(now_ms=10)) == is_open, status
                store.release(lease)
                assert len(store.ready(now_ms=10)) == (status in ("queued", "running")), status

    def test_a_waiting_run_is_ready_at_its_time(self) -> None:
        with closing(self.make()) as store:
            store.write([record(B, 1, head=head(B, status="waiting", wake_ms=100))])
            store.write([record(A, 1, head=head(A, status="waiting", wake_ms=200))])
            store.write([record(C, 1, head=head(C, status="paused"))])
            assert store.ready(now_ms=99) == []
            assert [each.run for each in store.ready(now_ms=100)] == [B]
            assert [each.run for each in store.ready(now_ms=200)] == [A, B]

    def test_a_run_with_messages_is_ready(self) -> None:
        with closing(self.make()) as store:
            statuses: dict[RunId, RunStatus] = {A: "waiting", B: "failed", C: "queued"}
            for run, status in statuses.items():
                store.write([record(run, 1, head=head(run, status=status))])
            assert [each.run for each in store.ready(now_ms=0)] == [C]
            store.post(message(B, "1"))
            store.post(message(C, "1"))
            assert [each.run for each in store.ready(now_ms=0)] == [B, C]
            store.post(message(A, "1"))
            assert [each.run for each in store.ready(now_ms=0)] == [A, B, C]
            assert [each.run for each in store.ready(now_ms=0, limit=1)] == [A]
            store.write([record(B, 2, taken=["1"])])
            assert [each.run for each in store.ready(now_ms=0)] == [A, C]
