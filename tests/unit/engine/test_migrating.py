"""Gates that are open when a run goes on under another plan."""

from interlock.engine import differences
from interlock.graph import AnyNode
from interlock.plan import Plan
from unit.engine.driving import Driven, call, plan_of, types
from unit.engine.making import gate


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
    run.migrate(new)
    run.end("slow", 1)
    assert run.settled()["pay"] == "refused"
    assert run.error("pay").code == "IL6022"
