"""Commands about attempts, made from the state: so recovery can make them again."""

from typing import cast

from interlock.engine.state.commands import Probe, StartAttempt
from interlock.engine.state.state import Call
from interlock.engine.state.turn import At, causes_of
from interlock.journal import ErrorInfo, NodeInDoubt
from interlock.plan import CompiledCall
from interlock.values import Digest, digest, maker

_start_attempt = maker(StartAttempt)


def order_attempt(at: At, node: CompiledCall, *, not_before_ms: int = 0) -> None:
    """Order the next attempt of a call."""
    state = at.state
    state.attempt += 1
    state.started = state.probing = state.lost = False
    state.not_before_ms = not_before_ms
    if at.turn.state.paused:
        at.turn.state.held_attempts.append(at.path)
    else:
        at.turn.commands.append(attempt_due(at, node))


def attempt_due(at: At, node: CompiledCall) -> StartAttempt:
    """Make the command for the attempt that the state says is due."""
    state = at.state
    call = call_in(at)
    state.ahead = node.ahead and not at.turn.state.recovered
    if state.ahead:
        # What runs ahead has no intent of its own in the journal: it counts as started now.
        state.started_ms = max(at.turn.at_ms, state.not_before_ms)
        state.first_started_ms = state.first_started_ms or state.started_ms
    return _start_attempt(
        path=at.path,
        generation=state.generation,
        attempt=state.attempt,
        node=node,
        args=call.args,
        call_key=call.key,
        ahead=state.ahead,
        not_before_ms=state.not_before_ms,
        deadline_at_ms=_deadline_at_ms(at, node),
        feedback=state.feedback,
        previous=state.refused if state.feedback else None,
        causes=() if state.ahead else causes_of(at),
        approval=binding_of(at) if at.node.gates else None,
    )


def _deadline_at_ms(at: At, node: CompiledCall) -> int | None:
    """When nothing may be sent any more.

    The deadline of the node has passed, or the receiver forgets the key of what is sent again.
    """
    if node.deadline_ms is None and not at.state.unproven:
        return None
    first_ms = at.state.first_started_ms or at.turn.at_ms
    window_ms = node.action.window_ms if at.state.unproven else None
    spans = [span for span in (node.deadline_ms, window_ms) if span is not None]
    return first_ms + min(spans) if spans else None


def within_window(at: At, node: CompiledCall, *, delay_ms: int = 0) -> bool:
    """Whether the receiver will still know the key: then the same bytes may be sent again."""
    window = node.action.window_ms
    return (
        node.action.key is not None
        and window is not None
        and at.turn.at_ms + delay_ms < at.state.first_started_ms + window
    )


def probe_due(at: At, node: CompiledCall) -> Probe:
    """Make the command that asks the receiver, once nothing can be under way any more."""
    call = call_in(at)
    return Probe(
        path=at.path,
        generation=at.state.generation,
        attempt=at.state.attempt,
        node=node,
        args=call.args,
        not_before_ms=at.state.started_ms + node.timeout_ms,
        causes=causes_of(at),
    )


def ask_or_doubt(at: At, node: CompiledCall, error: ErrorInfo) -> None:
    """Ask the receiver of a write when it can be asked; else doubt."""
    if node.action.probe:
        ask(at, node)
    else:
        doubt(at, error)


def ask(at: At, node: CompiledCall) -> None:
    """Order that the receiver of a write is asked whether it happened."""
    at.state.probing = True
    at.turn.commands.append(probe_due(at, node))


def doubt(at: At, error: ErrorInfo) -> None:
    """Order that a write is in doubt: a person decides."""
    state = at.state
    at.turn.record(
        NodeInDoubt(path=at.path, generation=state.generation, attempt=state.attempt, error=error)
    )


def call_in(at: At) -> Call:
    """Return what a node calls that runs by itself: it has been called (see `check_state`)."""
    return cast(Call, at.state.call)


def binding_of(at: At) -> Digest | None:
    """The approval that a node's intents use up; of several gates, a digest over all."""
    bindings = [
        approval.binding
        for approval in (at.scope.nodes[index].approval for index in at.node.gates)
        if approval is not None
    ]
    if len(bindings) <= 1:
        return bindings[0] if bindings else None
    return digest("approvals", [*bindings])
