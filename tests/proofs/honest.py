"""Honest stores: processes die and others go on, nobody changes anything, and no alarm is given.

A process works on a journal until it dies. Whoever comes next notes what the log is then, as a
checkpoint would, and brings the runs to their end, or dies as well. What there is at the end is
verified as the command does it, and has to extend what was noted each time.
"""

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from random import Random

from interlock.audit import Frontier, KnownTree, TreeHead, leaf_hash, leaf_of
from interlock.store import ReadStore, open_store, open_to_read
from interlock.testing.disks import Disk
from proofs.figures import Figures
from proofs.flips import journal_files, put
from proofs.recordings import EPOCH_MS, JOURNAL, Recording, Watched, live
from proofs.shapes import SHAPES
from proofs.tampering import verdict_of_all, verdict_on

HOUR_MS = 3_600_000
LIVES_MAX = 4
EVENTS_MAX = 10_000


def prove(seeds: range, folder: Path) -> Figures:
    """Let processes live and die on a journal for each seed."""
    figures = Figures()
    for seed in seeds:
        place = folder / str(seed)
        place.mkdir()
        random = Random(f"honest {seed}")
        files = journal_files(seed, place)
        noted = [tree_of(put(files, place))]
        for life in range(random.randrange(1, LIVES_MAX)):
            files = next_life(seed, place, files, began_ms=EPOCH_MS + life * HOUR_MS, random=random)
            noted.append(tree_of(put(files, place)))
        figures.trials += 1
        figures.seen[f"{len(noted)} lives"] += 1
        figures.seen["events"] += noted[-1].size
        path = put(files, place)
        with closing(open_to_read(path)) as store:
            for problem in alarms_of(path, store, noted):
                figures.fail("mislabelled", f"false alarm: {problem}", seed=seed)
    return figures


def next_life(
    seed: int, place: Path, files: Mapping[str, bytes], *, began_ms: int, random: Random
) -> Mapping[str, bytes]:
    """Go on with the runs of a journal; return its files when it was left, at the end or before."""
    shape = list(SHAPES.values())[seed % len(SHAPES)]
    path = Path(put(files, place))
    images: list[Mapping[str, bytes]] = []

    def keep() -> None:
        found = path.parent.glob(f"{JOURNAL}*")
        images.append({file.name: file.read_bytes() for file in found if file.is_file()})

    with closing(open_store(str(path))) as store:
        recording = Recording(shape=shape, disk=Disk(), began_ms=began_ms)
        live(Watched(store, keep), recording, shape.world())
    keep()
    return random.choice(images)


def tree_of(path: str) -> TreeHead:
    """Say what the log is, from its events."""
    frontier = Frontier()
    with closing(open_store(path)) as store:
        for _, event in store.leaves(limit=EVENTS_MAX):
            frontier.extend([leaf_hash(leaf_of(event.body, event.salts))])
    return TreeHead(size=frontier.size, root=frontier.root())


def alarms_of(path: str, store: ReadStore, noted: list[TreeHead]) -> list[str]:
    """Verify a log against what was noted of it, and as the command does."""
    found = verdict_on(store, [KnownTree(tree=head) for head in noted], None).findings
    found += verdict_of_all(path, store).findings
    return [f"{each.kind} {each.message}" for each in found]
