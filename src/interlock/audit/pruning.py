"""Verifying what was pruned: was its time over, does the log say so, and is nothing else missing?

An event that was pruned has no content any more. Its hash is in the log, and the tree that others
know covers it; so nobody can put another event into its place. But anybody who can write the file
can empty a row. So it counts only when the journal of the store says so, in an event that is a leaf
of the log itself, and when that event may say so:

- it names the run, how many of its events went, and the hashes of their leaves. Hashes of another
  run do not fit, and each place of the log goes under one name;
- what is left of the run shows when it ended: its last `RunSettled` is there, and its leaf fits the
  log. From then to the pruning, the period passed that the event names, and no less than the floor
  that the verifier asks for;
- no hold was on the run at that moment.

Whoever forges all this writes events with times, and those are held against checkpoints.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, final

from interlock.audit.retention import Hold, Keeping, RunFacts, period_text
from interlock.errors import JournalCorrupt
from interlock.journal import (
    STORE_JOURNAL,
    PrunedClass,
    RunsPruned,
    StoredEvent,
    StoreEntry,
    read_store_entry,
)
from interlock.values import RunId

KEPT = frozenset(("RunStarted", "RunMigrated"))
"""Of events before the end of a run, these stay: what it ran, and when it began."""

TOLD = frozenset(
    ("RunStarted", "RunSettled", "RunReopened", "HoldPlaced", "HoldReleased", "RunsPruned")
)
"""Events that say whether something was pruned rightly."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a verifier asks of what was pruned.

    Attributes:
        floor_ms: at least so much time has to lie between the end of a run and its pruning.
        now_ms: no pruning can be later; None where there is no clock.
    """

    floor_ms: int = 0
    now_ms: int | None = None


NOTHING_EXPECTED = Expected()


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PrunedParts:
    """What of a store is there no more, as its log says.

    Attributes:
        runs: whose events were pruned.
        events: how many events are known by the hash of their leaf alone.
        value_runs: whose values were pruned; those of `runs` are among them.
    """

    runs: frozenset[RunId] = frozenset()
    events: int = 0
    value_runs: frozenset[RunId] = frozenset()


NOTHING_PRUNED = PrunedParts()


def row_of_emptied(seq: int, epoch: int, leaf_hash: bytes) -> bytes:
    """Write down all that is left of an event that was emptied, for `Pruned.hashes`."""
    return seq.to_bytes(8) + epoch.to_bytes(8) + leaf_hash


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class FalsePruning:
    """Something that was taken away without right: of which run, and the place in the log."""

    run: RunId
    seq: int
    index: int
    message: str


@dataclass(slots=True)
class _Seen:
    """What is left of a run, as its events are read."""

    facts: RunFacts | None = None
    settled: tuple[int, int, int] | None = None
    """Of its last end: seq, place in the log, time."""

    open: bool = False
    emptied: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    rows: Any = field(default_factory=sha256)
    """SHA-256 over what is left of them."""


@final
@dataclass(slots=True)
class PrunedLog:
    """Takes the events of a log in its order, and tells in the end what was pruned falsely."""

    hash_at: Callable[[int], bytes]
    seen: dict[RunId, _Seen] = field(default_factory=dict[RunId, _Seen])
    records: list[tuple[int, StoreEntry]] = field(default_factory=list[tuple[int, StoreEntry]])
    keeping: Keeping = field(default_factory=Keeping)

    def take_emptied(self, run: RunId, stored: StoredEvent, index: int) -> bytes:
        """Take an event without content; return the hash that the log has of it.

        Raises:
            JournalCorrupt: there is something else left of it.
        """
        if stored.salts or stored.erased:
            raise JournalCorrupt("it has salts or commitments, and nothing that they are of")
        found = self.hash_at(index)
        seen = self.seen.setdefault(run, _Seen())
        seen.emptied.append((stored.seq, index))
        seen.rows.update(row_of_emptied(stored.seq, stored.epoch, found))
        return found

    def take(self, event: Mapping[str, Any], body: bytes, index: int) -> None:
        """Take an event that is there, and is as it was written.

        Raises:
            JournalCorrupt: it is of the journal of the store, and cannot be read.
        """
        run, kind = event["run"], event["type"]
        if run == STORE_JOURNAL:
            entry = read_store_entry(body)
            self.records.append((index, entry))
            self.keeping.take(entry)
        elif kind == "RunStarted":
            graph = event.get("data", {}).get("graph")
            seen = self.seen.setdefault(run, _Seen())
            seen.facts = RunFacts(run=run, graph=graph, started_ms=event["at_ms"], ended_ms=None)
        elif kind == "RunSettled":
            seen = self.seen.setdefault(run, _Seen())
            seen.settled, seen.open = (event["seq"], index, event["at_ms"]), False
        elif kind == "RunReopened":
            self.seen.setdefault(run, _Seen()).open = True

    def hold_on(self, run: RunId) -> Hold | None:
        """Return a hold that was on a run when the last event was written, as far as it is known.

        Nobody erases in a run that is on hold.
        """
        seen = self.seen.get(run)
        if seen is None or seen.facts is None:
            return None
        ended_ms = None if seen.settled is None else seen.settled[2]
        facts = replace(seen.facts, ended_ms=ended_ms)
        return next(iter(self.keeping.holds_on(facts, in_doubt=False)), None)

    def parts(self) -> PrunedParts:
        """Say what is there no more."""
        emptied = {run: seen for run, seen in self.seen.items() if seen.emptied}
        return PrunedParts(
            runs=frozenset(self.keeping.pruned["events"]) | frozenset(emptied),
            events=sum(len(seen.emptied) for seen in emptied.values()),
            value_runs=frozenset(self.keeping.pruned["values"]) | frozenset(emptied),
        )

    def false(self, expected: Expected) -> Iterator[FalsePruning]:
        """Tell what was pruned without right."""
        for run, seen in self.seen.items():
            if seen.emptied:
                why = self._why_not(run, seen)
                if why is not None:
                    seq, index = seen.emptied[0]
                    yield FalsePruning(run=run, seq=seq, index=index, message=why)
        for index, entry in self.records:
            if isinstance(entry.event, RunsPruned):
                yield from self._early(index, entry, entry.event, expected=expected)

    def _why_not(self, run: RunId, seen: _Seen) -> str | None:
        """Say why the emptied events of a run are not those that were pruned."""
        note = self.keeping.pruned["events"].get(run)
        if note is None:
            return "its content is gone, and no event of the log says that it was pruned"
        number = f"event {note.entry.seq} of the journal of the store"
        if len(seen.emptied) != note.pruned.events:
            return (
                f"{len(seen.emptied)} events of the run have no content, and {number} tells of"
                f" {note.pruned.events}"
            )
        if seen.rows.hexdigest() != note.pruned.hashes:
            return f"the events without content are not those that {number} tells of"
        if seen.settled is None or seen.emptied[-1][0] > seen.settled[0]:
            return f"what is left of the run is not what a pruning leaves ({number} tells of one)"
        return None

    def _early(
        self, index: int, entry: StoreEntry, event: RunsPruned, *, expected: Expected
    ) -> Iterator[FalsePruning]:
        for each in event.runs:
            seen = self.seen.get(each.run, _Seen())
            why = self._why_early(index, entry, event.what, seen=seen, expected=expected)
            note = self.keeping.pruned[event.what].get(each.run)
            if why is None and note is not None and note.entry.seq != entry.seq:
                why = "it was pruned twice"
            if why is None and each.ended_ms != (seen.settled or (0, 0, -1))[2]:
                why = "it did not end when it is said to have ended"
            if why is not None:
                told = f"it says that {event.what} of run {each.run} were pruned: {why}"
                yield FalsePruning(run=STORE_JOURNAL, seq=entry.seq, index=index, message=told)

    def _why_early(
        self,
        index: int,
        entry: StoreEntry,
        what: PrunedClass,
        *,
        seen: _Seen,
        expected: Expected,
    ) -> str | None:
        """Say why the time of a run was not over when it was pruned."""
        event = entry.event
        if seen.settled is None or seen.facts is None or seen.open:
            return "the end of the run is not in the log"
        _, place, ended_ms = seen.settled
        if place > index:
            return "it ended later"
        if not isinstance(event, RunsPruned) or entry.at_ms - ended_ms < event.period_ms:
            return f"it was too young: it had ended {_age(entry.at_ms - ended_ms)} before"
        if event.period_ms < expected.floor_ms:
            floor = period_text(expected.floor_ms)
            return f"it was kept for {period_text(event.period_ms)}, and {floor} is asked for"
        if expected.now_ms is not None and entry.at_ms > expected.now_ms:
            return "it is dated in the future"
        facts = replace(seen.facts, ended_ms=ended_ms)
        for hold in self.keeping.holds.values():
            if hold.in_force(entry.seq) and hold.covers(facts, in_doubt=False):
                return f"hold {hold.number} was on it"
        if what == "events" and facts.run not in self.keeping.pruned["values"]:
            return "its values were never pruned"
        return None


def _age(ms: int) -> str:
    return f"{max(0, ms) / 86_400_000:.1f} days"
