"""Attempts of calls: ordered, started, returned, failed, probed, in doubt, resolved."""

from interlock.engine.judging import judge
from interlock.engine.ordering import call_in, order_attempt, probe_due
from interlock.engine.proposals import consider
from interlock.engine.scopes import is_stopping
from interlock.engine.turn import At, IllegalTransition, Turn, causes_of, expect, locate, settle
from interlock.errors import ensure
from interlock.journal import (
    AttemptFailed,
    AttemptReturned,
    AttemptStarted,
    ErrorInfo,
    NodeInDoubt,
    NodeResolved,
    ProbeAnswered,
    Value,
)
from interlock.plan import CompiledCall, CompiledPropose
from interlock.values import digest

JITTER_MIN = 0.5


def locate_call(
    turn: Turn, event: AttemptStarted | AttemptReturned | AttemptFailed | ProbeAnswered
) -> tuple[At, CompiledCall]:
    """Find the call that an event of an attempt speaks of.

    It must be of the attempt that is due.

    Raises: IllegalTransition: it is another attempt, or the node does not call anything, or is not
        running.
    """
    at = locate(turn.state, event.path, event)
    node = at.node
    now = at.state
    expect(now.status == "running", at, event, "it would have to be running")
    same = event.attempt == now.attempt and event.generation == now.generation
    expect(
        same, at, event, f"the event is of generation {event.generation}, attempt {event.attempt}"
    )
    if not isinstance(node, CompiledCall):
        raise IllegalTransition(f"`{event.type}` for `{at.path}`, which calls no action")
    return at, node


def on_started(turn: Turn, event: AttemptStarted) -> None:
    """Apply the intent."""
    at, _ = locate_call(turn, event)
    expect(not at.state.started, at, event, "the attempt has started already")
    call = call_in(at)
    expect(
        event.call_key == call.key and event.args == call.args, at, event, "it calls something else"
    )
    at.state.started, at.state.ahead = True, False
    at.state.started_ms = turn.at_ms
    at.state.first_started_ms = at.state.first_started_ms or turn.at_ms
    at.state.cause = turn.seq


def on_returned(turn: Turn, event: AttemptReturned) -> None:
    """Judge a raw response. One that is not journaled itself ran ahead."""
    ahead = turn.seq == 0
    at, node = locate_call(turn, event)
    began = at.state.ahead if ahead else at.state.started
    expect(began, at, event, "the attempt has not started")
    at.state.started = at.state.ahead = False
    at.state.tokens += event.tokens
    at.state.cost_usd_micros += event.cost_usd_micros
    if isinstance(node, CompiledPropose):
        consider(turn, at, node, event.output)
    else:
        _judged(turn, at, node, event.output, ahead=event if ahead else None)


def _judged(
    turn: Turn, at: At, node: CompiledCall, output: Value, *, ahead: AttemptReturned | None = None
) -> None:
    """Settle or fail by what the output is worth; `ahead` is the event when it is not journaled."""
    problem = judge(at, output)
    if problem is None:
        settle(turn, at, "succeeded", output=output, ahead=ahead is not None)
    elif node.action.effect == "write":
        settle(turn, at, "violated", output=output, error=problem)
    else:
        call = call_in(at)
        failed = AttemptFailed(
            path=at.path,
            generation=at.state.generation,
            attempt=at.state.attempt,
            error=problem,
            call_key=call.key,
            output=output,
            tokens=ahead.tokens if ahead is not None else 0,
            cost_usd_micros=ahead.cost_usd_micros if ahead is not None else 0,
            ahead=ahead is not None,
        )
        turn.record(failed, causes_of(at) if ahead is not None else ())


def on_failed(turn: Turn, event: AttemptFailed, *, judged: bool) -> None:
    """Retry, ask, doubt or fail.

    `judged` failures were ordered by the engine, others reported from outside.
    """
    at, node = locate_call(turn, event)
    began = judged or (at.state.ahead if event.ahead else at.state.started)
    expect(began, at, event, "the attempt has not started")
    at.state.started = at.state.ahead = False
    at.state.error = event.error
    at.state.refused = event.output
    if not judged:
        at.state.tokens += event.tokens
        at.state.cost_usd_micros += event.cost_usd_micros
    unproven = node.action.effect == "write" and not event.error.not_applied
    if _may_retry(turn, at, node, event.error) and (not unproven or _within_window(turn, at, node)):
        _retry(turn, at, node, event.error)
    elif unproven:
        _ask_or_doubt(turn, at, node, event.error)
    else:
        settle(turn, at, "failed", error=event.error)


def _may_retry(turn: Turn, at: At, node: CompiledCall, error: ErrorInfo) -> bool:
    state = at.state
    tries = state.attempt - state.crashes - state.repairs
    return (
        not error.permanent
        and tries < node.retry.attempts
        and not is_stopping(at.scope)
        and _before_deadline(turn, at, node)
    )


def _before_deadline(turn: Turn, at: At, node: CompiledCall) -> bool:
    return (
        node.deadline_ms is None
        or turn.at_ms + delay_ms(turn, at, node) < at.state.first_started_ms + node.deadline_ms
    )


def _retry(turn: Turn, at: At, node: CompiledCall, error: ErrorInfo) -> None:
    if node.retry.feedback:
        at.state.feedback = (f"{error.code}: {error.message}",)
    order_attempt(turn, at, node, not_before_ms=turn.at_ms + delay_ms(turn, at, node))


def delay_ms(turn: Turn, at: At, node: CompiledCall) -> int:
    """Exponential backoff with seeded jitter.

    The same wait on every machine and in every replay.
    """
    retry = node.retry
    whole = min(retry.delay_max_ms, retry.delay_ms * retry.backoff ** (at.state.attempt - 1))
    seed = digest("jitter", [turn.state.run, at.path, at.state.generation, at.state.attempt])
    fraction = int(seed[7:15], 16) / 0x1_0000_0000
    return round(whole * (JITTER_MIN + (1 - JITTER_MIN) * fraction))


def _within_window(turn: Turn, at: At, node: CompiledCall) -> bool:
    """Whether the receiver still knows the key: then the same bytes may be sent again."""
    window = node.action.window_ms
    return (
        node.action.key is not None
        and window is not None
        and turn.at_ms < at.state.first_started_ms + window
    )


def _ask_or_doubt(turn: Turn, at: At, node: CompiledCall, error: ErrorInfo) -> None:
    if node.action.probe and not at.state.probing:
        at.state.probing = True
        turn.commands.append(probe_due(at, node))
    else:
        doubt(turn, at, error)


def doubt(turn: Turn, at: At, error: ErrorInfo) -> None:
    """Order that the node is in doubt."""
    state = at.state
    turn.record(
        NodeInDoubt(path=at.path, generation=state.generation, attempt=state.attempt, error=error)
    )


def lost(turn: Turn, at: At, node: CompiledCall) -> None:
    """Decide about an attempt whose outcome went down with its process (DESIGN section 5)."""
    state = at.state
    state.crashes += 1
    state.lost = True
    state.started = False
    told = "no answer before the process died"
    if node.action.effect != "write":
        if state.crashes >= turn.state.plan.limits.crashes_max:
            crashed = f"the process ended {state.crashes} times while this action ran"
            settle(
                turn, at, "failed", error=ErrorInfo(code="IL6011", message=crashed, permanent=True)
            )
        else:
            order_attempt(turn, at, node)
    elif _within_window(turn, at, node) and state.crashes < turn.state.plan.limits.crashes_max:
        order_attempt(turn, at, node)
    else:
        _ask_or_doubt(turn, at, node, ErrorInfo(code="IL6010", message=told))


def on_probed(turn: Turn, event: ProbeAnswered) -> None:
    """Apply what the receiver said of a write."""
    at, node = locate_call(turn, event)
    expect(at.state.probing, at, event, "nobody was asked")
    match event.answer:
        case "applied":
            ensure(
                event.output is not None,
                "a probe that found the write has its output",
                path=at.path,
            )
            at.state.probing = False
            _judged(turn, at, node, event.output or Value.of(None))
        case "not_applied":
            at.state.probing = False
            _not_applied(turn, at, node)
        case "unknown":
            doubt(
                turn,
                at,
                ErrorInfo(code="IL6010", message=event.message or "the probe could not tell"),
            )


def _not_applied(turn: Turn, at: At, node: CompiledCall) -> None:
    """Send again what is known not to have happened.

    After a crash at no cost, else as `retry` allows.
    """
    error = ErrorInfo(
        code="IL6009", message="the probe found that the write did not happen", not_applied=True
    )
    if at.state.lost and at.state.crashes < turn.state.plan.limits.crashes_max:
        at.state.lost = False
        order_attempt(turn, at, node)
    elif _may_retry(turn, at, node, error):
        _retry(turn, at, node, error)
    else:
        settle(turn, at, "failed", error=at.state.error or error)


def on_in_doubt(turn: Turn, event: NodeInDoubt) -> None:
    """Apply that a write is in doubt: it waits for a person."""
    at = locate(turn.state, event.path, event)
    expect(at.state.status == "running", at, event, "it would have to be running")
    at.state.status = "in_doubt"
    at.state.error = event.error
    turn.state.running -= 1
    turn.state.in_doubt.add(event.path)


def on_resolved(turn: Turn, event: NodeResolved) -> None:
    """Apply a person's decision about a write in doubt."""
    at = locate(turn.state, event.path, event)
    node = at.node
    expect(
        at.state.status == "in_doubt" and event.generation == at.state.generation,
        at,
        event,
        "only a node in doubt can be",
    )
    ensure(isinstance(node, CompiledCall), "only calls can be in doubt", path=event.path)
    turn.state.in_doubt.discard(event.path)
    at.state.status = "running"
    turn.state.running += 1
    if event.verdict == "failed" or not isinstance(node, CompiledCall):
        told = event.reason or "a person found that the write did not happen"
        settle(turn, at, "failed", error=ErrorInfo(code="IL6017", message=told))
    else:
        _judged(turn, at, node, event.output or Value.of(None))
