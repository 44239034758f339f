"""Pruning: what is stored of runs goes when its time is over, in steps that may stop anywhere.

First the values of runs that are due, then shared values that nobody needs any more, then the
content of events, and in the end the space is given back. A batch is one transaction with the
event that tells of it, so a process may die at any point: what was done is told, and the next call
goes on. Runs are leased while they are pruned, so nobody goes on with one meanwhile; a hold that is
placed at that moment is written into the same journal, and wins.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import field, replace
from hashlib import sha256
from typing import Any, Literal, TypeAlias, cast, final

from interlock.audit import (
    CLASSES,
    HASH_BYTES,
    KEPT,
    PRUNED_PARTS,
    TILE_WIDTH,
    Hold,
    Keeping,
    Retention,
    erase_parts,
    leaf_hash,
    leaf_of,
    read_erased,
    row_of_emptied,
)
from interlock.errors import ContentPruned, JournalCorrupt, StoreError, StoreFailed, UsageError
from interlock.journal import (
    ENDED,
    Lease,
    OwnerId,
    Principal,
    Pruned,
    PrunedClass,
    PrunedRun,
    Pruning,
    Rewritten,
    RunHead,
    RunsPruned,
    RunStatus,
    StoredEvent,
    open_envelope,
    refs_of,
)
from interlock.runtime.clock import Clock, Ids, SystemClock, SystemIds
from interlock.runtime.disposal.erasing import overwrite
from interlock.runtime.disposal.holds import TAKEN, TRIES_MAX, Keeper, facts_in, read_keeping
from interlock.runtime.owning import LEASE_MS
from interlock.store import INBOX_MESSAGES_MAX, ReadStore, Store
from interlock.values import RunId, ValueRef, immutable, mutable

PAGE = 1_000
RUNS_MAX = 64
"""Runs in one batch: a bound on how long others wait for the store."""

EVENTS_MAX = 20_000
"""Events in one batch, unless one run has more."""

DOCUMENTS = ("document", "manifests")
"""Values of what ran, which stay."""

EVIDENCE = frozenset(("PartsErased",))
"""Events that stay as they are, wherever they stand: they tell of what was destroyed."""

Skipped: TypeAlias = Literal["held", "busy", "not as logged", "in doubt"]
Step: TypeAlias = Literal["values", "shared", "events", "space"]


@immutable()
class Due:
    """A run of which a class is to go."""

    head: RunHead
    what: PrunedClass


@immutable()
class PruningPlan:
    """What is due in a store.

    Attributes:
        due: what would go, the oldest run first.
        held: what would go, were it not on hold; with the hold.
    """

    due: tuple[Due, ...]
    held: tuple[tuple[Due, Hold], ...]


@mutable()
class PruningResult:
    """What was done.

    Attributes:
        runs: by class, the runs that were pruned.
        events: how many lost their content.
        shared: how many shared values are gone.
        skipped: runs that were due and stay for now, and why.
        overwritten: whether the space was given back; a reader may stand in the way.
    """

    runs: dict[PrunedClass, list[RunId]] = field(
        default_factory=lambda: {what: [] for what in CLASSES}
    )
    events: int = 0
    shared: int = 0
    skipped: dict[RunId, Skipped] = field(default_factory=dict[RunId, Skipped])
    overwritten: bool = True


Tell: TypeAlias = Callable[[Step, int, int], None]
"""Is told of progress: the step, how much of it is done, and of how much."""


def plan_pruning(store: ReadStore, retention: Retention, *, now_ms: int) -> PruningPlan:
    """Say what is due, and change nothing.

    Raises:
        JournalCorrupt: the journal of the store cannot be read.
    """
    return _planned(store, read_keeping(store), retention, now_ms=now_ms)


def _planned(
    store: ReadStore, keeping: Keeping, retention: Retention, *, now_ms: int
) -> PruningPlan:
    due: list[Due] = []
    held: list[tuple[Due, Hold]] = []
    with_subjects = keeping.asks_for_subjects
    for head in ended_runs(store):
        for what in CLASSES:
            period_ms = retention.period_ms(what)
            if period_ms is None or now_ms - head.updated_ms < period_ms:
                continue
            if head.run in keeping.pruned[what]:
                continue
            hold = keeping.held(facts_in(store, head, with_subjects=with_subjects))
            one = Due(head=head, what=what)
            if hold is None:
                due.append(one)
            else:
                held.append((one, hold))
    return PruningPlan(due=tuple(reversed(due)), held=tuple(reversed(held)))


def ended_runs(store: ReadStore) -> Iterator[RunHead]:
    """List the runs that have ended, newest first."""
    return all_runs(store, statuses=ENDED)


def all_runs(
    store: ReadStore, *, statuses: Collection[RunStatus] | None = None
) -> Iterator[RunHead]:
    """List runs, newest first."""
    before: RunId | None = None
    while page := store.heads(statuses=statuses, before=before, limit=PAGE):
        yield from page
        before = page[-1].run


def prune(
    store: Store,
    retention: Retention,
    *,
    by: Principal,
    clock: Clock | None = None,
    ids: Ids | None = None,
    tell: Tell | None = None,
) -> PruningResult:
    """Prune what is due. It may be interrupted at any point, and called again.

    Args:
        store: the store; others may work on it meanwhile.
        retention: for how long each class is kept.
        by: who asks for it.
        clock, ids: where times, owners and salts come from.
        tell: is told of progress.

    Raises:
        StoreFailed: an I/O error; what was told as done is done.
        JournalCorrupt: the journal of the store cannot be read.
    """
    pruner = _Pruner(store, retention, by=by, clock=clock, ids=ids, tell=tell)
    return pruner.run()


@final
class _Pruner:
    """One pruning of a store."""

    def __init__(
        self,
        store: Store,
        retention: Retention,
        *,
        by: Principal,
        clock: Clock | None,
        ids: Ids | None,
        tell: Tell | None,
    ) -> None:
        self._store, self._retention = store, retention
        self._clock, self._tell = clock or SystemClock(), tell
        ids = ids or SystemIds()
        self._owner: OwnerId = ids.owner()
        self._keeper = Keeper(store, by=by, clock=self._clock, ids=ids)
        self._result = PruningResult()

    def run(self) -> PruningResult:
        """Take one step after the other."""
        self._prune("values")
        if self._keeper.keeping.pruned["values"]:
            self._drop_shared()
        self._prune("events")
        self._say("space", 0, 1)
        self._result.overwritten = overwrite(self._store)
        self._say("space", 1, 1)
        return self._result

    def _prune(self, what: PrunedClass) -> None:
        now_ms = self._clock.now_ms()
        plan = _planned(self._store, self._keeper.keeping, self._retention, now_ms=now_ms)
        due = [each.head for each in plan.due if each.what == what]
        if what == "events":
            # Values go first: a run that was busy then, or came due since, is for the next call.
            valueless = self._keeper.keeping.pruned["values"]
            due = [head for head in due if head.run in valueless]
        for each, _ in plan.held:
            self._result.skipped[each.head.run] = "held"
        done = 0
        for number in range(0, len(due), RUNS_MAX):
            self._say(what, done, len(due))
            runs = due[number : number + RUNS_MAX]
            self._batch(what, runs)
            done += len(runs)
        if due:
            self._say(what, done, len(due))

    def _batch(self, what: PrunedClass, heads: Sequence[RunHead]) -> None:
        """Lease some runs, prune those that can be, and let go of the rest."""
        now_ms = self._clock.now_ms()
        found = self._store.lease_many(
            [head.run for head in heads], self._owner, now_ms=now_ms, life_ms=LEASE_MS
        )
        leases = {lease.run: lease for lease in found}
        try:
            ready: list[_Ready] = []
            for head in heads:
                one = self._ready(what, head, leases.get(head.run))
                if one is not None:
                    ready.append(one)
                if sum(each.size for each in ready) >= EVENTS_MAX:
                    self._write(what, ready, leases)
                    ready = []
            self._write(what, ready, leases)
        finally:
            with suppress(StoreError, UsageError):  # Of a store that failed, leases end with us.
                for lease in leases.values():
                    self._store.release(lease)

    def _ready(self, what: PrunedClass, head: RunHead, lease: Lease | None) -> "_Ready | None":
        """Look at a run once more, now that nobody else can go on with it."""
        run = head.run
        if lease is None or self._store.head(run) != head or self._is_opened_again(run):
            return self._skip(run, "busy")
        events = list(_events(self._store, run))
        try:
            opened = [_Opened.of(event) for event in events]
        except (JournalCorrupt, ContentPruned):
            return self._skip(run, "not as logged")
        ends = [each for each in opened if each.kind == "RunSettled"]
        if not ends or ends[-1].at_ms != head.updated_ms:
            return self._skip(run, "not as logged")
        if not all(each.stored.seq == seq for seq, each in enumerate(opened, 1)):
            return self._skip(run, "not as logged")
        if not self._are_as_logged(opened):
            return self._skip(run, "not as logged")
        if _in_doubt(opened):
            return self._skip(run, "in doubt")
        return _ready(what, head, lease, opened=opened, end=ends[-1].stored.seq)

    def _is_opened_again(self, run: RunId) -> bool:
        """Whether somebody wants the run to go on; all else that waits for it is too late."""
        left = self._store.inbox(run=run, limit=INBOX_MESSAGES_MAX)
        return any(message.kind == "reopen" for message in left)

    def _skip(self, run: RunId, why: Skipped) -> None:
        self._result.skipped[run] = why

    def _are_as_logged(self, opened: Iterable["_Opened"]) -> bool:
        """Whether the log has these hashes: what was tampered with stays, as evidence."""
        tiles: dict[int, bytes] = {}
        for each in opened:
            tile, at = divmod(each.stored.leaf_index, TILE_WIDTH)
            if tile not in tiles:
                tiles[tile] = self._store.tile(0, tile)
            if tiles[tile][at * HASH_BYTES : (at + 1) * HASH_BYTES] != each.hash:
                return False
        return True

    def _write(
        self, what: PrunedClass, ready: Sequence["_Ready"], leases: dict[RunId, Lease]
    ) -> None:
        """Prune runs in one transaction; when one is not as it was seen, one after the other."""
        left = self._not_held(ready)
        if not left:
            return
        for _ in range(TRIES_MAX):
            entry, record = self._keeper.next(self._event(what, left))
            pruning = Pruning(runs=tuple(each.pruned for each in left), record=record)
            try:
                is_done = self._store.prune(pruning)
            except StoreFailed as error:
                if error.code != TAKEN:
                    raise
                self._keeper.catch_up()
                left = self._not_held(left)
                if not left:
                    return
                continue
            if is_done:
                self._keeper.keeping.take(entry)
                self._note(what, left, leases)
            elif len(left) == 1:
                self._skip(left[0].told.run, "busy")
            else:
                for each in left:
                    self._write(what, [each], leases)
            return
        raise StoreFailed("others write into the journal of the store all the time", code=TAKEN)

    def _not_held(self, ready: Sequence["_Ready"]) -> list["_Ready"]:
        left: list[_Ready] = []
        keeping = self._keeper.keeping
        for each in ready:
            facts = facts_in(self._store, each.head, with_subjects=keeping.asks_for_subjects)
            if keeping.held(facts) is None:
                left.append(each)
            else:
                self._skip(each.told.run, "held")
        return left

    def _event(self, what: PrunedClass, ready: Sequence["_Ready"]) -> RunsPruned:
        period_ms = self._retention.period_ms(what)
        return RunsPruned(
            what=what,
            period_ms=period_ms or 0,
            rule=self._retention.rule(what),
            runs=tuple(each.told for each in ready),
        )

    def _note(
        self, what: PrunedClass, ready: Sequence["_Ready"], leases: dict[RunId, Lease]
    ) -> None:
        for each in ready:
            self._result.runs[what].append(each.told.run)
            self._result.events += each.told.events
            leases.pop(each.told.run, None)

    def _drop_shared(self) -> None:
        """Drop values that only pruned runs have named. Once is enough for all of them."""
        size = self._store.log_size()
        pruned = self._keeper.keeping.pruned["values"]
        gone: set[ValueRef] = set()
        needed: set[ValueRef] = set()
        first = 0
        while first < size and (page := self._store.leaves(first=first, limit=PAGE)):
            self._say("shared", first, size)
            for run, event in page:
                if not event.body:
                    continue
                if run in pruned:
                    documents, rest = _shared_refs(event.body)
                    needed |= documents
                    gone |= rest
                else:
                    needed.update(refs_of(event.body))
            first = page[-1][1].leaf_index + 1
        self._result.shared = self._store.drop_shared(gone - needed, size=first)
        self._say("shared", size, size)

    def _say(self, step: Step, done: int, of: int) -> None:
        if self._tell is not None:
            self._tell(step, done, of)


@immutable()
class _Ready:
    """A run that can be pruned: what the store is to do, and what the journal will say."""

    head: RunHead
    pruned: PrunedRun
    told: Pruned
    size: int


@immutable()
class _Opened:
    """A stored event, as far as pruning looks at it."""

    stored: StoredEvent
    kind: str
    at_ms: int
    path: str
    hash: bytes

    @classmethod
    def of(cls, stored: StoredEvent) -> "_Opened":
        """Open an event.

        Raises:
            JournalCorrupt: it is not as it was written.
        """
        envelope = cast(dict[str, Any], open_envelope(stored.body))
        leaf = leaf_of(stored.body, stored.salts, read_erased(stored.erased))
        return cls(
            stored=stored,
            kind=envelope["type"],
            at_ms=envelope["at_ms"],
            path=envelope.get("path", ""),
            hash=leaf_hash(leaf),
        )


def _ready(
    what: PrunedClass, head: RunHead, lease: Lease, *, opened: Sequence[_Opened], end: int
) -> _Ready:
    """Say what goes of a run whose last end is event `end`."""
    pruned = PrunedRun(run=head.run, epoch=lease.epoch, last=len(opened))
    told = Pruned(run=head.run, ended_ms=head.updated_ms)
    if what == "events":
        stays = KEPT | EVIDENCE
        gone = [each for each in opened if each.stored.seq < end and each.kind not in stays]
        kept = [each for each in opened if each.stored.seq >= end or each.kind in stays]
        pruned = replace(
            pruned,
            emptied=tuple(each.stored.seq for each in gone),
            kept=tuple(_without_parts(each) for each in kept if each.kind not in EVIDENCE),
            head=replace(head, execution=None),
        )
        rows = [row_of_emptied(each.stored.seq, each.stored.epoch, each.hash) for each in gone]
        hashes = sha256(b"".join(rows)).hexdigest() if gone else ""
        told = replace(told, events=len(gone), hashes=hashes)
    return _Ready(head=head, pruned=pruned, told=told, size=len(opened))


def _without_parts(opened: _Opened) -> Rewritten:
    """Take all parts out of an event, but for what ran."""
    stored = opened.stored
    left = erase_parts(stored.body, stored.salts, stored.erased, names=PRUNED_PARTS)
    return Rewritten(seq=stored.seq, body=left.body, salts=left.salts, erased=left.erased)


def _in_doubt(opened: Iterable[_Opened]) -> bool:
    open_paths: set[str] = set()
    for each in opened:
        if each.kind == "NodeInDoubt":
            open_paths.add(each.path)
        elif each.kind == "NodeResolved":
            open_paths.discard(each.path)
    return bool(open_paths)


def _events(store: ReadStore, run: RunId) -> Iterator[StoredEvent]:
    after = 0
    while page := store.read(run, after=after, limit=PAGE):
        yield from page
        after = page[-1].seq


def _shared_refs(body: bytes) -> tuple[set[ValueRef], set[ValueRef]]:
    """Tell what of an event stays when its values go, and what goes."""
    envelope = cast(dict[str, Any], open_envelope(body))
    refs: dict[str, ValueRef] = envelope.get("refs", {})
    stays = {refs[name] for name in DOCUMENTS if name in refs and envelope["type"] in KEPT}
    return stays, set(refs.values()) - stays
