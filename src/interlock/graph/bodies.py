"""Bodies of `graph`, `map` and `repeat`: how a name finds its graph.

A name means the entry of `graphs` in the nearest enclosing graph that has one, as names do in most
languages. A body sees only its own inputs, whatever encloses it. No graph contains itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from interlock.graph.model import CallNode, Graph, GraphNode, MapNode, RepeatNode
from interlock.values import NodeId, Schema, immutable

WithBody: TypeAlias = GraphNode | MapNode | RepeatNode


def body_kind(node: WithBody) -> str:
    """Give the field of a document by which a node names its body."""
    match node:
        case GraphNode():
            return "graph"
        case MapNode():
            return "map"
        case RepeatNode():
            return "repeat"


def find_body(name: str, enclosing: Sequence[Graph]) -> tuple[Graph, ...] | None:
    """Find the graph that a node names.

    Args:
        name: the name in the node's `graph`, `map` or `repeat`.
        enclosing: the graphs around the node, outermost first; the last one holds the node.

    Returns:
        The body as the last of its own enclosing graphs, or None.
    """
    for depth in range(len(enclosing), 0, -1):
        body = enclosing[depth - 1].graphs.get(name)
        if body is not None:
            return (*enclosing[:depth], body)
    return None


def visible_types(enclosing: Sequence[Graph]) -> Mapping[str, Schema]:
    """Give the types that schemas of the innermost graph may refer to; inner ones win."""
    found: dict[str, Schema] = {}
    for graph in enclosing:
        found.update(graph.types)
    return found


@immutable(kw_only=False)
class Use:
    """A node that runs a body: where it stands, and the body's enclosing graphs if it was found."""

    holder: tuple[Graph, ...]
    pointer: str
    node: NodeId
    kind: str
    name: str
    body: tuple[Graph, ...] | None


def uses(enclosing: tuple[Graph, ...], pointer: str = "") -> Iterator[Use]:
    """Give every use of a body in a graph and in its local graphs."""
    graph = enclosing[-1]
    for node in graph.nodes.values():
        if not isinstance(node, CallNode) and isinstance(node, WithBody):
            body, at = find_body(node.graph, enclosing), f"{pointer}/nodes/{node.id}"
            yield Use(enclosing, at, node.id, kind=body_kind(node), name=node.graph, body=body)
    for name, body in graph.graphs.items():
        yield from uses((*enclosing, body), f"{pointer}/graphs/{name}")


def find_cycle(found: Sequence[Use]) -> tuple[Use, ...] | None:
    """Find uses that lead from a graph back to itself."""
    by_holder: dict[int, list[Use]] = {}
    for use in found:
        by_holder.setdefault(id(use.holder[-1]), []).append(use)
    done: set[int] = set()
    for start in by_holder:
        cycle = _search(start, by_holder, done)
        if cycle is not None:
            return cycle
    return None


def _search(
    start: int, by_holder: Mapping[int, list[Use]], done: set[int]
) -> tuple[Use, ...] | None:
    """Walk depth first, with the uses that led here on a stack of our own."""
    trail: list[Use] = []
    open_: list[int] = [start]
    waiting = [iter(by_holder.get(start, ()))]
    while waiting:
        use = next(waiting[-1], None)
        if use is None:
            waiting.pop()
            done.add(open_.pop())
            if trail:
                trail.pop()
            continue
        target = id(use.body[-1]) if use.body else None
        if target is None or target in done:
            continue
        if target in open_:
            return (*trail[open_.index(target) :], use)
        trail.append(use)
        open_.append(target)
        waiting.append(iter(by_holder.get(target, ())))
    return None
