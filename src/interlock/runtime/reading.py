"""Reading a run back from a store."""

from collections.abc import Iterator, Mapping

from interlock.errors import ContentPruned, JournalCorrupt, RunNotFound
from interlock.journal import Entry, Envelope, StoredEvent, entry_in, open_envelope, refs_in
from interlock.store import ReadStore
from interlock.values import RunId, ValueRef

PAGE = 250
KEEP = "keep the file for analysis, and restore the store from a backup"


def read_entries(store: ReadStore, run: RunId) -> Iterator[Entry]:
    """Read the entries of a run in order, a page at a time, with their values.

    Raises:
        RunNotFound: the store has no event of this run.
        ContentPruned: events or values of it were pruned; says when, by whom, under which rule.
        JournalCorrupt: bytes do not decode, or something is missing; names the event.
    """
    after = 0
    while page := store.read(run, after=after, limit=PAGE):
        opened = [(event, *_opened(store, run, event)) for event in page]
        values = store.values(run, {ref for _, _, refs in opened for ref in refs})
        # A page at once: going to and fro between reading and folding takes longer.
        try:
            yield from [_entry(run, event, found, values=values) for event, found, _ in opened]
        except JournalCorrupt as error:
            if all(ref in values for _, _, refs in opened for ref in refs):
                raise
            raise why_pruned(store, run) or error from error
        after = page[-1].seq
    if after == 0 and store.head(run) is not None:
        raise JournalCorrupt(f"run {run} is listed, and none of its events is there", hint=KEEP)
    if after == 0:
        raise RunNotFound(f"no run `{run}` in this store", hint="`interlock runs` lists them")


def _opened(store: ReadStore, run: RunId, event: StoredEvent) -> tuple[Envelope, list[ValueRef]]:
    try:
        envelope = open_envelope(event.body)
        return envelope, refs_in(envelope)
    except ContentPruned as error:
        told = "it has no content, and the journal of the store does not say that it was pruned"
        raise why_pruned(store, run) or _placed(JournalCorrupt(told), run, event) from error
    except JournalCorrupt as error:
        raise _placed(error, run, event) from error


def why_pruned(store: ReadStore, run: RunId) -> ContentPruned | None:
    """Say that a run was pruned; None if it was not.

    The message says when, by whom and under which rule.

    Raises:
        JournalCorrupt: the journal of the store itself cannot be read.
    """
    from interlock.runtime.keeping import pruned_words

    told = pruned_words(store, run)
    if told is None:
        return None
    return ContentPruned(
        told,
        hint=f"`interlock show {run}` shows what is left; what was proved of it before still holds",
    )


def _entry(
    run: RunId, event: StoredEvent, envelope: Envelope, *, values: Mapping[ValueRef, bytes]
) -> Entry:
    try:
        found, entry = entry_in(envelope, values.get)
    except JournalCorrupt as error:
        raise _placed(error, run, event) from error
    if found != run or entry.seq != event.seq or entry.epoch != event.epoch:
        told = f"it says that it is event {entry.seq} of run {found}, of epoch {entry.epoch}"
        told += f"; its row is of epoch {event.epoch}"
        raise _placed(JournalCorrupt(told), run, event)
    return entry


def _placed(error: JournalCorrupt, run: RunId, event: StoredEvent) -> JournalCorrupt:
    told = f"event {event.seq} of run {run}: {error.message}"
    return JournalCorrupt(told, hint=error.hint or KEEP)
