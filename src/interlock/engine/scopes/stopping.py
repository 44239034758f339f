"""Stopping: nothing new starts, what sleeps ends, what runs is cancelled.

What an attempt then reports decides: a value that came is kept, a write without an answer is in
doubt as ever.
"""

from typing import cast

from interlock.engine.state import (
    ROOT,
    At,
    CancelAttempt,
    GateState,
    IllegalTransition,
    MapState,
    RepeatState,
    ScopeState,
    Turn,
    WaitState,
    ask_or_doubt,
    attempt_due,
    expect,
    locate,
    person,
    settle,
)
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
    """Stop a node, or an item or a turn of one.

    What has ended meanwhile, also with all around it, stays as it is.

    Raises:
        IllegalTransition: there never was such a node, or it has not come to this generation.
    """
    part = turn.state.part(event.path)
    if part is not None:
        _stop_part(turn, part, event)
        return
    if turn.state.find(event.path) is None and turn.state.has_ended(event.path):
        return
    at = locate(turn, event.path)
    now = at.state
    expect(event.generation <= now.generation, at, "another generation is meant")
    is_over = now.status in SETTLED or event.generation < now.generation
    if not is_over and now.stop is None and not at.is_undo:
        now.stop = _why(turn, event.reason)
        _stop_inside(at, now.stop)
        _let_go(turn)


def _stop_part(turn: Turn, part: ScopeState, event: NodeCancelled) -> None:
    if event.generation > part.generation:
        raise IllegalTransition(f"`{event.path}` has not come to generation {event.generation}")
    if event.generation == part.generation:
        stop_scope(turn, part, _why(turn, event.reason))
        _let_go(turn)


def _why(turn: Turn, reason: str) -> ErrorInfo:
    told = f"{person(turn).shown} cancelled it" + (f": {reason}" if reason else "")
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
    stop_scope(turn, state.root, why)
    _let_go(turn)


def stop_map(at: At, why: ErrorInfo) -> None:
    """Stop the items of a map that go on, because of those that failed."""
    _stop_inside(at, why)
    _let_go(at.turn)


def stop_scope(turn: Turn, scope: ScopeState, why: ErrorInfo) -> None:
    """Start nothing in a scope any more, and cancel what goes on in it.

    One that stops already has been told; one whose nodes have all settled ends, or is being undone.
    """
    waiting = [scope]
    while waiting:
        inner = waiting.pop()
        if inner.unsettled == 0 or inner.stopping is not None:
            continue
        inner.stopping = why
        for index, state in enumerate(inner.nodes):
            if state.status == "running":
                waiting += _stop_running(At.of(turn, inner, index), why)


def _stop_inside(at: At, why: ErrorInfo) -> None:
    """Stop what a node has under way."""
    if at.state.status == "running":
        for scope in _stop_running(at, why):
            stop_scope(at.turn, scope, why)


def _stop_running(at: At, why: ErrorInfo) -> list[ScopeState]:
    """Stop a running node; returns the scopes that it has open, which are to be stopped, too."""
    scopes = at.turn.state.scopes
    match at.state.opened:
        case ScopeState() as scope:
            return [scope]
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
        case None:
            # What its receiver is asked about is sent no more: the answer decides.
            state = at.turn.state
            is_out = at.path not in state.ordered and at.path not in state.held_attempts
            if is_out and not at.state.probing:
                at.turn.commands.append(_cancel(at, why))
    return []


def _cancel(at: At, why: ErrorInfo) -> CancelAttempt:
    now = at.state
    return CancelAttempt(
        path=at.path, generation=now.generation, attempt=now.attempt, reason=why.message
    )


def _let_go(turn: Turn) -> None:
    """Go on with what a pause held back: with all of it, or with what is to stop."""
    state = turn.state
    held, state.held = state.held, []
    for scope, index in held:
        is_to_stop = scope.nodes[index].stop is not None or stopping(scope) is not None
        if state.paused and not is_to_stop:
            state.held.append((scope, index))
        else:
            turn.state.ready.append((scope, index))
    attempts, state.held_attempts = state.held_attempts, []
    for path in attempts:
        at = locate(turn, path)
        if at.state.status != "running" or path in state.ordered:
            continue
        why, node = stopped(at), cast(CompiledCall, at.node)
        if why is not None:
            end_unsent(at, node, why)
        elif state.paused:
            state.held_attempts.append(path)
        else:
            turn.commands.append(attempt_due(at, node))


def end_unsent(at: At, node: CompiledCall, why: ErrorInfo) -> None:
    """End an attempt that was due and not sent; one before it may have happened all the same."""
    at.state.ahead = False
    if at.state.unproven:
        told = f"an earlier attempt has no answer, and it is not sent again: {why.message}"
        ask_or_doubt(at, node, ErrorInfo(code="IL6010", message=told))
    else:
        settle(at, "cancelled", error=why)
