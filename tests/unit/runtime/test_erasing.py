"""Erasing parts of a run: in one transaction or not at all, and never of a run that goes on.

What has to go with a part is tested in `unit/audit/test_copies.py`, what a store does in
`interlock.testing.erasing`.
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path as File
from typing import Any, cast

import apsw
import pytest

from interlock.actions import Registry, action
from interlock.audit import erase_parts, read_erased, verify_log
from interlock.errors import (
    ContentErased,
    LeaseHeld,
    LeaseLost,
    RunNotFound,
    RunNotResumable,
    UsageError,
)
from interlock.graph import load
from interlock.journal import (
    NOBODY,
    Erasure,
    Message,
    MessageKind,
    NodeSettled,
    OwnerId,
    Principal,
    open_envelope,
    principal_of,
    refs_of,
)
from interlock.plan import compile as compiled
from interlock.replay import verify
from interlock.runtime import (
    Chosen,
    Erased,
    Removal,
    Runtime,
    SystemIds,
    erase,
    overwrite,
    read_entries,
    read_remains,
    removal_of,
)
from interlock.store import Store, kept_log, open_store
from interlock.testing import CountingIds, VirtualClock, run_virtual
from interlock.values import Path, RunId, ValueRef

RUN, OTHER = RunId("R1"), RunId("R2")
EVE = Principal(name="eve")
SECRET = "Ada Lovelace, born in 1815"
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
    return f"Dear {name}"


@pytest.fixture(params=["memory:", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: File) -> Iterator[Store]:
    url = "memory:" if request.param == "memory:" else str(tmp_path / "j.db")
    with closing(open_store(url)) as found:
        yield found


def run_one(store: Store, run: RunId = RUN, *, ends: bool = True, key: str | None = None) -> None:
    """Run a graph that asks once before it goes on."""

    async def main() -> None:
        registry = Registry([greet])
        plan = compiled(load(GRAPH).graph, registry)
        async with Runtime(store, registry, clock=VirtualClock(), ids=CountingIds()) as runtime:
            await runtime.run(plan, {"name": SECRET}, run=run, key=key, principal="ann")
            if ends:
                await runtime.approve(run, Path("ask"), actor="bob", reason=f"I know {SECRET}")

    run_virtual(main())


def erased(store: Store, chosen: Chosen, **options: Any) -> Erased:
    given = {"by": EVE, "rule": "GDPR Art. 17", "clock": VirtualClock(), "ids": CountingIds()}
    return erase(store, RUN, chosen, **cast(Any, given | options))


def bytes_of(store: Store, run: RunId = RUN) -> bytes:
    """All that a store has of a run."""
    events = store.read(run)
    values = store.values(run, {ref for event in events for ref in refs_of(event.body)})
    messages = [message.body for message in store.inbox(run=run)]
    row = repr(store.head(run)).encode()
    return b"\n".join([*(event.body for event in events), *values.values(), *messages, row])


def message(kind: MessageKind, body: bytes) -> Message:
    actor = principal_of("ann").actor
    return Message(id=f"m-{kind}", run=RUN, kind=kind, body=body, actor=actor, created_ms=0)


def test_everything_goes_in_one_step_and_an_event_tells_of_it(store: Store):
    run_one(store, key="key-1")
    before = store.read(RUN)
    assert SECRET.encode() in bytes_of(store)
    done = erased(store, {1: ["inputs"]}, reason="they asked")
    assert done.event == len(before) + 1
    after = store.read(RUN)
    told = open_envelope(after[-1].body)
    assert (told["type"], told["actor"]) == ("PartsErased", "unauthenticated:eve")
    parts = list(done.removal.names)
    assert told["data"] == {"parts": parts, "rule": "GDPR Art. 17", "reason": "they asked"}
    assert {*parts} >= {"1.inputs", f"{len(before)}.execution"}
    for event in after:
        assert {*read_erased(event.erased)} == {*done.removal.parts.get(event.seq, ())}
    assert SECRET.encode() not in bytes_of(store)
    head = store.head(RUN)
    assert head is not None
    assert (head.status, head.execution, head.key) == ("succeeded", None, "key-1")
    verdict = verify_log(store.leaves(), kept_log(store), [])
    assert verdict.findings == ()
    assert overwrite(store)


def test_what_is_erased_behind_the_back_of_the_log_is_found(store: Store):
    run_one(store, key="key-1")
    before = store.leaves()
    told = erased(store, {1: ["inputs"]})
    after = store.leaves()
    kept = kept_log(store)
    assert verify_log(after, kept).erased == len(told.removal.names)
    for seq, name, words in ((1, "key", "no event tells of it"), (1, "inputs", "and it is there")):
        event = (after if name == "key" else before)[seq - 1][1]
        left = erase_parts(event.body, event.salts, event.erased, names={name} - {"inputs"})
        wrong = replace(event, body=left.body, salts=left.salts, erased=left.erased)
        (found,) = verify_log([(RUN, wrong), *after[1:]], kept).findings
        assert (found.kind, found.run) == ("falsely_erased", RUN)
        assert f"`{seq}.{name}`" in found.message
        assert words in found.message


def test_what_would_go_is_what_goes(store: Store):
    run_one(store)
    told = removal_of(store, RUN, {1: ["inputs"]})
    before = bytes_of(store)
    assert bytes_of(store) == before
    done = erased(store, {1: ["inputs"]})
    assert done.removal == told
    assert sum(told.values.values()) > 2 * len(SECRET)
    assert store.values(RUN, told.values) == {}


def test_what_is_gone_is_not_erased_again_and_nothing_is_written(store: Store):
    run_one(store)
    erased(store, {1: ["inputs"]})
    before = store.leaves()
    again = erased(store, {1: ["inputs", "key", "nothing"], 99: ["output"]})
    assert (again.event, again.removal.parts, again.removal.values) == (None, {}, {})
    assert store.leaves() == before


def test_who_was_erased_later_is_told_of_in_an_event_of_its_own(store: Store):
    run_one(store)
    first = erased(store, {1: ["inputs"]})
    second = erased(store, {1: ["actor"]}, reason="they left")
    assert second.event == (first.event or 0) + 1
    assert {"1.actor", "1.principal"} <= {*second.removal.names}
    assert b"ann" not in bytes_of(store)


def test_what_the_row_of_a_run_has_goes_with_its_event(store: Store):
    run_one(store, key="key-1")
    erased(store, {1: ["key", "plan", "graph", "document"]})
    head = store.head(RUN)
    assert head is not None
    assert (head.key, head.plan, head.graph, head.execution) == (None, "(erased)", "(erased)", None)
    assert store.heads(key="key-1") == []


def test_a_value_that_another_run_has_stays_there(store: Store):
    run_one(store)
    run_one(store, OTHER)
    erased(store, {1: ["inputs"]})
    assert SECRET.encode() not in bytes_of(store)
    assert SECRET.encode() in bytes_of(store, OTHER)


def test_it_is_not_overwritten_while_a_reader_holds_the_file(
    tmp_path: File, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("interlock.store.sqlite.opening.BUSY_MS", 1)
    path = str(tmp_path / "j.db")
    tries: list[int] = []
    with closing(open_store(path)) as store:
        run_one(store)
        with closing(apsw.Connection(path)) as reader, reader:
            reader.execute("SELECT count(*) FROM event").fetchall()
            erased(store, {1: ["inputs"]})
            assert not overwrite(store, tell=tries.append)
        assert tries == [1, 2, 3, 4, 5]
        assert overwrite(store)


@pytest.mark.parametrize("chosen", [{1: ["inputs"]}, {}])
def test_a_run_that_has_not_ended_needs_what_it_has(store: Store, chosen: Chosen):
    run_one(store, ends=False)
    before = bytes_of(store)
    for ask in (lambda: erased(store, chosen), lambda: removal_of(store, RUN, chosen)):
        with pytest.raises(RunNotResumable, match="has not ended") as caught:
            ask()
        assert "interlock cancel R1" in caught.value.hint
    assert bytes_of(store) == before


def test_a_run_of_many_pages_is_searched_to_its_end(store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("interlock.runtime.disposal.erasing.PAGE", 2)
    run_one(store)
    assert len(store.read(RUN)) > 4
    erased(store, {1: ["inputs"]})
    assert SECRET.encode() not in bytes_of(store)


def test_messages_that_nobody_has_taken_go_with_it(store: Store):
    run_one(store)
    assert store.post(message("signal", b'{"name":"late","payload":"' + SECRET.encode() + b'"}'))
    assert [each.id for each in erased(store, {1: ["inputs"]}).removal.messages] == ["m-signal"]
    assert store.inbox(run=RUN) == []
    assert SECRET.encode() not in bytes_of(store)


def test_a_run_that_is_to_go_on_is_left_alone(store: Store):
    run_one(store)
    store.post(message("reopen", b'{"reason":"again"}'))
    before = bytes_of(store)
    with pytest.raises(RunNotResumable, match="has opened run R1 again"):
        erased(store, {1: ["inputs"]})
    assert bytes_of(store) == before


def test_a_run_that_is_not_there_is_not_found(store: Store):
    with pytest.raises(RunNotFound):
        erased(store, {1: ["inputs"]})


def test_a_run_that_somebody_has_is_left_alone_and_goes_free_afterwards(store: Store):
    run_one(store)
    lease = store.lease(RUN, OwnerId("somebody-1-00"), now_ms=0, life_ms=10**13)
    before = bytes_of(store)
    with pytest.raises(LeaseHeld):
        erased(store, {1: ["inputs"]})
    assert bytes_of(store) == before
    store.release(lease)
    erased(store, {1: ["inputs"]})
    store.lease(RUN, OwnerId("somebody-1-00"), now_ms=0, life_ms=1)


class Slow:
    """A store whose owner is so slow that somebody else takes the run over."""

    def __init__(self, inner: Store) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def erase(self, erasure: Erasure) -> frozenset[ValueRef] | None:
        later = 10**13
        self.inner.lease(RUN, OwnerId("faster-1-00"), now_ms=later, life_ms=1)
        return self.inner.erase(erasure)


def test_whoever_was_too_slow_erases_nothing():
    with closing(open_store("memory:")) as store:
        run_one(store)
        before = bytes_of(store)
        with pytest.raises(LeaseLost, match="nothing was erased"):
            erased(cast(Store, Slow(store)), {1: ["inputs"]})
        assert bytes_of(store) == before


def test_who_may_stop_it_sees_what_would_go(store: Store):
    run_one(store)
    before = bytes_of(store)
    seen: list[Removal] = []

    def refuse(removal: Removal) -> None:
        seen.append(removal)
        raise UsageError("it is held")

    with pytest.raises(UsageError, match="it is held"):
        erased(store, {1: ["inputs"]}, check=refuse)
    assert seen == [removal_of(store, RUN, {1: ["inputs"]})]
    assert bytes_of(store) == before


@pytest.mark.parametrize(
    "given,what",
    [
        ({"reason": f"{SECRET} has asked for it"}, "why"),
        ({"rule": f"case of {SECRET}"}, "the rule"),
        ({"by": Principal(name=SECRET)}, "the name"),
    ],
)
def test_what_is_to_go_is_not_written_down_again(store: Store, given: dict[str, Any], what: str):
    run_one(store)
    before = bytes_of(store)
    with pytest.raises(UsageError, match=f"{what} has a text in it that is to be erased"):
        erased(store, {1: ["inputs"]}, **given)
    assert bytes_of(store) == before


def test_the_key_of_a_run_stays_and_is_told_of():
    with closing(open_store("memory:")) as store:
        run_one(store, key=f"for {SECRET}")
        removal = removal_of(store, RUN, {1: ["inputs"]})
        assert removal.mentions == {1: {"key"}}
        erased(store, {1: ["inputs", "key"]})
        assert SECRET.encode() not in bytes_of(store)


def test_a_run_that_lost_only_names_is_what_it_was(store: Store):
    run_one(store)
    before = verify(RUN, read_entries(store, RUN))
    erased(store, {1: ["actor"], 4: ["reason"], 5: ["actor"]})
    assert len(erased_seqs(store)) > 2
    after = verify(RUN, read_entries(store, RUN))
    assert (after.replayed, after.status) == (before.replayed, "succeeded")
    assert next(read_entries(store, RUN)).actor == NOBODY


def test_who_approved_counts(store: Store):
    run_one(store)
    erased(store, {4: ["actor"]})
    with pytest.raises(ContentErased, match="event 4 of run R1 has lost `actor`"):
        verify(RUN, read_entries(store, RUN))


def test_what_is_derived_from_what_is_gone_is_not_read_and_what_came_before_is(store: Store):
    run_one(store)
    names = {event.seq: open_envelope(event.body)["type"] for event in store.read(RUN)}
    last = max(seq for seq, kind in names.items() if kind == "NodeSettled")
    told = erased(store, {last: ["output"]}).event
    first = min(erased_seqs(store))
    found: list[int] = []
    with pytest.raises(ContentErased, match=f"as event {told} tells") as caught:
        found.extend(entry.seq for entry in read_entries(store, RUN))
    assert (found, caught.value.seq) == ([*range(1, first)], first)
    remains = read_remains(store, RUN)
    assert [entry.seq for entry in remains.entries] == [*range(1, len(names) + 2)]
    assert {*remains.erased.values()} == {told}
    assert remains.erased.keys() >= {f"{last}.output"}
    settled = remains.entries[last - 1].event
    assert isinstance(settled, NodeSettled)
    assert settled.output is not None
    assert settled.output.json == f"(erased, see event {told})"


def erased_seqs(store: Store) -> list[int]:
    return [event.seq for event in store.read(RUN) if event.erased]


def test_nothing_of_a_whole_run_is_left_out(store: Store):
    run_one(store)
    assert list(read_entries(store, RUN)) == [*read_remains(store, RUN).entries]
    assert read_remains(store, RUN).erased == {}


def test_the_id_of_a_runtime_goes_with_the_runtime_as_an_actor(store: Store):
    run_one(store, ends=False)

    async def main() -> None:
        registry, ids = Registry([greet]), CountingIds()
        ids.owner()
        async with Runtime(store, registry, clock=VirtualClock(), ids=ids) as runtime:
            await runtime.approve(RUN, Path("ask"), actor="bob")

    run_virtual(main())
    kinds = {open_envelope(event.body)["type"]: event for event in store.read(RUN)}
    recovered = kinds["RunRecovered"]
    for chosen in ("owner", "actor"):
        gone = removal_of(store, RUN, {recovered.seq: [chosen]}).parts
        assert gone[recovered.seq] == {"owner", "actor"}


def test_a_process_that_goes_on_writes_a_plan_again_that_was_erased(tmp_path: File):
    """Else its next runs would name a document that is nowhere, and could not be taken up."""
    url = str(tmp_path / "j.db")
    registry = Registry([greet])
    plan = compiled(load(GRAPH).graph, registry)

    async def main(ours: Store, other: Store) -> None:
        async with Runtime(ours, registry, clock=VirtualClock(), ids=CountingIds()) as runtime:
            await runtime.run(plan, {"name": SECRET}, run=RUN)
            await runtime.approve(RUN, Path("ask"), actor="bob")
            assert (await runtime.resume(RUN)).status == "succeeded"
            refs = refs_of(other.read(RUN)[0].body)
            erased(other, {1: {"document", "manifests"}}, ids=SystemIds())
            assert not other.values(RUN, refs)
            await runtime.run(plan, {"name": "Bob"}, run=OTHER)

    with closing(open_store(url)) as ours, closing(open_store(url)) as other:
        run_virtual(main(ours, other))
        named = refs_of(other.read(OTHER)[0].body)
        assert other.values(OTHER, named).keys() == set(named)
