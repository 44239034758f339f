"""Reading a run back from a store."""

from collections.abc import Iterator

from interlock.errors import JournalCorrupt, RunNotFound
from interlock.journal import Entry, decode_entry, refs_of
from interlock.store import Store
from interlock.values import RunId

PAGE = 1_000


def read_entries(store: Store, run: RunId) -> Iterator[Entry]:
    """Read the entries of a run in order, a page at a time, with their values.

    Raises:
        RunNotFound: the store has no event of this run.
        JournalCorrupt: bytes do not decode, or a value is missing.
    """
    after = 0
    while page := store.read(run, after=after, limit=PAGE):
        refs = {ref for event in page for ref in refs_of(event.body)}
        values = store.values(run, refs)
        for event in page:
            found, entry = decode_entry(event.body, values.get)
            if found != run or entry.seq != event.seq or entry.epoch != event.epoch:
                raise JournalCorrupt(
                    f"event {event.seq} of {run} says that it is event {entry.seq} of {found}",
                    hint="the file was changed by something else than Interlock",
                )
            yield entry
        after = page[-1].seq
    if after == 0:
        raise RunNotFound(f"no run `{run}` in this store", hint="`interlock runs` lists them")
