"""Holds: what must neither be erased nor pruned, in the journal of the store itself.

Whoever erases or prunes asks `require_not_held`, or `read_keeping` for many runs. A pruning is
written into the same journal, so a hold that is placed meanwhile makes it begin again.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from interlock.audit import SALTS_BYTES_MAX, Hold, Keeping, RunFacts, note_of, seal
from interlock.errors import JournalCorrupt, OnHold, StoreFailed, UsageError
from interlock.journal import (
    ENDED,
    STORE_EPOCH,
    STORE_JOURNAL,
    HoldPlaced,
    HoldReleased,
    Principal,
    Record,
    RunHead,
    StoreEntry,
    StoreEvent,
    actor_words,
    encode_envelope,
    read_store_entry,
    store_envelope,
)
from interlock.reports import moment_text
from interlock.runtime.clock import Clock, Ids, SystemClock, SystemIds
from interlock.store import KeyRing, ReadStore, Store
from interlock.values import KeyId, RunId

PAGE = 1_000
TAKEN = "IL7018"
"""What a store says when another process has written the next event before."""

TRIES_MAX = 100

KEY_IDS = re.compile(rb"hmac-sha256:([0-9a-f]{32,64}):")
"""The ids of keys of data subjects in an event."""

GONE = "(erased)"
"""In the row of a run: the graph or the plan that was erased."""


def read_keeping(store: ReadStore) -> Keeping:
    """Read what is on hold in a store, and what was pruned.

    Raises:
        JournalCorrupt: an event of the journal of the store cannot be read.
    """
    return Keeping.of(store_entries(store))


def store_entries(store: ReadStore) -> Iterator[StoreEntry]:
    """Read the journal of a store itself.

    Raises:
        JournalCorrupt: an event of it cannot be read.
    """
    after = 0
    while page := store.read(STORE_JOURNAL, after=after, limit=PAGE):
        yield from (read_store_entry(event.body) for event in page)
        after = page[-1].seq


def place_hold(
    store: Store,
    hold: HoldPlaced,
    *,
    by: Principal,
    clock: Clock | None = None,
    ids: Ids | None = None,
) -> StoreEntry:
    """Place a hold; it is durable when this returns.

    Its number is the seq of the entry.

    Raises:
        UsageError: no reason is given.
    """
    if not hold.reason.strip():
        raise UsageError(
            "a hold needs a reason", hint="say why it is placed: the case, the request"
        )
    keeper = Keeper(store, by=by, clock=clock, ids=ids)
    return keeper.append(lambda _: hold)


def release_hold(
    store: Store,
    number: int,
    *,
    reason: str,
    by: Principal,
    clock: Clock | None = None,
    ids: Ids | None = None,
) -> Hold:
    """Release a hold; it is durable when this returns.

    Raises:
        UsageError: no reason is given, or one that names the data subject that is held; or there is
            no such hold (IL8605).
    """
    if not reason.strip():
        raise UsageError("a release needs a reason", hint="say why the hold is not needed any more")
    keeper = Keeper(store, by=by, clock=clock, ids=ids)

    def released(keeping: Keeping) -> HoldReleased:
        hold = keeping.holds.get(number)
        if hold is None or hold.released is not None:
            told = "was released before" if hold else "was never placed"
            raise UsageError(
                f"hold {number} {told}",
                hint="`interlock retention hold list` shows those that are in force",
                code="IL8605",
            )
        if hold.event.subject is not None:
            for each in store.subjects.find(ids=[hold.event.subject]):
                check_unnamed(each.name, reason, by.actor)
        return HoldReleased(hold=number, reason=reason)

    keeper.append(released)
    return keeper.keeping.holds[number]


def require_not_held(store: ReadStore, run: RunId) -> None:
    """Refuse to go on with erasing or pruning a run that is on hold.

    Raises:
        OnHold: it is; says which hold, by whom and why.
        JournalCorrupt: an event of the journal of the store cannot be read.
    """
    head = store.head(run)
    if head is None:
        return
    keeping = read_keeping(store)
    hold = keeping.held(facts_in(store, head, with_subjects=keeping.asks_for_subjects))
    if hold is not None:
        raise _on_hold(f"run {run}", hold)


def require_subject_not_held(keeping: Keeping, key_id: KeyId) -> None:
    """Refuse to go on with erasing a data subject that is on hold.

    Raises:
        OnHold: it is; says which hold, by whom and why.
    """
    hold = keeping.held_subject(key_id)
    if hold is not None:
        raise _on_hold(f"data subject {key_id}", hold)


def _on_hold(what: str, hold: Hold) -> OnHold:
    return OnHold(
        f"{what} is on hold {hold.number}, placed by {actor_words(hold.placed.actor)}:"
        f" {_shown(hold.event.reason)}",
        hint=f"nothing of it goes until `interlock retention hold release {hold.number}"
        " --reason ...`",
    )


def check_unnamed(name: str, *words: str) -> None:
    """Refuse to write the name of a data subject into the journal for good.

    Raises:
        UsageError: it stands in these words.
    """
    if any(name in each for each in words):
        raise UsageError(
            "who does it, the rule or the reason names the subject",
            hint="it would stand in the journal for good: say it in other words",
        )


def pruned_words(store: ReadStore, run: RunId) -> str | None:
    """Say what was pruned of a run, when, by whom and under which rule; None if nothing was.

    Raises:
        JournalCorrupt: an event of the journal of the store cannot be read.
    """
    note = note_of(read_keeping(store), run)
    if note is None:
        return None
    what = "its events" if note.event.what == "events" else "the values that its events name"
    return (
        f"run {run} was pruned: {what} went on {moment_text(note.entry.at_ms)}, by"
        f" {actor_words(note.entry.actor)}, under the rule `{note.event.rule}`"
    )


def _shown(words: str) -> str:
    """Make what a person typed one line that does nothing to a terminal."""
    line = " ".join(words.split())
    return line if line.isprintable() else ascii(line)


def facts_of(head: RunHead) -> RunFacts:
    """Say of a run what decides whether it is held."""
    return RunFacts(
        run=head.run,
        graph=None if head.graph == GONE else head.graph,
        started_ms=head.created_ms,
        ended_ms=head.updated_ms if head.status in ENDED else None,
    )


def facts_in(store: ReadStore, head: RunHead, *, with_subjects: bool) -> RunFacts:
    """Say of a run in a store what decides whether it is held.

    Whose values it has is read from its events, and only when a hold asks for it.
    """
    facts = facts_of(head)
    return replace(facts, subjects=_subjects_of(store, head.run)) if with_subjects else facts


def _subjects_of(store: ReadStore, run: RunId) -> frozenset[KeyId] | None:
    ids: set[KeyId] = set()
    after = 0
    while page := store.read(run, after=after, limit=PAGE):
        ids.update(KeyId(key.decode()) for each in page for key in KEY_IDS.findall(each.body))
        after = page[-1].seq
    ring = KeyRing(store, run)
    try:
        several = [ring.members(each) for each in ids]
    except JournalCorrupt:
        return None
    if not all(several):
        return None  # Whose these are was pruned.
    return frozenset(key for members in several for key in members)


class Keeper:
    """Writes into the journal of a store, in the name of one person."""

    def __init__(
        self, store: Store, *, by: Principal, clock: Clock | None = None, ids: Ids | None = None
    ) -> None:
        self._store, self._by = store, by
        self._clock = clock or SystemClock()
        self._ids = ids or SystemIds()
        self.keeping = read_keeping(store)

    def append(self, event: Callable[[Keeping], StoreEvent]) -> StoreEntry:
        """Append an event, made anew when another process has written one before.

        Raises:
            StoreFailed: it cannot be written.
        """
        for _ in range(TRIES_MAX):
            entry, record = self.next(event(self.keeping))
            try:
                self._store.write([record])
            except StoreFailed as error:
                if error.code != TAKEN:
                    raise
                self.catch_up()
            else:
                self.keeping.take(entry)
                return entry
        raise StoreFailed(
            "others write into the journal of the store all the time", hint="try again", code=TAKEN
        )

    def next(self, event: StoreEvent) -> tuple[StoreEntry, Record]:
        """Make the next entry, and its record."""
        entry = StoreEntry(
            event=event,
            seq=self.keeping.size + 1,
            at_ms=self._clock.now_ms(),
            actor=self._by.actor,
        )
        envelope = store_envelope(entry)
        leaf, salts = seal(envelope, self._ids.chance(SALTS_BYTES_MAX))
        return entry, Record(
            run=STORE_JOURNAL,
            seq=entry.seq,
            epoch=STORE_EPOCH,
            body=encode_envelope(envelope),
            leaf=leaf,
            salts=salts,
        )

    def catch_up(self) -> None:
        """Read what others have written."""
        self.keeping = read_keeping(self._store)
