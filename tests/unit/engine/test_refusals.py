"""Events that the engine could not have ordered are refused, and say what was wanted."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from interlock.engine import IllegalTransition, initial, step
from interlock.graph import GraphNode, Retry
from interlock.journal import (
    AttemptFailed,
    AttemptReturned,
    AttemptStarted,
    Entry,
    Event,
    NodeInDoubt,
    NodeResolved,
    NodeSettled,
    ProbeAnswered,
    ProposalAccepted,
    ProposalRefused,
    RunRecovered,
    RunSettled,
    RunStarted,
    Value,
)
from interlock.values import Digest, NodeId, Path
from unit.engine.driving import RUN, Driven, call, failure, plan_of
from unit.engine.test_proposals import document, proposing
from unit.engine.test_scopes import BODY

A = Path("a")
DIGEST = Digest("sha256:" + "0" * 64)
SEVEN = Value.of(7)


def fresh() -> Driven:
    """`a` is due; `b` waits for it; the item of `g` is due, too."""
    sub = GraphNode(id=NodeId("g"), graph="body", with_={"v": "p"})
    return Driven(
        plan_of(
            call("a", "safest", retry=Retry(attempts=3, delay_ms=0)),
            call("b", "metered", needs=("a",)),
            call("r", "read"),
            sub,
            graphs={"body": BODY},
        )
    )


def started() -> Driven:
    run = fresh()
    run.start("a")
    return run


def probing() -> Driven:
    run = started()
    run.now_ms += 48 * 3600 * 1000
    run.end("a", failure())
    return run


def in_doubt() -> Driven:
    run = probing()
    run.probed("a", "unknown")
    return run


def settled() -> Driven:
    run = started()
    run.end("a", 7)
    return run


def returned(path: str = "a", attempt: int = 1, generation: int = 1) -> AttemptReturned:
    return AttemptReturned(path=Path(path), generation=generation, attempt=attempt, output=SEVEN)


def intent(run: Driven, **changes: object) -> AttemptStarted:
    due = run.due("a")
    event = AttemptStarted(
        path=A, generation=1, attempt=due.attempt, call_key=due.call_key, args=due.args
    )
    return replace(event, **changes)  # type: ignore[arg-type]


def failed(**changes: object) -> AttemptFailed:
    event = AttemptFailed(path=A, generation=1, attempt=1, error=failure())
    return replace(event, **changes)  # type: ignore[arg-type]


def answered(**changes: object) -> ProbeAnswered:
    event = ProbeAnswered(path=A, generation=1, attempt=1, answer="applied", output=SEVEN)
    return replace(event, **changes)  # type: ignore[arg-type]


def resolved(**changes: object) -> NodeResolved:
    event = NodeResolved(path=A, generation=1, verdict="succeeded", output=SEVEN)
    return replace(event, **changes)  # type: ignore[arg-type]


def settling(path: str = "a", **changes: object) -> NodeSettled:
    event = NodeSettled(path=Path(path), generation=1, status="succeeded", output=SEVEN)
    return replace(event, **changes)  # type: ignore[arg-type]


DOUBT = NodeInDoubt(path=A, generation=1, attempt=1, error=failure("IL6010"))
ACCEPTED = ProposalAccepted(path=A, generation=1, attempt=1, graph=DIGEST, document=SEVEN)
REFUSED = ProposalRefused(path=A, generation=1, attempt=1, codes=("X",), messages=("x",))
SETTLED_RUN = RunSettled(status="succeeded", execution=DIGEST, output=SEVEN)

Case = tuple[Callable[[], Driven], Event | Callable[[Driven], Event], str]
CASES: dict[str, Case] = {
    "another attempt starts": (fresh, lambda run: intent(run, attempt=2), "attempt 2"),
    "another generation starts": (fresh, lambda run: intent(run, generation=2), "generation 2"),
    "another call starts": (fresh, lambda run: intent(run, call_key=DIGEST), "something else"),
    "other arguments start": (fresh, lambda run: intent(run, args=SEVEN), "something else"),
    "it starts twice": (started, intent, "has started already"),
    "what waits starts": (fresh, lambda run: intent(run, path=Path("b")), "is waiting"),
    "what is not there starts": (fresh, lambda run: intent(run, path=Path("x")), "no such node"),
    "a node of a closed scope": (fresh, lambda run: intent(run, path=Path("h/x")), "no such node"),
    "a subgraph starts": (
        fresh,
        lambda run: intent(run, path=Path("g"), attempt=0),
        "the scope it opened",
    ),
    "what settled starts": (settled, intent, "is succeeded"),
    "it returns without an intent": (fresh, returned(), "has not started"),
    "what ran ahead returns": (fresh, returned("r"), "has not started"),
    "it returns twice": (settled, returned(), "is succeeded"),
    "another attempt returns": (started, returned(attempt=2), "attempt 2"),
    "it fails without an intent": (fresh, failed(), "has not started"),
    "it fails ahead": (started, failed(ahead=True), "has not started"),
    "another call fails": (started, failed(call_key=DIGEST), "called something else"),
    "it fails with an output": (started, failed(output=SEVEN), "refused by the engine alone"),
    "it fails ahead with an output": (started, failed(ahead=True, output=SEVEN), "has not started"),
    "what is asked about starts": (probing, intent, "its receiver is asked"),
    "nobody was asked": (started, answered(), "nobody was asked"),
    "an answer without an output": (probing, answered(output=None), "says no output"),
    "another answer": (probing, answered(attempt=2), "attempt 2"),
    "doubt that was not ordered": (started, DOUBT, "nothing was to be recorded of `a`"),
    "a decision about no doubt": (started, resolved(), "only a node in doubt"),
    "a decision for later": (in_doubt, resolved(generation=2), "only a node in doubt"),
    "a decision without output": (in_doubt, resolved(output=None), "says no output"),
    "an end that was not ordered": (started, settling(), "nothing was to be recorded of `a`"),
    "a write ends ahead": (started, settling(ahead=True, attempt=1), "has not started"),
    "another attempt ends ahead": (started, settling(ahead=True), "attempt 0"),
    "an end ahead without output": (fresh, settling("r", ahead=True, output=None), "of `r`"),
    "a proposal that was not made": (started, ACCEPTED, "nothing was"),
    "a refusal of no proposal": (started, REFUSED, "nothing was"),
    "the run ends": (started, SETTLED_RUN, "nothing was to be recorded of the run"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_was_not_ordered_is_refused(name: str):
    make, event, told = CASES[name]
    run = make()
    with pytest.raises(IllegalTransition, match=told):
        run.tell(event if not callable(event) else event(run))


def test_a_run_starts_once_and_with_its_own_plan():
    run = fresh()
    first = run.entries[0].event
    assert isinstance(first, RunStarted)
    with pytest.raises(IllegalTransition, match="started already"):
        run.tell(first)
    for changes in ({"plan": DIGEST}, {"semantics": 2}):
        with pytest.raises(IllegalTransition, match="the run was started with plan"):
            step(initial(run.plan, RUN), Entry(replace(first, **changes), 1, 1))
    with pytest.raises(IllegalTransition, match="not of type"):
        step(initial(run.plan, RUN), Entry(replace(first, inputs=SEVEN), 1, 1))
    with pytest.raises(IllegalTransition, match="has not started"):
        step(initial(run.plan, RUN), Entry(RunRecovered(owner="x"), 1, 1))


def test_events_follow_one_another():
    run = fresh()
    for seq in (1, 3, 7):
        with pytest.raises(IllegalTransition, match=f"event {seq} follows event 1"):
            step(run.state, Entry(RunRecovered(owner="x"), 1, seq))


def test_nothing_happens_after_the_end():
    run = Driven(plan_of(call("a", "pure")))
    run.end("a", 1)
    with pytest.raises(IllegalTransition, match="after the run had settled"):
        run.recover()


def judged() -> Driven:
    """`a` has returned; that it settles is ordered, and not recorded."""
    run = started()
    entry = run.entry(returned())
    run.entries.append(entry)
    step(run.state, entry)
    return run


@pytest.mark.parametrize(
    "changes, told",
    [
        ({"status": "failed"}, "status is succeeded, the journal says failed"),
        ({"attempt": 2}, "attempt is 1, the journal says 2"),
        ({"output": Value.of(8)}, "output is 7, the journal says 8"),
        ({"error": failure()}, r"error is .*, the journal says IL6001 \(it failed\)"),
        ({"call_key": DIGEST}, "call_key is .*, the journal says .*000"),
        ({"tokens": 1}, "tokens is 0, the journal says 1"),
        ({"started_ms": 1}, "started_ms is 1000000, the journal says 1"),
        ({"ahead": True}, "ahead is False, the journal says True"),
    ],
)
def test_an_order_that_is_recorded_with_other_contents_is_refused(changes: Any, told: str):
    run = judged()
    with pytest.raises(IllegalTransition, match=told):
        run.tell(replace(run.state.ordered[A].event, **changes))


def test_an_attempt_whose_end_is_to_be_recorded_has_ended():
    for event in (intent(judged()), returned(), answered()):
        with pytest.raises(IllegalTransition, match="is to be recorded first"):
            judged().tell(event)


def test_a_proposal_that_runs_is_not_proposed_again():
    run = proposing()
    run.end("p", document())
    due = run.due("p")
    again = AttemptStarted(
        path=due.path, generation=1, attempt=1, call_key=due.call_key, args=due.args
    )
    with pytest.raises(IllegalTransition, match="waits for the scope it opened"):
        run.tell(again)


def test_another_event_than_the_one_ordered_is_refused():
    with pytest.raises(IllegalTransition, match="`NodeSettled` of `a` was to be recorded"):
        judged().tell(DOUBT)


def test_other_words_in_an_error_are_no_difference():
    run = started()
    entry = run.entry(failed(error=failure("IL6003")))
    run.entries.append(entry)
    step(run.state, entry)
    ordered = run.state.ordered[A].event
    assert isinstance(ordered, NodeSettled)
    reworded = failure("IL6003", message="in better words")
    run.tell(replace(ordered, error=reworded))
    assert run.error("a").message == "in better words"
