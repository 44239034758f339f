"""Which courses of events there are: all of a kind, or a sample of them."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random
from typing import TypeAlias, get_args

from interlock.testing.certifying.courses import (
    Course,
    Courses,
    Decided,
    Kind,
    Played,
    Silent,
    Sizes,
)
from interlock.testing.certifying.reading import reported
from interlock.testing.crashes import CrashPoint

SECOND, HOUR, DAY = 1_000, 3_600_000, 86_400_000
JUMPS_MS = (-HOUR, -SECOND, SECOND, HOUR, 2 * DAY)

Enumerate: TypeAlias = Callable[[Played, Random, Sizes], Courses]


def _points(played: Played) -> Iterator[tuple[int, CrashPoint]]:
    """Every place where a process can die, in each life of a run that nobody disturbs."""
    for number, life in enumerate(played.lives, start=1):
        for write in range(1, life.writes + 1):
            yield number, CrashPoint(at="before_write", number=write)
            yield number, CrashPoint(at="after_write", number=write)
        for moment in range(1, life.moments + 1):
            yield number, CrashPoint(at="moment", number=moment)


def _crash(played: Played, _chance: Random, sizes: Sizes) -> Courses:
    one = Course(kind="crash", number=0, delays=played.course.delays)
    found = [replace(one, crashes=(point,)) for point in _points(played)]
    for life, number in played.requests:
        point = CrashPoint(at="moment", number=number)
        found.append(replace(one, crashes=((life, point),), late=True))
    return _numbered(found, sizes)


def _crash_again(played: Played, chance: Random, sizes: Sizes) -> Courses:
    points = list(_points(played))
    one = Course(kind="crash-again", number=0, delays=played.course.delays)
    found: list[Course] = []
    for _ in range(min(sizes.second_crashes, len(points) ** 2)):
        life, first = chance.choice(points)
        second = chance.choice(points)[1]
        near = replace(second, number=chance.randint(1, max(1, min(second.number, 8))))
        late = chance.random() < 0.5
        found.append(replace(one, crashes=((life, first), (life + 1, near)), late=late))
    return Courses(tried=_with_numbers(found), of=None)


def _order(_played: Played, chance: Random, sizes: Sizes) -> Courses:
    found = [
        Course(kind="order", number=0, delays=chance.randrange(1, 1 << 32))
        for _ in range(sizes.orders)
    ]
    return Courses(tried=_with_numbers(found), of=None)


def _silence(played: Played, _chance: Random, sizes: Sizes) -> Courses:
    one = Course(kind="silence", number=0, delays=played.course.delays)
    lost: tuple[Silent, ...] = get_args(Silent)
    found = [
        replace(one, silent=(call, what)) for call in range(1, played.calls + 1) for what in lost
    ]
    return _numbered(found, sizes)


def _duplicate(played: Played, _chance: Random, sizes: Sizes) -> Courses:
    one = Course(kind="duplicate", number=0, delays=played.course.delays)
    last = len(played.entries)
    # A second time at once; when the run has just gone on to its end; and when it is there.
    found = [
        replace(one, repeated=(seq, after))
        for seq in reported(played.entries)
        for after in dict.fromkeys((seq, max(seq, last - 1), last))
    ]
    return _numbered([replace(one, echo=True), *found], sizes)


def _clock(played: Played, chance: Random, sizes: Sizes) -> Courses:
    points = list(_points(played))
    found: list[Course] = []
    for _ in range(sizes.jumps):
        jump = chance.randint(1, max(1, played.occasions)), chance.choice(JUMPS_MS)
        crashes = (chance.choice(points),) if chance.random() < 0.5 else ()
        delays = played.course.delays
        found.append(Course(kind="clock", number=0, delays=delays, jump=jump, crashes=crashes))
    return Courses(tried=_with_numbers(found), of=None)


def _lease(played: Played, _chance: Random, sizes: Sizes) -> Courses:
    one = Course(kind="lease", number=0, delays=played.course.delays, late=True)
    found = [
        replace(one, crashes=((number, CrashPoint(at="fenced", number=write)),))
        for number, life in enumerate(played.lives, start=1)
        # Before the first write of all there is nothing to take over.
        for write in range(2 if number == 1 else 1, life.writes + 1)
    ]
    return _numbered(found, sizes)


def _decision(played: Played, chance: Random, sizes: Sizes) -> Courses:
    """Everything that can be decided, at every occasion, in any order; half of it with a crash."""
    points = list(_points(played))
    whats: tuple[Decided, ...] = get_args(Decided)
    one = Course(kind="decision", number=0, delays=played.course.delays)
    found = [
        replace(one, decided=(_when(played, occasion, what), what))
        for occasion in range(1, played.occasions + 1)
        for what in whats
    ]
    chance.shuffle(found)
    for index in range(0, len(found), 2):
        found[index] = replace(found[index], crashes=(chance.choice(points),))
    return Courses(tried=_with_numbers(found)[: sizes.decisions], of=len(found))


def _when(played: Played, occasion: int, what: Decided) -> int:
    """The occasion itself; or about its time."""
    if what != "deadline":
        return occasion
    return max(1, played.took_ms * occasion // played.occasions)


def _numbered(found: list[Course], sizes: Sizes) -> Courses:
    """Number all of a kind, and try as many as are allowed, evenly spread."""
    numbered = _with_numbers(found)
    step = -(-len(numbered) // sizes.exhaustive_max) or 1
    return Courses(tried=numbered[::step], of=len(numbered))


def _with_numbers(found: list[Course]) -> list[Course]:
    return [replace(course, number=number) for number, course in enumerate(found, start=1)]


ENUMERATE: dict[Kind, Enumerate] = {
    "crash": _crash,
    "crash-again": _crash_again,
    "order": _order,
    "silence": _silence,
    "duplicate": _duplicate,
    "clock": _clock,
    "lease": _lease,
    "decision": _decision,
}


def courses_of(kind: Kind, played: Played, *, seed: int, sizes: Sizes) -> Courses:
    """List the courses of a kind: equal for equal seeds and sizes."""
    chance = Random(f"{seed}/{kind}")  # noqa: S311 - seeded on purpose
    return ENUMERATE[kind](played, chance, sizes)


def course_at(kind: Kind, number: int, played: Played, *, seed: int) -> Course | None:
    """Find one course again by its number, whatever the sizes were when it was tried."""
    everything = Sizes(
        second_crashes=number,
        orders=number,
        jumps=number,
        decisions=number,
        exhaustive_max=1 << 30,
    )
    found = courses_of(kind, played, seed=seed, sizes=everything).tried
    return found[number - 1] if 1 <= number <= len(found) else None
