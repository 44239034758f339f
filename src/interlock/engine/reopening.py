"""Opening a run again that ended without success: what did not succeed is executed once more.

What succeeded keeps its value, its generation and so its idempotency key. What is executed again
begins a new generation. A write that happened and broke its promise is never repeated by itself: a
person decides about it, as about one in doubt.
"""

from typing import cast

from interlock.engine.maps import fill_map
from interlock.engine.scopes import count_again, is_let
from interlock.engine.state import MapState, NodeState, RepeatState, ScopeState, State
from interlock.engine.turn import ROOT, At, IllegalTransition, Turn
from interlock.plan import CompiledMap
from interlock.values import Path


def on_reopened(turn: Turn) -> None:
    """Go on with a run that failed, was refused, or was cancelled.

    Raises:
        IllegalTransition: it goes on, or has succeeded.
    """
    state = turn.state
    if state.status in (None, "succeeded") or state.root is None:
        raise IllegalTransition("only a run that ended without success can be opened again")
    state.status = state.output = state.error = state.execution = None
    state.undoing = state.paused = False
    state.timers.pop(ROOT, None)
    _reopen(turn, state.root)


def _reopen(turn: Turn, scope: ScopeState) -> None:
    """Open a scope again, and the scopes in it that did not succeed; as a queue, not recursion."""
    waiting = [scope]
    while waiting:
        inner = waiting.pop()
        turn.state.scopes[inner.path] = inner
        inner.stopping = inner.undo = inner.ended = None
        for index in _again_in(inner):
            waiting += _restart(At.of(turn, inner, index))
        count_again(turn, inner)


def _again_in(scope: ScopeState) -> list[int]:
    """What is executed again: what did not succeed, and what was skipped because of it."""
    again: set[int] = set()
    for index, (node, state) in enumerate(zip(scope.graph.nodes, scope.nodes, strict=True)):
        depends = again.intersection((*node.strict, *node.lenient))
        if state.status == "skipped":
            is_again = bool(depends)
        else:
            is_fine = state.status == "succeeded" or is_let(node, state)
            is_again = state.status == "undone" or not is_fine
        if is_again:
            again.add(index)
    return sorted(again)


def _restart(at: At) -> list[ScopeState]:
    """Set a node back; returns the scopes of it that are to be opened again."""
    old, state = at.state, at.turn.state
    if old.status == "violated":
        old.status, old.unproven = "in_doubt", True
        state.in_doubt.add(at.path)
        return []
    inner = (at.scope.closed or {}).pop(at.index, [])
    bad = [scope for scope in inner if scope.ended != "succeeded"]
    at.state = NodeState(waiting=0, generation=old.generation + 1)
    at.scope.nodes[at.index] = at.state
    is_map = isinstance(old.kept, MapState)
    if not isinstance(old.kept, MapState | ScopeState | RepeatState) or not (bad or is_map):
        _forget(state, at.path)
        return []
    if len(bad) < len(inner):
        at.scope.closed = {**(at.scope.closed or {}), at.index: [s for s in inner if s not in bad]}
    state.outcomes.pop(at.path, None)
    at.state.status, at.state.opened = "running", old.kept
    if isinstance(old.kept, MapState):
        _reopen_items(at, old.kept, bad)
    return bad


def _reopen_items(at: At, opened: MapState, bad: list[ScopeState]) -> None:
    """Open the items again that did not succeed, then the ones that were never opened."""
    open_again = {scope.item for scope in bad}
    opened.stopping, opened.failed, opened.problem = False, 0, None
    opened.running = len(bad)
    opened.ends.clear()
    opened.again = [
        index
        for index in range(opened.opened)
        if not opened.present[index] and index not in open_again
    ]
    fill_map(at, cast(CompiledMap, at.node))


def _forget(state: State, path: Path) -> None:
    """Drop what a node and everything inside it added to the execution digest."""
    inside = tuple(f"{path}{mark}" for mark in "/[#!")
    for known in [known for known in state.outcomes if known == path or known.startswith(inside)]:
        del state.outcomes[known]
