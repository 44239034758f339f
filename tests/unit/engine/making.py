"""Nodes of every kind, in short, for graphs that are driven by hand."""

from typing import Any

from interlock.graph import (
    AnyNode,
    FirstOfNode,
    GateNode,
    Graph,
    GraphNode,
    MapNode,
    RepeatNode,
    WaitNode,
)
from interlock.values import NodeId


def body(*nodes: AnyNode, **rest: Any) -> Graph:
    """A graph to be the body of a node."""
    return Graph(name=rest.pop("name", "body"), nodes={node.id: node for node in nodes}, **rest)


def gate(id_: str = "g", **options: Any) -> GateNode:
    return GateNode(id=NodeId(id_), ask=options.pop("ask", "Go?"), **options)


def wait(id_: str = "w", **options: Any) -> WaitNode:
    return WaitNode(id=NodeId(id_), **options)


def sub(id_: str = "sub", graph: str = "body", **options: Any) -> GraphNode:
    return GraphNode(id=NodeId(id_), graph=graph, **options)


def each(over: str, id_: str = "each", graph: str = "body", **options: Any) -> MapNode:
    return MapNode(id=NodeId(id_), graph=graph, over=over, **options)


def repeat(until: str, id_: str = "r", graph: str = "body", **options: Any) -> RepeatNode:
    return RepeatNode(id=NodeId(id_), graph=graph, until=until, **{"max": 3, **options})


def first_of(*of: str, id_: str = "f", **options: Any) -> FirstOfNode:
    return FirstOfNode(id=NodeId(id_), of=tuple(NodeId(one) for one in of), **options)
