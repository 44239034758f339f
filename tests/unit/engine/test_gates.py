"""Persons are asked; what they approve is exactly what runs, once."""

from dataclasses import replace
from typing import Any

import pytest

from interlock.engine import IllegalTransition, step
from interlock.journal import (
    ENGINE,
    Actor,
    AttemptStarted,
    Entry,
    GateDecided,
    Principal,
    RunCancelled,
)
from interlock.values import NodeId, Path, digest
from unit.engine.driving import INTEGER, START_MS, Driven, call, failure, plan_of, types
from unit.engine.making import body, each, gate, sub

HOUR_MS = 3_600_000


def asking(write: str = "keyed", *, more: Any = (), **options: Any) -> Driven:
    """A gate before one write that passes on what an input says."""
    pay = call("pay", write, needs=("g",), with_={"label": "pay", "values": ["${{ inputs.n }}"]})
    plan = plan_of(gate(**options), pay, *more, inputs={"n": INTEGER}, outputs={"n": "${{ pay }}"})
    return Driven(plan, {"n": 7})


def sent(run: Driven, path: str) -> list[AttemptStarted]:
    events = [entry.event for entry in run.entries]
    return [event for event in events if isinstance(event, AttemptStarted) and event.path == path]


# --- what is asked


def test_a_gate_asks_about_the_arguments_that_its_writes_will_have():
    run = asking(ask="Pay ${{ inputs.n }}?", to=("finance",), expires_ms=4 * HOUR_MS)
    asked = run.asked("g")
    assert asked.ask.json == "Pay 7?"
    assert asked.to == ("finance",)
    assert asked.expires_at_ms == START_MS + 4 * HOUR_MS
    (entry,) = covers_of(run)
    assert entry["path"] == "pay"
    assert entry["action"] == "keyed"
    assert entry["generation"] == 1
    assert entry["args"] == {"label": "pay", "values": [7]}
    assert types(run.orders) == [f"timer g {4 * HOUR_MS}"]
    assert run.state.running == 0
    run.check()


def covers_of(run: Driven, path: str = "g") -> list[dict[str, Any]]:
    covers: Any = run.asked(path).covers.json
    return covers


def test_what_was_approved_runs_and_uses_the_approval_up():
    run = asking()
    assert types(run.decide("g")) == ["start pay 1"]
    run.end("pay", 3)
    (intent,) = sent(run, "pay")
    assert intent.approval == run.asked("g").binding
    assert intent.call_key == covers_of(run)[0]["call_key"]
    assert run.settled() == {"g": "succeeded", "pay": "succeeded"}
    assert run.value("g") == {"verdict": "approved"}
    run.check()


def test_every_attempt_of_a_generation_uses_the_same_approval():
    run = asking()
    run.decide("g")
    run.start("pay")
    run.recover()
    run.end("pay", 3)
    assert [intent.approval for intent in sent(run, "pay")] == [run.asked("g").binding] * 2
    run.check()


def test_an_intent_that_names_no_approval_is_illegal():
    run = asking()
    run.decide("g")
    order = run.due("pay")
    intent = AttemptStarted(
        path=order.path,
        generation=1,
        attempt=1,
        call_key=order.call_key,
        args=order.args,
        approval=digest("approval", ["another"]),
    )
    with pytest.raises(IllegalTransition, match="not what was approved"):
        run.tell(intent)


def test_a_gate_that_nobody_needs_asks_all_the_same():
    run = Driven(plan_of(gate()))
    assert covers_of(run) == []
    run.decide("g")
    assert run.result().status == "succeeded"
    run.check()


def test_reads_behind_a_gate_wait_without_being_covered():
    run = Driven(plan_of(gate(), call("a", "read", needs=("g",))))
    assert covers_of(run) == []
    assert types(run.decide("g")) == ["start a 1"]
    run.end("a", 1)
    run.check()


def test_what_is_known_not_to_run_is_not_asked_about():
    run = Driven(
        plan_of(
            call("bad", "read", on_error="continue"),
            gate(after=("bad",)),
            call("dead", "keyed", needs=("g", "bad")),
            call("off", "keyed", needs=("g",), when="inputs.n > 1"),
            call("on", "keyed", needs=("g",), when="inputs.n == 1"),
            inputs={"n": INTEGER},
        ),
        {"n": 1},
    )
    run.end("bad", failure())
    assert [entry["path"] for entry in covers_of(run)] == ["on"]
    run.decide("g")
    run.end("on", 1)
    assert run.settled()["dead"] == run.settled()["off"] == "skipped"
    assert run.result().status == "succeeded"
    run.check()


@pytest.mark.parametrize("first", ["other", "g"])
@pytest.mark.parametrize("fails", [False, True])
def test_what_is_asked_does_not_depend_on_what_ends_by_chance_before(first: str, *, fails: bool):
    run = Driven(
        plan_of(
            call("first", "read"),
            gate(needs=("first",)),
            call("other", "read", on_error="continue"),
            call("pay", "keyed", needs=("g", "other"), when="other > 0"),
        )
    )
    ends = {"other": lambda: run.end("other", failure() if fails else 1)}
    ends["g"] = lambda: run.end("first", 1)
    for name in (first, "other" if first == "g" else "g"):
        ends[name]()
    assert [entry["path"] for entry in covers_of(run)] == ["pay"]
    run.decide("g")
    if not fails:
        run.end("pay", 1)
    assert run.settled()["pay"] == ("skipped" if fails else "succeeded")
    assert run.result().status == "succeeded"
    run.check()


def test_a_gate_covers_what_does_not_need_it_directly():
    run = Driven(
        plan_of(
            gate(covers=("pay",)),
            call("look", "read", needs=("g",)),
            call("pay", "keyed", needs=("look",)),
        )
    )
    assert [entry["path"] for entry in covers_of(run)] == ["pay"]
    run.decide("g")
    run.end("look", 1)
    run.end("pay", 1)
    assert sent(run, "pay")[0].approval == run.asked("g").binding
    run.check()


def test_arguments_that_have_no_value_fail_the_node_not_the_gate():
    bad = call(
        "pay", "keyed", needs=("g",), with_={"label": "p", "values": ["${{ 1 / inputs.n }}"]}
    )
    run = Driven(plan_of(gate(), bad, inputs={"n": INTEGER}), {"n": 0})
    assert covers_of(run) == []
    run.decide("g")
    assert run.error("pay").code == "IL6007"
    run.check()


def test_a_question_that_has_no_value_fails_the_gate():
    run = Driven(plan_of(gate(ask="${{ string(1 / inputs.n) }}"), inputs={"n": INTEGER}), {"n": 0})
    assert run.error("g").code == "IL6007"
    run.check()


# --- decisions


def test_a_rejection_refuses_the_gate_and_the_run():
    run = asking()
    run.decide("g", "rejected", by="bob", reason="too much")
    assert run.settled() == {"g": "refused", "pay": "skipped"}
    assert run.error("g").code == "IL6020"
    assert "bob" in run.error("g").message
    assert "too much" in run.error("g").message
    assert run.result().status == "refused"
    assert sent(run, "pay") == []
    run.check()


def test_as_many_different_persons_approve_as_the_quorum_says():
    run = asking(quorum=2)
    assert run.decide("g", by="ann") == []
    assert run.decide("g", by="ann") == []
    run.check()
    assert types(run.decide("g", by="bob")) == ["start pay 1"]
    run.check()


def test_a_name_counts_once_however_its_person_was_authenticated():
    run = asking(quorum=2)
    for method in (None, "oidc", "mtls"):
        assert run.decide("g", by=Principal(name="ann", authenticated_by=method)) == []
    run.check()
    assert types(run.decide("g", by=Principal(name="bob"))) == ["start pay 1"]
    run.check()


@pytest.mark.parametrize("actor", [ENGINE, Actor("runtime:host-1-ab"), Actor("ann"), Actor("")])
def test_nobody_but_a_person_decides(actor: Actor):
    run = asking()
    asked = run.asked("g")
    decided = GateDecided(path=Path("g"), generation=1, verdict="approved", binding=asked.binding)
    with pytest.raises(IllegalTransition):
        step(run.state, Entry(decided, run.now_ms, len(run.entries) + 1, actor=actor))


def test_one_rejection_outweighs_approvals():
    run = asking(quorum=2)
    run.decide("g", by="ann")
    run.decide("g", "rejected", by="ann")
    assert run.settled()["g"] == "refused"
    run.check()


def test_a_refused_gate_may_be_no_failure():
    run = Driven(
        plan_of(
            gate(on_refused="continue"),
            call("pay", "keyed", needs=("g",)),
            call("tell", "read", after=("g",), when="nodes.g.status == 'refused'"),
        )
    )
    run.decide("g", "rejected")
    run.end("tell", 1)
    assert run.settled() == {"g": "refused", "pay": "skipped", "tell": "succeeded"}
    assert run.result().status == "succeeded"
    run.check()


@pytest.mark.parametrize(
    "changes",
    [
        {"binding": digest("approval", ["another"])},
        {"generation": 2},
        {"path": Path("pay")},
        {"path": Path("nothing")},
    ],
)
def test_a_decision_about_something_else_is_illegal(changes: Any):
    run = asking()
    with pytest.raises(IllegalTransition, match="asked"):
        run.decide("g", **changes)


def test_a_decision_before_anybody_was_asked_is_illegal():
    run = Driven(plan_of(call("a", "read"), gate(needs=("a",))))
    event = GateDecided(
        path=Path("g"), generation=1, verdict="approved", binding=digest("approval", [])
    )
    with pytest.raises(IllegalTransition, match="nobody was asked"):
        run.tell(event, actor="ann")


def test_a_decision_after_the_gate_closed_changes_nothing():
    run = asking(more=[call("slow", "read")])
    run.decide("g", "rejected", by="ann")
    assert run.decide("g", "approved", by="bob") == []
    assert run.settled() == {"g": "refused", "pay": "skipped"}
    run.end("slow", 1)
    run.check()


def test_a_late_decision_is_taken_where_the_scope_of_the_gate_has_closed():
    run = Driven(plan_of(sub(), call("slow", "read"), graphs={"body": body(gate())}))
    run.decide("sub/g", by="ann")
    assert run.decide("sub/g", "rejected", by="bob") == []
    with pytest.raises(IllegalTransition, match="nobody was asked"):
        run.decide("sub/g", binding=digest("approval", []))


# --- time


@pytest.mark.parametrize("early_ms, status", [(1, "succeeded"), (0, "refused")])
def test_a_decision_counts_until_the_very_time(early_ms: int, status: str):
    run = Driven(plan_of(gate(expires_ms=HOUR_MS)))
    run.now_ms = START_MS + HOUR_MS - early_ms
    run.decide("g")
    assert run.settled() == {"g": status}
    assert run.state.timers == {}
    run.check()


def test_a_gate_that_nobody_decided_expires():
    run = asking(expires_ms=HOUR_MS)
    run.now_ms += HOUR_MS
    run.fire("g")
    assert run.error("g").code == "IL6021"
    assert "`interlock retry RUN` asks again" in run.error("g").hint
    assert run.result().status == "refused"
    run.check()


def test_a_gate_does_not_expire_early():
    run = asking(expires_ms=HOUR_MS)
    run.now_ms += HOUR_MS - 1
    with pytest.raises(IllegalTransition, match="1 ms early"):
        run.fire("g")


@pytest.mark.parametrize("to, who", [((), "anybody"), (("leads", "ada"), "leads, ada")])
def test_an_approval_that_has_expired_allows_nothing(to: tuple[str, ...], who: str):
    slow = call("slow", "read")
    pay = call("pay", "keyed", needs=("g", "slow"))
    run = Driven(plan_of(gate(expires_ms=HOUR_MS, to=to), slow, pay))
    run.decide("g")
    run.now_ms += HOUR_MS
    run.end("slow", 1)
    assert run.settled()["pay"] == "refused"
    assert run.error("pay").code == "IL6022"
    assert "expired" in run.error("pay").message
    assert run.error("pay").hint == (
        "`interlock retry RUN` asks again, about what would run then;"
        f" {who} may answer: `interlock approve RUN g --as NAME`"
    )
    assert sent(run, "pay") == []
    assert run.result().status == "refused"
    run.check()


def test_an_approval_does_not_outlive_its_time_in_a_process_that_died():
    run = asking(expires_ms=HOUR_MS)
    run.decide("g")
    run.now_ms += HOUR_MS
    assert types(run.recover()) == []
    assert run.error("pay").code == "IL6022"
    assert sent(run, "pay") == []
    run.check()


def test_an_approval_that_was_used_in_time_does_not_expire():
    run = asking(expires_ms=HOUR_MS)
    run.decide("g")
    run.start("pay")
    run.now_ms += HOUR_MS
    assert types(run.recover()) == ["start pay 2"]
    run.end("pay", 3)
    assert run.settled()["pay"] == "succeeded"
    run.check()


# --- bounds


def bounded(n: int, bound: str = "args.values[0] < 10") -> Driven:
    return Driven(
        plan_of(
            gate(bounds={"pay": bound}),
            call("count", "read", needs=("g",)),
            call("pay", "keyed", needs=("g",), with_={"label": "p", "values": ["${{ count }}"]}),
        )
    )


def test_within_its_bound_it_runs():
    run = bounded(3)
    assert covers_of(run) == [
        {"path": "pay", "generation": 1, "action": "keyed", "bound": "args.values[0] < 10"}
    ]
    run.decide("g")
    run.end("count", 3)
    run.end("pay", 1)
    assert sent(run, "pay")[0].approval == run.asked("g").binding
    run.check()


@pytest.mark.parametrize("bound", ["args.values[0] < 10", "args.values[7] < 10"])
def test_what_is_not_within_its_bound_is_refused(bound: str):
    run = bounded(30, bound)
    run.decide("g")
    run.end("count", 30)
    assert run.settled()["pay"] == "refused"
    assert run.error("pay").code == "IL6022"
    assert sent(run, "pay") == []
    assert run.result().status == "refused"
    run.check()


# --- what runs is what was approved


def test_other_arguments_than_the_approved_ones_are_refused():
    slow = call("slow", "read")
    pay = call("pay", "keyed", needs=("g", "slow"), with_={"label": "p", "values": [1]})
    run = Driven(plan_of(gate(), slow, pay))
    run.decide("g")
    approval = run.node("g").approval
    assert approval is not None
    allowed = approval.covers[NodeId("pay")]
    approval.covers[NodeId("pay")] = replace(allowed, key=digest("call", ["something else"]))
    run.end("slow", 1)
    assert run.error("pay").code == "IL6022"
    assert "arguments or its code are others" in run.error("pay").message
    assert sent(run, "pay") == []


def test_another_generation_than_the_approved_one_is_refused():
    slow = call("slow", "read")
    run = Driven(plan_of(gate(), slow, call("pay", "keyed", needs=("g", "slow"))))
    run.decide("g")
    run.node("pay").generation = 2
    run.end("slow", 1)
    assert run.error("pay").code == "IL6022"
    assert sent(run, "pay") == []


def test_two_gates_over_one_write_both_have_to_approve():
    run = Driven(plan_of(gate("g"), gate("h"), call("pay", "keyed", needs=("g", "h"))))
    run.decide("g")
    assert run.settled() == {"g": "succeeded"}
    run.decide("h")
    run.end("pay", 1)
    (intent,) = sent(run, "pay")
    assert intent.approval == digest("approvals", [run.asked("g").binding, run.asked("h").binding])
    run.check()


# --- composites

BODY = body(
    call("act", "keyed", with_={"label": "act-${{ inputs.n }}", "values": []}),
    inputs={"n": INTEGER},
    outputs={"n": "${{ act }}"},
)


def test_a_gate_covers_a_subgraph_by_its_inputs():
    run = Driven(plan_of(gate(), sub(needs=("g",), with_={"n": 5}), graphs={"body": BODY}))
    assert [(entry["path"], entry["args"]) for entry in covers_of(run)] == [("sub", {"n": 5})]
    assert types(run.decide("g")) == ["start sub/act 1"]
    run.end("sub/act", 1)
    assert sent(run, "sub/act")[0].approval is None
    run.check()


def test_a_gate_covers_a_map_by_the_inputs_of_each_item():
    items = each("inputs.ns", needs=("g",), with_={"n": "${{ 10 / item }}"}, failures_max=1)
    plan = plan_of(gate(), items, graphs={"body": BODY}, inputs={"ns": {"type": "array"}})
    run = Driven(plan, {"ns": [5, 0]})
    assert [entry["args"] for entry in covers_of(run)] == [[{"n": 2}, None]]
    assert types(run.decide("g")) == ["start each[0]/act 1"]
    run.end("each[0]/act", 1)
    run.check()


def test_a_gate_in_each_item_is_a_gate_of_its_own():
    inner = body(
        gate(ask="${{ inputs.n }}?"), call("act", "keyed", needs=("g",)), inputs={"n": INTEGER}
    )
    items = each("[1, 2, 3]", with_={"n": "${{ item }}"}, failures_max=1)
    run = Driven(plan_of(items, graphs={"body": inner}))
    assert sorted(run.state.asleep) == ["each[0]/g", "each[1]/g", "each[2]/g"]
    bindings = {run.asked(f"each[{n}]/g").binding for n in range(3)}
    assert len(bindings) == 3
    run.decide("each[2]/g")
    run.decide("each[0]/g", "rejected")
    run.end("each[2]/act", 1)
    run.decide("each[1]/g")
    run.end("each[1]/act", 1)
    assert run.value("each")["failed"] == 1
    assert run.result().status == "succeeded"
    run.check()


def test_a_map_all_of_whose_failures_are_refusals_is_refused():
    run = Driven(plan_of(each("[1]"), graphs={"body": body(gate())}))
    run.decide("each[0]/g", "rejected")
    assert run.settled() == {"each[0]/g": "refused", "each": "refused"}
    assert run.result().status == "refused"
    run.check()


def test_a_refusal_travels_up_through_every_scope():
    outer = body(sub(), graphs={"body": body(gate())})
    run = Driven(
        plan_of(sub("top", "outer"), call("next", "keyed", needs=("top",)), graphs={"outer": outer})
    )
    run.decide("top/sub/g", "rejected")
    assert run.settled() == {
        "top/sub/g": "refused",
        "top/sub": "refused",
        "top": "refused",
        "next": "skipped",
    }
    assert run.result().status == "refused"
    run.check()


# --- digests


def execution(*, by: str, at_ms: int, verdict: Any = "approved") -> Any:
    run = asking(expires_ms=HOUR_MS)
    run.now_ms += at_ms
    run.decide("g", verdict, by=by, reason="because")
    if verdict == "approved":
        run.end("pay", 3)
    run.check()
    return run.state.execution


def test_the_execution_digest_has_the_verdict_and_neither_persons_nor_times():
    digests = {execution(by=by, at_ms=at_ms) for by in ("ann", "bob") for at_ms in (1, 70)}
    assert len(digests) == 1
    assert execution(by="ann", at_ms=1, verdict="rejected") not in digests
    run = asking()
    run.decide("g")
    run.end("pay", 3)
    assert run.state.outcomes[Path("g")][1] == run.asked("g").binding


def test_a_binding_is_over_everything_that_was_asked():
    def binding(n: int = 7, **options: Any) -> str:
        run = Driven(
            plan_of(
                gate(**options),
                call("pay", "keyed", needs=("g",), with_={"label": "p", "values": [n]}),
            )
        )
        return run.asked("g").binding

    changes: list[dict[str, Any]] = [
        {},
        {"n": 8},
        {"ask": "Stop?"},
        {"to": ("x",)},
        {"quorum": 2},
        {"expires_ms": 5},
        {"bounds": {"pay": "true"}},
    ]
    assert binding() == binding()
    assert len({binding(**change) for change in changes}) == len(changes)


# --- with a stop


def test_a_gate_that_opens_in_a_run_that_stops_is_cancelled():
    run = Driven(plan_of(call("a", "read"), gate(needs=("a",)), call("b", "read", after=("a",))))
    run.hold()
    run.end("a", 1)
    run.tell(RunCancelled(), actor="ann")
    run.release()
    assert run.settled()["g"] == "cancelled"
    assert run.state.asleep == {}


# --- what broke its promise, when the run is opened again


def asked_anew(action: str = "write") -> Driven:
    """A write broke its promise; its gate asks anew, for what was skipped because of it."""
    run = Driven(
        plan_of(gate(), call("a", action, needs=("g",)), call("b", "write", needs=("g", "a")))
    )
    run.decide("g")
    run.end("a", "text")
    run.reopen()
    assert (run.state.in_doubt, list(run.state.asleep)) == ({"a"}, ["g"])
    return run


def test_what_is_sent_again_waits_for_the_gate_that_asks_anew():
    run = asked_anew()
    assert types(run.resolve("a", "retry")) == [], "nobody has approved it"
    assert types(run.recover()) == []
    assert types(run.decide("g")) == ["start a 2"]
    assert run.due("a").approval == run.asked("g").binding
    run.end("a", 7)
    run.end("b", 8)
    assert run.result().status == "succeeded"
    run.check()


def test_what_the_gate_rejects_is_not_sent_again():
    run = asked_anew()
    run.resolve("a", "retry")
    run.decide("g", "rejected")
    assert run.settled() == {"g": "refused", "a": "skipped", "b": "skipped"}
    assert len(sent(run, "a")) == 1
    run.check()


def test_what_the_probe_did_not_find_waits_for_the_gate_as_well():
    run = asked_anew("probed")
    assert types(run.resolve("a", "ask")) == ["probe a 1"]
    assert types(run.probed("a", "not_applied")) == []
    assert types(run.decide("g")) == ["start a 2"]
    run.end("a", 7)
    run.end("b", 8)
    assert run.result().status == "succeeded"
    run.check()


def test_what_counts_after_all_does_not_wait_for_the_gate():
    run = asked_anew()
    assert run.resolve("a", "succeeded", 7) == []
    assert run.settled()["a"] == "succeeded"
    assert types(run.decide("g")) == ["start b 1"]
    run.end("b", 8)
    assert run.result().status == "succeeded"
    run.check()
