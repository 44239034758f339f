"""Courses of events: what goes wrong in one trial, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, get_args

from interlock.journal import Entry
from interlock.runtime import RunResult
from interlock.testing.crashes import CrashPoint, Life

Kind: TypeAlias = Literal[
    "crash", "crash-again", "order", "silence", "duplicate", "clock", "lease", "decision"
]
KINDS: tuple[Kind, ...] = get_args(Kind)
Silent: TypeAlias = Literal["request", "answer", "late", "too_late"]
"""What is lost of a call; or its answer comes after the time-out: just so, or after all hope."""
Decided: TypeAlias = Literal["pause", "cancel", "undo", "cancel_node", "reopen", "deadline"]
"""What somebody decides meanwhile; `reopen` is to cancel the run, and to open it again later."""

MEANINGS: dict[Kind, str] = {
    "crash": "the process dies at each write and around each call",
    "crash-again": "it dies once more while the run is recovered",
    "order": "calls end in other orders",
    "silence": "a request, or its answer, is lost, or comes late",
    "duplicate": "what was reported comes a second time",
    "clock": "the clock jumps, back and forth",
    "lease": "another process takes the run over meanwhile",
    "decision": "somebody pauses, cancels or reopens it meanwhile",
}
SILENCES: dict[Silent, str] = {
    "request": "the request of call {} is lost",
    "answer": "the answer of call {} is lost",
    "late": "the answer of call {} comes after the time-out",
    "too_late": "the answer of call {} comes when nobody waits for it any more",
}
DECISIONS: dict[Decided, str] = {
    "pause": "at occasion {} somebody pauses the run",
    "cancel": "at occasion {} somebody cancels the run",
    "undo": "at occasion {} somebody cancels the run, to be undone",
    "cancel_node": "at occasion {} somebody cancels what goes on",
    "reopen": "at occasion {} somebody cancels the run, and opens it again later",
    "deadline": "the run has to end in {} ms",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """One course of events; the same each time it is taken.

    Attributes:
        number: its number among those of its kind, from 1.
        delays: the seed of how long calls take; with 0 they take no time.
        crashes: where processes die: the number of the process, from 1, and the place in its life.
        late: whether what was sent before a death arrives after it, just in time.
        silent: the number of the call that it goes wrong with, and what is lost of it.
        jump: the number of the occasion at which the clock jumps, and by how many milliseconds. An
            occasion is a moment of a call, or of a run that rests; all processes count on.
        repeated: the seq of the event that comes twice, and that of the one after which it does.
        decided: the number of the occasion, and what somebody decides; or the time of the deadline.
        echo: whether all that persons decide is said twice.
    """

    kind: Kind
    number: int
    delays: int = 0
    crashes: tuple[tuple[int, CrashPoint], ...] = ()
    late: bool = False
    silent: tuple[int, Silent] | None = None
    jump: tuple[int, int] | None = None
    repeated: tuple[int, int] | None = None
    decided: tuple[int, Decided] | None = None
    echo: bool = False

    def told(self) -> str:
        """Say what goes wrong."""
        parts = [_died(life, point, late=self.late) for life, point in self.crashes]
        if self.silent is not None:
            parts.append(SILENCES[self.silent[1]].format(self.silent[0]))
        if self.jump is not None:
            parts.append(f"at occasion {self.jump[0]} the clock jumps by {self.jump[1]:+,} ms")
        if self.repeated is not None:
            parts.append(f"event {self.repeated[0]} comes again after event {self.repeated[1]}")
        if self.decided is not None:
            parts.append(DECISIONS[self.decided[1]].format(f"{self.decided[0]:,}"))
        if self.echo:
            parts.append("persons say everything twice")
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

    second_crashes: int = 100
    orders: int = 40
    jumps: int = 40
    decisions: int = 60
    exhaustive_max: int = 5_000


QUICK = Sizes(second_crashes=20, orders=5, jumps=10, decisions=15, exhaustive_max=400)
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
        occasions: how many moments there were, of calls and of a run that rests.
        died: how often a process died, or lost its lease.
        is_other: whether time that passed, or a decision, made it end otherwise, so that it is
            compared with none.
    """

    course: Course
    result: RunResult | None = None
    problems: list[str] = field(default_factory=list)
    lives: list[Life] = field(default_factory=list)
    requests: list[tuple[int, int]] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    calls: int = 0
    occasions: int = 0
    died: int = 0
    is_other: bool = False

    @property
    def moments(self) -> int:
        """How many moments the calls had, in all lives."""
        return sum(life.moments for life in self.lives)

    @property
    def writes(self) -> int:
        """How many writes to the journal there were, in all lives."""
        return sum(life.writes for life in self.lives)

    @property
    def took_ms(self) -> int:
        """How long the run took."""
        return self.entries[-1].at_ms - self.entries[0].at_ms if self.entries else 0
