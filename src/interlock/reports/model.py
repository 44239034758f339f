"""What an audit report holds: runs, what was decided in them and by whom, what went wrong.

Plain data. `folding.py` makes it of the events of a journal; who shows it chooses the form. Every
line and every run names the events that prove it.
"""

from typing import Literal, get_args

from interlock.reports.actors import Actor
from interlock.values import Digest, Json, Path, RunId, immutable

VERSION = 1

PartName = Literal[
    "policy",
    "gates",
    "refused",
    "in_doubt",
    "resolved",
    "undone",
    "violated",
    "failed",
    "cancelled",
    "continued",
    "proposals",
    "signals",
    "erased",
    "kept",
]
PARTS: tuple[PartName, ...] = get_args(PartName)

Standing = Literal[
    "succeeded", "failed", "refused", "cancelled", "in_doubt", "paused", "open", "unknown"
]
"""How a run stood when the period ended; unknown when its start cannot be read."""

STANDINGS: tuple[Standing, ...] = get_args(Standing)


@immutable()
class Period:
    """From `since_ms` on, and before `until_ms`."""

    since_ms: int
    until_ms: int

    def __contains__(self, at_ms: int) -> bool:
        return self.since_ms <= at_ms < self.until_ms


@immutable()
class Proof:
    """The event that proves a line.

    `leaf` is the number of its leaf in the log of the store, when it has one.
    """

    run: RunId
    seq: int
    leaf: int | None = None


@immutable()
class Line:
    """One event that an auditor asks about.

    Attributes:
        what: a word or a few, ours, such as `approved`.
        path: the node; None when it is about the whole run.
        actor: who made it a fact.
        why: the words of a person, or those of an error; they come from outside.
        code: the code of the error, if there was one.
        binding: what exactly was asked or decided on at a gate, as a digest.
        facts: what else the event says, by its name in the event.
    """

    part: PartName
    what: str
    at_ms: int
    graph: str
    proof: Proof
    actor: Actor
    path: Path | None = None
    generation: int | None = None
    why: str = ""
    code: str | None = None
    binding: Digest | None = None
    facts: tuple[tuple[str, Json], ...] = ()


@immutable()
class RunRow:
    """A run of which at least one event is of the period.

    Attributes:
        started_ms, principal, start: when it was started, by whom, and the event that says so.
        standing: how it stood when the period ended.
        ended_ms, execution, end: its last end before that, if it had one.
        calls: attempts that were sent in the period.
        nodes: nodes that settled in the period, by status; undos are not among them.
        events: events of the period.
    """

    run: RunId
    graph: str
    plan: Digest | None
    started_ms: int
    principal: Actor | None
    start: Proof
    standing: Standing
    ended_ms: int | None = None
    execution: Digest | None = None
    end: Proof | None = None
    calls: int = 0
    nodes: tuple[tuple[str, int], ...] = ()
    events: int = 0
    started_here: bool = False
    ended_here: bool = False


@immutable()
class Unreadable:
    """A run whose journal cannot be read: what it holds is not in the report."""

    run: RunId
    graph: str
    code: str
    message: str


@immutable()
class Report:
    """All that happened in a period, in the graphs named; None: in all.

    Lines of a part, and runs, are in the order of their time.
    """

    period: Period
    graphs: tuple[str, ...] | None
    runs: tuple[RunRow, ...]
    parts: dict[PartName, tuple[Line, ...]]
    unreadable: tuple[Unreadable, ...] = ()

    @property
    def lines(self) -> list[Line]:
        """The lines of all parts."""
        return [line for part in self.parts.values() for line in part]


@immutable()
class KnownCheckpoint:
    """A checkpoint of the log that the journal agrees with.

    At `size` leaves the tree had `root`, in base64. `signed_by` are the keys whose signatures were
    checked; none when no key was given.
    """

    origin: str
    size: int
    root: str
    signed_by: tuple[str, ...] = ()


@immutable()
class Making:
    """Where a report comes from, when it was made, and the checkpoint that it goes by."""

    made_at_ms: int
    program: str
    journal: str
    checkpoint: KnownCheckpoint | None = None

    def covers(self, proof: Proof) -> bool:
        """Say whether the checkpoint covers an event."""
        known = self.checkpoint
        return known is not None and proof.leaf is not None and proof.leaf < known.size
