"""One attempt: whatever the function does becomes an event; only what proves it says that nothing
happened."""

import asyncio
import contextvars
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from types import CoroutineType
from typing import Annotated, Any

import pytest
from pydantic import AfterValidator, PlainSerializer

from interlock.actions import Context, ProposalRules, Registry, action
from interlock.engine import Probe, StartAttempt, idempotency_key
from interlock.errors import InterlockError, NotApplied, Permanent, RetryLater, UsageError
from interlock.graph import ProposeNode, Retry
from interlock.journal import AttemptFailed, AttemptReturned, ErrorInfo, Event, ProbeAnswered, Value
from interlock.runtime.calls.execution import World, ask, attempt
from interlock.runtime.commits import Sealer
from interlock.runtime.deciding import Owning
from interlock.store import MemoryStore, SubjectKeys
from interlock.testing import CountingIds, VirtualClock, run_virtual
from interlock.values import Json, NodeId, Path, plain_text
from unit.engine.driving import RUN, START_MS, Driven, call, failure, plan_of, types

Anything = Any


def order_for(made: Any, args: Json = None, **options: Any) -> StartAttempt:
    """The order to call an action that the engine gives."""
    node = call("a", made.name, with_={} if args is None else args, **options)
    return Driven(plan_of(node, registry=Registry([made]))).due("a")


def world_of(threads: ThreadPoolExecutor, **parts: Any) -> World:
    return World(
        **{
            "clock": VirtualClock(START_MS),
            "threads": threads,
            "secrets": {},
            "resources": {},
            "sealer": Sealer(CountingIds().chance),
            "keys": Owning(SubjectKeys(MemoryStore(), CountingIds().chance)),
            **parts,
        }
    )


async def attempted(*given: Any, **named: Any) -> Event:
    """Call an action once, and wait for what comes of it."""
    event = attempt(*given, **named)
    return await event if isinstance(event, CoroutineType) else event


def tried(made: Any, args: Json = None, order: StartAttempt | None = None, **parts: Any) -> Event:
    """Call an action once, in virtual time."""

    async def main() -> Event:
        with ThreadPoolExecutor(2) as threads:
            return await attempted(
                world_of(threads, **parts), made, order or order_for(made, args), run=RUN
            )

    return run_virtual(main())


def failed(
    made: Any, args: Json = None, order: StartAttempt | None = None, **parts: Any
) -> ErrorInfo:
    event = tried(made, args, order, **parts)
    assert isinstance(event, AttemptFailed), event
    assert event.attempt == (order.attempt if order is not None else 1)
    assert event.path == "a"
    return event.error


def returned(made: Any, args: Json = None, order: StartAttempt | None = None, **parts: Any) -> Json:
    event = tried(made, args, order, **parts)
    assert isinstance(event, AttemptReturned), event
    return event.output.json


def raising(
    error: BaseException | type[BaseException], *, effect: Any = "read", plain: bool = False
) -> Any:
    if plain:

        @action(effect=effect)
        def act() -> int:
            raise error

    else:

        @action(effect=effect)
        async def act() -> int:
            raise error

    return act


# --- what it returns


def test_what_a_function_returns_is_encoded():
    @action(effect="read")
    async def act(n: int) -> dict[str, Any]:
        return {"n": n, "text": "ü"}

    assert returned(act, {"n": 3}) == {"n": 3, "text": "ü"}


def test_a_plain_function_runs_in_a_thread_that_sees_its_context():
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")

    @action(effect="read")
    def act() -> list[str]:
        return [variable.get(), str(threading.current_thread() is threading.main_thread())]

    variable.set("set")
    assert returned(act) == ["set", "False"]


def test_what_a_plain_function_returns_is_awaited_when_it_can_be():
    """A decorator that is not async itself makes a plain function of an async one."""

    async def inner() -> int:
        await asyncio.sleep(3)
        return 7

    @action(effect="read")
    def act() -> int:
        return inner()  # type: ignore[return-value]

    assert returned(act) == 7


def test_usage_is_reported_with_the_outcome():
    @action(effect="read")
    async def act(ctx: Context, fail: bool) -> int:  # noqa: FBT001
        ctx.usage(tokens=3, cost_usd=0.5)
        ctx.usage(tokens=4, cost_usd=0.25)
        if fail:
            raise ValueError("after all")
        return 1

    for fail, kind in ((False, AttemptReturned), (True, AttemptFailed)):
        event = tried(act, {"fail": fail})
        assert isinstance(event, kind)
        assert (event.tokens, event.cost_usd_micros) == (7, 750_000)


@pytest.mark.parametrize("output", [object(), float("nan"), {1: 2}, {"a": {1, 2}}, "\ud800"])
def test_an_output_that_is_no_value_cannot_be_stored(output: object):
    @action(effect="read")
    async def act() -> Anything:
        return output

    error = failed(act)
    assert error.code == "IL6003"
    assert error.message.startswith("`act` returned what cannot be stored: ")
    assert not error.not_applied


def test_a_serializer_that_raises_is_an_output_that_cannot_be_stored():
    def serialize(value: int) -> int:
        raise KeyError(value)

    @action(effect="read")
    async def act() -> list[Annotated[int, PlainSerializer(serialize)]]:
        return [7]

    assert failed(act).code == "IL6003"


# --- what it raises


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize(
    "error, message",
    [
        (ValueError("bad day"), "ValueError: bad day"),
        (ValueError(), "ValueError"),
        (TimeoutError("its own"), "TimeoutError: its own"),
        (SystemExit(3), "SystemExit: 3"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (GeneratorExit("mine"), "GeneratorExit: mine"),
        (ExceptionGroup("many", [ValueError("one")]), "ExceptionGroup: many (1 sub-exception)"),
        (ValueError("half \ud800 of a character"), r"ValueError: half \ud800 of a character"),
    ],
)
def test_what_a_function_raises_is_told_with_its_type(
    error: BaseException, message: str, *, plain: bool
):
    found = failed(raising(error, plain=plain))
    assert (found.code, found.message) == ("IL6001", message)
    assert not found.permanent
    assert not found.not_applied


@pytest.mark.parametrize("plain", [False, True])
def test_the_line_that_raised_is_in_the_hint(*, plain: bool):
    hint = failed(raising(ValueError("bad day"), plain=plain)).hint
    assert "/test_execution.py:" in hint
    assert failed(raising(UsageError("no", hint="say yes"), plain=plain)).hint == "say yes"


def test_a_long_message_is_cut():
    assert len(failed(raising(ValueError("x" * 9_999))).message) == 2_000


def test_an_exception_without_words_is_told_by_its_name():
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no words")

    assert failed(raising(Mute())).message == "Mute"


def test_a_stop_iteration_in_a_thread_is_told():
    assert failed(raising(StopIteration("end"), plain=True)).message == "StopIteration: end"


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("error", [SystemExit(1), KeyboardInterrupt()])
def test_who_wants_to_end_the_process_is_told_what_to_do(error: BaseException, *, plain: bool):
    assert "cannot end the process" in failed(raising(error, plain=plain)).hint


@pytest.mark.parametrize("where", [PlainSerializer, AfterValidator])
def test_types_that_want_to_end_the_process_fail_their_node(where: Any):
    def leave(value: int) -> int:
        raise SystemExit(value)

    @action(effect="read")
    async def act(n: Annotated[int, where(leave)] = 7) -> list[Annotated[int, where(leave)]]:
        return [n]

    assert "SystemExit: 7" in failed(act, {"n": 7}).message


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Ctrl-C as Python has it: a shell that starts something in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_in_an_action_that_blocks_the_loop_ends_the_process():
    """The first one cancels what `asyncio.run` runs; the second one is raised where it stands."""

    @action(effect="read")
    async def act() -> int:
        for _ in range(2):
            signal.raise_signal(signal.SIGINT)
        return 1

    with pytest.raises(KeyboardInterrupt):
        tried(act)


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_ends_a_loop_that_knows_nothing_of_it():
    @action(effect="read")
    async def act() -> int:
        signal.raise_signal(signal.SIGINT)
        return 1

    order = order_for(act)
    with ThreadPoolExecutor(1) as threads, closing(asyncio.new_event_loop()) as loop:
        work = attempted(world_of(threads), act, order, run=RUN)
        with pytest.raises(KeyboardInterrupt):
            loop.run_until_complete(work)


def test_an_attempt_that_is_closed_says_nothing():
    """As the coroutines of a loop that is gone are, whenever their memory is taken back."""
    said: list[Event] = []

    @action(effect="read")
    async def act() -> int:
        await asyncio.Event().wait()
        return 1

    async def driven() -> None:
        said.append(await attempted(world_of(threads), act, order_for(act), run=RUN))

    with ThreadPoolExecutor(1) as threads, closing(asyncio.new_event_loop()) as loop:
        work = driven()
        task = loop.create_task(work)
        loop.call_soon(loop.stop)
        loop.run_forever()
        work.close()
        task.cancel()
        with pytest.raises(RuntimeError, match="cannot reuse already awaited coroutine"):
            loop.run_until_complete(task)
    assert said == []


def test_a_cancellation_inside_of_a_function_is_an_outcome():
    @action(effect="read")
    async def act() -> int:
        task = asyncio.ensure_future(asyncio.sleep(9))
        task.cancel()
        await task
        return 1

    assert failed(act).message == "CancelledError"
    assert failed(raising(asyncio.CancelledError(), plain=True)).message == "CancelledError"


def test_a_cancellation_from_outside_is_none():
    begun = asyncio.Event()

    @action(effect="read")
    async def act() -> int:
        begun.set()
        await asyncio.sleep(9)
        return 1

    async def main() -> None:
        with ThreadPoolExecutor(1) as threads:
            task = asyncio.ensure_future(attempted(world_of(threads), act, order_for(act), run=RUN))
            await begun.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    run_virtual(main())


def test_only_not_applied_proves_that_a_write_did_not_happen():
    class Refused(NotApplied):
        pass

    for error in (NotApplied("no"), Refused("no")):
        found = failed(raising(error, effect="write"))
        assert (found.code, found.not_applied, found.permanent) == ("IL6009", True, False)
    for error in (ValueError("no"), Permanent("no"), UsageError("no")):
        assert not failed(raising(error, effect="write")).not_applied


def test_not_applied_means_nothing_to_a_read():
    found = failed(raising(NotApplied("no")))
    assert (found.code, found.not_applied) == ("IL6001", False)


def test_permanent_failures_say_so():
    class Both(NotApplied, Permanent):
        pass

    assert failed(raising(Permanent("no"))).permanent
    found = failed(raising(Both("no"), effect="write"))
    assert (found.permanent, found.not_applied) == (True, True)


@pytest.mark.parametrize(
    "after, recorded",
    [(20_000, 20_000), (1.5, 1), (-5, 0), (10**30, 3_600_000), (float("nan"), 0), ("soon", 0)],
)
def test_an_action_says_how_long_the_next_attempt_waits(after: Any, recorded: int):
    class Busy(NotApplied, RetryLater):
        pass

    found = failed(raising(RetryLater("busy", after_ms=after)))
    assert (found.code, found.permanent, found.retry_after_ms) == ("IL6001", False, recorded)
    found = failed(raising(Busy("busy", after_ms=after), effect="write"))
    assert (found.code, found.not_applied, found.retry_after_ms) == ("IL6009", True, recorded)


def test_the_hint_of_what_an_action_raises_is_kept():
    for effect in ("read", "write"):
        assert failed(raising(NotApplied("no", hint="ask"), effect=effect)).hint == "ask"
        assert failed(raising(Permanent("no", hint="ask"), effect=effect)).hint == "ask"
    assert failed(raising(RetryLater("no", hint="ask"))).hint == "ask"


def test_the_hint_of_our_own_errors_is_kept():
    assert failed(raising(InterlockError("m", hint="do this"))).hint == "do this"


# --- before it is called


def no_seven(value: int) -> int:
    if value == 7:
        raise ValueError("not seven")
    if value == 8:
        raise ZeroDivisionError("nor eight")
    return value


@pytest.mark.parametrize("value", [7, 8])
def test_arguments_that_are_refused_prove_that_nothing_happened(value: int):
    calls: list[int] = []

    @action(effect="write")
    async def act(n: Annotated[int, AfterValidator(no_seven)]) -> int:
        calls.append(n)
        return n

    error = failed(act, {"n": value})
    assert (error.code, error.permanent, error.not_applied) == ("IL6008", True, True)
    assert calls == []


# --- time


def sleeping(calls: list[str], seconds: float = 9) -> Any:
    @action(effect="read")
    async def act() -> int:
        calls.append("called")
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            calls.append("cancelled")
            raise
        return 1

    return act


def test_an_attempt_that_takes_too_long_is_cancelled():
    calls: list[str] = []
    act = sleeping(calls)
    error = failed(act, order=order_for(act, timeout_ms=1_500))
    assert (error.code, error.message) == ("IL6002", "no answer within 1500 ms")
    assert not error.permanent
    assert calls == ["called", "cancelled"]


def test_an_attempt_that_outlives_the_deadline_of_its_node_is_cancelled_for_good():
    calls: list[str] = []
    act = sleeping(calls)
    error = failed(act, order=order_for(act, timeout_ms=5_000, deadline_ms=1_500))
    assert (error.code, error.permanent, error.not_applied) == ("IL6012", True, False)
    assert error.message == "the `deadline` of `a` passed during attempt 1"
    assert calls == ["called", "cancelled"]


@pytest.mark.parametrize("late_ms", [0, 1])
def test_nothing_is_sent_behind_the_deadline(late_ms: int):
    calls: list[str] = []
    act = sleeping(calls)
    late = VirtualClock(START_MS + 1_500 + late_ms)
    error = failed(act, order=order_for(act, deadline_ms=1_500), clock=late)
    assert (error.code, error.permanent, error.not_applied) == ("IL6012", True, True)
    assert error.message == "the `deadline` of `a` passed before attempt 1 could be sent"
    assert calls == []


LATE = [
    (None, "the `window` of `pay` passed", "knows the key for longer"),
    (60_000, "the `deadline` of `a` passed", "raise it"),
    (90_000, "the `deadline` of `a`, or the `window` of `pay`, passed", "raise the `deadline`"),
]


@pytest.mark.parametrize("deadline_ms, told, hint", LATE)
def test_a_write_is_not_sent_again_once_its_receiver_may_have_forgotten_the_key(
    deadline_ms: int | None, told: str, hint: str
):
    calls: list[int] = []

    @action("pay", effect="write", key="Context.idempotency_key", window="1m")
    def pay(context: Context) -> int:
        calls.append(1)
        return 1

    node = call("a", "pay", with_={}, retry=Retry(attempts=2), deadline_ms=deadline_ms)
    run = Driven(plan_of(node, registry=Registry([pay])))
    run.end("a", failure("IL6001"))
    order = run.due("a")
    error = failed(pay, order=order, clock=VirtualClock(START_MS + 90_000))
    assert (error.code, error.permanent, error.not_applied) == ("IL6012", True, True)
    assert error.message == f"{told} before attempt 2 could be sent"
    assert hint in error.hint
    assert calls == []


@pytest.mark.parametrize("late_ms", [0, 1])
def test_nothing_is_sent_when_its_intent_is_too_old(late_ms: int):
    calls: list[str] = []
    act = sleeping(calls)
    order = replace(order_for(act, timeout_ms=1_500), send_by_ms=START_MS + 1_500)
    error = failed(act, order=order, clock=VirtualClock(START_MS + 1_500 + late_ms))
    assert (error.code, error.permanent, error.not_applied) == ("IL6002", False, True)
    assert error.message == "attempt 1 was not sent within 1500 ms"
    assert calls == []


def test_an_attempt_that_is_sent_late_has_what_is_left_of_its_time():
    calls: list[str] = []
    seen: list[int] = []

    @action(effect="write")
    async def act(ctx: Context) -> int:
        seen.append(ctx.deadline_ms)
        try:
            return await sleeping(calls).func()
        finally:
            seen.append(ctx.now())

    order = replace(order_for(act, timeout_ms=1_500), send_by_ms=START_MS + 1_500)
    error = failed(act, order=order, clock=VirtualClock(START_MS + 1_100))
    assert (error.code, error.not_applied) == ("IL6002", False)
    assert seen == [START_MS + 1_500, START_MS + 1_500]
    assert calls == ["called", "cancelled"]


def test_a_thread_learns_that_its_attempt_was_cancelled():
    seen = threading.Event()
    go_on = threading.Event()

    @action(effect="read")
    def act(ctx: Context) -> int:
        go_on.wait(10)
        if ctx.cancelled:
            seen.set()
        return 1

    async def main() -> None:
        with ThreadPoolExecutor(1) as threads:
            order = order_for(act, timeout_ms=20)
            event = await attempted(world_of(threads), act, order, run=RUN)
            assert isinstance(event, AttemptFailed)
            go_on.set()

    asyncio.run(main())
    assert seen.is_set()


# --- the context


class Client:
    """A client that an application passes in."""


def context_of(order: StartAttempt | None = None, **parts: Any) -> Context:
    found: list[Context] = []

    @action("act", effect="read")
    async def act(ctx: Context) -> int:
        found.append(ctx)
        return 1

    chosen = order if order is not None else order_for(act)
    tried(act, order=chosen, **parts)
    return found[0]


def test_a_context_says_where_the_attempt_stands():
    ctx = context_of()
    assert ctx.attempt_no == 1
    assert ctx.idempotency_key == idempotency_key(RUN, Path("a"), 1)
    assert ctx.deadline_ms == START_MS + 60_000
    assert ctx.now() == START_MS
    assert (ctx.feedback, ctx.previous, ctx.proposal) == ((), None, None)
    assert not ctx.cancelled


def test_the_deadline_of_the_node_bounds_that_of_the_attempt():
    @action("act", effect="read")
    async def act(ctx: Context) -> int:
        return 1

    order = order_for(act, timeout_ms=5_000, deadline_ms=1_500)
    assert context_of(order).deadline_ms == START_MS + 1_500


def test_an_attempt_draws_the_same_numbers_on_every_machine():
    first, again = context_of(), context_of()
    drawn = [first.random() for _ in range(3)]
    assert drawn == [again.random() for _ in range(3)]
    assert all(0 <= number < 1 for number in drawn)


def test_the_next_attempt_learns_what_was_wrong():
    @action("act", effect="read")
    async def act(ctx: Context) -> int:
        return 1

    node = call("a", "act", with_={}, retry=Retry(attempts=2, delay_ms=0, feedback=True))
    run = Driven(plan_of(node, registry=Registry([act])))
    run.end("a", "no integer")
    ctx = context_of(run.due("a"))
    assert ctx.attempt_no == 2
    assert ctx.previous == "no integer"
    assert "wrong type" in ctx.feedback[0]


def test_clients_are_found_by_their_type():
    client = Client()
    assert context_of(resources={Client: client}).resource(Client) is client
    with pytest.raises(UsageError, match="no resource of type `Client`"):
        context_of().resource(Client)


def test_what_proposes_learns_the_rules():
    found: list[ProposalRules | None] = []

    @action(effect="read")
    async def act(ctx: Context) -> dict[str, Any]:
        found.append(ctx.proposal)
        return {}

    node = ProposeNode(id=NodeId("a"), action="act", actions=("act",), returns={"type": "object"})
    run = Driven(plan_of(node, registry=Registry([act])))
    tried(act, order=run.due("a"))
    assert found[0] is not None
    assert set(found[0].actions) == {"act"}
    assert found[0].returns == {"type": "object"}


# --- secrets


def test_secrets_are_masked_wherever_they_come_back():
    @action(effect="read")
    async def act(ctx: Context) -> dict[str, Any]:
        token, longer = ctx.secret("short"), ctx.secret("long")
        return {token: [f"is {longer}!", {"deep": token}, 7, None], "safe": "text"}

    secrets = {"short": "abc", "long": "abcdef"}
    expected = {"***": ["is ***!", {"deep": "***"}, 7, None], "safe": "text"}
    assert returned(act, secrets=secrets) == expected
    assert returned(act, secrets=secrets.get) == expected


def test_secrets_are_masked_in_what_is_raised():
    @action(effect="read")
    async def act(ctx: Context) -> int:
        raise InterlockError(f"no {ctx.secret('s')}", hint=f"try {ctx.secret('s')}")

    error = failed(act, secrets={"s": "hunter2"})
    assert "hunter2" not in error.message + error.hint
    assert (error.message.endswith("no ***\nhint: try ***"), error.hint) == (True, "try ***")


def test_secrets_are_masked_in_what_cannot_be_stored():
    @action(effect="read")
    async def act(ctx: Context) -> dict[str, Any]:
        return {ctx.secret("s"): object()}

    assert "hunter2" not in failed(act, secrets={"s": "hunter2"}).message


@pytest.mark.parametrize("secrets", [{}, {"s": ""}, lambda _: None])
def test_a_secret_that_is_not_there_is_told(secrets: Mapping[str, str] | Callable[[str], None]):
    @action(effect="read")
    async def act(ctx: Context) -> str:
        return ctx.secret("s")

    error = failed(act, secrets=secrets)
    assert "no secret `s` is configured" in error.message
    assert "INTERLOCK_SECRET_S" in error.hint


def test_a_secret_that_was_not_asked_for_is_no_secret_of_this_attempt():
    @action(effect="read")
    async def act(ctx: Context) -> str:
        return "hunter2"

    assert returned(act, secrets={"s": "hunter2"}) == "hunter2"


# --- probes


def asked(probe: Callable[..., object], **parts: Any) -> ProbeAnswered:
    @action("act", effect="write", probe=probe)
    async def act(n: int, ctx: Context) -> int:
        return n

    node = call("a", "act", with_={"n": 3}, timeout_ms=1_000)
    run = Driven(plan_of(node, registry=Registry([act])))
    orders = run.end("a", failure())
    assert types(orders) == ["probe a 1"]
    order = orders[0]
    assert isinstance(order, Probe)

    async def main() -> ProbeAnswered:
        with ThreadPoolExecutor(2) as threads:
            return await ask(world_of(threads, **parts), act, order, run=RUN)

    return run_virtual(main())


async def found(n: int, ctx: Context) -> int:
    assert ctx.attempt_no == 1
    return n + 1


async def not_found(n: int, ctx: Context) -> None:
    return None


def test_a_probe_that_returns_something_found_the_write():
    event = asked(found)
    assert (event.answer, event.output) == ("applied", Value.of(4))
    assert asked(lambda n, ctx: n).output == Value.of(3)


def test_a_probe_that_returns_none_did_not_find_it():
    event = asked(not_found)
    assert (event.answer, event.output) == ("not_applied", None)


@pytest.mark.parametrize(
    "error",
    [
        ValueError("x"),
        SystemExit(1),
        KeyboardInterrupt(),
        asyncio.CancelledError(),
        NotApplied("x"),
    ],
)
def test_whatever_a_probe_raises_means_that_it_cannot_tell(error: BaseException):
    async def probe(n: int, ctx: Context) -> int:
        raise error

    event = asked(probe)
    assert (event.answer, event.output) == ("unknown", None)
    assert event.message.startswith(f"the probe failed: {type(error).__name__}")


def test_a_probe_that_takes_too_long_cannot_tell():
    async def probe(n: int, ctx: Context) -> int:
        await asyncio.sleep(9)
        return 1

    assert asked(probe).answer == "unknown"


def test_a_probe_that_is_cancelled_says_nothing():
    async def probe(n: int, ctx: Context) -> int:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(9)
        return 1

    with pytest.raises(asyncio.CancelledError):
        asked(probe)


def test_secrets_of_a_probe_are_masked():
    async def probe(n: int, ctx: Context) -> str:
        return f"it is {ctx.secret('s')}"

    async def broken(n: int, ctx: Context) -> str:
        raise ValueError(ctx.secret("s"))

    assert asked(probe, secrets={"s": "hunter2"}).output == Value.of("it is ***")
    assert asked(broken, secrets={"s": "hunter2"}).message == "the probe failed: ValueError: ***"


def test_what_a_probe_returns_must_be_a_value():
    async def probe(n: int, ctx: Context) -> object:
        return object()

    assert asked(probe).answer == "unknown"


def test_halves_of_characters_are_written_out():
    assert plain_text("a\udc80ü") == "a\\udc80ü"


def test_an_order_may_be_carried_out_by_another_attempt_number():
    order = order_for(raising(ValueError("x")))
    event = tried(raising(ValueError("x")), order=replace(order, attempt=2))
    assert isinstance(event, AttemptFailed)
    assert event.attempt == 2
