"""A log of which parts were pruned: what was rightly taken away raises no alarm, all else does.

Whoever attacks here can write the file: rows and the hashes that the store keeps, in step, and new
events with true leaves. What they cannot do is sign, so a checkpoint is known from before.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from typing import Any

import pytest

from interlock.audit import (
    HASH_BYTES,
    SALTS_BYTES_MAX,
    TILE_WIDTH,
    Expected,
    Frontier,
    KeptLog,
    KnownTree,
    LogVerdict,
    Retention,
    TreeHead,
    erase_parts,
    leaf_hash,
    leaf_of,
    read_erased,
    row_of_emptied,
    seal,
    verify_log,
)
from interlock.journal import (
    STORE_EPOCH,
    STORE_JOURNAL,
    Entry,
    Event,
    HoldPlaced,
    HoldReleased,
    NodeSettled,
    PartsErased,
    Principal,
    Pruned,
    Record,
    RunHead,
    RunReopened,
    RunSettled,
    RunsPruned,
    RunStarted,
    StoredEvent,
    StoredValue,
    StoreEntry,
    StoreEvent,
    Value,
    encode_envelope,
    envelope_of,
    open_envelope,
    principal_of,
    store_envelope,
)
from interlock.runtime import place_hold, prune
from interlock.store import MemoryStore
from interlock.testing import CountingIds, VirtualClock
from interlock.values import Digest, KeyId, Path, RunId

DAY = 86_400_000
NOW = 1_000 * DAY
PERIOD = 200 * DAY
EVE = Principal(name="eve")
ADA = principal_of("ada").actor
OLD, OTHER, HELD, YOUNG = RunId("01OLD"), RunId("01OTHER"), RunId("02HELD"), RunId("03YOUNG")
ENDED = {OLD: 10 * DAY, OTHER: 20 * DAY, HELD: 30 * DAY, YOUNG: 950 * DAY}
EXPECTED = Expected(floor_ms=183 * DAY, now_ms=NOW + DAY)
PLAN = Digest("sha256:" + "1" * 64)
SALT = bytes(range(16)) * (SALTS_BYTES_MAX // 16)


def story() -> list[Event]:
    return [
        RunStarted(
            graph="pay",
            plan=PLAN,
            document=Value.of({"graph": "pay"}),
            manifests=Value.of([]),
            inputs=Value.of({"pin": 4711}),
            semantics=1,
            expressions="cel 0",
            principal=ADA,
        ),
        *(
            NodeSettled(
                path=Path(f"n{number}"),
                generation=1,
                status="succeeded",
                output=Value.of(f"Ada {number}"),
            )
            for number in range(3)
        ),
        RunSettled(status="succeeded", execution=PLAN, output=Value.of("done")),
    ]


def write_run(
    store: MemoryStore, run: RunId, ended_ms: int, *, events: Sequence[Event] | None = None
) -> None:
    events, records = story() if events is None else events, list[Record]()
    for seq, event in enumerate(events, 1):
        at_ms = ended_ms - (len(events) - seq) * 1_000
        envelope = envelope_of(run, Entry(event, at_ms=at_ms, seq=seq, epoch=1, actor=ADA))
        leaf, salts = seal(envelope, SALT)
        body = encode_envelope(envelope)
        values = tuple(StoredValue(ref=one.ref, data=one.data) for one in _values(event))
        records.append(
            Record(run=run, seq=seq, epoch=1, body=body, leaf=leaf, salts=salts, values=values)
        )
    row = RunHead(
        run=run,
        graph="pay",
        plan=PLAN,
        status="succeeded",
        created_ms=ended_ms - 4_000,
        updated_ms=ended_ms,
    )
    store.write([*records[:-1], replace(records[-1], head=row)])


def _values(event: Event) -> Iterator[Value]:
    for name in ("document", "manifests", "inputs", "output"):
        if isinstance(value := getattr(event, name, None), Value):
            yield value


@dataclass(kw_only=True)
class Copy:
    """A store that somebody can write: rows in the order of the log, and the hashes it keeps."""

    rows: list[tuple[RunId, StoredEvent]]
    hashes: list[bytes]

    def verify(self, *known: TreeHead, expected: Expected = EXPECTED) -> LogVerdict:
        tiles = {
            at // TILE_WIDTH: b"".join(self.hashes[at : at + TILE_WIDTH])
            for at in range(0, len(self.hashes), TILE_WIDTH)
        }
        kept = KeptLog(
            size=len(self.hashes),
            peaks=self.frontier().to_bytes(),
            tile=lambda level, at: b"" if level else tiles.get(at, b""),
        )
        trees = [KnownTree(tree=each) for each in known]
        return verify_log(self.rows, kept, trees, expected=expected)

    def frontier(self, size: int | None = None) -> Frontier:
        frontier = Frontier()
        frontier.extend(self.hashes[:size])
        return frontier

    def head(self, size: int | None = None) -> TreeHead:
        frontier = self.frontier(size)
        return TreeHead(size=frontier.size, root=frontier.root())

    def at(self, run: RunId, seq: int) -> int:
        """The place of an event in the log."""
        return next(at for at, row in enumerate(self.rows) if (row[0], row[1].seq) == (run, seq))

    def empty(self, run: RunId, *seqs: int) -> str:
        """Take the content of events away; return what a pruning would say of their hashes."""
        found = sha256()
        for seq in seqs:
            at = self.at(run, seq)
            event = self.rows[at][1]
            self.rows[at] = run, replace(event, body=b"", salts=b"", erased=b"")
            found.update(row_of_emptied(seq, event.epoch, self.hashes[at]))
        return found.hexdigest()

    def erase(self, run: RunId) -> None:
        """Erase the output of a node as one would who may: with an event that tells of it."""
        at = self.at(run, 2)
        event = self.rows[at][1]
        left = erase_parts(event.body, event.salts, event.erased, names={"output"})
        self.rows[at] = (
            run,
            replace(event, body=left.body, salts=left.salts, erased=left.erased),
        )
        told = PartsErased(parts=("2.output",), rule="Art. 17", reason="they asked")
        seq = sum(each == run for each, _ in self.rows) + 1
        envelope = envelope_of(run, Entry(told, at_ms=NOW, seq=seq, epoch=1, actor=ADA))
        self._add(run, seq, envelope, epoch=1)

    def append(self, event: StoreEvent, *, at_ms: int = NOW) -> None:
        """Write a true event into the journal of the store."""
        seq = sum(run == STORE_JOURNAL for run, _ in self.rows) + 1
        entry = StoreEntry(event=event, seq=seq, at_ms=at_ms, actor=EVE.actor)
        self._add(STORE_JOURNAL, seq, store_envelope(entry), epoch=STORE_EPOCH)

    def _add(self, run: RunId, seq: int, envelope: Mapping[str, object], *, epoch: int) -> None:
        leaf, salts = seal(envelope, SALT)
        stored = StoredEvent(
            seq=seq,
            epoch=epoch,
            body=encode_envelope(envelope),
            leaf_index=len(self.rows),
            salts=salts,
        )
        self.rows.append((run, stored))
        self.hashes.append(leaf_hash(leaf))

    def forge(self, run: RunId, *, period_ms: int = PERIOD, at_ms: int = NOW, **told: Any) -> None:
        """Prune a run as one would who may: with an event that tells of it."""
        hashes = self.empty(run, 2, 3, 4)
        one = Pruned(**{"run": run, "ended_ms": ENDED[run], "events": 3, "hashes": hashes} | told)
        for what in ("values", "events"):
            each = one if what == "events" else Pruned(run=run, ended_ms=one.ended_ms)
            self.append(
                RunsPruned(what=what, period_ms=period_ms, rule="none", runs=(each,)), at_ms=at_ms
            )


@cache
def _sound(*, is_pruned: bool) -> tuple[tuple[tuple[RunId, StoredEvent], ...], bytes]:
    with closing(MemoryStore()) as store:
        for run, ended_ms in ENDED.items():
            write_run(store, run, ended_ms)
        hold = HoldPlaced(reason="case 7", held=HELD)
        place_hold(store, hold, by=EVE, clock=clock(NOW - DAY), ids=CountingIds())
        if is_pruned:
            keep = Retention(events_ms=PERIOD)
            done = prune(store, keep, by=EVE, clock=clock(NOW), ids=CountingIds())
            assert (done.runs["events"], done.skipped) == ([OLD, OTHER], {HELD: "held"})
        return tuple(store.leaves(limit=1_000)), store.tile(0, 0)


def clock(ms: int) -> VirtualClock:
    return VirtualClock(start_ms=ms)


def sound(*, is_pruned: bool = True) -> Copy:
    rows, tile = _sound(is_pruned=is_pruned)
    hashes = [tile[at : at + HASH_BYTES] for at in range(0, len(tile), HASH_BYTES)]
    return Copy(rows=list(rows), hashes=hashes)


def test_what_was_pruned_rightly_is_told_and_is_no_finding():
    whole, copy = sound(is_pruned=False), sound()
    verdict = copy.verify(whole.head(), copy.head())
    assert (verdict.findings, len(verdict.agreed)) == ((), 2)
    assert (verdict.pruned.runs, verdict.pruned.events) == ({OLD, OTHER}, 6)
    assert verdict.pruned.value_runs == {OLD, OTHER}
    assert verdict.runs == 4


def test_what_is_there_is_still_verified_to_the_last_byte():
    whole, copy = sound(is_pruned=False), sound()
    for at, (run, event) in enumerate(copy.rows):
        if event.body:
            changed = event.body.replace(b'"at_ms":', b'"at_ms":1')
            copy.rows[at] = run, replace(event, body=changed)
            findings = copy.verify(whole.head()).findings
            assert findings, f"place {at}"
            assert findings[0].index <= at
            copy.rows[at] = run, event


def claimed_without_a_record(copy: Copy) -> None:
    copy.empty(YOUNG, 3)


def emptied_whole(copy: Copy) -> None:
    copy.empty(YOUNG, 1, 2, 3, 4, 5)


def one_more_of_a_pruned_run(copy: Copy) -> None:
    copy.empty(OLD, 1)


def its_end_too(copy: Copy) -> None:
    copy.empty(OLD, 5)


def too_young(copy: Copy) -> None:
    copy.forge(YOUNG)


def too_young_with_a_short_period(copy: Copy) -> None:
    copy.forge(YOUNG, period_ms=DAY)


def said_to_have_ended_earlier(copy: Copy) -> None:
    copy.forge(OTHER, ended_ms=ENDED[OLD])


def on_hold(copy: Copy) -> None:
    copy.forge(HELD)


def of_a_held_subject(copy: Copy) -> None:
    copy.append(HoldReleased(hold=1, reason="over"), at_ms=NOW)
    key = KeyId("a" * 32)
    copy.append(HoldPlaced(reason="case 8", subject=key, runs=frozenset((HELD,))), at_ms=NOW)
    copy.forge(HELD)


def in_the_future(copy: Copy) -> None:
    copy.forge(YOUNG, at_ms=NOW + 300 * DAY)


def other_hashes(copy: Copy) -> None:
    copy.forge(OTHER, hashes="0" * 64)


def fewer_than_were_emptied(copy: Copy) -> None:
    copy.forge(OTHER, events=2)


def of_a_run_that_is_not_there(copy: Copy) -> None:
    one = Pruned(run=RunId("09GONE"), ended_ms=DAY, events=3, hashes="0" * 64)
    copy.append(RunsPruned(what="events", period_ms=PERIOD, rule="none", runs=(one,)))


def another_epoch(copy: Copy) -> None:
    at = copy.at(OLD, 3)
    copy.rows[at] = OLD, replace(copy.rows[at][1], epoch=7)


def salts_left(copy: Copy) -> None:
    at = copy.at(OLD, 3)
    copy.rows[at] = OLD, replace(copy.rows[at][1], salts=bytes(16))


def two_runs_swapped(copy: Copy) -> None:
    """An event of a run that may go is the name for one of a run that may not."""
    one, two = copy.at(OLD, 3), copy.at(OTHER, 3)
    (_, first), (_, second) = copy.rows[one], copy.rows[two]
    copy.rows[one] = OTHER, replace(second, leaf_index=one)
    copy.rows[two] = OLD, replace(first, leaf_index=two)


def a_young_event_under_an_old_name(copy: Copy) -> None:
    """The young run loses an event, and an old one is said to have had one more."""
    at = copy.at(YOUNG, 3)
    copy.rows[at] = OLD, StoredEvent(seq=6, epoch=1, body=b"", leaf_index=at, salts=b"")


def without_the_record(copy: Copy) -> None:
    while copy.rows[-1][0] == STORE_JOURNAL and len(copy.rows) > SIZE:
        copy.rows.pop()
        copy.hashes.pop()


def values_of_a_young_run(copy: Copy) -> None:
    one = Pruned(run=YOUNG, ended_ms=ENDED[YOUNG])
    copy.append(RunsPruned(what="values", period_ms=PERIOD, rule="none", runs=(one,)))


SIZE = len(sound(is_pruned=False).rows)
BEFORE = (
    (said_to_have_ended_earlier, "it did not end when it is said to have ended"),
    (other_hashes, "not those that event 3"),
    (fewer_than_were_emptied, "3 events of the run have no content"),
)
ATTACKS = (
    (claimed_without_a_record, "no event of the log says that it was pruned"),
    (emptied_whole, "no event of the log says that it was pruned"),
    (one_more_of_a_pruned_run, "4 events of the run have no content"),
    (its_end_too, "4 events of the run have no content"),
    (too_young, "it was too young: it had ended 50.0 days before"),
    (too_young_with_a_short_period, "it was kept for 1d, and 183d is asked for"),
    (on_hold, "hold 1 was on it"),
    (of_a_held_subject, "hold 5 was on it"),
    (in_the_future, "it is dated in the future"),
    (of_a_run_that_is_not_there, "the end of the run is not in the log"),
    (another_epoch, "not those that event"),
    (salts_left, "this event is not as it was when it was logged"),
    (two_runs_swapped, "not those that event"),
    (a_young_event_under_an_old_name, "stands where event 3 has to be"),
    (without_the_record, "no event of the log says that it was pruned"),
    (values_of_a_young_run, "it was too young"),
)


@pytest.mark.parametrize(
    "attack, told",
    [*ATTACKS, *BEFORE],
    ids=[attack.__name__ for attack, _ in (*ATTACKS, *BEFORE)],
)
def test_what_was_taken_away_without_right_is_found(attack: Callable[[Copy], None], told: str):
    whole = sound(is_pruned=False)
    copy = whole if (attack, told) in BEFORE else sound()
    known = sound(is_pruned=False).head()
    attack(copy)
    found = copy.verify(known).findings
    assert told in " ".join(finding.message for finding in found)


def test_forged_as_an_honest_pruning_would_be_it_is_one():
    """So the attacks above fail for what they do, and not for how they are made."""
    copy = sound(is_pruned=False)
    known = copy.head()
    copy.forge(OLD)
    assert copy.verify(known).findings == ()


def test_a_hold_on_a_subject_is_on_no_run_without_its_values():
    copy = sound(is_pruned=False)
    hold = HoldPlaced(reason="case 8", subject=KeyId("a" * 32), runs=frozenset((OTHER,)))
    copy.append(hold, at_ms=NOW)
    known = copy.head()
    copy.forge(OLD)
    assert copy.verify(known).findings == ()


HELD_BY = {
    "everything": HoldPlaced(reason="case 8"),
    "its graph": HoldPlaced(reason="case 8", graph="pay"),
    "its time": HoldPlaced(reason="case 8", before_ms=20 * DAY, after_ms=5 * DAY),
    "its subject": HoldPlaced(reason="case 8", subject=KeyId("a" * 32), runs=frozenset((OLD,))),
}


@pytest.mark.parametrize("what", HELD_BY)
def test_an_erasure_in_a_run_on_hold_is_found(what: str):
    copy = sound(is_pruned=False)
    copy.append(HELD_BY[what])
    known = copy.head()
    copy.erase(OLD)
    (found,) = copy.verify(known).findings
    assert (found.kind, found.run, found.seq) == ("falsely_erased", OLD, 6)
    assert "hold 2 was on the run" in found.message


@pytest.mark.parametrize("name", ["actor", "document", "graph", "inputs", "plan", "principal"])
def test_of_what_a_pruning_leaves_nothing_can_be_erased_in_silence(name: str):
    copy = sound()
    at = copy.at(OLD, 1)
    event = copy.rows[at][1]
    left = erase_parts(event.body, event.salts, event.erased, names={name})
    copy.rows[at] = OLD, replace(event, body=left.body, salts=left.salts, erased=left.erased)
    kinds = [(each.kind, each.run, each.seq) for each in copy.verify(copy.head()).findings]
    went_with_it = {"actor", "inputs", "principal"}
    assert kinds == ([] if name in went_with_it else [("falsely_erased", OLD, 1)])


def test_an_event_that_tells_of_an_erasure_is_left_wherever_it_stands():
    told = PartsErased(parts=("3.output",), rule="Art. 17", reason="they asked")
    with closing(MemoryStore()) as store:
        events = [*story(), told, RunReopened(reason="once more"), story()[-1]]
        write_run(store, OLD, ENDED[OLD], events=events)
        keep = Retention(events_ms=PERIOD)
        prune(store, keep, by=EVE, clock=clock(NOW), ids=CountingIds())
        left = {event.seq for event in store.read(OLD) if event.body}
    assert left == {1, 6, 8}


def test_an_erasure_that_no_hold_was_on_raises_no_alarm():
    copy = sound(is_pruned=False)
    copy.erase(OTHER)
    copy.append(HoldPlaced(reason="case 8"))
    copy.append(HoldReleased(hold=2, reason="over"))
    copy.append(HoldPlaced(reason="case 9", graph="refund"))
    copy.append(HoldPlaced(reason="case 9", after_ms=11 * DAY))
    copy.erase(OLD)
    assert copy.verify().findings == ()


def test_a_floor_is_asked_for_by_who_verifies():
    copy = sound(is_pruned=False)
    copy.forge(OLD, period_ms=PERIOD)
    assert copy.verify(expected=Expected(floor_ms=PERIOD)).findings == ()
    (found, *_) = copy.verify(expected=Expected(floor_ms=PERIOD + 1)).findings
    assert (found.kind, found.run) == ("falsely_pruned", STORE_JOURNAL)


def test_what_is_left_of_a_pruned_run_shows_when_it_began_and_ended():
    copy = sound()
    left = [event for run, event in copy.rows if run == OLD and event.body]
    told = [open_envelope(event.body) for event in left]
    assert [one["type"] for one in told] == ["RunStarted", "RunSettled"]
    assert told[0]["data"] == {"expressions": "cel 0", "graph": "pay", "plan": PLAN, "semantics": 1}
    assert told[1]["data"] == {"status": "succeeded"}
    for event in left:
        at = event.leaf_index
        leaf = leaf_of(event.body, event.salts, read_erased(event.erased))
        assert leaf_hash(leaf) == copy.hashes[at]
        again = erase_parts(event.body, event.salts, event.erased, names=["graph"])
        assert leaf_of(again.body, again.salts, read_erased(again.erased)) == leaf
