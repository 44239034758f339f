"""Runs that go on under another plan: what counts in it, and what begins again."""

from typing import Any

import pytest

from interlock.engine import IllegalTransition, differences
from interlock.graph import AnyNode, Graph, Retry, Undo
from interlock.plan import Plan
from unit.engine.driving import Driven, call, failure, plan_of, types
from unit.engine.making import body, each, gate, repeat, sub, wait

TWICE = Retry(attempts=2)


def paid(action: str = "write", *more: AnyNode, quorum: int = 1) -> Plan:
    """Before it pays by some action, persons are asked."""
    ask = gate(expires_ms=1000, quorum=quorum)
    return plan_of(ask, call("pay", action, needs=("g",)), *more)


def test_a_gate_asks_anew_when_what_it_allows_has_changed():
    run = Driven(paid(quorum=2))
    before = run.asked("g").binding
    run.decide("g", by="ann")
    new = paid("keyed", quorum=2)
    assert differences(run.state, new) == ()
    run.migrate(new)
    assert run.asked("g").binding != before
    run.decide("g", by="bob")
    assert run.node("g").status == "running", "what ann approved was something else"
    assert types(run.decide("g", by="ann")) == ["start pay 1"]
    run.end("pay", 1)
    assert run.result().status == "succeeded"
    run.check()


def test_a_gate_goes_on_asking_the_same_when_something_else_has_changed():
    run = Driven(paid(quorum=2))
    before = run.asked("g").binding
    run.decide("g", by="ann")
    run.migrate(paid("write", call("other", "write", needs=("pay",)), quorum=2))
    assert run.asked("g").binding == before
    assert types(run.decide("g", by="bob")) == ["start pay 1"]
    run.check()


def test_what_was_approved_and_has_changed_since_is_refused():
    other = call("slow", "write")
    old = plan_of(gate(), other, call("pay", "write", needs=("g", "slow")))
    new = plan_of(gate(), other, call("pay", "keyed", needs=("g", "slow")))
    run = Driven(old)
    run.decide("g")
    (found,) = differences(run.state, new)
    assert found.told == "`g` has allowed `pay`, which calls keyed instead of write"
    run.migrate(new, "g")
    run.end("slow", 1)
    assert run.settled()["pay"] == "refused"
    assert run.error("pay").code == "IL6022"


def test_a_graph_was_allowed_under_one_plan():
    inner = body(call("pay", "write"))
    later = sub(needs=("g", "slow"))
    old = plan_of(gate(), call("slow", "write"), later, graphs={"body": inner})
    new = plan_of(gate(), call("slow", "write"), later, call("b", "read"), graphs={"body": inner})
    run = Driven(old)
    assert differences(run.state, new) == ()
    run.decide("g")
    (found,) = differences(run.state, new)
    assert found.told == "`g` has allowed `sub` under the plan of before"
    run.end("slow", 1)
    assert differences(run.state, new) == (), "it has begun"
    run.migrate(new)
    run.end("sub/pay", 1)
    assert run.settled()["sub"] == "succeeded"


def test_a_gate_that_has_changed_asks_anew():
    run = Driven(paid(quorum=2))
    before = run.asked("g").binding
    run.decide("g", by="ann")
    new = plan_of(gate(ask="Pay now?", expires_ms=1000), call("pay", "write", needs=("g",)))
    assert differences(run.state, new) == ()
    run.migrate(new)
    assert (run.asked("g").ask.json, run.asked("g").binding == before) == ("Pay now?", False)
    run.decide("g", by="bob")
    run.end("pay", 1)
    assert run.result().status == "succeeded"
    run.check()


def test_a_gate_asks_anew_when_it_would_allow_more():
    run = Driven(paid())
    before = run.asked("g").binding
    run.migrate(paid("write", call("more", "write", needs=("g",))))
    assert run.asked("g").binding != before
    assert types(run.decide("g")) == ["start more 1", "start pay 1"]


def test_a_gate_that_is_to_be_opened_asks_about_what_is_now():
    def plan(action: str) -> Plan:
        return plan_of(call("a", "pure"), gate(needs=("a",)), call("pay", action, needs=("g",)))

    run = Driven(plan("write"))
    run.hold()
    run.end("a", 1)
    settled = run.taken()
    run.tell(settled)
    assert run.taken().type == "GateOpened"
    run.holding = None
    assert differences(run.state, plan("keyed")) == ()
    run.migrate(plan("keyed"))
    other = Driven(plan("keyed"))
    other.end("a", 1)
    assert run.asked("g").binding == other.asked("g").binding
    assert types(run.decide("g")) == ["start pay 1"]
    run.check()


def test_a_gate_that_is_gone_is_not_forgotten():
    run = Driven(paid())
    (found,) = differences(run.state, plan_of(call("pay", "write")))
    assert (found.path, found.acceptable) == ("g", False)


def test_a_gate_that_was_decided_is_what_was_decided():
    run = Driven(paid())
    run.decide("g")
    new = plan_of(gate(ask="Pay now?", expires_ms=1000), call("pay", "write", needs=("g",)))
    assert [one.path for one in differences(run.state, new)] == ["g"]


def within(bound: str) -> Plan:
    pay = call("pay", "write", needs=("g",), with_={"label": "p", "values": ["${{ slow }}"]})
    return plan_of(call("slow", "write"), gate(bounds={"pay": bound}), pay)


def test_a_bound_that_nobody_approved_allows_nothing():
    run = Driven(within("args.values[0] < 10"))
    run.decide("g")
    new = within("args.values[0] < 1000")
    (found,) = differences(run.state, new)
    assert found.told == "`g` says something else"
    run.migrate(new, "g")
    run.end("slow", 5)
    assert run.settled()["pay"] == "refused"
    assert "its bound is another one" in run.error("pay").message
    run.check()


# --- what was not sent


def test_a_write_that_was_not_sent_may_change():
    run = Driven(plan_of(call("a", "write")))
    new = plan_of(call("a", "write", with_={"label": "b", "values": []}))
    assert differences(run.state, new) == ()
    run.migrate(new)
    assert run.due("a").args.json == {"label": "b", "values": []}
    run.end("a", 1)
    run.check()


def test_a_write_that_was_sent_may_not():
    run = Driven(plan_of(call("a", "write")))
    run.start("a")
    new = plan_of(call("a", "write", with_={"label": "b", "values": []}))
    (found,) = differences(run.state, new)
    assert (found.path, found.what) == ("a", "has other arguments")
    with pytest.raises(IllegalTransition, match="`a` has other arguments"):
        run.migrate(new)


@pytest.mark.parametrize("action", ["write", "metered"])
def test_what_was_cancelled_does_not_begin_again(action: str):
    run = Driven(plan_of(call("a", action)))
    if action == "metered":
        run.start("a")
    assert types(run.cancel("a")) == ["cancel a 1"]
    run.migrate(plan_of(call("a", action, with_={"label": "b", "values": []})))
    assert run.settled() == {"a": "cancelled"}
    run.check()


def test_a_gate_that_was_cancelled_before_it_opened_does_not_ask():
    def plan(ask: str) -> Plan:
        return plan_of(call("a", "pure"), gate(ask=ask, needs=("a",)))

    run = Driven(plan("Go?"))
    run.hold()
    run.end("a", 1)
    run.tell(run.taken())
    assert run.taken().type == "GateOpened"
    run.cancel("g")
    run.holding = None
    run.migrate(plan("Go now?"))
    assert run.settled() == {"a": "succeeded", "g": "cancelled"}
    run.check()


def test_what_a_read_has_cost_is_not_forgotten_when_it_begins_again():
    def plan(label: str) -> Plan:
        return plan_of(call("a", "metered", with_={"label": label, "values": []}, retry=TWICE))

    run = Driven(plan("a"))
    run.end("a", failure(), tokens=5, cost_usd_micros=50)
    assert types(run.migrate(plan("b"))) == ["start a 2"]
    run.start("a")
    assert types(run.migrate(plan("c"))) == ["start a 3"]
    assert types(run.end("a", failure())) == ["start a 4"], "it is tried as often as ever"
    run.end("a", 1, tokens=7, cost_usd_micros=70)
    settled = run.settled_as("a")
    assert (settled.tokens, settled.cost_usd_micros) == (12, 120)
    run.check()


def test_what_has_begun_waits_for_nothing_new():
    gated = plan_of(gate(), call("a", "write", needs=("g",)))
    run = Driven(plan_of(call("a", "write")))
    run.start("a")
    (found,) = differences(run.state, gated)
    assert (found.told, found.acceptable) == ("`a` depends on `g`, which has not run", False)
    run.end("a", 1)
    assert run.result().status == "succeeded"


def test_what_was_allowed_does_not_change_while_it_goes_on():
    def plan(*inside: AnyNode) -> Plan:
        inner = body(call("look", "read"), *inside)
        return plan_of(gate(), sub(needs=("g",)), graphs={"body": inner})

    run = Driven(plan())
    run.decide("g")
    assert run.node("sub/look").status == "running"
    found = differences(run.state, plan(call("pay", "write", needs=("look",))))
    assert [one.told for one in found if not one.acceptable] == [
        "`sub` was allowed with another graph: `pay` is new in it"
    ]


# --- graphs in nodes


def mapped(action: str = "write", *more: AnyNode, **rest: Any) -> Plan:
    """One item after the other is written."""
    inner = call("it", action, with_={"label": "${{ inputs.x }}", "values": []}, **rest)
    whole = body(inner, *more, inputs={"x": {"type": "string"}}, outputs={"n": "${{ it }}"})
    node = each('${{ ["a", "b"] }}', as_="x", with_={"x": "${{ x }}"}, limit=1)
    return plan_of(node, graphs={"body": whole})


def test_what_an_item_has_run_is_compared():
    run = Driven(mapped())
    assert differences(run.state, mapped("keyed")) == (), "nothing was sent yet"
    run.end("each[0]/it", 1)
    assert differences(run.state, mapped()) == ()
    (found,) = differences(run.state, mapped("keyed"))
    assert (found.path, found.acceptable) == ("each", True)
    assert found.what == "has run another graph: `it` calls keyed instead of write"
    run.migrate(mapped("keyed"), "each")
    run.end("each[1]/it", 2)
    assert run.value("each") == {"results": [{"n": 1}, {"n": 2}], "failed": 0, "count": 2}
    run.check()


def test_an_item_that_has_ended_has_run_all_of_its_graph():
    run = Driven(mapped())
    run.end("each[0]/it", 1)
    (found,) = differences(run.state, mapped("write", call("more", "read")))
    assert found.what == "has run another graph: `more` is new in it"
    undo = Undo(action="write", with_={"label": "u", "values": []})
    (found,) = differences(run.state, mapped(undo=undo))
    assert found.what == "has run another graph: it can be undone in one of the plans alone"


def nested(inner: Graph) -> Plan:
    return plan_of(sub(), call("after", "write", needs=("sub",)), graphs={"body": inner})


def test_a_graph_that_has_ended_must_be_the_same():
    inner = body(call("a", "write"), outputs={"n": "${{ a }}"})
    run = Driven(nested(inner))
    run.end("sub/a", 1)
    assert differences(run.state, nested(inner)) == ()
    renamed = body(call("a", "write"), outputs={"m": "${{ a }}"})
    without = body(call("b", "write"), outputs={"n": "${{ b }}"})
    found = [differences(run.state, nested(one))[0].what for one in (renamed, without)]
    assert found == [
        "has run another graph: its outputs are others",
        "has run another graph: `a` is not in it any more",
    ]


def counted(most: int, action: str = "read") -> Plan:
    inner = body(call("a", action), outputs={"n": "${{ a }}"})
    return plan_of(repeat("false", max=most, on_max="last"), graphs={"body": inner})


def test_a_repeat_has_no_fewer_turns_in_the_new_plan_than_it_had():
    run = Driven(counted(5))
    run.end("r#1/a", 1)
    run.end("r#2/a", 2)
    (found,) = differences(run.state, counted(2))
    assert (found.path, found.what, found.acceptable) == (
        "r",
        "is in turn 3, and may have 2",
        False,
    )
    run.migrate(counted(3))
    run.end("r#3/a", 3)
    assert run.value("r") == {"n": 3, "turns": 3}
    run.check()


def test_what_the_turn_before_has_run_is_compared():
    run = Driven(counted(5))
    assert differences(run.state, counted(5, "write")) == ()
    run.end("r#1/a", 1)
    (found,) = differences(run.state, counted(5, "write"))
    assert (found.path, found.what) == ("r#1/a", "calls write instead of read")


# --- types


def test_what_a_signal_brought_must_be_of_the_new_type():
    def paid_by(type_: str) -> Plan:
        return plan_of(wait(signal="paid", returns={"type": type_}), call("a", "write"))

    run = Driven(paid_by("integer"))
    run.signal("paid", 7)
    (found,) = differences(run.state, paid_by("string"))
    assert (found.path, found.what) == ("w", "returns another type")


def test_conditions_are_compared_each_by_itself():
    def guarded(**options: Any) -> Plan:
        return plan_of(call("a", "write", **options))

    run = Driven(guarded(require=("1 < 2",)))
    run.start("a")
    for other in ({"when": "1 < 2"}, {"ensure": ("1 < 2",)}):
        (found,) = differences(run.state, guarded(**other))
        assert found.what == "has other conditions"


def test_whose_the_inputs_are_may_not_change_unseen():
    def plan(**named: Any) -> Plan:
        return plan_of(call("a", "write"), inputs={"who": {"type": "string", **named}})

    run = Driven(plan(), {"who": "ada"})
    run.start("a")
    (found,) = differences(run.state, plan(subject="value"))
    assert found.told == "the run has inputs of other data subjects"


# --- what broke its promise


def promised(action: str = "write", **options: Any) -> Plan:
    return plan_of(call("a", action, **{"ensure": ("result > 5",), **options}))


def test_what_broke_its_promise_is_sent_again_as_it_was_sent():
    run = Driven(promised())
    run.end("a", 1)
    assert run.settled() == {"a": "violated"}
    other = {"label": "b", "values": []}
    for new, told, acceptable in (
        (promised("keyed"), "calls keyed instead of write", False),
        (promised(with_=other), "has other arguments", True),
    ):
        (found,) = differences(run.state, new)
        assert (found.path, found.what, found.acceptable) == ("a", told, acceptable)
    asked = plan_of(gate(), call("a", "write", needs=("g",)))
    (found,) = differences(run.state, asked)
    assert (found.what, found.acceptable) == ("depends on `g`, which has not run", False)


def test_a_mended_promise_is_held_against_what_has_happened():
    run = Driven(promised())
    run.end("a", 1)
    new = promised(ensure=("result > 0",))
    assert differences(run.state, new) == ()
    run.migrate(new)
    run.reopen()
    assert run.state.in_doubt == {"a"}
    run.resolve("a", "succeeded", 1)
    assert run.result().status == "succeeded"
    run.check()


# --- generations


def test_what_begins_again_stays_in_its_generation():
    run = Driven(plan_of(call("a", "write"), gate(needs=("a",)), call("b", "write", needs=("g",))))
    run.end("a", 1)
    run.decide("g")
    run.end("b", failure(permanent=True, not_applied=True))
    run.reopen()
    assert (run.asked("g").generation, run.node("b").generation) == (2, 2)
    new = plan_of(call("a", "write"), gate(needs=("a",)), call("b", "keyed", needs=("g",)))
    run.migrate(new)
    assert run.asked("g").generation == 2
    assert types(run.decide("g")) == ["start b 1"]
    assert run.due("b").generation == 2
    run.check()
