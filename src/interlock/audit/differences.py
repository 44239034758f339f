"""Where a log differs from the one that was logged, and what became of the first such event.

A list of hashes that can be trusted says it:

    the hash of the event here     the hash that was logged     so the event
    is of no logged event          is of no event here          was edited
    is of another logged event     is of no event here          that stood here was deleted
    is of no logged event          is of another event here     was inserted
    is of another logged event     is of another event here     was moved

The tiles of the store are such a list when their root is that of a checkpoint, and so are published
tiles. Where there is neither, it can only be said between which checkpoints the log differs.
"""

from collections.abc import Sequence

from interlock.audit.findings import Finding, KeptLog, KnownTree
from interlock.audit.publication import PublishedLog
from interlock.audit.remaking import Remade
from interlock.audit.tree import HASH_BYTES, TILE_HEIGHT, TILE_WIDTH, Frontier, split_hashes

TILE_BYTES = TILE_WIDTH * HASH_BYTES


def difference(remade: Remade, kept: KeptLog, published: PublishedLog | None) -> Finding | None:
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
    remade: Remade, here: list[bytes], *, logged: list[bytes], kept: KeptLog
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


def _of_kept(remade: Remade, kept: KeptLog) -> Finding | None:
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


def _of_edge(remade: Remade, kept: KeptLog) -> Finding | None:
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


def _aligned(remade: Remade, here: list[bytes], logged: list[bytes]) -> Finding | None:
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
