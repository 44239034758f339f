"""Going on under another plan, when it agrees with what has been executed (comparing.py).

What counts keeps its state, the rest starts from nothing. The event is recorded before
`RunRecovered`, which orders everything that is due, or before `RunReopened`.
"""

from collections.abc import Iterator
from typing import TypeVar

from interlock.engine.comparing import (
    Children,
    children_in,
    differences,
    inner_scopes,
    inputs_in,
    is_asked_anew,
    is_to_be_repeated,
)
from interlock.engine.scopes import count_again
from interlock.engine.state import ROOT, IllegalTransition, NodeState, ScopeState, Turn
from interlock.journal import RunMigrated
from interlock.plan import CompiledGraph, Plan, restore
from interlock.values import paths

T = TypeVar("T")


def on_migrated(turn: Turn, event: RunMigrated) -> None:
    """Go on under the plan that the event pins.

    Raises:
        IllegalTransition: a node that has begun is another one there, and nobody accepted that;
            or the digest is wrong, or the run has come to its end.
    """
    state = turn.state
    plan = restore(event.document, event.manifests)
    if plan.digest != event.plan:
        raise IllegalTransition(f"what was pinned compiles to {plan.digest}, not {event.plan}")
    if state.status == "succeeded" or ROOT in state.ordered:
        raise IllegalTransition("a run that has come to its end keeps its plan")
    accepted = frozenset(event.accepted)
    unlike = [
        one for one in differences(state, plan) if not one.acceptable or one.path not in accepted
    ]
    if unlike or state.root is None:
        told = "; ".join(one.told for one in unlike)
        raise IllegalTransition(f"the new plan does not agree with what was executed: {told}")
    if state.status is None:
        _adopt(turn, state.root, plan)
    else:
        state.next_plan = plan


def adopt_next(turn: Turn) -> None:
    """Take the plan that a run which has ended was given: it is opened again now."""
    state = turn.state
    if state.next_plan is not None and state.root is not None:
        _adopt(turn, state.root, state.next_plan)


def _adopt(turn: Turn, root: ScopeState, plan: Plan) -> None:
    state = turn.state
    state.plan, state.next_plan = plan, None
    state.is_keyed = state.is_keyed or plan.root.is_keyed
    state.held_attempts.clear()  # An owner takes the run up next, and orders them again.
    swapped = set(_swap(turn, root, plan.root, children=children_in(state)))
    # There what is ready was counted again; what a proposal holds back is of no plan.
    state.held = [one for one in state.held if id(one[0]) not in swapped]


def _swap(
    turn: Turn, scope: ScopeState, graph: CompiledGraph, *, children: Children
) -> Iterator[int]:
    """Give a scope its new graph: what counts keeps its state, the rest starts from nothing.

    Yields the identity of each scope that has another graph then.
    """
    state, old = turn.state, scope.graph
    inner = list(inner_scopes(scope, graph, children=children))
    moved = {
        index: graph.positions[node.id]
        for index, node in enumerate(old.nodes)
        if node.id in graph.positions
    }
    nodes = [NodeState(waiting=0, generation=scope.generation) for _ in graph.nodes]
    for index, (node, now) in enumerate(zip(old.nodes, scope.nodes, strict=True)):
        path = paths.child(scope.path, node.id)
        begins_again = is_to_be_repeated(state, node, now, path=path)
        if begins_again:
            state.running -= 1
        elif begins_again := is_asked_anew(state, scope, index, new=graph):
            state.running -= now.opened is None
            state.ordered.pop(path, None)
            state.asleep.pop(path, None)
            state.timers.pop(path, None)
        if index in moved:
            nodes[moved[index]] = _anew(now) if begins_again else now
    for one in children.get(id(scope), ()):
        one.parent_node = moved.get(one.parent_node, -1)
    decoded = inputs_in(scope, graph)
    scope.inputs = decoded if graph.decode is None else graph.decode(decoded)
    scope.nodes, scope.graph, scope.undo = nodes, graph, None
    scope.closed = _at(scope.closed, moved)
    scope.undos = _at(scope.undos, moved)
    count_again(turn, scope)
    yield id(scope)
    for one, body in inner:
        yield from _swap(turn, one, body, children=children)


def _anew(now: NodeState) -> NodeState:
    """A node before it begins: what it has cost stays, and that somebody has cancelled it.

    Attempts that were sent do not count for `retry`, but no two of a generation have one number.
    """
    sent = now.attempt - (not now.started) if now.attempt else 0
    return NodeState(
        waiting=0,
        generation=now.generation,
        attempt=sent,
        losses=sent,
        stop=now.stop,
        tokens=now.tokens,
        cost_usd_micros=now.cost_usd_micros,
    )


def _at(by_index: dict[int, T] | None, moved: dict[int, int]) -> dict[int, T] | None:
    """What is known by the position of a node, by its new position."""
    if by_index is None:
        return None
    return {moved[index]: what for index, what in by_index.items() if index in moved}
