"""One turn of the engine.

The state, the entry that is being applied, and the commands it leads to.
"""

from collections.abc import Mapping
from dataclasses import field

from interlock.engine.state.commands import Command, Record
from interlock.engine.state.state import Call, NodeState, ScopeState, State
from interlock.errors import InternalError, JournalCorrupt
from interlock.journal import (
    ENGINE,
    Actor,
    ErrorInfo,
    Event,
    NodeSettled,
    NodeStatus,
    Principal,
    SettledStatus,
    Value,
    principal_in,
)
from interlock.plan import AnyCompiledNode
from interlock.values import (
    Digest,
    Json,
    Path,
    RunId,
    digest,
    digest_canonical,
    maker,
    mutable,
    paths,
)

ROOT = Path("")

_record = maker(Record)
_node_settled = maker(NodeSettled)
_call = maker(Call)


class IllegalTransition(InternalError):
    """An event that the engine could not have ordered in this state."""

    code = "IL9003"


@mutable()
class Turn:
    """What the handlers of one event share: the state, the entry, and the commands so far."""

    state: State
    event: Event
    at_ms: int
    seq: int = 0
    actor: Actor = ENGINE
    commands: list[Command] = field(default_factory=list)

    def record(self, event: Event, causes: tuple[int, ...] = ()) -> None:
        """Order an event to be recorded; until it is, it stands in `state.ordered`."""
        # Events of a run as a whole have no path; asking for the class of each takes longer.
        path: Path = getattr(event, "path", ROOT)
        order = _record(event=event, causes=causes or self.cause)
        self.state.ordered[path] = order
        self.commands.append(order)

    @property
    def cause(self) -> tuple[int, ...]:
        """The entry being applied, as a cause; empty when it is not journaled itself."""
        return (self.seq,) if self.seq else ()


def person(turn: Turn) -> Principal:
    """Who decided what the turn is about.

    Raises:
        IllegalTransition: nobody outside did.
    """
    try:
        found = principal_in(turn.actor)
    except JournalCorrupt as error:
        raise IllegalTransition(error.message) from error
    if found is None:
        raise IllegalTransition(f"`{turn.event.type}` by `{turn.actor}`, which decides nothing")
    return found


@mutable()
class At:
    """A node in its scope, in the turn that looks at it.

    `is_undo` says that it is the undo of a node: nothing stops it, and its causes are the node's.
    """

    turn: Turn
    scope: ScopeState
    index: int
    node: AnyCompiledNode
    state: NodeState
    path: Path
    is_undo: bool = False

    @classmethod
    def of(cls, turn: Turn, scope: ScopeState, index: int) -> "At":
        """Look at a node of a scope."""
        node = scope.graph.nodes[index]
        path = paths.child(scope.path, node.id)
        return _at(turn, scope, index, node, scope.nodes[index], path)

    @classmethod
    def undo_of(cls, turn: Turn, scope: ScopeState, index: int) -> "At":
        """Look at the undo of a node, which is under way or has ended."""
        node, undo = scope.graph.nodes[index].undo, (scope.undos or {}).get(index)
        if node is None or undo is None:
            raise IllegalTransition(f"`{scope.graph.nodes[index].id}` is not being undone")
        return cls(turn, scope, index, node, undo, paths.child(scope.path, node.id), is_undo=True)


_at = maker(At)


def locate(turn: Turn, path: Path) -> At:
    """Find the node that an event speaks of.

    Raises:
        IllegalTransition: no such node is open.
    """
    found = turn.state.find(path)
    if found is None:
        raise IllegalTransition(f"`{turn.event.type}` for `{path}`, but no such node is open")
    scope, index, node, state = found
    return _at(turn, scope, index, node, state, path, state is not scope.nodes[index])


def expect(condition: object, at: At, wanted: str) -> None:
    """Refuse an event that does not fit the node's state.

    Raises:
        IllegalTransition: it does not; says what the state is and what was wanted.
    """
    if not condition:
        raise misfit(at, wanted)


def misfit(at: At, wanted: str) -> IllegalTransition:
    """Say that an event does not fit the node's state, what the state is and what was wanted."""
    now = at.state
    return IllegalTransition(
        f"`{at.turn.event.type}` for `{at.path}`, which is {now.status}"
        f" (generation {now.generation}, attempt {now.attempt}); {wanted}"
    )


def settle(
    at: At,
    status: SettledStatus,
    *,
    output: Value | None = None,
    error: ErrorInfo | None = None,
    ahead: bool = False,
    causes: tuple[int, ...] = (),
) -> None:
    """Order that a node settles. What it slept for does not wake it any more."""
    now = at.state
    if now.opened is not None:
        at.turn.state.asleep.pop(at.path, None)
        at.turn.state.timers.pop(at.path, None)
    event = _node_settled(
        path=at.path,
        generation=now.generation,
        status=status,
        attempt=now.attempt,
        call_key=_key_of(now),
        output=output,
        error=error,
        started_ms=now.started_ms,
        tokens=now.tokens,
        cost_usd_micros=now.cost_usd_micros,
        ahead=ahead,
    )
    at.turn.record(event, causes or causes_of(at) if ahead else causes)


def ended(path: Path, status: NodeStatus) -> str:
    """Say in words how a node ended without success, as the begin of a message."""
    match status:
        case "failed":
            return f"`{path}` failed"
        case "violated":
            return f"`{path}` broke its promise"
        case _:
            return f"`{path}` was {status}"


def _key_of(now: NodeState) -> Digest | None:
    """What the node called; of a gate, what it asked for."""
    if now.call is not None:
        return now.call.key
    return now.approval.binding if now.approval is not None else None


def causes_of(at: At) -> tuple[int, ...]:
    """The seqs of the events that a node's start depended on."""
    if at.is_undo:
        return (at.scope.nodes[at.index].cause,)
    nodes, depends = at.scope.nodes, at.node.strict + at.node.lenient
    found = sorted({cause for index in depends if (cause := nodes[index].cause)})
    return tuple(found) or ((at.scope.cause,) if at.scope.cause else ())


def names_for(
    scope: ScopeState, roots: tuple[tuple[str, int], ...], statuses: tuple[tuple[str, int], ...]
) -> dict[str, Json]:
    """Bind what an expression of this scope may read."""
    names: dict[str, Json] = {"inputs": scope.inputs}
    for name, index in roots:
        names[name] = scope.nodes[index].json
    if statuses:
        names["nodes"] = {name: _status_view(scope.nodes[index]) for name, index in statuses}
    return names


def evaluated(scope: ScopeState, node: AnyCompiledNode, names: Mapping[str, Json]) -> Value:
    """Evaluate the arguments of a node of this scope.

    Raises:
        ExpressionFailed, ValueRefused
    """
    found, form = node.arguments.evaluate(names), node.arguments.form
    if form is None or not isinstance(found, dict):
        return Value.of(found)

    def known(part: Json) -> bytes | None:
        for _, index in node.roots:
            output = scope.nodes[index].output
            if output is not None and output.json is part:
                return output.data
        return None

    return Value(*form.compose(found, known))


def _status_view(node: NodeState) -> Json:
    error: Json = (
        None if node.error is None else {"code": node.error.code, "message": node.error.message}
    )
    return {"status": node.status, "output": node.json, "error": error}


def call_of(action: Digest, args: Value) -> Call:
    """Bind arguments to an action: the call key says what is called with what."""
    data, owners = b'["' + action.encode() + b'",' + args.data + b"]", args.subjects
    key = digest_canonical("call", data) if owners is None else owners.digest("call", data)
    return _call(args, key)


def idempotency_key(run: RunId, path: Path, generation: int) -> Digest:
    """The key for a receiver: equal for all attempts of one generation of a node."""
    return digest("idempotency", [run, path, generation])
