"""Erasing a data subject, when something goes wrong, and when it must not be."""

import asyncio
from contextlib import suppress
from typing import Any, Literal

import pytest

from interlock.actions import Registry, action
from interlock.errors import ContentErased, OnHold, StoreFailed
from interlock.graph import load
from interlock.journal import HoldPlaced, RunMigrated, open_envelope, principal_of
from interlock.plan import compile as compile_graph
from interlock.replay import verify
from interlock.runtime import Erased, Runtime, forget, forgetting_of, place_hold, read_entries
from interlock.store import MemoryStore, Store
from interlock.testing import Fault, FaultyStore
from interlock.values import Path, RunId
from unit.runtime.test_subjects import EVERYTHING, FREE, REGISTRY, planned, run_of

Moment = Literal["before", "after"]
BY = principal_of("dpo")
ADA = "Ada Lovelace"
OWNED = FREE.replace("text: {type: string}", "text: {type: string, subject: value}")


def two_runs(store: Store) -> list[RunId]:
    plan = planned(OWNED)
    return [asyncio.run(run_of(store, plan, text=ADA)).run for _ in range(2)]


def erased(store: Store) -> None:
    forget(store, ADA, by=BY, rule="Art. 17", reason="she asked")


def left_of(store: Store, runs: list[RunId]) -> list[bytes]:
    bodies = [event.body for run in runs for event in store.read(run)]
    return [body for body in bodies if b"hmac-sha256:" in body]


class Later:
    """A clock that stands at a time when the leases of who died have expired."""

    def now_ms(self) -> int:
        return 4_000_000_000_000


MOMENTS: tuple[Moment, ...] = ("before", "after")


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("write_no", range(1, 9))
def test_what_was_interrupted_is_done_by_doing_it_again(write_no: int, moment: Moment):
    store = MemoryStore()
    runs = two_runs(store)
    with suppress(StoreFailed):
        erased(FaultyStore(store, [Fault(write_no=write_no, moment=moment)]))
    # As long as something of hers is left, her key is there: so it can still be found.
    assert store.subjects.find(names=[ADA]) or left_of(store, runs) == []
    forget(store, ADA, by=BY, rule="Art. 17", reason="she asked", clock=Later())
    assert store.subjects.find(names=[ADA]) == []
    assert left_of(store, runs) == []
    for run in runs:
        with pytest.raises(ContentErased):
            list(read_entries(store, run))


def test_an_erasure_takes_no_more_writes_than_are_interrupted():
    faulty = FaultyStore(MemoryStore(), [])
    two_runs(faulty)
    before = faulty.writes
    erased(faulty)
    assert faulty.writes - before <= 8


def test_a_run_on_hold_keeps_all_runs_of_its_subject():
    store = MemoryStore()
    runs = two_runs(store)
    place_hold(store, HoldPlaced(reason="case 7", held=runs[1]), by=BY)
    before = [store.read(run) for run in runs]
    with pytest.raises(OnHold):
        erased(store)
    assert [store.read(run) for run in runs] == before
    assert store.subjects.find(names=[ADA])
    assert forgetting_of(store, ADA).chosen.keys() == set(runs)


def test_a_run_that_ends_while_its_subject_is_erased_goes_with_it():
    store = MemoryStore()
    runs = two_runs(store)

    def begin(_: Erased) -> None:
        if len(runs) < 4:
            runs.extend(two_runs(store))

    forget(store, ADA, by=BY, rule="Art. 17", reason="she asked", tell=begin)
    assert len(runs) == 4
    assert store.subjects.find(names=[ADA]) == []
    assert left_of(store, runs) == []


def test_a_store_of_many_pages_is_searched_to_its_end(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("interlock.runtime.disposal.forgetting.PAGE", 2)
    store = MemoryStore()
    runs = two_runs(store)
    assert store.log_size() > 4
    erased(store)
    assert left_of(store, runs) == []


@action("text.stutters", effect="read")
def stutters(text: str) -> str:
    """Fail, and say the text in a way of its own."""
    raise ValueError(" ".join(text))


def test_words_about_a_subject_go_whatever_they_say_of_it():
    store = MemoryStore()
    registry = Registry([*REGISTRY, stutters])
    text = OWNED.replace("call: text.plain", "call: text.stutters")

    async def main() -> RunId:
        async with Runtime(store, registry) as runtime:
            return (await runtime.run(compile_graph(load(text).graph, registry), {"text": ADA})).run

    run, said = asyncio.run(main()), " ".join(ADA).encode()
    kinds = {str(open_envelope(each.body)["type"]) for each in store.read(run) if said in each.body}
    assert kinds >= {"AttemptFailed", "NodeSettled"}
    erased(store)
    assert not [each for each in store.read(run) if said in each.body]


def test_what_persons_said_about_a_subject_goes_with_it():
    store = MemoryStore()
    asks = "  ok: {gate: {for: [noted], ask: 'Write to ${{ inputs.text }}?'}}\n  noted:"
    plan = planned(OWNED.replace("  noted:", asks).replace("'${{ said }}'}}", "x}, needs: [ok]}"))

    async def main() -> RunId:
        async with Runtime(store, REGISTRY) as runtime:
            run = (await runtime.run(plan, {"text": ADA})).run
            await runtime.approve(run, Path("ok"), reason="daughter of the poet")
            return run

    run = asyncio.run(main())
    assert [each for each in store.read(run) if b"the poet" in each.body]
    erased(store)
    assert not [each for each in store.read(run) if b"the poet" in each.body]


def test_the_key_of_a_run_goes_where_it_names_the_subject():
    store, plan = MemoryStore(), planned(OWNED)

    async def main() -> list[RunId]:
        async with Runtime(store, REGISTRY) as runtime:
            keys = (f"letter to {ADA}", "another letter")
            return [(await runtime.run(plan, {"text": ADA}, key=key)).run for key in keys]

    named, unnamed = asyncio.run(main())
    erased(store)
    heads = [store.head(run) for run in (named, unnamed)]
    assert [head.key for head in heads if head is not None] == [None, "another letter"]
    assert not [event for event in store.read(named) if ADA.encode() in event.body]


async def test_a_run_with_subjects_goes_on_with_code_that_has_changed():
    store, plan = MemoryStore(), planned(EVERYTHING)
    async with Runtime(store, REGISTRY) as runtime:
        run = (await runtime.run(plan, {"customer": "customer 4711"})).run
        await runtime.signal(run, "paid", {"by": "Charles Babbage"})

    @action("crm.log", effect="write", version="2")
    def log(text: str) -> dict[str, Any]:
        """Write a note in another way."""
        return {"noted": text}

    kept = [each for each in REGISTRY if each.name != "crm.log"]
    async with Runtime(store, Registry([*kept, log])) as runtime:
        # The first one is about what would have run before.
        for _ in range(2):
            await runtime.approve(run, Path("ok"))
    entries = list(read_entries(store, run))
    assert RunMigrated in {type(entry.event) for entry in entries}
    assert verify(run, entries).status == "failed"
