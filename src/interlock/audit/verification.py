"""Verifying a log: is every event of a store the one that was logged, and is the log the known one?

Every leaf is made again from its event, and the tree from the leaves (remaking.py). What comes out
is compared with the tiles that the store keeps of the log, with trees that others know, those of
signed checkpoints, and with what was published. Where it differs, differences.py says which event
it is, and what became of it.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import final

from interlock.audit.dating import CLOCK_SLACK_MS
from interlock.audit.differences import difference
from interlock.audit.findings import Finding, KeptLog, KnownTree
from interlock.audit.proofs import TreeHead
from interlock.audit.pruning import (
    NOTHING_EXPECTED,
    NOTHING_PRUNED,
    Expected,
    PrunedLog,
    PrunedParts,
)
from interlock.audit.publication import PublishedLog, false_tile
from interlock.audit.remaking import UNKNOWN_MS, Remade
from interlock.audit.tree import HASH_BYTES, TILE_WIDTH
from interlock.journal import STORE_JOURNAL, StoredEvent
from interlock.values import RunId


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
    remade = Remade(sorted(known, key=lambda each: each.tree.size), PrunedLog(_hashes_of(kept)))
    for run, event in events:
        remade.add(run, event)
    remade.end()
    found = difference(remade, kept, published)
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


def _misdated(remade: Remade) -> list[Finding]:
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


def _falsely_pruned(remade: Remade, expected: Expected) -> Iterator[Finding]:
    for each in remade.pruned.false(expected):
        yield Finding(
            kind="falsely_pruned",
            index=each.index,
            run=each.run,
            seq=each.seq,
            message=each.message,
        )


def _falsely_erased(remade: Remade, pruned: Collection[RunId]) -> Iterator[Finding]:
    for each in remade.losses.false(pruned):
        yield Finding(
            kind="falsely_erased",
            index=each.index,
            run=each.run,
            seq=each.seq,
            message=each.message,
        )


def _mispublished(remade: Remade, published: PublishedLog | None) -> Iterator[Finding]:
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
