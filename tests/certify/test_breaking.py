"""A certifier that cannot fail proves nothing: each mistake here is made on purpose, and is found.

The mistakes are put into the engine, the runtime and the store, one at a time. What derives a
journal again has the same mistake then: so it is the simulated receivers, and the reading of the
journal, that must see it.
"""

from typing import Any

import pytest

from certify.test_certified import told
from interlock.engine import Probe, StartAttempt, attempts
from interlock.journal import ErrorInfo
from interlock.runtime.commits import CommitQueue
from interlock.runtime.driver import Driver
from interlock.runtime.timers import Timers
from interlock.store.memory import MemoryStore
from interlock.testing import Kind, Sizes, certify
from sim.graphs import CASES, Case

CHAIN, SAFETIES, NESTED = (CASES[name] for name in ("chain", "safeties", "nested"))
SIZES = Sizes(second_crashes=6, orders=4, jumps=4)


def problems(case: Case, *kinds: Kind) -> list[str]:
    return told(certify(case.plan, case.inputs, seed=7, sizes=SIZES, kinds=kinds))


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
    monkeypatch.setattr("interlock.engine.attempts.within_window", lambda *_, **__: True)
    retried = CASES["retries"]
    found = problems(retried, "silence")
    assert any("took place 2 times; declared: at most once" in problem for problem in found), found


def test_a_write_that_is_sent_again_after_a_crash(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("interlock.engine.attempts.within_window", lambda *_, **__: True)
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
    monkeypatch.setattr("interlock.runtime.driver.sleeps_long", lambda *_, **__: False)
    found = problems(CHAIN, "silence")
    assert any("recovery does not end" in problem for problem in found), found


def test_an_outcome_that_is_taken_twice(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(attempts, "expect", lambda *_: None)
    found = problems(CHAIN, "duplicate")
    assert any("AttemptReturned was taken twice" in problem for problem in found), found
