"""What follows from an attempt that returned or failed, by the effect and safety of its action."""

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, strategies as st

from interlock.actions import Registry, action
from interlock.engine import IllegalTransition, Probe
from interlock.graph import CallNode, Graph, MapNode, Retry
from interlock.plan import compile as compile_graph
from interlock.testing import World
from interlock.values import NodeId
from unit.engine.driving import (
    LATE,
    NOT_APPLIED,
    START_MS,
    STRINGS,
    Driven,
    call,
    failure,
    plan_of,
    types,
)

THRICE = Retry(attempts=3, delay_ms=100, backoff=2.0, delay_max_ms=150)
DAY_MS = 24 * 3600 * 1000


def driven(action: str, **options: Any) -> Driven:
    return Driven(plan_of(call("a", action, **options), outputs={"n": "${{ a }}"}))


def failing(action: str, *, times: int = 1, **options: Any) -> Driven:
    run = driven(action, **options)
    for _ in range(times):
        run.end("a", failure())
    return run


# --- an attempt returned


@pytest.mark.parametrize("name", ["pure", "read", "metered", "write", "keyed", "probed"])
def test_an_output_that_fits_succeeds(name: str):
    run = driven(name)
    run.end("a", 7)
    assert run.settled() == {"a": "succeeded"}
    assert run.output() == {"n": 7}
    run.check()


def test_only_what_is_pure_or_an_unmetered_read_runs_ahead():
    ahead = {
        name: driven(name).due("a").ahead
        for name in World().registry.manifests
        if name != "propose"
    }
    assert {name for name, value in ahead.items() if value} == {"pure", "read"}


@pytest.mark.parametrize("name", ["pure", "read", "metered"])
def test_a_bad_output_of_a_read_is_tried_again(name: str):
    run = driven(name, retry=THRICE)
    assert types(run.end("a", "no integer", tokens=3, cost_usd_micros=5)) == ["start a 2"]
    assert run.node("a").tokens == 3
    assert run.due("a").previous is None
    run.end("a", 7, tokens=4, cost_usd_micros=6)
    run.check()
    settled = run.settled_as("a")
    assert (settled.tokens, settled.cost_usd_micros) == (7, 11)


@pytest.mark.parametrize("name", ["pure", "metered"])
def test_a_bad_output_of_the_last_attempt_fails(name: str):
    run = driven(name)
    run.end("a", "no integer", tokens=3)
    assert run.settled() == {"a": "failed"}
    assert run.error("a").code == "IL6004"
    run.check()


@pytest.mark.parametrize("name", ["write", "keyed", "probed"])
def test_a_bad_output_of_a_write_is_violated_and_never_tried_again(name: str):
    run = driven(name, retry=THRICE)
    assert run.end("a", "no integer") == []
    assert run.settled() == {"a": "violated"}
    run.check()


@pytest.mark.parametrize("name", ["write", "keyed", "probed", "safest"])
def test_a_write_whose_output_cannot_be_stored_happened(name: str):
    run = driven(name, retry=THRICE)
    assert run.end("a", failure("IL6003")) == []
    assert run.settled() == {"a": "violated"}
    run.check()


def test_a_read_whose_output_cannot_be_stored_is_tried_again():
    run = driven("read", retry=THRICE)
    assert types(run.end("a", failure("IL6003"))) == ["start a 2"]


def test_a_postcondition_that_does_not_hold_fails_a_read_and_violates_a_write():
    for name, status in (("metered", "failed"), ("write", "violated")):
        run = driven(name, ensure=("result > 9", "args.label == 'a'"))
        run.end("a", 7)
        assert run.settled() == {"a": status}
        assert run.error("a").code == "IL6005"
        run.check()


def test_a_postcondition_that_cannot_be_evaluated_is_a_failure_of_its_own():
    run = driven("metered", ensure=("1 / (result - 7) > 0",))
    run.end("a", 7)
    assert run.error("a").code == "IL6007"
    run.check()


# --- failed, tried again


def test_attempts_are_bounded_and_the_last_error_is_told():
    run = failing("read", times=3, retry=THRICE)
    assert run.settled() == {"a": "failed"}
    assert run.error("a").code == "IL6001"
    run.check()


def test_a_permanent_failure_is_not_tried_again():
    run = driven("read", retry=THRICE)
    run.end("a", failure(permanent=True))
    assert run.settled() == {"a": "failed"}


@given(st.integers(1, 20), st.integers(0, 10_000), st.floats(1, 4))
def test_delays_grow_with_jitter_and_stay_below_their_maximum(
    attempt: int, delay_ms: int, backoff: float
):
    retry = Retry(attempts=25, delay_ms=delay_ms, backoff=backoff, delay_max_ms=60_000)
    run = driven("read", retry=retry)
    for _ in range(attempt):
        run.end("a", failure())
    wait = run.due("a").not_before_ms - START_MS
    whole = min(60_000, delay_ms * backoff ** (attempt - 1))
    assert whole / 2 - 1 <= wait <= whole + 1


def test_jitter_is_the_same_in_every_replay_and_differs_between_attempts():
    first, again = failing("read", retry=THRICE), failing("read", retry=THRICE)
    assert first.due("a").not_before_ms == again.due("a").not_before_ms
    assert 50 <= first.due("a").not_before_ms - START_MS <= 100
    first.check()


@given(st.integers(0, 10**7))
def test_what_a_failure_asks_for_comes_before_the_wait_of_retry(asked_ms: int):
    run, plain = driven("read", retry=THRICE), failing("read", retry=THRICE)
    run.end("a", failure(retry_after_ms=asked_ms))
    waits = [one.due("a").not_before_ms - START_MS for one in (run, plain)]
    assert waits[0] == waits[1] + min(asked_ms, 3_600_000)
    run.end("a", failure())
    assert run.due("a").not_before_ms - START_MS <= 150


def test_no_attempt_is_ordered_that_would_have_to_wait_beyond_the_deadline():
    for asked_ms, status in ((9_000, {}), (11_000, {"a": "failed"})):
        run = driven("read", retry=THRICE, deadline_ms=10_000)
        run.end("a", failure(retry_after_ms=asked_ms))
        assert run.settled() == status


def test_feedback_tells_the_next_attempt_what_was_wrong():
    run = driven("metered", retry=Retry(attempts=3, delay_ms=0, feedback=True))
    run.end("a", "no integer")
    due = run.due("a")
    assert due.previous is not None
    assert due.previous.json == "no integer"
    assert due.feedback[0].startswith("IL6004: the output of `a` has the wrong type")
    run.end("a", failure())
    assert run.due("a").feedback == ("IL6001: it failed",)
    assert run.due("a").previous is None
    run.check()


def test_without_feedback_the_next_attempt_learns_nothing():
    run = driven("metered", retry=THRICE)
    run.end("a", "no integer")
    assert (run.due("a").feedback, run.due("a").previous) == ((), None)


def test_no_attempt_starts_behind_the_deadline():
    run = driven("read", retry=THRICE, deadline_ms=1_000)
    assert run.due("a").deadline_at_ms == START_MS + 1_000
    run.now_ms += 800
    run.end("a", failure())
    assert run.due("a").deadline_at_ms == START_MS + 1_000
    run.now_ms += 150
    run.end("a", failure())
    assert run.settled() == {"a": "failed"}
    run.check()


def test_the_deadline_counts_from_the_first_intent():
    run = driven("metered", retry=THRICE, deadline_ms=1_000)
    run.now_ms += 5_000
    run.end("a", failure())
    assert run.due("a").deadline_at_ms == START_MS + 6_000
    run.now_ms += 500
    run.end("a", failure())
    assert run.due("a").deadline_at_ms == START_MS + 6_000


# --- writes without an answer


@pytest.mark.parametrize("name", ["write"])
def test_a_write_that_declares_nothing_is_in_doubt_and_never_tried_again(name: str):
    run = failing(name, retry=THRICE)
    assert run.state.in_doubt == {"a"}
    assert run.state.running == 0
    assert run.settled() == {}
    error = run.node("a").error
    assert error is not None
    assert error.code == "IL6001", "why it is in doubt is what the action raised"
    run.check()


@pytest.mark.parametrize("name", ["write", "keyed", "probed"])
def test_a_write_that_proves_that_it_did_not_happen_is_tried_again(name: str):
    run = driven(name, retry=THRICE)
    assert types(run.end("a", NOT_APPLIED)) == ["start a 2"]
    run.end("a", NOT_APPLIED)
    run.end("a", NOT_APPLIED)
    assert run.settled() == {"a": "failed"}
    assert run.error("a").code == "IL6009"
    run.check()


def test_a_key_lets_a_write_without_an_answer_be_sent_again():
    run = driven("keyed", retry=THRICE)
    assert types(run.end("a", failure())) == ["start a 2"]
    assert run.due("a").deadline_at_ms == START_MS + DAY_MS
    run.end("a", 7)
    assert run.settled() == {"a": "succeeded"}
    run.check()


def test_not_applied_says_nothing_of_the_attempt_before_it():
    run = failing("keyed", retry=Retry(attempts=2, delay_ms=0))
    run.end("a", NOT_APPLIED)
    assert run.state.in_doubt == {"a"}
    error = run.node("a").error
    assert error is not None
    assert error.code == "IL6010"
    assert "an earlier attempt has no answer" in error.message
    run.check()


def test_not_applied_after_an_attempt_without_an_answer_is_asked_about():
    run = failing("safest", retry=Retry(attempts=2, delay_ms=0))
    assert types(run.end("a", NOT_APPLIED)) == ["probe a 2"]
    run.probed("a", "applied", 7)
    assert run.settled() == {"a": "succeeded"}
    run.check()


def test_a_key_without_retry_leaves_doubt():
    run = failing("keyed")
    assert run.state.in_doubt == {"a"}


def test_nothing_is_sent_again_behind_the_window_of_the_key():
    run = driven("keyed", retry=THRICE)
    run.start("a")
    run.now_ms += DAY_MS
    run.end("a", failure())
    assert run.state.in_doubt == {"a"}
    run.check()


def test_the_window_of_the_key_counts_from_the_first_attempt():
    run = failing("keyed", retry=THRICE)
    run.now_ms += DAY_MS // 2
    run.start("a")
    run.now_ms += DAY_MS // 2
    run.end("a", failure())
    assert run.state.in_doubt == {"a"}
    run.check()


def test_nothing_is_planned_to_be_sent_behind_the_window_of_the_key():
    slow = Retry(attempts=3, delay_ms=DAY_MS, delay_max_ms=2 * DAY_MS)
    run = driven("keyed", retry=slow)
    run.start("a")
    run.now_ms += DAY_MS // 2 + 1
    run.end("a", failure())
    assert run.state.in_doubt == {"a"}


def test_nothing_is_planned_behind_the_window_because_a_failure_asks_for_a_wait():
    for asked_ms, in_doubt in ((1_000, set[str]()), (60_000, {"a"})):
        run = driven("keyed", retry=THRICE)
        run.start("a")
        run.now_ms += DAY_MS - 30_000
        run.end("a", failure(retry_after_ms=asked_ms))
        assert run.state.in_doubt == in_doubt


def test_what_comes_too_late_to_be_sent_leaves_the_earlier_attempt_in_doubt():
    run = failing("keyed", retry=THRICE)
    run.end("a", LATE)
    assert run.state.in_doubt == {"a"}
    run.check()


def test_what_comes_too_late_to_be_sent_fails_when_nothing_was_sent_before():
    run = driven("write", retry=THRICE)
    run.end("a", LATE)
    assert run.settled() == {"a": "failed"}


def test_the_first_attempt_of_a_write_is_not_bounded_by_the_window():
    assert driven("keyed").due("a").deadline_at_ms is None
    assert driven("keyed", deadline_ms=50).due("a").deadline_at_ms == START_MS + 50


def test_the_earlier_of_deadline_and_window_bounds_what_is_sent_again():
    short = failing("keyed", retry=THRICE, deadline_ms=2_000)
    assert short.due("a").deadline_at_ms == START_MS + 2_000
    long = failing("keyed", retry=THRICE, deadline_ms=2 * DAY_MS)
    assert long.due("a").deadline_at_ms == START_MS + DAY_MS


# --- probes


def test_the_receiver_is_asked_once_nothing_can_be_under_way():
    run = driven("probed", timeout_ms=5_000)
    run.start("a")
    run.now_ms += 700
    orders = run.end("a", failure())
    assert types(orders) == ["probe a 1"]
    assert [o.not_before_ms for o in orders if isinstance(o, Probe)] == [START_MS + 5_000]


def test_a_probe_that_found_the_write_settles_it_with_its_output():
    run = failing("probed")
    run.probed("a", "applied", 7)
    assert run.output() == {"n": 7}
    run.check()


def test_what_a_probe_found_is_judged_like_any_output():
    run = failing("probed")
    run.probed("a", "applied", "no integer")
    assert run.settled() == {"a": "violated"}
    run.check()


def test_a_probe_that_did_not_find_the_write_lets_it_be_tried_again():
    run = failing("probed", retry=THRICE)
    assert types(run.probed("a", "not_applied")) == ["start a 2"]
    run.end("a", NOT_APPLIED)
    run.end("a", NOT_APPLIED)
    assert run.settled() == {"a": "failed"}
    run.check()


def test_a_probe_that_did_not_find_the_last_attempt_fails_with_its_error():
    run = failing("probed")
    run.probed("a", "not_applied")
    assert run.settled() == {"a": "failed"}
    assert run.error("a").code == "IL6001"
    run.check()


def test_a_probe_that_cannot_tell_leaves_doubt():
    run = failing("probed", retry=THRICE)
    run.probed("a", "unknown")
    assert run.state.in_doubt == {"a"}
    run.check()


def test_every_attempt_without_an_answer_is_asked_about():
    run = failing("probed", retry=THRICE)
    run.probed("a", "not_applied")
    assert types(run.end("a", failure())) == ["probe a 2"]
    run.probed("a", "applied", 1)
    run.check()


# --- resolved


def test_a_person_says_that_a_write_happened():
    run = failing("write")
    run.resolve("a", "succeeded", 7)
    assert run.settled() == {"a": "succeeded"}
    assert run.state.in_doubt == set()
    run.check()


def test_a_person_says_that_a_write_did_not_happen():
    run = failing("write")
    run.resolve("a", "failed")
    assert run.settled() == {"a": "failed"}
    assert run.error("a").code == "IL6017"
    run.check()


def test_what_a_person_says_is_judged_like_any_output():
    run = failing("write", ensure=("result > 9",))
    run.resolve("a", "succeeded", 7)
    assert run.settled() == {"a": "violated"}
    run.check()


def doubtful(action: str = "probed", **options: Any) -> Driven:
    run = failing(action, **options)
    run.probed("a", "unknown")
    return run


def test_a_person_has_the_receiver_asked_again():
    run = doubtful()
    assert types(run.resolve("a", "ask")) == ["probe a 1"]
    assert run.state.in_doubt == set()
    run.check()
    run.probed("a", "applied", 7)
    assert run.output() == {"n": 7}
    run.check()


def test_a_receiver_that_still_cannot_tell_leaves_doubt_again():
    run = doubtful()
    for _ in range(2):
        run.resolve("a", "ask")
        run.probed("a", "unknown")
        assert run.state.in_doubt == {"a"}
    run.check()


@pytest.mark.parametrize("attempts", [1, 3])
def test_what_the_receiver_does_not_find_when_asked_again_goes_on_as_at_first(attempts: int):
    run = doubtful(retry=Retry(attempts=attempts))
    run.resolve("a", "ask")
    orders = run.probed("a", "not_applied")
    if attempts > 1:
        assert types(orders) == ["start a 2"]
    else:
        assert run.settled() == {"a": "failed"}
        assert run.error("a").code == "IL6009"
    run.check()


def test_a_question_that_was_lost_with_its_process_is_asked_again():
    run = doubtful()
    run.resolve("a", "ask")
    assert types(run.recover()) == ["probe a 1"]
    run.probed("a", "applied", 7)
    assert run.output() == {"n": 7}
    run.check()


def test_only_a_receiver_with_a_probe_can_be_asked():
    run = failing("write")
    with pytest.raises(IllegalTransition, match="declares no probe"):
        run.resolve("a", "ask")


# --- arguments


def test_arguments_that_do_not_fit_fail_the_node_before_anything_is_called():
    node = call("a", "write", with_={"label": "a", "values": "${{ inputs.x }}"})
    run = Driven(plan_of(node, inputs={"x": True}), {"x": "no list"})
    assert run.orders == []
    assert run.error("a").code == "IL6008"
    run.check()


def test_a_call_key_covers_the_arguments_and_not_the_node():
    node, same = call("a", "read"), call("b", "read", with_={"label": "a", "values": []})
    other = call("c", "read")
    run = Driven(plan_of(node, same, other))
    assert run.due("a").call_key == run.due("b").call_key != run.due("c").call_key


def test_retries_stop_when_the_map_around_has_failed():
    body_node = call("x", "read", with_={"label": "${{ inputs.v }}", "values": []}, retry=THRICE)
    body = Graph(name="body", nodes={body_node.id: body_node}, inputs={"v": {"type": "string"}})
    node = MapNode(id=NodeId("m"), graph="body", over="inputs.l", as_="i", with_={"v": "${{ i }}"})
    run = Driven(plan_of(node, graphs={"body": body}, inputs={"l": STRINGS}), {"l": ["p", "q"]})
    run.end("m[0]/x", failure(permanent=True))
    assert run.end("m[1]/x", failure()) == []
    assert run.settled() == {"m[0]/x": "failed", "m[1]/x": "cancelled", "m": "failed"}
    run.check()


def test_an_action_that_is_declared_by_annotations_alone_may_be_driven():
    @action(effect="pure")
    def one() -> int:
        return 1

    run = Driven(plan_of(call("a", "one", with_={}), registry=Registry([one])))
    run.end("a", 1)
    run.check()


def test_an_output_of_the_wrong_type_says_what_to_do():
    run = driven("metered")
    run.end("a", "no integer")
    assert run.error("a").hint == "correct the action, or the type that it declares to return"


def test_a_time_without_an_offset_says_where_to_get_one():
    @action(effect="read")
    def now() -> datetime:
        raise NotImplementedError

    graph = Graph(name="g", nodes={NodeId("a"): CallNode(id=NodeId("a"), action="now")})
    run = Driven(compile_graph(graph, Registry([now])))
    run.end("a", "2026-11-23T09:30:00")
    assert run.error("a").hint == "a time needs its offset, as `datetime.now(timezone.utc)` has one"
