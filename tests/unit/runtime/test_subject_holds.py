"""Holds on data subjects: what is theirs neither goes with them, nor with a run, nor with time."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path as FilePath

import pytest

from interlock.audit import Retention
from interlock.errors import OnHold, UsageError
from interlock.journal import STORE_JOURNAL, HoldPlaced, principal_of
from interlock.plan import Plan
from interlock.runtime import (
    Erased,
    erase,
    forget,
    forgetting_of,
    place_hold,
    place_subject_hold,
    plan_pruning,
    prune,
    read_keeping,
    release_hold,
    removals,
)
from interlock.store import Store, open_store
from interlock.testing import CountingIds, VirtualClock
from interlock.values import RunId
from unit.runtime.test_forgetting import OWNED
from unit.runtime.test_subjects import planned, run_of

ADA, BOB = "Ada Lovelace", "Bob Babbage"
BY = principal_of("dpo")
HOLD = HoldPlaced(reason="case 7")
PLAN = planned(OWNED)
JOINT = planned(
    OWNED.replace(
        "inputs: {text: {type: string, subject: value}}",
        "inputs: {text: {type: string, subject: 'value.split(\",\")'}}",
    )
)
KEEP = Retention(values_ms=1, events_ms=1)
LATER = 4_000_000_000_000


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: FilePath) -> Iterator[Store]:
    kind = "memory:" if request.param == "memory" else str(tmp_path / "j.db")
    with closing(open_store(kind)) as made:
        yield made


def run_with(store: Store, text: str, plan: Plan = PLAN) -> RunId:
    return asyncio.run(run_of(store, plan, text=text)).run


def held(store: Store, name: str = ADA) -> int:
    return place_subject_hold(store, name, HOLD, by=BY).seq


def forgotten(store: Store, name: str) -> None:
    forget(store, name, by=BY, rule="Art. 17", reason="they asked")


def erased(store: Store, run: RunId) -> Erased:
    return erase(store, run, {1: ["inputs"]}, by=BY, rule="Art. 17")


def pruned(store: Store) -> set[RunId]:
    done = prune(store, KEEP, by=BY, clock=VirtualClock(start_ms=LATER), ids=CountingIds())
    return {*done.runs["values"], *done.runs["events"]}


def test_a_hold_that_is_placed_again_names_the_runs_that_came_since(store: Store):
    runs = [run_with(store, ADA)]
    first = place_subject_hold(store, ADA, HOLD, by=BY)
    runs.append(run_with(store, ADA))
    second = place_subject_hold(store, ADA, HOLD, by=BY)
    named = [each.event.runs for each in (first, second) if isinstance(each.event, HoldPlaced)]
    assert named == [frozenset(runs[:1]), frozenset(runs)]


def test_nothing_of_a_held_subject_goes_until_it_is_released(store: Store):
    hers, his = run_with(store, ADA), run_with(store, BOB)
    number = held(store)
    later = run_with(store, ADA)
    before = store.read(hers) + store.read(later)
    for act in (forgotten, lambda store, name: list(removals(store, forgetting_of(store, name)))):
        with pytest.raises(OnHold, match=f"is on hold {number}, placed by dpo"):
            act(store, ADA)
    for run in (hers, later):
        with pytest.raises(OnHold, match=f"run {run} is on hold {number}"):
            erased(store, run)
    plan = plan_pruning(store, KEEP, now_ms=LATER)
    assert {due.head.run for due, _ in plan.held} == {hers, later}
    assert pruned(store) == {his}
    assert store.read(hers) + store.read(later) == before
    forgotten(store, BOB)
    release_hold(store, number, reason="closed", by=BY)
    erased(store, later)
    forgotten(store, ADA)
    assert store.subjects.find(names=[ADA, BOB]) == []
    assert pruned(store) == {hers, later}


def test_what_a_held_subject_owns_with_others_does_not_go_with_them(store: Store):
    run_with(store, BOB)
    both = run_with(store, f"{ADA},{BOB}", JOINT)
    number = held(store)
    after = run_with(store, f"{BOB},{ADA}", JOINT)
    assert read_keeping(store).holds[number].event.runs == {both}
    for act in (lambda: forgotten(store, BOB), lambda: erased(store, after)):
        with pytest.raises(OnHold):
            act()
    assert store.subjects.find(names=[BOB])


def test_a_key_is_held_even_where_no_run_needs_it(store: Store):
    hers = run_with(store, ADA)
    held_only = HoldPlaced(reason="case 7", graph="of no run")
    number = place_subject_hold(store, ADA, held_only, by=BY).seq
    erased(store, hers)
    with pytest.raises(OnHold, match=f"data subject [0-9a-f]{{32}} is on hold {number}"):
        forgotten(store, ADA)
    assert store.subjects.find(names=[ADA])


def test_the_journal_never_has_the_name(store: Store):
    run_with(store, ADA)
    with pytest.raises(UsageError, match="names the subject"):
        place_subject_hold(store, ADA, HoldPlaced(reason=f"{ADA} against us"), by=BY)
    with pytest.raises(UsageError, match="names the subject"):
        place_subject_hold(store, ADA, HOLD, by=principal_of(ADA))
    assert store.read(STORE_JOURNAL) == []
    number = held(store)
    with pytest.raises(UsageError, match="names the subject"):
        release_hold(store, number, reason=f"{ADA} lost", by=BY)
    release_hold(store, number, reason="closed", by=BY)
    (key,) = store.subjects.find(names=[ADA])
    forgotten(store, ADA)
    bodies = b"".join(event.body for event in store.read(STORE_JOURNAL))
    assert (ADA.encode() in bodies, key.id.encode() in bodies) == (False, True)


def test_who_is_not_known_cannot_be_held(store: Store):
    run_with(store, BOB)
    with pytest.raises(UsageError, match="no value in this store"):
        held(store)
    assert store.read(STORE_JOURNAL) == []


def test_a_hold_that_comes_while_the_subject_is_erased_wins(store: Store):
    runs = [run_with(store, ADA) for _ in range(2)]
    done: list[Erased] = []

    def place(one: Erased) -> None:
        done.append(one)
        if len(done) == 1:
            held(store)

    with pytest.raises(OnHold):
        forget(store, ADA, by=BY, rule="Art. 17", reason="they asked", tell=place)
    assert len(done) == 1
    assert store.subjects.find(names=[ADA])
    assert set(forgetting_of(store, ADA).chosen) < set(runs)


def test_a_hold_on_something_else_keeps_no_subject(store: Store):
    hers, his = run_with(store, ADA), run_with(store, BOB)
    place_hold(store, HoldPlaced(reason="case 8", held=his), by=BY)
    forgotten(store, ADA)
    assert store.subjects.find(names=[ADA]) == []
    assert store.head(hers) is not None
