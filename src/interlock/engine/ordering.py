"""Commands about attempts, made from the state: so recovery can make them again."""

from interlock.engine.commands import Probe, StartAttempt
from interlock.engine.state import Call
from interlock.engine.turn import At, IllegalTransition, Turn, causes_of
from interlock.plan import CompiledCall


def order_attempt(turn: Turn, at: At, node: CompiledCall, *, not_before_ms: int = 0) -> None:
    """Order the next attempt of a call."""
    state = at.state
    state.attempt += 1
    state.started = state.probing = False
    state.not_before_ms = not_before_ms
    turn.commands.append(attempt_due(turn, at, node))


def attempt_due(turn: Turn, at: At, node: CompiledCall) -> StartAttempt:
    """Make the command for the attempt that the state says is due."""
    state = at.state
    call = call_in(at)
    state.ahead = node.ahead and not turn.state.recovered
    if state.ahead:
        # What runs ahead has no intent of its own in the journal: it counts as started now.
        state.started_ms = max(turn.at_ms, state.not_before_ms)
        state.first_started_ms = state.first_started_ms or state.started_ms
    deadline = (
        (state.first_started_ms or turn.at_ms) + node.deadline_ms
        if node.deadline_ms is not None
        else None
    )
    return StartAttempt(
        path=at.path,
        generation=state.generation,
        attempt=state.attempt,
        node=node,
        args=call.args,
        call_key=call.key,
        ahead=state.ahead,
        not_before_ms=state.not_before_ms,
        deadline_at_ms=deadline,
        feedback=state.feedback,
        previous=state.refused if state.feedback else None,
        causes=causes_of(at),
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


def call_in(at: At) -> Call:
    """Return what a running node calls."""
    call = at.state.call
    if call is None:
        raise IllegalTransition(f"`{at.path}` has no call")
    return call
