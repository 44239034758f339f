"""Events: facts about a run, past tense. Together they are its only truth.

Facts come from outside (a run was started, an attempt returned, a person resolved) or were ordered
by the engine (a node settled). `ahead` marks an event that stands for the attempt's whole life: a
node that ran ahead of the journal and settled within the flush interval needs only this one; a
replay lives the attempt again from it.
"""

from typing import ClassVar, Literal, TypeAlias

from interlock.journal.values import ErrorInfo, Value
from interlock.values import Digest, Path, immutable

NodeStatus = Literal[
    "waiting",
    "running",
    "in_doubt",
    "succeeded",
    "skipped",
    "failed",
    "refused",
    "cancelled",
    "undone",
    "violated",
]
SettledStatus = Literal[
    "succeeded", "skipped", "failed", "refused", "cancelled", "undone", "violated"
]
SETTLED: frozenset[str] = frozenset(
    ("succeeded", "skipped", "failed", "refused", "cancelled", "undone", "violated")
)
ProbeAnswer = Literal["applied", "not_applied", "unknown"]
Verdict = Literal["succeeded", "failed"]
RunOutcome = Literal["succeeded", "failed"]


@immutable()
class RunStarted:
    """A run began. Pins everything that a replay needs, so that it needs no user code."""

    type: ClassVar[str] = "RunStarted"
    graph: str
    plan: Digest
    document: Value
    manifests: Value
    inputs: Value
    semantics: int
    expressions: str
    principal: str
    key: str | None = None


@immutable()
class RunRecovered:
    """An owner took the run up after its process had ended.

    Started attempts without an outcome were lost.
    """

    type: ClassVar[str] = "RunRecovered"
    owner: str


@immutable()
class AttemptStarted:
    """The intent: durable before the first byte leaves, unless the attempt runs ahead."""

    type: ClassVar[str] = "AttemptStarted"
    path: Path
    generation: int
    attempt: int
    call_key: Digest
    args: Value


@immutable()
class AttemptReturned:
    """The raw response, before it is parsed or judged."""

    type: ClassVar[str] = "AttemptReturned"
    path: Path
    generation: int
    attempt: int
    output: Value
    tokens: int = 0
    cost_usd_micros: int = 0


@immutable()
class AttemptFailed:
    """An attempt ended without a usable output.

    `output` is what was refused, when there was one. It may have consumed something all the same;
    what `AttemptReturned` said already is not said again.
    """

    type: ClassVar[str] = "AttemptFailed"
    path: Path
    generation: int
    attempt: int
    error: ErrorInfo
    call_key: Digest | None = None
    output: Value | None = None
    tokens: int = 0
    cost_usd_micros: int = 0
    ahead: bool = False


@immutable()
class ProbeAnswered:
    """The receiver of a write was asked whether the write happened."""

    type: ClassVar[str] = "ProbeAnswered"
    path: Path
    generation: int
    attempt: int
    answer: ProbeAnswer
    output: Value | None = None
    message: str = ""


@immutable()
class ProposalAccepted:
    """A proposed graph compiled; its nodes run in a child scope."""

    type: ClassVar[str] = "ProposalAccepted"
    path: Path
    generation: int
    attempt: int
    graph: Digest
    document: Value


@immutable()
class ProposalRefused:
    """A proposed graph did not compile; the diagnostics are feedback."""

    type: ClassVar[str] = "ProposalRefused"
    path: Path
    generation: int
    attempt: int
    codes: tuple[str, ...]
    messages: tuple[str, ...]


@immutable()
class NodeInDoubt:
    """A write was sent and no answer is known; a person decides."""

    type: ClassVar[str] = "NodeInDoubt"
    path: Path
    generation: int
    attempt: int
    error: ErrorInfo


@immutable()
class NodeResolved:
    """A person decided what became of a write in doubt."""

    type: ClassVar[str] = "NodeResolved"
    path: Path
    generation: int
    verdict: Verdict
    output: Value | None = None
    reason: str = ""


@immutable()
class NodeSettled:
    """A node reached its end in this generation."""

    type: ClassVar[str] = "NodeSettled"
    path: Path
    generation: int
    status: SettledStatus
    attempt: int = 0
    call_key: Digest | None = None
    output: Value | None = None
    error: ErrorInfo | None = None
    started_ms: int = 0
    tokens: int = 0
    cost_usd_micros: int = 0
    ahead: bool = False


@immutable()
class RunSettled:
    """The run reached its end. `execution` is the execution digest."""

    type: ClassVar[str] = "RunSettled"
    status: RunOutcome
    execution: Digest
    output: Value | None = None
    error: ErrorInfo | None = None


Event: TypeAlias = (
    RunStarted
    | RunRecovered
    | AttemptStarted
    | AttemptReturned
    | AttemptFailed
    | ProbeAnswered
    | ProposalAccepted
    | ProposalRefused
    | NodeInDoubt
    | NodeResolved
    | NodeSettled
    | RunSettled
)


@immutable(kw_only=False)
class Entry:
    """An event in its place in the journal of a run.

    `seq` counts from 1; 0 is an event that is not journaled itself (see `ahead`). `causes` are the
    seqs of the events that led to it. `actor` is who made it a fact.
    """

    event: Event
    at_ms: int
    seq: int = 0
    epoch: int = 0
    actor: str = "engine"
    causes: tuple[int, ...] = ()
