"""Runs of several shapes over a world, driven to their end from wherever a journal has them.

Each is driven in virtual time and by one thread, so that a seed is one course of events.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from interlock.actions import Context, Registry, action
from interlock.graph import GateNode, Graph, WaitNode
from interlock.journal import (
    AttemptStarted,
    Entry,
    GateDecided,
    GateOpened,
    NodeInDoubt,
    NodeSettled,
    WaitOpened,
)
from interlock.plan import Plan, compile as compile_graph
from interlock.runtime import RunResult, Runtime, read_entries
from interlock.testing import Scripted, VirtualClock, World, answer_to
from interlock.values import Json, NodeId, Path, RunId
from sim.checking import arguments_of
from sim.graphs import CASES, call, graph

TURNS_MAX = 50
"""Waits, gates and doubts of one run."""

LONG = "long " * 5_000
"""More than fits into the row of a value."""

LONG_MS = 30_000
"""Longer than a process waits for a timer."""


@action(effect="write", transactional=True)
def book(label: str, values: list[int], ctx: Context) -> int:
    """Write a row to the journal's own database: once, or not at all."""
    ctx.database.execute("CREATE TABLE IF NOT EXISTS ledger (label TEXT, answer INTEGER)")
    answer = answer_to(label, values)
    ctx.database.execute("INSERT INTO ledger VALUES (?, ?)", (label, answer))
    return answer


BOOK = Registry([book])


def registry_of(world: World) -> Registry:
    return world.registry | BOOK


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Runs that go on at once, by id, and what the calls in them do."""

    plans: Mapping[RunId, Plan]
    inputs: Mapping[str, Json] = field(default_factory=dict[str, Json])
    script: Mapping[str, list[Scripted]] = field(default_factory=dict[str, list[Scripted]])
    proposals: Mapping[str, list[Json]] = field(default_factory=dict[str, list[Json]])

    def world(self) -> World:
        return World(self.script, proposals=self.proposals)


def run_id(number: int) -> RunId:
    return RunId(f"01JDK7000000000000000000{number:02}")


def planned(*graphs: Graph, **rest: Any) -> Shape:
    registry = registry_of(World())
    plans = {run_id(n): compile_graph(each, registry) for n, each in enumerate(graphs)}
    return Shape(plans=plans, **rest)


def ledger() -> Graph:
    return graph(
        "ledger",
        call("look", "read"),
        call("first", "book", "look"),
        call("second", "book", "look"),
        call("tell", "keyed", "first", "second"),
        call("third", "book", "tell"),
        outputs={"result": "${{ third }}", "size": "${{ size(inputs.text) }}"},
        inputs={"text": {"type": "string"}},
    )


def gated() -> Graph:
    gate = GateNode(id=NodeId("gate"), ask="Go on?", needs=(NodeId("a"),), quorum=2)
    return graph(
        "gated",
        call("a", "read"),
        gate,
        call("w", "write", "a", needs=("gate",)),
        WaitNode(id=NodeId("said"), signal="go", needs=(NodeId("w"),)),
        WaitNode(id=NodeId("slept"), for_ms=LONG_MS, needs=(NodeId("said"),)),
        call("k", "probed", "w", needs=("slept",)),
        outputs={"result": "${{ k }}"},
    )


def crowd(number: int) -> Graph:
    def named(id_: str, name: str, *values: str):
        return call(id_, name, *values, label=f"{number}-{id_}")

    return graph(
        f"crowd-{number}",
        named("a", "metered"),
        named("b", "write", "a"),
        named("c", "safest", "a"),
        named("d", "book", "b", "c"),
        outputs={"result": "${{ d }}"},
    )


SHAPES: Mapping[str, Shape] = {
    **{
        name: planned(case.graph, inputs=case.inputs, script=case.script, proposals=case.proposals)
        for name, case in CASES.items()
    },
    "ledger": planned(ledger(), inputs={"text": LONG}),
    "gated": planned(gated()),
    "crowd": planned(*(crowd(number) for number in range(4))),
}
COMPARABLE = {name: shape for name, shape in SHAPES.items() if name != "owned"}
"""Those of which two lives have equal digests. Digests of data subjects are made with their keys,
and a store that lost its first commit draws others."""


async def drive(
    runtime: Runtime, shape: Shape, world: World, clock: VirtualClock
) -> list[RunResult]:
    """Begin the runs of a shape, or go on with them, and bring each to its end."""
    rounds = (_driven(runtime, shape, run, world, clock) for run in shape.plans)
    return list(await asyncio.gather(*rounds))


async def _driven(
    runtime: Runtime, shape: Shape, run: RunId, world: World, clock: VirtualClock
) -> RunResult:
    if runtime.store.head(run) is None:
        result = await runtime.run(shape.plans[run], shape.inputs, run=run)
    else:
        result = await runtime.resume(run)
    for _ in range(TURNS_MAX):
        entries = list(read_entries(runtime.store, run))
        if result.status == "in_doubt":
            result = await _decide(runtime, result, entries, world)
        elif result.status == "waiting":
            result = await _go_on(runtime, run, entries, clock)
        else:
            return result
    raise AssertionError(f"{run} comes to no end: {result}")


async def _decide(
    runtime: Runtime, result: RunResult, entries: list[Entry], world: World
) -> RunResult:
    """Let a person ask the receiver: what took place is accepted, what did not is tried again."""
    path = result.in_doubt[0]
    intents = (e.event for e in entries if isinstance(e.event, AttemptStarted))
    label, values = next(arguments_of(intent) for intent in intents if intent.path == path)
    if world.receiver.effects[label]:
        answer = answer_to(label, values)
        return await runtime.resolve(result.run, path, "succeeded", output=answer)
    return await runtime.resolve(result.run, path, "retry")


async def _go_on(
    runtime: Runtime, run: RunId, entries: list[Entry], clock: VirtualClock
) -> RunResult:
    """Do what a run waits for: decide, send a signal, or let time pass."""
    settled = {e.event.path for e in entries if isinstance(e.event, NodeSettled | NodeInDoubt)}
    for entry in entries:
        match entry.event:
            case GateOpened(path=path) if path not in settled:
                return await runtime.approve(run, path, actor=_next_actor(entries, path))
            case WaitOpened(path=path, signal=str(name)) if path not in settled:
                return await runtime.signal(run, name, {"n": 1})
            case _:
                pass
    head = runtime.store.head(run)
    # A disk that refuses may have kept it from saying when it goes on.
    wake_ms = head.wake_ms if head is not None and head.wake_ms is not None else 0
    await asyncio.sleep(max(LONG_MS, wake_ms - clock.now_ms()) / 1000)
    return await runtime.resume(run)


def _next_actor(entries: list[Entry], path: Path) -> str:
    decided = [e for e in entries if isinstance(e.event, GateDecided) and e.event.path == path]
    return ("ann", "bob")[len(decided)]
