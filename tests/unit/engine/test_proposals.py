"""Proposed graphs: considered, accepted, refused, repaired, executed."""

from typing import Any

from interlock.actions import Registry, action
from interlock.graph import Graph, MapNode, ProposeNode
from interlock.journal import ProposalAccepted, ProposalRefused
from interlock.plan import Limits
from interlock.testing import World
from interlock.values import Json, NodeId, Schema
from unit.engine.driving import STRINGS, Driven, failure, plan_of, types

N: Schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


def document(action: str = "read", **rest: Json) -> Json:
    node: Json = {"call": action, "with": {"label": "${{ inputs.label }}", "values": []}}
    return {
        "interlock": 1,
        "name": "p",
        "inputs": {"label": {"type": "string"}},
        "nodes": {"x": node},
        "outputs": {"n": "${{ x }}"},
        **rest,
    }


@action(effect="write")
async def propose_and_write(label: str, values: list[int]) -> dict[str, Any]:
    raise NotImplementedError


def proposing(name: str = "propose", *, limits: Limits | None = None, **options: Any) -> Driven:
    node = ProposeNode(
        id=NodeId("p"),
        action=name,
        with_={"label": "lab", "values": []},
        **{"actions": ("read", "write"), "returns": N, **options},
    )
    registry = Registry([*World().registry, propose_and_write])
    return Driven(plan_of(node, outputs={"n": "${{ p.n }}"}, registry=registry, limits=limits))


def test_an_accepted_proposal_runs_in_a_scope_of_its_own():
    run = proposing()
    assert types(run.end("p", document())) == ["start p/x 1"]
    accepted = run.entries[-1].event
    assert isinstance(accepted, ProposalAccepted)
    assert run.due("p/x").args.json == {"label": "lab", "values": []}
    run.end("p/x", 7)
    assert run.output() == {"n": 7}
    run.check()


def test_what_was_proposed_is_part_of_what_happened():
    one, other = proposing(), proposing()
    one.end("p", document())
    other.end("p", document(description="the same, in other words"))
    for run in (one, other):
        run.end("p/x", 7)
    assert one.output() == other.output()
    assert one.state.execution != other.state.execution
    assert "p!proposal" in one.state.outcomes


def test_a_refused_proposal_is_repaired_with_its_diagnostics():
    run = proposing(repairs_max=1)
    assert types(run.end("p", document("metered"))) == ["start p 2"]
    refused = run.entries[-1].event
    assert isinstance(refused, ProposalRefused)
    assert refused.codes == ("IL2014",)
    due = run.due("p")
    assert due.feedback == refused.messages
    assert "may not use the action `metered`" in due.feedback[0]
    assert due.previous is not None
    assert due.previous.json == document("metered")
    run.end("p", document())
    run.end("p/x", 7)
    assert run.settled()["p"] == "succeeded"
    run.check()


def test_a_proposal_that_is_refused_once_too_often_fails():
    run = proposing(repairs_max=1)
    run.end("p", 7)
    run.end("p", {})
    assert run.settled() == {"p": "failed"}
    assert run.error("p").code == "IL6014"
    assert "refused 2 times" in run.error("p").message
    run.check()


def test_repairs_do_not_count_as_attempts():
    run = proposing(repairs_max=2)
    run.end("p", 7)
    assert types(run.end("p", 7)) == ["start p 3"]
    run.end("p", failure())
    assert run.settled() == {"p": "failed"}
    run.check()


def test_a_write_that_proposed_is_not_asked_again():
    run = proposing("propose_and_write", repairs_max=3)
    assert run.end("p", 7) == []
    assert run.settled() == {"p": "violated"}
    assert run.error("p").code == "IL6014"
    assert run.settled_as("p").output is not None
    run.check()


def test_a_person_may_say_what_a_write_has_proposed():
    run = proposing("propose_and_write", repairs_max=3)
    run.end("p", failure())
    assert run.state.in_doubt == {"p"}
    assert types(run.resolve("p", "succeeded", document())) == ["start p/x 1"]
    run.end("p/x", 7)
    assert run.output() == {"n": 7}
    run.check()


def test_outputs_of_a_proposal_must_satisfy_what_the_node_returns():
    run = proposing()
    run.end("p", document(outputs={"m": 1}))
    assert run.error("p").code == "IL6014"
    run.check()


def test_proposals_may_not_be_nested_deeper_than_allowed():
    run = proposing(limits=Limits(depth_max=0))
    run.end("p", document())
    assert "IL5101" in run.error("p").message
    run.check()


def test_a_proposal_inside_a_proposal_may_use_no_more_than_its_own_parent():
    nested: Json = {
        "propose": "propose",
        "with": {"label": "${{ inputs.label }}", "values": []},
        "actions": ["*"],
        "returns": N,
        "repairs_max": 1,
    }
    outer = document(nodes={"q": nested}, outputs={"n": "${{ q.n }}"})
    run = proposing(actions=("read", "propose"))
    run.end("p", outer)
    run.end("p/q", document("write"))
    refused = run.entries[-1].event
    assert isinstance(refused, ProposalRefused)
    assert refused.codes == ("IL2014",)
    run.end("p/q", document("read"))
    run.end("p/q/x", 7)
    assert run.output() == {"n": 7}
    run.check()


def test_scopes_inside_a_proposal_count_as_deep_as_they_are():
    inner: Json = {"interlock": 1, "name": "i", "nodes": {}, "outputs": {"n": 1}}
    deep: Json = {
        "interlock": 1,
        "name": "p",
        "graphs": {"inner": inner},
        "nodes": {"g": {"graph": "inner"}},
        "outputs": {"n": "${{ g.n }}"},
    }
    assert proposing_to(deep, limits=Limits(depth_max=2)).output() == {"n": 1}
    run = proposing_to(deep, limits=Limits(depth_max=1))
    assert run.error("p/g").code == "IL5101"


def proposing_to(document: Json, *, limits: Limits) -> Driven:
    run = proposing(limits=limits)
    run.end("p", document)
    run.check()
    return run


def test_a_proposal_whose_inputs_do_not_fit_fails_its_node():
    run = proposing()
    wrong = document(inputs={"label": {"type": "string", "maxLength": 1}})
    run.end("p", wrong)
    assert run.error("p").code == "IL2010"
    assert run.state.running == 0
    run.check()


def test_a_failure_inside_a_proposal_fails_its_node():
    run = proposing()
    run.end("p", document("write"))
    run.end("p/x", failure("IL6009", not_applied=True))
    assert run.error("p").code == "IL6013"
    run.check()


def test_doubt_inside_a_proposal_leaves_nothing_running():
    run = proposing()
    run.end("p", document("write"))
    run.end("p/x", failure())
    assert (run.state.running, run.state.in_doubt) == (0, {"p/x"})
    run.resolve("p/x", "succeeded", 4)
    assert run.output() == {"n": 4}
    run.check()


def test_a_proposal_with_defaults_takes_them():
    inputs: Json = {"label": {"type": "string"}, "m": {"type": "integer", "default": 3}}
    run = proposing()
    run.end("p", document(inputs=inputs, outputs={"n": "${{ inputs.m }}"}))
    run.end("p/x", 7)
    assert run.output() == {"n": 3}
    run.check()


def test_a_proposal_is_not_repaired_when_the_map_around_has_failed():
    inner = ProposeNode(
        id=NodeId("p"),
        action="propose",
        repairs_max=3,
        with_={"label": "${{ inputs.v }}", "values": []},
        returns=N,
    )
    body = Graph(name="body", inputs={"v": {"type": "string"}}, nodes={inner.id: inner})
    node = MapNode(id=NodeId("m"), graph="body", over="inputs.l", as_="i", with_={"v": "${{ i }}"})
    run = Driven(plan_of(node, graphs={"body": body}, inputs={"l": STRINGS}), {"l": ["a", "b"]})
    run.end("m[0]/p", failure(permanent=True))
    assert run.end("m[1]/p", 7) == []
    assert run.settled()["m"] == "failed"
    run.check()


def test_an_accepted_proposal_survives_a_recovery():
    run = proposing()
    run.end("p", document("write"))
    assert types(run.recover()) == ["start p/x 1"]
    run.end("p/x", 7)
    assert run.output() == {"n": 7}
    run.check()
