"""Stopping: nothing new starts, what sleeps ends, what runs is cancelled.

What an attempt then reports decides: a value that came is kept, a write without an answer is in
doubt as ever.
"""

from typing import cast

from interlock.engine.commands import CancelAttempt
from interlock.engine.ordering import ask_or_doubt, attempt_due
from interlock.engine.state import GateState, MapState, RepeatState, ScopeState, WaitState
from interlock.engine.turn import ROOT, At, IllegalTransition, Turn, expect, locate, settle
from interlock.journal import SETTLED, ErrorInfo, NodeCancelled, RunCancelled
from interlock.plan import CompiledCall
from interlock.values import paths

CANCELLED = "IL6027"


def stopped(at: At) -> ErrorInfo | None:
    """Why a node is to stop, for itself or with a scope around it; None when it may go on."""
    if at.is_undo:
        return None
    return at.state.stop or stopping(at.scope)


def stopping(scope: ScopeState) -> ErrorInfo | None:
    """Why this scope or one around it starts nothing any more."""
    inner: ScopeState | None = scope
    while inner is not None:
        if inner.stopping is not None:
            return inner.stopping
        if inner.parent is not None and inner.parent.nodes[inner.parent_node].stop is not None:
            return inner.parent.nodes[inner.parent_node].stop
        inner = inner.parent
    return None


def on_run_cancelled(turn: Turn, event: RunCancelled) -> None:
    """Stop the run; with `undo`, remember that what it did is to be undone."""
    turn.state.undoing = turn.state.undoing or event.undo
    stop_run(turn, _why(turn, event.reason))


def on_node_cancelled(turn: Turn, event: NodeCancelled) -> None:
    """Stop a node. One that has ended meanwhile stays as it is."""
    at = locate(turn, event.path)
    expect(event.generation == at.state.generation, at, "another generation is meant")
    if at.state.status not in SETTLED and at.state.stop is None and not at.is_undo:
        at.state.stop = _why(turn, event.reason)
        stop_inside(at, at.state.stop)


def _why(turn: Turn, reason: str) -> ErrorInfo:
    told = f"{turn.actor} cancelled it" + (f": {reason}" if reason else "")
    return ErrorInfo(code=CANCELLED, message=told, permanent=True)


def stop_run(turn: Turn, why: ErrorInfo) -> None:
    """Stop every scope of the run; a paused one is not held back any more.

    Raises:
        IllegalTransition: the run has not started.
    """
    state = turn.state
    if state.root is None:
        raise IllegalTransition("the run has not started")
    state.timers.pop(ROOT, None)
    state.paused = False
    if state.root.stopping is None and state.root.unsettled:
        stop_scope(turn, state.root, why)
    turn.ready.extend(state.held)
    state.held = []
    # What is left of these are undos, which nothing stops.
    paths, state.held_attempts = state.held_attempts, []
    for at in (locate(turn, path) for path in paths):
        turn.commands.append(attempt_due(at, cast(CompiledCall, at.node)))


def stop_scope(turn: Turn, scope: ScopeState, why: ErrorInfo) -> None:
    """Start nothing in a scope any more, and cancel what goes on in it."""
    waiting = [scope]
    while waiting:
        inner = waiting.pop()
        inner.stopping = inner.stopping or why
        for index, state in enumerate(inner.nodes):
            if state.status == "running":
                waiting += _stop_running(At.of(turn, inner, index), why)


def stop_inside(at: At, why: ErrorInfo) -> None:
    """Stop what a node has under way; what is held back in it does not wait any more."""
    if at.state.status == "running":
        for scope in _stop_running(at, why):
            stop_scope(at.turn, scope, why)
    held = at.turn.state.held
    at.turn.state.held = [one for one in held if _why_not(*one) is None]
    at.turn.ready.extend(one for one in held if _why_not(*one) is not None)


def _why_not(scope: ScopeState, index: int) -> ErrorInfo | None:
    return scope.nodes[index].stop or stopping(scope)


def _stop_running(at: At, why: ErrorInfo) -> list[ScopeState]:
    """Stop a running node; returns the scopes that it has open, which are to be stopped, too."""
    scopes = at.turn.state.scopes
    match at.state.opened:
        case ScopeState() as scope:
            return [scope] if scope.unsettled else []
        case MapState() as opened:
            opened.stopping = True
            found = (scopes.get(paths.item(at.path, key)) for key in opened.keys)
            return [scope for scope in found if scope is not None]
        case RepeatState(turn=number):
            scope = scopes.get(paths.turn(at.path, number))
            return [scope] if scope is not None else []
        case WaitState() | GateState():
            if at.path not in at.turn.state.ordered:
                settle(at, "cancelled", error=why)
            return []
        case None:
            if at.path in at.turn.state.held_attempts:
                _end_held(at, cast(CompiledCall, at.node), why)
            elif at.path not in at.turn.state.ordered:
                at.turn.commands.append(_cancel(at, why))
            return []


def _end_held(at: At, node: CompiledCall, why: ErrorInfo) -> None:
    """End a call whose next attempt is held back; an earlier one may have happened."""
    at.turn.state.held_attempts.remove(at.path)
    if node.action.effect == "write" and at.state.unproven:
        ask_or_doubt(at, node, at.state.error or why)
    else:
        settle(at, "cancelled", error=why)


def _cancel(at: At, why: ErrorInfo) -> CancelAttempt:
    now = at.state
    return CancelAttempt(
        path=at.path, generation=now.generation, attempt=now.attempt, reason=why.message
    )
