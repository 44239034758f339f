"""After a crash: what was lost is decided by effect and safety, the rest is ordered again."""

from typing import Any

import pytest

from interlock.engine import Probe, step
from interlock.graph import Retry
from interlock.plan import Limits
from unit.engine.driving import START_MS, Driven, call, failure, plan_of, types

DAY_MS = 24 * 3600 * 1000
THRICE = Retry(attempts=3, delay_ms=100)


def started(action: str, *, limits: Limits | None = None, **options: Any) -> Driven:
    """A run whose only attempt has an intent and no outcome."""
    run = Driven(plan_of(call("a", action, **options), outputs={"n": "${{ a }}"}, limits=limits))
    run.start("a")
    return run


# --- lost attempts


@pytest.mark.parametrize("name", ["metered", "keyed", "safest"])
def test_what_may_be_repeated_is_sent_again(name: str):
    run = started(name)
    run.now_ms += 60_000
    assert types(run.recover()) == ["start a 2"]
    assert not run.due("a").ahead
    run.end("a", 7)
    assert run.settled() == {"a": "succeeded"}
    run.check()


@pytest.mark.parametrize("name", ["write"])
def test_a_lost_write_that_declares_nothing_is_in_doubt(name: str):
    run = started(name, retry=THRICE)
    assert run.recover() == []
    assert run.state.in_doubt == {"a"}
    assert run.state.running == 0
    run.check()


def test_a_lost_write_is_asked_about_when_its_receiver_can_be_asked():
    run = started("probed", timeout_ms=5_000)
    orders = run.recover()
    assert types(orders) == ["probe a 1"]
    assert [o.not_before_ms for o in orders if isinstance(o, Probe)] == [START_MS + 5_000]


def test_a_lost_write_that_did_not_happen_is_sent_again_at_no_cost():
    run = started("probed")
    run.recover()
    assert types(run.probed("a", "not_applied")) == ["start a 2"]
    run.end("a", failure())
    run.probed("a", "not_applied")
    assert run.settled() == {"a": "failed"}, "the attempt after the crash was the only one allowed"
    run.check()


def test_a_lost_write_that_was_sent_again_fails_as_often_as_any():
    run = started("safest")
    assert types(run.recover()) == ["start a 2"]
    assert types(run.end("a", failure())) == ["probe a 2"]
    assert run.probed("a", "not_applied") == [], "the crash was one attempt, and has had its own"
    assert run.settled() == {"a": "failed"}
    run.check()


def test_a_lost_write_with_a_key_is_asked_about_behind_its_window():
    run = started("safest")
    run.now_ms += DAY_MS
    assert types(run.recover()) == ["probe a 1"]


def test_the_window_ends_when_it_ends():
    run = started("keyed")
    run.now_ms += DAY_MS - 1
    assert types(run.recover()) == ["start a 2"]


def test_a_lost_write_with_a_key_alone_is_in_doubt_behind_its_window():
    run = started("keyed")
    run.now_ms += DAY_MS
    assert run.recover() == []
    assert run.state.in_doubt == {"a"}
    run.check()


def test_a_resend_that_is_due_is_not_sent_behind_the_window():
    """It was ordered in time, and then nobody drove the run until the receiver had forgotten."""
    run = started("keyed", retry=THRICE)
    assert types(run.end("a", failure())) == ["start a 2"]
    run.now_ms += DAY_MS
    assert run.recover() == []
    assert run.state.in_doubt == {"a"}
    run.check()


def test_a_resend_that_is_due_behind_the_window_is_asked_about():
    run = started("safest", retry=THRICE)
    run.end("a", failure())
    run.now_ms += DAY_MS
    assert types(run.recover()) == ["probe a 2"]
    assert types(run.probed("a", "not_applied")) == ["start a 3"]
    run.end("a", 7)
    run.check()


def test_a_retry_of_what_did_not_happen_is_due_whatever_the_window():
    run = started("keyed", retry=THRICE)
    run.end("a", failure("IL6009", not_applied=True))
    run.now_ms += DAY_MS
    assert types(run.recover()) == ["start a 2"]


# --- limits on crashes


def test_an_attempt_that_kills_the_process_again_and_again_fails_its_node():
    run = started("metered")
    for number in (2, 3):
        assert types(run.recover()) == [f"start a {number}"]
        run.start("a")
    assert run.recover() == []
    assert run.settled() == {"a": "failed"}
    assert run.error("a").code == "IL6011"
    run.check()


def test_a_resend_that_kills_the_process_again_and_again_leaves_doubt():
    run = started("keyed")
    for _ in range(2):
        run.recover()
        run.start("a")
    assert run.recover() == []
    assert run.state.in_doubt == {"a"}
    run.check()


def test_a_probed_write_that_kills_the_process_again_and_again_fails():
    run = started("probed")
    for _ in range(2):
        run.recover()
        run.probed("a", "not_applied")
        run.start("a")
    run.recover()
    run.probed("a", "not_applied")
    assert run.settled() == {"a": "failed"}
    assert run.error("a").code == "IL6011"
    run.check()


def test_crashes_do_not_count_as_attempts():
    run = started("metered", retry=Retry(attempts=2, delay_ms=0))
    run.recover()
    assert types(run.end("a", failure())) == ["start a 3"]
    run.end("a", failure())
    assert run.settled() == {"a": "failed"}
    run.check()


def test_how_often_a_process_may_die_is_a_limit_of_the_plan():
    run = started("metered", limits=Limits(crashes_max=1))
    assert run.recover() == []
    assert run.error("a").code == "IL6011"
    run.check()


# --- orderly stops are no crashes


def test_an_orderly_stop_neither_counts_as_a_crash_nor_as_an_attempt():
    run = started("metered", retry=Retry(attempts=2, delay_ms=0))
    for number in range(2, 9):
        assert types(run.recover(orderly=True)) == [f"start a {number}"]
        run.start("a")
    assert types(run.end("a", failure())) == ["start a 9"]
    run.end("a", failure())
    assert run.settled() == {"a": "failed"}
    run.check()


def test_crashes_between_orderly_stops_count():
    run = started("metered")
    for orderly in (False, True, True, False, True):
        assert run.recover(orderly=orderly) != []
        run.start("a")
    assert run.recover() == []
    assert run.error("a").code == "IL6011"
    assert run.error("a").message == "the process ended 3 times while this action ran"
    run.check()


def test_a_write_with_a_key_is_sent_again_after_every_orderly_stop():
    run = started("keyed")
    for number in range(2, 9):
        assert types(run.recover(orderly=True)) == [f"start a {number}"]
        run.start("a")
    run.check()


def test_a_write_that_declares_nothing_is_in_doubt_after_an_orderly_stop():
    run = started("write")
    assert run.recover(orderly=True) == []
    assert run.state.in_doubt == {"a"}
    error = run.node("a").error
    assert error is not None
    assert error.message == "no answer before the run was stopped"
    run.check()


# --- the rest is ordered again


def test_what_was_to_be_recorded_is_ordered_again():
    run = Driven(plan_of(call("a", "write"), call("b", "write"), outputs={"n": "${{ a + b }}"}))
    run.start("b")
    run.start("a")
    for path in ("a", "b"):
        run.entries.append(run.entry(run.outcome(path, 7)))
        step(run.state, run.entries[-1])
    assert set(run.state.ordered) == {"a", "b"}
    assert run.recover() == []
    assert run.settled() == {"a": "succeeded", "b": "succeeded"}
    assert run.output() == {"n": 14}
    run.check()


def test_what_ran_ahead_is_ordered_again_and_does_not_run_ahead_any_more():
    run = Driven(plan_of(call("a", "read"), call("b", "pure", needs=("a",))))
    assert run.due("a").ahead
    assert types(run.recover()) == ["start a 1"]
    assert not run.due("a").ahead
    run.end("a", 1)
    assert not run.due("b").ahead
    run.end("b", 1)
    run.check()


def test_a_retry_that_waits_is_due_at_the_same_time():
    run = started("metered", retry=Retry(attempts=2, delay_ms=60_000, delay_max_ms=60_000))
    run.end("a", failure())
    due_ms = run.due("a").not_before_ms
    run.now_ms += 10
    assert types(run.recover()) == ["start a 2"]
    assert run.due("a").not_before_ms == due_ms > run.now_ms


def test_feedback_survives():
    run = started("metered", retry=Retry(attempts=2, delay_ms=0, feedback=True))
    run.end("a", "no integer")
    before = run.due("a")
    run.recover()
    assert run.due("a").feedback == before.feedback != ()
    assert run.due("a").previous == before.previous is not None


def test_a_question_that_was_not_answered_is_asked_again():
    run = started("probed")
    run.end("a", failure())
    assert types(run.recover()) == ["probe a 1"]
    assert types(run.recover()) == ["probe a 1"]
    run.probed("a", "applied", 7)
    run.check()


def test_doubt_and_what_waits_for_others_are_left_alone():
    run = Driven(plan_of(call("a", "write"), call("b", "write", needs=("a",))))
    run.end("a", failure())
    assert run.recover() == []
    assert run.state.in_doubt == {"a"}
    run.check()


def test_scopes_are_taken_up_in_canonical_order():
    nodes = [call(name, "metered") for name in ("c", "a", "b")]
    run = Driven(plan_of(*nodes))
    assert types(run.recover()) == ["start a 1", "start b 1", "start c 1"]


def test_a_recovery_before_anything_was_lost_changes_nothing_else():
    run = Driven(plan_of(call("a", "write"), outputs={"n": "${{ a }}"}))
    run.recover()
    run.end("a", 7)
    assert run.settled() == {"a": "succeeded"}
    run.check()
