"""From a journal to a receipt: the events of a run in the log, their proof, their values."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, cast

from interlock.audit import (
    Evidence,
    LoggedEvent,
    SignedCheckpoint,
    Subtrees,
    open_leaf,
    prove_leaves,
    read_erased,
    tells_of,
)
from interlock.errors import ContentPruned, EvidenceRefused, UsageError, ensure
from interlock.journal import STORE_JOURNAL, StoredEvent
from interlock.runtime import why_pruned
from interlock.store import KeyRing, ReadStore
from interlock.values import RunId, Subjects, ValueRef

FIRST = 1
"""The event that says which plan it was: it is in every receipt."""


def logged_events(store: ReadStore, run: RunId) -> list[LoggedEvent]:
    """Read what is left of the events of a run, each with its leaf.

    Raises:
        JournalCorrupt: an event is not as it was written.
    """
    is_pruned = why_pruned(store, run) is not None
    return [_logged(event) for event in _stored(store, run) if event.body or not is_pruned]


def prunings_of(store: ReadStore, run: RunId) -> list[LoggedEvent]:
    """Read the events of the journal of a store that tell what was pruned of a run.

    Raises:
        JournalCorrupt: an event is not as it was written.
    """
    found = [_logged(event) for event in _stored(store, STORE_JOURNAL)]
    return [event for event in found if tells_of(event.clear(), run)]


def _stored(store: ReadStore, run: RunId) -> Iterator[StoredEvent]:
    after = 0
    while page := store.read(run, after=after):
        yield from page
        after = page[-1].seq


def _logged(event: StoredEvent) -> LoggedEvent:
    leaf = open_leaf(event.body, event.salts, read_erased(event.erased))
    return LoggedEvent(index=event.leaf_index, leaf=leaf)


def require_grown(store: ReadStore, size: int) -> None:
    """Refuse a checkpoint that has more events than the log.

    Raises:
        EvidenceRefused: it has.
    """
    if store.log_size() < size:
        raise EvidenceRefused(
            f"the log has {store.log_size()} events, and the checkpoint has {size}",
            code="IL8513",
            hint="the store was put back to an older copy, or it is another store: find the one"
            " that was signed",
        )


def chosen_events(
    store: ReadStore, run: RunId, events: list[LoggedEvent], *, seqs: Collection[int]
) -> list[LoggedEvent]:
    """Choose events by their seq, with the first one, and those that tell what they have lost.

    All, when none is asked for.

    Raises:
        ContentPruned: an event was pruned.
        UsageError: the run, or the checkpoint, has no such event.
    """
    known = {event.seq: event for event in events}
    missing = [seq for seq in seqs if seq not in known]
    if missing and 0 < missing[0] < max(known, default=0):
        raise cast(ContentPruned, why_pruned(store, run))
    if not events or missing:
        what = f"event {missing[0]}" if missing else "event"
        raise UsageError(
            f"run {run} has no {what} in this checkpoint, which has {max(known, default=0)} of its"
            " events",
            hint=f"`interlock show {run} --events` lists them, `interlock audit checkpoint` signs"
            " the log as it is now",
        )
    if not seqs:
        return events
    chosen = [known[seq] for seq in {FIRST, *seqs}]
    lost = {place for event in chosen for place in _lost(event)}
    chosen = {*(event.seq for event in chosen)} | {
        event.seq for event in events if not lost.isdisjoint(_erased_by(event))
    }
    return [event for event in events if event.seq in chosen]


def unexplained(events: Iterable[LoggedEvent], retention: Iterable[LoggedEvent]) -> int:
    """Count the parts that are gone, and of which none of the events tells why."""
    events = list(events)
    told = {place for event in events for place in _erased_by(event)}
    is_pruned = any(_facts(event)["what"] == "events" for event in retention)
    lost = {place for event in events for place in _lost(event)}
    return 0 if is_pruned else len(lost - told)


def _lost(event: LoggedEvent) -> Iterator[str]:
    return (f"{event.seq}.{name}" for name in event.gone)


def _erased_by(event: LoggedEvent) -> Collection[str]:
    """Name the parts, as `SEQ.PART`, of which an event tells that they were erased."""
    return _facts(event)["parts"] if event.clear()["type"] == "PartsErased" else ()


def _facts(event: LoggedEvent) -> Any:
    return event.clear()["facts"]


def evidence_of(
    store: ReadStore,
    run: RunId,
    events: list[LoggedEvent],
    *,
    signed: SignedCheckpoint,
    stamps: Sequence[bytes],
    tree: Subtrees,
    is_whole: bool,
    retention: Sequence[LoggedEvent] = (),
) -> Evidence:
    """Gather what a receipt is made of."""
    ring = KeyRing(store, run)

    def value(ref: str) -> bytes | None:
        return ring.opened(store.values(run, [ValueRef(ref)])).get(ValueRef(ref))

    def opener(ref: str, data: bytes) -> bytes:
        subjects = ring.subjects(ValueRef(ref))
        ensure(subjects is not None, "what was decrypted has its key")
        return cast(Subjects, subjects).opener(data)

    indices = sorted(event.index for event in (*events, *retention))
    return Evidence(
        run=run,
        events=events,
        is_whole=is_whole,
        checkpoint=str(signed.note),
        proof=prove_leaves(indices, signed.checkpoint.tree.size, tree),
        value=value,
        opener=opener,
        stamps=stamps,
        retention=retention,
    )
