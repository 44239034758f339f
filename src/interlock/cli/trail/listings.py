"""Whether the listing of a store says what its events say.

Listings (`runs`, `show`) read a row a run, which is a projection of its events and no leaf of the
log: so `audit verify` makes it again from them, by the fold that wrote it.
"""

from collections.abc import Collection, Iterator
from dataclasses import fields, replace
from typing import cast, final

from interlock.audit import Finding
from interlock.errors import JournalCorrupt
from interlock.journal import ENDED, STORE_JOURNAL, Envelope, RunHead, entry_with_blanks
from interlock.replay import HEADING_TYPES, Heading, as_told
from interlock.store import ReadStore
from interlock.values import Json, RunId, value_ref

PAGE = 1_000
NULL = b"null"
NO_VALUE = value_ref(NULL)
"""No value has a part in a row: this one stands for all of them."""

OPEN = frozenset(("queued", "running", "waiting", "paused"))
IN_DOUBT = frozenset(("in_doubt", "running", "paused"))
"""What an open run can be, without a node in doubt and with one."""


@final
class Listings:
    """The rows of all runs, folded while their events pass by in the order of the log."""

    def __init__(self) -> None:
        self._headings: dict[RunId, Heading] = {}
        self._places: dict[RunId, int] = {}
        self._gone: dict[RunId, set[str]] = {}
        self._unknown: set[RunId] = set()

    def take(
        self, run: RunId, envelope: Envelope, *, place: int, gone: Collection[str] = ()
    ) -> None:
        """Take an event that stands at a place of the log, without the parts that are `gone`."""
        if run == STORE_JOURNAL:
            return
        self._places[run] = place
        if str(envelope.get("type")) not in HEADING_TYPES:
            return
        if gone:
            self._gone.setdefault(run, set()).update(gone)
        refs = cast(dict[str, Json], envelope.get("refs") or {})
        bare = Envelope({**envelope, "refs": dict.fromkeys(refs, NO_VALUE)})
        try:
            _, entry = entry_with_blanks(bare, lambda _: NULL, dict.fromkeys(gone, ""))
        except JournalCorrupt:
            # It is no event: then its leaf says so.
            self._unknown.add(run)
        else:
            self._headings.setdefault(run, Heading(run)).take(entry)

    def pass_by(self, run: RunId, *, place: int) -> None:
        """Pass by an event of which nothing is left: pruning keeps those that make the row."""
        if run != STORE_JOURNAL:
            self._places[run] = place

    def findings(self, store: ReadStore, *, size: int) -> Iterator[Finding]:
        """Compare with the rows of the store, whose log had `size` events; it may have grown."""
        found = list(self._differences(store))
        # After the rows were read: the events that have changed them meanwhile are there now.
        moved = _runs_after(store, size) if found else set[RunId]()
        yield from (each for each in found if each.run not in moved)

    def _differences(self, store: ReadStore) -> Iterator[Finding]:
        left = dict(self._headings)
        for head in _heads(store):
            told = left.pop(head.run, None)
            if head.run in self._unknown:
                continue
            if told is None and head.run not in self._places:
                yield self._finding(head.run, "the listing has a run without an event")
            elif told is not None and told.head is not None:
                now = as_told(head)
                was = self._without_gone(as_told(told.head), now)
                if was != now:
                    yield self._finding(head.run, f"the listing {_difference(was, now)}")
                elif head.status not in _statuses(told):
                    status = f"{head.status!s:.80}"
                    yield self._finding(head.run, f"the listing says that it is {status}")
        for run in left.keys() - self._unknown:
            yield self._finding(run, "the listing does not have this run")

    def _without_gone(self, was: RunHead, now: RunHead) -> RunHead:
        """Take for true in a row what its events, of which it was erased, cannot tell."""
        gone = self._gone.get(was.run, set[str]())
        names = [each.name for each in fields(was) if each.name in gone]
        told = replace(was, **{name: getattr(now, name) for name in names})
        return replace(told, execution=None) if "execution" in gone else told

    def _finding(self, run: RunId, message: str) -> Finding:
        place = self._places.get(run, 0)
        return Finding(kind="misreported", index=place, run=run, message=message)


def _statuses(told: Heading) -> Collection[str]:
    """Say how a run may stand; how an open one waits is told by no event but its doubts."""
    if told.head is not None and told.head.status in ENDED:
        return (told.head.status,)
    return IN_DOUBT if told.is_in_doubt else OPEN


def _heads(store: ReadStore) -> Iterator[RunHead]:
    before: RunId | None = None
    while page := store.heads(before=before, limit=PAGE):
        yield from page
        before = page[-1].run


def _runs_after(store: ReadStore, size: int) -> set[RunId]:
    """Name the runs that went on since the log had this size."""
    found: set[RunId] = set()
    while page := store.leaves(first=size, limit=PAGE):
        found.update(run for run, _ in page)
        size = page[-1][1].leaf_index + 1
    return found


def _difference(was: RunHead, now: RunHead) -> str:
    pairs = [(one.name, getattr(now, one.name), getattr(was, one.name)) for one in fields(was)]
    return "; ".join(
        f"says {name} {here!s:.80}, its events say {told!s:.80}"
        for name, here, told in pairs
        if here != told
    )
