"""Subgraphs and maps: scopes that open, end, fail and stop."""

from typing import Any

import pytest

from interlock.actions import Registry, action
from interlock.graph import AnyNode, Graph, GraphNode, MapNode
from interlock.plan import Limits
from interlock.values import Json, NodeId
from unit.engine.driving import STRINGS, Driven, call, failure, plan_of, types

INNER = call("x", "read", with_={"label": "${{ inputs.v }}", "values": []})
BODY = Graph(
    name="body",
    inputs={"v": {"type": "string"}},
    nodes={INNER.id: INNER},
    outputs={"n": "${{ x }}"},
)
GRAPHS = {"body": BODY}


def mapped(items: Json, *others: AnyNode, limits: Limits | None = None, **options: Any) -> Driven:
    graphs = options.pop("graphs", GRAPHS)
    given: dict[str, Any] = {"over": "inputs.l", "as_": "i", "with_": {"v": "${{ i }}"}, **options}
    node = MapNode(id=NodeId("m"), graph="body", **given)
    plan = plan_of(
        node,
        *others,
        graphs=graphs,
        inputs={"l": True},
        outputs={"out": "${{ m }}"} if options.get("on_error") is None else {},
        limits=limits,
    )
    return Driven(plan, {"l": items})


def sub(body: Graph = BODY, **options: Any) -> Driven:
    node = GraphNode(id=NodeId("g"), graph="body", with_={"v": "${{ inputs.v }}"}, **options)
    plan = plan_of(node, graphs={"body": body}, inputs={"v": True}, outputs={"out": "${{ g.n }}"})
    return Driven(plan, {"v": "p"})


# --- subgraphs


def test_a_subgraph_yields_its_outputs():
    run = sub()
    assert types(run.orders) == ["start g/x 1"]
    run.end("g/x", 7)
    assert run.settled() == {"g/x": "succeeded", "g": "succeeded"}
    assert run.output() == {"out": 7}
    run.check()


def test_a_failure_inside_fails_the_node_outside():
    run = sub()
    run.end("g/x", failure())
    assert run.settled() == {"g/x": "failed", "g": "failed"}
    assert run.error("g").code == "IL6013"
    assert run.error("g").message == "`g/x` failed: it failed"
    run.check()


def test_inputs_of_a_subgraph_are_checked_when_it_opens():
    node = GraphNode(id=NodeId("g"), graph="body", with_={"v": "${{ inputs.v }}"})
    run = Driven(plan_of(node, graphs=GRAPHS, inputs={"v": True}), {"v": 7})
    assert run.error("g").code == "IL2010"
    assert run.state.running == 0
    run.check()


def test_a_subgraph_without_nodes_ends_at_once():
    run = sub(Graph(name="body", inputs=BODY.inputs, outputs={"n": "${{ inputs.v }}"}))
    assert run.output() == {"out": "p"}
    run.check()


def test_what_a_subgraph_yields_is_judged():
    run = sub(ensure=("result.n > 9",))
    run.end("g/x", 7)
    assert run.error("g").code == "IL6005"
    run.check()


def test_a_graph_without_nodes_succeeds():
    run = Driven(plan_of(outputs={"one": 1}))
    assert run.output() == {"one": 1}
    run.check()


def test_an_output_that_cannot_be_evaluated_fails_its_scope():
    run = sub(
        Graph(
            name="body",
            inputs=BODY.inputs,
            nodes={INNER.id: INNER},
            outputs={"n": "${{ 1 / (x - 7) }}"},
        )
    )
    run.end("g/x", 7)
    assert run.error("g").code == "IL6007"
    assert run.result().status == "failed"
    run.check()


def test_an_output_of_the_run_that_cannot_be_evaluated_fails_it():
    run = Driven(plan_of(call("a", "read"), outputs={"n": "${{ 1 / a }}"}))
    run.end("a", 0)
    assert run.run_error().code == "IL6007"
    assert run.run_error().message.startswith("output `n`: ")
    run.check()


def test_scopes_may_not_be_nested_deeper_than_allowed():
    node = MapNode(id=NodeId("m"), graph="body", over="inputs.l", as_="i", with_={"v": "${{ i }}"})
    outer = Graph(name="outer", inputs={"l": STRINGS}, nodes={node.id: node})
    top = GraphNode(id=NodeId("g"), graph="outer", with_={"l": "${{ inputs.l }}"})
    graphs = {"body": BODY, "outer": outer}
    plan = plan_of(top, graphs=graphs, inputs={"l": STRINGS})
    run = Driven(plan, {"l": ["a"]})
    run.end("g/m[0]/x", 1)
    run.check()
    assert run.result().status == "succeeded"


def test_a_run_opens_so_many_scopes_and_no_more():
    run = mapped(["a", "b", "c"], limits=Limits(scopes_max=3), failures_max=1)
    assert types(run.orders) == ["start m[0]/x 1", "start m[1]/x 1"]
    run.end("m[0]/x", 1)
    run.end("m[1]/x", 1)
    assert run.output()["out"] == {"results": [{"n": 1}, {"n": 1}], "failed": 1, "count": 2}
    assert run.state.outcomes["m[2]"] == ("failed", None, "IL5102")  # type: ignore[index]
    run.check()


def test_a_subgraph_that_would_be_one_scope_too_many_fails():
    node = GraphNode(id=NodeId("g"), graph="body", with_={"v": "p"})
    run = Driven(plan_of(node, graphs=GRAPHS, limits=Limits(scopes_max=1)))
    assert run.error("g").code == "IL5102"
    run.check()


# --- outputs that are no values


def nested(levels: int) -> Json:
    found: Json = 7
    for _ in range(levels):
        found = [found]
    return found


@action(effect="read")
def deep() -> Any:
    raise NotImplementedError


@pytest.mark.parametrize("levels, status", [(98, "succeeded"), (99, "failed")])
def test_a_scope_whose_output_is_no_value_fails(levels: int, status: str):
    inner = call("x", "deep", with_={})
    body = Graph(name="body", nodes={inner.id: inner}, outputs={"n": ["${{ x }}"]})
    node = GraphNode(id=NodeId("g"), graph="body")
    registry = Registry([deep])
    run = Driven(plan_of(node, graphs={"body": body}, registry=registry))
    run.end("g/x", nested(levels))
    assert run.settled() == {"g/x": "succeeded", "g": status}
    assert status == "succeeded" or run.error("g").code == "IL6003"
    run.check()


@pytest.mark.parametrize("levels, status", [(98, "succeeded"), (99, "failed")])
def test_a_run_whose_output_is_no_value_fails(levels: int, status: str):
    plan = plan_of(
        call("x", "deep", with_={}), outputs={"n": ["${{ x }}"]}, registry=Registry([deep])
    )
    run = Driven(plan)
    run.end("x", nested(levels))
    assert run.result().status == status
    assert status == "succeeded" or run.run_error().code == "IL6003"
    run.check()


# --- maps


def test_results_come_in_the_order_of_the_items():
    run = mapped(["p", "q", "r"])
    for index in (2, 0, 1):
        run.end(f"m[{index}]/x", index)
    results = [{"n": 0}, {"n": 1}, {"n": 2}]
    assert run.output()["out"] == {"results": results, "failed": 0, "count": 3}
    run.check()


def test_an_empty_list_is_done_at_once():
    run = mapped([])
    assert run.output()["out"] == {"results": [], "failed": 0, "count": 0}
    run.check()


def test_items_open_one_after_the_other_up_to_the_limit():
    run = mapped(["p", "q", "r", "s"], limit=2)
    assert types(run.orders) == ["start m[0]/x 1", "start m[1]/x 1"]
    assert types(run.end("m[1]/x", 1)) == ["start m[2]/x 1"]
    assert types(run.end("m[0]/x", 1)) == ["start m[3]/x 1"]
    run.end("m[2]/x", 1)
    run.end("m[3]/x", 1)
    run.check()


def test_items_without_nodes_end_at_once_whatever_the_limit():
    body = Graph(name="body", inputs=BODY.inputs, outputs={"n": "${{ inputs.v }}"})
    run = mapped(["p", "q", "r"], limit=1, graphs={"body": body})
    assert run.output()["out"]["count"] == 3
    run.check()


def test_keys_name_the_items():
    run = mapped(["p", 'q"/]'], key="i")
    assert [order.path for order in run.orders] == ['m["p"]/x', 'm["q\\"/]"]/x']
    run.end('m["p"]/x', 1)
    run.end('m["q\\"/]"]/x', 1)
    run.check()


def test_integers_as_keys_are_written_as_texts():
    run = mapped([7], key="i", with_={"v": "${{ string(i) }}"})
    assert [order.path for order in run.orders] == ['m["7"]/x']


@pytest.mark.parametrize(
    "items, options, code",
    [
        (7, {}, "IL6008"),
        (["p", "p"], {"key": "i"}, "IL6016"),
        ([True], {"key": "i"}, "IL6007"),
        ([None], {"key": "i"}, "IL6007"),
        (["p"], {"key": "i.id"}, "IL6007"),
        (["p"], {"over": "inputs.l[7]"}, "IL6007"),
    ],
)
def test_a_list_or_a_key_that_is_none_fails_the_map(items: Json, options: Any, code: str):
    run = mapped(items, **options)
    assert run.error("m").code == code
    assert run.state.running == 0
    run.check()


def test_a_map_has_so_many_items_and_no_more():
    run = mapped(["p", "q"], limits=Limits(items_max=1))
    assert run.error("m").code == "IL5103"
    run.check()
    assert types(mapped(["p"], limits=Limits(items_max=1)).orders) == ["start m[0]/x 1"]


def test_a_failed_item_fails_the_map_and_stops_the_rest():
    run = mapped(["p", "q", "r"], limit=2)
    run.end("m[0]/x", failure())
    assert run.settled() == {"m[0]/x": "failed"}, "the second item still runs"
    run.end("m[1]/x", 1)
    assert "m[2]/x" not in run.settled()
    assert run.error("m").code == "IL6015"
    assert "1 items failed, failures_max is 0; first: `m[0]`" in run.error("m").message
    run.check()


def test_failed_items_are_left_out_as_long_as_there_are_few():
    run = mapped(["p", "q", "r"], failures_max=1)
    run.end("m[1]/x", failure())
    run.end("m[0]/x", 0)
    run.end("m[2]/x", 2)
    assert run.output()["out"] == {"results": [{"n": 0}, {"n": 2}], "failed": 1, "count": 2}
    run.check()


def test_one_failed_item_too_many_stops_the_map():
    run = mapped(["p", "q", "r"], failures_max=1)
    run.end("m[1]/x", failure())
    run.end("m[0]/x", failure())
    run.end("m[2]/x", 2)
    assert run.error("m").code == "IL6015"
    assert "2 items failed" in run.error("m").message
    assert "first: `m[1]`" in run.error("m").message
    run.check()


def test_items_whose_inputs_do_not_fit_count_as_failed():
    run = mapped(["p", 7], failures_max=1)
    run.end("m[0]/x", 1)
    assert run.output()["out"] == {"results": [{"n": 1}], "failed": 1, "count": 1}
    assert run.state.outcomes["m[1]"] == ("failed", None, "IL2010")  # type: ignore[index]
    run.check()


def test_items_whose_arguments_cannot_be_evaluated_count_as_failed():
    run = mapped(["p", "q"], with_={"v": "${{ i.name }}"}, failures_max=2)
    assert run.output()["out"]["failed"] == 2
    assert run.state.outcomes["m[0]"] == ("failed", None, "IL6007")  # type: ignore[index]
    run.check()


def test_all_items_failing_to_open_fails_the_map():
    run = mapped([1, 2])
    assert run.error("m").code == "IL6015"
    assert run.state.outcomes.keys() == {"m[0]", "m"}
    run.check()


def test_what_waits_inside_a_map_that_stops_is_cancelled():
    second = call("y", "read", needs=("x",), with_={"label": "y", "values": []})
    nodes: dict[NodeId, AnyNode] = {INNER.id: INNER, second.id: second}
    body = Graph(name="body", inputs=BODY.inputs, nodes=nodes)
    run = mapped(["p", "q"], graphs={"body": body})
    run.end("m[0]/x", failure())
    run.end("m[1]/x", 1)
    settled = run.settled()
    assert settled["m[1]/y"] == "cancelled"
    assert settled["m[0]/y"] == "skipped"
    assert run.error("m[1]/y").code == "IL6015"
    run.check()


def test_a_map_that_stops_stops_the_scopes_inside_its_items():
    inner = GraphNode(id=NodeId("g"), graph="deep", with_={"v": "${{ inputs.v }}"})
    second = call("y", "read", needs=("x",), with_={"label": "y", "values": []})
    deep = Graph(name="deep", inputs=BODY.inputs, nodes={INNER.id: INNER, second.id: second})
    body = Graph(name="body", inputs=BODY.inputs, nodes={inner.id: inner})
    run = mapped(["p", "q"], graphs={"body": body, "deep": deep})
    run.end("m[0]/g/x", failure())
    run.end("m[1]/g/x", 1)
    assert run.settled()["m[1]/g/y"] == "cancelled"
    run.check()


def test_what_a_map_yields_is_judged():
    run = mapped(["p"], ensure=("result.count > 1",))
    run.end("m[0]/x", 1)
    assert run.error("m").code == "IL6005"
    run.check()


def test_guards_of_a_map_see_no_arguments():
    run = mapped(["p"], require=("size(inputs.l) > 1",))
    assert run.error("m").code == "IL6006"
    run.check()


# --- doubt inside


def test_doubt_inside_a_scope_leaves_nothing_running():
    inner = call("x", "write", with_={"label": "${{ inputs.v }}", "values": []})
    body = Graph(
        name="body", inputs=BODY.inputs, nodes={inner.id: inner}, outputs={"n": "${{ x }}"}
    )
    run = mapped(["p", "q"], graphs={"body": body})
    run.end("m[0]/x", failure())
    assert run.state.running == 1
    run.end("m[1]/x", 1)
    assert run.state.running == 0
    assert run.state.in_doubt == {"m[0]/x"}
    run.resolve("m[0]/x", "succeeded", 5)
    assert run.output()["out"]["results"] == [{"n": 5}, {"n": 1}]
    run.check()
