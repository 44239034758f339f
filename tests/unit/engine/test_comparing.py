"""What a run has executed, held against another plan: each difference in its words."""

from dataclasses import replace
from typing import Any

import pytest

from interlock.engine import IllegalTransition, differences, initial
from interlock.graph import Graph, ProposeNode, Undo
from interlock.journal import RunMigrated
from interlock.plan import Plan
from interlock.values import Digest, NodeId, RunId
from unit.engine.driving import REFUSED, Driven, call, failure, plan_of
from unit.engine.making import body, gate, sub, wait


def told(run: Driven, new: Plan) -> list[tuple[str, bool]]:
    return [(one.told, one.acceptable) for one in differences(run.state, new)]


# --- nodes


def test_nothing_differs_before_the_run_has_started():
    plan = plan_of(call("a", "write"))
    assert differences(initial(plan, RunId("R1")), plan_of(call("b", "read"))) == ()


def test_a_node_of_another_kind_is_another_node():
    run = Driven(plan_of(wait("a", signal="go")))
    assert told(run, plan_of(call("a", "read"))) == [("`a` is of another kind", False)]


def test_whom_an_output_belongs_to_may_not_change_unseen():
    def plan(**more: Any) -> Plan:
        return plan_of(call("a", "write", returns={"type": "integer", **more}))

    run = Driven(plan())
    run.start("a")
    new = plan(subject="string(value)")
    assert told(run, new) == [("`a` belongs to another data subject", True)]


def test_a_gate_that_was_not_asked_about_it_has_allowed_nothing():
    def plan(action: str) -> Plan:
        return plan_of(gate(), call("a", action, needs=("g",)), call("b", "write", needs=("a",)))

    run = Driven(plan("read"))
    run.decide("g")
    run.end("a", 1)
    found = told(run, plan("write"))
    assert ("`a` is allowed by `g`, which was not asked about it", False) in found


def test_what_a_proposal_may_use_is_part_of_what_was_called():
    def plan(*actions: str) -> Plan:
        given = {"label": "lab", "values": []}
        node = ProposeNode(
            id=NodeId("p"), action="propose", with_=given, actions=actions, returns={}
        )
        return plan_of(node)

    run = Driven(plan("read"))
    run.end("p", failure(permanent=True))
    assert told(run, plan("read", "write")) == [], "it is called again"
    run = Driven(plan("read"))
    document = {"interlock": 1, "name": "p", "nodes": {"x": {"wait": {"signal": "go"}}}}
    run.end("p", document)
    assert told(run, plan("read", "write")) == [("`p` may use other actions", True)]


def test_a_write_without_an_end_does_not_go_on_as_another_action():
    """Its key and its arguments are for the action that was called; a probe asks about that."""
    run = Driven(plan_of(call("a", "write")))
    other = plan_of(call("a", "keyed"))
    run.start("a")
    assert told(run, other) == [("`a` calls keyed instead of write", False)]
    run.recover()
    assert run.state.in_doubt == {"a"}
    assert told(run, other) == [("`a` calls keyed instead of write", False)]
    run.resolve("a", "succeeded", 1)
    assert told(run, other) == [("`a` calls keyed instead of write", True)]


# --- graphs


def nested(inner: Graph) -> Plan:
    return plan_of(sub(), call("after", "write", needs=("sub",)), graphs={"body": inner})


def test_a_graph_that_needs_what_it_was_not_given_cannot_go_on():
    needed = {"x": {"type": "string"}}
    run = Driven(nested(body(call("a", "write"))))
    run.start("sub/a")
    new = plan_of(
        sub(with_={"x": "1"}),
        call("after", "write", needs=("sub",)),
        graphs={"body": body(call("a", "write"), inputs=needed)},
    )
    assert ("`sub` has inputs that graph `body` does not take", False) in told(run, new)


def test_a_graph_that_has_ended_has_the_same_kinds_of_nodes():
    run = Driven(nested(body(call("a", "write"))))
    run.end("sub/a", 1)
    found = told(run, nested(body(wait("a", signal="go"))))
    assert found == [("`sub` has run another graph: `a` is of another kind", True)]


# --- what is taken back


def taken_back(undo: str = "write") -> Plan:
    return plan_of(
        call("a", "write", undo=Undo(action=undo, with_={"label": "u", "values": []})),
        call("b", "write", needs=("a",), on_error="undo"),
    )


def test_what_is_being_undone_keeps_its_plan():
    run = Driven(taken_back())
    run.end("a", 1)
    run.end("b", REFUSED)
    assert run.node("a!undo").status == "running"
    assert told(run, taken_back("keyed"))[0] == ("the run is being undone", False)


def test_an_undo_that_has_begun_stays_the_same():
    run = Driven(taken_back())
    run.end("a", 1)
    run.end("b", REFUSED)
    run.end("a!undo", "text")
    assert run.result().status == "failed"
    assert told(run, taken_back("keyed")) == [("`a` has another `undo`", True)]


# --- the event


def migrated(plan: Plan) -> RunMigrated:
    return RunMigrated(plan=plan.digest, document=plan.document, manifests=plan.manifests)


def test_a_plan_that_is_not_the_one_that_is_named_is_refused():
    run = Driven(plan_of(call("a", "write")))
    other = Digest("sha256:" + "0" * 64)
    with pytest.raises(IllegalTransition, match="what was pinned compiles to"):
        run.tell(replace(migrated(plan_of(call("b", "write"))), plan=other))


def test_a_run_that_has_succeeded_keeps_its_plan():
    run = Driven(plan_of(call("a", "write")))
    run.end("a", 1)
    with pytest.raises(IllegalTransition, match="has come to its end keeps its plan"):
        run.tell(migrated(plan_of(call("a", "write"), call("b", "write"))))
