"""Gates: persons are asked, and what they approve is exactly what may run, once.

An approval is bound to a digest of what was asked. The intent of each covered node names it, so
that it is used up in the transaction of that intent.
"""

from collections.abc import Iterator, Mapping
from typing import cast

from interlock.engine.kinds.sleeping import fall_asleep
from interlock.engine.state import (
    Allowed,
    Approval,
    At,
    GateState,
    IllegalTransition,
    Turn,
    call_of,
    evaluated,
    expect,
    locate,
    names_for,
    owned,
    owners_of,
    person,
    settle,
    share,
    take_order,
)
from interlock.errors import ExpressionFailed, ValueRefused
from interlock.graph import Expression
from interlock.journal import (
    SETTLED,
    ErrorInfo,
    GateDecided,
    GateOpened,
    Value,
)
from interlock.plan import CompiledCall, CompiledGate, CompiledMap, Covered
from interlock.values import Digest, Json, NodeId, Subjects, digest

APPROVED = Value.of({"verdict": "approved"})


def open_gate(at: At, node: CompiledGate, names: Mapping[str, Json]) -> None:
    """Order that persons are asked, about exactly what would run now.

    Raises:
        ExpressionFailed, ValueRefused: `ask` has no value.
    """
    ask, covers = Value.of(node.ask.evaluate(names)), Value.of(list(_covers(at, node)))
    if at.turn.state.is_keyed:
        inner = [At.of(at.turn, at.scope, covered.index) for covered in node.covers]
        share(at, *[_owners_before(at, one) for one in inner])
        ask, covers = owned(at, ask), owned(at, covers)
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
    """List what would run, as far as what the gate has waited for tells.

    What else has settled by chance is not looked at: equal executions ask for equal things.
    """
    before = _before(at) if node.covers else frozenset[int]()
    for covered in node.covers:
        inner = At.of(at.turn, at.scope, covered.index)
        entry = _entry(inner, covered, before, gate=at)
        if entry is not None:
            generation = inner.state.generation
            yield {"path": inner.path, "generation": generation, **_what(inner), **entry}


def _before(at: At) -> frozenset[int]:
    """The nodes that the gate has waited for, itself or through others."""
    found: set[int] = set()
    waiting = [at.index]
    while waiting:
        node = at.scope.graph.nodes[waiting.pop()]
        new = {*node.strict, *node.lenient} - found
        found |= new
        waiting += new
    return frozenset(index for index in found if at.scope.nodes[index].status in SETTLED)


def _what(at: At) -> dict[str, Json]:
    return {"action": at.node.action.name} if isinstance(at.node, CompiledCall) else {}


def _owners_before(gate: At, at: At) -> Subjects | None:
    """Find those whom what a covered node is given belongs to, as far as its gate can know."""
    if not gate.turn.state.is_keyed:
        return None
    return owners_of(at, among=_before(gate))


def _entry(at: At, covered: Covered, before: frozenset[int], *, gate: At) -> dict[str, Json] | None:
    """What a covered node would be called with; None when it would not be called at all."""
    needed = before.intersection(at.node.strict)
    if any(at.scope.nodes[index].status != "succeeded" for index in needed):
        return None
    names = names_for(at.scope, at.node.roots, at.node.status_roots)
    try:
        if _is_skipped(at, names, before):
            return None
        if covered.bound is not None:
            return {"bound": covered.bound.source}
        given = given_to(at, names).under(_owners_before(gate, at))
    except (ExpressionFailed, ValueRefused):
        return None
    return {"call_key": key_of(at, given), "args": given.json}


def _is_skipped(at: At, names: Mapping[str, Json], before: frozenset[int]) -> bool:
    """Whether `when` is known to be false; it may read what is not known yet."""
    when = at.node.when
    if when is None:
        return False
    read = {reference.node for reference in when.references} - {None}
    known = {at.scope.graph.nodes[index].id for index in before}
    return read <= known and not when.condition(names)


def given_to(at: At, names: Mapping[str, Json]) -> Value:
    """What a covered node is given: its arguments; of a `map`, those of each item.

    An item whose arguments have no value fails by itself, and is shown as null.
    """
    node = at.node
    if not isinstance(node, CompiledMap):
        return evaluated(at.scope, node, names)
    items = node.over.evaluate(names)
    if not isinstance(items, list):
        return Value.of(items)
    return Value.of([_given_item(node, names, item) for item in items])


def _given_item(node: CompiledMap, names: Mapping[str, Json], item: Json) -> Json:
    try:
        return node.arguments.evaluate({**names, node.item_name: item})
    except ExpressionFailed:
        return None


def key_of(at: At, given: Value) -> Digest:
    """The call key of a covered node.

    Of one that opens scopes, a digest of what it is given and of the plan, which has its graph.
    """
    node = at.node
    if isinstance(node, CompiledCall):
        return call_of(node.action.digest, given).key
    # A reference that is keyed makes this one worth nothing without the key, too.
    return digest("covered", [at.turn.state.plan.digest, at.path, given.ref])


def on_gate_opened(turn: Turn, event: GateOpened) -> None:
    """Wait for persons from now on."""
    take_order(turn, event, event.path)
    at = locate(turn, event.path)
    entries = cast(list[dict[str, Json]], event.covers.json)
    covers = {
        NodeId(str(entry["path"]).rpartition("/")[2]): Allowed(
            generation=cast(int, entry["generation"]),
            key=cast(Digest | None, entry.get("call_key")),
            bound=cast(str | None, entry.get("bound")),
        )
        for entry in entries
    }
    at.state.approval = Approval(event.binding, covers, event.expires_at_ms)
    fall_asleep(at, GateState(at.state.approval), due_ms=event.expires_at_ms)


def on_decided(turn: Turn, event: GateDecided) -> None:
    """Count a decision. One that comes after the gate has closed changes nothing.

    Raises:
        IllegalTransition: the gate was not opened, or the decision is about something else.
    """
    opened = turn.state.asleep.get(event.path)
    if not isinstance(opened, GateState):
        _check_late(turn, event)
        return
    at = locate(turn, event.path)
    same = opened.approval.binding == event.binding and event.generation == at.state.generation
    expect(same, at, "that is not what was asked")
    if _has_expired(opened.approval, turn.at_ms):
        time_is_up(at)
    elif event.verdict == "rejected":
        told = f"{person(turn).shown} rejected it" + (f": {event.reason}" if event.reason else "")
        _refuse(at, "IL6020", told)
    else:
        # A quorum counts names: who approves twice counts once, authenticated now and not then. So
        # a name that nobody has checked never makes a second person of somebody.
        opened.approvers.add(person(turn).name)
        if len(opened.approvers) >= cast(CompiledGate, at.node).quorum:
            settle(at, "succeeded", output=APPROVED)


def _check_late(turn: Turn, event: GateDecided) -> None:
    """Accept a decision that comes too late, if it was asked for: its gate, or all around, ended.

    Raises:
        IllegalTransition: nobody was asked that.
    """
    found = turn.state.find(event.path)
    asked = found[3].approval if found is not None else None
    bindings = [asked.binding] if asked is not None else []
    if event.path in turn.state.outcomes:
        bindings.append(cast(Digest, turn.state.outcomes[event.path][1]))
    if event.binding not in bindings:
        raise IllegalTransition(f"`{event.type}` for `{event.path}`, but nobody was asked that")


def _has_expired(approval: Approval, now_ms: int) -> bool:
    return approval.expires_at_ms is not None and now_ms >= approval.expires_at_ms


def time_is_up(at: At) -> None:
    """Refuse a gate that was not decided in time."""
    _refuse(at, "IL6021", "nobody decided in time", hint=_asked_again(at))


def _refuse(at: At, code: str, told: str, *, hint: str = "") -> None:
    settle(at, "refused", error=ErrorInfo(code=code, message=told, hint=hint, permanent=True))


def _asked_again(gate: At) -> str:
    """Say how what was not allowed comes to be, and who decides about it under which name."""
    who = ", ".join(cast(CompiledGate, gate.node).to) or "anybody"
    return (
        f"`interlock retry RUN` asks again, about what would run then;"
        f" {who} may answer: `interlock approve RUN {gate.path} --as NAME`"
    )


def refusal(at: At, names: Mapping[str, Json]) -> ErrorInfo | None:
    """Check a node that is about to start against the approvals that cover it; None: it may."""
    for gate in (At.of(at.turn, at.scope, index) for index in at.node.gates):
        problem = _unlike(at, names, gate, approval=gate.state.approval)
        if problem is not None:
            return _not_allowed(gate, problem)
    return None


def expiry(at: At) -> ErrorInfo | None:
    """Check that no approval has expired of a node of which nothing was sent; None: none has."""
    if at.state.first_started_ms:
        return None
    for gate in (At.of(at.turn, at.scope, index) for index in at.node.gates):
        approval = gate.state.approval
        if approval is not None and _has_expired(approval, at.turn.at_ms):
            return _not_allowed(gate, "the approval has expired")
    return None


def _not_allowed(gate: At, problem: str) -> ErrorInfo:
    told = f"what `{gate.node.id}` allowed is not what would run: {problem}"
    return ErrorInfo(code="IL6022", message=told, hint=_asked_again(gate), permanent=True)


def _unlike(
    at: At, names: Mapping[str, Json], gate: At, *, approval: Approval | None
) -> str | None:
    allowed = approval.covers.get(at.node.id) if approval is not None else None
    if approval is None or allowed is None or allowed.generation != at.state.generation:
        return "it was not among what was approved"
    if _has_expired(approval, at.turn.at_ms):
        return "the approval has expired"
    given = given_to(at, names).under(_owners_before(gate, at))
    if allowed.key is not None:
        same = allowed.key == key_of(at, given)
        return None if same else "its arguments or its code are others"
    covers = cast(CompiledGate, gate.node).covers
    bound = next(one.bound for one in covers if one.index == at.index)
    if bound is None or bound.source != allowed.bound:
        return "its bound is another one"
    return _out_of_bound(bound, {**names, "args": given.json})


def _out_of_bound(bound: Expression, names: Mapping[str, Json]) -> str | None:
    """What cannot be shown to be within its bound is not."""
    try:
        within = bound.condition(names)
    except ExpressionFailed as error:
        return f"its bound has no value: {error.message}"
    return None if within else f"its arguments are not within the bound: {bound.source}"
