"""Limits and fair turns over the runs of a process, in virtual time."""

import asyncio
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from interlock import action
from interlock.actions import Registry
from interlock.errors import StoreError, UsageError
from interlock.graph import Graph, MapNode
from interlock.journal import (
    AttemptStarted,
    Entry,
    NodeSettled,
    RunPaused,
    RunUnpaused,
    principal_of,
)
from interlock.plan import Plan, compile as compile_graph
from interlock.replay import verify
from interlock.runtime import CallLimit, RunResult, Runtime, read_entries
from interlock.runtime.runtime import THREADS_MAX
from interlock.store import MemoryStore, Store
from interlock.testing import (
    CountingIds,
    Fault,
    FaultyStore,
    Scripted,
    VirtualClock,
    World,
    run_virtual,
)
from interlock.values import NodeId, Path, RunId
from unit.engine.driving import call

RUN = RunId("R1")
ADA = principal_of("ada").actor


def many(name: str, count: int, *, prefix: str = "", limit: int | None = None, **body: Any) -> Plan:
    """A map that calls an action so often: labels are the prefix and a number."""
    with_ = {"label": "${{ inputs.label }}", "values": []}
    one = Graph(
        name="one",
        inputs={"label": {"type": "string"}},
        nodes={NodeId("x"): call("x", name, with_=with_, **body)},
    )
    labels = [f"{prefix}{number}" for number in range(count)]
    all_ = MapNode(
        id=NodeId("all"), graph="one", over="${{ inputs.labels }}", limit=limit,
        with_={"label": "${{ item }}"},
    )  # fmt: skip
    given_ = {"labels": {"type": "array", "items": {"type": "string"}, "default": labels}}
    graph = Graph(name="g", nodes={all_.id: all_}, graphs={"one": one}, inputs=given_)
    return compile_graph(graph, World().registry)


@dataclass
class Calls:
    """When calls began and ended, in microseconds of the loop, and which."""

    began: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    going: set[str] = field(default_factory=set[str])
    most: Counter[str] = field(default_factory=Counter[str])

    async def watch(self, moment: Any) -> None:
        """Follow the calls of a `World`."""
        label: str = moment.label
        if moment.point == "called":
            self.began.append((now_us(), label))
            self.going.add(label)
            kind = label[0]
            self.most[kind] = max(self.most[kind], sum(one[0] == kind for one in self.going))
            self.most["*"] = max(self.most["*"], len(self.going))
        elif moment.point == "answering":
            self.going.discard(label)

    @property
    def order(self) -> list[str]:
        return [label for _, label in self.began]

    def times_us(self, prefix: str = "") -> list[int]:
        return [at_us for at_us, label in self.began if label.startswith(prefix)]


def now_us() -> int:
    return round(asyncio.get_running_loop().time() * 1_000_000)


class Here:
    """A store, a world, and runtimes over them."""

    def __init__(
        self, script: Any = None, *, delay_ms: int = 0, store: Store | None = None
    ) -> None:
        self.calls = Calls()
        self.world = World(
            script or (lambda _label, _number: Scripted(delay_ms=delay_ms)),
            watch=self.calls.watch,
        )
        self.store: Store = store or MemoryStore()
        self.clock = VirtualClock()
        self.ids = CountingIds()

    def runtime(self, **options: Any) -> Runtime:
        store = options.pop("store", self.store)
        registry = options.pop("registry", self.world.registry)
        return Runtime(store, registry, clock=self.clock, ids=self.ids, **options)

    def run(self, *plans: Plan, **options: Any) -> list[RunResult]:
        """Run plans at the same time, in the order in which they are given."""

        async def main() -> list[RunResult]:
            async with self.runtime(**options) as runtime:
                runs = [
                    runtime.run(plan, run=RunId(f"R{number}"))
                    for number, plan in enumerate(plans, start=1)
                ]
                return await asyncio.gather(*runs)

        return run_virtual(main())

    def verified(self, run: RunId = RUN) -> bool:
        outcome = verify(run, read_entries(self.store, run))
        return outcome.replayed == outcome.recorded


def virtually(here: Here, main: Callable[[Runtime], Awaitable[None]], **options: Any) -> None:
    async def run() -> None:
        async with here.runtime(**options) as runtime:
            await main(runtime)

    run_virtual(run())


def densest(times_us: Sequence[int], window_us: int) -> int:
    """How many calls began in the window that has the most of them."""
    return max(
        (sum(begin <= at < begin + window_us for at in times_us) for begin in times_us), default=0
    )


# --- concurrency and rate


@pytest.mark.parametrize("name", ["pure", "read", "metered", "write", "keyed"])
def test_so_many_go_on_at_a_time_and_no_fewer(name: str):
    here = Here(delay_ms=100)
    limits = [CallLimit(actions=name, concurrency_max=3)]
    results = here.run(many(name, 7, prefix="a"), many(name, 5, prefix="b"), limits=limits)
    assert {result.status for result in results} == {"succeeded"}
    assert here.calls.most["*"] == 3
    assert here.calls.began[-1][0] == pytest.approx(300_000, abs=20_000)
    assert here.verified()


def test_runs_take_turns_at_a_limit_and_keep_their_own_order():
    here = Here(delay_ms=100)
    limits = [CallLimit(actions="*", concurrency_max=1)]
    here.run(many("write", 4, prefix="a"), many("write", 2, prefix="b"), limits=limits)
    assert here.calls.order == ["a0", "a1", "b0", "a2", "b1", "a3"]


def test_calls_are_counted_apart_for_each_value():
    here = Here(delay_ms=100)
    limits = [CallLimit(actions="metered", concurrency_max=1, by="label")]
    plans = [many("metered", 3), many("metered", 3)]
    here.run(*plans, limits=limits)
    assert sorted(here.calls.order[:3]) == ["0", "1", "2"]
    assert [at // 100_000 for at, _ in here.calls.began] == [0, 0, 0, 1, 1, 1]


def test_calls_are_started_evenly():
    here = Here()
    here.run(many("pure", 5), limits=[CallLimit(actions="pure", rate_per_s=3)])
    begin = here.calls.began[0][0]
    assert [at - begin for at in here.calls.times_us()] == [number * 333_334 for number in range(5)]


def test_after_a_pause_a_burst_may_come_and_no_more():
    here = Here()
    limits = [CallLimit(actions="pure", rate_per_s=10, burst_max=3)]
    here.run(many("pure", 5), limits=limits)
    assert here.calls.times_us() == [0, 0, 0, 100_000, 200_000]


def test_what_ends_early_does_not_make_a_rate_faster():
    here = Here(delay_ms=1)
    limits = [CallLimit(actions="*", rate_per_s=2, concurrency_max=1)]
    here.run(many("write", 3), limits=limits)
    started = [
        entry.at_ms for entry in read_entries(here.store, RUN)
        if isinstance(entry.event, AttemptStarted)
    ]  # fmt: skip
    assert [at - started[0] for at in started] == [0, 500, 1_000]


def test_other_actions_are_not_held_up():
    here = Here()
    limits = [CallLimit(actions="metered", rate_per_s=0.1)]
    here.run(many("metered", 3, prefix="m"), many("read", 3, prefix="r"), limits=limits)
    assert here.calls.times_us("m") == [0, 10_000_000, 20_000_000]
    assert here.calls.times_us("r") == [0, 0, 0]


def test_no_intent_is_written_while_a_call_waits():
    here = Here(delay_ms=1_000)
    limits = [CallLimit(actions="*", concurrency_max=1)]
    here.run(many("write", 3, timeout_ms=1_500), limits=limits)
    told = [
        (entry.event.type, (entry.at_ms - here.clock.now_ms()) // 1_000 + 4)
        for entry in read_entries(here.store, RUN)
        if isinstance(entry.event, AttemptStarted)
    ]
    assert told == [("AttemptStarted", 1), ("AttemptStarted", 2), ("AttemptStarted", 3)]
    assert here.world.receiver.effects == {"0": 1, "1": 1, "2": 1}


LIMITS = st.lists(
    st.builds(
        CallLimit,
        actions=st.sampled_from(["*", "metered", "p*"]),
        concurrency_max=st.integers(1, 4),
        rate_per_s=st.none() | st.sampled_from([1, 7, 30.5]),
        by=st.none() | st.just("label"),
    ),
    min_size=1,
    max_size=3,
)
KINDS = st.lists(
    st.tuples(st.sampled_from(["metered", "pure", "probed"]), st.integers(1, 8)),
    min_size=1,
    max_size=4,
)


@settings(max_examples=60, deadline=None)
@given(LIMITS, KINDS, st.integers(1, 5), st.integers(0, 400), st.integers(-2, 2))
def test_no_limit_is_ever_exceeded_and_nobody_starves(
    limits: list[CallLimit],
    kinds: list[tuple[str, int]],
    in_flight: int,
    delay_ms: int,
    priority: int,
):
    """Whatever limits meet, all hold, all runs end, and the same order comes again."""

    def once() -> list[tuple[int, str]]:
        here = Here(delay_ms=delay_ms)
        plans = [many(kind, count, prefix=kind[:2]) for kind, count in kinds]

        async def main(runtime: Runtime) -> None:
            runs = [
                runtime.run(plan, priority=priority * (index % 2))
                for index, plan in enumerate(plans)
            ]
            results = await asyncio.gather(*runs)
            assert {result.status for result in results} == {"succeeded"}
            assert not runtime._scheduler.slots.taken
            assert all(
                station.waiting.size == 0 for station in runtime._scheduler._stations.values()
            )

        virtually(here, main, limits=limits, attempts_in_flight_max=in_flight)
        check_limits_held(here.calls, limits, {kind for kind, _ in kinds}, delay_ms)
        assert peak(here.calls.times_us(), delay_ms) <= in_flight
        return here.calls.began

    assert once() == once()


def peak(times_us: list[int], delay_ms: int) -> int:
    """How many calls that take so long went on at a time."""
    return densest(times_us, delay_ms * 1_000) if delay_ms else 0


def check_limits_held(
    calls: Calls, limits: list[CallLimit], kinds: set[str], delay_ms: int
) -> None:
    for limit in limits:
        prefixes = tuple(kind[:2] for kind in kinds if limit.fits(kind))
        fitting = [(at, label) for at, label in calls.began if label.startswith(prefixes)]
        keys = {label if limit.by else "" for _, label in fitting}
        for key in keys:
            times = [at for at, label in fitting if key in ("", label)]
            assert limit.concurrency_max is None or peak(times, delay_ms) <= limit.concurrency_max
            if limit.rate_per_s is not None:
                assert densest(times, int(1_000_000 / limit.rate_per_s)) <= 1
                assert densest(times, int(3_000_000 / limit.rate_per_s)) <= 3


# --- fair turns


def test_a_small_run_is_not_held_up_by_a_huge_map():
    here = Here(delay_ms=100)
    ends: dict[str, int] = {}

    async def main(runtime: Runtime) -> None:
        huge = asyncio.ensure_future(runtime.run(many("metered", 5_000, prefix="h", limit=5_000)))
        await asyncio.sleep(0.25)
        begin = now_us()
        await runtime.run(many("metered", 3, prefix="s", limit=1))
        ends["small"] = now_us() - begin
        assert (await huge).status == "succeeded"

    virtually(here, main, attempts_in_flight_max=1_000)
    # Its own three calls take 300 ms; each waits at most for one call of the other to end.
    assert ends["small"] <= 600_000
    assert here.calls.most["*"] == 1_000


def test_a_small_run_of_pure_nodes_goes_between_the_nodes_of_a_huge_map():
    here = Here()
    done: list[int] = []

    async def main(runtime: Runtime) -> None:
        plan = many("pure", 5_000, prefix="h", limit=1_000)
        huge = asyncio.ensure_future(runtime.run(plan))
        await asyncio.sleep(0)
        await runtime.run(many("pure", 5, prefix="s"))
        done.append(here.world.calls.total())
        await huge

    virtually(here, main, attempts_in_flight_max=100)
    assert done[0] < 4_000


def test_a_higher_priority_goes_first_and_a_lower_one_does_not_starve():
    here = Here(delay_ms=10)

    async def main(runtime: Runtime) -> None:
        first = asyncio.ensure_future(runtime.run(many("metered", 60, prefix="l"), priority=-1))
        await asyncio.sleep(0)
        await runtime.run(many("metered", 60, prefix="h"), priority=1)
        await first

    virtually(here, main, attempts_in_flight_max=1)
    kinds = "".join(label[0] for label in here.calls.order)
    assert kinds.startswith("l" + "h" * 20 + "l")
    assert kinds.index("l", 22) <= 43


def test_a_priority_that_there_is_not_is_refused():
    async def main(runtime: Runtime) -> None:
        with pytest.raises(UsageError, match="no priority 101"):
            await runtime.run(many("pure", 1), priority=101)

    virtually(Here(), main)


def test_plain_functions_wait_for_a_thread_before_their_intent_is_written():
    lock, going, most = threading.Lock(), set[int](), [0]
    full = threading.Event()

    @action(effect="write")
    def work(n: int) -> int:
        with lock:
            going.add(n)
            most[0] = max(most[0], len(going))
            if len(going) == THREADS_MAX:
                full.set()
        full.wait(60)
        with lock:
            going.discard(n)
        return n

    registry = Registry([work])
    nodes = {NodeId(f"n{n}"): call(f"n{n}", "work", with_={"n": n}) for n in range(2 * THREADS_MAX)}
    plan = compile_graph(Graph(name="g", nodes=nodes), registry)
    here = Here()

    async def main(runtime: Runtime) -> None:
        seen: list[Entry] = []
        result = await runtime.run(plan, observer=lambda _, entry: seen.append(entry))
        assert result.status == "succeeded"
        intents = ["AttemptStarted"] * THREADS_MAX
        types = [entry.event.type for entry in seen[1:]]
        assert types[:THREADS_MAX] == intents
        assert types[THREADS_MAX] == "AttemptReturned"

    async def really() -> None:
        # Virtual time does not wait for threads of actions: it jumps to the end of their timeout.
        async with here.runtime(registry=registry) as runtime:
            await main(runtime)

    asyncio.run(really())
    assert most[0] == THREADS_MAX


# --- cancelled, paused, drained, past its deadline, crashed


def test_a_deadline_counts_while_a_call_waits():
    here = Here(delay_ms=1_000)
    limits = [CallLimit(actions="*", concurrency_max=1)]
    results = here.run(many("metered", 3, deadline_ms=500), limits=limits)
    assert results[0].status == "failed"
    settled = {
        entry.event.path: (entry.event.status, entry.event.error and entry.event.error.code)
        for entry in read_entries(here.store, RUN)
        if isinstance(entry.event, NodeSettled)
    }
    assert settled[Path("all[1]/x")] == ("failed", "IL6012")
    assert here.world.calls == {"0": 1}
    assert here.verified()


@pytest.mark.parametrize("name", ["write", "pure"])
def test_draining_leaves_what_waits_to_the_next_owner(name: str):
    here = Here(delay_ms=1_000)
    limits = [CallLimit(actions="*", concurrency_max=1)]

    async def first(runtime: Runtime) -> None:
        running = asyncio.ensure_future(runtime.run(many(name, 3), run=RUN))
        await asyncio.sleep(0.5)
        await runtime.drain()
        assert (await running).status == "interrupted"
        assert here.world.calls == {"0": 1}

    async def second(runtime: Runtime) -> None:
        assert (await runtime.resume(RUN)).status == "succeeded"

    virtually(here, first, limits=limits)
    virtually(here, second, limits=limits)
    assert here.world.calls == {"0": 1, "1": 1, "2": 1}
    assert here.verified()


def test_what_leaves_makes_room_for_others():
    here = Here(delay_ms=1_000)
    limits = [CallLimit(actions="*", concurrency_max=1, rate_per_s=100)]

    async def main(runtime: Runtime) -> None:
        held = asyncio.ensure_future(runtime.run(many("pure", 3, prefix="a")))
        await asyncio.sleep(0.5)
        other = asyncio.ensure_future(runtime.run(many("pure", 1, prefix="b")))
        await asyncio.sleep(0)
        held.cancel()
        with suppress(asyncio.CancelledError):
            await held
        assert (await other).status == "succeeded"

    virtually(here, main, limits=limits)
    assert here.calls.order == ["a0", "b0"]


def test_a_paused_run_starts_nothing_that_waited_until_it_goes_on():
    here = Here(delay_ms=1_000)
    limits = [CallLimit(actions="*", concurrency_max=1)]

    async def main(runtime: Runtime) -> None:
        running = asyncio.ensure_future(runtime.run(many("write", 3), run=RUN))
        other = asyncio.ensure_future(runtime.run(many("write", 1, prefix="o")))
        await asyncio.sleep(0.5)
        runtime._drivers[RUN].start(RunPaused(reason=""), actor=ADA)
        await asyncio.sleep(0.5)
        assert (await other).status == "succeeded"
        assert here.world.calls == {"0": 1, "o0": 1}
        assert (await running).status == "paused"

    virtually(here, main, limits=limits)

    async def go_on(runtime: Runtime) -> None:
        running = asyncio.ensure_future(runtime.resume(RUN))
        assert (await running).status == "paused"

    virtually(here, go_on, limits=limits)
    assert here.world.calls == {"0": 1, "o0": 1}


def test_a_run_that_goes_on_starts_what_waited():
    here = Here(delay_ms=1_000)
    limits = [CallLimit(actions="*", concurrency_max=1)]

    async def main(runtime: Runtime) -> None:
        running = asyncio.ensure_future(runtime.run(many("write", 3), run=RUN))
        await asyncio.sleep(0.5)
        runtime._drivers[RUN].start(RunPaused(reason=""), actor=ADA)
        await asyncio.sleep(0.1)
        runtime._drivers[RUN].start(RunUnpaused(), actor=ADA)
        assert (await running).status == "succeeded"

    virtually(here, main, limits=limits)
    assert here.calls.order == ["0", "1", "2"]
    assert here.verified()


def test_a_failed_map_cancels_what_waits_without_sending_it():
    def script(label: str, _: int) -> Scripted:
        return Scripted(does="permanent" if label == "0" else "return", delay_ms=1_000)

    here = Here(script)
    limits = [CallLimit(actions="*", concurrency_max=1)]
    results = here.run(many("metered", 3), limits=limits)
    assert results[0].status == "failed"
    assert here.world.calls == {"0": 1}
    assert here.verified()


def test_a_crash_loses_nothing_that_waited():
    """Whichever write fails, the next owner calls the rest, and each once at most."""
    limits = [CallLimit(actions="*", concurrency_max=1)]
    undisturbed = FaultyStore(MemoryStore(), [])
    Here(delay_ms=10, store=undisturbed).run(many("keyed", 3), limits=limits)
    assert undisturbed.writes > 5
    for number in range(2, undisturbed.writes + 1):
        here = Here(delay_ms=10)
        faulty = FaultyStore(here.store, [Fault(write_no=number, moment="before")])

        async def crash(runtime: Runtime) -> None:
            with suppress(StoreError):
                await runtime.run(many("keyed", 3), run=RUN)

        async def resume(runtime: Runtime) -> None:
            await asyncio.sleep(120)
            assert (await runtime.resume(RUN)).status == "succeeded"

        virtually(here, crash, store=faulty, limits=limits)
        virtually(here, resume, limits=limits)
        assert here.world.receiver.effects == {"0": 1, "1": 1, "2": 1}
        assert here.verified()
