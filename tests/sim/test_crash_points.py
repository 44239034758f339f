"""A process dies at every place where it can, and another one takes its run up.

Every crash point of every graph is tried: before and after each write of the store, and at each
moment of each action. After it a process with nothing but the store goes on. What must hold then
is counted outside of the run: no write takes place twice, a write that can be known about takes
place exactly once, and only a write that declares nothing may end in doubt, exactly where its
intent is durable and its outcome is not.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from interlock.engine import State
from interlock.journal import AttemptStarted, Verdict
from interlock.runtime import RunResult, Runtime
from interlock.store import open_store
from interlock.testing import (
    CountingIds,
    CrashPoint,
    Lives,
    VirtualClock,
    World,
    answer_to,
    every_crash_point,
    run_virtual,
)
from interlock.values import Path, RunId
from sim.checking import (
    ONCE,
    action_of,
    arguments_of,
    check_effects,
    check_sound,
    checked_steps,
    entries_of,
    in_doubt,
    intent_watcher,
    lost,
)
from sim.graphs import CASES, Case

RUN = RunId("01JDK70000000000000000000A")
QUICK = {"chain", "guards"}


def marked(names: set[str]) -> list[Any]:
    return [pytest.param(name, marks=pytest.mark.slow) for name in sorted(names)]


class Story:
    """One run through as many processes as it takes."""

    def __init__(self, case: Case, live: dict[RunId, State]) -> None:
        self.case = case
        self.live = live
        self.store = open_store("memory:")
        self.world: World = case.world()
        self.plan = case.plan
        self.labels: dict[str, Path] = {}
        self.world.watch = intent_watcher(self.store, RUN, self.labels)
        self.lives = Lives(self.store, self.world, clock=VirtualClock(), ids=CountingIds())

    async def go_on(self, runtime: Runtime) -> RunResult:
        if self.store.head(RUN) is None:
            return await runtime.run(self.plan, self.case.inputs, run=RUN)
        return await runtime.resume(RUN)

    async def tell(self, *crashes: CrashPoint) -> RunResult:
        """Die at each crash point, one process after the other; then live to the end."""
        for crash in crashes:
            life = await self.lives.live(self.go_on, crash=crash)
            if life.result is not None:
                break
        self.check_journal()
        expected = self.doubtful()
        result = (await self.lives.live(self.go_on)).result
        assert result is not None
        self.check_journal()
        assert set(result.in_doubt) == expected
        assert (result.status == "in_doubt") == bool(expected)
        return result

    def doubtful(self) -> set[Path]:
        """Where the run must be in doubt once it is taken up."""
        entries = entries_of(self.store, RUN)
        return in_doubt(entries) | {
            path for path in lost(entries) if action_of(self.plan, path) in ONCE
        }

    def check_journal(self) -> None:
        if entries_of(self.store, RUN):
            check_sound(self.store, RUN, self.live.get(RUN) if self.is_settled() else None)

    def is_settled(self) -> bool:
        head = self.store.head(RUN)
        return head is not None and head.status in ("succeeded", "failed")

    async def resolve_all(self, result: RunResult) -> tuple[RunResult, bool]:
        """Let a person look at the receiver, and say what is there."""
        all_applied = True
        while result.status == "in_doubt":
            path = result.in_doubt[0]
            label, values = self.arguments(path)
            applied = self.world.receiver.effects[label] > 0
            all_applied = all_applied and applied
            verdict: Verdict = "succeeded" if applied else "failed"
            answer = answer_to(label, values) if applied else None

            async def resolve(runtime: Runtime) -> RunResult:
                return await runtime.resolve(RUN, path, verdict, output=answer)  # noqa: B023

            found = (await self.lives.live(resolve)).result
            assert found is not None
            result = found
        return result, all_applied

    def arguments(self, path: Path) -> tuple[str, list[int]]:
        intents = (entry.event for entry in entries_of(self.store, RUN))
        return next(
            arguments_of(intent)
            for intent in intents
            if isinstance(intent, AttemptStarted) and intent.path == path
        )


@pytest.fixture
def live() -> Iterator[dict[RunId, State]]:
    with checked_steps() as checked:
        yield checked.live


def undisturbed(case: Case, live: dict[RunId, State]) -> tuple[RunResult, list[CrashPoint]]:
    async def main() -> tuple[RunResult, list[CrashPoint]]:
        story = Story(case, live)
        life = await story.lives.live(story.go_on)
        assert life.result is not None
        story.check_journal()
        check_effects(story.world, story.plan, story.labels, succeeded=True)
        return life.result, list(every_crash_point(life))

    return run_virtual(main())


async def survive(
    case: Case, live: dict[RunId, State], crashes: tuple[CrashPoint, ...], baseline: RunResult
) -> None:
    live.clear()
    story = Story(case, live)
    result, all_applied = await story.resolve_all(await story.tell(*crashes))
    story.check_journal()
    check_effects(story.world, story.plan, story.labels, succeeded=result.status == "succeeded")
    assert result.status == ("succeeded" if all_applied else "failed")
    if all_applied:
        assert (result.execution, result.outputs) == (baseline.execution, baseline.outputs)


@pytest.mark.parametrize("name", [*sorted(QUICK), *marked(set(CASES) - QUICK)])
def test_a_run_survives_every_crash(name: str, live: dict[RunId, State]):
    case = CASES[name]
    baseline, points = undisturbed(case, live)
    assert baseline.status == "succeeded"
    for point in points:
        try:
            run_virtual(survive(case, live, (point,), baseline))
        except BaseException as error:
            error.add_note(f"{name}, {point}")
            raise


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_a_run_survives_a_crash_while_it_recovers(name: str, live: dict[RunId, State], seed: int):
    case = CASES[name]
    baseline, points = undisturbed(case, live)
    chosen = points[seed % 3 :: 3]
    for index, point in enumerate(chosen):
        for second in points[(index + seed) % 4 :: 4][:6]:
            try:
                run_virtual(survive(case, live, (point, second), baseline))
            except BaseException as error:
                error.add_note(f"{name}, {point}, then {second}, seed {seed}")
                raise
