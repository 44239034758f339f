"""What a journal says of the writes of a run; read without asking the engine."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias, final

from interlock.actions import Manifest
from interlock.engine import idempotency_key
from interlock.journal import (
    AttemptFailed,
    AttemptReturned,
    AttemptStarted,
    Entry,
    Event,
    NodeResolved,
    NodeSettled,
    ProbeAnswered,
    ProposalAccepted,
    SettledStatus,
    decode_entry,
    refs_of,
)
from interlock.plan import CompiledCall, Plan
from interlock.store import ReadStore
from interlock.testing.certifying.outside import ReceiverKey, receiver_key
from interlock.testing.certifying.places import node_at
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
    """

    path: Path
    generation: int
    manifest: Manifest
    key: ReceiverKey
    first_ms: int
    unknown: int = 0
    again: str = ""
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

    def read(self) -> "Journal":
        """Read what has become durable since."""
        while page := self._store.read(self._run, after=len(self.entries)):
            for event in page:
                values = self._store.values(self._run, refs_of(event.body))
                entry = decode_entry(event.body, values.get)[1]
                self.entries.append(entry)
                self._take(entry)
        return self

    def in_doubt(self) -> dict[Path, Sent]:
        """The writes that may have happened and of which nobody knows."""
        return {one.path: one for one in self.writes.values() if one.unknown and not one.status}

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
                sent = self.writes.get((event.path, event.generation))
                if sent is not None:
                    sent.status = event.status
            case _:
                pass

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
        elif sent.unknown:
            sent.again = sent.again or _wrong_to_repeat(sent, at_ms)
        sent.unknown += 1


def _wrong_to_repeat(sent: Sent, at_ms: int) -> str:
    """Say why a write that may have happened must not be sent again now; empty when it may."""
    if sent.manifest.key is None:
        return "it declares no key, and was sent again when nobody knew whether it had happened"
    if at_ms - sent.first_ms > (sent.manifest.window_ms or 0):
        return "it was sent again after its receiver had forgotten its key"
    return ""


Heard: TypeAlias = AttemptReturned | AttemptFailed | ProbeAnswered | NodeResolved


def _heard(sent: Sent, event: Heard) -> None:
    """Take what became known of a write. `NotApplied` speaks of its own attempt only."""
    match event:
        case AttemptFailed(error=error):
            if error.code == NOT_STORABLE:
                sent.unknown = 0
            elif error.not_applied:
                sent.unknown = max(0, sent.unknown - 1)
        case ProbeAnswered(answer="unknown"):
            pass
        case _:
            sent.unknown = 0


REPORTED: tuple[type[Event], ...] = (
    AttemptReturned,
    AttemptFailed,
    ProbeAnswered,
    NodeResolved,
)


def reported(entries: list[Entry]) -> list[int]:
    """The seqs of what came from outside, and would be wrong if it were taken twice."""
    return [
        entry.seq
        for entry in entries
        if isinstance(entry.event, REPORTED) and not _is_judged(entry.event)
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
