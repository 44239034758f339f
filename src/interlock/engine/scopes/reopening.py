"""Opening a run again that ended without success: what did not succeed is executed once more.

What succeeded keeps its value, its generation and so its idempotency key. What is executed again
begins a new generation, once all that it depends on has settled; a node that had opened scopes goes
on in them. A write that happened and broke its promise is never repeated by itself: a person
decides about it, as about one in doubt.
"""

from interlock.engine.scopes.opening import count_again, is_let
from interlock.engine.state import (
    ROOT,
    At,
    IllegalTransition,
    NodeState,
    ScopeState,
    State,
    Turn,
    doubt,
)
from interlock.journal import ErrorInfo
from interlock.plan import AnyCompiledNode, CompiledCall
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
    reopen(turn, state.root)


def reopen(turn: Turn, scope: ScopeState) -> None:
    """Open a scope again, with all in it that is to be executed again."""
    turn.state.scopes[scope.path] = scope
    scope.stopping = scope.undo = scope.ended = None
    scope.cause = turn.seq
    for index, undo in (scope.undos or {}).items():
        if undo.status == "failed":
            # One that did not happen is tried again, as any node; not one that broke its promise.
            scope.undos = {**(scope.undos or {}), index: NodeState(0, generation=undo.generation)}
    for index in sorted(to_be_repeated(scope)):
        _set_back(At.of(turn, scope, index))
    count_again(turn, scope)


def did_not_last(scope: ScopeState) -> bool:
    """Whether a scope that has ended did not succeed, or was undone since."""
    return scope.ended != "succeeded" or any(node.status == "undone" for node in scope.nodes)


def to_be_repeated(scope: ScopeState) -> set[int]:
    """What is executed again in a scope that is opened again, and what a person decides about.

    That is what did not succeed, what was skipped because of it, and the gates that allow it: an
    approval is for one generation.
    """
    nodes = list(zip(scope.graph.nodes, scope.nodes, strict=True))
    again = {index for index, (node, now) in enumerate(nodes) if _is_lacking(node, now)}
    called = [nodes[index][0] for index in again if nodes[index][1].status != "violated"]
    again |= {gate for node in called for gate in node.gates}
    for index, (node, now) in enumerate(nodes):
        if now.status == "skipped" and again.intersection((*node.strict, *node.lenient)):
            again |= {index, *node.gates}
    return again


def _is_lacking(node: AnyCompiledNode, now: NodeState) -> bool:
    match now.status:
        case "succeeded" | "skipped":
            return False
        case "undone":
            return True
        case "cancelled":
            # Cancelled with all around it; by itself it may have been let.
            return now.stop is None or not is_let(node, now)
        case _:
            return not is_let(node, now)


def _set_back(at: At) -> None:
    """Let a node wait for its turn again, in a new generation."""
    old, state = at.state, at.turn.state
    if old.status == "violated":
        old.status, old.unproven, old.happened, old.stop = "running", True, True, None
        state.running += 1
        doubt(at, old.error or ErrorInfo(code="IL6010", message="it broke its promise"))
        return
    # What was undone as a whole is executed as a whole; of the rest, what is in it counts.
    is_whole = old.status == "undone" and at.node.undo is not None
    new = NodeState(waiting=0, generation=old.generation + 1)
    at.scope.nodes[at.index] = at.state = new
    if old.kept is not None and not is_whole:
        new.kept, new.call = old.kept, old.call
        new.tokens, new.cost_usd_micros = old.tokens, old.cost_usd_micros
        state.outcomes.pop(at.path, None)
        return
    if at.scope.closed is not None:
        at.scope.closed.pop(at.index, None)
    forget(state, at.path, with_inner=not isinstance(at.node, CompiledCall) or is_whole)


def forget(state: State, path: Path, *, with_inner: bool) -> None:
    """Drop what a node, and all inside it, added to the execution digest."""
    state.outcomes.pop(path, None)
    for added in ("!undo", "!proposal"):
        state.outcomes.pop(Path(f"{path}{added}"), None)
    if with_inner:
        inside = tuple(f"{path}{mark}" for mark in "/[#")
        for known in [known for known in state.outcomes if known.startswith(inside)]:
            del state.outcomes[known]
