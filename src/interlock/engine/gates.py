"""Gates: persons are asked, and what they approve is exactly what may run, once.

An approval is bound to a digest of what was asked. The intent of each covered node names it, so
that it is used up in the transaction of that intent.
"""

from collections.abc import Iterator, Mapping
from typing import cast

from interlock.engine.orders import take_order
from interlock.engine.state import Approval, GateState
from interlock.engine.timers import fall_asleep
from interlock.engine.turn import At, Turn, call_of, expect, locate, names_for, settle
from interlock.errors import ExpressionFailed, ValueRefused
from interlock.journal import ErrorInfo, GateDecided, GateOpened, Value
from interlock.plan import CompiledCall, CompiledGate, CompiledMap
from interlock.values import Digest, Json, NodeId, digest

APPROVED = Value.of({"verdict": "approved"})


def open_gate(at: At, node: CompiledGate, names: Mapping[str, Json]) -> None:
    """Order that persons are asked, about exactly what would run now.

    Raises:
        ExpressionFailed, ValueRefused: `ask` has no value.
    """
    ask = Value.of(node.ask.evaluate(names))
    covers = Value.of(list(_covers(at, node)))
    at.turn.record(
        GateOpened(
            path=at.path,
            generation=at.state.generation,
            ask=ask,
            covers=covers,
            to=node.to,
            quorum=node.quorum,
            binding=_binding(at, node, ask=ask, covers=covers),
            expires_at_ms=at.turn.at_ms + node.expires_ms if node.expires_ms is not None else None,
        )
    )


def _binding(at: At, node: CompiledGate, *, ask: Value, covers: Value) -> Digest:
    """What a decision is about. No time and no run is in it: equal executions have equal ones."""
    to: list[Json] = [*node.to]
    return digest(
        "approval",
        [at.path, at.state.generation, ask.ref, covers.ref, to, node.quorum, node.expires_ms],
    )


def _covers(at: At, node: CompiledGate) -> Iterator[Json]:
    for covered in node.covers:
        inner = At.of(at.turn, at.scope, covered.index)
        state = inner.state
        others = [i for i in inner.node.strict if i != at.index]
        if all(at.scope.nodes[i].status == "succeeded" for i in others):
            entry = _known(inner) if covered.bound is None else {"bound": covered.bound.source}
            if entry is not None:
                yield {"path": inner.path, "generation": state.generation, **_what(inner), **entry}
        elif covered.bound is not None:
            entry = {"bound": covered.bound.source}
            yield {"path": inner.path, "generation": state.generation, **_what(inner), **entry}


def _what(at: At) -> dict[str, Json]:
    return {"action": at.node.action.name} if isinstance(at.node, CompiledCall) else {}


def _known(at: At) -> dict[str, Json] | None:
    """What a covered node would be called with; None when it would not be called at all."""
    names = names_for(at.scope, at.node.roots, at.node.status_roots)
    try:
        if at.node.when is not None and not at.node.when.condition(names):
            return None
        given = given_to(at, names)
    except (ExpressionFailed, ValueRefused):
        return None
    return {"call_key": key_of(at, given), "args": given.json}


def given_to(at: At, names: Mapping[str, Json]) -> Value:
    """What a covered node is given: its arguments; of a `map`, its list."""
    node = at.node
    return Value.of(
        node.over.evaluate(names)
        if isinstance(node, CompiledMap)
        else node.arguments.evaluate(names)
    )


def key_of(at: At, given: Value) -> Digest:
    """The call key of a covered node; of one that opens scopes, a digest of what it is given."""
    node = at.node
    if isinstance(node, CompiledCall):
        return call_of(node.action.digest, given).key
    return digest("covered", [at.path, given.ref])


def on_gate_opened(turn: Turn, event: GateOpened) -> None:
    """Wait for persons from now on."""
    take_order(turn, event, event.path)
    at = locate(turn, event.path)
    entries = cast(list[dict[str, Json]], event.covers.json)
    covers = {
        NodeId(str(entry["path"]).rpartition("/")[2]): cast(Digest | None, entry.get("call_key"))
        for entry in entries
    }
    approval = Approval(event.binding, covers, event.expires_at_ms)
    fall_asleep(at, GateState(approval), due_ms=event.expires_at_ms)
    at.state.approval = approval


def on_decided(turn: Turn, event: GateDecided) -> None:
    """Count a decision. One that comes after the gate has closed changes nothing.

    Raises:
        IllegalTransition: the gate was not opened, or the decision is about something else.
    """
    at = locate(turn, event.path)
    asked = at.state.approval
    same = asked is not None and asked.binding == event.binding
    expect(same and event.generation == at.state.generation, at, "nobody was asked that")
    opened = turn.state.asleep.get(event.path)
    if not isinstance(opened, GateState):
        return
    if opened.approval.expires_at_ms is not None and turn.at_ms >= opened.approval.expires_at_ms:
        time_is_up(at)
    elif event.verdict == "rejected":
        told = f"{turn.actor} rejected it" + (f": {event.reason}" if event.reason else "")
        _refuse(at, "IL6020", told)
    else:
        opened.approvers.add(turn.actor)
        if len(opened.approvers) >= cast(CompiledGate, at.node).quorum:
            settle(at, "succeeded", output=APPROVED)


def time_is_up(at: At) -> None:
    """Refuse a gate that was not decided in time."""
    _refuse(at, "IL6021", "nobody decided in time")


def _refuse(at: At, code: str, told: str) -> None:
    settle(at, "refused", error=ErrorInfo(code=code, message=told, permanent=True))


def refusal(at: At, names: Mapping[str, Json]) -> ErrorInfo | None:
    """Check a node that is about to start against the approvals that cover it; None: it may."""
    for index in at.node.gates:
        gate, state = at.scope.node(index)
        problem = _unlike(at, names, gate=cast(CompiledGate, gate), approval=state.approval)
        if problem is not None:
            told = f"what `{gate.id}` allowed is not what would run: {problem}"
            return ErrorInfo(code="IL6022", message=told, permanent=True)
    return None


def _unlike(
    at: At, names: Mapping[str, Json], *, gate: CompiledGate, approval: Approval | None
) -> str | None:
    if approval is None or at.node.id not in approval.covers:
        return "it was not among what was approved"
    if approval.expires_at_ms is not None and at.turn.at_ms >= approval.expires_at_ms:
        return "the approval has expired"
    given = given_to(at, names)
    key = approval.covers[at.node.id]
    if key is not None:
        return None if key == key_of(at, given) else "its arguments are others"
    for covered in gate.covers:
        bound = covered.bound if covered.index == at.index else None
        if bound is not None and not bound.condition({**names, "args": given.json}):
            return f"its arguments are not within the bound: {bound.source}"
    return None
