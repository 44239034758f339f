"""Tampering: somebody who can write the file changes it, and knows how; a verifier has checkpoints.

A process works on a journal until it dies or closes it. What it left is verified: that must raise
no alarm. Then one thing is done to the events or to the log, one a trial; in half of the trials the
log is made anew afterwards, so that nothing in the file gives it away. The verifier has the head of
the tree as it was, mostly an older one too, and sometimes what was published.

Of two journals in three, what has ended was pruned before, values alone or events as well, with a
hold on some of it. Among the changes are events that lose their content, as if they were pruned,
with and without an event that tells of it.

What else can be done to the file, and to what was published, is in alterations.py: tables, columns,
indexes, triggers, listings, the edge of the log, and tiles that are changed, exchanged or missing.

Names of data subjects are in no event. Two that are put to each other's keys, or one that is
changed, have to be found all the same: an erasure would destroy what belongs to somebody else.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import apsw

from interlock.audit import (
    HASH_BYTES,
    SALTS_BYTES_MAX,
    Expected,
    Frontier,
    KnownTree,
    LogVerdict,
    PublishedLog,
    Retention,
    TileName,
    TreeHead,
    leaf_hash,
    leaf_of,
    read_erased,
    row_of_emptied,
    seal,
    tiles_between,
    verify_log,
)
from interlock.cli.trail.verifying import verified
from interlock.errors import InterlockError, JournalCorrupt
from interlock.journal import (
    STORE_JOURNAL,
    HoldPlaced,
    Principal,
    Pruned,
    RunsPruned,
    StoreEntry,
    encode_envelope,
    open_envelope,
    store_envelope,
)
from interlock.runtime import place_hold, prune
from interlock.store import (
    ReadStore,
    Store,
    SubjectKeys,
    inspect_store,
    kept_log,
    open_store,
    open_to_read,
)
from interlock.testing import CountingIds, VirtualClock
from proofs.alterations import OF_FILE, OF_PUBLISHED, Change
from proofs.figures import Figures
from proofs.flips import journal_files, put
from proofs.recordings import JOURNAL

DAY = 86_400_000
EVE = Principal(name="eve")
NAMES = ("Ada", "Bob")
EMPTY = "UPDATE event SET body = x'', salts = x'', erased = x''"
OF_RUN = "SELECT seq, epoch, body FROM event WHERE run = ? ORDER BY seq"

CHANGES = 50
"""Trials of one journal."""

EVENTS_MAX = 10_000


def prove(seeds: range, folder: Path) -> Figures:
    """Change a journal for each seed."""
    figures = Figures()
    wanted: dict[int, list[int]] = defaultdict(list)
    for seed in seeds:
        wanted[seed // CHANGES].append(seed)
    for number, chosen in wanted.items():
        place = folder / str(number)
        place.mkdir()
        sound = Sound.of(journal_files(number, place), place, Random(f"prune {number}"))
        if len(sound.heads) == 1:  # The process died before its first event.
            figures.seen["empty"] += len(chosen)
            figures.trials += len(chosen)
            continue
        for problem in sound.alarms:
            figures.fail("mislabelled", f"false alarm: {problem}", seed=chosen[0])
        figures.seen["honest, pruned" if sound.emptied else "honest"] += 1
        for seed in chosen:
            figures.trials += 1
            told, problem = tried(sound, place, Random(f"tamper {seed}"))
            figures.seen[told] += 1
            if problem:
                figures.fail("undetected", f"{told}: {problem}", seed=seed)
    return figures


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """A journal as it was left, and what others know of its log."""

    files: Mapping[str, bytes]
    heads: tuple[TreeHead, ...]
    """Of the tree as it grew, by size."""

    tiles: Mapping[TileName, bytes]
    """What was published: those of the log as it was left, and of an earlier size."""

    alarms: tuple[str, ...]
    emptied: int

    @classmethod
    def of(cls, files: Mapping[str, bytes], place: Path, random: Random) -> "Sound":
        path = put(files, place)
        with closing(open_store(path)) as opened:  # What a dead process left is taken up first.
            if opened.log_size() and random.random() < 2 / 3:
                pruned(opened, random)
            SubjectKeys(opened, random.randbytes).of(NAMES)
        found = Path(path).parent.glob(f"{JOURNAL}*")
        images = {file.name: file.read_bytes() for file in found if file.is_file()}
        with closing(open_to_read(path)) as store:
            heads = [TreeHead(size=0, root=Frontier().root())]
            frontier = Frontier()
            emptied = 0
            for _, event in store.leaves(limit=EVENTS_MAX):
                emptied += not event.body
                tile, at = divmod(event.leaf_index, 256)
                logged = store.tile(0, tile)[at * HASH_BYTES : (at + 1) * HASH_BYTES]
                frontier.extend([hash_of(event.body, event.salts, event.erased) or logged])
                heads.append(TreeHead(size=frontier.size, root=frontier.root()))
            old = random.randrange(len(heads))
            tiles = {
                name: store.tile(name.level or 0, name.index)[: name.width * HASH_BYTES]
                for size in (old, len(heads) - 1)
                for name in tiles_between(0, size)
            }
            trees = [KnownTree(tree=head) for head in heads]
            alarms = verdict_on(store, trees, published(tiles, heads[-1])).findings
            # As the command verifies it: with values and listings.
            alarms += verdict_of_all(path, store).findings
        told = tuple(f"{each.kind} {each.message}" for each in alarms)
        return cls(files=images, heads=tuple(heads), tiles=tiles, alarms=told, emptied=emptied)


def published(tiles: Mapping[TileName, bytes], tree: TreeHead) -> PublishedLog:
    return PublishedLog(tree=tree, names=tuple(tiles), read=tiles.get)


def pruned(store: Store, random: Random) -> None:
    """Prune what has ended, long after, with a hold on some of it."""
    last = store.heads(limit=1)
    clock = VirtualClock(start_ms=max((head.updated_ms for head in last), default=0) + 1_000 * DAY)
    if last and random.random() < 0.5:
        hold = HoldPlaced(reason="case 7", held=last[0].run)
        place_hold(store, hold, by=EVE, clock=clock, ids=CountingIds())
    period = random.randrange(1, 900) * DAY
    keep = Retention(values_ms=period, events_ms=period if random.random() < 0.8 else None)
    prune(store, keep, by=EVE, clock=clock, ids=CountingIds())


def hash_of(body: bytes, salts: bytes, erased: bytes) -> bytes | None:
    """Make the hash of an event again; None of one without content."""
    return leaf_hash(leaf_of(body, salts, read_erased(erased))) if body else None


def verdict_on(
    store: ReadStore, known: Sequence[KnownTree], served: PublishedLog | None
) -> LogVerdict:
    leaves = store.leaves(limit=EVENTS_MAX)
    return verify_log(leaves, kept_log(store), known, published=served)


def verdict_of_all(path: str, store: ReadStore) -> LogVerdict:
    """Verify a file as the command does."""
    structure = inspect_store(path)
    assert structure is not None
    return verified(store, (), published=None, expected=Expected(), structure=structure)


def tried(sound: Sound, place: Path, random: Random) -> tuple[str, str]:
    """Do one thing; tell what, and what is wrong with what the verifier says."""
    size = len(sound.heads) - 1
    path = put(sound.files, place)
    connection: Any = apsw.Connection(path)
    logged = dict(hashes_in(connection))
    tiles = dict(sound.tiles)
    for _ in range(20):
        name = random.choice([*KINDS, *OF_PUBLISHED])
        try:
            if name in OF_PUBLISHED:
                at = OF_PUBLISHED[name](tiles, random)
            else:
                at = KINDS[name](connection, random, size)
        except (apsw.ConstraintError, IndexError):
            continue
        if at is not None:
            break
    else:
        raise AssertionError("nothing could be done")
    is_hidden = name in OF_EVENTS and random.random() < 0.5
    if is_hidden:
        log_anew(connection, logged)
    connection.close()
    known = [KnownTree(tree=sound.heads[-1])]
    if random.random() < 0.7:
        known.append(KnownTree(tree=sound.heads[random.randrange(size)]))
    is_served = name in OF_PUBLISHED or random.random() < 0.5
    served = published(tiles, sound.heads[-1]) if is_served else None
    told = f"{name}{', hidden' if is_hidden else ''}"
    try:
        with closing(open_to_read(path)) as store:
            if name in OF_SUBJECTS:
                found = verified(store, (), published=None, expected=Expected()).findings
            else:
                found = verdict_on(store, known, served).findings
            if name in OF_FILE and not found:
                found = verdict_of_all(path, store).findings
    except InterlockError:
        return told, ""
    if not found:
        return told, f"at place {at} of {size}: nothing is found"
    if found[0].index > at:
        return told, f"at place {at} of {size}: {found[0].kind} is found at {found[0].index}"
    return told, ""


def hashes_in(connection: Any) -> Iterator[tuple[tuple[str, int], bytes]]:
    """Read the hashes of the log, by the event that they are of."""
    parts = connection.execute("SELECT hashes FROM log_part ORDER BY leaf").fetchall()
    data = b"".join(part for (part,) in parts)
    rows = connection.execute("SELECT run, seq, leaf FROM event").fetchall()
    for run, seq, leaf in rows:
        yield (run, seq), data[leaf * HASH_BYTES : (leaf + 1) * HASH_BYTES]


def log_anew(connection: Any, logged: Mapping[tuple[str, int], bytes]) -> None:
    """Make the log anew from the events, in the order that they have now.

    Of an event without content, the hash that it had goes with it.
    """
    columns = "run, seq, body, salts, erased"
    rows = connection.execute(f"SELECT {columns} FROM event ORDER BY leaf").fetchall()
    connection.execute("UPDATE event SET leaf = -1 - leaf")
    hashes: list[bytes] = []
    for leaf, (run, seq, body, salts, erased) in enumerate(rows):
        had = logged.get((run, seq), bytes(HASH_BYTES))
        try:
            hashes.append(hash_of(body, salts, erased) or had)
        except JournalCorrupt:
            hashes.append(bytes(HASH_BYTES))
        connection.execute("UPDATE event SET leaf = ? WHERE run = ? AND seq = ?", (leaf, run, seq))
    frontier = Frontier()
    frontier.extend(hashes)
    connection.execute("DELETE FROM log_part")
    for start in range(0, len(hashes), 256):
        data = b"".join(hashes[start : start + 256])
        connection.execute("INSERT INTO log_part VALUES (?, 0, ?)", (start, data))
    edge = (len(hashes), frontier.to_bytes())
    connection.execute("UPDATE log_edge SET size = ?, frontier = ?", edge)


# Each does one thing and returns the first place of the log that it is about, or None.


def edit_body(connection: Any, random: Random, size: int) -> int | None:
    at = random.randrange(size)
    ((body,),) = connection.execute("SELECT body FROM event WHERE leaf = ?", (at,)).fetchall()
    changed = bytearray(body)
    changed[random.choice(range(len(changed)))] ^= random.randrange(1, 256)
    connection.execute("UPDATE event SET body = ? WHERE leaf = ?", (bytes(changed), at))
    return at


def edit_time(connection: Any, random: Random, size: int) -> int | None:
    at = random.randrange(size)
    ((body,),) = connection.execute("SELECT body FROM event WHERE leaf = ?", (at,)).fetchall()
    head, found, rest = body.partition(b'"at_ms":')
    if not found:
        return None
    _, _, tail = rest.partition(b",")
    changed = head + b'"at_ms":%d,' % random.randrange(10**12) + tail
    connection.execute("UPDATE event SET body = ? WHERE leaf = ?", (changed, at))
    return at


def edit_salts(connection: Any, random: Random, size: int) -> int | None:
    at = random.randrange(size)
    ((salts,),) = connection.execute("SELECT salts FROM event WHERE leaf = ?", (at,)).fetchall()
    changed = bytearray(salts)
    changed[random.choice(range(len(changed)))] ^= 1 << random.randrange(8)
    connection.execute("UPDATE event SET salts = ? WHERE leaf = ?", (bytes(changed), at))
    return at


def edit_place(connection: Any, random: Random, size: int) -> int | None:
    at = random.randrange(size)
    column = random.choice(("seq = seq + 1000", "epoch = epoch + 1", "run = run || 'X'"))
    connection.execute(f"UPDATE event SET {column} WHERE leaf = ?", (at,))
    return at


def delete(connection: Any, random: Random, size: int) -> int | None:
    at = random.randrange(size)
    connection.execute("DELETE FROM event WHERE leaf = ?", (at,))
    return at


def cut(connection: Any, random: Random, size: int) -> int | None:
    at = random.randrange(size)
    connection.execute("DELETE FROM event WHERE leaf >= ?", (at,))
    return at


def swap(connection: Any, random: Random, size: int) -> int | None:
    one, two = sorted(random.sample(range(size), 2))
    for old, new in ((one, -1), (two, one), (-1, two)):
        connection.execute("UPDATE event SET leaf = ? WHERE leaf = ?", (new, old))
    return one


def insert(connection: Any, random: Random, size: int) -> int | None:
    """Put in a copy of another event, as the next one of another run."""
    at, source = random.randrange(size + 1), random.randrange(size)
    for leaf in range(size - 1, at - 1, -1):
        connection.execute("UPDATE event SET leaf = leaf + 1 WHERE leaf = ?", (leaf,))
    source += source >= at
    connection.execute(
        "INSERT INTO event (run, seq, epoch, leaf, sum, salts, body)"
        " SELECT run, seq + 5000, epoch, ?, sum, salts, body FROM event WHERE leaf = ?",
        (at, source),
    )
    return at


def empty(connection: Any, random: Random, size: int) -> int | None:
    """Take the content of an event away, as if it were pruned."""
    at = random.randrange(size)
    connection.execute(f"{EMPTY} WHERE leaf = ? AND body <> x''", (at,))
    return at if connection.changes() else None


def empty_and_tell(connection: Any, random: Random, size: int) -> int | None:
    """Prune a run as one would who may, but before its time; a true event tells of it."""
    runs = "SELECT DISTINCT run FROM event WHERE body <> x'' AND run <> 'store'"
    (run,) = random.choice(connection.execute(runs).fetchall())
    rows = connection.execute(OF_RUN, (run,)).fetchall()
    ends = [open_envelope(body) for _, _, body in rows if b'"type":"RunSettled"' in body]
    ended_ms = int(str(ends[-1]["at_ms"])) if ends else 0
    logged = dict(hashes_in(connection))
    gone = [(seq, epoch) for seq, epoch, body in rows[1:-1] if body]
    for seq, _ in gone:
        connection.execute(f"{EMPTY} WHERE run = ? AND seq = ?", (run, seq))
    left = [row_of_emptied(seq, epoch, logged[run, seq]) for seq, epoch in gone]
    hashes = sha256(b"".join(left)).hexdigest()
    told = Pruned(run=run, ended_ms=ended_ms, events=len(gone), hashes=hashes)
    period_ms = random.randrange(1, 900) * DAY
    (last,) = connection.execute("SELECT max(seq) FROM event WHERE run = 'store'").fetchone()
    entry = StoreEntry(
        event=RunsPruned(what="events", period_ms=period_ms, rule="none", runs=(told,)),
        seq=(last or 0) + 1,
        at_ms=ended_ms + random.randrange(period_ms),
        actor=EVE.actor,
    )
    envelope = store_envelope(entry)
    _, salts = seal(envelope, random.randbytes(SALTS_BYTES_MAX))
    row = (STORE_JOURNAL, entry.seq, 1, size, 0, salts, encode_envelope(envelope))
    columns = "run, seq, epoch, leaf, sum, salts, body"
    connection.execute(f"INSERT INTO event ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    return size


def edit_hashes(connection: Any, random: Random, size: int) -> int | None:
    leaf, data = connection.execute("SELECT leaf, hashes FROM log_part").fetchall()[0]
    changed = bytearray(data)
    offset = random.randrange(len(changed))
    changed[offset] ^= 1 << random.randrange(8)
    connection.execute("UPDATE log_part SET hashes = ? WHERE leaf = ?", (bytes(changed), leaf))
    return size


def edit_size(connection: Any, random: Random, size: int) -> int | None:
    connection.execute("UPDATE log_edge SET size = size + ?", (random.choice((-1, 1, 300)),))
    return size


def drop_hashes(connection: Any, random: Random, size: int) -> int | None:
    connection.execute("DELETE FROM log_part WHERE leaf >= ?", (random.randrange(size),))
    return size if connection.changes() else None


SUBJECTS = "SELECT id, name, key FROM subject ORDER BY id"


def swap_names(connection: Any, random: Random, size: int) -> int | None:
    one, two = random.sample(connection.execute(SUBJECTS).fetchall(), 2)
    for row, name in ((one, ""), (two, one[1]), (one, two[1])):
        connection.execute("UPDATE subject SET name = ? WHERE id = ?", (name, row[0]))
    return size


def edit_name(connection: Any, random: Random, size: int) -> int | None:
    key_id, name, _ = random.choice(connection.execute(SUBJECTS).fetchall())
    other = random.choice((name + " ", name.upper(), "Eve", ""))
    connection.execute("UPDATE subject SET name = ? WHERE id = ?", (other, key_id))
    return size


def edit_key(connection: Any, random: Random, size: int) -> int | None:
    key_id, _, key = random.choice(connection.execute(SUBJECTS).fetchall())
    changed = bytearray(key)
    changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    connection.execute("UPDATE subject SET key = ? WHERE id = ?", (bytes(changed), key_id))
    return size


def swap_keys(connection: Any, random: Random, size: int) -> int | None:
    one, two = random.sample(connection.execute(SUBJECTS).fetchall(), 2)
    for row, key in ((one, two[2]), (two, one[2])):
        connection.execute("UPDATE subject SET key = ? WHERE id = ?", (key, row[0]))
    return size


OF_EVENTS: dict[str, Change] = {
    "a body": edit_body,
    "a time": edit_time,
    "salts": edit_salts,
    "a place": edit_place,
    "a deletion": delete,
    "a cut tail": cut,
    "two swapped": swap,
    "an insertion": insert,
    "no content": empty,
    "a false pruning": empty_and_tell,
}
OF_SUBJECTS: dict[str, Change] = {
    "swapped names": swap_names,
    "swapped keys": swap_keys,
    "another name": edit_name,
    "another key": edit_key,
}
KINDS: dict[str, Change] = {
    **OF_EVENTS,
    **OF_SUBJECTS,
    "a hash": edit_hashes,
    "the size": edit_size,
    "hashes dropped": drop_hashes,
    **OF_FILE,
}
