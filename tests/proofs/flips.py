"""Flipped bits: a journal file and its log as a process left them that died, with one bit changed.

A bit of the file or of the log is flipped, one a trial. Then everybody looks: `doctor`, `replay`,
and the next process that opens it to write. Either one of them says that something is wrong, or
nothing that matters has changed: every event, value, row in listings and message is what it was.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from random import Random
from typing import Any

import apsw

from interlock.errors import InterlockError
from interlock.replay import as_told, verify
from interlock.runtime import read_entries
from interlock.store import ReadStore, examine_store, open_store, open_to_read
from interlock.testing.disks import DiskState
from proofs.figures import Figures
from proofs.recordings import JOURNAL, lived
from proofs.shapes import SHAPES

FLIPS = 50
"""Trials of one journal."""

RUNS_MAX = 1_000

QUESTIONS = {
    "events": "SELECT run, seq, epoch, leaf, salts, body FROM event ORDER BY run, seq",
    "parts": "SELECT leaf, hashes FROM log_part ORDER BY leaf",
    "roots": "SELECT level, place, hash FROM log_root ORDER BY level, place",
    "edge": "SELECT size, frontier FROM log_edge",
    "values": "SELECT run, ref, data FROM value ORDER BY run, ref",
    "blobs": "SELECT ref, data FROM blob ORDER BY ref",
    "heads": "SELECT * FROM head ORDER BY run",
    "messages": "SELECT run, id, kind, body, actor, created_ms FROM inbox WHERE NOT taken"
    " ORDER BY number",
    "known": "SELECT run, id FROM inbox WHERE taken ORDER BY number",
}
"""What matters. Leases are left out: fencing is by the epochs of events."""


def prove(seeds: range, folder: Path) -> Figures:
    """Flip a bit for each seed."""
    figures = Figures()
    wanted: dict[int, list[int]] = defaultdict(list)
    for seed in seeds:
        wanted[seed // FLIPS].append(seed)
    for number, chosen in wanted.items():
        place = folder / str(number)
        place.mkdir()
        files = journal_files(number, place)
        sound = content_of(files, place)
        assert isinstance(sound, dict)
        for seed in chosen:
            figures.trials += 1
            name, told, flipped = flip(files, Random(f"flip {seed}"))
            found = noticed(flipped, place) or changed(flipped, place, sound)
            figures.seen[f"{name}: {found.how}"] += 1
            if found.how == "undetected":
                figures.fail("undetected", f"{told}: {found.what}", seed=seed)
    return figures


def journal_files(number: int, place: Path) -> Mapping[str, bytes]:
    """Let a process work on a journal until it dies, or closes it."""
    random = Random(number)
    shape = list(SHAPES.values())[number % len(SHAPES)]
    images = lived(shape, place, random)
    return images[-1] if random.random() < 0.3 else random.choice(images[:-1])


def flip(files: Mapping[str, bytes], random: Random) -> tuple[str, str, Mapping[str, bytes]]:
    """Change one bit of the file or of the log."""
    names = [name for name in (JOURNAL, f"{JOURNAL}-wal") if files.get(name)]
    name = random.choice(names)
    offset, bit = random.randrange(len(files[name])), random.randrange(8)
    data = bytearray(files[name])
    data[offset] ^= 1 << bit
    kind = "log" if name.endswith("-wal") else "file"
    return kind, f"bit {bit} of byte {offset} of {name}", {**files, name: bytes(data)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Who noticed it, or what became of it."""

    how: str
    what: str = ""


def put(files: Mapping[str, bytes], place: Path) -> str:
    scratch = place / "scratch"
    scratch.mkdir(exist_ok=True)
    DiskState(ops=0, choice="", files=files).put_into(scratch)
    return str(scratch / JOURNAL)


def noticed(files: Mapping[str, bytes], place: Path) -> Found | None:
    """Ask everybody; say who is the first to notice."""
    for how, look in LOOKS.items():
        problem = complaint(look, put(files, place))
        if problem:
            return Found(how=how, what=problem)
    return None


def complaint(look: Callable[[str], str], path: str) -> str:
    try:
        return look(path)
    except InterlockError as error:
        return f"{error.code} {error.message}"


def doctor(path: str) -> str:
    health = examine_store(path)
    assert health is not None
    return "; ".join(health.problems)


def replay(path: str) -> str:
    with closing(open_to_read(path)) as store:
        return "; ".join(divergences(store))


def divergences(store: ReadStore) -> Iterator[str]:
    for head in store.heads(limit=RUNS_MAX):
        told = verify(head.run, read_entries(store, head.run)).head
        if as_told(told) != as_told(head):
            yield f"the listing says {head}, the events {told}"
    store.inbox(limit=RUNS_MAX)


def opening(path: str) -> str:
    with closing(open_store(path)) as store:
        return "; ".join(divergences(store))


LOOKS: Mapping[str, Callable[[str], str]] = {
    "doctor": doctor,
    "replay": replay,
    "opening": opening,
}


def content_of(files: Mapping[str, bytes], place: Path) -> dict[str, bytes]:
    """Return a digest of all rows that matter, by table."""
    connection: Any = apsw.Connection(put(files, place))
    found: dict[str, bytes] = {}
    for name, question in QUESTIONS.items():
        rows = connection.execute(question).fetchall()
        found[name] = blake2b(repr(rows).encode(), digest_size=16).digest()
    connection.close()
    return found


def changed(files: Mapping[str, bytes], place: Path, sound: dict[str, bytes]) -> Found:
    """Say what nobody noticed."""
    now = content_of(files, place)
    differs = [name for name, digest in sound.items() if now[name] != digest]
    if differs:
        return Found(how="undetected", what=f"{', '.join(differs)} changed")
    return Found(how="harmless")
