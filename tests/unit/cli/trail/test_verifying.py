"""Verifying a store in which something is erased meanwhile."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, cast

from interlock.audit import Expected, LogVerdict
from interlock.cli.trail.verifying import verified
from interlock.journal import StoredEvent
from interlock.store import MemoryStore, ReadStore
from interlock.testing.erasing import ADA, erasure_of, event_record, settled
from interlock.testing.store import A, B
from interlock.values import RunId, ValueRef


def store_of(*runs: RunId) -> MemoryStore:
    store = MemoryStore()
    store.write([event_record(run, seq, settled(ADA)) for run in runs for seq in (1, 2)])
    return store


class Erasing:
    """A store in which a run is erased in the moment that something is first read."""

    def __init__(self, store: MemoryStore, moment: str, runs: Iterable[RunId]) -> None:
        self._store = store
        self._moment = moment
        self._runs = iter(runs)

    def values(self, run: RunId, refs: Iterable[ValueRef]) -> dict[ValueRef, bytes]:
        self._erase("values")
        return self._store.values(run, refs)

    def leaves(self, *, first: int = 0, limit: int = 1_000) -> list[tuple[RunId, StoredEvent]]:
        self._erase("leaves")
        return self._store.leaves(first=first, limit=limit)

    def _erase(self, moment: str) -> None:
        run = next(self._runs, None) if moment == self._moment else None
        if run is not None:
            assert self._store.erase(erasure_of(self._store, run, {1, 2})) is not None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


class ErasingEachTime(Erasing):
    """A store in which one more run is erased whenever it is verified."""

    is_due = False

    def log_edge(self) -> tuple[int, bytes]:
        self.is_due = True
        return self._store.log_edge()

    def _erase(self, moment: str) -> None:
        if self.is_due and moment == self._moment:
            self.is_due = False
            super()._erase(moment)


def verdict_on(store: object) -> LogVerdict:
    return verified(cast(ReadStore, store), (), published=None, expected=Expected())


def test_an_erasure_that_comes_meanwhile_is_no_alarm():
    for moment in ("values", "leaves"):
        verdict = verdict_on(Erasing(store_of(A), moment, [A]))
        assert (verdict.findings, verdict.erased, verdict.head.size) == ((), 4, 3), moment
        verdict = verdict_on(Erasing(store_of(A, B), moment, [A, B]))
        assert (verdict.findings, verdict.erased, verdict.head.size) == ((), 8, 6), moment


def test_erasures_that_go_on_all_the_time_are_no_alarm():
    runs = [RunId(f"R{number}") for number in range(5)]
    store = store_of(*runs)
    erasing = ErasingEachTime(store, "values", runs)
    assert verdict_on(erasing).findings == ()
    assert store.log_size() == 10 + 2
    assert verdict_on(store).findings == ()


class Growing:
    """A store that is written each time that it is asked how large its log is."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    def log_size(self) -> int:
        self._store.write([event_record(B, len(self._store.read(B)) + 1, settled(ADA))])
        return self._store.log_size()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def test_what_is_wrong_is_told_though_the_log_grows_all_the_time():
    store = MemoryStore()
    store.write([replace(event_record(A, 1, settled(ADA)), values=())])
    assert [each.kind for each in verdict_on(Growing(store)).findings] == ["value_missing"]
