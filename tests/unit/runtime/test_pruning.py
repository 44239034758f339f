"""Pruning: what goes when its time is over, what stays, and what a crash in between leaves.

What a store does in one step is tested in `interlock.testing.pruning`, what a verifier says in
`unit/audit/test_pruned_logs.py`.
"""

from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path as File
from threading import Event, Thread

import pytest

from interlock.actions import Registry, action
from interlock.audit import (
    Expected,
    KnownTree,
    LogVerdict,
    Retention,
    TreeHead,
    verify_log,
)
from interlock.errors import ContentPruned, JournalCorrupt, OnHold, StoreFailed, UsageError
from interlock.graph import load
from interlock.journal import (
    HoldPlaced,
    Lease,
    Message,
    OwnerId,
    Principal,
    RunsPruned,
    open_envelope,
    principal_of,
    refs_of,
)
from interlock.plan import compile as compiled
from interlock.runtime import (
    Ids,
    PruningResult,
    Removal,
    Runtime,
    SystemIds,
    erase,
    place_hold,
    plan_pruning,
    prune,
    read_entries,
    read_keeping,
    release_hold,
    require_not_held,
)
from interlock.store import INLINE_BYTES_MAX, Store, kept_log, open_store
from interlock.testing import CountingIds, Fault, FaultyStore, VirtualClock, run_virtual
from interlock.values import Path, RunId, ValueRef

DAY = 86_400_000
EVE = Principal(name="eve")
ONE, TWO, OPEN = RunId("R1"), RunId("R2"), RunId("R3")
SECRET = "Ada Lovelace, born in 1815"
LATER = 500 * DAY
KEEP = Retention(values_ms=30 * DAY, events_ms=90 * DAY)
GRAPH = """
interlock: 1
name: greet
inputs: {name: {type: string}}
nodes:
  ask: {gate: {ask: 'Greet ${{ inputs.name }}?'}}
  greet: {call: greet, with: {name: '${{ inputs.name }}'}, needs: [ask]}
outputs: {text: '${{ greet }}'}
"""


@action("greet", effect="read")
async def greet(name: str) -> str:
    return f"Dear {name}" + "." * INLINE_BYTES_MAX


@pytest.fixture(params=["memory:", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: File) -> Iterator[Store]:
    url = "memory:" if request.param == "memory:" else str(tmp_path / "j.db")
    with closing(open_store(url)) as found:
        yield found


def run_one(
    store: Store, run: RunId = ONE, *, ends: bool = True, at_ms: int = 0, ids: Ids | None = None
) -> None:
    """Run a graph that asks once before it goes on."""

    async def main() -> None:
        registry = Registry([greet])
        plan = compiled(load(GRAPH).graph, registry)
        clock = VirtualClock(start_ms=at_ms)
        async with Runtime(store, registry, clock=clock, ids=ids or CountingIds()) as runtime:
            await runtime.run(plan, {"name": SECRET}, run=run, key=f"key {run}", principal="ann")
            if ends:
                await runtime.approve(run, Path("ask"), actor="bob", reason=f"I know {SECRET}")

    run_virtual(main())


def at(ms: int) -> VirtualClock:
    return VirtualClock(start_ms=ms)


def pruned(store: Store, keep: Retention = KEEP, *, now_ms: int = LATER) -> PruningResult:
    return prune(store, keep, by=EVE, clock=at(now_ms), ids=CountingIds())


def refs_in(store: Store, run: RunId) -> set[ValueRef]:
    return {ref for event in store.read(run) if event.body for ref in refs_of(event.body)}


def verdict_of(store: Store, *known: TreeHead, expected: Expected | None = None) -> LogVerdict:
    return verify_log(
        store.leaves(limit=10_000),
        kept_log(store),
        [KnownTree(tree=each) for each in known],
        expected=expected or Expected(now_ms=LATER + DAY),
    )


def kinds(store: Store, run: RunId) -> list[str]:
    return [
        str(open_envelope(event.body)["type"]) if event.body else "" for event in store.read(run)
    ]


def test_values_go_first_and_the_events_stay(store: Store):
    run_one(store)
    tree, before = verdict_of(store).head, store.read(ONE)
    refs = refs_in(store, ONE)
    done = pruned(store, Retention(values_ms=30 * DAY))
    assert (done.runs, done.events, done.skipped) == ({"values": [ONE], "events": []}, 0, {})
    assert done.shared == 2  # Output of node and run: longer than what is in rows of runs.
    assert store.read(ONE) == before
    left = store.values(ONE, refs)
    started = open_envelope(before[0].body)["refs"]
    assert isinstance(started, dict)
    assert set(left) == {str(started[name]) for name in ("document", "manifests")}
    verdict = verdict_of(store, tree)
    assert (verdict.findings, verdict.pruned.value_runs, verdict.pruned.events) == ((), {ONE}, 0)


def test_events_go_and_their_hashes_stay(store: Store):
    run_one(store)
    run_one(store, TWO)
    tree, rest = verdict_of(store).head, store.read(TWO)
    place_hold(store, HoldPlaced(reason="case 7", held=TWO), by=EVE, clock=at(0))
    done = pruned(store)
    assert done.runs == {"values": [ONE], "events": [ONE]}
    assert done.skipped == {TWO: "held"}
    found = kinds(store, ONE)
    assert (found[0], found[-1], set(found[1:-1])) == ("RunStarted", "RunSettled", {""})
    assert done.events == len(found) - 2
    text = b"".join(event.body for event in store.read(ONE))
    assert not any(word.encode() in text for word in (SECRET, "ann", "bob", "key R1"))
    assert b'"graph":"greet"' in text
    assert store.read(TWO) == rest
    assert set(store.values(TWO, refs_in(store, TWO))) == refs_in(store, TWO)  # Large ones, too.
    verdict = verdict_of(store, tree)
    assert (verdict.findings, len(verdict.agreed), verdict.runs) == ((), 1, 2)
    assert (verdict.pruned.runs, verdict.pruned.events) == ({ONE}, done.events)


def test_the_journal_of_the_store_tells_who_when_what_and_under_which_rule(store: Store):
    run_one(store)
    pruned(store, Retention(events_ms=90 * DAY))
    notes = read_keeping(store).pruned
    for what in ("values", "events"):
        note = notes[what][ONE]
        assert (note.entry.actor, note.entry.at_ms) == ("unauthenticated:eve", LATER)
        assert isinstance(note.entry.event, RunsPruned)
        assert (note.event.period_ms, note.event.rule) == (90 * DAY, f"{what} = 90d")
    head = store.head(ONE)
    assert head is not None
    assert (head.key, head.execution, head.status) == (f"key {ONE}", None, "succeeded")


def test_nothing_goes_before_its_time_and_nothing_twice(store: Store):
    run_one(store)
    head = store.head(ONE)
    assert head is not None
    at_values = head.updated_ms + 30 * DAY
    assert pruned(store, now_ms=at_values - 1).runs == {"values": [], "events": []}
    assert pruned(store, now_ms=at_values).runs == {"values": [ONE], "events": []}
    size = store.log_size()
    assert pruned(store, now_ms=at_values).runs == {"values": [], "events": []}
    assert store.log_size() == size
    assert pruned(store).runs == {"values": [], "events": [ONE]}
    assert pruned(store).runs == {"values": [], "events": []}
    assert verdict_of(store).findings == ()


def test_open_runs_and_runs_that_somebody_has_stay(store: Store):
    run_one(store, OPEN, ends=False)
    run_one(store, ONE)
    run_one(store, TWO)
    store.lease(TWO, OwnerId("somebody"), now_ms=LATER, life_ms=60_000)
    assert plan_pruning(store, KEEP, now_ms=LATER).due[0].head.run in (ONE, TWO)
    done = pruned(store)
    assert (done.runs["events"], done.skipped) == ([ONE], {TWO: "busy"})
    assert "" not in kinds(store, OPEN) + kinds(store, TWO)
    assert pruned(store, now_ms=LATER + DAY).runs["events"] == [TWO]


def test_events_wait_for_the_values_of_a_run_that_was_busy_when_these_went(store: Store):
    run_one(store)
    leases: list[Lease] = []

    def tell(step: str, done: int, _of: int) -> None:
        if step == "values" and done == 0:
            leases.append(store.lease(ONE, OwnerId("other"), now_ms=LATER, life_ms=DAY))
        elif step != "values" and leases:
            store.release(leases.pop())

    done = prune(store, KEEP, by=EVE, clock=at(LATER), ids=CountingIds(), tell=tell)
    assert (done.runs["values"], done.runs["events"], leases) == ([], [], [])
    assert verdict_of(store).findings == ()
    again = pruned(store)
    assert (again.runs["values"], again.runs["events"]) == ([ONE], [ONE])
    assert verdict_of(store).findings == ()


def test_a_run_that_is_to_go_on_stays(store: Store):
    run_one(store)
    actor = principal_of("ann").actor
    store.post(Message(id="m", run=ONE, kind="reopen", body=b"{}", actor=actor, created_ms=LATER))
    assert pruned(store).skipped == {ONE: "busy"}


def test_what_was_tampered_with_stays_as_evidence(tmp_path: File):
    import apsw

    path = str(tmp_path / "j.db")
    with closing(open_store(path)) as store:
        run_one(store)
        run_one(store, TWO)
    connection = apsw.Connection(path)
    changed = "CAST(replace(CAST(body AS TEXT), 'at_ms\":', 'at_ms\":1') AS BLOB)"
    connection.execute(f"UPDATE event SET body = {changed} WHERE run = ? AND seq = 3", (ONE,))
    connection.close()
    with closing(open_store(path)) as store:
        done = pruned(store)
        assert (done.runs["events"], done.skipped) == ([TWO], {ONE: "not as logged"})


def test_a_hold_keeps_its_runs_until_it_is_released(store: Store):
    run_one(store)
    run_one(store, TWO, at_ms=200 * DAY)
    holds = [
        HoldPlaced(reason="a run", held=ONE),
        HoldPlaced(reason="a graph", graph="greet"),
        HoldPlaced(reason="what began in the first days", before_ms=DAY),
        HoldPlaced(reason="everything"),
    ]
    for hold in holds:
        number = place_hold(store, hold, by=EVE, clock=at(LATER)).seq
        with pytest.raises(OnHold, match=f"R1 is on hold {number}, placed by eve"):
            require_not_held(store, ONE)
        with pytest.raises(OnHold):
            erase(store, ONE, {1: ["inputs"]}, by=EVE, rule="GDPR Art. 17")
        plan = plan_pruning(store, KEEP, now_ms=LATER)
        assert ONE in {due.head.run for due, _ in plan.held}
        assert ONE not in {due.head.run for due in plan.due}
        release_hold(store, number, reason="over", by=EVE, clock=at(LATER))
    missed = [
        HoldPlaced(reason="another graph", graph="pay"),
        HoldPlaced(reason="what ended later", after_ms=100 * DAY, graph="greet"),
    ]
    for hold in missed:
        place_hold(store, hold, by=EVE, clock=at(LATER))
    require_not_held(store, ONE)
    done = pruned(store)
    assert (done.runs["events"], done.skipped) == ([ONE], {TWO: "held"})
    assert verdict_of(store).findings == ()


def test_who_reads_a_pruned_run_is_told_when_by_whom_and_why(store: Store):
    run_one(store)
    for keep, what in ((Retention(values_ms=DAY), "the values"), (KEEP, "its events went")):
        pruned(store, keep)
        told = f"{what}.* 1971-05-16 00:00.*, by eve .*under the rule `(values|events) = "
        with pytest.raises(ContentPruned, match=told):
            list(read_entries(store, ONE))
    with pytest.raises(ContentPruned):
        erase(store, ONE, {1: ["inputs"]}, by=EVE, rule="GDPR Art. 17")


def test_who_erased_parts_of_a_pruned_run_is_still_told(store: Store):
    run_one(store)
    erase(store, ONE, {1: ["inputs"]}, by=EVE, rule="GDPR Art. 17", reason="they asked")
    told = store.read(ONE)[-1]
    assert open_envelope(told.body)["actor"] == "unauthenticated:eve"
    done = pruned(store)
    assert (done.runs["events"], done.skipped) == ([ONE], {})
    assert store.read(ONE)[-1] == told
    assert verdict_of(store).findings == ()


def test_a_hold_that_comes_between_two_batches_wins(store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("interlock.runtime.disposal.pruning.EVENTS_MAX", 1)
    run_one(store)
    run_one(store, TWO)
    clock = HeldMeanwhile(store, HoldPlaced(reason="case 7", held=TWO))
    done = prune(store, KEEP, by=EVE, clock=clock, ids=CountingIds())
    assert done.skipped == {TWO: "held"}
    assert TWO not in {*done.runs["values"], *done.runs["events"]}
    assert set(store.values(TWO, refs_in(store, TWO))) == refs_in(store, TWO)


def test_what_is_missing_and_was_not_pruned_is_no_pruning():
    with closing(open_store("memory:")) as store:
        run_one(store)
        store.drop_shared(refs_in(store, ONE), size=store.log_size())
        with pytest.raises(JournalCorrupt, match="is not in the store"):
            list(read_entries(store, ONE))


@pytest.mark.slow
def test_others_write_while_it_goes_on(tmp_path: File):
    path = str(tmp_path / "j.db")
    with closing(open_store(path)) as store:
        for number in range(8):
            run_one(store, RunId(f"R0{number}"))
    began, stop = Event(), Event()
    written: list[RunId] = []

    def write() -> None:
        with closing(open_store(path)) as other:
            while not stop.is_set():
                run = RunId(f"S{len(written):04}")
                run_one(other, run, at_ms=LATER, ids=SystemIds())
                written.append(run)
                began.set()

    worker = Thread(target=write, daemon=True)
    worker.start()
    assert began.wait(30)
    with closing(open_store(path)) as store:
        done = pruned(store)
        stop.set()
        worker.join(30)
        assert len(done.runs["events"]) == 8
        assert all(len(list(read_entries(store, run))) > 3 for run in written)
        verdict = verdict_of(store)
        assert (verdict.findings, verdict.runs) == ((), 8 + len(written))


def test_a_hold_needs_a_reason_and_is_released_once(store: Store):
    with pytest.raises(UsageError, match="a hold needs a reason"):
        place_hold(store, HoldPlaced(reason=" "), by=EVE)
    number = place_hold(store, HoldPlaced(reason="case 7"), by=EVE).seq
    with pytest.raises(UsageError, match="a release needs a reason"):
        release_hold(store, number, reason="", by=EVE)
    release_hold(store, number, reason="closed", by=EVE)
    for wrong, why in ((number, "was released before"), (99, "was never placed")):
        with pytest.raises(UsageError, match=why) as caught:
            release_hold(store, wrong, reason="closed", by=EVE)
        assert caught.value.code == "IL8605"


class HeldMeanwhile:
    """A clock at whose second look somebody else places a hold."""

    def __init__(self, store: Store, hold: HoldPlaced) -> None:
        self.store, self.hold, self.looks = store, hold, 0

    def now_ms(self) -> int:
        self.looks += 1
        if self.looks == 3:
            place_hold(self.store, self.hold, by=EVE, clock=at(LATER))
        return LATER


def test_a_hold_that_comes_meanwhile_wins(store: Store):
    run_one(store)
    run_one(store, TWO)
    clock = HeldMeanwhile(store, HoldPlaced(reason="case 7", held=TWO))
    done = prune(store, KEEP, by=EVE, clock=clock, ids=CountingIds())
    assert clock.looks >= 3
    assert (done.runs, done.skipped) == ({"values": [ONE], "events": [ONE]}, {TWO: "held"})
    assert verdict_of(store).findings == ()


def test_a_hold_that_comes_while_somebody_erases_wins(store: Store):
    run_one(store)
    run_one(store, TWO)
    hold = HoldPlaced(reason="case 7", held=ONE)
    placed: list[int] = []

    def check(_: Removal) -> None:
        if not placed:
            placed.append(place_hold(store, hold, by=EVE).seq)

    with pytest.raises(OnHold):
        erase(store, ONE, {1: ["inputs"]}, by=EVE, rule="GDPR Art. 17", check=check)
    placed.clear()
    done = erase(store, TWO, {1: ["inputs"]}, by=EVE, rule="GDPR Art. 17", check=check)
    assert done.event is not None


def test_after_a_crash_at_any_point_the_next_pruning_ends_it(tmp_path: File):
    writes = 0
    with closing(open_store("memory:")) as undisturbed:
        run_one(undisturbed)
        run_one(undisturbed, TWO)
        counting = FaultyStore(undisturbed)
        pruned(counting)
        writes = counting.writes
        wanted = kinds(undisturbed, ONE), kinds(undisturbed, TWO)
    assert writes >= 6
    for write_no in range(1, writes + 1):
        for moment in ("before", "after"):
            url = "memory:" if write_no % 2 else str(tmp_path / f"{write_no}{moment}.db")
            with closing(open_store(url)) as inner:
                run_one(inner)
                run_one(inner, TWO)
                tree = verdict_of(inner).head
                dying = FaultyStore(inner, [Fault(write_no=write_no, moment=moment)])
                with suppress(StoreFailed):
                    pruned(dying)
                assert verdict_of(inner, tree).findings == ()
                pruned(inner, now_ms=LATER + DAY)  # When the leases of the dead are over.
                assert (kinds(inner, ONE), kinds(inner, TWO)) == wanted
                assert len(inner.values(ONE, refs_in(inner, ONE))) == 2
                verdict = verdict_of(inner, tree, expected=Expected(now_ms=LATER + 2 * DAY))
                assert (verdict.findings, len(verdict.agreed)) == ((), 1)
