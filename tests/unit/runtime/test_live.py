"""What actions say while they run: shown in order, kept nowhere, and never in their way."""

import asyncio
import math
import threading
from collections.abc import Callable
from typing import Any

import pytest

from interlock.actions import Context, Registry, action
from interlock.errors import NotApplied
from interlock.graph import Retry
from interlock.replay import verify
from interlock.runtime import Chunk, Heartbeat, RunResult, Runtime, Watcher, read_entries
from interlock.runtime.calls.live import SAID_BYTES_MAX, WAITING_MAX, Live
from interlock.store import MemoryStore
from interlock.values import Path, RunId
from unit.engine.driving import call, plan_of

RUN = RunId("R1")
Speak = Callable[[Context], None]


def speaking(speak: Speak, *, effect: Any = "read", threaded: bool = False) -> Registry:
    """An action that says something while it runs."""

    def plain(ctx: Context) -> int:
        speak(ctx)
        return ctx.attempt_no

    async def coroutine(ctx: Context) -> int:
        speak(ctx)
        return ctx.attempt_no

    return Registry([action("speak", effect=effect, version="1")(plain if threaded else coroutine)])


async def ran(
    registry: Registry, watcher: Watcher | None, store: MemoryStore | None = None, **options: Any
) -> RunResult:
    plan = plan_of(
        call("a", "speak", with_={}, **options),
        outputs={"result": "${{ a }}"},
        registry=registry,
    )
    secrets = {"key": "hunter2"}
    async with Runtime(
        store or MemoryStore(), registry, secrets=secrets, watcher=watcher
    ) as runtime:
        return await runtime.run(plan, run=RUN)


def some(ctx: Context) -> None:
    ctx.emit("to be ")
    ctx.heartbeat({"done": 1})
    ctx.emit(["or not"])
    ctx.heartbeat()


@pytest.mark.parametrize("threaded", [False, True])
@pytest.mark.parametrize("effect", ["pure", "read", "write"])
async def test_a_watcher_is_shown_all_of_it_in_order(effect: str, *, threaded: bool):
    seen: list[Chunk | Heartbeat] = []
    await ran(speaking(some, effect=effect, threaded=threaded), seen.append)
    kept: dict[str, Any] = {"run": RUN, "path": Path("a"), "attempt": 1}
    assert seen == [
        Chunk(value="to be ", **kept),
        Heartbeat(value={"done": 1}, **kept),
        Chunk(value=["or not"], **kept),
        Heartbeat(value=None, **kept),
    ]


@pytest.mark.parametrize("threaded", [False, True])
async def test_it_is_shown_before_the_end_of_the_attempt(*, threaded: bool):
    seen: list[str] = []
    registry = speaking(some, threaded=threaded)
    plan = plan_of(call("a", "speak", with_={}), registry=registry)
    async with Runtime(MemoryStore(), registry, watcher=lambda _: seen.append("said")) as runtime:
        await runtime.run(plan, observer=lambda _, entry: seen.append(entry.event.type))
    # The start of the run is shown when it is durable, which may be in the midst of it.
    seen.remove("RunStarted")
    assert seen == ["said", "said", "said", "said", "NodeSettled", "RunSettled"]


async def test_a_journal_is_the_same_whatever_is_said_and_whoever_watches():
    executions: set[Any] = set()
    events: set[tuple[str, ...]] = set()
    registry = speaking(some)
    for watcher in (None, lambda _: None):
        store = MemoryStore()
        executions.add((await ran(registry, watcher, store)).execution)
        entries = list(read_entries(store, RUN))
        events.add(tuple(entry.event.type for entry in entries))
        verify(RUN, entries)
    assert len(executions) == len(events) == 1


async def test_each_attempt_says_which_it_is():
    seen: list[Chunk | Heartbeat] = []

    def twice(ctx: Context) -> None:
        ctx.emit("hello")
        if ctx.attempt_no == 1:
            raise NotApplied("not yet")

    retry = Retry(attempts=2, delay_ms=0)
    result = await ran(speaking(twice, effect="write"), seen.append, retry=retry)
    assert result.output == 2
    assert [said.attempt for said in seen] == [1, 2]


async def test_secrets_are_masked():
    seen: list[Chunk | Heartbeat] = []

    def tell(ctx: Context) -> None:
        ctx.emit({"it is": [ctx.secret("key")]})

    await ran(speaking(tell), seen.append)
    assert [said.value for said in seen] == [{"it is": ["***"]}]


@pytest.mark.parametrize(
    "value, why",
    [
        (math.nan, "nan is not a JSON number"),
        ({1, 2}, "a value of type set"),
        ("x" * SAID_BYTES_MAX, "over the limit of 16,384"),
    ],
)
async def test_what_cannot_be_shown_is_told_and_fails_nothing(value: Any, why: str):
    seen: list[Chunk | Heartbeat] = []
    result = await ran(speaking(lambda ctx: ctx.emit(value), effect="write"), seen.append)
    assert result.status == "succeeded"
    assert str(seen[0].value).startswith("(not shown: ")
    assert why in str(seen[0].value)


async def test_what_is_said_is_what_it_was_then():
    seen: list[Chunk | Heartbeat] = []

    def grow(ctx: Context) -> None:
        words: list[Any] = []
        for word in ("a", "b"):
            words.append(word)
            ctx.emit(words)

    await ran(speaking(grow), seen.append)
    assert [said.value for said in seen] == [["a"], ["a", "b"]]


async def test_a_watcher_that_fails_is_left_alone_and_the_run_goes_on():
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))

    def fail(said: Chunk | Heartbeat) -> None:
        raise ValueError("no more")

    result = await ran(speaking(some, effect="write"), fail)
    assert result.status == "succeeded"
    assert [str(each["exception"]) for each in told] == ["no more"]


async def test_who_is_too_slow_misses_the_oldest():
    seen: list[Chunk | Heartbeat] = []

    def much(ctx: Context) -> None:
        for number in range(WAITING_MAX + 10):
            ctx.emit(number)

    await ran(speaking(much), seen.append)
    assert [said.value for said in seen] == list(range(10, WAITING_MAX + 10))


async def test_a_thread_that_goes_on_after_its_time_is_not_heard():
    seen: list[Chunk | Heartbeat] = []
    going, gone = threading.Event(), threading.Event()

    def stay(ctx: Context) -> None:
        going.wait()
        ctx.emit("too late")
        gone.set()

    result = await ran(speaking(stay, threaded=True), seen.append, timeout_ms=20)
    assert result.status == "failed"
    going.set()
    gone.wait()
    await asyncio.sleep(0)
    assert seen == []


def test_what_is_said_to_a_loop_that_is_closed_is_lost():
    seen: list[Chunk | Heartbeat] = []
    loop = asyncio.new_event_loop()
    live = Live(seen.append, loop)
    loop.close()
    live.say(Chunk(run=RUN, path=Path("a"), attempt=1, value=1))
    assert seen == []
