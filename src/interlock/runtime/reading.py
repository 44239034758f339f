"""Reading a run back from a store."""

from collections.abc import Iterator, Mapping

from interlock.errors import JournalCorrupt, RunNotFound
from interlock.journal import Entry, StoredEvent, decode_entry, refs_of
from interlock.store import ReadStore
from interlock.values import RunId, ValueRef

PAGE = 1_000
KEEP = "keep the file for analysis, and restore the store from a backup"


def read_entries(store: ReadStore, run: RunId) -> Iterator[Entry]:
    """Read the entries of a run in order, a page at a time, with their values.

    Raises:
        RunNotFound: the store has no event of this run.
        JournalCorrupt: bytes do not decode, or something is missing; names the event.
    """
    after = 0
    while page := store.read(run, after=after, limit=PAGE):
        refs = {ref for event in page for ref in _refs(run, event)}
        values = store.values(run, refs)
        for event in page:
            yield _entry(run, event, values)
        after = page[-1].seq
    if after == 0 and store.head(run) is not None:
        raise JournalCorrupt(f"run {run} is listed, and none of its events is there", hint=KEEP)
    if after == 0:
        raise RunNotFound(f"no run `{run}` in this store", hint="`interlock runs` lists them")


def _refs(run: RunId, event: StoredEvent) -> list[ValueRef]:
    try:
        return refs_of(event.body)
    except JournalCorrupt as error:
        raise _placed(error, run, event) from error


def _entry(run: RunId, event: StoredEvent, values: Mapping[ValueRef, bytes]) -> Entry:
    try:
        found, entry = decode_entry(event.body, values.get)
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
