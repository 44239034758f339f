"""What must hold of a state after every step, whatever the events were.

`step` keeps counters so that its cost is that of one node; here they are counted again. Tests and
the simulator call this after each step: it costs as much as the state is large.
"""

from collections.abc import Iterator
from typing import cast

from interlock.engine.scopes import stopping
from interlock.engine.state import (
    ROOT,
    Found,
    GateState,
    MapState,
    NodeState,
    RepeatState,
    ScopeState,
    State,
    WaitState,
)
from interlock.errors import ensure
from interlock.journal import SETTLED
from interlock.plan import (
    AnyCompiledNode,
    CompiledCall,
    CompiledGate,
    CompiledMap,
    CompiledPropose,
    CompiledRepeat,
    CompiledWait,
)
from interlock.values import Path, paths


def check_state(state: State) -> None:
    """Check every invariant of a state.

    Raises:
        InternalError: one does not hold; says which, and where.
    """
    if state.status is not None:
        _check_settled_run(state)
    for path, scope in state.scopes.items():
        ensure(scope.path == path, "a scope stands under another path", path=path)
        _check_scope(state, scope)
    _check_counts(state)
    for path, opened in state.asleep.items():
        _check_asleep(state, path, opened)
    _check_held(state)
    for path in state.ordered:
        _check_ordered(state, path)


def _check_settled_run(state: State) -> None:
    ensure(not state.scopes, "a settled run has open scopes", scopes=sorted(state.scopes))
    ensure(not state.ordered, "a settled run has orders left", ordered=sorted(state.ordered))
    ensure(not state.timers, "a settled run has timers left", timers=sorted(state.timers))
    ensure(state.execution is not None, "a settled run has no execution digest")
    ensure(
        (state.status == "succeeded") == (state.output is not None) == (state.error is None),
        "a run has an output when it succeeded, an error when it failed",
        status=state.status,
    )


def _check_counts(state: State) -> None:
    nodes = [(path, node) for scope in state.scopes.values() for path, node in _nodes_of(scope)]
    running = sum(node.status == "running" and node.opened is None for _, node in nodes)
    ensure(state.running == running, "wrong count", counted=running, kept=state.running)
    in_doubt = {path for path, node in nodes if node.status == "in_doubt"}
    ensure(state.in_doubt == in_doubt, "wrong set", counted=in_doubt, kept=state.in_doubt)
    asleep = {
        path
        for path, node in nodes
        if isinstance(node.opened, WaitState | GateState) and path not in state.ordered
    }
    ensure(set(state.asleep) == asleep, "wrong set", counted=asleep, kept=set(state.asleep))
    ensure(set(state.timers) <= asleep | {ROOT}, "a timer of what does not sleep", asleep=asleep)


def _check_asleep(state: State, path: Path, opened: WaitState | GateState) -> None:
    scope, _, compiled, node = cast(Found, state.find(path))
    ensure(node.opened is opened, "it sleeps over something else", path=path)
    ensure(node.stop is None and stopping(scope) is None, "it is to stop, and sleeps", path=path)
    due_ms = state.timers.get(path)
    if isinstance(opened, GateState):
        is_gate = isinstance(compiled, CompiledGate) and opened.approval is node.approval
        ensure(is_gate, "an open gate asks for something else", path=path)
        ensure(due_ms == opened.approval.expires_at_ms, "wrong timer", path=path, kept=due_ms)
        quorum = cast(CompiledGate, compiled).quorum
        ensure(len(opened.approvers) < quorum, "approved, and still open", path=path)
        return
    wait = cast(CompiledWait, compiled)
    ensure(wait.signal == opened.signal, "waits for another signal", path=path)
    ensure((due_ms is None) == (wait.for_ms is None), "wrong timer", path=path, kept=due_ms)
    kept = [name for place in (path, ROOT) for name, *_ in state.signals.get(place, [])]
    ensure(opened.signal not in kept, "waits for a signal that has come", path=path)


def _check_held(state: State) -> None:
    held = {(scope.path, index) for scope, index in state.held}
    ensure(len(held) == len(state.held), "held back twice", held=sorted(held))
    for scope, index in state.held:
        node = scope.nodes[index]
        is_ready = state.paused and node.status == "waiting" and node.waiting == 0
        ensure(is_ready and state.scopes.get(scope.path) is scope, "held back", path=scope.path)
    paths_held = state.held_attempts
    ensure(len(set(paths_held)) == len(paths_held), "held back twice", held=paths_held)
    for path in paths_held:
        node = cast(Found, state.find(path))[3]
        is_due = node.status == "running" and not (node.started or node.ahead or node.probing)
        ensure(state.paused and is_due and path not in state.ordered, "held back", path=path)


def _nodes_of(scope: ScopeState) -> Iterator[tuple[Path, NodeState]]:
    """The nodes of a scope by path, and their undos."""
    for index, (compiled, node) in enumerate(zip(scope.graph.nodes, scope.nodes, strict=True)):
        path = paths.child(scope.path, compiled.id)
        yield path, node
        if scope.undos is not None and index in scope.undos:
            yield Path(f"{path}!undo"), scope.undos[index]


def _check_ordered(state: State, path: Path) -> None:
    if path == ROOT:
        ensure(not state.scopes, "the end of a run is ordered, and scopes are open")
        return
    found = state.find(path)
    ensure(found is not None, "an order for a node that is not open", path=path)
    status = cast(Found, found)[3].status
    ensure(status in ("waiting", "running"), "an order for this node", path=path, status=status)


def _check_scope(state: State, scope: ScopeState) -> None:
    unsettled = sum(node.status not in SETTLED for node in scope.nodes)
    ensure(scope.unsettled == unsettled, "wrong count", path=scope.path, kept=scope.unsettled)
    ensure(unsettled > 0 or scope.undo, "a scope that ended is open", path=scope.path)
    _check_parent(state, scope)
    held = {index for one, index in state.held if one is scope}
    for index, (compiled, node) in enumerate(zip(scope.graph.nodes, scope.nodes, strict=True)):
        path = paths.child(scope.path, compiled.id)
        depends = (*compiled.strict, *compiled.lenient)
        waiting = sum(scope.nodes[other].status not in SETTLED for other in depends)
        ensure(node.waiting == waiting, "wrong count", path=path, counted=waiting)
        _check_node(state, compiled, node, path=path, is_held=index in held)
        # To ask a receiver sends nothing.
        if node.status == "running" and path not in state.ordered and not node.probing:
            _check_allowed(scope, compiled, node, path=path)


def _check_allowed(
    scope: ScopeState, compiled: AnyCompiledNode, node: NodeState, *, path: Path
) -> None:
    """Whatever a gate covers and runs, a person approved, in this generation."""
    for gate, approval in ((scope.nodes[i], scope.nodes[i].approval) for i in compiled.gates):
        allowed = approval.covers.get(compiled.id) if approval is not None else None
        is_allowed = allowed is not None and allowed.generation == node.generation
        ensure(gate.status == "succeeded" and is_allowed, "runs without approval", path=path)


def _check_parent(state: State, scope: ScopeState) -> None:
    if scope.parent is None:
        ensure(scope is state.root and scope.path == ROOT, "a second root", path=scope.path)
        return
    above = scope.parent
    ensure(state.scopes.get(above.path) is above, "a scope without its parent", path=scope.path)
    ensure(scope.depth == above.depth + 1, "wrong depth", path=scope.path, depth=scope.depth)
    if scope.undo is not None and scope.undo.why[1] is None:
        return
    opened = above.nodes[scope.parent_node].opened
    known = opened is scope if scope.item < 0 else isinstance(opened, MapState | RepeatState)
    ensure(known, "a scope that its node does not know", path=scope.path)


def _check_node(
    state: State, compiled: AnyCompiledNode, node: NodeState, *, path: Path, is_held: bool
) -> None:
    is_under_way = (node.started, node.ahead, node.probing).count(True)
    match node.status:
        case "waiting":
            ensure(is_under_way == 0 and node.opened is None, "waiting and under way", path=path)
            is_due = path in state.ordered or is_held
            ensure(node.waiting or is_due, "waits for nothing", path=path)
        case "running":
            # What broke its promise is asked about, whatever is executed again beside it.
            is_due = node.waiting == 0 or node.happened
            ensure(is_due, "running before its dependencies settled", path=path)
            ensure(is_under_way <= 1, "started, ahead and probing exclude each other", path=path)
            _check_running(state, compiled, node, path=path)
        case "in_doubt":
            is_write = isinstance(compiled, CompiledCall) and compiled.action.effect == "write"
            ensure(is_write and node.unproven, "in doubt about what is no write", path=path)
        case _:
            ensure(is_under_way == 0 or node.probing, "settled and under way", path=path)
            ensure(node.opened is None, "settled, and its scopes are open", path=path)
            ensure(state.outcomes[path][0] == node.status, "another outcome is kept", path=path)
            ensure(
                node.status != "succeeded" or node.output is not None, "no output kept", path=path
            )


def _check_running(state: State, compiled: AnyCompiledNode, node: NodeState, *, path: Path) -> None:
    if isinstance(node.opened, MapState):
        ensure(isinstance(compiled, CompiledMap), "items of what is no map", path=path)
        _check_map(state, node.opened, path=path)
    elif isinstance(node.opened, RepeatState):
        ensure(isinstance(compiled, CompiledRepeat), "turns of what is no repeat", path=path)
        is_open = paths.turn(path, node.opened.turn) in state.scopes
        ensure(is_open != (path in state.ordered), "its turn is open, or its end", path=path)
        most = cast(CompiledRepeat, compiled).max
        ensure(1 <= node.opened.turn <= most, "more turns than allowed", path=path)
    elif isinstance(node.opened, ScopeState):
        ensure(node.opened.path == path, "the scope of another node", path=path)
        is_open = state.scopes.get(path) is node.opened
        ensure(is_open != (path in state.ordered), "its scope is open, or its end", path=path)
    elif node.opened is not None:
        is_asleep = path in state.asleep
        ensure(is_asleep != (path in state.ordered), "it sleeps, or it ends", path=path)
    elif path not in state.ordered:
        ensure(
            isinstance(compiled, CompiledCall | CompiledPropose) and node.call is not None,
            "runs without a call, a scope or an order",
            path=path,
        )
        ensure(node.attempt > 0, "runs without an attempt", path=path)


def _check_map(state: State, opened: MapState, *, path: Path) -> None:
    running = sum(
        scope.parent is not None
        and scope.item >= 0
        and paths.child(scope.parent.path, scope.parent.graph.nodes[scope.parent_node].id) == path
        for scope in state.scopes.values()
    )
    ended = sum(opened.present) + opened.failed
    ensure(opened.running == running, "wrong count of items", path=path, counted=running)
    due = running + ended + len(opened.again)
    ensure(opened.opened == due or opened.stopping, "items are lost", path=path, ended=ended)
    ensure(opened.opened <= len(opened.items), "more items than there are", path=path)
