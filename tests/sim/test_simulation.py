"""Random graphs, random worlds, random orders of completion, random crashes; all by one seed.

`make sim SEED=7` runs the cases of one seed. A failure names the seed and the case: the same graph
meets the same world again, call by call, since time is virtual and chance is seeded.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

import pytest

from interlock.plan import Plan
from interlock.runtime import RunResult
from interlock.testing import CrashPoint, run_virtual
from interlock.values import Json
from sim.checking import Checked, calls_derived, checked_steps, entries_of
from sim.generator import Chances, Generator, Mix
from sim.stories import RUN, Story

CASES = 25
CALM = Mix(failing=0.0)
ROUGH = Mix(failing=0.15)


@pytest.fixture
def checked() -> Iterator[Checked]:
    with checked_steps() as found:
        yield found


@contextmanager
def told(**facts: object) -> Iterator[None]:
    """Add to a failure what it takes to see it again."""
    try:
        yield
    except BaseException as error:
        error.add_note(", ".join(f"{name}={value}" for name, value in facts.items()))
        raise


def cases(seed: int, mix: Mix) -> Iterator[tuple[int, Plan, dict[str, Json]]]:
    for number in range(CASES):
        with told(seed=seed, case=number):
            case = Generator(choices=Random(f"{seed}/{number}"), mix=mix).case()
            yield number, case.plan, dict(case.inputs)


def story(
    checked: Checked, plan: Plan, inputs: dict[str, Json], *, seed: int, delays: int, mix: Mix
) -> Story:
    checked.calls.clear()
    checked.live.clear()
    world = Chances(seed=seed, delays=delays, mix=mix).world()
    return Story(plan, inputs, world=world, live=checked.live)


def test_what_happened_does_not_depend_on_the_order_of_completion(seed: int, checked: Checked):
    async def run(plan: Plan, inputs: dict[str, Json], delays: int) -> RunResult:
        one = story(checked, plan, inputs, seed=seed, delays=delays, mix=CALM)
        result = await one.tell()
        one.check_effects(succeeded=result.status == "succeeded")
        assert checked.calls == calls_derived(RUN, entries_of(one.store, RUN))
        return result

    for number, plan, inputs in cases(seed, CALM):
        with told(seed=seed, case=number):
            results = [run_virtual(run(plan, inputs, delays)) for delays in range(3)]
            assert len({(result.status, result.execution) for result in results}) == 1
            assert results[0].status == "succeeded"


def test_failures_leave_a_sound_journal_and_no_effect_twice(seed: int, checked: Checked):
    async def run(plan: Plan, inputs: dict[str, Json]) -> None:
        one = story(checked, plan, inputs, seed=seed, delays=seed, mix=ROUGH)
        result = (await one.lives.live(one.go_on)).result
        assert result is not None
        assert result.status in ("succeeded", "failed", "in_doubt")
        one.check_journal()
        one.check_effects(succeeded=False)
        assert checked.calls == calls_derived(RUN, entries_of(one.store, RUN))

    for number, plan, inputs in cases(seed, ROUGH):
        with told(seed=seed, case=number):
            run_virtual(run(plan, inputs))


@pytest.mark.slow
@pytest.mark.parametrize("mix", [CALM, ROUGH], ids=["calm", "rough"])
def test_crashes_leave_a_sound_journal_and_no_effect_twice(seed: int, mix: Mix, checked: Checked):
    async def undisturbed(plan: Plan, inputs: dict[str, Json]) -> RunResult:
        one = story(checked, plan, inputs, seed=seed, delays=seed, mix=mix)
        result = (await one.lives.live(one.go_on)).result
        assert result is not None
        return result

    async def run(
        plan: Plan, inputs: dict[str, Json], crashes: list[CrashPoint]
    ) -> tuple[RunResult, bool]:
        one = story(checked, plan, inputs, seed=seed, delays=seed, mix=mix)
        for crash in crashes:
            if (life := await one.lives.live(one.go_on, crash=crash)).result is not None:
                assert life.result is not None
                break
            one.check_journal()
        result = (await one.lives.live(one.go_on)).result
        assert result is not None
        result, all_applied = await one.resolve_all(result)
        one.check_journal()
        one.check_effects(succeeded=mix is CALM and all_applied)
        return result, all_applied

    for number, plan, inputs in cases(seed, mix):
        chance = Random(f"{seed}/{number}/crashes")
        crashes = [
            CrashPoint(
                at=chance.choice(("before_write", "after_write", "moment")),
                number=chance.randint(1, 8),
            )
            for _ in range(chance.randint(1, 2))  # the third would be one too many for a node
        ]
        with told(seed=seed, case=number, crashes=crashes):
            result, all_applied = run_virtual(run(plan, inputs, crashes))
            if mix is CALM and all_applied:
                baseline = run_virtual(undisturbed(plan, inputs))
                assert result.execution == baseline.execution
