"""Erasing parts of a run that has ended: what goes, what stays, and one transaction for it all.

Whoever wants something of runs erased (a person with paths, a rule about a data subject, a rule of
retention) chooses parts of events and calls `erase` for each run; what has to go with them is found
here. When all is done, `overwrite` destroys what the store has left behind of them, once for all
runs. In between a process may die at any moment: an erasure is there in whole or not at all, and
the store remembers that something is left to overwrite.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import chain

from interlock import audit  # its modules are imported when something is erased
from interlock.errors import LeaseLost, RunNotFound, RunNotResumable, StoreError, UsageError
from interlock.journal import (
    ENDED,
    Entry,
    Erasure,
    Lease,
    Message,
    PartsErased,
    Principal,
    Record,
    Rewritten,
    RunHead,
    RunMigrated,
    RunStarted,
    StoredEvent,
    open_envelope,
    refs_of,
)
from interlock.runtime.clock import Clock, Ids, SystemClock, SystemIds
from interlock.runtime.commits import Sealer
from interlock.runtime.disposal.holds import GONE, read_keeping, require_not_held
from interlock.runtime.owning import LEASE_MS
from interlock.store import INBOX_MESSAGES_MAX, KeyRing, ReadStore, Store
from interlock.values import Digest, RunId, ValueRef, encode, immutable

PAGE = 1_000
OTHERS_NAMED_MAX = 5
REF = re.compile(rb"(?:hmac-sha256:[0-9a-f]+|sha256):[0-9a-f]{64}")
OVERWRITE_TRIES = 5
"""Each waits for readers as long as the store waits for a lock."""

PLANS = (RunStarted.type, RunMigrated.type)
PINNED = ("document", "manifests")

Chosen = Mapping[int, Collection[str]]
"""By the seq of an event, names of its parts, as `docs/reference/leaves.md` lists them."""


@immutable()
class Removal:
    """What goes with parts that were chosen of a run, and what stays.

    Attributes:
        head: the row of the run, as it is now.
        events: how many the run has.
        parts: by seq, the parts that go: what was chosen, and all copies of it.
        values: the values that go, with their sizes in bytes.
        messages: what was sent to the run and nobody has taken; an ended run takes nothing more.
        mentions: by seq, parts that were there before any value of the run (its plan, its key) and
            hold a text of what goes all the same. They stay unless they are chosen.
        texts: texts and numbers of what was chosen, as JSON has them inside.
    """

    head: RunHead
    events: int
    parts: Mapping[int, frozenset[str]]
    values: Mapping[ValueRef, int]
    messages: tuple[Message, ...]
    mentions: Mapping[int, frozenset[str]]
    texts: frozenset[bytes]

    @property
    def names(self) -> tuple[str, ...]:
        """The parts that go, as `PartsErased` names them: `3.output`."""
        return tuple(f"{seq}.{name}" for seq in self.parts for name in sorted(self.parts[seq]))


@immutable()
class Erased:
    """What was erased.

    Attributes:
        removal: what went.
        event: the seq of the `PartsErased` that tells of it; None: there was nothing to erase.
        kept: of the values that the run names no more, those that stay, for another run has them.
    """

    removal: Removal
    event: int | None
    kept: frozenset[ValueRef] = frozenset()


def removal_of(
    store: ReadStore, run: RunId, chosen: Chosen, *, spares_plan: bool = False
) -> Removal:
    """Say what would be erased with parts of a run; change nothing.

    What an event does not have, or has no more, is left out of account. With `spares_plan`, texts
    that stand in the plan are not looked for in other parts: they are known all the same.

    Raises:
        RunNotFound: the store has no such run.
        RunNotResumable: the run has not ended, or is about to go on: it needs what it has.
        OnHold: a legal hold is on it.
        ContentPruned: its events were pruned.
        JournalCorrupt: an event is not as it was written.
    """
    head = _ended(store, run)
    events = _events(store, run)
    values = _values(store, run, events)
    known = b"".join(values.get(ref, b"") for ref in _plans(events)) if spares_plan else b""
    found = audit.find_copies(events, values, chosen, known=known)
    data = store.values(run, found.refs)
    return Removal(
        head=head,
        events=len(events),
        parts=found.parts,
        values={ref: len(data.get(ref, b"")) for ref in sorted(found.refs)},
        messages=_messages(store, run) if found.parts else (),
        mentions=found.mentions,
        texts=found.texts,
    )


def erase(
    store: Store,
    run: RunId,
    chosen: Chosen,
    *,
    by: Principal,
    rule: str,
    reason: str = "",
    clock: Clock | None = None,
    ids: Ids | None = None,
    check: Callable[[Removal], None] | None = None,
    spares_plan: bool = False,
) -> Erased:
    """Erase parts of a run that has ended, with all copies of them.

    It is durable when this returns. In one transaction: the events lose the parts, values that no
    run names any more are deleted, messages that nobody has taken leave the inbox, the row of the
    run forgets what it had of them, and `PartsErased` tells of it all. When there is nothing to
    erase, nothing is written. The bytes may be read off the disk until `overwrite` has returned
    True: call it once, after all runs.

    Args:
        store: where the run is.
        run: the run.
        chosen: what is to go; `removal_of` says what goes with it.
        by: who has it erased.
        rule: the rule that asks for it; kept in the journal.
        reason: why, in the person's words; kept in the journal.
        clock, ids: where times, owners and salts come from.
        check: is shown what will go, with the run leased, so that nothing can change any more; what
            it raises stops the erasure.
        spares_plan: as for `removal_of`.

    Raises:
        RunNotFound, RunNotResumable, OnHold, ContentPruned, JournalCorrupt: as for `removal_of`.
        LeaseHeld: somebody drives the run.
        LeaseLost: somebody took it over before anything was erased.
        UsageError: `by`, `rule` or `reason` would write down again what is to go.
    """
    ids, clock = ids or SystemIds(), clock or SystemClock()
    _ended(store, run)
    now_ms = clock.now_ms()
    lease = store.lease(run, ids.owner(), now_ms=now_ms, life_ms=LEASE_MS)
    try:
        while True:
            holds_seen = read_keeping(store).size
            removal = removal_of(store, run, chosen, spares_plan=spares_plan)
            if check is not None:
                check(removal)
            if not removal.parts:
                return Erased(removal=removal, event=None)
            told = PartsErased(parts=removal.names, rule=rule, reason=reason)
            _check_words(told, by, removal)
            entry = Entry(
                told, at_ms=now_ms, seq=removal.events + 1, epoch=lease.epoch, actor=by.actor
            )
            erasure = _erasure(store, lease, entry, removal=removal, sealer=Sealer(ids.chance))
            kept = store.erase(replace(erasure, holds_seen=holds_seen))
            if kept is not None:
                return Erased(removal=removal, event=entry.seq, kept=kept)
            if read_keeping(store).size == holds_seen:
                raise LeaseLost(f"run {run} was taken over by another owner; nothing was erased")
    finally:
        with suppress(StoreError, UsageError):  # Of a store that failed, the lease ends with us.
            store.release(lease)


def overwrite(store: Store, *, tell: Callable[[int], None] | None = None) -> bool:
    """Destroy what erasures have left behind in the store.

    At once when there is nothing; else it takes as long as to copy the store, and nobody can write
    meanwhile. `tell` is called before each try, with its number.

    Returns:
        False: readers did not let go of the store. What is left is done by the next call.

    Raises:
        StoreFailed: an I/O error, such as a full disk; the store is stopped.
    """
    for number in range(1, OVERWRITE_TRIES + 1):
        if tell is not None:
            tell(number)
        if store.scrub():
            return True
    return False


def others_with(
    store: ReadStore, run: RunId, refs: Collection[ValueRef], *, limit: int = OTHERS_NAMED_MAX
) -> list[RunId]:
    """Find other runs that have some of these values, too; at most so many.

    Reads all events of the store, unless it finds so many before.
    """
    wanted = {ref.encode() for ref in refs}
    found: dict[RunId, None] = {}
    first = 0
    while wanted and len(found) < limit and (page := store.leaves(first=first, limit=PAGE)):
        for owner, event in page:
            if owner != run and not wanted.isdisjoint(REF.findall(event.body)):
                found[owner] = None
        first += len(page)
    return list(found)[:limit]


def _ended(store: ReadStore, run: RunId) -> RunHead:
    """Take the row of a run that needs nothing any more.

    An open run is folded again from all of its events whenever somebody takes it up: what is erased
    of it could never be made good, and a write that it has sent might be sent again.
    """
    head = store.head(run)
    if head is None:
        raise RunNotFound(f"no run `{run}` in this store", hint="`interlock runs` lists them")
    if head.status not in ENDED:
        raise RunNotResumable(
            f"run {run} has not ended: it is {head.status.replace('_', ' ')}, and needs what it has"
            " to go on",
            hint=f"let it end, or end it: `interlock cancel {run}`; then erase",
        )
    require_not_held(store, run)
    return head


def _events(store: ReadStore, run: RunId) -> list[StoredEvent]:
    found: list[StoredEvent] = []
    while page := store.read(run, after=len(found), limit=PAGE):
        found += page
    return found


def _values(store: ReadStore, run: RunId, events: Sequence[StoredEvent]) -> dict[ValueRef, bytes]:
    found = store.values(run, {ref for event in events for ref in refs_of(event.body)})
    return KeyRing(store, run).opened(found)


def _plans(events: Sequence[StoredEvent]) -> Iterator[ValueRef]:
    """List the references of the plans that a run has had."""
    for event in events:
        envelope = open_envelope(event.body)
        refs = envelope.get("refs")
        if envelope.get("type") in PLANS and isinstance(refs, dict):
            yield from (ValueRef(str(refs[name])) for name in PINNED if name in refs)


def _messages(store: ReadStore, run: RunId) -> tuple[Message, ...]:
    """Take what nobody has taken: an ended run would drop it, unless it is to be opened again."""
    left = tuple(store.inbox(run=run, limit=INBOX_MESSAGES_MAX))
    if any(message.kind == "reopen" for message in left):
        raise RunNotResumable(
            f"somebody has opened run {run} again, and nobody has taken it up yet",
            hint=f"`interlock resume {run}` goes on with it; erase when it has ended",
        )
    return left


def _check_words(told: PartsErased, by: Principal, removal: Removal) -> None:
    """Refuse to write into the journal what is to go from it."""
    for what, words in (("the name", by.actor), ("the rule", told.rule), ("why", told.reason)):
        written = encode(words)
        found = [text for text in removal.texts if text in written]
        if found:
            raise UsageError(
                f"{what} has a text in it that is to be erased: {found[0].decode()}",
                hint="it would stand in the journal for good: say it in other words, or with"
                " another name",
            )


def _erasure(
    store: ReadStore, lease: Lease, entry: Entry, *, removal: Removal, sealer: Sealer
) -> Erasure:
    run = lease.run
    body, leaf, salts = sealer.seal(run, entry)
    record = Record(
        run=run,
        seq=entry.seq,
        epoch=entry.epoch,
        body=body,
        leaf=leaf,
        salts=salts,
        head=row_without(removal.head, {*chain(*removal.parts.values())}),
        taken=tuple(message.id for message in removal.messages),
    )
    rewritten: list[Rewritten] = []
    for event in _events(store, run):
        if event.seq in removal.parts:
            names = removal.parts[event.seq]
            left = audit.erase_parts(event.body, event.salts, event.erased, names=names)
            rewritten.append(
                Rewritten(seq=event.seq, body=left.body, salts=left.salts, erased=left.erased)
            )
    return Erasure(events=tuple(rewritten), refs=tuple(removal.values), record=record)


def row_without(head: RunHead, gone: Collection[str]) -> RunHead:
    """Take out of the row of a run what was erased of its events.

    Parts are given by their names. Of several plans and ends of a run, the row has the last; all of
    them go together.
    """
    if "execution" in gone:
        head = replace(head, execution=None)
    if "key" in gone:
        head = replace(head, key=None)
    if "graph" in gone:
        head = replace(head, graph=GONE)
    return replace(head, plan=Digest(GONE)) if "plan" in gone else head
