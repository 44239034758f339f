"""What a journal says of the writes of a run; read without asking the engine."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias, final

from interlock.actions import Manifest
from interlock.engine import idempotency_key
from interlock.journal import (
    Actor,
    AttemptFailed,
    AttemptReturned,
    AttemptStarted,
    Entry,
    Event,
    GateDecided,
    GateOpened,
    NodeEvent,
    NodeInDoubt,
    NodeResolved,
    NodeSettled,
    ProbeAnswered,
    ProposalAccepted,
    RunCancelled,
    RunReopened,
    RunStarted,
    SettledStatus,
    TimerFired,
    WaitOpened,
    decode_entry,
    principal_in,
    refs_of,
)
from interlock.plan import CompiledCall, Plan
from interlock.store import KeyRing, ReadStore
from interlock.testing.certifying.outside import ReceiverKey, receiver_key
from interlock.testing.certifying.places import gates_of, node_at
from interlock.values import Digest, Json, Path, RunId

Called: TypeAlias = tuple[Digest, int]
"""An idempotency key, and the number of an attempt."""

NOT_STORABLE = "IL6003"
"""The action returned, so that it is known that the write happened."""


@dataclass(slots=True)
class Sent:
    """A write of which an intent is in the journal.

    Attributes:
        unknown: attempts that may have happened, for all that the journal says.
        again: what was wrong with sending it once more; empty when nothing was.
        unasked: the gate that had not allowed it; empty when all had.
    """

    path: Path
    generation: int
    manifest: Manifest
    key: ReceiverKey
    first_ms: int
    unknown: set[int] = field(default_factory=set)
    again: str = ""
    unasked: str = ""
    status: SettledStatus | None = None


@final
class Journal:
    """The durable entries of one run, each read once.

    Args:
        store: where they are.
        run: the run.
        plan: what it executes.
    """

    def __init__(self, store: ReadStore, run: RunId, plan: Plan) -> None:
        self.entries: list[Entry] = []
        self.intents: set[Called] = set()
        self.writes: dict[tuple[Path, int], Sent] = {}
        self._store = store
        self._run = run
        self._plan = plan
        self._proposed: dict[Path, Json] = {}
        self.asleep: dict[Path, GateOpened | WaitOpened] = {}
        self._asked: dict[Path, Digest] = {}
        self._approvers: dict[Digest, set[str]] = {}
        self._deadline_ms: int | None = None

    def read(self) -> "Journal":
        """Read what has become durable since."""
        while page := self._store.read(self._run, after=len(self.entries)):
            for event in page:
                ring = KeyRing(self._store, self._run)
                values = ring.opened(self._store.values(self._run, refs_of(event.body)))
                entry = decode_entry(event.body, values.get, ring.subjects)[1]
                self.entries.append(entry)
                self._take(entry)
        return self

    def in_doubt(self) -> dict[Path, Sent]:
        """The writes that may have happened and of which nobody knows."""
        return {one.path: one for one in self.writes.values() if one.unknown and not one.status}

    def count(self, type_: type[NodeEvent], path: Path) -> int:
        """Count the events of a type and a path."""
        events = (entry.event for entry in self.entries)
        return sum(isinstance(event, type_) and event.path == path for event in events)

    def approvers(self, path: Path) -> set[str]:
        """The names of those who have approved what a gate asked last."""
        asked = self._asked.get(path)
        return self._approvers.get(asked, set()) if asked is not None else set()

    def due_ms(self) -> int | None:
        """The next time that the run waits for."""
        dues = [
            one.expires_at_ms if isinstance(one, GateOpened) else one.until_ms
            for one in self.asleep.values()
        ]
        return min((due for due in (*dues, self._deadline_ms) if due is not None), default=None)

    def answered(self) -> Iterator[Path]:
        """The path of each answer that is durable."""
        for entry in self.entries:
            match entry.event:
                case AttemptReturned(path=path) | NodeSettled(path=path, ahead=True):
                    yield path
                case AttemptFailed(path=path, output=output, ahead=ahead):
                    if output is None or ahead:
                        yield path
                case _:
                    pass

    def manifest_of(self, path: Path) -> Manifest | None:
        """The action that a node calls; that of what was proposed, too."""
        node = node_at(self._plan, path)
        if isinstance(node, CompiledCall):
            return node.action
        scope, _, last = path.removesuffix("!undo").rpartition("/")
        document = self._proposed.get(Path(scope))
        nodes = document.get("nodes") if isinstance(document, dict) else None
        called = nodes.get(last) if isinstance(nodes, dict) else None
        name = called.get("call") if isinstance(called, dict) else None
        return self._plan.actions.get(name) if isinstance(name, str) else None

    def _take(self, entry: Entry) -> None:
        event = entry.event
        match event:
            case AttemptStarted():
                self._intended(event, at_ms=entry.at_ms)
            case ProposalAccepted(path=path, document=document):
                self._proposed[path] = document.json
            case AttemptReturned() | AttemptFailed() | ProbeAnswered() | NodeResolved():
                sent = self.writes.get((event.path, event.generation))
                if sent is not None:
                    _heard(sent, event)
            case NodeSettled():
                self.asleep.pop(event.path, None)
                sent = self.writes.get((event.path, event.generation))
                if sent is not None:
                    sent.status = event.status
            case NodeInDoubt():
                sent = self.writes.get((event.path, event.generation))
                if sent is not None and sent.status is not None:
                    # It broke its promise, and the run was opened again: a person decides.
                    sent.status, sent.unknown = None, {event.attempt}
            case GateOpened(path=path, binding=binding):
                self.asleep[path] = event
                self._asked[path] = binding
            case WaitOpened(path=path):
                self.asleep[path] = event
            case GateDecided(binding=binding, verdict="approved"):
                self._approvers.setdefault(binding, set()).add(_name_of(entry.actor))
            case RunStarted(deadline_at_ms=deadline_ms):
                self._deadline_ms = deadline_ms
            case RunCancelled() | RunReopened():
                self._deadline_ms = None
            case TimerFired(path=path) if not path:
                self._deadline_ms = None
            case _:
                pass

    def _not_allowed(self, path: Path) -> str:
        """The gate that has not allowed a node, as the journal has it; empty when all have."""
        for gate, node in gates_of(self._plan, path):
            if len(self.approvers(gate)) < node.quorum:
                return gate
        return ""

    def _intended(self, event: AttemptStarted, *, at_ms: int) -> None:
        key = idempotency_key(self._run, event.path, event.generation)
        self.intents.add((key, event.attempt))
        manifest = self.manifest_of(event.path)
        if manifest is None or manifest.effect != "write":
            return
        sent = self.writes.get((event.path, event.generation))
        if sent is None:
            whole = receiver_key(manifest, key, event.args.json)
            sent = Sent(event.path, event.generation, manifest, whole, at_ms)
            self.writes[event.path, event.generation] = sent
            sent.unasked = self._not_allowed(event.path)
        elif sent.unknown:
            sent.again = sent.again or _wrong_to_repeat(sent, at_ms)
        sent.unknown.add(event.attempt)


def _wrong_to_repeat(sent: Sent, at_ms: int) -> str:
    """Say why a write that may have happened must not be sent again now; empty when it may."""
    if sent.manifest.key is None:
        return "it declares no key, and was sent again when nobody knew whether it had happened"
    if at_ms - sent.first_ms > (sent.manifest.window_ms or 0):
        return "it was sent again after its receiver had forgotten its key"
    return ""


Heard: TypeAlias = AttemptReturned | AttemptFailed | ProbeAnswered | NodeResolved


def _heard(sent: Sent, event: Heard) -> None:
    """Take what became known of a write.

    `NotApplied` speaks of its own attempt only; and one that was cancelled before it was sent may
    have no intent at all.
    """
    match event:
        case AttemptFailed(error=error):
            if error.code == NOT_STORABLE:
                sent.unknown.clear()
            elif error.not_applied:
                sent.unknown.discard(event.attempt)
        case ProbeAnswered(answer="unknown") | NodeResolved(verdict="ask"):
            pass
        case _:
            sent.unknown.clear()


REPORTED: tuple[type[Event], ...] = (
    AttemptReturned,
    AttemptFailed,
    ProbeAnswered,
    NodeResolved,
)
LENIENT: tuple[type[Event], ...] = (GateDecided, TimerFired)
"""What may come twice in good faith, and then changes nothing."""


def reported(entries: list[Entry]) -> list[int]:
    """The seqs of what came from outside, and would be wrong if it were taken twice."""
    return [
        entry.seq
        for entry in entries
        if isinstance(entry.event, (*REPORTED, *LENIENT)) and not _is_judged(entry.event)
    ]


def _is_judged(event: Event) -> bool:
    """Whether the engine ordered this, for what was reported before."""
    return isinstance(event, AttemptFailed) and event.output is not None and not event.ahead


def counted_codes(entries: list[Entry]) -> Counter[str]:
    """How often each code of an error is in a journal."""
    found: Counter[str] = Counter()
    for entry in entries:
        error = getattr(entry.event, "error", None)
        if error is not None:
            found[error.code] += 1
    return found


Tell: TypeAlias = Callable[[str], None]


def _name_of(actor: Actor) -> str:
    """The name by which a quorum counts who decided."""
    principal = principal_in(actor)
    return principal.name if principal is not None else ""
