"""Runs that are taken up by another version of the code."""

import asyncio
import pathlib
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from interlock import Registry, Runtime, action, compile as compile_graph
from interlock.actions import Effect
from interlock.engine import step
from interlock.errors import DocumentInvalid, RunNotResumable, UsageError
from interlock.graph import CallNode, GateNode, Graph
from interlock.journal import (
    AttemptStarted,
    GateDecided,
    GateOpened,
    RunMigrated,
    RunRecovered,
    RunReopened,
)
from interlock.replay import fold, verify
from interlock.runtime import RunChanged, RunResult, examine, read_entries
from interlock.store import MemoryStore, Store, open_store
from interlock.values import NodeId, Path, RunId

RUN = RunId("R1")


def registry(
    first: str = "1", second: str = "1", *, hangs: bool = False, effect: Effect = "read"
) -> Registry:
    """Two actions of some versions; the second one may hang."""

    async def one() -> int:
        return 1

    async def two(n: int) -> int:
        if hangs:
            await asyncio.Event().wait()
        return n + 1

    return Registry(
        [
            action("one", effect="write", version=first)(one),
            action("two", effect=effect, version=second)(two),
        ]
    )


def graph(**more: Any) -> Graph:
    nodes = [
        CallNode(id=NodeId("a"), action="one"),
        CallNode(id=NodeId("b"), action="two", with_={"n": "${{ a }}"}, **more),
    ]
    return Graph(name="g", nodes={node.id: node for node in nodes}, outputs={"n": "${{ b }}"})


async def interrupted(store: Store | None = None) -> Store:
    """A run whose first node has succeeded, and whose second one was under way."""
    store = store or MemoryStore()
    actions = registry(hangs=True)
    async with Runtime(store, actions) as runtime:
        began = asyncio.Event()

        def watch(_run: RunId, entry: Any) -> None:
            if entry.event.type == "NodeSettled":
                began.set()

        plan = compile_graph(graph(), actions)
        work = asyncio.create_task(runtime.run(plan, run=RUN, observer=watch))
        await began.wait()
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
    return store


async def resumed(store: Store, actions: Registry, **options: Any) -> RunResult:
    async with Runtime(store, actions) as runtime:
        return await runtime.resume(RUN, **options)


def events(store: Store, kind: type) -> list[Any]:
    return [e.event for e in read_entries(store, RUN) if isinstance(e.event, kind)]


def actors(store: Store, kind: type) -> list[str]:
    return [e.actor for e in read_entries(store, RUN) if isinstance(e.event, kind)]


async def test_the_same_code_goes_on_under_the_same_plan():
    store = await interrupted()
    assert (await resumed(store, registry())).outputs == {"n": 2}
    assert not events(store, RunMigrated)


async def test_code_that_has_not_run_may_change():
    store = await interrupted()
    assert (await resumed(store, registry(second="2"))).outputs == {"n": 2}
    (migrated,) = events(store, RunMigrated)
    assert migrated.plan == compile_graph(graph(), registry(second="2")).digest
    assert migrated.accepted == ()
    assert actors(store, RunMigrated) == actors(store, RunRecovered), "nobody had to decide"
    verify(RUN, read_entries(store, RUN))


@pytest.mark.parametrize("kind", ["memory", "file"])
async def test_the_list_of_runs_tells_the_plan_that_a_run_was_migrated_to(
    kind: str, tmp_path: pathlib.Path
):
    with closing(open_store("memory:" if kind == "memory" else f"{tmp_path}/journal.db")) as store:
        await interrupted(store)
        await resumed(store, registry(second="2"))
        head = store.head(RUN)
        assert head is not None
        assert head.plan == compile_graph(graph(), registry(second="2")).digest
        assert verify(RUN, read_entries(store, RUN)).head == head


async def test_code_that_has_run_may_not_change_unless_a_person_says_so():
    store = await interrupted()
    with pytest.raises(RunChanged, match="`a` calls one, which has changed") as caught:
        await resumed(store, registry(first="2"))
    assert "--pin" in caught.value.hint
    assert not events(store, RunMigrated)


async def test_a_pinned_run_goes_on_with_the_plan_that_it_has():
    store = await interrupted()
    assert (await resumed(store, registry(first="2"), on_change="pin")).outputs == {"n": 2}
    assert not events(store, RunMigrated)
    verify(RUN, read_entries(store, RUN))


async def test_what_was_executed_counts_when_a_person_says_so():
    store = await interrupted()
    ended = await resumed(store, registry(first="2"), on_change="migrate", actor="ada")
    assert ended.outputs == {"n": 2}
    (migrated,) = events(store, RunMigrated)
    assert migrated.accepted == ("a",)
    assert actors(store, RunMigrated) == ["unauthenticated:ada"]
    assert [event.path for event in events(store, AttemptStarted)].count("a") == 1
    verify(RUN, read_entries(store, RUN))


async def test_a_graph_that_does_not_compile_any_more_is_refused():
    store = await interrupted()
    only = Registry([one for one in registry() if one.name == "one"])
    with pytest.raises(RunChanged, match="does not compile any more"):
        await resumed(store, only)


async def test_another_graph_is_compared_too():
    store = await interrupted()
    async with Runtime(store, registry()) as runtime:
        state, _ = runtime.load(RUN)
    assert examine(state, registry(), graph=graph()).verdict == "same"
    # `b` was under way and is called again, so it may change.
    assert examine(state, registry(), graph=graph(require=("a > 0",))).verdict == "compatible"
    only = Graph(name="g", nodes={NodeId("b"): CallNode(id=NodeId("b"), action="one")})
    other = examine(state, registry(), graph=only)
    assert [(one.path, one.what, one.acceptable) for one in other.differences] == [
        ("a", "is not in the new plan", False)
    ]
    assert not other.is_open_to_person


# --- another version of the graph


def longer(**more: Any) -> Graph:
    """The graph with a node behind the others."""
    before = graph(**more)
    last = CallNode(id=NodeId("c"), action="two", with_={"n": "${{ b }}"})
    return Graph(name="g", nodes={**before.nodes, last.id: last}, outputs={"n": "${{ c }}"})


async def test_a_run_goes_on_with_another_version_of_its_graph():
    store = await interrupted()
    assert (await resumed(store, registry(), graph=longer(), actor="ada")).outputs == {"n": 3}
    (migrated,) = events(store, RunMigrated)
    assert (migrated.accepted, actors(store, RunMigrated)) == ((), ["unauthenticated:ada"])
    assert [event.path for event in events(store, AttemptStarted)].count("a") == 1
    verified = verify(RUN, read_entries(store, RUN))
    assert verified.plan.digest == compile_graph(longer(), registry()).digest


async def test_another_version_is_taken_together_with_changed_code():
    store = await interrupted()
    changed = registry(second="2")
    assert (await resumed(store, changed, graph=longer())).outputs == {"n": 3}
    assert verify(RUN, read_entries(store, RUN)).plan.actions["two"].version == "2"


async def test_a_version_in_which_what_was_executed_is_gone_is_refused():
    store = await interrupted()
    only = Graph(name="g", nodes={NodeId("b"): CallNode(id=NodeId("b"), action="one")})
    for how in ("check", "migrate"):
        with pytest.raises(RunChanged, match="`a` is not in the new plan"):
            await resumed(store, registry(), graph=only, on_change=how)
    assert not events(store, RunMigrated)
    assert (await resumed(store, registry())).outputs == {"n": 2}


async def test_another_graph_is_no_version():
    store = await interrupted()
    with pytest.raises(UsageError, match="is of graph `g`, and not of `h`"):
        await resumed(store, registry(), graph=Graph(name="h", nodes=graph().nodes))
    with pytest.raises(UsageError, match="pinned"):
        await resumed(store, registry(), graph=longer(), on_change="pin")
    with pytest.raises(DocumentInvalid):
        await resumed(
            store, Registry([one for one in registry() if one.name == "one"]), graph=longer()
        )


async def test_a_run_that_waits_takes_another_version_and_waits_on():
    store = await waiting()
    more = CallNode(id=NodeId("c"), action="two", with_={"n": 1})
    new = Graph(name="g", nodes={**asking().nodes, more.id: more}, outputs={"n": "${{ c }}"})
    assert (await resumed(store, registry(effect="write"), graph=new)).status == "waiting"
    assert len(events(store, RunMigrated)) == 1
    verify(RUN, read_entries(store, RUN))


async def test_a_run_that_has_ended_takes_no_other_version():
    store = await failed()
    with pytest.raises(RunNotResumable, match="has ended"):
        await resumed(store, failing("1", broken=True), graph=longer())
    assert (await resumed(store, failing("1", broken=True))).status == "failed"


async def test_a_run_that_goes_on_here_takes_no_other_version():
    store, actions = MemoryStore(), registry(hangs=True)
    async with Runtime(store, actions) as runtime:
        work = asyncio.create_task(runtime.run(compile_graph(graph(), actions), run=RUN))
        await asyncio.sleep(0)
        with pytest.raises(RunNotResumable, match="goes on now"):
            await runtime.resume(RUN, graph=longer())
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


# --- runs that failed


def failing(version: str, *, broken: bool, first: str = "1") -> Registry:
    async def two(n: int) -> int:
        if broken:
            raise ValueError("a bug")
        return n + 1

    (one, _) = registry(first)
    return Registry([one, action("two", effect="read", version=version)(two)])


async def failed() -> Store:
    store = MemoryStore()
    async with Runtime(store, failing("1", broken=True)) as runtime:
        plan = compile_graph(graph(), runtime.registry)
        assert (await runtime.run(plan, run=RUN)).status == "failed"
    return store


async def test_a_run_whose_action_was_mended_goes_on_with_the_code_that_is_there():
    store = await failed()
    mended = failing("2", broken=False)
    async with Runtime(store, mended) as runtime:
        assert (await runtime.reopen(RUN)).outputs == {"n": 2}
    (migrated,) = events(store, RunMigrated)
    assert migrated.plan == compile_graph(graph(), mended).digest
    assert verify(RUN, read_entries(store, RUN)).head.plan == migrated.plan


async def test_a_run_that_failed_and_whose_past_has_changed_asks_a_person():
    store = await failed()
    mended = failing("2", broken=False, first="2")
    async with Runtime(store, mended) as runtime:
        with pytest.raises(RunChanged, match="`a` calls one, which has changed"):
            await runtime.reopen(RUN)
        assert runtime.load(RUN)[0].status == "failed"
    async with Runtime(store, mended) as runtime:
        assert (await runtime.resume(RUN, on_change="migrate")).outputs == {"n": 2}
    (migrated,) = events(store, RunMigrated)
    assert migrated.accepted == ("a",)
    verify(RUN, read_entries(store, RUN))


def mended_graph() -> Graph:
    """The graph in which the node that fails calls something else."""
    nodes = [
        CallNode(id=NodeId("a"), action="one"),
        CallNode(id=NodeId("b"), action="one", needs=(NodeId("a"),)),
    ]
    return Graph(name="g", nodes={node.id: node for node in nodes}, outputs={"n": "${{ b }}"})


async def test_a_run_that_failed_is_opened_again_with_a_mended_graph():
    store = await failed()
    async with Runtime(store, failing("1", broken=True)) as runtime:
        result = await runtime.reopen(RUN, graph=mended_graph(), actor="ada", reason="a typo")
    assert result.outputs == {"n": 1}
    for kind in (RunMigrated, RunReopened):
        assert actors(store, kind) == ["unauthenticated:ada"]
    assert [event.path for event in events(store, AttemptStarted)].count("a") == 1
    verified = verify(RUN, read_entries(store, RUN))
    assert verified.plan.digest == compile_graph(mended_graph(), registry()).digest


async def test_a_run_that_failed_stays_as_it_is_when_its_graph_is_refused():
    store = await failed()
    other = Graph(name="g", nodes={NodeId("b"): CallNode(id=NodeId("b"), action="one")})
    async with Runtime(store, failing("1", broken=True)) as runtime:
        before = list(read_entries(store, RUN))
        with pytest.raises(RunChanged, match="`a` is not in the new plan"):
            await runtime.reopen(RUN, graph=other)
        with pytest.raises(UsageError, match="about a new `graph`"):
            await runtime.reopen(RUN, on_change="migrate")
        assert list(read_entries(store, RUN)) == before
        assert store.inbox(run=RUN) == [], "nothing was decided"
        assert (await runtime.reopen(RUN, graph=mended_graph())).status == "succeeded"
        with pytest.raises(RunNotResumable, match="it has succeeded"):
            await runtime.reopen(RUN, graph=mended_graph())


async def test_a_plan_that_was_given_before_the_process_ended_is_the_one_to_compare():
    actions = failing("1", broken=True)
    state = fold(RUN, entries := list(read_entries(await failed(), RUN)))
    first, given = state.plan, examine(state, actions, graph=mended_graph())
    migrated = given.event()
    assert migrated is not None
    step(state, replace(entries[-1], event=migrated, seq=len(entries) + 1))
    for graph in (None, mended_graph()):
        found = examine(state, actions, graph=graph)
        assert found.verdict == "same"
        assert found.plan is not None
        assert found.plan.digest == migrated.plan
    back = examine(state, actions, graph=first.graph).event()
    assert back is not None
    assert back.plan == first.digest


async def test_an_open_run_is_not_opened_again():
    store = await interrupted()
    async with Runtime(store, registry()) as runtime:
        for graph in (longer(), None):
            with pytest.raises(RunNotResumable, match="it has not ended") as caught:
                await runtime.reopen(RUN, graph=graph)
            assert caught.value.hint == f"`interlock resume {RUN}` goes on with it"
    assert not events(store, RunMigrated)


# --- runs that wait for a person


def asking() -> Graph:
    nodes = [
        CallNode(id=NodeId("a"), action="one"),
        GateNode(id=NodeId("ok"), ask="Go on?", needs=(NodeId("a"),)),
        CallNode(id=NodeId("b"), action="two", with_={"n": 1}, needs=(NodeId("ok"),)),
    ]
    return Graph(name="g", nodes={node.id: node for node in nodes}, outputs={"n": "${{ b }}"})


async def waiting() -> Store:
    """A run in which a person is asked, between its two nodes."""
    store = MemoryStore()
    async with Runtime(store, registry(effect="write")) as runtime:
        plan = compile_graph(asking(), registry(effect="write"))
        assert (await runtime.run(plan, run=RUN)).status == "waiting"
    return store


async def test_a_run_that_only_waits_is_migrated_when_a_person_says_so():
    store = await waiting()
    changed = registry(first="2", effect="write")
    assert (await resumed(store, changed)).status == "waiting", "nothing is to be done"
    assert not events(store, RunMigrated)
    assert (await resumed(store, changed, on_change="migrate")).status == "waiting"
    (migrated,) = events(store, RunMigrated)
    assert migrated.accepted == ("a",)
    async with Runtime(store, changed) as runtime:
        assert (await runtime.approve(RUN, Path("ok"))).outputs == {"n": 2}
    verify(RUN, read_entries(store, RUN))


async def test_an_approval_of_what_has_changed_counts_for_nothing():
    store = await waiting()
    async with Runtime(store, registry(second="2", effect="write")) as runtime:
        assert (await runtime.approve(RUN, Path("ok"))).status == "waiting"
        assert not events(store, GateDecided)
        before, now = events(store, GateOpened)
        assert before.binding != now.binding
        assert (await runtime.approve(RUN, Path("ok"), binding=now.binding)).outputs == {"n": 2}
    verify(RUN, read_entries(store, RUN))
