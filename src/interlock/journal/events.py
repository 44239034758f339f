"""Events: facts about a run, past tense. Together they are its only truth.

Facts come from outside (a run was started, an attempt returned, a person resolved) or were ordered
by the engine (a node settled). `ahead` marks an event that stands for the attempt's whole life: a
node that ran ahead of the journal and settled within the flush interval needs only this one; a
replay lives the attempt again from it.
"""

from typing import ClassVar, Literal, TypeAlias

from interlock.journal.actors import ENGINE, Actor
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
Verdict = Literal["succeeded", "failed", "retry", "ask"]
GateVerdict = Literal["approved", "rejected"]
RunOutcome = Literal["succeeded", "failed", "refused", "cancelled"]


@immutable()
class RunStarted:
    """A run began. Pins everything that a replay needs, so that it needs no user code.

    At `deadline_at_ms` what has not settled is cancelled.
    """

    type: ClassVar[str] = "RunStarted"
    graph: str
    plan: Digest
    document: Value
    manifests: Value
    inputs: Value
    semantics: int
    expressions: str
    principal: Actor
    key: str | None = None
    deadline_at_ms: int | None = None


@immutable()
class RunRecovered:
    """An owner took the run up after another one had ended.

    Started attempts without an outcome were lost. `orderly`: the owner before had let the run go,
    so they were stopped with it, and did not take their process down.
    """

    type: ClassVar[str] = "RunRecovered"
    owner: str
    orderly: bool = False


@immutable()
class AttemptStarted:
    """The intent: durable before the first byte leaves, unless the attempt runs ahead.

    `approval` is the binding of the gate's approval that it consumes.
    """

    type: ClassVar[str] = "AttemptStarted"
    path: Path
    generation: int
    attempt: int
    call_key: Digest
    args: Value
    approval: Digest | None = None


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
    """A person decided about a write in doubt, or had its receiver asked again."""

    type: ClassVar[str] = "NodeResolved"
    path: Path
    generation: int
    verdict: Verdict
    output: Value | None = None
    reason: str = ""


@immutable()
class GateOpened:
    """Persons are asked. What they decide on is bound by `binding`.

    `ask` is the text. `covers` lists what an approval allows: for each node its path, generation,
    action, and either `call_key` and `args`, or the `bound` that its arguments must keep.
    """

    type: ClassVar[str] = "GateOpened"
    path: Path
    generation: int
    ask: Value
    covers: Value
    to: tuple[str, ...]
    quorum: int
    binding: Digest
    expires_at_ms: int | None = None


@immutable()
class GateDecided:
    """A person, the entry's actor, decided on exactly what `binding` says."""

    type: ClassVar[str] = "GateDecided"
    path: Path
    generation: int
    verdict: GateVerdict
    binding: Digest
    reason: str = ""


@immutable()
class WaitOpened:
    """A node waits for a signal, with `until_ms` as its deadline, or for a time."""

    type: ClassVar[str] = "WaitOpened"
    path: Path
    generation: int
    signal: str | None = None
    until_ms: int | None = None


@immutable()
class SignalReceived:
    """A signal came from outside.

    It is for the wait at `path`, or, at the root, for any of its name; one that nobody waits for
    yet is kept for the first that does.
    """

    type: ClassVar[str] = "SignalReceived"
    path: Path
    name: str
    payload: Value


@immutable()
class TimerFired:
    """A time has come.

    That of a wait or of an open gate; at the root, the deadline of the run.
    """

    type: ClassVar[str] = "TimerFired"
    path: Path
    generation: int


@immutable()
class NodeCancelled:
    """Somebody wants a node to stop, and everything inside it.

    The path may be that of an item of a map or of a turn: `docs[3]`, `loop_1#2`.
    """

    type: ClassVar[str] = "NodeCancelled"
    path: Path
    generation: int
    reason: str = ""


@immutable()
class RunCancelled:
    """Somebody wants the run to stop; with `undo`, what can be undone is."""

    type: ClassVar[str] = "RunCancelled"
    reason: str = ""
    undo: bool = False


@immutable()
class RunPaused:
    """Somebody wants nothing new to be started for now; what is under way ends."""

    type: ClassVar[str] = "RunPaused"
    reason: str = ""


@immutable()
class RunUnpaused:
    """A paused run goes on."""

    type: ClassVar[str] = "RunUnpaused"


@immutable()
class RunReopened:
    """A run that ended without success goes on.

    What did not succeed is executed again, in a new generation.
    """

    type: ClassVar[str] = "RunReopened"
    reason: str = ""


@immutable()
class RunMigrated:
    """The run goes on under another plan, which agrees with what was executed.

    `accepted` are nodes that do not, and count all the same: the entry's actor says so.
    """

    type: ClassVar[str] = "RunMigrated"
    plan: Digest
    document: Value
    manifests: Value
    accepted: tuple[str, ...] = ()


@immutable()
class PartsErased:
    """Somebody had parts of earlier events destroyed, under a rule.

    Nothing else changes. It may come at any time, after the end of a run as well. Each of `parts`
    is the seq of an event, a dot and the name of its part: `3.output`.
    """

    type: ClassVar[str] = "PartsErased"
    parts: tuple[str, ...]
    rule: str
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


RunEvent: TypeAlias = (
    RunStarted
    | RunRecovered
    | RunCancelled
    | RunPaused
    | RunUnpaused
    | RunReopened
    | RunMigrated
    | PartsErased
    | RunSettled
)
"""Events of a run as a whole: they have no path."""

NodeEvent: TypeAlias = (
    AttemptStarted
    | AttemptReturned
    | AttemptFailed
    | ProbeAnswered
    | ProposalAccepted
    | ProposalRefused
    | NodeInDoubt
    | NodeResolved
    | GateOpened
    | GateDecided
    | WaitOpened
    | SignalReceived
    | TimerFired
    | NodeCancelled
    | NodeSettled
)
"""Events of one path; of a signal or a timer it may be the root."""

Event: TypeAlias = RunEvent | NodeEvent


@immutable(kw_only=False)
class Entry:
    """An event in its place in the journal of a run.

    `seq` counts from 1; 0 is an event that is not journaled itself (see `ahead`). `causes` are the
    seqs of the events that led to it. `actor` is who made it a fact
    (see `Actor`).
    """

    event: Event
    at_ms: int
    seq: int = 0
    epoch: int = 0
    actor: Actor = ENGINE
    causes: tuple[int, ...] = ()
