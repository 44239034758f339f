"""Journals as they are recorded: undisturbed, crashed, in doubt, open, failing."""

from collections.abc import Callable
from functools import cache
from random import Random

from interlock.journal import Entry
from interlock.testing import CrashPoint, run_virtual
from sim.checking import entries_of
from sim.generator import Chances, Generator, Mix
from sim.graphs import CASES, Case
from sim.stories import RUN, Story

ROUGH = Mix(failing=0.2)


def _recorded(case: Case, *crashes: CrashPoint, resolves: bool = True) -> list[Entry]:
    async def main() -> list[Entry]:
        story = Story(case.plan, case.inputs, world=case.world(), live={})
        for crash in crashes:
            await story.lives.live(story.go_on, crash=crash)
        result = (await story.lives.live(story.go_on)).result
        if resolves and result is not None:
            await story.resolve_all(result)
        return entries_of(story.store, RUN)

    return run_virtual(main())


def _generated(seed: int) -> list[Entry]:
    async def main() -> list[Entry]:
        case = Generator(choices=Random(seed), mix=ROUGH).case()
        world = Chances(seed=seed, delays=seed, mix=ROUGH).world()
        story = Story(case.plan, case.inputs, world=world, live={})
        await story.lives.live(story.go_on)
        return entries_of(story.store, RUN)

    return run_virtual(main())


def _drained(case: Case) -> list[Entry]:
    """A run that was left open, with nothing in doubt."""

    async def main() -> list[Entry]:
        story = Story(case.plan, case.inputs, world=case.world(), live={})
        await story.lives.live(story.go_on, crash=CrashPoint(at="before_write", number=4))
        return entries_of(story.store, RUN)

    return run_virtual(main())


CRASH = CrashPoint(at="moment", number=4)
MAKERS: dict[str, Callable[[], list[Entry]]] = {
    **{name: lambda case=case: _recorded(case) for name, case in CASES.items()},
    **{
        f"{name}_crashed": lambda case=case: _recorded(case, CRASH)
        for name, case in CASES.items()
        if name != "guards"
    },
    "safeties_in_doubt": lambda: _recorded(
        CASES["safeties"], CrashPoint(at="moment", number=9), resolves=False
    ),
    "retries_open": lambda: _drained(CASES["retries"]),
    "failing": lambda: _generated(5),
}


@cache
def journal(name: str) -> tuple[Entry, ...]:
    """A recorded journal, made once."""
    return tuple(MAKERS[name]())
