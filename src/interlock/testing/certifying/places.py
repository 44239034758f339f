"""Finding the nodes of a plan by the paths that they have in a run."""

import re
from collections.abc import Iterator

from interlock.actions import Manifest
from interlock.errors import UsageError
from interlock.plan import (
    AnyCompiledNode,
    CompiledGate,
    CompiledGraph,
    CompiledGraphNode,
    CompiledMap,
    CompiledRepeat,
    Plan,
)
from interlock.values import NodeId, Path, paths

UNDO = "!undo"
INSIDE = re.compile(r"""\["(?:[^"\\]|\\.)*"\]|\[\d+\]|#\d+""")


def actions_of(plan: Plan) -> dict[str, Manifest]:
    """The actions of a plan, by name, with those that undo them."""
    undos = [one.undo for one in plan.actions.values() if one.undo is not None]
    return {**{one.name: one for one in undos}, **plan.actions}


def plain(path: str) -> str:
    """Leave the items and turns out of a path: `docs[3]/fetch` becomes `docs/fetch`."""
    return INSIDE.sub("", path)


def node_at(plan: Plan, path: str) -> AnyCompiledNode | None:
    """Find the node of a path; None inside what is proposed, and where there is none."""
    undone = path.endswith(UNDO)
    try:
        segments = paths.parse(path.removesuffix(UNDO))
    except UsageError:
        return None
    graph: CompiledGraph | None = plan.root
    node: AnyCompiledNode | None = None
    for segment in segments:
        position = graph.positions.get(NodeId(segment.node)) if graph is not None else None
        if graph is None or position is None:
            return None
        node = graph.nodes[position]
        graph = node.body if isinstance(node, WITH_BODY) else None
    return node.undo if undone and node is not None else node


def gates_of(plan: Plan, path: Path) -> Iterator[tuple[Path, CompiledGate]]:
    """The gates that cover a node, or a node around it, by path."""
    while path:
        node, scope = node_at(plan, path), Path(path.rpartition("/")[0])
        graph = _graph_at(plan, scope)
        for index in node.gates if node is not None and graph is not None else ():
            gate = graph.nodes[index] if graph is not None else None
            if isinstance(gate, CompiledGate):
                yield paths.child(scope, gate.id), gate
        path = scope


def _graph_at(plan: Plan, scope: str) -> CompiledGraph | None:
    around = node_at(plan, scope) if scope else None
    if around is None:
        return None if scope else plan.root
    return around.body if isinstance(around, WITH_BODY) else None


WITH_BODY = (CompiledGraphNode, CompiledMap, CompiledRepeat)


def every_node(plan: Plan) -> dict[Path, AnyCompiledNode]:
    """List the nodes of a plan by path, without items and turns, undos among them."""
    return dict(_nodes(plan.root, Path("")))


def _nodes(graph: CompiledGraph, scope: Path) -> Iterator[tuple[Path, AnyCompiledNode]]:
    for node in graph.nodes:
        path = paths.child(scope, node.id)
        yield path, node
        if node.undo is not None:
            yield Path(f"{path}{UNDO}"), node.undo
        if isinstance(node, WITH_BODY):
            yield from _nodes(node.body, path)
