"""Verifying a log: what was done to it is named, and the first event that it was done to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from random import Random
from typing import TypeAlias

import orjson
import pytest

from interlock.audit import (
    CLOCK_SLACK_MS,
    HASH_BYTES,
    TILE_WIDTH,
    Frontier,
    KeptLog,
    KnownTree,
    LogVerdict,
    PublishedLog,
    TileName,
    TreeHead,
    leaf_hash,
    leaf_of,
    tiles_between,
    verify_log,
)
from interlock.errors import JournalCorrupt
from interlock.journal import Entry, NodeSettled, Record, StoredEvent, Value
from interlock.runtime.commits import Sealer
from interlock.store import MemoryStore
from interlock.values import Digest, Path, RunId

Row: TypeAlias = tuple[RunId, StoredEvent]
RUNS = [RunId(f"01K5M4ZQ0000000000000000{letter}0") for letter in "ABC"]
EVENTS = 360
BEGAN_MS = 1_790_000_000_000
STEP_MS = 60_000


def written(seed: int = 0, count: int = EVENTS) -> MemoryStore:
    """A store of three runs whose events stand between each other's."""
    store, random = MemoryStore(), Random(seed)
    sealer = Sealer(random.randbytes)
    seqs = dict.fromkeys(RUNS, 0)
    for number in range(count):
        run = random.choice(RUNS)
        seqs[run] += 1
        entry = Entry(event(number), BEGAN_MS + number * STEP_MS, seqs[run], 1)
        body, leaf, salts = sealer.seal(run, entry)
        store.write([Record(run=run, seq=seqs[run], epoch=1, body=body, leaf=leaf, salts=salts)])
    return store


def event(number: int) -> NodeSettled:
    return NodeSettled(
        path=Path(f"n{number}"),
        generation=1,
        status="succeeded",
        attempt=1,
        call_key=Digest("sha256:00"),
        output=Value.of(number),
    )


@cache
def hash_of(body: bytes, salts: bytes) -> bytes:
    try:
        return leaf_hash(leaf_of(body, salts))
    except JournalCorrupt:
        return bytes(HASH_BYTES)


@dataclass(kw_only=True)
class Copy:
    """A store that can be changed: its rows in the order of the log, and what it keeps of it."""

    rows: list[Row]
    tiles: dict[tuple[int, int], bytes] = field(default_factory=dict[tuple[int, int], bytes])
    size: int = 0
    peaks: bytes = b""

    def relog(self) -> "Copy":
        """Make the log again, as somebody would who hides what was done."""
        hashes: list[bytes] = []
        for _, stored in self.rows:
            hashes.append(hash_of(stored.body, stored.salts))
        self.size, level, self.tiles = len(hashes), 0, {}
        frontier = Frontier()
        frontier.extend(hashes)
        self.peaks = frontier.to_bytes()
        while hashes:
            full = [hashes[at : at + TILE_WIDTH] for at in range(0, len(hashes), TILE_WIDTH)]
            self.tiles |= {(level, number): b"".join(row) for number, row in enumerate(full)}
            hashes = [root_of(row) for row in full if len(row) == TILE_WIDTH]
            level += 1
        return self

    def verify(
        self, known: Sequence[KnownTree] = (), published: "Copy | None" = None
    ) -> LogVerdict:
        kept = KeptLog(
            size=self.size,
            peaks=self.peaks,
            tile=lambda level, at: self.tiles.get((level, at), b""),
        )
        served = None if published is None else published.published()
        return verify_log(self.rows, kept, known, published=served)

    def published(self, size: int | None = None) -> PublishedLog:
        """Publish it as it is, up to a size."""
        size = self.size if size is None else size
        hashes = [hash_of(row.body, row.salts) for _, row in self.rows[:size]]
        return PublishedLog(
            tree=TreeHead(size=size, root=root_of(hashes)),
            names=tuple(tiles_between(0, size)),
            read=self.read,
        )

    def read(self, name: TileName) -> bytes:
        return self.tiles[name.level or 0, name.index][: name.width * HASH_BYTES]


def root_of(hashes: Sequence[bytes]) -> bytes:
    frontier = Frontier()
    frontier.extend(hashes)
    return frontier.root()


ROWS = written().leaves(limit=EVENTS)


def honest(count: int = EVENTS) -> Copy:
    return Copy(rows=ROWS[:count]).relog()


def known(*sizes: int, at_ms: int | None = None) -> list[KnownTree]:
    found: list[KnownTree] = []
    for size in sizes:
        hashes = [hash_of(row.body, row.salts) for _, row in ROWS[:size]]
        tree = TreeHead(size=size, root=root_of(hashes))
        found.append(KnownTree(tree=tree, at_ms=at_ms, told=f"checkpoint {size}"))
    return found


def found_in(verdict: LogVerdict) -> tuple[str, int]:
    first = verdict.findings[0]
    return first.kind, first.index


def test_an_honest_log_is_verified():
    for count in (0, 1, 255, 256, 257, EVENTS):
        sizes = [size for size in (0, 1, 256, 300, 359, 360) if size <= count]
        verdict = honest(count).verify(known(*sizes))
        assert verdict.findings == ()
        assert verdict.head == known(count)[0].tree
        assert [each.tree.size for each in verdict.agreed] == sizes
        assert verdict.runs == len({run for run, _ in ROWS[:count]})


def edit(copy: Copy, at: int) -> None:
    run, row = copy.rows[at]
    body = orjson.loads(row.body) | {"at_ms": 1}
    copy.rows[at] = run, replace(row, body=orjson.dumps(body, option=orjson.OPT_SORT_KEYS))


def edit_salts(copy: Copy, at: int) -> None:
    run, row = copy.rows[at]
    copy.rows[at] = run, replace(row, salts=bytes(len(row.salts)))


def garble(copy: Copy, at: int) -> None:
    run, row = copy.rows[at]
    copy.rows[at] = run, replace(row, body=b"{}")


def give_to_another_run(copy: Copy, at: int) -> None:
    run, row = copy.rows[at]
    copy.rows[at] = next(each for each in RUNS if each != run), row


def delete(copy: Copy, at: int) -> None:
    del copy.rows[at]


def insert(copy: Copy, at: int) -> None:
    copy.rows.insert(at, written(seed=9, count=1).leaves()[0])


def swap(copy: Copy, at: int) -> None:
    copy.rows[at], copy.rows[at + 50] = copy.rows[at + 50], copy.rows[at]


def cut(copy: Copy, at: int) -> None:
    del copy.rows[at:]


KINDS: dict[str, tuple[Callable[[Copy, int], None], str]] = {
    "edit": (edit, "edited"),
    "edit of salts": (edit_salts, "edited"),
    "garbage": (garble, "edited"),
    "another run": (give_to_another_run, "edited"),
    "deletion": (delete, "deleted"),
    "insertion": (insert, "inserted"),
    "reordering": (swap, "moved"),
    "cut tail": (cut, "cut"),
}


@pytest.mark.parametrize("at", [0, 255, 256, 300])
@pytest.mark.parametrize("name", KINDS)
def test_what_was_done_to_rows_is_named_even_without_a_checkpoint(name: str, at: int):
    change, kind = KINDS[name]
    copy = honest()
    change(copy, at)
    assert found_in(copy.verify()) == (kind, at)
    assert found_in(copy.verify(known(100, EVENTS))) == (kind, at)


@pytest.mark.parametrize("at", [0, 255, 300])
@pytest.mark.parametrize("name", KINDS.keys() - {"cut tail", "another run"})
def test_what_was_done_and_hidden_is_named_by_published_tiles(name: str, at: int):
    change, kind = KINDS[name]
    copy = honest()
    change(copy, at)
    copy.relog()
    verdict = copy.verify(known(200, EVENTS), published=honest())
    assert found_in(verdict) == (kind, at)


@pytest.mark.parametrize("name", KINDS.keys() - {"cut tail", "garbage", "another run"})
def test_what_was_done_and_hidden_is_found_between_two_checkpoints(name: str):
    change, _ = KINDS[name]
    copy = honest()
    change(copy, 250)
    copy.relog()
    (found, *_) = [each for each in copy.verify(known(200, 310)).findings if each.until]
    assert (found.kind, found.index, found.until) == ("forked", 200, 310)


@pytest.mark.parametrize("published", [False, True])
def test_an_older_copy_is_named(published: bool):  # noqa: FBT001 - a case of the test
    copy = honest(300)
    verdict = copy.verify(known(200, 350), published=honest() if published else None)
    (found,) = verdict.findings
    # Without what was published nobody knows of the events after the older checkpoint.
    first = 300 if published else 200
    assert (found.kind, found.index, found.until) == ("rolled_back", first, 350)
    assert [each.tree.size for each in verdict.agreed] == [200]


def test_a_log_that_went_another_way_is_named():
    other = written(seed=5, count=50).leaves()
    copy = Copy(rows=[*ROWS[:240], *other]).relog()
    assert found_in(copy.verify(known(200, EVENTS), published=honest())) == ("forked", 240)
    copy = Copy(rows=[*ROWS[:240], *other, *ROWS[:100]]).relog()
    (found, *_) = [each for each in copy.verify(known(200, EVENTS)).findings if each.until]
    assert (found.kind, found.index, found.until) == ("forked", 200, EVENTS)


def test_a_changed_tile_is_told_from_a_changed_event():
    copy = honest()
    copy.tiles[0, 1] = bytes(HASH_BYTES) + copy.tiles[0, 1][HASH_BYTES:]
    assert found_in(copy.verify(known(EVENTS))) == ("relogged", 256)
    assert found_in(copy.verify()) == ("edited", 256)
    copy = honest()
    copy.tiles[1, 0] = bytes(HASH_BYTES)
    assert found_in(copy.verify()) == ("relogged", 0)


def test_tiles_that_are_cut_at_the_wrong_places_are_found():
    copy = honest()
    copy.tiles[0, 0], copy.tiles[0, 1] = (
        copy.tiles[0, 0] + copy.tiles[0, 1][:HASH_BYTES],
        copy.tiles[0, 1][HASH_BYTES:],
    )
    assert found_in(copy.verify(known(EVENTS))) == ("relogged", 0)


@pytest.mark.parametrize("peak, at", [(0, 0), (1, 256), (2, 320), (3, 352)])
def test_a_false_edge_is_found_before_anything_is_appended_to_it(peak: int, at: int):
    copy = honest()  # 360 is 256 + 64 + 32 + 8.
    edge = bytearray(copy.peaks)
    edge[peak * HASH_BYTES] ^= 1
    copy.peaks = bytes(edge)
    (found,) = copy.verify(known(EVENTS)).findings
    assert (found.kind, found.index) == ("relogged", at)
    assert "the edge of the log" in found.message
    copy.peaks = b""
    assert found_in(copy.verify()) == ("relogged", 0)


def test_a_log_that_says_it_is_huge_is_read_as_far_as_it_goes():
    copy = honest()
    copy.size = 1 << 60
    assert found_in(copy.verify(known(EVENTS))) == ("relogged", EVENTS)


def test_nobody_who_rewrites_all_is_found_without_a_checkpoint():
    copy = honest()
    edit(copy, 5)
    assert copy.relog().verify().findings == ()


def test_an_event_dated_before_a_tree_that_it_came_after_is_found():
    seen_ms = BEGAN_MS + 200 * STEP_MS
    assert honest().verify(known(200, at_ms=seen_ms)).findings == ()
    late = seen_ms + CLOCK_SLACK_MS + STEP_MS * 100
    assert found_in(honest().verify(known(200, at_ms=late))) == ("misdated", 200)


def test_an_event_dated_after_a_tree_that_it_is_in_is_found():
    early = BEGAN_MS + 100 * STEP_MS
    at = 101 + CLOCK_SLACK_MS // STEP_MS
    assert found_in(honest().verify(known(200, at_ms=early))) == ("misdated", at)


def test_random_changes_are_all_found():
    random = Random(7)
    for _ in range(60):
        copy, at = honest(), random.randrange(EVENTS - 60)
        name = random.choice(list(KINDS))
        KINDS[name][0](copy, at)
        hidden = random.random() < 0.5 and name != "cut tail"
        verdict = (copy.relog() if hidden else copy).verify(known(100, 350))
        assert verdict.findings, (name, at, hidden)
        assert verdict.findings[0].index <= at
