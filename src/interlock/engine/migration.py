"""Going on under another plan, when it agrees with what has been executed.

A node that has begun must be the same in the new plan: it is what was run. What has not begun may
change, come or go; so may a read that is under way, since it is called again. The event is recorded
before `RunRecovered`, which orders everything that is due.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from interlock.engine.scopes import count_again
from interlock.engine.state import NodeState, ScopeState, State
from interlock.engine.turn import IllegalTransition, Turn
from interlock.journal import RunMigrated
from interlock.plan import (
    AnyCompiledNode,
    CompiledCall,
    CompiledGraph,
    CompiledGraphNode,
    CompiledMap,
    CompiledPropose,
    CompiledRepeat,
    Plan,
    restore,
)
from interlock.values import NodeId, Path, paths

Composite = (CompiledGraphNode, CompiledMap, CompiledRepeat)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A node that was executed under the old plan and is another one in the new plan.

    A person may accept it, when it is there and of the same kind.
    """

    path: Path
    what: str
    acceptable: bool = True


def differences(state: State, plan: Plan) -> tuple[Difference, ...]:
    """List the nodes that have begun and are not the same in a new plan, by path."""
    if state.root is None:
        return ()
    found = list(_in_scope(state.root, plan.root, state))
    return tuple(sorted(found, key=lambda one: one.path))


def _in_scope(scope: ScopeState, graph: CompiledGraph, state: State) -> Iterator[Difference]:
    for node, now in zip(scope.graph.nodes, scope.nodes, strict=True):
        path = paths.child(scope.path, node.id)
        if now.status == "waiting" or _is_to_be_repeated(state, node, now, path=path):
            continue
        position = graph.positions.get(node.id)
        if position is None:
            yield Difference(path=path, what="is not in the new plan", acceptable=False)
            continue
        other = graph.nodes[position]
        if type(node) is not type(other):
            yield Difference(path=path, what="is of another kind", acceptable=False)
            continue
        what = _unlike(node, scope.graph, other=other, new=graph)
        if what is not None:
            yield Difference(path=path, what=what)
    for inner, body in _inner(scope, graph, state):
        yield from _in_scope(inner, body, state)


def _is_to_be_repeated(state: State, node: AnyCompiledNode, now: NodeState, *, path: Path) -> bool:
    """Whether a node is called again after a recovery, and nothing of it counts until then."""
    is_read = isinstance(node, CompiledCall) and node.action.effect != "write"
    under_way = now.status == "running" and now.opened is None and path not in state.ordered
    return is_read and under_way


def _inner(
    scope: ScopeState, graph: CompiledGraph, state: State
) -> Iterator[tuple[ScopeState, CompiledGraph]]:
    """The scopes inside a scope, open or kept, with the graphs that they would have."""
    opened = [one for one in state.scopes.values() if one.parent is scope]
    closed = [one for ones in (scope.closed or {}).values() for one in ones]
    for inner in opened + closed:
        position = graph.positions.get(scope.graph.nodes[inner.parent_node].id)
        node = graph.nodes[position] if position is not None else None
        if isinstance(node, Composite):
            yield inner, node.body


def _unlike(
    node: AnyCompiledNode, graph: CompiledGraph, *, other: AnyCompiledNode, new: CompiledGraph
) -> str | None:
    if isinstance(node, CompiledCall) and isinstance(other, CompiledCall):
        if node.action.name != other.action.name:
            return f"calls {other.action.name} instead of {node.action.name}"
        if node.action.digest != other.action.digest:
            return f"calls {node.action.name}, which has changed"
    if isinstance(node, CompiledPropose) and isinstance(other, CompiledPropose):
        names = {name: one.digest for name, one in node.allowed.items()}
        if names != {name: one.digest for name, one in other.allowed.items()}:
            return "may use other actions"
    if node.arguments.tree != other.arguments.tree:
        return "has other arguments"
    if _sources(node) != _sources(other):
        return "has other conditions"
    if _needs(graph, node) != _needs(new, other):
        return "depends on other nodes"
    return None


def _sources(node: AnyCompiledNode) -> tuple[str, ...]:
    guards = (*node.require, *node.ensure)
    when = (node.when.source,) if node.when is not None else ()
    return (*when, *(guard.source for guard in guards))


def _needs(graph: CompiledGraph, node: AnyCompiledNode) -> tuple[set[NodeId], set[NodeId]]:
    strict = {graph.nodes[index].id for index in node.strict}
    return strict, {graph.nodes[index].id for index in node.lenient}


def on_migrated(turn: Turn, event: RunMigrated) -> None:
    """Go on under the plan that the event pins.

    Raises:
        IllegalTransition: a node that has begun is another one there, and nobody accepted that;
            or the digest is wrong.
    """
    state = turn.state
    plan = restore(event.document, event.manifests)
    if plan.digest != event.plan:
        raise IllegalTransition(f"what was pinned compiles to {plan.digest}, not {event.plan}")
    accepted = frozenset(event.accepted)
    unlike = [
        one for one in differences(state, plan) if not one.acceptable or one.path not in accepted
    ]
    if unlike or state.root is None:
        told = "; ".join(f"`{one.path}` {one.what}" for one in unlike)
        raise IllegalTransition(f"the new plan does not agree with what was executed: {told}")
    state.plan = plan
    state.held.clear()
    _swap(turn, state.root, plan.root)


def _swap(turn: Turn, scope: ScopeState, graph: CompiledGraph) -> None:
    """Give a scope its new graph: what counts keeps its state, the rest starts from nothing."""
    state = turn.state
    inner = list(_inner(scope, graph, state))
    names = {id(one): scope.graph.nodes[one.parent_node].id for one, _ in inner}
    kept: dict[NodeId, NodeState] = {}
    for node, now in zip(scope.graph.nodes, scope.nodes, strict=True):
        if _is_to_be_repeated(state, node, now, path=paths.child(scope.path, node.id)):
            state.running -= 1
        else:
            kept[node.id] = now
    closed = {
        graph.positions[scope.graph.nodes[index].id]: ones
        for index, ones in (scope.closed or {}).items()
        if scope.graph.nodes[index].id in graph.positions
    }
    scope.nodes = [
        kept.get(node.id) or NodeState(waiting=0, generation=scope.generation)
        for node in graph.nodes
    ]
    scope.graph, scope.closed = graph, closed or None
    count_again(turn, scope)
    for one, body in inner:
        one.parent_node = graph.positions[names[id(one)]]
        _swap(turn, one, body)
