"""Wrong graphs that no document can be: made in Python, so that no reader saw them before."""

from collections.abc import Iterable

from interlock.graph import AnyNode, CallNode, Graph, GraphNode
from interlock.values import Json, NodeId


def call(id_: str, action: str, **arguments: Json) -> CallNode:
    return CallNode(id=NodeId(id_), action=action, with_=arguments)


def graph_of(*nodes: AnyNode, name: str = "made", graphs: Iterable[Graph] = ()) -> Graph:
    return Graph(
        name=name,
        nodes={node.id: node for node in nodes},
        graphs={graph.name: graph for graph in graphs},
    )


def use(id_: str, graph: str) -> GraphNode:
    return GraphNode(id=NodeId(id_), graph=graph)


def of_each_other() -> Graph:
    one, other = graph_of(use("x", "other"), name="one"), graph_of(use("x", "one"), name="other")
    return graph_of(use("x", "one"), graphs=[one, other])


def long_chain(size: int) -> Graph:
    """Each graph uses the one before; the last is used."""
    bodies = [graph_of(call("x", "db.count"), name="g0")]
    bodies += [graph_of(use("x", f"g{n - 1}"), name=f"g{n}") for n in range(1, size)]
    return graph_of(use("x", f"g{size - 1}"), graphs=reversed(bodies))


def very_deep() -> Json:
    value: Json = 1
    for _ in range(200):
        value = [value]
    return value


PYTHON_GRAPHS: dict[str, Graph] = {
    "python_bad_ids": graph_of(call("Fetch", "db.count"), call("nodes", "db.count")),
    "python_contains_itself": of_each_other(),
    "python_document_too_deep": graph_of(call("a", "any.echo", value=very_deep())),
    "python_expression_too_long": graph_of(
        call("a", "any.echo", value="${{ size('" + "a" * 4_096 + "') }}")
    ),
    "python_graph_misspelt": graph_of(
        use("a", "won"), graphs=[graph_of(call("x", "db.count"), name="one")]
    ),
    "python_graph_unknown": graph_of(use("a", "one")),
    "python_graphs_too_deep": long_chain(18),
    "python_too_many_nodes": graph_of(*(call(f"n{n}", "db.count") for n in range(51))),
    "python_two_errors_in_order": graph_of(call("z", "db.cont"), call("a", "db.count", x=1)),
}
