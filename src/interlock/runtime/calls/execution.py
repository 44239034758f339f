"""Carrying out one attempt: decode the arguments, call the function, encode what it returns.

Whatever happens becomes an event. Only `NotApplied`, and what fails before the function is called,
proves that a write did not happen.
"""

import asyncio
import contextvars
import inspect
import random
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor
from dataclasses import field
from types import CoroutineType
from typing import Any, cast

from interlock.actions import Action, Context, Database, LiveKind, ProposalRules, Usage
from interlock.engine import CANCELLED, Probe, StartAttempt, idempotency_key
from interlock.errors import (
    RETRY_AFTER_MS_MAX,
    ActionFailed,
    InterlockError,
    NotApplied,
    Permanent,
    RetryLater,
    UsageError,
)
from interlock.journal import (
    ENGINE,
    Actor,
    AttemptFailed,
    AttemptReturned,
    ErrorInfo,
    Event,
    ProbeAnswer,
    ProbeAnswered,
    Value,
    Who,
)
from interlock.plan import CompiledPropose
from interlock.runtime.calls.beginning import Finished, begin
from interlock.runtime.calls.interruptions import is_from_outside
from interlock.runtime.calls.live import Chunk, Heartbeat, Live, sayable
from interlock.runtime.calls.places import place_of
from interlock.runtime.clock import Clock
from interlock.runtime.commits import Sealer
from interlock.runtime.deciding import Owning, Roles
from interlock.values import Json, RunId, maker, mutable, plain_text

_attempt_returned = maker(AttemptReturned)

MESSAGE_CHARS_MAX = 2_000
MASK = "***"
NO_USAGE = Usage()


@mutable(kw_only=True)
class World:
    """What attempts may reach: the clock, threads, secrets, clients; and who may decide.

    `actor` is the runtime itself, as it stands in each event that it reports or the engine orders.
    """

    clock: Clock
    threads: Executor
    secrets: Mapping[str, str] | Callable[[str], str | None]
    resources: Mapping[type[object], object]
    sealer: Sealer
    keys: Owning
    live: Live | None = None
    roles: Roles = field(default_factory=dict[str, frozenset[Who]])
    actor: Actor = ENGINE


@mutable()
class Call:
    """One call of an action's function, and the secrets that it was given."""

    world: World
    run: RunId
    action: Action[..., Any]
    command: StartAttempt | Probe
    context: Context | None = None
    secrets: list[str] = field(default_factory=list)
    cancelled: bool = False
    never_began: bool = False
    is_over: bool = False
    database: Database | None = None

    def arguments(self, data: bytes) -> dict[str, object]:
        """Decode the arguments, and make the context when the function asks for one."""
        arguments = self.action.decode(data)
        name = self.action.context_name
        if name is not None:
            self.context = self._context()
            arguments[name] = self.context
        return arguments

    def _context(self) -> Context:
        command = self.command
        now_ms = self.world.clock.now_ms()
        deadline = now_ms + command.node.timeout_ms
        starts = isinstance(command, StartAttempt)
        key = idempotency_key(self.run, command.path, command.generation)
        if starts and (end := _end_ms(command)) is not None:
            deadline = min(deadline, end)
        return Context(
            idempotency_key=key,
            attempt_no=command.attempt,
            path=command.path,
            deadline_ms=deadline,
            now=self.world.clock.now_ms,
            # Seeded, so that an attempt draws the same numbers on every machine.
            random=random.Random(f"{key}/{command.attempt}").random,  # noqa: S311
            feedback=command.feedback if starts else (),
            previous=command.previous.json if starts and command.previous is not None else None,
            proposal=_rules(command),
            secret=self._secret,
            say=self._say,
            resources=self.world.resources,
            is_cancelled=lambda: self.cancelled,
            transaction=self.database,
        )

    def _secret(self, name: str) -> str:
        secrets = self.world.secrets
        found = secrets(name) if callable(secrets) else secrets.get(name)
        if not found:
            raise UsageError(
                f"no secret `{name}` is configured",
                hint=f"set it, for example INTERLOCK_SECRET_{name.upper()}",
            )
        self.secrets.append(found)
        return found

    def _say(self, kind: LiveKind, value: Json) -> None:
        live, command = self.world.live, self.command
        if live is None or self.is_over or self.cancelled:
            return
        said = Chunk if kind == "chunk" else Heartbeat
        shown = _masked(sayable(value), self.secrets)
        live.say(said(run=self.run, path=command.path, attempt=command.attempt, value=shown))

    def end(self) -> None:
        """Show what was said, before the outcome is told; what is said from now on is not shown."""
        self.is_over = True
        if self.world.live is not None:
            self.world.live.show()

    @property
    def usage(self) -> Usage:
        """What the attempt said it consumed."""
        return self.context.usage_total if self.context is not None else NO_USAGE

    def encode(self, result: object) -> Value:
        """Encode an output; resolved secrets in it are masked before anything else sees it."""
        value = Value.from_bytes(self.action.encode(result))
        if self.secrets:
            value = Value.of(_masked(value.json, self.secrets))
        command = self.command
        if command.args.subjects is None and command.node.subject is None:
            return value
        return self.world.keys.own(value, command.node.subject, command.args.subjects)

    def mask(self, text: str) -> str:
        """Mask resolved secrets in a message."""
        return plain_text(_masked_text(text, self.secrets))[:MESSAGE_CHARS_MAX]


_call = maker(Call)


def attempt(
    world: World, action: Action[..., Any], command: StartAttempt, *, run: RunId
) -> "Event | CoroutineType[Any, Any, Event]":
    """Call the action once, and take its first step: most calls end with it.

    Returns `AttemptReturned` or `AttemptFailed`, or what comes to one of them when it is awaited;
    raises nothing but what comes from outside.
    """
    call = _call(world, run, action, command)
    try:
        arguments = call.arguments(command.args.data)
    except BaseException as error:
        if is_from_outside(error, asyncio.current_task()):
            raise
        return failed(call, unfit(call, error))
    timeout_ms = command.node.timeout_ms
    end_ms = _end_ms(command)
    if end_ms is not None:
        now_ms = world.clock.now_ms()
        timeout_ms = min(timeout_ms, end_ms - now_ms)
        if timeout_ms <= 0:
            return failed(call, _too_late(command, now_ms))
    begins = asyncio.get_running_loop().time()
    try:
        if action.is_async:
            begun = begin(cast(Awaitable[object], action.func(**arguments)))
        else:
            begun = _in_thread(call, action.func, arguments)
    except BaseException as error:
        call.end()
        if is_from_outside(error, asyncio.current_task()):
            raise
        return failed(call, raised(call, error))
    if not isinstance(begun, Finished):
        limit = asyncio.timeout_at(begins + timeout_ms / 1000)
        return _seen_through(call, command, begun, limit=limit)
    call.end()
    return _returned(call, command, begun.value)


async def _seen_through(
    call: Call, command: StartAttempt, begun: Awaitable[object], *, limit: asyncio.Timeout
) -> Event:
    """Wait for a function that did not end at once, within its time."""
    task = asyncio.current_task()
    try:
        async with limit:
            result = await begun
    except BaseException as error:
        if is_from_outside(error, task):
            raise
        if isinstance(error, TimeoutError) and limit.expired():
            return failed(call, _timed_out(call, command))
        return failed(call, raised(call, error))
    finally:
        call.end()
    return _returned(call, command, result)


def _returned(call: Call, command: StartAttempt, result: object) -> Event:
    try:
        value = call.encode(result)
    except BaseException as error:
        if is_from_outside(error, asyncio.current_task()):
            raise
        return failed(call, not_storable(call, error))
    usage = call.usage
    return _attempt_returned(
        path=command.path,
        generation=command.generation,
        attempt=command.attempt,
        output=value,
        tokens=usage.tokens,
        cost_usd_micros=usage.cost_usd_micros,
    )


def _end_ms(command: StartAttempt) -> int | None:
    """The time after which nothing of an attempt may be sent, if there is one before its time-out.

    It is that of its node, or that of its intent: a successor may have asked about it since.
    """
    deadline_ms, send_by_ms = command.deadline_at_ms, command.send_by_ms
    if deadline_ms is None or send_by_ms is None:
        return send_by_ms if deadline_ms is None else deadline_ms
    return min(deadline_ms, send_by_ms)


def _rules(command: StartAttempt | Probe) -> ProposalRules | None:
    node = command.node
    if not isinstance(node, CompiledPropose):
        return None
    return ProposalRules(actions=node.allowed, returns=node.returns_schema)


class Escape(Exception):
    """Carries, out of a thread, an exception that a future cannot: it would end more than a call.

    Its cause is what the function raised.
    """


async def _in_thread(
    call: Call, func: Callable[..., object], arguments: dict[str, object]
) -> object:
    context = contextvars.copy_context()

    def work() -> object:
        try:
            return context.run(func, **arguments)
        except (StopIteration, KeyboardInterrupt, GeneratorExit) as error:
            raise Escape from error

    queued = call.world.threads.submit(work)
    try:
        result = await asyncio.wrap_future(queued)
        # A plain function may return a coroutine: a decorated async one does.
        return await result if inspect.isawaitable(result) else result
    except asyncio.CancelledError:
        call.cancelled = True
        # All threads were busy: what never began can be taken back, and did not happen.
        call.never_began = queued.cancel() or queued.cancelled()
        raise


def unfit(call: Call, error: BaseException) -> ErrorInfo:
    """The function was not called: that is proof that nothing happened."""
    is_ours = isinstance(error, InterlockError)
    return ErrorInfo(
        code="IL6008",
        message=call.mask(error.message if is_ours else _words(error)),
        hint=error.hint if is_ours else "",
        permanent=True,
        not_applied=True,
    )


def not_storable(call: Call, error: BaseException) -> ErrorInfo:
    is_ours = isinstance(error, InterlockError)
    told = error.message if is_ours else _words(error)
    return ErrorInfo(
        code="IL6003",
        message=call.mask(f"`{call.action.name}` returned what cannot be stored: {told}"),
        hint=error.hint if is_ours else "",
    )


def _too_late(command: StartAttempt, now_ms: int) -> ErrorInfo:
    if command.deadline_at_ms is None or now_ms < command.deadline_at_ms:
        return ErrorInfo(
            code="IL6002",
            message=f"attempt {command.attempt} was not sent within {command.node.timeout_ms} ms",
            hint="the process was stopped, or the disk was slow; `retry` tries it again",
            not_applied=True,
        )
    return _out_of_time(command, f"before attempt {command.attempt} could be sent", sent=False)


def _out_of_time(command: StartAttempt, when: str, *, sent: bool) -> ErrorInfo:
    """What ended: the time of the node, or that in which the receiver knows the key of a write."""
    node, window_ms = command.node, command.node.action.window_ms
    deadline, window = f"the `deadline` of `{node.id}`", f"the `window` of `{node.action.name}`"
    if node.deadline_ms is None:
        ended, hint = window, "if the receiver knows the key for longer, raise `window`"
    elif window_ms is None or node.deadline_ms <= window_ms or command.attempt == 1:
        ended, hint = deadline, "raise it, make the action faster, or let it be tried less often"
    else:
        ended, hint = f"{deadline}, or {window},", f"raise {deadline}, or {window}"
    return ErrorInfo(
        code="IL6012",
        message=f"{ended} passed {when}",
        hint=hint,
        permanent=True,
        not_applied=not sent,
    )


def _escaped(error: BaseException) -> BaseException:
    """What a function raised, in a thread too."""
    return (error.__cause__ or error) if isinstance(error, Escape) else error


def _words(error: BaseException) -> str:
    """Name an exception, with its text when it has one; making the text may fail, too."""
    name = type(error).__name__
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - user code
        return name
    return f"{name}: {text}" if text else name


def _timed_out(call: Call, command: StartAttempt) -> ErrorInfo:
    deadline = command.deadline_at_ms
    if deadline is not None and call.world.clock.now_ms() >= deadline:
        return _out_of_time(command, f"during attempt {command.attempt}", sent=True)
    return ErrorInfo(
        code="IL6002",
        message=f"no answer within {command.node.timeout_ms} ms",
        hint=f"raise `timeout` of `{command.node.id}`, or make the action faster",
        not_applied=call.never_began and call.action.effect == "write",
    )


def cancelled(command: StartAttempt, reason: str, *, sent: bool = True) -> AttemptFailed:
    """Report an attempt that was cancelled; what was not `sent` did not happen."""
    return AttemptFailed(
        path=command.path,
        generation=command.generation,
        attempt=command.attempt,
        error=ErrorInfo(code=CANCELLED, message=reason, permanent=True, not_applied=not sent),
        call_key=command.call_key,
        ahead=command.ahead,
    )


def expired(command: StartAttempt) -> AttemptFailed:
    """Report an attempt that waited for its turn until nothing may be sent any more."""
    return AttemptFailed(
        path=command.path,
        generation=command.generation,
        attempt=command.attempt,
        error=_out_of_time(command, f"before attempt {command.attempt} had its turn", sent=False),
        call_key=command.call_key,
        ahead=command.ahead,
    )


def given_up(command: StartAttempt | Probe) -> Event:
    """Report a call that goes on although its time is over and it was cancelled."""
    told = f"no answer within {command.node.timeout_ms} ms; it was cancelled, and goes on"
    if isinstance(command, Probe):
        return _answer(command, "unknown", message=told)
    hint = f"`{command.node.action.name}` must not swallow `asyncio.CancelledError`"
    return AttemptFailed(
        path=command.path,
        generation=command.generation,
        attempt=command.attempt,
        error=ErrorInfo(code="IL6002", message=told, hint=hint),
        call_key=command.call_key,
        ahead=command.ahead,
    )


def raised(call: Call, error: BaseException) -> ErrorInfo:
    error = _escaped(error)
    told = call.mask(_words(error))
    is_proof = isinstance(error, NotApplied) and call.action.effect == "write"
    return ErrorInfo(
        code="IL6009" if is_proof else "IL6001",
        message=told,
        hint=_hint(call, error),
        permanent=isinstance(error, Permanent),
        not_applied=is_proof,
        retry_after_ms=_asked_ms(error) if isinstance(error, RetryLater) else 0,
    )


def _hint(call: Call, error: BaseException) -> str:
    if isinstance(error, SystemExit | KeyboardInterrupt):
        return f"`{call.action.name}` cannot end the process: return, or raise what went wrong"
    if isinstance(error, InterlockError | ActionFailed) and error.hint:
        return call.mask(str(error.hint))
    is_statement = isinstance(error, NotApplied) and call.action.effect == "write"
    return "" if is_statement else call.mask(place_of(error, call.action.func))


def _asked_ms(error: RetryLater) -> int:
    """How long to wait; what an action says is held against what a journal can hold."""
    after = cast(object, error.after_ms)
    return int(min(max(0, after), RETRY_AFTER_MS_MAX)) if isinstance(after, int | float) else 0


def failed(call: Call, error: ErrorInfo) -> AttemptFailed:
    command = call.command
    starts = isinstance(command, StartAttempt)
    return AttemptFailed(
        path=command.path,
        generation=command.generation,
        attempt=command.attempt,
        error=error,
        call_key=command.call_key if starts else None,
        tokens=call.usage.tokens,
        cost_usd_micros=call.usage.cost_usd_micros,
        ahead=starts and command.ahead,
    )


async def ask(
    world: World, action: Action[..., Any], command: Probe, *, run: RunId
) -> ProbeAnswered:
    """Ask the receiver of a write whether it happened.

    Whatever the probe raises means that it cannot tell.
    """
    probe = action.safety.probe
    call = Call(world, run, action, command)
    task = asyncio.current_task()
    try:
        arguments = call.arguments(command.args.data)
        async with asyncio.timeout(command.node.timeout_ms / 1000):
            result = await _asked(call, cast(Callable[..., object], probe), arguments)
        value = call.encode(result) if result is not None else None
    except BaseException as error:
        if is_from_outside(error, task):
            raise
        told = call.mask(f"the probe failed: {_words(_escaped(error))}")
        return _answer(command, "unknown", message=told)
    return _answer(command, "not_applied" if value is None else "applied", output=value)


def _answer(
    command: Probe, answer: ProbeAnswer, *, output: Value | None = None, message: str = ""
) -> ProbeAnswered:
    return ProbeAnswered(
        path=command.path,
        generation=command.generation,
        attempt=command.attempt,
        answer=answer,
        output=output,
        message=message,
    )


def _masked(value: Json, secrets: list[str]) -> Json:
    match value:
        case str():
            return _masked_text(value, secrets)
        case list():
            return [_masked(part, secrets) for part in value]
        case dict():
            return {
                cast(str, _masked(key, secrets)): _masked(part, secrets)
                for key, part in value.items()
            }
        case _:
            return value


def _masked_text(text: str, secrets: list[str]) -> str:
    # The longest first: a secret may stand inside another one.
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, MASK)
    return text


async def _asked(call: Call, probe: Callable[..., object], arguments: dict[str, object]) -> object:
    if inspect.iscoroutinefunction(probe):
        return await cast(Awaitable[object], probe(**arguments))
    return await _in_thread(call, probe, arguments)
