"""Cancelling: of a run, of a node, of the rest of a map, at the deadline of a run."""

from dataclasses import replace
from typing import Any

import pytest

from interlock.engine import IllegalTransition
from interlock.graph import CallNode, ProposeNode, Retry
from interlock.journal import NodeCancelled, TimerFired
from interlock.values import Json, NodeId, Path
from unit.engine.driving import (
    NOT_APPLIED,
    START_MS,
    STRINGS,
    Driven,
    call,
    failure,
    plan_of,
    types,
)
from unit.engine.making import body, each, gate, repeat, sub, wait

TWICE = Retry(attempts=2, delay_ms=100)


def one(action: str, **options: Any) -> Driven:
    return Driven(plan_of(call("a", action, **options)))


# --- what is under way


@pytest.mark.parametrize("action", ["read", "keyed", "write", "probed"])
def test_what_was_not_sent_is_cancelled(action: str):
    run = one(action)
    assert types(run.cancel()) == ["cancel a 1"]
    if action != "read":
        run.start("a")
    assert run.end_cancelled("a", sent=False) == []
    assert run.settled() == {"a": "cancelled"}
    assert run.error("a").message == "ann cancelled it"
    assert run.result().status == "cancelled"
    run.check()


@pytest.mark.parametrize("action", ["read", "metered", "keyed", "write", "probed"])
def test_a_value_that_came_all_the_same_is_kept(action: str):
    run = one(action)
    if action != "read":
        run.start("a")
    run.cancel()
    run.end("a", 7)
    assert run.settled() == {"a": "succeeded"}
    assert run.result().status == "succeeded"
    run.check()


@pytest.mark.parametrize(
    "action, then", [("metered", "cancelled"), ("keyed", "in_doubt"), ("write", "in_doubt")]
)
def test_only_a_write_that_may_have_happened_is_in_doubt(action: str, then: str):
    run = one(action)
    run.start("a")
    run.cancel()
    run.end_cancelled("a")
    assert (run.node("a").status if then == "in_doubt" else run.settled()["a"]) == then
    assert run.state.status == (None if then == "in_doubt" else "cancelled")
    run.check()


def test_a_write_that_can_be_asked_for_is():
    run = one("probed")
    run.start("a")
    run.cancel()
    assert types(run.end_cancelled("a")) == ["probe a 1"]
    run.probed("a", "not_applied")
    assert run.settled() == {"a": "cancelled"}
    run.check()


def test_a_write_that_the_probe_finds_is_kept():
    run = one("probed")
    run.start("a")
    run.cancel()
    run.end_cancelled("a")
    run.probed("a", "applied", 7)
    assert run.result().status == "succeeded"
    run.check()


@pytest.mark.parametrize("error", [failure(), failure(permanent=True), NOT_APPLIED])
def test_what_fails_while_it_is_cancelled_is_cancelled(error: Any):
    run = one("read" if error is not NOT_APPLIED else "write", retry=TWICE)
    if error is NOT_APPLIED:
        run.start("a")
    run.cancel()
    assert run.end("a", error) == []
    assert run.settled() == {"a": "cancelled"}
    run.check()


def test_a_bad_output_is_not_asked_for_again():
    run = one("read", retry=TWICE)
    run.cancel()
    run.end("a", "text")
    assert run.settled() == {"a": "cancelled"}
    run.check()


def test_a_write_that_broke_its_promise_is_violated_all_the_same():
    run = one("write")
    run.start("a")
    run.cancel()
    run.end("a", "text")
    assert run.settled() == {"a": "violated"}
    run.check()


def test_what_cannot_be_stored_has_happened():
    run = one("write")
    run.start("a")
    run.cancel()
    run.end("a", failure("IL6003"))
    assert run.settled() == {"a": "violated"}
    run.check()


@pytest.mark.parametrize("action, then", [("read", "cancelled"), ("keyed", "in_doubt")])
def test_what_waits_for_its_retry_delay_is_cancelled_at_once(action: str, then: str):
    run = one(action, retry=TWICE)
    run.end("a", failure())
    assert types(run.cancel()) == ["cancel a 2"]
    run.end_cancelled("a", sent=False)
    assert (run.settled().get("a") or run.node("a").status) == then
    run.check()


def test_an_intent_that_comes_after_the_cancellation_is_legal():
    """The driver had handed it to the journal before it took the cancellation."""
    run = one("write")
    run.cancel()
    run.start("a")
    run.end_cancelled("a", sent=False)
    assert run.settled() == {"a": "cancelled"}
    run.check()


def test_what_its_receiver_is_asked_about_is_not_cancelled():
    run = one("probed")
    run.end("a", failure())
    assert types(run.orders) == ["start a 1", "probe a 1"]
    assert run.cancel() == []
    run.probed("a", "not_applied")
    assert run.settled() == {"a": "cancelled"}
    run.check()


def test_an_end_that_is_on_its_way_stands():
    run = one("write")
    run.start("a")
    run.hold()
    run.end("a", 7)
    assert run.cancel() == []
    run.release()
    assert run.result().status == "succeeded"
    run.check()


def test_a_doubt_that_is_on_its_way_stands():
    run = one("write")
    run.start("a")
    run.hold()
    run.end("a", failure())
    assert run.cancel() == []
    run.release()
    assert run.node("a").status == "in_doubt"
    run.check()


def test_a_failure_that_is_on_its_way_is_no_reason_to_try_again():
    run = one("read", retry=TWICE)
    run.hold()
    run.end("a", "text")
    run.cancel()
    assert run.release() == []
    assert run.settled() == {"a": "cancelled"}
    run.check()


@pytest.mark.parametrize(
    "verdict, then", [("succeeded", "succeeded"), ("failed", "cancelled"), ("retry", None)]
)
def test_a_doubt_outlives_a_cancellation(verdict: Any, then: str | None):
    run = Driven(plan_of(call("a", "write"), call("b", "read", needs=("a",))))
    run.end("a", failure())
    assert run.cancel() == []
    assert run.state.status is None
    assert run.resolve("a", verdict, 7) == []
    assert run.settled()["a"] == (then or "cancelled")
    assert run.result().status == "cancelled"
    run.check()


# --- what has not begun, and what sleeps


def test_nothing_starts_any_more():
    run = Driven(plan_of(call("a", "keyed"), call("b", "read", after=("a",))))
    run.start("a")
    run.cancel()
    assert run.end("a", 7) == []
    assert run.settled() == {"a": "succeeded", "b": "cancelled"}
    run.check()


def test_what_was_held_back_by_a_pause_ends_at_once():
    run = Driven(plan_of(call("a", "keyed"), call("b", "read", needs=("a",))))
    run.start("a")
    run.pause()
    run.end("a", 7)
    assert run.cancel() == []
    assert run.result().status == "cancelled"
    run.check()


@pytest.mark.parametrize("action, then", [("read", "cancelled"), ("keyed", "in_doubt")])
def test_a_retry_that_was_held_back_is_not_sent(action: str, then: str):
    run = one(action, retry=TWICE)
    if action == "keyed":
        run.start("a")
    run.pause()
    run.end("a", failure())
    assert run.cancel() == []
    assert (run.settled().get("a") or run.node("a").status) == then
    run.check()


def test_a_node_that_is_held_back_is_cancelled_while_the_rest_stays_held():
    run = Driven(
        plan_of(call("a", "keyed"), *(call(id_, "read", needs=("a",)) for id_ in ("b", "c")))
    )
    run.start("a")
    run.pause()
    run.end("a", 7)
    run.cancel("b")
    assert run.settled() == {"a": "succeeded", "b": "cancelled"}
    assert types(run.unpause()) == ["start c 1"]
    run.end("c", 1)
    assert run.result().status == "cancelled"
    run.check()


def test_gates_and_waits_end_at_once():
    run = Driven(plan_of(gate(), wait(signal="s"), wait("t", for_ms=1000)))
    assert run.cancel() == []
    assert run.settled() == {"g": "cancelled", "w": "cancelled", "t": "cancelled"}
    run.check()


def test_gates_and_waits_that_are_about_to_open_end_at_once():
    run = Driven(plan_of(call("a", "keyed"), *(n("a") for n in (after_gate, after_wait))))
    run.start("a")
    run.hold()
    run.end("a", 1)
    opening, run.holding = run.holding or [], []
    run.tell(opening[0])
    run.cancel()
    run.release()
    assert run.settled() == {"a": "succeeded", "g": "cancelled", "w": "cancelled"}
    run.check()


def after_gate(id_: str) -> Any:
    return gate(needs=(id_,))


def after_wait(id_: str) -> Any:
    return wait(signal="s", needs=(id_,))


# --- scopes


def nested(*nodes: Any, kind: Any, **options: Any) -> Driven:
    return Driven(plan_of(kind, graphs={"body": body(*nodes, **options)}))


def test_a_subgraph_is_cancelled_with_its_run():
    run = nested(call("x", "read"), call("y", "read", needs=("x",)), kind=sub("s"))
    assert types(run.cancel()) == ["cancel s/x 1"]
    run.end_cancelled("s/x")
    assert run.settled() == {"s/x": "cancelled", "s/y": "skipped", "s": "cancelled"}
    assert run.result().status == "cancelled"
    run.check()


def test_a_map_is_cancelled_with_what_was_not_opened():
    node = each("['p', 'q', 'r']", "m", limit=2)
    run = nested(call("x", "read"), kind=node)
    assert types(run.cancel("m")) == ["cancel m[0]/x 1", "cancel m[1]/x 1"]
    run.end("m[0]/x", 7)
    run.end_cancelled("m[1]/x")
    assert run.settled() == {"m[0]/x": "succeeded", "m[1]/x": "cancelled", "m": "cancelled"}
    assert run.error("m").message == "ann cancelled it"
    run.check()


def test_an_item_is_cancelled_with_all_in_it_and_the_others_go_on():
    node = each("['p', 'q']", "m", failures_max=1)
    run = nested(call("x", "read"), call("y", "read", needs=("x",)), wait(signal="s"), kind=node)
    assert types(run.cancel("m[0]")) == ["cancel m[0]/x 1"]
    assert run.cancel("m[0]") == []
    run.end_cancelled("m[0]/x")
    run.end("m[1]/x", 7)
    run.end("m[1]/y", 7)
    run.signal("s")
    assert run.settled() == {
        "m[0]/w": "cancelled",
        "m[0]/x": "cancelled",
        "m[0]/y": "skipped",
        "m[1]/w": "succeeded",
        "m[1]/x": "succeeded",
        "m[1]/y": "succeeded",
        "m": "succeeded",
    }
    assert run.error("m[0]/x").message == "ann cancelled it"
    run.check()


def test_an_item_that_has_ended_stays_as_it_is():
    run = nested(call("x", "read"), kind=each("['p', 'q']", "m"))
    run.end("m[0]/x", 7)
    run.tell(NodeCancelled(path=Path("m[0]"), generation=1), actor="ann")
    run.end("m[1]/x", 7)
    assert run.result().status == "succeeded"
    run.check()


@pytest.mark.parametrize("path, generation", [("m[2]", 1), ("m", 2), ("m[0]", 2), ("n[0]", 1)])
def test_an_item_that_never_was_cannot_be_cancelled(path: str, generation: int):
    run = nested(call("x", "read"), kind=each("['p', 'q']", "m"))
    with pytest.raises(IllegalTransition):
        run.tell(NodeCancelled(path=Path(path), generation=generation), actor="ann")


def test_an_item_is_opened_again_with_its_run():
    run = nested(call("x", "read"), kind=each("['p', 'q']", "m"))
    run.cancel("m[0]")
    run.end_cancelled("m[0]/x")
    run.end("m[1]/x", 7)
    assert run.result().status == "cancelled"
    run.reopen()
    run.end("m[0]/x", 7)
    assert run.result().status == "succeeded"
    run.check()


def test_an_item_is_cancelled_in_the_generation_that_is_meant():
    plan = plan_of(
        call("a", "read"),
        each("['p']", "m", needs=("a",)),
        graphs={"body": body(call("x", "read"))},
    )
    run = Driven(plan)
    run.end("a", failure(permanent=True))
    run.reopen()
    run.end("a", 1)
    before = NodeCancelled(path=Path("m[0]"), generation=1)
    assert run.tell(before, actor="ann") == [], "that was before the run was opened again"
    with pytest.raises(IllegalTransition, match="has not come to generation 3"):
        run.tell(replace(before, generation=3), actor="ann")


def test_a_turn_is_cancelled_and_ends_its_repeat():
    run = nested(call("x", "read"), kind=repeat("false"), outputs={"n": 1})
    run.end("r#1/x", 7)
    assert types(run.cancel("r#2")) == ["cancel r#2/x 1"]
    run.end_cancelled("r#2/x")
    assert run.settled()["r"] == "cancelled"
    run.check()


def test_a_map_whose_items_had_all_been_opened_and_succeed_is_kept():
    run = nested(call("x", "keyed"), kind=each("['p', 'q']", "m"))
    run.start("m[0]/x")
    run.start("m[1]/x")
    run.cancel()
    run.end("m[0]/x", 7)
    run.end("m[1]/x", 7)
    assert run.result().status == "succeeded"
    run.check()


def test_too_many_failures_cancel_the_rest_of_a_map():
    items: list[Json] = ["p", "q", "r", "s"]
    node = each("inputs.l", "m", limit=3)
    bodies = {"body": body(call("x", "keyed"), wait(signal="s"))}
    run = Driven(plan_of(node, graphs=bodies, inputs={"l": STRINGS}), {"l": items})
    run.start("m[1]/x")
    cancels = run.end("m[0]/x", NOT_APPLIED)
    assert types(cancels) == []
    run.signal("s")
    # The item ends, and with it all others.
    assert types(run.orders[-2:]) == ["cancel m[1]/x 1", "cancel m[2]/x 1"]
    run.end("m[1]/x", 7)
    run.end_cancelled("m[2]/x", sent=False)
    assert run.settled()["m[1]/x"] == "succeeded"
    assert run.settled()["m[1]/w"] == "cancelled"
    assert run.settled()["m"] == "failed"
    assert "m[3]/x" not in run.settled()
    assert run.error("m").message.startswith("1 items failed")
    run.check()


def test_a_repeat_opens_no_further_turn():
    run = nested(
        call("x", "keyed"),
        kind=repeat("false", "r", max=5),
        outputs={"n": "${{ x }}"},
    )
    run.start("r#1/x")
    assert types(run.cancel("r")) == ["cancel r#1/x 1"]
    run.end("r#1/x", 7)
    assert run.settled() == {"r#1/x": "succeeded", "r": "cancelled"}
    run.check()


def test_a_proposal_that_was_accepted_meanwhile_starts_nothing():
    node = ProposeNode(
        id=NodeId("p"),
        action="propose",
        with_={"label": "p", "values": []},
        actions=("read",),
    )
    run = Driven(plan_of(node))
    document = {
        "interlock": 1,
        "name": "q",
        "nodes": {"read_1": {"call": "read", "with": {"label": "l", "values": []}}},
    }
    run.start("p")
    run.hold()
    run.end("p", document)
    run.cancel()
    run.release()
    assert run.settled()["p/read_1"] == "cancelled"
    assert run.result().status == "cancelled"
    run.check()


def test_a_proposal_that_was_refused_meanwhile_is_not_repaired():
    node = ProposeNode(
        id=NodeId("p"), action="propose", with_={"label": "p", "values": []}, actions=("read",)
    )
    run = Driven(plan_of(node))
    run.start("p")
    run.cancel()
    assert run.end("p", {"not": "a graph"}) == []
    assert run.settled() == {"p": "cancelled"}
    run.check()


# --- a node


def test_one_node_is_cancelled_and_its_siblings_go_on():
    run = Driven(plan_of(*(call(id_, "read") for id_ in "ab"), call("c", "read", needs=("a",))))
    assert types(run.cancel("a")) == ["cancel a 1"]
    run.end_cancelled("a")
    run.end("b", 7)
    assert run.settled() == {"a": "cancelled", "b": "succeeded", "c": "skipped"}
    assert run.result().status == "cancelled"
    run.check()


def test_a_node_may_be_cancelled_and_its_run_succeed():
    run = Driven(
        plan_of(
            call("a", "read", on_error="continue"),
            outputs={"s": "${{ nodes.a.status }}"},
        )
    )
    run.cancel("a")
    run.end_cancelled("a")
    assert run.output() == {"s": "cancelled"}
    run.check()


def test_a_node_that_waits_is_cancelled_when_its_turn_comes():
    run = Driven(plan_of(call("a", "read"), call("b", "read", needs=("a",))))
    assert run.cancel("b") == []
    assert run.end("a", 1) == []
    assert run.settled() == {"a": "succeeded", "b": "cancelled"}
    run.check()


def test_a_node_that_has_ended_stays():
    run = Driven(plan_of(*(call(id_, "read") for id_ in "ab")))
    run.end("a", 1)
    assert run.cancel("a") == []
    run.end("b", 1)
    assert run.result().status == "succeeded"
    run.check()


def test_a_node_that_has_ended_with_all_around_it_stays():
    run = Driven(plan_of(sub("s"), call("b", "read"), graphs={"body": body(call("x", "read"))}))
    run.end("s/x", 1)
    run.tell(NodeCancelled(path=Path("s/x"), generation=1), actor="ann")
    run.end("b", 1)
    assert run.result().status == "succeeded"
    run.check()


@pytest.mark.parametrize("path, generation", [("z", 1), ("a", 2)])
def test_what_never_was_cannot_be_cancelled(path: str, generation: int):
    run = one("read")
    with pytest.raises(IllegalTransition):
        run.tell(NodeCancelled(path=Path(path), generation=generation))


def test_the_second_cancellation_changes_nothing():
    run = one("metered")
    run.start("a")
    assert types(run.cancel("a")) == ["cancel a 1"]
    assert run.cancel("a") == []
    run.cancel()
    assert run.cancel() == []
    run.end_cancelled("a")
    assert run.result().status == "cancelled"
    run.check()


# --- how it travels up


@pytest.mark.parametrize("verdict", ["rejected", "approved"])
def test_a_refusal_travels_up_through_every_kind_of_scope(verdict: Any):
    inner = {
        "turn": body(gate(), name="turn"),
        "item": body(repeat("true", "r", graph="turn"), name="item"),
        "body": body(each("['p']", "m", graph="item")),
    }
    run = Driven(plan_of(sub("s"), graphs=inner))
    run.decide("s/m[0]/r#1/g", verdict)
    refused = "succeeded" if verdict == "approved" else "refused"
    assert set(run.settled().values()) == {refused}
    assert run.result().status == refused
    run.check()


def test_a_failure_counts_more_than_a_refusal():
    run = Driven(plan_of(gate(), call("a", "read")))
    run.decide("g", "rejected")
    run.end("a", failure())
    assert run.result().status == "failed"
    run.check()


# --- the deadline of a run


def with_deadline(node: CallNode) -> Driven:
    return Driven(plan_of(node), deadline_at_ms=START_MS + 1000)


def test_at_its_deadline_a_run_is_cancelled():
    run = with_deadline(call("a", "metered"))
    assert types(run.orders) == ["timer  1000", "start a 1"]
    run.start("a")
    run.now_ms += 1000
    assert types(run.fire()) == ["cancel a 1"]
    run.end_cancelled("a")
    assert run.error("a").code == "IL6026"
    assert run.result().status == "cancelled"
    assert not run.state.timers
    run.check()


def test_the_deadline_of_a_run_that_ends_is_over():
    run = with_deadline(call("a", "read"))
    run.end("a", 1)
    assert not run.state.timers
    run.check()


def test_a_deadline_that_fires_early_is_refused():
    run = with_deadline(call("a", "read"))
    with pytest.raises(IllegalTransition, match="1000 ms early"):
        run.tell(TimerFired(path=Path(""), generation=1))


# --- recovery


@pytest.mark.parametrize(
    "action, then",
    [("read", "cancelled"), ("keyed", "in_doubt"), ("write", "in_doubt"), ("probed", "probing")],
)
def test_what_was_cancelled_and_lost_is_not_sent_again(action: str, then: str):
    run = one(action)
    run.start("a") if action != "read" else None
    run.cancel()
    orders = types(run.recover())
    assert orders == (["probe a 1"] if then == "probing" else [])
    if then == "probing":
        run.probed("a", "not_applied")
    assert (run.settled().get("a") or run.node("a").status) == (
        "cancelled" if then == "probing" else then
    )
    run.check()


@pytest.mark.parametrize("action, then", [("read", "cancelled"), ("keyed", "in_doubt")])
def test_what_was_cancelled_in_its_delay_is_not_sent_by_a_recovery(action: str, then: str):
    run = one(action, retry=TWICE)
    run.end("a", failure())
    run.cancel()
    assert run.recover() == []
    assert (run.settled().get("a") or run.node("a").status) == then
    run.check()


def test_a_deadline_is_set_again_by_a_recovery():
    run = with_deadline(call("a", "read"))
    assert "timer  1000" in types(run.recover())
    run.check()
