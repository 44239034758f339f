"""Attempts of calls: ordered, started, returned, failed, probed, in doubt, resolved."""

from typing import assert_never, cast

from interlock.engine.kinds.proposals import consider
from interlock.engine.scopes import CANCELLED, stopped
from interlock.engine.state import (
    At,
    IllegalTransition,
    Turn,
    ask,
    ask_or_doubt,
    binding_of,
    call_in,
    causes_of,
    doubt,
    expect,
    is_covered,
    judge,
    locate,
    misfit,
    order_attempt,
    settle,
    within_window,
)
from interlock.errors import RETRY_AFTER_MS_MAX
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
NOT_STORABLE = "IL6003"
"""The action returned, so a write happened; but what it returned is not JSON data."""

OUT_OF_TIME = "IL6012"
"""The node's `deadline` passed, or the `window` in which the receiver of a write knows its key."""


def locate_call(
    turn: Turn, event: AttemptStarted | AttemptReturned | AttemptFailed | ProbeAnswered
) -> tuple[At, CompiledCall]:
    """Find the call that an event of an attempt speaks of.

    It must be of the attempt that is due.

    Raises:
        IllegalTransition: it is another attempt, or the node calls nothing, or is not running.
    """
    at = locate(turn, event.path)
    return at, call_due(at, event)


def call_due(
    at: At, event: AttemptStarted | AttemptReturned | AttemptFailed | ProbeAnswered
) -> CompiledCall:
    """Check that an event of an attempt speaks of the one that is due at a node.

    Raises:
        IllegalTransition: it is another attempt, or the node calls nothing, or is not running.
    """
    now = at.state
    # On the way of every node: a call of `expect` for each costs more than all of them.
    if now.status != "running":
        raise misfit(at, "it would have to be running")
    if event.attempt != now.attempt or event.generation != now.generation:
        raise misfit(at, f"the event is of generation {event.generation}, attempt {event.attempt}")
    if event.path in at.turn.state.ordered:
        raise misfit(at, "what came of it is to be recorded first")
    if now.opened is not None:
        raise misfit(at, "it waits for the scope it opened")
    # What runs with nothing open and nothing to be recorded is a call (see `check_state`).
    return cast(CompiledCall, at.node)


def on_started(turn: Turn, event: AttemptStarted) -> None:
    """Apply the intent."""
    at, _ = locate_call(turn, event)
    expect(not at.state.started, at, "the attempt has started already")
    expect(not at.state.probing, at, "its receiver is asked about it")
    call = call_in(at)
    same = event.call_key == call.key and event.args == call.args
    expect(same, at, "it calls something else")
    expect(event.approval == binding_of(at), at, "it is not what was approved")
    turn.state.causes = () if at.state.ahead else causes_of(at)
    at.state.started, at.state.ahead = True, False
    at.state.started_ms = turn.at_ms
    at.state.first_started_ms = at.state.first_started_ms or turn.at_ms
    at.state.cause = turn.seq


def on_returned(turn: Turn, event: AttemptReturned) -> None:
    """Judge a raw response. One that is not journaled itself ran ahead."""
    take_returned(locate(turn, event.path), event)


def take_returned(at: At, event: AttemptReturned) -> None:
    """Judge what a node returned."""
    ahead, node = at.turn.seq == 0, call_due(at, event)
    now = at.state
    expect(now.ahead if ahead else now.started, at, "the attempt has not started")
    if at.turn.state.is_keyed:
        _check_owners(at, event.output)
    at.turn.state.causes = _intent(at)
    now.started = now.ahead = False
    now.tokens += event.tokens
    now.cost_usd_micros += event.cost_usd_micros
    _received(at, node, event.output, ahead=event if ahead else None)


def _check_owners(at: At, output: Value) -> None:
    """Refuse what was made of somebody's values, and says that it is not theirs."""
    owners = call_in(at).args.subjects
    if owners is not None:
        expect(is_covered(output, owners), at, "its output belongs to those of its arguments")


def _intent(at: At) -> tuple[int, ...]:
    """The seq of the intent of the attempt that reports; what runs ahead has none."""
    return (at.state.cause,) if at.state.started else ()


def _received(
    at: At, node: CompiledCall, output: Value, *, ahead: AttemptReturned | None = None
) -> None:
    """Go on with an output, wherever it came from: compile what was proposed, judge the rest."""
    if isinstance(node, CompiledPropose):
        consider(at, node, output)
    else:
        _judged(at, node, output, ahead=ahead)


def _judged(
    at: At, node: CompiledCall, output: Value, *, ahead: AttemptReturned | None = None
) -> None:
    """Settle or fail by what the output is worth; `ahead` is the event when it is not journaled."""
    problem = judge(at, output)
    if problem is None:
        settle(at, "succeeded", output=output, ahead=ahead is not None)
    elif node.action.effect == "write":
        settle(at, "violated", output=output, error=problem)
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
        at.turn.record(failed, causes_of(at) if ahead is not None else ())


def on_failed(turn: Turn, event: AttemptFailed, *, judged: bool) -> None:
    """Retry, ask, doubt or fail.

    `judged` failures were ordered by the engine, others reported from outside.
    """
    at, node = locate_call(turn, event)
    state = at.state
    why = stopped(at)
    # What waits for its turn has no intent yet: it may be cancelled, or its deadline may come.
    late = event.error.code == OUT_OF_TIME and event.error.not_applied
    unsent = late or (why is not None and event.error.code == CANCELLED)
    began = judged or (state.ahead if event.ahead else state.started) or unsent
    expect(began, at, "the attempt has not started")
    expect(event.call_key in (None, call_in(at).key), at, "it called something else")
    expect(judged or event.output is None, at, "what returned is refused by the engine alone")
    if not judged:
        turn.state.causes = _intent(at)
    state.started = state.ahead = False
    state.error = event.error
    state.refused = event.output
    if not judged:
        state.tokens += event.tokens
        state.cost_usd_micros += event.cost_usd_micros
    if why is not None and event.error.code != NOT_STORABLE:
        _was_cancelled(at, node, event.error, why=why)
    elif node.action.effect == "write":
        _write_failed(at, node, event.error)
    elif _may_retry(at, node, event.error):
        _retry(at, node, event.error)
    else:
        settle(at, "failed", error=event.error)


def _was_cancelled(at: At, node: CompiledCall, error: ErrorInfo, *, why: ErrorInfo) -> None:
    """End what was to stop; a write that was sent may have happened all the same."""
    is_write = node.action.effect == "write"
    at.state.unproven = at.state.unproven or (is_write and not error.not_applied)
    if not at.state.unproven:
        settle(at, "cancelled", error=why)
    else:
        ask_or_doubt(at, node, error)


def _write_failed(at: At, node: CompiledCall, error: ErrorInfo) -> None:
    """Retry what is known not to have happened, or what the receiver knows by its key.

    `NotApplied` speaks of its own attempt: an earlier one without an answer stays unproven.
    """
    state = at.state
    if error.code == NOT_STORABLE and not error.not_applied:
        settle(at, "violated", error=error)
        return
    state.unproven = state.unproven or not error.not_applied
    safe = not state.unproven or within_window(at, node, delay_ms=delay_ms(at, node))
    if safe and _may_retry(at, node, error):
        _retry(at, node, error)
    elif not state.unproven:
        settle(at, "failed", error=error)
    elif error.not_applied:
        told = f"an earlier attempt has no answer; the last one did not happen: {error.message}"
        ask_or_doubt(at, node, ErrorInfo(code="IL6010", message=told))
    else:
        ask_or_doubt(at, node, error)


def _may_retry(at: At, node: CompiledCall, error: ErrorInfo) -> bool:
    state = at.state
    tries = state.attempt - state.losses - state.repairs
    return (
        not error.permanent
        and tries < node.retry.attempts
        and stopped(at) is None
        and _before_deadline(at, node)
    )


def _before_deadline(at: At, node: CompiledCall) -> bool:
    return (
        node.deadline_ms is None
        or at.turn.at_ms + delay_ms(at, node) < at.state.first_started_ms + node.deadline_ms
    )


def _retry(at: At, node: CompiledCall, error: ErrorInfo) -> None:
    if node.retry.feedback:
        at.state.feedback = (f"{error.code}: {error.message}",)
    order_attempt(at, node, not_before_ms=at.turn.at_ms + delay_ms(at, node))


def delay_ms(at: At, node: CompiledCall) -> int:
    """The wait that the failure asked for, and then exponential backoff with seeded jitter.

    The same wait on every machine and in every replay. Those that were all told to wait for a
    minute do not come back all at once.
    """
    asked = at.state.error.retry_after_ms if at.state.error is not None else 0
    retry = node.retry
    whole = min(retry.delay_max_ms, retry.delay_ms * retry.backoff ** (at.state.attempt - 1))
    seed = digest("jitter", [at.turn.state.run, at.path, at.state.generation, at.state.attempt])
    fraction = int(seed[7:15], 16) / 0x1_0000_0000
    backoff = round(whole * (JITTER_MIN + (1 - JITTER_MIN) * fraction))
    return min(max(asked, 0), RETRY_AFTER_MS_MAX) + backoff


def lost(at: At, node: CompiledCall, *, crashed: bool) -> None:
    """Decide about an attempt whose outcome was lost with its owner, which crashed or stopped."""
    state = at.state
    state.losses += 1
    state.crashes += crashed
    state.lost = True
    state.started = False
    if node.action.effect != "write" or node.action.transactional:
        # What commits with its outcome has not happened when there is no outcome.
        _again_after_crash(at, node)
        return
    state.unproven = True
    if within_window(at, node) and _may_crash_again(at) and stopped(at) is None:
        order_attempt(at, node)
    else:
        told = f"no answer before {'the process died' if crashed else 'the run was stopped'}"
        ask_or_doubt(at, node, ErrorInfo(code="IL6010", message=told))


def _may_crash_again(at: At) -> bool:
    return at.state.crashes < at.turn.state.plan.limits.crashes_max


def _again_after_crash(at: At, node: CompiledCall) -> None:
    """Order what is known not to have happened again, unless it kills process after process."""
    why = stopped(at)
    if why is not None:
        settle(at, "cancelled", error=why)
    elif _may_crash_again(at):
        order_attempt(at, node)
    else:
        told = f"the process ended {at.state.crashes} times while this action ran"
        settle(at, "failed", error=ErrorInfo(code="IL6011", message=told, permanent=True))


def on_probed(turn: Turn, event: ProbeAnswered) -> None:
    """Apply what the receiver said of a write."""
    at, node = locate_call(turn, event)
    expect(at.state.probing, at, "nobody was asked")
    match event.answer:
        case "applied":
            at.state.probing = False
            _received(at, node, _output_of(at, event))
        case "not_applied":
            at.state.probing = at.state.unproven = at.state.happened = False
            _not_applied(at, node)
        case "unknown":
            told = event.message or "the probe could not tell"
            doubt(at, ErrorInfo(code="IL6010", message=told))
        case _:
            assert_never(event.answer)


def _not_applied(at: At, node: CompiledCall) -> None:
    """Send again what is known not to have happened.

    After a crash at no cost, else as `retry` allows.
    """
    error = ErrorInfo(
        code="IL6009", message="the probe found that the write did not happen", not_applied=True
    )
    if at.state.waiting:
        _wait_again(at)
    elif at.state.lost:
        _again_after_crash(at, node)
    elif (why := stopped(at)) is not None:
        settle(at, "cancelled", error=why)
    elif _may_retry(at, node, error):
        _retry(at, node, error)
    else:
        settle(at, "failed", error=at.state.error or error)


def _let_fail(at: At, *, reason: str) -> None:
    """Settle what does not count, as a person says; what has happened stays something to undo."""
    if at.state.happened:
        told = reason or "a person found that what happened does not count"
        settle(at, "violated", error=ErrorInfo(code="IL6017", message=told))
    else:
        told = reason or "a person found that the write did not happen"
        status = "failed" if stopped(at) is None else "cancelled"
        settle(at, status, error=ErrorInfo(code="IL6017", message=told))


def _once_more(at: At, node: CompiledCall) -> None:
    """Send again what did not happen, as a person wants; not where all is to stop."""
    why = stopped(at)
    if why is not None:
        settle(at, "cancelled", error=why)
    elif at.state.waiting:
        _wait_again(at)
    else:
        order_attempt(at, node)


def _wait_again(at: At) -> None:
    """Let a node start in its turn: its gate asks anew, since the run was opened again."""
    at.state.status = "waiting"
    at.turn.state.running -= 1


def _output_of(at: At, event: ProbeAnswered | NodeResolved) -> Value:
    if event.output is None:
        raise IllegalTransition(f"`{event.type}` for `{at.path}` says no output")
    if at.turn.state.is_keyed:
        _check_owners(at, event.output)
    return event.output


def on_in_doubt(turn: Turn, event: NodeInDoubt) -> None:
    """Apply that a write is in doubt: it waits for a person."""
    at = locate(turn, event.path)
    expect(at.state.status == "running", at, "it would have to be running")
    at.state.status = "in_doubt"
    at.state.error = event.error
    turn.state.running -= 1
    turn.state.in_doubt.add(event.path)


def on_resolved(turn: Turn, event: NodeResolved) -> None:
    """Apply a person's decision about a write in doubt."""
    at = locate(turn, event.path)
    expect(
        at.state.status == "in_doubt" and event.generation == at.state.generation,
        at,
        "only a node in doubt can be",
    )
    turn.state.in_doubt.discard(event.path)
    at.state.status = "running"
    turn.state.running += 1
    node = cast(CompiledCall, at.node)
    match event.verdict:
        case "succeeded":
            _received(at, node, _output_of(at, event))
        case "failed":
            _let_fail(at, reason=event.reason)
        case "retry":
            at.state.unproven = at.state.happened = False
            _once_more(at, node)
        case "ask":
            expect(node.action.probe, at, "its action declares no probe")
            at.state.error = None
            ask(at, node)
        case _:
            assert_never(event.verdict)
