"""`when`, `each`, `propose`, nested graphs, options, lenient reads: what they become."""

from datetime import timedelta
from typing import Any

import pytest

from interlock.actions import Registry
from interlock.errors import DocumentInvalid
from interlock.graph import (
    CallNode,
    GraphNode,
    MapNode,
    ProposeNode,
    Retry,
    cel,
    each,
    enclosing,
    error_of,
    graph,
    optional,
    output_of,
    propose,
    status,
    to_document,
    when,
)
from interlock.plan import compile as compile_graph
from interlock.values import Json, NodeId
from unit.graph.trace.world import Alert, fetch_alert, graph_of, keep, only_call, page, total

# --- when


def test_conditions_of_blocks_are_joined():
    def body(n: int, ok: bool) -> None:  # noqa: FBT001
        with when(n > 1):
            with when((n < 5) | ok):
                page.using(id="both", when=cel("inputs.n != 3"))("ann")
            page.using(id="outer")("ann")
        page.using(id="free")("ann")

    found = graph_of(body).nodes
    joined = "inputs.n > 1 && (inputs.n < 5 || inputs.ok) && (inputs.n != 3)"
    assert found[NodeId("both")].when == joined
    assert found[NodeId("outer")].when == "inputs.n > 1"
    assert found[NodeId("free")].when is None


def test_a_condition_may_be_text_or_constant():
    def body(n: int) -> None:
        with when("inputs.n > 1"):
            page.using(id="a")("ann")
        with when(True):
            page.using(id="b")("ann")
        with when(f"size([{n}]) > {n + 1}"):
            page.using(id="c")("ann")

    assert [node.when for node in graph_of(body).nodes.values()] == [
        "inputs.n > 1",
        "true",
        "size([inputs.n]) > (inputs.n + 1)",
    ]


def test_a_block_ends_when_it_raises():
    def body(n: int) -> None:
        try:
            with when(n > 1):
                raise LookupError
        except LookupError:
            page("ann")

    assert only_call(graph_of(body)).when is None


# --- options


def test_options_become_fields():
    def body(n: int) -> None:
        first = page.using(timeout="5s", deadline=timedelta(minutes=2))("ann")
        second = page.using(after=first)("bob")
        page.using(
            id="third",
            needs=[first, second, first],
            retry=Retry(attempts=2, delay_ms=5),
            require=[lambda args: args.who != "x", f"{n} > 1"],
            ensure=lambda result, args: result == args.who,
            on_error="continue",
            returns=str,
        )("cid")

    found = graph_of(body).nodes
    assert (found[NodeId("first")].timeout_ms, found[NodeId("first")].deadline_ms) == (
        5000,
        120_000,
    )
    assert found[NodeId("second")].after == ("first",)
    assert found[NodeId("third")] == CallNode(
        id=NodeId("third"),
        action="oncall.page",
        with_={"who": "cid"},
        needs=(NodeId("first"), NodeId("second")),
        retry=Retry(attempts=2, delay_ms=5),
        require=('args.who != "x"', "inputs.n > 1"),
        ensure=("result == args.who",),
        on_error="continue",
        returns={"type": "string"},
    )


def test_retry_is_read_as_in_a_document():
    def body() -> None:
        page.using(id="a", retry=3)("ann")
        page.using(id="b", retry={"attempts": 2, "delay": "1s"})("ann")

    retries = [node.retry for node in graph_of(body).nodes.values()]
    assert retries == [Retry(attempts=3), Retry(attempts=2, delay_ms=1000)]


def test_a_lone_condition_may_be_over_arguments():
    def body() -> None:
        page.using(ensure=lambda args: args.who == "ann")("ann")

    assert only_call(graph_of(body)).ensure == ('args.who == "ann"',)


# --- lenient reads


def test_lenient_reads():
    def body(alert_id: str) -> dict[str, object]:
        alert = fetch_alert(alert_id)
        return {
            "status": status(alert.owner),
            "owner": output_of(alert.owner),
            "all": output_of(alert),
            "code": error_of(alert).code,
        }

    assert graph_of(body).outputs == {
        "status": "${{ nodes.alert.status }}",
        "owner": "${{ nodes.alert.output.owner }}",
        "all": "${{ nodes.alert.output }}",
        "code": "${{ nodes.alert.error.code }}",
    }


# --- bodies and captures


def test_a_body_captures_what_it_reads_of_the_outer_graph():
    def body(alert_id: str, factor: int) -> None:
        alert = fetch_alert(alert_id)
        sizes = each(
            lambda tag: keep([tag, alert.owner, alert.owner, alert.tags[0], factor, status(alert)]),
            alert.tags,
        )
        del sizes

    found = graph_of(body)
    node = found.nodes[NodeId("sizes")]
    assert isinstance(node, MapNode)
    assert (node.graph, node.over, node.as_) == ("sizes", "alert.tags", "tag")
    assert node.with_ == {
        "tag": "${{ tag }}",
        "alert_owner": "${{ alert.owner }}",
        "alert_tags_0": "${{ alert.tags[0] }}",
        "factor": "${{ inputs.factor }}",
        "alert_status": "${{ nodes.alert.status }}",
    }
    inner = found.graphs["sizes"]
    assert inner.inputs == {
        "tag": {"type": "string"},
        "alert_owner": {"type": "string"},
        "alert_tags_0": {"type": "string"},
        "factor": {"type": "integer"},
        "alert_status": True,
    }
    assert only_call(inner).with_["value"] == [
        "${{ inputs.tag }}",
        "${{ inputs.alert_owner }}",
        "${{ inputs.alert_owner }}",
        "${{ inputs.alert_tags_0 }}",
        "${{ inputs.factor }}",
        "${{ inputs.alert_status }}",
    ]


def test_captures_go_through_bodies_inside_of_bodies():
    def body(rows: list[list[int]], factor: int) -> None:
        outer = each(lambda row: each(lambda cell: keep(cell, factor), row, id="inner"), rows)
        del outer

    found = graph_of(body)
    outer, inner = found.graphs["outer"], found.graphs["outer"].graphs["inner"]
    assert found.nodes[NodeId("outer")].with_["factor"] == "${{ inputs.factor }}"
    assert outer.nodes[NodeId("inner")].with_["factor"] == "${{ inputs.factor }}"
    assert only_call(inner).with_["other"] == "${{ inputs.factor }}"
    assert inner.inputs["cell"] == {"type": "integer"}


def test_a_condition_around_a_body_stays_outside():
    def body(tags: list[str], n: int) -> None:
        with when(n > 1):
            pages = each(page, tags)
        del pages

    found = graph_of(body)
    assert found.nodes[NodeId("pages")].when == "inputs.n > 1"
    assert only_call(found.graphs["page"]).when is None


def test_names_of_captures_do_not_clash():
    def body(alert_id: str, alert_owner: str) -> None:
        alert = fetch_alert(alert_id)
        both = each(lambda tag: keep(alert.owner, alert_owner), ["a"])
        del both

    node = graph_of(body).nodes[NodeId("both")]
    assert node.with_ == {
        "tag": "${{ tag }}",
        "alert_owner": "${{ alert.owner }}",
        "alert_owner_node": "${{ inputs.alert_owner }}",
    }


def test_a_graph_function_inside_of_another_captures():
    def body(alert_id: str) -> None:
        alert = fetch_alert(alert_id)

        @graph
        def tell(who: str) -> str:
            return page(who, f"about {alert.owner}")

        first = tell("ann")
        second = tell(who="bob")
        keep([first, second])

    found = graph_of(body)
    assert found.nodes[NodeId("first")] == GraphNode(
        id=NodeId("first"),
        graph="tell",
        with_={"who": "ann", "alert_owner": "${{ alert.owner }}"},
    )
    assert found.nodes[NodeId("second")].with_["who"] == "bob"
    assert found.nodes[NodeId("keep")].with_["value"] == [
        "${{ first.result }}",
        "${{ second.result }}",
    ]


# --- each


@graph
def weigh(tag: str, factor: int = 1) -> dict[str, int]:
    return {"weight": total([factor])}


def test_a_graph_function_is_a_body():
    def body(tags: list[str]) -> None:
        first = each(weigh, tags, key=lambda tag: tag, limit=3, failures_max=2)
        second = each(weigh, tags, with_=lambda one: {"tag": one, "factor": 7}, key="one")
        third = each(weigh, tags, with_={"tag": "x"}, as_="unused")
        del first, second, third

    nodes = graph_of(body).nodes
    assert nodes[NodeId("first")] == MapNode(
        id=NodeId("first"),
        graph="weigh",
        over="inputs.tags",
        as_="tag",
        key="tag",
        limit=3,
        failures_max=2,
        with_={"tag": "${{ tag }}"},
    )
    second, third = nodes[NodeId("second")], nodes[NodeId("third")]
    assert isinstance(second, MapNode)
    assert isinstance(third, MapNode)
    assert (second.as_, second.key) == ("one", "one")
    assert second.with_ == {"tag": "${{ one }}", "factor": 7}
    assert (third.as_, third.with_) == ("unused", {"tag": "x"})


def test_results_of_single_values_stand_without_their_name():
    def body(tags: list[str]) -> dict[str, Any]:
        pages = each(page, tags)
        again = each(keep, pages.results)
        weights = each(weigh, tags)
        return {
            "all": pages.results,
            "first": pages.results[0],
            "failed": pages.failed,
            "weights": weights.results[1]["weight"],
            "again": again.results,
        }

    found = graph_of(body)
    again = found.nodes[NodeId("again")]
    assert isinstance(again, MapNode)
    assert (again.over, again.with_) == ("pages.results", {"value": "${{ value.result }}"})
    assert found.outputs == {
        "all": "${{ pages.results.map(each, each.result) }}",
        "first": "${{ pages.results[0].result }}",
        "failed": "${{ pages.failed }}",
        "weights": "${{ weights.results[1].weight }}",
        "again": "${{ again.results.map(each, each.result) }}",
    }


def test_items_get_a_name_that_is_free():
    def body(tags: list[str]) -> None:
        tag = page("ann")
        pages = each(lambda tag: keep(tag, 1), tags)
        other = each(lambda other: keep(other, 1), [tag])
        loops = each(lambda loop: keep(loop, 1), tags)
        del pages, other, loops

    nodes = [node for node in graph_of(body).nodes.values() if isinstance(node, MapNode)]
    assert [node.as_ for node in nodes] == ["tag_node", "other_node", "loop_node"]
    assert nodes[1].over == "[tag]"


def test_equal_bodies_are_one_graph_and_others_get_a_name():
    def one(tag: str) -> str:
        return page(tag)

    def body(tags: list[str], n: int) -> None:
        first = each(one, tags)
        second = each(one, tags)
        third = each(lambda tag: keep(tag, n), tags, id="one")
        del first, second, third

    found = graph_of(body)
    assert list(found.graphs) == ["one", "one_node"]
    assert [node.graph for node in found.nodes.values() if isinstance(node, MapNode)] == [
        "one",
        "one",
        "one_node",
    ]


def test_an_action_of_many_arguments_is_a_body():
    def body(tags: list[str]) -> None:
        first = each(page, tags, with_=lambda tag: {"who": tag, "text": "x"})
        del first

    inner = graph_of(body).graphs["page"]
    assert list(inner.inputs) == ["who", "text"]
    assert only_call(inner).with_ == {"who": "${{ inputs.who }}", "text": "${{ inputs.text }}"}


# --- graphs, proposals


def test_a_graph_of_an_enclosing_graph_is_named_only():
    def body(alert_id: str) -> Any:
        deep = enclosing("weigh")(tag=alert_id)
        return deep.weight

    found = graph_of(body) if False else graph("inner")(body).traced.graph
    assert found.nodes[NodeId("deep")] == GraphNode(
        id=NodeId("deep"), graph="weigh", with_={"tag": "${{ inputs.alert_id }}"}
    )
    outer = graph("outer", graphs={"weigh": weigh})(lambda: graph("inner")(body)("x"))
    assert set(outer.graph.graphs) == {"weigh", "inner"}
    with pytest.raises(DocumentInvalid, match="there is no graph `weigh`"):
        _ = graph("inner")(body).graph


def test_a_proposal_narrows_what_may_be_used():
    def body(goal: str) -> Any:
        fix = propose(keep, returns=Alert, actions=[page, "k8s.get_*"], repairs_max=2, retry=2)(
            goal
        )
        return fix.owner

    function = graph(body)
    node = function.graph.nodes[NodeId("fix")]
    assert isinstance(node, ProposeNode)
    assert (node.action, node.actions) == ("keep", ("oncall.page", "k8s.get_*"))
    assert (node.repairs_max, node.retry) == (2, Retry(attempts=2))
    assert node.with_ == {"value": "${{ inputs.goal }}"}
    assert isinstance(node.returns, dict)
    assert node.returns["required"] == ["severity", "owner", "tags"]
    assert set(function.registry) == {keep, page}


def test_outputs():
    def nothing() -> None:
        page("ann")

    def single(n: int) -> str:
        return f"{n} words"

    def many(n: int) -> dict[str, Any]:
        called = page("ann")
        return {"n": n, "called": optional(called), "deep": {"x": [n]}, "constant": 3}

    def maybe() -> Any:
        return optional(page("ann"))

    assert graph_of(nothing).outputs == {}
    assert graph_of(single).outputs == {"result": "${{ inputs.n }} words"}
    found = graph_of(many)
    expected: dict[str, Json] = {
        "n": "${{ inputs.n }}",
        "called": "${{ called }}",
        "deep": {"x": ["${{ inputs.n }}"]},
        "constant": 3,
    }
    assert (found.outputs, found.optional) == (expected, {"called"})
    assert (graph_of(maybe).outputs, graph_of(maybe).optional) == (
        {"result": "${{ page }}"},
        {"result"},
    )


def test_structure_compiles():
    @graph
    def all_of_it(alert_id: str, tags: list[str]) -> dict[str, Any]:
        alert = fetch_alert(alert_id)
        weights = each(weigh, alert.tags)
        pages = each(
            lambda tag: page(tag, f"{alert.owner} {alert.severity}"), tags, key=lambda t: t
        )
        with when((alert.severity > 3) & (weights.count > 1)):
            called = page.using(needs=[pages])(pages.results[0])
        return {"called": optional(called), "weights": weights.results, "pages": pages.results}

    plan = compile_graph(all_of_it)
    assert plan.document.json == to_document(all_of_it.graph)
    assert isinstance(all_of_it.registry, Registry)
