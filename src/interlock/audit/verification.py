"""Verifying a log: is every event of a store the one that was logged, and is the log the known one?

Every leaf is made again from its event, and the tree from the leaves. What comes out is compared
with the tiles that the store keeps of the log, and with trees that others know: those of signed
checkpoints. Where it differs, a list of hashes that can be trusted says which event it is, and what
became of it:

    the hash of the event here     the hash that was logged     so the event
    is of no logged event          is of no event here          was edited
    is of another logged event     is of no event here          that stood here was deleted
    is of no logged event          is of another event here     was inserted
    is of another logged event     is of another event here     was moved

An event whose content was pruned counts by the hash that the store keeps; pruning.py says when.

The tiles of the store are such a list when their root is that of a checkpoint, and so are published
tiles. Where there is neither, it can only be said between which checkpoints the log differs.
"""

from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Literal, TypeAlias, final

from interlock.audit.erasing import read_erased
from interlock.audit.leaves import event_and_leaf
from interlock.audit.losses import TELLING, Losses
from interlock.audit.proofs import TreeHead
from interlock.audit.pruning import (
    NOTHING_EXPECTED,
    NOTHING_PRUNED,
    TOLD,
    Expected,
    PrunedLog,
    PrunedParts,
)
from interlock.audit.publication import PublishedLog, false_tile
from interlock.audit.tree import (
    HASH_BYTES,
    TILE_HEIGHT,
    TILE_WIDTH,
    Frontier,
    leaf_hash,
    split_hashes,
)
from interlock.errors import JournalCorrupt
from interlock.journal import STORE_JOURNAL, StoredEvent
from interlock.values import RunId

CLOCK_SLACK_MS = 5 * 60 * 1000
"""By how much the clock of a store and that of a witness may differ."""

UNKNOWN_MS = -1
"""The time of an event whose content was pruned."""

TILE_BYTES = TILE_WIDTH * HASH_BYTES

NO_HASH = bytes(HASH_BYTES)
"""Of an event that cannot be read: it is the hash of no leaf."""

Tampering: TypeAlias = Literal[
    "edited",
    "deleted",
    "inserted",
    "moved",
    "cut",
    "rolled_back",
    "forked",
    "misdated",
    "relogged",
    "value_changed",
    "value_missing",
    "falsely_pruned",
    "falsely_erased",
    "misreported",
    "mispublished",
    "misnamed",
    "altered",
]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class KnownTree:
    """A tree of the log that somebody outside knows.

    Attributes:
        tree: its size and root.
        at_ms: when somebody else saw it: the first time that a witness or a time stamp says.
        told: what it is called in findings.
    """

    tree: TreeHead
    at_ms: int | None = None
    told: str = "a checkpoint"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class KeptLog:
    """What a store keeps of its log: its size, its peaks, and the hashes of tiles.

    Hashes after those leaves do not count: the log may grow while it is verified. `peaks` are what
    the next leaves are appended to, as `Frontier.to_bytes` gives them.
    """

    size: int
    peaks: bytes
    tile: Callable[[int, int], bytes]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that is not as it was logged, and the first event that it is about.

    `run` and `seq` name it when it is still there. From `index` on; in the events before it,
    nothing of this kind is wrong. `until` is given when it cannot be told where in the range. What
    is about the file as a whole (`altered`) is about no event: its `index` is 0.
    """

    kind: Tampering
    index: int
    message: str
    run: RunId | None = None
    seq: int | None = None
    until: int | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class LogVerdict:
    """What verifying a log has found.

    Without findings, its head is the tree over all events.
    """

    head: TreeHead
    runs: int
    agreed: tuple[KnownTree, ...]
    """Known trees that this log extends."""

    findings: tuple[Finding, ...] = ()
    pruned: PrunedParts = NOTHING_PRUNED
    """What is there no more, rightly as far as no finding says otherwise."""

    erased: int = 0
    """How many parts of events were erased, as the log tells."""


def verify_log(
    events: Iterable[tuple[RunId, StoredEvent]],
    kept: KeptLog,
    known: Sequence[KnownTree] = (),
    *,
    published: PublishedLog | None = None,
    expected: Expected = NOTHING_EXPECTED,
) -> LogVerdict:
    """Verify the log of a store.

    Args:
        events: all events of the store, in the order of its log.
        kept: what the store keeps of its log.
        known: trees of this log that others know, such as those of signed checkpoints.
        published: what was published, of which nothing is trusted that no known tree covers. It is
            compared with the log as well.
        expected: what is asked of what was pruned.
    """
    remade = _Remade(sorted(known, key=lambda each: each.tree.size), PrunedLog(_hashes_of(kept)))
    for run, event in events:
        remade.add(run, event)
    remade.end()
    found = _difference(remade, kept, published)
    findings = [found] if found is not None else []
    # What is wrong with the events themselves narrows a range down, and says nothing new after a
    # place that is known.
    bound = remade.size if found is None or found.until is not None else found.index
    findings += [each for each in remade.findings if each.index < bound]
    findings += _falsely_pruned(remade, expected)
    pruned = remade.pruned.parts()
    findings += _falsely_erased(remade, pruned.runs)
    findings += _mispublished(remade, published)
    return LogVerdict(
        head=TreeHead(size=remade.size, root=remade.frontier.root()),
        runs=len(remade.last_seqs.keys() - {STORE_JOURNAL}),
        pruned=pruned,
        erased=remade.losses.told,
        agreed=tuple(each for each in remade.known if remade.agrees(each)),
        findings=tuple(sorted((*findings, *_misdated(remade)), key=lambda each: each.index)),
    )


@dataclass(slots=True)
class _Remade:
    """The log as it is made again from the events."""

    known: list[KnownTree]
    pruned: PrunedLog
    losses: Losses = field(default_factory=Losses)
    frontier: Frontier = field(default_factory=Frontier)
    hashes: bytearray = field(default_factory=bytearray)
    roots: dict[int, bytearray] = field(default_factory=dict[int, bytearray])
    """By level, the roots of full tiles below."""

    runs: list[RunId] = field(default_factory=list[RunId])
    seqs: "array[int]" = field(default_factory=lambda: array("q"))
    times: "array[int]" = field(default_factory=lambda: array("q"))
    last_seqs: dict[RunId, int] = field(default_factory=dict[RunId, int])
    names: dict[RunId, RunId] = field(default_factory=dict[RunId, RunId])
    """One text for each run, however often it is read."""

    heads: set[TreeHead] = field(default_factory=set[TreeHead])
    """Of the tree as it grew: at the sizes of known trees, and at each full tile."""

    findings: list[Finding] = field(default_factory=list[Finding])
    is_renumbered: bool = False

    @property
    def size(self) -> int:
        return len(self.runs)

    def add(self, run: RunId, stored: StoredEvent) -> None:
        """Make the leaf of an event again."""
        run = self.names.setdefault(run, run)
        try:
            found, at_ms = self._hash_and_time(run, stored)
        except JournalCorrupt as error:
            self._find("edited", stored.seq, error.message, run=run)
            found, at_ms = NO_HASH, 0
        if stored.leaf_index != self.size and not self.is_renumbered:
            self.is_renumbered = True
            told = f"it has the number {stored.leaf_index} in the log"
            self._find("relogged", stored.seq, told, run=run)
        seq = self.last_seqs.get(run, 0) + 1
        if stored.seq != seq:
            kind = "deleted" if stored.seq > seq else "inserted"
            told = f"event {stored.seq} of run {run} stands where event {seq} has to be"
            self._find(kind, stored.seq, told, run=run)
        self.last_seqs[run] = stored.seq
        self.hashes += found
        self.runs.append(run)
        self.seqs.append(stored.seq)
        self.times.append(at_ms if type(at_ms) is int else 0)
        if self.size % TILE_WIDTH == 0:
            self.end()

    def _hash_and_time(self, run: RunId, stored: StoredEvent) -> tuple[bytes, int]:
        """Make the leaf of an event; of one that was pruned, what the log has counts.

        Raises:
            JournalCorrupt: it is not as it was written.
        """
        if not stored.body:
            return self.pruned.take_emptied(run, stored, self.size), UNKNOWN_MS
        erased = read_erased(stored.erased)
        event, leaf = event_and_leaf(stored.body, stored.salts, erased)
        place = (event["run"], event["seq"], event["epoch"])
        if place != (run, stored.seq, stored.epoch):
            raise JournalCorrupt(f"it says that it is event {place[1]} of run {place[0]}")
        if event["type"] in TOLD:
            self.pruned.take(event, stored.body, self.size)
        if erased:
            self.losses.take(run, stored.seq, erased, index=self.size)
        if event["type"] == TELLING:
            self.losses.take_telling(run, event, index=self.size)
            hold = self.pruned.hold_on(run)
            if hold is not None:
                told = f"it tells of an erasure, and hold {hold.number} was on the run"
                self._find("falsely_erased", stored.seq, told, run=run)
        return leaf_hash(leaf), event["at_ms"]

    def end(self) -> None:
        """Grow the tree by what was added, and note its heads at the sizes of known trees."""
        while self.frontier.size < self.size:
            start = self.frontier.size
            sizes = (each.tree.size for each in self.known)
            stop = min((size for size in sizes if start < size < self.size), default=self.size)
            full = self.frontier.extend(
                split_hashes(bytes(self.hashes[start * HASH_BYTES : stop * HASH_BYTES]))
            )
            for root in full:
                self.roots.setdefault(root.level, bytearray()).extend(root.hash)
            self.heads.add(TreeHead(size=stop, root=self.frontier.root()))

    def rows(self) -> list[bytes]:
        """Give the hashes of tiles, level by level."""
        return [bytes(self.hashes), *(bytes(self.roots[level]) for level in sorted(self.roots))]

    def agrees(self, known: KnownTree) -> bool:
        """Whether the log, as it is here, extends a known tree."""
        return self.extends(known.tree)

    def extends(self, tree: TreeHead) -> bool:
        """Whether the log, as it is here, extends a tree whose size is one of a known tree."""
        return tree.size == 0 or tree in self.heads

    def finding(self, kind: Tampering, index: int, message: str) -> Finding:
        """Make a finding about an event that is here."""
        run, seq = self.runs[index], self.seqs[index]
        return Finding(kind=kind, index=index, run=run, seq=seq, message=message)

    def _find(self, kind: Tampering, seq: int, message: str, *, run: RunId) -> None:
        found = Finding(kind=kind, index=self.size, run=run, seq=seq, message=message)
        self.findings.append(found)


def _difference(remade: _Remade, kept: KeptLog, published: PublishedLog | None) -> Finding | None:
    """Find the first event that is not as it was logged, or the first that is missing."""
    here = split_hashes(bytes(remade.hashes))
    logged = _kept_hashes(kept)
    wrong = [each for each in remade.known if not remade.agrees(each)]
    if not wrong:
        return _of_tiles(remade, here, logged=logged, kept=kept)
    first = wrong[0].tree.size
    good = max((each.tree.size for each in remade.known if remade.agrees(each)), default=0)
    others = _published_hashes(published, remade.known)
    both = min(len(here), len(others))
    if first > remade.size and here == logged and here[:both] == others[:both]:
        return Finding(
            kind="rolled_back",
            index=remade.size if len(others) >= first else good,
            until=first,
            message=f"{wrong[0].told} has {first} events, and the store {remade.size}: it is an"
            " older copy, or its last events were cut off",
        )
    for source in (logged, others):
        # What is wrong is before the end of this tree; these hashes are those that were logged.
        if len(source) >= first and _root(source[:first]) == wrong[0].tree.root:
            return _aligned(remade, here, source)
    return Finding(
        kind="forked",
        index=good,
        until=first,
        message=f"the first {first} events have another root than {wrong[0].told} says; up to event"
        f" {good} of the log they are as they were",
    )


def _of_tiles(
    remade: _Remade, here: list[bytes], *, logged: list[bytes], kept: KeptLog
) -> Finding | None:
    """Compare the events with what the store keeps of the log, when all known trees agree."""
    covered = remade.known[-1].tree.size if remade.known else 0
    if here == logged and kept.size == len(here):
        return _of_kept(remade, kept)
    found = _aligned(remade, here, logged)
    if found is not None and found.index >= covered:
        return found
    index = covered if found is None else found.index
    return Finding(
        kind="relogged",
        index=index,
        message="what the store keeps of its log is not the tree of its events",
    )


def _of_kept(remade: _Remade, kept: KeptLog) -> Finding | None:
    """Compare the tiles and the edge that the store keeps, when their hashes of leaves are right.

    Those may be right as a whole, and cut into tiles at the wrong places.
    """
    for level, row in enumerate(remade.rows()):
        for number in range((len(row) - 1) // TILE_BYTES + 1):
            tile = row[number * TILE_BYTES : (number + 1) * TILE_BYTES]
            found = kept.tile(level, number)
            if not found.startswith(tile) or len(found) > TILE_BYTES:
                return Finding(
                    kind="relogged",
                    index=number << TILE_HEIGHT * (level + 1),
                    message=f"tile {number} of level {level} is not that of the events",
                )
    return _of_edge(remade, kept)


def _of_edge(remade: _Remade, kept: KeptLog) -> Finding | None:
    """Compare the peaks to which the next leaves will be appended."""
    peaks = remade.frontier.to_bytes()
    if kept.peaks == peaks:
        return None
    index, height = 0, remade.size.bit_length()
    for at in range(0, len(peaks), HASH_BYTES):
        height = (remade.size % (1 << height)).bit_length() - 1
        if kept.peaks[at : at + HASH_BYTES] != peaks[at : at + HASH_BYTES]:
            break
        index += 1 << height
    return Finding(
        kind="relogged",
        index=min(index, max(0, remade.size - 1)),
        message="the edge of the log, to which the next events are appended, is not that of its"
        " events",
    )


def _aligned(remade: _Remade, here: list[bytes], logged: list[bytes]) -> Finding | None:
    """Say what became of the first event that differs."""
    both = min(len(here), len(logged))
    index = next((at for at in range(both) if here[at] != logged[at]), both)
    if index == len(here) == len(logged):
        return None
    if index == len(here):
        told = f"the log had {len(logged)} events, and only the first {index} of them are there"
        return Finding(kind="cut", index=index, message=told)
    if index == len(logged):
        return remade.finding("inserted", index, "this event was never logged")
    all_logged, all_here = set(logged[index:]), set(here[index:])
    was_logged, is_here = here[index] in all_logged, logged[index] in all_here
    if was_logged and is_here:
        return remade.finding("moved", index, "this event was logged at another place")
    if was_logged:
        told = f"the event that was logged at place {index} is missing; this one came after it"
        return remade.finding("deleted", index, told)
    if is_here:
        return remade.finding("inserted", index, "this event was never logged")
    if len(all_here) > 1 < len(all_logged) and all_here.isdisjoint(all_logged):
        told = "from this event on, the log is another one than was logged"
        return remade.finding("forked", index, told)
    return remade.finding("edited", index, "this event is not as it was when it was logged")


def _misdated(remade: _Remade) -> list[Finding]:
    """Find events that are dated after a tree they are in, or before one they came after."""
    findings: list[Finding] = []
    for known in remade.known:
        at_ms, size = known.at_ms, known.tree.size
        if at_ms is None or not remade.agrees(known):
            continue
        late = (at for at in range(size) if remade.times[at] > at_ms + CLOCK_SLACK_MS)
        since_ms = at_ms - CLOCK_SLACK_MS
        early = (at for at in range(size, remade.size) if UNKNOWN_MS < remade.times[at] < since_ms)
        for index, word in ((next(late, None), "after"), (next(early, None), "before")):
            if index is not None:
                is_in = "is in it" if word == "after" else "came later"
                told = f"it is dated {word} the time of {known.told}, and {is_in}"
                findings.append(remade.finding("misdated", index, told))
    return findings[:1]


def _falsely_pruned(remade: _Remade, expected: Expected) -> Iterator[Finding]:
    for each in remade.pruned.false(expected):
        yield Finding(
            kind="falsely_pruned",
            index=each.index,
            run=each.run,
            seq=each.seq,
            message=each.message,
        )


def _falsely_erased(remade: _Remade, pruned: Collection[RunId]) -> Iterator[Finding]:
    for each in remade.losses.false(pruned):
        yield Finding(
            kind="falsely_erased",
            index=each.index,
            run=each.run,
            seq=each.seq,
            message=each.message,
        )


def _mispublished(remade: _Remade, published: PublishedLog | None) -> Iterator[Finding]:
    """Compare what was published with the log, if that is the one that was published."""
    if published is None or published.tree is None or not remade.extends(published.tree):
        return
    found = false_tile(published, remade.rows())
    if found is not None:
        message = f"{found.path}: {found.message}"
        yield Finding(kind="mispublished", index=found.index, message=message)


def _hashes_of(kept: KeptLog) -> Callable[[int], bytes]:
    """Read the hash of a leaf from what a store keeps; the last tile is kept at hand."""
    tile = lru_cache(maxsize=2)(partial(kept.tile, 0))

    def hash_at(index: int) -> bytes:
        at = index % TILE_WIDTH * HASH_BYTES
        return tile(index // TILE_WIDTH)[at : at + HASH_BYTES].ljust(HASH_BYTES, b"\0")

    return hash_at


def _kept_hashes(kept: KeptLog) -> list[bytes]:
    """Read the hashes of leaves that a store keeps, as far as there are any."""
    hashes: list[bytes] = []
    for number in range(kept.size // TILE_WIDTH + 1):
        tile = kept.tile(0, number)
        hashes += split_hashes(tile[: len(tile) // HASH_BYTES * HASH_BYTES])
        if len(tile) < TILE_BYTES:
            break  # Whatever size it is said to have.
    return hashes[: kept.size]


def _published_hashes(published: PublishedLog | None, known: Sequence[KnownTree]) -> list[bytes]:
    """Read the hashes of leaves that were published, as far as a known tree covers them."""
    hashes = [] if published is None else published.hashes()
    for each in reversed(known):
        size = each.tree.size
        if len(hashes) >= size and _root(hashes[:size]) == each.tree.root:
            return hashes[:size]
    return []


def _root(hashes: Sequence[bytes]) -> bytes:
    frontier = Frontier()
    frontier.extend(hashes)
    return frontier.root()
