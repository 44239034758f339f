"""A log that is made again from the events: leaves, tiles and the heads of the tree as it grew.

An event whose content was pruned counts by the hash that the store keeps; pruning.py says when.
"""

from array import array
from dataclasses import dataclass, field
from typing import final

from interlock.audit.erasing import read_erased
from interlock.audit.findings import Finding, KnownTree, Tampering
from interlock.audit.leaves import event_and_leaf
from interlock.audit.losses import TELLING, Losses
from interlock.audit.proofs import TreeHead
from interlock.audit.pruning import TOLD, PrunedLog
from interlock.audit.tree import HASH_BYTES, TILE_WIDTH, Frontier, leaf_hash, split_hashes
from interlock.errors import JournalCorrupt
from interlock.journal import StoredEvent
from interlock.values import RunId

UNKNOWN_MS = -1
"""The time of an event whose content was pruned."""

NO_HASH = bytes(HASH_BYTES)
"""Of an event that cannot be read: it is the hash of no leaf."""


@final
@dataclass(slots=True)
class Remade:
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
        self.times.append(at_ms)
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
            self.losses.take(run, event, erased, index=self.size)
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
