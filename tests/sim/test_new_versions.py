"""A process dies at every place where it can, and the next one has a new version of the graph.

What was executed is the same in it, so the run goes on with it from everywhere, and must end as a
run that was started with it: with the same execution digest, and no write twice. Of a version in
which one node differs, a run is refused where that node was executed, and nowhere else; refused, it
goes on with the version that it has, as if nobody had asked.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from interlock.engine import State
from interlock.graph import CallNode, Graph
from interlock.journal import AttemptReturned, AttemptStarted, Entry, NodeSettled, RunMigrated
from interlock.plan import Plan, compile as compile_graph
from interlock.runtime import RunChanged, RunResult, Runtime
from interlock.testing import CrashPoint, World, every_crash_point, run_virtual
from interlock.values import Json, NodeId, RunId
from sim.checking import checked_steps, entries_of
from sim.graphs import CASES, Case, call
from sim.stories import RUN, Story

SLOW = {"nested", "owned", "retries"}


def marked(names: Iterable[str], slow: Collection[str]) -> list[Any]:
    return [
        pytest.param(name, marks=pytest.mark.slow if name in slow else ()) for name in sorted(names)
    ]


@pytest.fixture
def live() -> Iterator[dict[RunId, State]]:
    with checked_steps() as checked:
        yield checked.live


class Deployed(Story):
    """A run that is taken up by processes that have another version of its graph."""

    new: Plan | None = None

    async def go_on(self, runtime: Runtime) -> RunResult:
        head = self.store.head(RUN)
        if head is None or self.new is None or self.is_settled():
            return await super().go_on(runtime)
        return await runtime.resume(RUN, graph=self.new)

    def deploy(self, new: Plan) -> None:
        self.new = self.plan = new

    def entries(self) -> list[Entry]:
        return entries_of(self.store, RUN)

    def migrations(self) -> list[str]:
        return [e.event.plan for e in self.entries() if isinstance(e.event, RunMigrated)]


def compiled(graph: Graph) -> Plan:
    return compile_graph(graph, World().registry)


def longer(graph: Graph) -> Graph:
    """The graph with a write that nothing waits for, and one that waits for all that is there."""
    free = call("free", "keyed", label="free")
    after = replace(call("after", "write", "free", label="after"), after=tuple(graph.nodes))
    return replace(
        graph,
        nodes={**graph.nodes, free.id: free, after.id: after},
        outputs={**graph.outputs, "after": "${{ after }}"},
    )


def undisturbed(
    case: Case, graph: Graph, live: dict[RunId, State]
) -> tuple[RunResult, list[CrashPoint]]:
    async def main() -> tuple[RunResult, list[CrashPoint]]:
        live.clear()
        story = Story(compiled(graph), case.inputs, world=case.world(), live=live)
        life = await story.lives.live(story.go_on)
        assert life.result is not None
        assert life.result.status == "succeeded"
        return life.result, list(every_crash_point(life))

    return run_virtual(main())


async def migrated(
    case: Case, live: dict[RunId, State], crashes: tuple[CrashPoint, ...], baseline: RunResult
) -> int:
    """Die, take the run up with the longer version, and maybe die once more while doing so."""
    live.clear()
    story = Deployed(case.plan, case.inputs, world=case.world(), live=live)
    await story.lives.live(story.go_on, crash=crashes[0])
    if story.store.head(RUN) is None or story.is_settled():
        return 0
    story.deploy(compiled(longer(case.graph)))
    result, all_applied = await story.resolve_all(await story.tell(*crashes[1:]))
    story.check_journal()
    story.check_effects(succeeded=result.status == "succeeded")
    assert story.new is not None
    assert story.migrations() == [story.new.digest]
    assert result.status == ("succeeded" if all_applied else "failed")
    if all_applied:
        assert result.outputs == baseline.outputs
        # Where values belong to data subjects, digests are made with keys of the store.
        assert case.plan.root.is_keyed or result.execution == baseline.execution
    return 1


@pytest.mark.parametrize("name", marked(CASES, slow=CASES.keys() - {"guards", "safeties"}))
def test_a_run_goes_on_with_a_longer_version_from_everywhere(name: str, live: dict[RunId, State]):
    case = CASES[name]
    _, points = undisturbed(case, case.graph, live)
    baseline, _ = undisturbed(case, longer(case.graph), live)
    count = 0
    for point in points:
        try:
            count += run_virtual(migrated(case, live, (point,), baseline))
        except BaseException as error:
            error.add_note(f"{name}, {point}")
            raise
    assert count > 2


@pytest.mark.parametrize("name", marked(CASES, slow=SLOW))
def test_a_crash_while_a_run_is_migrated_loses_nothing(
    name: str, live: dict[RunId, State], seed: int
):
    case, chance = CASES[name], Random(f"{seed}/{name}")
    _, points = undisturbed(case, case.graph, live)
    baseline, later = undisturbed(case, longer(case.graph), live)
    for _ in range(2):
        crashes = (chance.choice(points), chance.choice(later))
        try:
            run_virtual(migrated(case, live, crashes, baseline))
        except BaseException as error:
            error.add_note(f"{name}, {crashes}, seed {seed}")
            raise


def calls(graph: Graph) -> list[CallNode]:
    return [node for node in graph.nodes.values() if isinstance(node, CallNode)]


def differing(graph: Graph, id_: NodeId) -> Graph:
    """The graph in which a call has another label."""
    node = graph.nodes[id_]
    assert isinstance(node, CallNode)
    given: Mapping[str, Json] = node.with_ if isinstance(node.with_, Mapping) else {}
    other = replace(node, with_={**given, "label": f"{id_}-other"})
    return replace(graph, nodes={**graph.nodes, id_: other})


def was_executed(entries: list[Entry], node: CallNode) -> bool:
    """Whether the journal has what a node returned, or that its write may have been sent."""
    events = [entry.event for entry in entries if getattr(entry.event, "path", None) == node.id]
    if not events:
        return False
    is_write = node.action not in ("pure", "read", "metered")
    sent = is_write and any(isinstance(event, AttemptStarted) for event in events)
    return sent or isinstance(events[-1], NodeSettled | AttemptReturned)


async def judged(case: Case, live: dict[RunId, State], point: CrashPoint, node: CallNode) -> None:
    """Die, and take the run up with a version in which one node differs."""
    live.clear()
    story = Deployed(case.plan, case.inputs, world=case.world(), live=live)
    await story.lives.live(story.go_on, crash=point)
    if story.store.head(RUN) is None or story.is_settled():
        return
    before = story.entries()
    executed = was_executed(before, node)
    story.deploy(compiled(differing(case.graph, node.id)))
    if executed:
        with pytest.raises(RunChanged, match=f"`{node.id}` has other arguments"):
            await story.tell()
        assert story.entries() == before
        story.plan, story.new = case.plan, None
        result, _ = await story.resolve_all(await story.tell())
        story.check_journal()
        story.check_effects(succeeded=result.status == "succeeded")
        assert not story.migrations()
        return
    result, _ = await story.resolve_all(await story.tell())
    story.check_journal()
    story.check_effects(succeeded=result.status == "succeeded")
    assert story.world.receiver.effects[node.id] == 0


@pytest.mark.parametrize("name", marked((n for n in CASES if calls(CASES[n].graph)), slow=SLOW))
def test_a_run_is_refused_exactly_where_what_differs_was_executed(
    name: str, live: dict[RunId, State], seed: int
):
    case, chance = CASES[name], Random(f"{seed}/{name}/differs")
    _, points = undisturbed(case, case.graph, live)
    for _ in range(5):
        point, node = chance.choice(points), chance.choice(calls(case.graph))
        try:
            run_virtual(judged(case, live, point, node))
        except BaseException as error:
            error.add_note(f"{name}, {point}, `{node.id}` differs, seed {seed}")
            raise
