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
from interlock.runtime import RunResult
from interlock.testing import CrashPoint, every_crash_point, run_virtual
from interlock.values import RunId
from sim.checking import checked_steps
from sim.graphs import CASES, Case
from sim.stories import Story

QUICK = {"chain", "guards", "owned"}


def marked(names: set[str]) -> list[Any]:
    return [pytest.param(name, marks=pytest.mark.slow) for name in sorted(names)]


@pytest.fixture
def live() -> Iterator[dict[RunId, State]]:
    with checked_steps() as checked:
        yield checked.live


def undisturbed(case: Case, live: dict[RunId, State]) -> tuple[RunResult, list[CrashPoint]]:
    async def main() -> tuple[RunResult, list[CrashPoint]]:
        story = Story(case.plan, case.inputs, world=case.world(), live=live)
        life = await story.lives.live(story.go_on)
        assert life.result is not None
        story.check_journal()
        story.check_effects(succeeded=True)
        return life.result, list(every_crash_point(life))

    return run_virtual(main())


async def survive(
    case: Case, live: dict[RunId, State], crashes: tuple[CrashPoint, ...], baseline: RunResult
) -> None:
    live.clear()
    story = Story(case.plan, case.inputs, world=case.world(), live=live)
    result, all_applied = await story.resolve_all(await story.tell(*crashes))
    story.check_journal()
    story.check_effects(succeeded=result.status == "succeeded")
    assert result.status == ("succeeded" if all_applied else "failed")
    if all_applied:
        assert result.outputs == baseline.outputs
        # Where values belong to data subjects, digests are made with keys of the store.
        assert case.plan.root.is_keyed or result.execution == baseline.execution


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
