"""A run held against another plan: what of it has begun, and is another one there.

A node that has begun must be the same in the new plan: it is what was run. What has not begun may
change, come or go; so may a read that is under way, since it is called again, a write that was not
sent, and what is executed again in a run that has ended without success. A graph in a node that has
run as a whole, as that of an item or a turn, must be the same as a whole. An open gate that has
changed, or asks about what has, asks anew.
"""

from collections.abc import Iterator

from interlock.engine.likeness import (
    Composite,
    subjects_of,
    unlike,
    unlike_bodies,
    unlike_given,
)
from interlock.engine.scopes import did_not_last, inputs_problem, to_be_repeated
from interlock.engine.state import MapState, NodeState, RepeatState, ScopeState, State
from interlock.journal import SETTLED, GateOpened
from interlock.plan import (
    AnyCompiledNode,
    CompiledCall,
    CompiledGate,
    CompiledGraph,
    CompiledMap,
    CompiledRepeat,
    Plan,
)
from interlock.values import Json, Path, immutable, paths


@immutable()
class Difference:
    """A node that was executed under the old plan and is another one in the new plan.

    At the path of a scope, it is about the scope. A person may accept it when it is `acceptable`:
    the node is there, and of the same kind.
    """

    path: Path
    what: str
    acceptable: bool = True

    @property
    def told(self) -> str:
        """The place and what differs there, in words."""
        return f"`{self.path}` {self.what}" if self.path else f"the run {self.what}"


def differences(state: State, plan: Plan) -> tuple[Difference, ...]:
    """List the nodes that have begun and are not the same in a new plan, by path."""
    if state.root is None:
        return ()
    found = list(_in_scope(state.root, plan.root, state, children=children_in(state)))
    return tuple(sorted(found, key=lambda one: one.path))


Children = dict[int, list[ScopeState]]
"""The scopes inside a scope, open or kept, by the identity of the scope."""


def children_in(state: State) -> Children:
    found: Children = {}
    waiting = [state.root] if state.root is not None else []
    for scope in state.scopes.values():
        if scope.parent is not None:
            found.setdefault(id(scope.parent), []).append(scope)
            waiting.append(scope)
    while waiting:
        scope = waiting.pop()
        known = {id(one) for one in found.get(id(scope), ())}
        kept = [one for ones in (scope.closed or {}).values() for one in ones.values()]
        new = [one for one in kept if id(one) not in known]
        found.setdefault(id(scope), []).extend(new)
        waiting += new
    return found


def _in_scope(
    scope: ScopeState, graph: CompiledGraph, state: State, *, children: Children
) -> Iterator[Difference]:
    """Compare a scope that is open, or may be opened again, with its new graph."""
    yield from _of_scope(scope, graph, state)
    again = to_be_repeated(scope) if scope.path not in state.scopes else set[int]()
    for index in range(len(scope.nodes)):
        found = _of_node(state, scope, index, graph=graph, is_again=index in again)
        if found is not None:
            yield found
    for inner, body in inner_scopes(scope, graph, children=children):
        yield from _in_scope(inner, body, state, children=children)


def _of_node(
    state: State, scope: ScopeState, index: int, *, graph: CompiledGraph, is_again: bool
) -> Difference | None:
    """Compare a node with what it would be; None: it has not begun, or is the same."""
    node, now = scope.node(index)
    path = paths.child(scope.path, node.id)
    if not _counts(state, node, now, path=path, is_again=is_again):
        return None
    position = graph.positions.get(node.id)
    if position is None:
        return Difference(path=path, what="is not in the new plan", acceptable=False)
    other = graph.nodes[position]
    if type(node) is not type(other):
        return Difference(path=path, what="is of another kind", acceptable=False)
    # What broke its promise is not executed again by itself: a person is asked about it.
    is_violated = is_again and now.status == "violated"
    begins_again = (is_again and not is_violated) or _is_asking(state, node, path)
    lacking = None if begins_again else _lacking(scope, index, other, new=graph)
    lacking = lacking or _beyond(now, other) or _sent_to_another(node, now, other)
    if lacking is not None:
        return Difference(path=path, what=lacking, acceptable=False)
    if begins_again:
        # One that goes on in its scopes is not started again: what it takes is not evaluated.
        # A gate that asks allows nothing yet: one that has changed asks anew.
        what = None
    elif is_violated:
        # It is judged by what is promised now; what is sent again is what was sent.
        what = unlike_given(node, other)
    else:
        what = unlike(node, scope.graph, other=other, new=graph)
    what = what or _unlike_undo(scope, index, other) or _unlike_inside(node, now, other)
    what = what or _unlike_allowed(state, scope, index, new=graph)
    return Difference(path=path, what=what) if what is not None else None


def _sent_to_another(node: AnyCompiledNode, now: NodeState, other: AnyCompiledNode) -> str | None:
    """Say that a write of which nobody knows the end would go on as a call of something else.

    Its arguments and its key are for the action that was called: so are its probe's questions.
    """
    is_open = now.status in {"running", "in_doubt", "violated"}
    if not (is_open and isinstance(node, CompiledCall) and isinstance(other, CompiledCall)):
        return None
    if node.action.effect != "write" or node.action.name == other.action.name:
        return None
    return f"calls {other.action.name} instead of {node.action.name}"


def _of_scope(scope: ScopeState, graph: CompiledGraph, state: State) -> Iterator[Difference]:
    if scope.undo is not None and scope.path in state.scopes:
        yield Difference(path=scope.path, what="is being undone", acceptable=False)
    if inputs_problem(graph, inputs_in(scope, graph)) is not None:
        told = f"has inputs that graph `{graph.name}` does not take"
        yield Difference(path=scope.path, what=told, acceptable=False)
    if subjects_of(scope.graph) != subjects_of(graph):
        yield Difference(path=scope.path, what="has inputs of other data subjects")


def inputs_in(scope: ScopeState, graph: CompiledGraph) -> dict[str, Json]:
    given = scope.inputs if isinstance(scope.inputs, dict) else {}
    return {**graph.defaults, **given}


def _counts(
    state: State, node: AnyCompiledNode, now: NodeState, *, path: Path, is_again: bool
) -> bool:
    """Whether a node has begun, and what there is of it stays."""
    if is_to_be_repeated(state, node, now, path=path):
        return False
    if now.status == "waiting":
        return now.kept is not None or path in state.ordered
    return not is_again or now.kept is not None or now.status == "violated"


def is_to_be_repeated(state: State, node: AnyCompiledNode, now: NodeState, *, path: Path) -> bool:
    """Whether a node is called again after a recovery, and nothing of it counts until then.

    That is a read that is under way, and a write of which nothing was sent.
    """
    if not isinstance(node, CompiledCall) or now.status != "running":
        return False
    is_free = node.action.effect != "write" or not now.first_started_ms
    return is_free and now.opened is None and path not in state.ordered


def _is_asking(state: State, node: AnyCompiledNode, path: Path) -> bool:
    """Whether a gate is open, or is to be opened, and nobody has decided what it asks."""
    ordered = state.ordered.get(path)
    is_due = ordered is not None and isinstance(ordered.event, GateOpened)
    return isinstance(node, CompiledGate) and (is_due or path in state.asleep)


def is_asked_anew(state: State, scope: ScopeState, index: int, *, new: CompiledGraph) -> bool:
    """Whether a gate that asks has changed, or asks about what would not run any more.

    Then persons are asked again. What is in a node with a graph is not compared: its approval is
    for one plan.
    """
    gate = scope.graph.nodes[index]
    path = paths.child(scope.path, gate.id)
    if not isinstance(gate, CompiledGate) or not _is_asking(state, gate, path):
        return False
    other = new.nodes[new.positions[gate.id]]
    if path in state.ordered or unlike(gate, scope.graph, other=other, new=new) is not None:
        return True
    for covered in (scope.graph.nodes[one.index] for one in gate.covers):
        position = new.positions.get(covered.id)
        if position is None or not isinstance(covered, CompiledCall):
            return True
        if unlike(covered, scope.graph, other=new.nodes[position], new=new) is not None:
            return True
    return False


def _unlike_allowed(
    state: State, scope: ScopeState, index: int, *, new: CompiledGraph
) -> str | None:
    """What a gate has allowed that has not begun and would be refused: it is another one now.

    A graph is allowed under one plan.
    """
    gate, now = scope.node(index)
    if not isinstance(gate, CompiledGate) or now.status != "succeeded" or now.approval is None:
        return None
    for covered, at in (scope.node(one.index) for one in gate.covers):
        allowed, position = now.approval.covers.get(covered.id), new.positions.get(covered.id)
        path = paths.child(scope.path, covered.id)
        has_begun = _counts(state, covered, at, path=path, is_again=False)
        if has_begun or position is None or allowed is None or allowed.key is None:
            continue
        if not isinstance(covered, CompiledCall):
            return f"has allowed `{covered.id}` under the plan of before"
        what = unlike(covered, scope.graph, other=new.nodes[position], new=new)
        if what is not None:
            return f"has allowed `{covered.id}`, which {what}"
    return None


def inner_scopes(
    scope: ScopeState, graph: CompiledGraph, *, children: Children
) -> Iterator[tuple[ScopeState, CompiledGraph]]:
    """The scopes inside a scope that go on, or may, with the graphs that they would have.

    What was proposed is of no plan; what has ended well is not executed any more.
    """
    for inner in children.get(id(scope), ()):
        node, now = scope.node(inner.parent_node)
        position = graph.positions.get(node.id)
        other = graph.nodes[position] if position is not None else None
        goes_on = inner.ended is None or did_not_last(inner)
        may_be_judged_again = now.status != "succeeded" and not isinstance(node, CompiledMap)
        if isinstance(other, Composite) and (goes_on or may_be_judged_again):
            yield inner, other.body


def _unlike_undo(scope: ScopeState, index: int, other: AnyCompiledNode) -> str | None:
    """What differs in the undo of a node, once it has begun."""
    node, undo = scope.graph.nodes[index].undo, (scope.undos or {}).get(index)
    if node is None or undo is None or undo.status == "waiting":
        return None
    same = other.undo is not None and node.action.digest == other.undo.action.digest
    return None if same else "has another `undo`"


def _lacking(
    scope: ScopeState, index: int, other: AnyCompiledNode, *, new: CompiledGraph
) -> str | None:
    """What a node that has begun would have needed first, to go on under the new plan."""
    for depends in (new.nodes[one] for one in (*other.strict, *other.lenient)):
        position = scope.graph.positions.get(depends.id)
        if position is None or scope.nodes[position].status not in SETTLED:
            return f"depends on `{depends.id}`, which has not run"
    asked = {scope.graph.nodes[gate].id for gate in scope.graph.nodes[index].gates}
    # Whoever approved it saw no other, and may have a role that nobody has who accepts this.
    for gate in (new.nodes[one].id for one in other.gates):
        if gate not in asked:
            return f"is allowed by `{gate}`, which was not asked about it"
    node, now = scope.node(index)
    if not node.gates or now.status in SETTLED:
        return None
    if not isinstance(node, Composite) or not isinstance(other, Composite):
        return None
    what = unlike_bodies(node.body, other.body)
    return f"was allowed with another graph: {what}" if what is not None else None


def _beyond(now: NodeState, other: AnyCompiledNode) -> str | None:
    """Whether a node is in a turn that the new plan has not got."""
    opened = now.opened or now.kept
    turn = opened.turn if isinstance(opened, RepeatState) else 0
    most = other.max if isinstance(other, CompiledRepeat) else 0
    return f"is in turn {turn}, and may have {most}" if turn > most else None


def _unlike_inside(node: AnyCompiledNode, now: NodeState, other: AnyCompiledNode) -> str | None:
    """What differs in the graph of a node, where it has run as a whole: it is in no open scope."""
    if not isinstance(node, Composite) or not isinstance(other, Composite):
        return None
    opened = now.opened or now.kept
    has_run = now.status == "succeeded" or (isinstance(opened, MapState) and any(opened.present))
    what = unlike_bodies(node.body, other.body) if has_run else None
    return f"has run another graph: {what}" if what is not None else None
