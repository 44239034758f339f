"""Compile takes time in proportion to the graph, whatever its shape."""

import gc
from collections.abc import Callable, Iterator
from time import process_time

import pytest

from interlock.actions import Registry, declare
from interlock.graph import CallNode, Graph, GraphNode, MapNode
from interlock.plan import Plan, compile as compile_graph, restore
from interlock.values import Json, NodeId, Schema

ROW: Schema = {
    "type": "object",
    "properties": {"n": {"type": "integer"}, "text": {"type": "string"}},
    "required": ["n", "text"],
}
TAKES: Schema = {
    "type": "object",
    "properties": {"n": {"type": "integer"}},
    "additionalProperties": {"type": "integer"},
}
STEP = declare("step", lambda **_: {}, effect="read", arguments=TAKES, returns=ROW)
ACTIONS = Registry([STEP])
INPUTS: dict[str, Schema] = {"n": {"type": "integer"}, "rows": {"type": "array", "items": ROW}}


def step(number: int, **arguments: Json) -> CallNode:
    return CallNode(id=NodeId(f"n{number}"), action="step", with_=arguments)


def graph_of(nodes: Iterator[CallNode | GraphNode | MapNode], **more: object) -> Graph:
    made = {node.id: node for node in nodes}
    return Graph(name="fast", inputs=INPUTS, nodes=made, **more)  # type: ignore[arg-type]


def chain(size: int) -> Graph:
    read = ["${{ inputs.n }}", *(f"${{{{ n{number}.n }}}}" for number in range(size - 1))]
    return graph_of(step(number, n=read[number]) for number in range(size))


def fan_out(size: int) -> Graph:
    return graph_of(step(n, n="${{ n0.n }}" if n else 1) for n in range(size))


def fan_in(size: int) -> Graph:
    arguments: dict[str, Json] = {f"a{n}": f"${{{{ n{n}.n }}}}" for n in range(size - 1)}
    nodes = [*(step(n, n=1) for n in range(size - 1)), step(size, **arguments)]
    return graph_of(iter(nodes))


def many_bodies(size: int) -> Graph:
    bodies = {f"b{n}": chain(2) for n in range(size // 4)}
    given: dict[str, Json] = {"n": "${{ inputs.n }}", "rows": "${{ inputs.rows }}"}
    nodes = (GraphNode(id=NodeId(f"g{n}"), graph=f"b{n}", with_=given) for n in range(size // 4))
    return graph_of(nodes, graphs=bodies)


def maps(size: int) -> Graph:
    given: dict[str, Json] = {"n": "${{ item.n }}", "rows": []}
    nodes = (
        MapNode(id=NodeId(f"m{n}"), graph="b", over="inputs.rows", with_=given) for n in range(size)
    )
    return graph_of(nodes, graphs={"b": chain(1)})


def conditions(size: int) -> Graph:
    nodes = (
        CallNode(
            id=NodeId(f"n{n}"),
            action="step",
            with_={"n": n},
            when="inputs.n > 1",
            ensure=("result.n >= args.n", "size(result.text) > 0"),
            after=(NodeId(f"n{n - 1}"),) if n else (),
        )
        for n in range(size)
    )
    return graph_of(nodes)


SHAPES = {one.__name__: one for one in (chain, fan_out, fan_in, many_bodies, maps, conditions)}


def seconds(work: Callable[[], object]) -> float:
    """The shortest time of a few, without the collector's."""
    gc.disable()
    try:
        return min(_timed(work) for _ in range(3))
    finally:
        gc.enable()


def _timed(work: Callable[[], object]) -> float:
    started = process_time()
    work()
    return process_time() - started


@pytest.mark.bench
@pytest.mark.parametrize("shape", SHAPES)
def test_time_grows_with_the_graph_and_not_faster(shape: str):
    small, large = SHAPES[shape](500), SHAPES[shape](4_000)
    compile_graph(small, ACTIONS)
    once = seconds(lambda: compile_graph(small, ACTIONS))
    assert seconds(lambda: compile_graph(large, ACTIONS)) < 8 * once * 2


@pytest.mark.bench
def test_a_thousand_nodes_compile_in_the_blink_of_an_eye():
    graph = chain(1_000)
    plan = compile_graph(graph, ACTIONS)
    assert plan.run_time_checks == ()
    assert seconds(lambda: compile_graph(graph, ACTIONS)) < 0.1
    assert seconds(lambda: fresh(plan)) < 0.1


@pytest.mark.bench
def test_ten_thousand_nodes_compile_within_a_second():
    graph = chain(10_000)
    assert seconds(lambda: compile_graph(graph, ACTIONS)) < 1


def fresh(plan: Plan) -> Plan:
    restore.cache_clear()
    return restore(plan.document, plan.manifests)
