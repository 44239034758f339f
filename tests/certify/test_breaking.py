"""A certifier that cannot fail proves nothing: each mistake here is made on purpose, and is found.

The mistakes are put into the engine, the runtime and the store, one at a time. What derives a
journal again has the same mistake then: so it is the simulated receivers, and the reading of the
journal, that must see it.
"""

from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest

from certify.graphs import WRITTEN, Written
from certify.test_certified import told
from interlock.audit import Maker, Sealed, seal_entry
from interlock.engine import Probe, StartAttempt, pausing
from interlock.engine.kinds import attempts, gates
from interlock.engine.scopes import reopening
from interlock.engine.state import ordering
from interlock.engine.state.turn import locate
from interlock.journal import (
    Actor,
    AttemptReturned,
    AttemptStarted,
    Entry,
    ErrorInfo,
    GateDecided,
    NodeSettled,
    RunPaused,
)
from interlock.runtime.commits.queue import CommitQueue
from interlock.runtime.deciding.mail import Mail
from interlock.runtime.driving.driver import Driver
from interlock.runtime.driving.timers import Timers
from interlock.store.memory import MemoryStore
from interlock.testing import Kind, Sizes, certify
from interlock.testing.certifying.outside import Outside, Request
from interlock.testing.certifying.playing import LAST_EPOCH
from interlock.values import Json, RunId, digest
from sim.graphs import CASES, Case

CHAIN, SAFETIES, NESTED = (CASES[name] for name in ("chain", "safeties", "nested"))
RELEASE = WRITTEN["release"]
BOOKING = Written(
    text="""
interlock: 1
name: booking
nodes: {one: {call: rail.book, with: {seat: 1}}}
"""
)
STEP = import_module("interlock.engine.step")
"""The module, which has the name of the function in it."""
SIZES = Sizes(second_crashes=6, orders=4, jumps=4, decisions=36)


def problems(case: Case | Written, *kinds: Kind) -> list[str]:
    answers = case.answers(7) if isinstance(case, Written) else None
    found = certify(
        case.plan, case.inputs, answers=answers, seed=7, sizes=SIZES, kinds=kinds or ("order",)
    )
    return told(found)


def tells(found: list[str], problem: str) -> None:
    """One of the problems is this, and it is the graph of the test in which it is found."""
    assert any(problem in one for one in found), found


def test_an_action_that_is_called_before_its_intent_is_durable(monkeypatch: pytest.MonkeyPatch):
    begin = Driver._start

    def start(self: Driver, command: StartAttempt | Probe) -> None:
        """Call the action in the moment in which its intent is handed in."""
        with monkeypatch.context() as now:
            now.setattr(CommitQueue, "when_durable", lambda _, __, callback, **___: callback())
            begin(self, command)

    monkeypatch.setattr(Driver, "_start", start)
    found = problems(CHAIN)
    assert any("sent before its intent was durable" in problem for problem in found), found


def test_a_write_that_is_sent_again_after_a_timeout(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("interlock.engine.kinds.attempts.within_window", lambda *_, **__: True)
    retried = CASES["retries"]
    found = problems(retried, "silence")
    assert any("took place 2 times; declared: at most once" in problem for problem in found), found


def test_a_write_that_is_sent_again_after_a_crash(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("interlock.engine.kinds.attempts.within_window", lambda *_, **__: True)
    found = problems(SAFETIES, "crash", "lease")
    assert any("it declares no key, and was sent again" in problem for problem in found), found
    assert any("took place 2 times" in problem for problem in found), found


def test_a_lost_write_that_is_called_failed(monkeypatch: pytest.MonkeyPatch):
    def lost(at: Any, _: object, *, crashed: bool) -> None:
        attempts.settle(at, "failed", error=ErrorInfo(code="IL6001", message=f"lost {crashed}"))

    monkeypatch.setattr("interlock.engine.recovery.lost", lost)
    found = problems(CHAIN, "crash")
    assert any("is failed, and it took place" in problem for problem in found), found


def test_a_probe_that_does_not_wait_out_the_send_deadline(monkeypatch: pytest.MonkeyPatch):
    wait = Timers.is_later
    monkeypatch.setattr(
        Timers, "is_later", lambda self, call: not isinstance(call, Probe) and wait(self, call)
    )
    found = problems(SAFETIES, "crash", "lease")
    assert any("`probed` (probed) took place 2 times" in problem for problem in found), found


def test_a_store_that_does_not_fence(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(MemoryStore, "_is_fenced", lambda *_: False)
    found = problems(CHAIN, "lease")
    assert any("went on appending after it had lost its lease" in p for p in found), found


def test_an_execution_digest_that_depends_on_the_order_of_completion(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("interlock.engine.execution.sorted", list, raising=False)
    found = problems(NESTED, "order")
    assert any("another execution digest than undisturbed" in p for p in found), found


def test_a_recovery_that_does_not_end(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("interlock.runtime.driving.driver.sleeps_long", lambda *_, **__: False)
    found = problems(CHAIN, "silence")
    assert any("recovery does not end" in problem for problem in found), found


def test_an_outcome_that_is_taken_twice(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(attempts, "expect", lambda *_: None)
    monkeypatch.setattr(attempts, "call_due", lambda at, *_, **__: at.node)
    found = problems(CHAIN, "duplicate")
    assert any("AttemptReturned was taken twice" in problem for problem in found), found


def test_a_reported_outcome_that_is_doubted(monkeypatch: pytest.MonkeyPatch):
    def doubted(turn: Any, event: AttemptReturned) -> None:
        at = locate(turn, event.path)
        at.state.unproven = True
        ordering.doubt(at, ErrorInfo(code="IL6010", message="who knows"))

    monkeypatch.setattr(STEP, "on_returned", doubted)
    tells(problems(BOOKING), "is in doubt, and its outcome is in the journal")


def test_a_journal_that_says_something_else(monkeypatch: pytest.MonkeyPatch):
    def other(run: RunId, entry: Entry, *chance: Any, by: Maker | None) -> Sealed:
        if isinstance(entry.event, AttemptStarted):
            entry = replace(entry, event=replace(entry.event, call_key=digest("x", entry.seq)))
        return seal_entry(run, entry, *chance, by=by)

    monkeypatch.setattr("interlock.runtime.commits.sealing.seal_entry", other)
    tells(problems(CHAIN), "the journal does not verify")


@pytest.mark.parametrize(
    "kind, actor, problem",
    [
        (RunPaused, "unauthenticated:eve", "is by unauthenticated:eve, who was not there"),
        (NodeSettled, "runtime:another", "its actor is 'runtime:owner-1', who does not"),
        (NodeSettled, "unauthenticated:eve", "its actor is 'unauthenticated:eve'"),
    ],
)
def test_an_event_under_the_name_of_somebody_else(
    monkeypatch: pytest.MonkeyPatch, kind: type, actor: str, problem: str
):
    def other(run: RunId, entry: Entry, chance: bytes, *, by: Maker | None) -> Sealed:
        if isinstance(entry.event, kind):
            entry, by = replace(entry, actor=Actor(actor)), None
        return seal_entry(run, entry, chance, by=by)

    monkeypatch.setattr("interlock.runtime.commits.sealing.seal_entry", other)
    tells(problems(CHAIN, "decision"), problem)


def test_a_write_that_one_person_allows_where_two_are_asked(monkeypatch: pytest.MonkeyPatch):
    def once(turn: Any, event: GateDecided) -> None:
        turn.state.asleep[event.path].approvers.add("somebody")
        gates.on_decided(turn, event)

    monkeypatch.setattr(STEP, "on_decided", once)
    tells(problems(RELEASE), "was sent, and `signoff` had not allowed it")


def test_a_decision_that_is_acknowledged_and_lost(monkeypatch: pytest.MonkeyPatch):
    deliver = Mail.deliver

    def forgetful(self: Mail, messages: Any) -> None:
        deliver(self, [one for one in messages if one.kind not in ("pause", "cancel")])

    monkeypatch.setattr(Mail, "deliver", forgetful)
    tells(problems(CHAIN, "decision"), "a decision was acknowledged, and nobody took it")


def test_a_cancelled_run_whose_writes_are_not_undone(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("interlock.engine.closing._is_to_be_undone", lambda *_: False)
    found = problems(WRITTEN["trip"], "decision")
    tells(found, "the run was cancelled to be undone, and it was not")


def test_a_reopened_run_that_repeats_what_succeeded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reopening, "_is_lacking", lambda _, now: now.status != "skipped")
    found = problems(WRITTEN["trip"], "decision")
    tells(found, "took place, was not undone, and was executed again as a new one")


def test_a_pause_that_forgets_what_it_held(monkeypatch: pytest.MonkeyPatch):
    def forgetful(turn: Any) -> None:
        turn.state.held = []
        pausing.on_unpaused(turn)

    monkeypatch.setattr(STEP, "on_unpaused", forgetful)
    tells(problems(WRITTEN["trip"], "decision"), "recovery does not end")


def test_a_wait_that_no_recovery_remembers(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("interlock.engine.recovery.set_again", lambda _: None)
    tells(problems(RELEASE), "recovery does not end")


def test_a_wait_that_ends_early(monkeypatch: pytest.MonkeyPatch):
    due = Timers.set
    monkeypatch.setattr(
        Timers, "set", lambda self, order: due(self, replace(order, at_ms=order.at_ms - 60_000))
    )
    assert problems(RELEASE)


def test_a_receiver_that_forgets_its_keys(monkeypatch: pytest.MonkeyPatch):
    """No mistake of ours: but who counts must see it."""

    def take(self: Outside, request: Request) -> Json:
        self.effects[request.key] += 1
        return request.output

    monkeypatch.setattr(Outside, "take", take)
    found = problems(SAFETIES, "crash")
    tells(found, "`keyed` (keyed) took place 2 times; declared: one effect")


def test_a_probe_that_does_not_know_what_it_should(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Outside, "find", lambda *_: None)
    found = problems(SAFETIES, "crash")
    tells(found, "`probed` (probed) took place 2 times; declared: one effect")


def test_a_probe_that_says_what_is_not_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Outside, "find", lambda *_: 7)
    tells(problems(SAFETIES, "crash"), "`probed` (probed) is succeeded, and it never took place")


def test_a_transaction_that_keeps_its_effect_and_loses_its_outcome(monkeypatch: pytest.MonkeyPatch):
    transact = MemoryStore.transact

    def twice(self: MemoryStore, run: RunId, epoch: int, work: Any) -> bool:
        if epoch == LAST_EPOCH:
            return transact(self, run, epoch, work)
        transact(self, RunId("01OTHER"), 1, lambda database: (work(database), ())[1])
        return transact(self, run, epoch, work)

    monkeypatch.setattr(MemoryStore, "transact", twice)
    tells(problems(WRITTEN["ledger"]), "took place 2 times; declared: exactly once")


def test_every_failure_is_found_again_by_its_number(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("interlock.engine.kinds.attempts.within_window", lambda *_, **__: True)
    kinds: tuple[Kind, ...] = ("crash", "crash-again", "lease", "decision")
    found = certify(SAFETIES.plan, SAFETIES.inputs, seed=7, sizes=SIZES, kinds=kinds)
    failures = [failure for tally in found.tallies.values() for failure in tally.failures[:2]]
    assert {failure.course.kind for failure in failures} == set(kinds)
    for failure in failures:
        kind, number = failure.course.kind, failure.course.number
        again = certify(SAFETIES.plan, SAFETIES.inputs, seed=7, kinds=[kind], at=number)
        assert again.tallies[kind].failures == [failure]
