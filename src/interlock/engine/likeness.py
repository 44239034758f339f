"""Whether a node is the same in two plans: what it calls, with what, when, and behind what."""

from interlock.plan import (
    AnyCompiledNode,
    CompiledCall,
    CompiledFirstOf,
    CompiledGate,
    CompiledGraph,
    CompiledGraphNode,
    CompiledMap,
    CompiledPropose,
    CompiledRepeat,
    CompiledWait,
)
from interlock.values import NodeId

Composite = (CompiledGraphNode, CompiledMap, CompiledRepeat)
TYPED = (CompiledCall, CompiledWait)
"""Nodes whose type is declared, and not inferred."""


def unlike(
    node: AnyCompiledNode, graph: CompiledGraph, *, other: AnyCompiledNode, new: CompiledGraph
) -> str | None:
    """Say what differs in a node between two graphs; None when it is the same in both."""
    what = unlike_given(node, other)
    if what is not None:
        return what
    if _sources(node) != _sources(other):
        return "has other conditions"
    if _needs(graph, node) != _needs(new, other):
        return "depends on other nodes"
    # Of a node with a graph the type follows from it; what it has run is compared by itself.
    if isinstance(node, TYPED) and node.returns_schema != other.returns_schema:
        return "returns another type"
    if _subject(node) != _subject(other):
        return "belongs to another data subject"
    return None if _own(node, graph) == _own(other, new) else "says something else"


def unlike_given(node: AnyCompiledNode, other: AnyCompiledNode) -> str | None:
    """Say what differs in what is called, and in what it is given; None when nothing does."""
    if isinstance(node, CompiledCall) and isinstance(other, CompiledCall):
        what = _unlike_call(node, other)
        if what is not None:
            return what
    if node.arguments.tree != other.arguments.tree:
        return "has other arguments"
    return None


def _unlike_call(node: CompiledCall, other: CompiledCall) -> str | None:
    if node.action.name != other.action.name:
        return f"calls {other.action.name} instead of {node.action.name}"
    if node.action.digest != other.action.digest:
        return f"calls {node.action.name}, which has changed"
    if isinstance(node, CompiledPropose) and isinstance(other, CompiledPropose):
        names = {name: one.digest for name, one in node.allowed.items()}
        if names != {name: one.digest for name, one in other.allowed.items()}:
            return "may use other actions"
    return None


def unlike_bodies(body: CompiledGraph, new: CompiledGraph) -> str | None:
    """Say what differs in a graph as a whole; None when it is the same."""
    for node in body.nodes:
        position = new.positions.get(node.id)
        if position is None:
            return f"`{node.id}` is not in it any more"
        other = new.nodes[position]
        if type(node) is not type(other):
            return f"`{node.id}` is of another kind"
        what = unlike(node, body, other=other, new=new)
        if what is not None:
            return f"`{node.id}` {what}"
        if isinstance(node, Composite) and isinstance(other, Composite):
            what = unlike_bodies(node.body, other.body)
            if what is not None:
                return f"in `{node.id}`, {what}"
    if added := sorted(new.positions.keys() - body.positions.keys()):
        return f"`{added[0]}` is new in it"
    if body.undoable != new.undoable:
        return "it can be undone in one of the plans alone"
    if subjects_of(body) != subjects_of(new):
        return "its inputs are of other data subjects"
    return None if _yields(body) == _yields(new) else "its outputs are others"


def _yields(graph: CompiledGraph) -> list[tuple[str, object, bool]]:
    return [(output.name, output.template.tree, output.optional) for output in graph.outputs]


def _sources(node: AnyCompiledNode) -> tuple[object, ...]:
    when = node.when.source if node.when is not None else None
    return (when, *([one.source for one in guards] for guards in (node.require, node.ensure)))


def subjects_of(graph: CompiledGraph) -> list[tuple[str, str]]:
    """Say whose the inputs of a graph are, by their names."""
    return [(name, subject.source) for name, subject in graph.subjects]


def _subject(node: AnyCompiledNode) -> str | None:
    return node.subject.source if node.subject is not None else None


def _needs(graph: CompiledGraph, node: AnyCompiledNode) -> tuple[set[NodeId], set[NodeId]]:
    strict = {graph.nodes[index].id for index in node.strict}
    return strict, {graph.nodes[index].id for index in node.lenient}


def _own(node: AnyCompiledNode, graph: CompiledGraph) -> tuple[object, ...]:
    """What only nodes of one kind say; how many and how long may change on the way."""
    match node:
        case CompiledMap():
            key = node.key.source if node.key is not None else None
            return (node.over.source, node.item_name, key)
        case CompiledRepeat():
            return (node.carry.tree, node.until.source)
        case CompiledWait():
            return (node.signal, node.for_ms)
        case CompiledGate():
            covers = [
                (graph.nodes[one.index].id, one.bound.source if one.bound is not None else None)
                for one in node.covers
            ]
            return (node.ask.tree, node.to, node.quorum, node.expires_ms, covers)
        case CompiledFirstOf():
            return tuple(graph.nodes[index].id for index in node.of)
        case _:
            return ()
