"""What a caller gives is checked at the door: a slip has a code, and stops nobody else."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from interlock import run as run_and_wait
from interlock.actions import Registry, action
from interlock.errors import UsageError
from interlock.graph import GateNode, Graph, WaitNode, graph
from interlock.runtime import CallLimit, Runtime, Start, Worker
from interlock.runtime.arguments import REASON_CHARS_MAX
from interlock.store import MemoryStore, open_store
from interlock.values import NodeId, RunId

LONG = "x" * 1_000_000


@action("text.shout", effect="pure")
def shout(text: str) -> str:
    return text.upper()


@graph
def greeting(name: str) -> str:
    return shout(name)


ASKED = Graph(
    name="asked",
    nodes={
        NodeId("ok"): GateNode(id=NodeId("ok"), ask="Go?"),
        NodeId("paid"): WaitNode(id=NodeId("paid"), signal="paid"),
    },
)
REGISTRY = Registry([shout])
INPUTS = {"name": "ada"}


@pytest.fixture
async def runtime() -> AsyncIterator[Runtime]:
    async with Runtime(MemoryStore(), REGISTRY) as opened:
        yield opened


STARTS: list[tuple[dict[str, Any], str]] = [
    ({"priority": "x"}, "`priority` is 'x', of type str"),
    ({"priority": True}, "`priority` is True, of type bool"),
    ({"priority": 1.5}, "`priority` is 1.5"),
    ({"deadline_ms": "1h"}, "`deadline_ms` is '1h', of type str"),
    ({"deadline_ms": 1.5}, "`deadline_ms` is 1.5"),
    ({"deadline_ms": -1}, "`deadline_ms` is -1"),
    ({"deadline_ms": 2**70}, "`deadline_ms` is 1180591620717411303424"),
    ({"key": 5}, "`key` is 5, of type int"),
    ({"key": LONG}, "has 1,000,000 characters"),
    ({"key": "\udc80"}, "half a character"),
    ({"run": 5}, "`run` is 5, of type int"),
    ({"run": ""}, "is not the id of a run"),
    ({"run": "a\nb"}, "'a\\nb' is not the id of a run"),
    ({"run": "x" * (129)}, "is not the id of a run"),
    ({"principal": None}, "a principal is None"),
    ({"principal": LONG}, "a name has 1000000 characters"),
    ({"inputs": ["ada"]}, "`inputs` is ['ada'], of type list"),
]
OBSERVER = "`observer` is 5, of type int"


@pytest.mark.parametrize("given, told", STARTS)
async def test_a_slip_in_a_start_has_a_code(runtime: Runtime, given: dict[str, Any], told: str):
    for start in (runtime.run, runtime.enqueue):
        with pytest.raises(UsageError) as caught:
            await start(greeting, **{"inputs": INPUTS, **given})
        assert told in caught.value.message
        assert caught.value.hint
    assert runtime.store.heads() == []
    assert (await runtime.run(greeting, INPUTS)).status == "succeeded", "nobody else is stopped"


@pytest.mark.parametrize("starts, told", [(5, "`starts` is 5"), ([INPUTS], "`start` is {'name'")])
async def test_a_slip_in_many_starts_has_a_code(runtime: Runtime, starts: Any, told: str):
    with pytest.raises(UsageError, match=told):
        await anext(runtime.enqueue_many(greeting, starts))


async def test_what_is_at_a_bound_is_taken(runtime: Runtime):
    run = RunId("r" * 128)
    assert (await runtime.run(ASKED, run=run)).status == "waiting"
    await runtime.pause(run, reason="é" * REASON_CHARS_MAX)
    await runtime.unpause(run)
    assert (await runtime.run(ASKED, deadline_ms=0)).status == "cancelled"


Slip = Callable[[Runtime, RunId], Awaitable[object]]
DECISIONS: dict[str, Slip] = {
    "`on_change` is 'yes'": lambda it, run: it.resume(run, on_change=cast_("yes")),
    "of type NoneType": lambda it, _: it.resume(cast_(None)),
    "'' is not the id": lambda it, _: it.resume(RunId("")),
    "is not the id of a run": lambda it, _: it.pause(RunId(LONG)),
    "`path` is 5, of type int": lambda it, run: it.approve(run, cast_(5)),
    "`path` is ['ok'], of type list": lambda it, run: it.reject(run, cast_(["ok"])),
    "`path` is {'ok': 1}": lambda it, run: it.cancel_node(run, cast_({"ok": 1})),
    "`path` is 1.5": lambda it, run: it.resolve(run, cast_(1.5), "failed"),
    "`path` is b'ok'": lambda it, run: it.signal(run, "paid", path=cast_(b"ok")),
    "`path` has 1,000,000 characters": lambda it, run: it.approve(run, cast_(LONG)),
    "`reason` is None": lambda it, run: it.approve(run, cast_("ok"), reason=cast_(None)),
    "`reason` is 5": lambda it, run: it.pause(run, reason=cast_(5)),
    "has 1,000,000 characters": lambda it, run: it.cancel(run, reason=LONG),
    "has 4,001 characters": lambda it, run: it.cancel_node(run, cast_("ok"), reason=LONG[:4001]),
    "`binding` is 7": lambda it, run: it.approve(run, cast_("ok"), binding=cast_(7)),
    "`name` is 8": lambda it, run: it.signal(run, cast_(8)),
    "`verdict` is 'success'": lambda it, run: it.resolve(run, cast_("ok"), cast_("success")),
    "`undo` is 'yes'": lambda it, run: it.cancel(run, undo=cast_("yes")),
    "`decision` is 5, of type int": lambda it, run: it.decide(run, cast_(5), actor="ada"),
    "`decision` is None": lambda it, run: it.decide(run, cast_(None), actor="ada"),
    "`decision(state)` is 'stop'": lambda it, run: it.decide(
        run, lambda _: cast_("stop"), actor="ada"
    ),
    OBSERVER: lambda it, run: it.pause(run, observer=cast_(5)),
    "a principal is 9": lambda it, run: it.unpause(run, actor=cast_(9)),
}


def cast_(given: object) -> Any:
    """What no type checker would let pass."""
    return given


@pytest.mark.parametrize("told", DECISIONS)
async def test_a_slip_in_a_decision_has_a_code_and_posts_nothing(runtime: Runtime, told: str):
    run = (await runtime.run(ASKED)).run
    with pytest.raises(UsageError) as caught:
        await DECISIONS[told](runtime, run)
    assert told in caught.value.message
    assert caught.value.hint
    assert runtime.store.inbox() == []
    assert (await runtime.approve(run, cast_("ok"))).status == "waiting"


async def test_an_observer_that_cannot_be_called_has_a_code_at_every_door(runtime: Runtime):
    run = (await runtime.run(ASKED)).run
    wrong = cast_(5)
    for attempt in (
        runtime.run(greeting, INPUTS, observer=wrong),
        runtime.resume(run, observer=wrong),
        runtime.reopen(run, graph=ASKED, observer=wrong),
    ):
        with pytest.raises(UsageError, match=OBSERVER) as caught:
            await attempt
        assert caught.value.hint == "give a function, or leave it out"
    assert [head.run for head in runtime.store.heads()] == [run], "nothing was started"
    assert (await runtime.approve(run, cast_("ok"))).status == "waiting"


async def test_who_gives_a_result_for_its_run_hears_what_to_give(runtime: Runtime):
    result = await runtime.run(ASKED)
    with pytest.raises(UsageError, match="`run` is RunResult") as caught:
        await runtime.cancel(cast_(result))
    assert caught.value.hint == "give the id of it: `result.run`"


RUNTIMES: dict[str, Callable[[], object]] = {
    "`store` is 'journal.db'": lambda: Runtime(cast_("journal.db"), REGISTRY),
    "`registry` is [<action": lambda: Runtime(MemoryStore(), cast_([shout])),
    "`limits` is 5": lambda: Runtime(MemoryStore(), REGISTRY, limits=cast_(5)),
    "`limits` is 'text.*'": lambda: Runtime(MemoryStore(), REGISTRY, limits=cast_({"text.*": 2})),
    "`notify` is 6": lambda: Runtime(MemoryStore(), REGISTRY, notify=cast_(6)),
    "`resources` is 5": lambda: Runtime(MemoryStore(), REGISTRY, resources=cast_(5)),
    "`resources` is a text": lambda: Runtime(MemoryStore(), REGISTRY, resources="db"),
    "`resources` is a mapping": lambda: Runtime(MemoryStore(), REGISTRY, resources={"db": 1}),
    "`watcher` is 6": lambda: Runtime(MemoryStore(), REGISTRY, watcher=cast_(6)),
    "`roles` is ['ada']": lambda: Runtime(MemoryStore(), REGISTRY, roles=cast_(["ada"])),
    "`attempts_in_flight_max` is '7'": lambda: Runtime(
        MemoryStore(), REGISTRY, attempts_in_flight_max=cast_("7")
    ),
    "`runtime` is <interlock.store": lambda: Worker(cast_(MemoryStore())),
    "`runs_max` is '8'": lambda: Worker(Runtime(MemoryStore(), REGISTRY), runs_max=cast_("8")),
    "`on_change` is 'no'": lambda: Worker(Runtime(MemoryStore(), REGISTRY), on_change=cast_("no")),
    "`report` is 5": lambda: Worker(Runtime(MemoryStore(), REGISTRY), report=cast_(5)),
    OBSERVER: lambda: Worker(Runtime(MemoryStore(), REGISTRY), observer=cast_(5)),
    "address of a store is 5": lambda: open_store(cast_(5)),
    "`store` is 5": lambda: run_and_wait(greeting, store=cast_(5), name="ada"),
    "`registry` is [": lambda: run_and_wait(greeting, registry=cast_([shout]), name="ada"),
    "`inputs` is ['x']": lambda: run_and_wait(greeting, inputs=cast_(["x"])),
}


@pytest.mark.parametrize("told", RUNTIMES)
def test_a_slip_in_what_a_runtime_is_made_of_has_a_code(told: str):
    with pytest.raises(UsageError) as caught:
        RUNTIMES[told]()
    assert told in caught.value.message
    assert caught.value.hint


def test_what_is_right_is_taken():
    limits = (CallLimit(actions=name, concurrency_max=1) for name in ("text.*", "text.shout"))
    assert Worker(Runtime(MemoryStore(), REGISTRY, limits=limits), runs_max=1)
    assert Start(priority=-100).priority == -100
