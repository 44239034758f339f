"""Scopes.

Opened by a run, a subgraph, an item of a map, a turn of a repeat, an accepted proposal.
"""

from collections.abc import Set as AbstractSet

from interlock.engine.state import At, NodeState, ScopeState, Turn, judge, owned, settle
from interlock.errors import ValueRefused
from interlock.journal import SETTLED, ErrorInfo, RunOutcome, Value
from interlock.plan import AnyCompiledNode, CompiledGate, CompiledGraph
from interlock.values import Json, Path, immutable, maker, paths

_node_state = maker(NodeState)
_scope_state = maker(ScopeState)


@immutable()
class ScopeEnd:
    """What came of a scope: its outputs, or why it has none."""

    status: RunOutcome
    output: dict[str, Json]
    problem: ErrorInfo | None = None


def open_scope(
    turn: Turn,
    graph: CompiledGraph,
    inputs: dict[str, Json],
    *,
    path: Path,
    parent: At | None = None,
    item: int = -1,
) -> ScopeState:
    """Open a scope with checked inputs; its nodes without dependencies become ready."""
    decoded: Json = inputs if graph.decode is None else graph.decode(inputs)
    generation = parent.state.generation if parent is not None else 1
    nodes = [
        _node_state(waiting=len(node.strict) + len(node.lenient), generation=generation)
        for node in graph.nodes
    ]
    scope = _scope_state(
        path=path,
        graph=graph,
        inputs=decoded,
        nodes=nodes,
        unsettled=len(nodes),
        parent=parent.scope if parent is not None else None,
        parent_node=parent.index if parent is not None else -1,
        item=item,
        cause=turn.seq,
        depth=parent.scope.depth + 1 if parent is not None else 0,
        generation=generation,
        subjects=parent.state.subjects if parent is not None else None,
    )
    turn.state.scopes[path] = scope
    turn.state.scopes_opened += 1
    turn.state.ready.extend((scope, index) for index, node in enumerate(nodes) if node.waiting == 0)
    if not nodes:
        turn.state.ended.append(scope)
    return scope


def inputs_problem(graph: CompiledGraph, inputs: Json) -> ErrorInfo | None:
    """Check inputs against the graph; None when they are good."""
    if graph.accepts.accepts(inputs):
        return None
    told = "; ".join(map(str, graph.accepts.problems(inputs, limit=3)))
    return ErrorInfo(code="IL2010", message=f"inputs of `{graph.name}`: {told}", permanent=True)


def open_graph(at: At, graph: CompiledGraph, inputs: dict[str, Json]) -> None:
    """Open the scope of a subgraph or a proposal."""
    inputs = {**graph.defaults, **inputs}
    problem = inputs_problem(graph, inputs) or over_limit(at)
    if problem is not None:
        settle(at, "failed", error=problem)
        return
    at.state.opened = open_scope(at.turn, graph, inputs, path=at.path, parent=at)
    at.turn.state.running -= 1


def over_limit(at: At) -> ErrorInfo | None:
    """Check that a node may open one scope more; None when it may."""
    limits = at.turn.state.plan.limits
    if at.scope.depth + 1 > limits.depth_max:
        return ErrorInfo(
            code="IL5101",
            message=f"scopes are nested deeper than depth_max = {limits.depth_max}",
            permanent=True,
        )
    if at.turn.state.scopes_opened >= limits.scopes_max:
        return ErrorInfo(
            code="IL5102",
            message=f"the run opened scopes_max = {limits.scopes_max} scopes",
            permanent=True,
        )
    return None


def settle_composite(at: At, output: Json) -> None:
    """Judge and settle a node whose output came from inner scopes."""
    try:
        value = owned(at, Value.of(output))
    except ValueRefused as error:
        settle(
            at,
            "failed",
            error=ErrorInfo(code="IL6003", message=error.message, hint=error.hint),
        )
        return
    problem = judge(at, value)
    if problem is None:
        settle(at, "succeeded", output=value)
    else:
        settle(at, "failed", output=value, error=problem)


def worst(statuses: AbstractSet[str]) -> RunOutcome:
    """How the whole ends: a failure counts more than a refusal, that more than a cancellation."""
    if not statuses <= {"refused", "cancelled"}:
        return "failed"
    return "refused" if "refused" in statuses else "cancelled"


def is_let(node: AnyCompiledNode, now: NodeState) -> bool:
    """Whether its scope goes on without this node's success."""
    if isinstance(node, CompiledGate) and now.status == "refused":
        return node.on_refused == "continue"
    return node.on_error == "continue"


def count_again(turn: Turn, scope: ScopeState) -> None:
    """Count anew what each node of a scope waits for; what waits for nothing is ready."""
    is_open = turn.state.scopes.get(scope.path) is scope
    scope.unsettled = sum(now.status not in SETTLED for now in scope.nodes)
    for index, (node, now) in enumerate(zip(scope.graph.nodes, scope.nodes, strict=True)):
        depends = (*node.strict, *node.lenient)
        now.waiting = sum(scope.nodes[other].status not in SETTLED for other in depends)
        is_due = is_open and now.status == "waiting" and now.waiting == 0
        if is_due and paths.child(scope.path, node.id) not in turn.state.ordered:
            turn.state.ready.append((scope, index))
    if is_open and scope.unsettled == 0:
        turn.state.ended.append(scope)
