"""Defaults of inputs are filled in before anything is read."""

from interlock.actions import Registry, action
from interlock.graph import CallNode, Graph
from interlock.plan import compile as compile_graph
from interlock.values import NodeId


@action(effect="pure")
def shout(text: str) -> str:
    return text.upper()


def test_an_input_with_a_default_may_be_left_out_and_is_there_for_every_reader():
    node = CallNode(id=NodeId("a"), action="shout", with_={"text": "${{ inputs.name }}"})
    graph = Graph(
        name="g", inputs={"name": {"type": "string", "default": "x"}}, nodes={node.id: node}
    )
    plan = compile_graph(graph, Registry([shout]))
    assert plan.root.accepts.accepts({})
    assert plan.root.defaults == {"name": "x"}
