"""Courses of events: what goes wrong in one trial, and which trials there are."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Literal, TypeAlias, get_args

from interlock.journal import Entry
from interlock.runtime import RunResult
from interlock.testing.certifying.reading import reported
from interlock.testing.crashes import CrashPoint, Life

Kind: TypeAlias = Literal["crash", "crash-again", "order", "silence", "duplicate", "clock", "lease"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Silent: TypeAlias = Literal["request", "answer"]

MEANINGS: dict[Kind, str] = {
    "crash": "the process dies at each write and around each call",
    "crash-again": "it dies once more while the run is recovered",
    "order": "calls end in other orders",
    "silence": "a request, or its answer, is lost",
    "duplicate": "what was reported comes a second time",
    "clock": "the clock jumps, back and forth",
    "lease": "another process takes the run over meanwhile",
}
SECOND, HOUR, DAY = 1_000, 3_600_000, 86_400_000
JUMPS_MS = (-HOUR, -SECOND, SECOND, HOUR, 2 * DAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """One course of events; the same each time it is taken.

    Attributes:
        number: its number among those of its kind, from 1.
        delays: the seed of how long calls take; with 0 they take no time.
        crashes: where processes die: the number of the process, from 1, and the place in its life.
        late: whether what was sent before a death arrives after it, just in time.
        silent: the number of the call, of those that it goes wrong with, and what is lost of it.
        jump: the number of the moment at which the clock jumps, and by how many milliseconds.
        repeated: the seq of the event that comes twice.
    """

    kind: Kind
    number: int
    delays: int = 0
    crashes: tuple[tuple[int, CrashPoint], ...] = ()
    late: bool = False
    silent: tuple[int, Silent] | None = None
    jump: tuple[int, int] | None = None
    repeated: int | None = None

    def told(self) -> str:
        """Say what goes wrong."""
        parts = [_died(life, point, late=self.late) for life, point in self.crashes]
        if self.silent is not None:
            parts.append(f"the {self.silent[1]} of call {self.silent[0]} is lost")
        if self.jump is not None:
            parts.append(f"at moment {self.jump[0]} the clock jumps by {self.jump[1]:+,} ms")
        if self.repeated is not None:
            parts.append(f"event {self.repeated} comes twice")
        return "; ".join(parts) or "calls end in another order"


def _died(life: int, point: CrashPoint, *, late: bool) -> str:
    where = {
        "before_write": "dies before write",
        "after_write": "dies after write",
        "moment": "dies at moment",
        "fenced": "loses its lease before write",
    }[point.at]
    then = ", and what it sent arrives later" if late and point.at == "moment" else ""
    return f"process {life} {where} {point.number}{then}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How many courses are tried at most, by kind; what has no number is tried whole."""

    second_crashes: int = 200
    orders: int = 40
    jumps: int = 40
    exhaustive_max: int = 5_000


QUICK = Sizes(second_crashes=20, orders=5, jumps=10, exhaustive_max=400)
WHOLE = Sizes()


@dataclass(frozen=True, slots=True, kw_only=True)
class Courses:
    """The courses of one kind, and how many there are in all; None when nobody can count them."""

    tried: Sequence[Course]
    of: int | None


@dataclass(slots=True, kw_only=True)
class Played:
    """What came of one course.

    Attributes:
        problems: what was wrong, in words; nothing when all held.
        lives: what became of each process.
        requests: the life and the number of each moment at which a write is about to be sent.
        reported: the seqs of events that came from outside.
        died: how often a process died, or lost its lease.
        is_late: whether time that passed made it end otherwise, so that it is compared with none.
    """

    course: Course
    result: RunResult | None = None
    problems: list[str] = field(default_factory=list[str])
    lives: list[Life] = field(default_factory=list[Life])
    requests: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    entries: list[Entry] = field(default_factory=list[Entry])
    calls: int = 0
    died: int = 0
    is_late: bool = False

    @property
    def moments(self) -> int:
        """How many moments the calls had, in all lives."""
        return sum(life.moments for life in self.lives)

    @property
    def writes(self) -> int:
        """How many writes to the journal there were, in all lives."""
        return sum(life.writes for life in self.lives)

    @property
    def reported(self) -> list[int]:
        """The seqs of events that came from outside."""
        return reported(self.entries)


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
    found = [
        Course(kind="duplicate", number=0, delays=played.course.delays, repeated=seq)
        for seq in played.reported
    ]
    return _numbered(found, sizes)


def _clock(played: Played, chance: Random, sizes: Sizes) -> Courses:
    points = list(_points(played))
    found: list[Course] = []
    for _ in range(sizes.jumps):
        jump = chance.randint(1, max(1, played.moments)), chance.choice(JUMPS_MS)
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
}


def courses_of(kind: Kind, played: Played, *, seed: int, sizes: Sizes) -> Courses:
    """List the courses of a kind: equal for equal seeds and sizes."""
    chance = Random(f"{seed}/{kind}")  # noqa: S311 - seeded on purpose
    return ENUMERATE[kind](played, chance, sizes)


def course_at(kind: Kind, number: int, played: Played, *, seed: int) -> Course | None:
    """Find one course again by its number, whatever the sizes were when it was tried."""
    everything = Sizes(second_crashes=number, orders=number, jumps=number, exhaustive_max=1 << 30)
    found = courses_of(kind, played, seed=seed, sizes=everything).tried
    return found[number - 1] if 1 <= number <= len(found) else None
