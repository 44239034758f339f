"""The scripted world, and processes that die in it."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from interlock.errors import StoreFailed, UsageError
from interlock.runtime import RunResult, Runtime
from interlock.store import MemoryStore
from interlock.testing import (
    CountingIds,
    CrashPoint,
    Life,
    Lives,
    Moment,
    Receiver,
    Scripted,
    VirtualClock,
    World,
    answer_to,
    every_crash_point,
    run_virtual,
)
from interlock.values import Digest, RunId
from unit.engine.driving import call, plan_of

RUN = RunId("R1")
KEY, OTHER = Digest("sha256:00"), Digest("sha256:01")


def lived(world: World, main: Callable[[Lives], Awaitable[Any]]) -> Any:
    async def go() -> Any:
        return await main(Lives(MemoryStore(), world, clock=VirtualClock(), ids=CountingIds()))

    return run_virtual(go())


def start(name: str) -> Callable[[Runtime], Awaitable[RunResult]]:
    plan = plan_of(call("a", name), outputs={"result": "${{ a }}"})
    return lambda runtime: runtime.run(plan, run=RUN)


def resume(runtime: Runtime) -> Awaitable[RunResult]:
    return runtime.resume(RUN)


def test_a_receiver_counts_effects_and_knows_keys():
    receiver = Receiver()
    assert receiver.take("a", 7, key=KEY, deduplicate=True) == 7
    assert receiver.take("a", 8, key=KEY, deduplicate=True) == 7
    assert receiver.take("a", 9, key=KEY, deduplicate=False) == 9
    assert (receiver.effects, receiver.requests) == ({"a": 2}, {"a": 3})
    assert receiver.find(KEY) == 9
    assert receiver.find(OTHER) is None
    with pytest.raises(LookupError):
        Receiver(probe="unknown").find(KEY)


def test_an_answer_depends_on_label_and_values_alone():
    assert answer_to("a", [1, 2]) == answer_to("a", [1, 2])
    assert len({answer_to("a", [1]), answer_to("b", [1]), answer_to("a", [2])}) == 3


@pytest.mark.parametrize(
    "does, status",
    [
        ("return", "succeeded"),
        ("raise", "in_doubt"),
        ("not_applied", "failed"),
        ("permanent", "in_doubt"),
        ("hang", "in_doubt"),
        ("wrong_type", "failed"),
        ("no_json", "failed"),
        ("nan", "failed"),
    ],
)
def test_a_script_says_what_a_call_does(does: Any, status: str):
    world = World({"a": [Scripted(does=does, delay_ms=5)]})

    async def main(lives: Lives) -> None:
        result = (await lives.live(start("write"))).result
        assert result is not None
        assert result.status == status

    lived(world, main)
    assert world.calls == {"a": 1}
    assert world.receiver.effects["a"] == (0 if does == "not_applied" else 1)


def test_a_write_that_does_not_apply_leaves_no_effect():
    world = World(lambda label, number: Scripted(does="raise", applies=False))
    lived(world, lambda lives: lives.live(start("write")))
    assert world.receiver.effects == {}
    assert world.receiver.requests == {}


def test_a_process_passes_its_moments():
    seen: list[tuple[str, int]] = []

    async def watch(moment: Moment) -> None:
        seen.append((moment.point, moment.attempt_no))

    world = World(watch=watch)
    life: Life = lived(world, lambda lives: lives.live(start("write")))
    assert seen == [("called", 1), ("applied", 1), ("answering", 1)]
    assert (life.moments, life.result is not None) == (3, True)
    assert len(list(every_crash_point(life))) == 2 * life.writes + 3
    assert world.watch is watch


@pytest.mark.parametrize("number, effects", [(1, 0), (2, 1), (3, 1)])
def test_nothing_of_a_dead_process_reaches_the_world(number: int, effects: int):
    world = World()

    async def main(lives: Lives) -> None:
        life = await lives.live(start("write"), crash=CrashPoint(at="moment", number=number))
        assert life.result is None
        assert world.receiver.effects["a"] == effects
        result = (await lives.live(resume)).result
        assert result is not None
        assert result.status == "in_doubt"
        assert world.receiver.effects["a"] == effects

    lived(world, main)


@pytest.mark.parametrize("at, there", [("before_write", False), ("after_write", True)])
def test_a_process_dies_before_or_after_a_write(at: Any, there: bool):  # noqa: FBT001
    async def main(lives: Lives) -> None:
        life = await lives.live(start("write"), crash=CrashPoint(at=at, number=1))
        assert life.result is None
        assert (lives.store.head(RUN) is not None) is there

    lived(World(), main)


def test_a_crash_point_that_is_not_reached_changes_nothing():
    async def main(lives: Lives) -> None:
        life = await lives.live(start("write"), crash=CrashPoint(at="moment", number=99))
        assert life.result is not None
        assert life.result.status == "succeeded"

    lived(World(), main)


def test_what_an_order_raises_is_raised():
    async def main(lives: Lives) -> None:
        async def wrong(runtime: Runtime) -> RunResult:
            raise UsageError("wrong")

        async def failing(runtime: Runtime) -> RunResult:
            raise StoreFailed("its own")

        with pytest.raises(UsageError):
            await lives.live(wrong)
        with pytest.raises(StoreFailed, match="its own"):
            await lives.live(failing)

    lived(World(), main)


def test_proposals_come_one_after_the_other_and_the_last_one_stays():
    world = World(proposals={"a": [1, 2]})
    assert [world._propose("a", number) for number in (1, 2, 3, 4)] == [1, 2, 2, 2]
