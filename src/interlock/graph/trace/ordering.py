"""The order in which nodes are written as statements: what is read stands before who reads it."""

from collections.abc import Iterator

from interlock.graph.expressions import Expression, Template, parse_expression, parse_template
from interlock.graph.model import AnyNode, FirstOfNode, GateNode, Graph, MapNode, RepeatNode
from interlock.values import Json, NodeId


def written_order(graph: Graph) -> tuple[NodeId, ...]:
    """Order the nodes of a graph: as they are listed, but each after those it reads.

    In a circle, which no plan allows, somebody comes first all the same.
    """
    found: dict[NodeId, None] = {}
    begun: set[NodeId] = set()
    for first in graph.nodes:
        waiting = [(first, iter(_reads(graph, first)))]
        begun.add(first)
        while waiting:
            id_, reads = waiting[-1]
            other = next((one for one in reads if one not in begun), None)
            if other is None:
                found[id_] = None
                waiting.pop()
            else:
                begun.add(other)
                waiting.append((other, iter(_reads(graph, other))))
    return tuple(found)


def _reads(graph: Graph, id_: NodeId) -> tuple[NodeId, ...]:
    node = graph.nodes[id_]
    of = node.of if isinstance(node, FirstOfNode) else ()
    read = (*node.needs, *node.after, *of, *_references(node))
    return tuple(other for other in dict.fromkeys(read) if other in graph.nodes and other != id_)


def _references(node: AnyNode) -> Iterator[NodeId]:
    names = frozenset({node.as_}) if isinstance(node, MapNode) else frozenset[str]()
    sources = (node.when, *((node.over, node.key) if isinstance(node, MapNode) else ()))
    for source in sources:
        parsed = parse_expression(source, names=names) if source is not None else ()
        if isinstance(parsed, Expression):
            yield from (each.node for each in parsed.references if each.node is not None)
    for tree, known in _templates(node, names):
        parsed = parse_template(tree, names=known)
        if isinstance(parsed, Template):
            yield from (each.node for _, each in parsed.references if each.node is not None)


def _templates(node: AnyNode, names: frozenset[str]) -> Iterator[tuple[Json, frozenset[str]]]:
    """Give what is written as Python and not as CEL, with the names that it may use."""
    yield dict(node.with_), names
    if isinstance(node, RepeatNode):
        yield dict(node.carry), frozenset({"result"})
    if isinstance(node, GateNode):
        yield node.ask, names
    if node.undo is not None:
        yield dict(node.undo.with_), frozenset({"result", "args"})
