"""What is found out about a write later: by its probe, by a person, in the moment of its doubt."""

import asyncio
from typing import Any

import pytest

from interlock.actions import Context, Registry, action
from interlock.graph import ProposeNode
from interlock.journal import Entry
from interlock.replay import verify
from interlock.runtime import RunResult
from interlock.store import Store, open_store
from interlock.testing import Scripted, World
from interlock.values import Json, NodeId, Path, RunId
from unit.engine.driving import call, plan_of
from unit.runtime.stages import RUN, Stage, one, virtually

ran: list[int] = []


@action(effect="pure")
async def double(n: int) -> int:
    ran.append(n)
    return 2 * n


PROPOSED: Json = {
    "interlock": 1,
    "name": "p",
    "nodes": {"z": {"call": "double", "with": {"n": 4}}},
    "outputs": {"n": "${{ z }}"},
}
UNKNOWN_ACTION: Json = {"interlock": 1, "name": "p", "nodes": {"z": {"call": "delete"}}}
RETURNS = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


def inventing(found: Json = None) -> Registry:
    """A write that proposes and loses its answer; its probe knows what it was, if anything."""

    async def find(ctx: Context) -> Any:
        return found

    @action(effect="write", probe=find if found is not None else None)
    async def invent(ctx: Context) -> dict[str, Any]:
        raise ConnectionError("no answer")

    return Registry([invent, double])


async def proposed(stage: Stage, registry: Registry, *, verdict: Json = None) -> RunResult:
    ran.clear()
    node = ProposeNode(
        id=NodeId("a"), action="invent", actions=("double",), returns=RETURNS, timeout_ms=100
    )
    plan = plan_of(node, outputs={"result": "${{ a.n }}"}, registry=registry)
    async with stage.runtime(registry) as runtime:
        result = await runtime.run(plan, run=RUN)
        if verdict is not None:
            assert result.status == "in_doubt"
            result = await runtime.resolve(RUN, Path("a"), "succeeded", output=verdict)
    verify(RUN, stage.entries())
    return result


@pytest.mark.parametrize("by", ["probe", "person"])
def test_a_proposal_that_is_found_later_runs_like_a_fresh_one(by: str):
    async def main(stage: Stage) -> None:
        registry = inventing(PROPOSED if by == "probe" else None)
        result = await proposed(stage, registry, verdict=None if by == "probe" else PROPOSED)
        assert (result.status, result.output) == ("succeeded", 8)
        assert ran == [4]
        assert "ProposalAccepted" in stage.types()

    virtually(main)


@pytest.mark.parametrize("by", ["probe", "person"])
def test_a_proposal_that_is_found_later_is_held_against_the_same_rules(by: str):
    async def main(stage: Stage) -> None:
        registry = inventing(UNKNOWN_ACTION if by == "probe" else None)
        result = await proposed(stage, registry, verdict=None if by == "probe" else UNKNOWN_ACTION)
        assert result.status == "failed"
        assert ran == []
        assert "ProposalRefused" in stage.types()

    virtually(main)


# --- decisions in the moment in which a run ends


@pytest.fixture(params=["memory", "file"])
def store(request: pytest.FixtureRequest, tmp_path: Any) -> Store:
    return open_store("memory:" if request.param == "memory" else str(tmp_path / "journal.db"))


async def test_a_decision_is_taken_in_the_moment_of_the_doubt(store: Store):
    """An observer is told of the doubt just before its run has ended here."""
    world = World({"a": [Scripted(does="raise")]})
    plan = plan_of(
        call("a", "write"), call("b", "read", needs=("a",)), outputs={"result": "${{ a }}"}
    )
    decisions: list[asyncio.Task[RunResult]] = []
    stage = Stage(world, store)

    def observe(run: RunId, entry: Entry) -> None:
        if entry.event.type == "NodeInDoubt":
            decision = runtime.resolve(run, Path("a"), "succeeded", output=5)
            decisions.append(asyncio.create_task(decision))

    async with stage.runtime() as runtime:
        first = await runtime.run(plan, run=RUN, observer=observe)
        (decision,) = decisions
        result = await decision
    assert first.status in {"in_doubt", "succeeded"}
    assert (result.status, result.output) == ("succeeded", 5)
    assert stage.status() == "succeeded"
    assert world.calls == {"a": 1, "b": 1}
    verify(RUN, stage.entries())
    store.close()


def test_a_decision_in_every_turn_of_the_loop_around_the_end_is_taken():
    """However many turns a decision comes before or after the end of its run, it counts."""

    def after(turns: int) -> int:
        counted = 0

        async def main(stage: Stage) -> None:
            nonlocal counted
            async with stage.runtime() as runtime:
                running = asyncio.ensure_future(runtime.run(one("write"), run=RUN))
                while stage.store.head(RUN) is None or stage.status() != "in_doubt":  # noqa: ASYNC110
                    await asyncio.sleep(0)
                for _ in range(turns):
                    await asyncio.sleep(0)
                counted = 1 if running.done() else 0
                result = await runtime.resolve(RUN, Path("a"), "succeeded", output=5)
                assert (result.status, result.output) == ("succeeded", 5)
                await running
            verify(RUN, stage.entries())

        virtually(main, World({"a": [Scripted(does="raise")]}))
        return counted

    ended = [after(turns) for turns in range(8)]
    assert ended == sorted(ended)
    assert (ended[0], ended[-1]) == (0, 1), "some came before the end, some behind it"
