"""What is decided outside of a run, held against where the run stands.

At the door, so that who decides hears at once what is wrong; and again where the decision becomes
an event, since the run may have gone on meanwhile.
"""

from collections.abc import Iterable, Iterator
from typing import assert_never

from interlock.engine import GateState, State, WaitState
from interlock.errors import RunNotResumable, UsageError
from interlock.journal import (
    SETTLED,
    GateDecided,
    GateVerdict,
    Message,
    NodeCancelled,
    NodeResolved,
    RunCancelled,
    RunOutcome,
    RunPaused,
    RunReopened,
    RunUnpaused,
    SignalReceived,
    Value,
    Verdict,
)
from interlock.plan import (
    AnyCompiledNode,
    CompiledCall,
    CompiledGate,
    CompiledGraph,
    CompiledGraphNode,
    CompiledMap,
    CompiledPropose,
    CompiledRepeat,
    CompiledWait,
    names_in,
)
from interlock.runtime.arguments import checked_reason, expect, expect_one_of, expect_path
from interlock.runtime.deciding.messages import VERDICTS, Decision, decision_in
from interlock.values import Digest, Json, Path, describe, paths


def gate_decided(
    state: State, path: Path, verdict: GateVerdict, *, binding: Digest | None, reason: str
) -> GateDecided:
    """Decide what an open gate asks.

    Without a `binding` it is about whatever it asks now.

    Raises:
        RunNotResumable: nothing is asked there.
        UsageError: an argument is of another type.
    """
    expect_path(path)
    if binding is not None:
        expect(binding, str, name="binding", hint="the digest that `show` prints for the gate")
    opened = state.asleep.get(path)
    if not isinstance(opened, GateState):
        raise _refused(state, _no_open_gate(state, path))
    return GateDecided(
        path=path,
        generation=_generation(state, path),
        verdict=verdict,
        binding=binding or opened.approval.binding,
        reason=checked_reason(reason),
    )


def _no_open_gate(state: State, path: Path) -> str:
    """Say why nobody can decide about a node, and about which ones somebody can."""
    open_ = sorted(path for path, it in state.asleep.items() if isinstance(it, GateState))
    others = f"; open: {', '.join(open_) or 'none'}"
    found = state.find(path)
    if found is not None and not isinstance(found[2], CompiledGate):
        return f"`{path}` is no gate{others}"
    return f"`{path}` is no open gate{_end_of(state, path)}{others}"


def _end_of(state: State, path: Path) -> str:
    if path not in state.outcomes:
        return ""
    status = state.outcomes[path][0]
    return f": it {status if status in ('succeeded', 'failed') else f'was {status}'}"


def node_cancelled(state: State, path: Path, *, reason: str) -> NodeCancelled:
    """Cancel a node that has not settled, or what goes on in an item of a map or in a turn.

    Raises:
        RunNotResumable: there is no such node.
        UsageError: an argument is of another type.
    """
    expect_path(path)
    part = state.part(path)
    generation = part.generation if part is not None else _generation(state, path)
    return NodeCancelled(path=path, generation=generation, reason=checked_reason(reason))


def node_resolved(
    state: State, path: Path, verdict: Verdict, *, output: Json, reason: str
) -> NodeResolved:
    """Say what became of a write in doubt, or have its receiver asked.

    Raises:
        RunNotResumable: it is not in doubt.
        ValueRefused: the output is outside the domain.
        UsageError: there is no such verdict, or an argument is of another type.
    """
    expect_path(path)
    expect_one_of(verdict, VERDICTS[NodeResolved], name="verdict")
    _check_in_doubt(state, path)
    return NodeResolved(
        path=path,
        generation=_generation(state, path),
        verdict=verdict,
        output=Value.of(output) if verdict == "succeeded" else None,
        reason=checked_reason(reason),
    )


def check(state: State, event: Decision) -> None:
    """Refuse a decision that makes no sense where the run stands.

    Raises:
        RunNotResumable: it comes too late, or is about something else.
        UsageError: what it brings has the wrong type.
        ExpressionFailed: it cannot be told whose it is.
    """
    if state.status is None and isinstance(event, RunReopened):
        raise RunNotResumable(
            f"run {state.run}: it has not ended",
            hint=f"`interlock resume {state.run}` goes on with it",
        )
    if state.status is not None and not isinstance(event, RunReopened):
        raise _refused(state, _how_it_ended(state.status))
    match event:
        case GateDecided():
            _check_gate(state, event)
        case SignalReceived():
            _check_signal(state, event)
        case NodeCancelled():
            _check_cancelled(state, event)
        case NodeResolved():
            _check_resolved(state, event)
        case RunPaused() | RunUnpaused():
            if state.paused == isinstance(event, RunPaused):
                raise _refused(state, "it is paused" if state.paused else "it is not paused")
        case RunReopened():
            if state.status == "succeeded":
                raise _refused(state, "it has succeeded")
        case RunCancelled():
            pass
        case _:
            assert_never(event)


def _how_it_ended(status: RunOutcome) -> str:
    return f"it {'has' if status in ('succeeded', 'failed') else 'was'} {status}"


def check_first(message: Message, *, waiting: Iterable[Message]) -> None:
    """Refuse a second decision about a write in doubt while the first is on its way.

    Raises:
        RunNotResumable: another one waits to be taken.
    """
    event = decision_in(message)
    for other in waiting:
        if isinstance(event, NodeResolved) and other.kind == message.kind:
            first = decision_in(other)
            if isinstance(first, NodeResolved) and first.path == event.path:
                raise RunNotResumable(
                    f"`{event.path}` of run {message.run} has been resolved already",
                    hint=f"see `interlock show {message.run}`",
                )


def _check_gate(state: State, event: GateDecided) -> None:
    opened = state.asleep.get(event.path)
    if not isinstance(opened, GateState):
        raise _refused(state, f"the gate `{event.path}` has been decided, or has ended")
    if (opened.approval.binding, _generation(state, event.path)) != (
        event.binding,
        event.generation,
    ):
        told = f"the gate `{event.path}` asks about something else: {opened.approval.binding}"
        raise _refused(state, told)


def _check_signal(state: State, event: SignalReceived) -> None:
    if event.path:
        found = state.find(event.path)
        node = found[2] if found is not None else None
        if found is None or not isinstance(node, CompiledWait) or node.signal != event.name:
            raise _refused(state, f"`{event.path}` does not wait for a signal `{event.name:.100}`")
        if found[3].status in SETTLED:
            raise _refused(state, f"`{event.path}` waits no more: it {found[3].status}")
    else:
        names = set(_signals(state.plan.root))
        if event.name not in names and None not in names:
            told = ", ".join(sorted(filter(None, names))) or "none"
            raise _refused(
                state,
                f"nothing in it waits for a signal `{event.name:.100}`; it may wait for: {told}",
            )
    nodes, open_ = receivers(state, event), _receiver(state, event)
    if open_ is not None or not any(_fits(node, event.payload) for node in nodes):
        for node in nodes:
            _check_type(node, event.payload, what=f"the payload of `{event.name}`")
    for node in nodes:
        if node.subject is not None:
            names_in(node.subject, event.payload.json)


def receivers(state: State, event: SignalReceived) -> list[AnyCompiledNode]:
    """List the waits that may get a signal: the one that gets it now, or all that wait for it."""
    open_ = _receiver(state, event)
    return [open_] if open_ is not None else _waits(state.plan.root, event.name)


def _fits(node: AnyCompiledNode, value: Value) -> bool:
    return node.returns is None or node.returns.accepts(value.json)


def _waits(graph: CompiledGraph, name: str) -> list[AnyCompiledNode]:
    """The nodes that may wait for a signal; none of what is proposed is known."""
    found: list[AnyCompiledNode] = []
    for node in graph.nodes:
        if isinstance(node, CompiledWait) and node.signal == name:
            found.append(node)
        elif isinstance(node, CompiledGraphNode | CompiledMap | CompiledRepeat):
            found += _waits(node.body, name)
    return found


def _signals(graph: CompiledGraph) -> Iterator[str | None]:
    """The signals that a graph may wait for; None: what is proposed may wait for any."""
    for node in graph.nodes:
        if isinstance(node, CompiledWait) and node.signal is not None:
            yield node.signal
        elif isinstance(node, CompiledGraphNode | CompiledMap | CompiledRepeat):
            yield from _signals(node.body)
        elif isinstance(node, CompiledPropose):
            yield None


def _receiver(state: State, event: SignalReceived) -> AnyCompiledNode | None:
    """The open wait that gets a signal."""
    for path, opened in state.asleep.items():
        is_meant = event.path in (paths.ROOT, path)
        if is_meant and isinstance(opened, WaitState) and opened.signal == event.name:
            found = state.find(path)
            return found[2] if found is not None else None
    return None


def _check_cancelled(state: State, event: NodeCancelled) -> None:
    part, found = state.part(event.path), state.find(event.path)
    if part is not None:
        is_open, generation = part.unsettled > 0, part.generation
    elif found is not None:
        is_open, generation = found[3].status not in SETTLED, found[3].generation
    else:
        is_open, generation = False, 0
    if not is_open or generation != event.generation:
        raise _refused(state, f"`{event.path}` has ended")
    if part is None and found is not None and found[3].stop is not None:
        raise _refused(state, f"`{event.path}` is being cancelled: {found[3].stop.message}")


def _check_resolved(state: State, event: NodeResolved) -> None:
    _check_in_doubt(state, event.path)
    found = state.find(event.path)
    if found is None or found[3].generation != event.generation:
        raise _refused(state, f"`{event.path}` is in another generation")
    if event.verdict == "ask":
        _check_can_be_asked(found[2], event.path)
    # What proposes returns a graph; `returns` is about what that graph yields.
    if event.output is not None and not isinstance(found[2], CompiledPropose):
        _check_type(found[2], event.output, what=f"the output of `{event.path}`")
    if event.output is not None and found[2].subject is not None:
        names_in(found[2].subject, event.output.json)


def _check_can_be_asked(node: AnyCompiledNode, path: Path) -> None:
    if isinstance(node, CompiledCall) and not node.action.probe:
        raise UsageError(
            f"nobody can be asked about `{path}`: `{node.action.name}` declares no probe",
            hint="look at the target yourself, and say what became of it",
        )


def _check_in_doubt(state: State, path: Path) -> None:
    if path not in state.in_doubt and state.outcomes.get(path, ("",))[0] == "violated":
        found = state.find(path)
        if found is not None and found[2].on_error == "continue":
            told = "happened and broke its promise, and its graph goes on all the same (`on_error`)"
            raise _refused(state, f"`{path}` {told}: nobody has to decide about it")
        raise RunNotResumable(
            f"run {state.run}: `{path}` happened and broke its promise;"
            " a person decides about it when the run, once ended, is opened again",
            hint=f"`interlock retry {state.run}` opens it again, and asks about `{path}`",
        )
    if path not in state.in_doubt:
        doubts = ", ".join(sorted(state.in_doubt)) or "none"
        told = f"`{path}` is not in doubt{_end_of(state, path)}; in doubt: {doubts}"
        raise _refused(state, told)


def _check_type(node: AnyCompiledNode, value: Value, *, what: str) -> None:
    if node.returns is None or _fits(node, value):
        return
    problems = node.returns.problems(value.json, limit=3)
    told = "; ".join(map(str, problems))
    raise UsageError(
        f"{what} has the wrong type: {told}",
        hint=f"give what `{node.id}` returns: {describe(node.returns_schema)}",
    )


def _generation(state: State, path: Path) -> int:
    found = state.find(path)
    if found is None:
        told = f"`{path}` has ended" if state.has_ended(path) else f"it has no open node `{path}`"
        raise _refused(state, told)
    return found[3].generation


def _refused(state: State, told: str) -> RunNotResumable:
    return RunNotResumable(f"run {state.run}: {told}", hint=f"see `interlock show {state.run}`")
