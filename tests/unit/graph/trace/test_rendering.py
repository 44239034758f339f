"""From a document to Python and back: the same graph."""

from collections.abc import Iterator

from hypothesis import given

from interlock.actions import Registry, declare
from interlock.graph import CallNode, Graph, GraphFunction, ProposeNode, render_python
from unit.graph.graphs import graphs


def names_of(graph: Graph) -> Iterator[str]:
    for node in graph.nodes.values():
        if isinstance(node, CallNode | ProposeNode):
            yield node.action
    for body in graph.graphs.values():
        yield from names_of(body)


def open_registry(graph: Graph) -> Registry:
    """Make a registry of all actions that a graph names, which take and return anything."""
    names = dict.fromkeys(names_of(graph))
    return Registry(declare(name, lambda **_: None, arguments={"type": "object"}) for name in names)


def traced(source: str, registry: Registry) -> GraphFunction[..., object]:
    """Execute a program; its last function is the graph."""
    found: dict[str, object] = {"registry": registry, "__name__": "program"}
    exec(compile(source, "<program>", "exec"), found)
    return [one for one in found.values() if isinstance(one, GraphFunction)][-1]


@given(graphs())
def test_any_graph_comes_back_from_python(graph: Graph):
    source = render_python(graph)
    assert traced(source, open_registry(graph)).graph == graph, source
