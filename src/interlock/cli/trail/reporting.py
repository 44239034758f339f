"""A report of a journal: its runs read one by one, in bounded memory."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from interlock.audit import read_erased
from interlock.cli.trail.checkpoints import Leaves
from interlock.errors import ContentPruned, JournalCorrupt, UsageError
from interlock.journal import (
    ENDED,
    STORE_JOURNAL,
    GateOpened,
    RunHead,
    entry_in,
    entry_with_blanks,
    open_envelope,
    read_store_entry,
    refs_in,
)
from interlock.reports import Period, Report, Reporter, Told, Unreadable
from interlock.runtime import erased_words, why_pruned
from interlock.store import EVENTS_READ_DEFAULT, KeyRing, ReadStore
from interlock.values import RunId, ValueRef

PAGE = 100
CLOCK_SLACK_MS = 86_400_000
"""A run that started later, or ended earlier, than a day off the period is not read: by so much a
clock may have been set back while it ran."""
UNREAD = b"null"
"""Stands for a value that a report does not show."""
ASK = "ask"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """How far it is: the runs looked at, and those whose events were read."""

    looked_at: int
    read: int


def report_of(
    store: ReadStore,
    period: Period,
    *,
    graphs: frozenset[str] | None = None,
    progress: Callable[[Seen], None],
) -> Report:
    """Report what happened in a period, in some graphs or in all.

    Nothing is written. A run that cannot be read is named in the report.

    Raises:
        UsageError: no run at all is of one of the graphs: an empty report would hide a slip.
    """
    reporter, leaves = Reporter(period, graphs=graphs), Leaves(store)
    names: set[str] = set()
    read = 0
    for number, head in enumerate(_heads(store), start=1):
        names.add(head.graph)
        if _may_concern(head, period) and (graphs is None or head.graph in graphs):
            _add(store, reporter, head, leaves=leaves)
            read += 1
        progress(Seen(looked_at=number, read=read))
    _add_kept(store, reporter, leaves)
    for missing in sorted((graphs or frozenset()) - names):
        near = get_close_matches(missing, names, n=1)
        hint = f"did you mean `{near[0]}`?" if near else "`interlock runs` names the graphs of runs"
        raise UsageError(f"this journal has no run of a graph `{missing:.100}`", hint=hint)
    return reporter.report()


def _heads(store: ReadStore) -> Iterator[RunHead]:
    page = store.heads(limit=PAGE)
    while page:
        yield from page
        page = store.heads(before=page[-1].run, limit=PAGE)


def _may_concern(head: RunHead, period: Period) -> bool:
    if head.created_ms >= period.until_ms + CLOCK_SLACK_MS:
        return False
    return head.status not in ENDED or head.updated_ms >= period.since_ms - CLOCK_SLACK_MS


def _add(store: ReadStore, reporter: Reporter, head: RunHead, *, leaves: Leaves) -> None:
    try:
        reporter.add(head.run, head.graph, _told(store, head.run, leaves))
    except (ContentPruned, JournalCorrupt) as error:
        if isinstance(error, ContentPruned):
            error = why_pruned(store, head.run) or error
        reporter.add_unreadable(
            Unreadable(run=head.run, graph=head.graph, code=error.code, message=error.message)
        )


def _add_kept(store: ReadStore, reporter: Reporter, leaves: Leaves) -> None:
    """Add what the journal of the store itself says, up to what cannot be read of it."""
    try:
        _read_kept(store, reporter, leaves)
    except (ContentPruned, JournalCorrupt) as error:
        reporter.add_unreadable(
            Unreadable(run=STORE_JOURNAL, graph="", code=JournalCorrupt.code, message=error.message)
        )


def _read_kept(store: ReadStore, reporter: Reporter, leaves: Leaves) -> None:
    after = 0
    while page := store.read(STORE_JOURNAL, after=after, limit=EVENTS_READ_DEFAULT):
        for event in page:
            leaves.check(STORE_JOURNAL, event)
            reporter.add_kept(read_store_entry(event.body), event.leaf_index)
        after = page[-1].seq


def _told(store: ReadStore, run: RunId, leaves: Leaves) -> Iterator[Told]:
    """Read the events of a run, as they were logged; of their values only the texts of gates."""
    after, page = 0, store.read(run, limit=EVENTS_READ_DEFAULT)
    while page:
        envelopes = [open_envelope(event.body) for event in page]
        asked = {
            ref
            for envelope in envelopes
            if envelope.get("type") == GateOpened.type
            for ref in refs_in(envelope)
        }
        texts = KeyRing(store, run).opened(store.values(run, asked)) if asked else {}

        def resolve(ref: ValueRef, texts: dict[ValueRef, bytes] = texts) -> bytes:
            return texts.get(ref, UNREAD)

        for event, envelope in zip(page, envelopes, strict=True):
            if event.erased:
                blanks = dict.fromkeys(read_erased(event.erased), erased_words(None))
                found, entry = entry_with_blanks(envelope, resolve, blanks)
            else:
                found, entry = entry_in(envelope, resolve)
            if found != run or entry.seq != event.seq or event.seq != after + 1:
                raise JournalCorrupt(f"event {event.seq} of run {run} is of another place")
            leaves.check(run, event)
            after = event.seq
            yield Told(entry=entry, leaf=event.leaf_index)
        is_last = len(page) < EVENTS_READ_DEFAULT
        page = [] if is_last else store.read(run, after=after, limit=EVENTS_READ_DEFAULT)
