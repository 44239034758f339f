"""A journal that was changed is refused, and the first event that differs is named.

Bytes, references and digests of a changed journal are all made sound again here, as somebody would
do who knows the format. What is accepted all the same must be another order of the same facts, or
a fact that came from outside and that nothing later speaks of: an open run tells no more.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given, strategies as st

from interlock.engine import IllegalTransition, initial, step
from interlock.errors import Divergence, JournalCorrupt
from interlock.journal import (
    ENGINE,
    Actor,
    AttemptFailed,
    AttemptReturned,
    AttemptStarted,
    Entry,
    NodeInDoubt,
    NodeResolved,
    NodeSettled,
    OwnerId,
    PartsErased,
    ProbeAnswered,
    ProposalRefused,
    RunRecovered,
    RunSettled,
    RunStarted,
    Value,
    principal_of,
    runtime_actor,
)
from interlock.replay import Verified, call_of_node, fold, pinned_plan, verify
from interlock.values import Digest, Path
from sim.stories import RUN
from unit.replay.journals import MAKERS, journal

OTHER_DIGEST = Digest("sha256:" + "0" * 64)
OTHER_VALUE = Value.of(["something", "else"])
ADA = principal_of("ada").actor
RUNTIME = runtime_actor(OwnerId("another"))
FROM_OUTSIDE = (AttemptReturned, AttemptFailed, ProbeAnswered, RunRecovered)


def renumbered(entries: list[Entry]) -> list[Entry]:
    """Entries as a forger would number them, with the causes that the engine derives."""
    found = [replace(entry, seq=seq) for seq, entry in enumerate(entries, 1)]
    state = initial(pinned_plan(found[0]), RUN)
    for index, entry in enumerate(found):
        try:
            step(state, entry)
        except IllegalTransition:
            break
        found[index] = replace(entry, causes=state.causes)
    return found


def with_event(entries: tuple[Entry, ...], index: int, **changes: Any) -> list[Entry]:
    changed = list(entries)
    entry = entries[index]
    changed[index] = replace(entry, event=replace(entry.event, **changes))
    return changed


def is_settled(entries: tuple[Entry, ...]) -> bool:
    return isinstance(entries[-1].event, RunSettled)


# --- what is sound


@pytest.mark.parametrize("name", MAKERS)
def test_a_recorded_journal_verifies(name: str):
    entries = journal(name)
    found = verify(RUN, entries)
    assert found.events == len(entries)
    assert found.run == RUN
    assert found.recorded == found.replayed
    assert (found.recorded is not None) == is_settled(entries) == (found.status is not None)
    assert found.plan.digest == entries[0].event.plan  # type: ignore[union-attr]


@pytest.mark.parametrize("name", MAKERS)
def test_every_beginning_of_a_journal_is_the_journal_of_an_open_run(name: str):
    entries = journal(name)
    for end in range(1, len(entries)):
        found = verify(RUN, entries[:end])
        assert (found.status, found.recorded, found.replayed) == (None, None, None)


def test_the_journals_have_events_of_every_type():
    seen = Counter(entry.event.type for name in MAKERS for entry in journal(name))
    assert len(seen) == 12, seen
    assert any(
        isinstance(entry.event, AttemptFailed) and entry.event.ahead and entry.event.output
        for name in MAKERS
        for entry in journal(name)
    )


# --- what is refused outright


def test_an_empty_journal_is_none():
    for read in (fold, verify, lambda run, entries: call_of_node(run, entries, Path("a"))):
        with pytest.raises(JournalCorrupt, match="is empty"):
            read(RUN, [])


def test_a_journal_begins_with_the_start():
    with pytest.raises(JournalCorrupt, match="the first event is `AttemptStarted`"):
        verify(RUN, journal("safeties")[2:])


def test_an_event_without_a_seq_is_in_no_journal():
    entries = list(journal("chain"))
    entries[1] = replace(entries[1], seq=0)
    with pytest.raises(JournalCorrupt, match="without a seq"):
        verify(RUN, entries)


def test_what_a_run_pins_must_be_the_plan_that_it_names():
    entries = with_event(journal("chain"), 0, plan=OTHER_DIGEST)
    with pytest.raises(JournalCorrupt, match=f"was started with plan {OTHER_DIGEST}"):
        pinned_plan(entries[0])


def test_semantics_that_are_not_known_are_no_guess():
    entries = with_event(journal("chain"), 0, semantics=2)
    with pytest.raises(JournalCorrupt, match="written with semantics 2; this version knows 1"):
        verify(RUN, entries)


@pytest.mark.parametrize(
    "epochs, seq", [((1, 1, 2), 3), ((1, 2), 2), ((2, 1), 2), ((1, 1, 1, 0), 4)]
)
def test_only_a_recovery_begins_an_epoch(epochs: tuple[int, ...], seq: int):
    entries = list(journal("chain"))
    for index, epoch in enumerate(epochs):
        entries[index] = replace(entries[index], epoch=epoch)
    with pytest.raises(Divergence, match="only `RunRecovered` begins an epoch") as caught:
        verify(RUN, entries)
    assert caught.value.seq == seq


ERASED = PartsErased(parts=("1.inputs",), rule="GDPR Art. 17", reason="asked for")


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("later", [0, 1])
def test_parts_may_be_erased_after_any_run_whoever_has_it(name: str, later: int):
    entries = journal(name)
    last = entries[-1]
    erased = Entry(ERASED, at_ms=last.at_ms, seq=last.seq + 1, epoch=last.epoch + later, actor=ADA)
    before, after = verify(RUN, entries), verify(RUN, [*entries, erased])
    assert (after.status, after.replayed, after.head) == (
        before.status,
        before.replayed,
        before.head,
    )
    assert after.events == before.events + 1
    for actor in (ENGINE, RUNTIME):
        with pytest.raises(Divergence, match="its actor is"):
            verify(RUN, [*entries, replace(erased, actor=actor)])


def test_a_recovery_by_an_owner_that_was_followed_is_refused():
    entries = journal("safeties_crashed")
    first = next(entry.seq for entry in entries if isinstance(entry.event, RunRecovered))
    back = [replace(entry, epoch=2 if entry.seq < first else 1) for entry in entries]
    with pytest.raises(Divergence, match="it is of epoch 1, after one of epoch 2") as caught:
        verify(RUN, back)
    assert caught.value.seq == first


@pytest.mark.parametrize("part", ["document", "manifests"])
def test_what_a_run_pins_must_compile(part: str):
    entries = with_event(journal("chain"), 0, **{part: OTHER_VALUE})
    with pytest.raises(JournalCorrupt):
        verify(RUN, entries)


def test_another_document_is_another_plan():
    first = journal("guards")[0].event
    assert isinstance(first, RunStarted)
    other = journal("chain")[0].event
    assert isinstance(other, RunStarted)
    entries = with_event(journal("chain"), 0, document=first.document, manifests=first.manifests)
    with pytest.raises(JournalCorrupt, match="what it pinned compiles to"):
        verify(RUN, entries)


def test_a_refusal_is_a_divergence_with_the_transition_as_its_cause():
    entries = with_event(journal("chain"), 1, status="failed")
    with pytest.raises(Divergence) as caught:
        verify(RUN, entries)
    assert isinstance(caught.value.__cause__, IllegalTransition)
    assert caught.value.seq == 2
    assert caught.value.message.startswith("event 2 (`NodeSettled`): ")


@pytest.mark.parametrize("name", MAKERS)
def test_causes_are_derived_too(name: str):
    entries = journal(name)
    for index, entry in enumerate(entries):
        causes = entry.causes
        for other in {(), (*causes, 1), causes[1:], tuple(reversed(causes))} - {causes}:
            changed = [*entries[:index], replace(entry, causes=other)]
            with pytest.raises(Divergence, match=r"its causes are .* the journal says") as caught:
                verify(RUN, changed)
            assert caught.value.seq == entry.seq


@pytest.mark.parametrize("name", MAKERS)
def test_who_made_an_event_a_fact_is_checked(name: str):
    """A runtime does not decide, nobody outside reports, and only who started a run started it."""
    entries = journal(name)
    for index, entry in enumerate(entries):
        is_decision = isinstance(entry.event, NodeResolved)
        wrong = {Actor("somebody"), Actor("runtime:"), Actor("unauthenticated:")}
        wrong |= set() if is_decision else {principal_of("eve").actor}
        wrong |= {ENGINE, RUNTIME} if is_decision or isinstance(entry.event, RunStarted) else set()
        for actor in wrong:
            changed = [*entries[:index], replace(entry, actor=actor), *entries[index + 1 :]]
            with pytest.raises(Divergence, match=r"its actor is|is no actor") as caught:
                verify(RUN, changed)
            assert caught.value.seq == entry.seq


@pytest.mark.parametrize("name", MAKERS)
def test_an_epoch_is_of_one_runtime(name: str):
    """The first event that a runtime reports says which one it is, unless a recovery did."""
    entries = journal(name)
    reported = [e for e in entries if not isinstance(e.event, RunStarted | NodeResolved)]
    for entry in reported:
        of_epoch = [one.seq for one in reported if one.epoch == entry.epoch]
        is_first = of_epoch[0] == entry.seq and not isinstance(entry.event, RunRecovered)
        for actor in (ENGINE, RUNTIME):
            changed = [replace(e, actor=actor) if e is entry else e for e in entries]
            if is_first and len(of_epoch) == 1:
                verify(RUN, changed)
                continue
            with pytest.raises(Divergence, match="its actor is") as caught:
                verify(RUN, changed)
            assert caught.value.seq == (of_epoch[1] if is_first else entry.seq)


def test_a_chosen_name_is_taken_for_no_runtime():
    entries = journal("safeties_crashed")
    index, entry = next((n, e) for n, e in enumerate(entries) if isinstance(e.event, RunRecovered))
    named = principal_of(entry.actor).actor
    with pytest.raises(Divergence, match="its actor is"):
        verify(RUN, [*entries[:index], replace(entry, actor=named), *entries[index + 1 :]])


@pytest.mark.parametrize("name", MAKERS)
def test_the_row_in_listings_is_derived(name: str):
    entries = journal(name)
    found = verify(RUN, entries).head
    first = entries[0].event
    assert isinstance(first, RunStarted)
    assert (found.run, found.graph, found.plan, found.key) == (RUN, first.graph, first.plan, None)
    assert found.created_ms == entries[0].at_ms
    assert found.execution == getattr(entries[-1].event, "execution", None)
    if is_settled(entries):
        assert (found.status, found.updated_ms) == (entries[-1].event.status, entries[-1].at_ms)  # type: ignore[union-attr]
    else:
        doubts = {e.event.path for e in entries if isinstance(e.event, NodeInDoubt)}
        decided = {e.event.path for e in entries if isinstance(e.event, NodeResolved)}
        assert found.status == ("in_doubt" if doubts - decided else "running")


# --- one change


Change = Callable[[Entry], dict[str, Any] | None]


def of_type(kinds: tuple[type, ...] | type, make: Callable[[Any], dict[str, Any]]) -> Change:
    return lambda entry: make(entry.event) if isinstance(entry.event, kinds) else None


def placed(entry: Entry) -> bool:
    return hasattr(entry.event, "path")


CHANGES: dict[str, Change] = {
    "path": lambda entry: {"path": Path(f"{entry.event.path}x")} if placed(entry) else None,  # type: ignore[union-attr]
    "path of another": lambda entry: (
        {"path": Path("a")}
        if placed(entry) and entry.event.path != "a"  # type: ignore[union-attr]
        else None
    ),
    "generation": lambda entry: {"generation": 2} if placed(entry) else None,
    "attempt": lambda entry: (
        {"attempt": entry.event.attempt + 1}  # type: ignore[union-attr]
        if hasattr(entry.event, "attempt")
        else None
    ),
    "attempt before": lambda entry: (
        {"attempt": entry.event.attempt - 1}  # type: ignore[union-attr]
        if hasattr(entry.event, "attempt")
        else None
    ),
    "status": of_type(
        NodeSettled,
        lambda event: {"status": "failed" if event.status == "succeeded" else "succeeded"},
    ),
    "call key": lambda entry: (
        {"call_key": OTHER_DIGEST} if getattr(entry.event, "call_key", None) is not None else None
    ),
    "arguments": of_type(AttemptStarted, lambda _: {"args": OTHER_VALUE}),
    "end of the run": of_type(
        RunSettled,
        lambda event: {"status": "failed" if event.status == "succeeded" else "succeeded"},
    ),
    "execution": of_type(RunSettled, lambda _: {"execution": OTHER_DIGEST}),
    "output of the run": of_type(RunSettled, lambda _: {"output": OTHER_VALUE}),
    "output of a node that was called": lambda entry: (
        {"output": OTHER_VALUE}
        if isinstance(entry.event, NodeSettled) and not entry.event.ahead
        else None
    ),
    "it ran ahead": of_type(NodeSettled, lambda event: {"ahead": not event.ahead}),
    "start": of_type(NodeSettled, lambda event: {"started_ms": event.started_ms + 1}),
    "tokens": lambda entry: (
        {"tokens": 1} if isinstance(entry.event, NodeSettled) and not entry.event.ahead else None
    ),
}


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_event_is_refused_where_it_stands(name: str, change: str):
    entries = journal(name)
    for index, entry in enumerate(entries):
        changes = CHANGES[change](entry)
        if changes is None:
            continue
        with pytest.raises(Divergence) as caught:
            verify(RUN, with_event(entries, index, **changes))
        assert caught.value.seq == entry.seq, (entry, changes)


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("later", [0, 1])
def test_an_attempt_that_was_not_due_is_refused(name: str, later: int):
    entries = journal(name)
    for intent in [entry.event for entry in entries if isinstance(entry.event, AttemptStarted)]:
        inserted = replace(intent, attempt=intent.attempt + later)
        for index in range(1, len(entries) + 1):
            if is_due(entries[:index], inserted):
                continue
            another = replace(entries[index - 1], event=inserted)
            with pytest.raises(Divergence) as caught:
                verify(RUN, renumbered([*entries[:index], another, *entries[index:]]))
            assert caught.value.seq == index + 1


def is_due(entries: tuple[Entry, ...], intent: AttemptStarted) -> bool:
    """Whether this attempt had been ordered, and had not started."""
    state = fold(RUN, entries)
    found = state.find(intent.path)
    node = found[0].nodes[found[1]] if found is not None else None
    return (
        node is not None
        and node.status == "running"
        and node.attempt == intent.attempt
        and not (node.started or node.probing or node.opened)
        and intent.path not in state.ordered
    )


@pytest.mark.parametrize("name", [name for name in MAKERS if is_settled(journal(name))])
def test_another_output_of_any_attempt_is_refused_in_a_run_that_settled(name: str):
    entries = journal(name)
    refused = {entry.causes[0] for entry in entries if isinstance(entry.event, ProposalRefused)}
    for index, entry in enumerate(entries):
        if entry.seq in refused:
            # Nothing was executed of it; what another proposal is refused for are words.
            continue
        if isinstance(entry.event, AttemptReturned) or (
            isinstance(entry.event, NodeSettled) and entry.event.status == "succeeded"
        ):
            with pytest.raises(Divergence) as caught:
                verify(RUN, with_event(entries, index, output=OTHER_VALUE))
            assert caught.value.seq >= entry.seq


# --- any change


def verified(entries: list[Entry], *, refused_from: int) -> Verified | None:
    """Verify; None when it is refused, at the first event that was changed or behind it."""
    try:
        return verify(RUN, entries)
    except Divergence as error:
        if error.seq < refused_from:
            raise
        return None


@st.composite
def mutations(draw: st.DrawFn) -> tuple[str, tuple[Entry, ...], list[Entry], int]:
    """A journal, a changed copy, and the first seq at which they differ."""
    entries = journal(draw(st.sampled_from(sorted(MAKERS)), "journal"))
    index = draw(st.integers(1, len(entries) - 1), "index")
    kind = draw(st.sampled_from(["drop", "duplicate", "swap", "move"]), "kind")
    changed = list(entries)
    if kind == "drop":
        del changed[index]
    elif kind == "duplicate":
        changed.insert(index, entries[index])
        index += 1
    elif kind == "swap":
        other = draw(st.integers(1, len(entries) - 1).filter(lambda i: i != index), "other")
        changed[index], changed[other] = entries[other], entries[index]
        index = min(index, other)
    else:
        other = draw(st.integers(1, len(entries) - 1).filter(lambda i: i != index), "other")
        changed.insert(other, changed.pop(index))
        index = min(index, other)
    return kind, entries, renumbered(changed), index + 1


@given(mutations())
def test_what_is_dropped_doubled_or_moved_is_refused_or_makes_no_difference(
    mutation: tuple[str, tuple[Entry, ...], list[Entry], int],
):
    kind, entries, changed, first = mutation
    assume([entry.event for entry in changed] != [entry.event for entry in entries])
    found = verified(changed, refused_from=first)
    if found is None:
        return
    original = verify(RUN, entries)
    if kind in ("swap", "move"):
        # Another order of the same facts: what happened is the same.
        assert found.recorded == original.recorded
        assert fold(RUN, changed).outcomes == fold(RUN, entries).outcomes
    elif kind == "duplicate":
        assert isinstance(changed[first - 1].event, RunRecovered)
    else:
        dropped = entries[first - 1].event
        is_last = first == len(entries)
        ran_ahead = isinstance(dropped, NodeSettled) and dropped.ahead
        # In a run that is open, an order may not have been carried out yet.
        is_open = dropped in [order.event for order in fold(RUN, changed).ordered.values()]
        assert is_last or ran_ahead or is_open or isinstance(dropped, FROM_OUTSIDE), dropped
        assert found.recorded in (None, original.recorded)


@given(st.sampled_from(sorted(MAKERS)), st.data())
def test_facts_of_another_run_are_refused(name: str, data: st.DataObject):
    """An event of another journal, put in place of one of this, is refused or was the same."""
    entries = journal(name)
    donor = journal(data.draw(st.sampled_from(sorted(MAKERS)), "donor"))
    index = data.draw(st.integers(1, len(entries) - 1), "index")
    other = data.draw(st.sampled_from(donor[1:]), "event")
    changed = renumbered([*entries[:index], other, *entries[index + 1 :]])
    found = verified(changed, refused_from=index + 1)
    if found is None:
        return
    assert is_settled(entries) is (found.recorded is not None) or index == len(entries) - 1
    if found.recorded is not None and is_settled(entries):
        assert found.recorded == verify(RUN, entries).recorded


# --- what a node was called with


def test_the_last_call_of_a_node_is_derived_again():
    entries = journal("chain")
    call = call_of_node(RUN, entries, Path("a"))
    assert call is not None
    assert call.args.json == {"label": "a", "values": []}
    assert call_of_node(RUN, entries, Path("none")) is None


def test_calls_inside_scopes_that_have_ended_are_found():
    entries = journal("nested")
    call = call_of_node(RUN, entries, Path("each[1]/act"))
    assert call is not None
    assert call.args.json["label"] == "item-1-act"  # type: ignore[index, call-overload]


def test_a_node_that_was_skipped_was_called_with_nothing():
    assert call_of_node(RUN, journal("guards"), Path("never")) is None
