"""From a journal to a receipt: the events of a run in the log, their proof, their values."""

from collections.abc import Collection, Sequence
from typing import cast

from interlock.audit import (
    Evidence,
    LoggedEvent,
    SignedCheckpoint,
    Subtrees,
    open_leaf,
    prove_leaves,
    read_erased,
)
from interlock.errors import EvidenceRefused, UsageError, ensure
from interlock.runtime import why_pruned
from interlock.store import KeyRing, ReadStore
from interlock.values import RunId, Subjects, ValueRef

FIRST = 1
"""The event that says which plan it was: it is in every receipt."""


def logged_events(store: ReadStore, run: RunId) -> list[LoggedEvent]:
    """Read the events of a run, each with its leaf.

    Raises:
        ContentPruned: events of it were pruned.
        JournalCorrupt: an event is not as it was written.
    """
    found: list[LoggedEvent] = []
    while page := store.read(run, after=len(found)):
        for event in page:
            if not event.body and (pruned := why_pruned(store, run)) is not None:
                raise pruned
            leaf = open_leaf(event.body, event.salts, read_erased(event.erased))
            found.append(LoggedEvent(index=event.leaf_index, leaf=leaf))
    return found


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
    events: list[LoggedEvent], seqs: Collection[int], *, run: RunId
) -> list[LoggedEvent]:
    """Choose events by their seq, and the first one; all, when none is asked for.

    Raises:
        UsageError: the run, or the checkpoint, has no such event.
    """
    missing = [seq for seq in seqs if not 1 <= seq <= len(events)]
    if not events or missing:
        what = f"event {missing[0]}" if missing else "event"
        raise UsageError(
            f"run {run} has no {what} in this checkpoint, which has {len(events)} of its events",
            hint=f"`interlock show {run} --events` lists them, `interlock audit checkpoint` signs"
            " the log as it is now",
        )
    return [events[seq - 1] for seq in sorted({FIRST, *seqs})] if seqs else events


def evidence_of(
    store: ReadStore,
    run: RunId,
    events: list[LoggedEvent],
    *,
    signed: SignedCheckpoint,
    stamps: Sequence[bytes],
    tree: Subtrees,
    is_whole: bool,
) -> Evidence:
    """Gather what a receipt is made of."""
    ring = KeyRing(store, run)

    def value(ref: str) -> bytes | None:
        return ring.opened(store.values(run, [ValueRef(ref)])).get(ValueRef(ref))

    def opener(ref: str, data: bytes) -> bytes:
        subjects = ring.subjects(ValueRef(ref))
        ensure(subjects is not None, "what was decrypted has its key")
        return cast(Subjects, subjects).opener(data)

    indices = [event.index for event in events]
    return Evidence(
        run=run,
        events=events,
        is_whole=is_whole,
        checkpoint=str(signed.note),
        proof=prove_leaves(indices, signed.checkpoint.tree.size, tree),
        value=value,
        opener=opener,
        stamps=stamps,
    )
