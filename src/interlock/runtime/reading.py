"""Reading a run back from a store: what it was, or what is left of it."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence, Set as AbstractSet
from itertools import chain
from typing import TypeAlias

from interlock import audit  # its modules are imported when parts of an event were erased
from interlock.errors import ContentErased, ContentPruned, JournalCorrupt, RunNotFound
from interlock.journal import (
    NOBODY,
    Entry,
    Envelope,
    GateDecided,
    NodeCancelled,
    PartsErased,
    RunCancelled,
    StoredEvent,
    entry_in,
    entry_with_blanks,
    open_envelope,
    refs_in,
)
from interlock.store import KeyRing, ReadStore
from interlock.values import RunId, ValueRef, immutable

PAGE = 250
KEEP = "keep the file for analysis, and restore the store from a backup"
NOTHING = frozenset[str]()
WORDS = frozenset(("actor", "owner", "principal", "reason"))
"""Parts that nothing is derived from: without them, a run is what it was."""

BY_NAME = frozenset((GateDecided.type, NodeCancelled.type, RunCancelled.type))
"""Events of which the engine asks who decided."""


Opened: TypeAlias = tuple[StoredEvent, Envelope, list[ValueRef]]


@immutable()
class Remains:
    """What is left of a run.

    Attributes:
        entries: its events in order, with words in the place of what was erased.
        erased: by the name of each part that was erased (`3.output`), the seq of the event that
            tells of it; None: none does.
    """

    entries: tuple[Entry, ...]
    erased: Mapping[str, int | None]


def read_entries(store: ReadStore, run: RunId) -> Iterator[Entry]:
    """Read the entries of a run in order, a page at a time, with their values.

    Where only words were erased that nothing is derived from, they are empty.

    Raises:
        RunNotFound: the store has no event of this run.
        ContentPruned: events or values of it were pruned; says when, by whom, under which rule.
        JournalCorrupt: bytes do not decode, or something is missing; names the event.
        ContentErased: more of an event was erased; the entries before it have been given out.
    """
    after = 0
    while page := store.read(run, after=after, limit=PAGE):
        opened = [(event, *_opened(store, run, event)) for event in page]
        lost = next((each for each in opened if each[0].erased and _needed_of(*each[:2])), None)
        kept = opened if lost is None else opened[: opened.index(lost)]
        yield from _entries(store, run, kept, blanks=_without)
        if lost is not None:
            raise _erased(store, run, seq=lost[0].seq, names=_needed_of(*lost[:2]))
        after = page[-1].seq
    _check_found(store, run, after)


def read_remains(store: ReadStore, run: RunId) -> Remains:
    """Read what is left of a run, for people.

    Raises:
        RunNotFound: the store has no event of this run.
        ContentPruned: as for `read_entries`.
        JournalCorrupt: bytes do not decode, or something is missing; names the event.
    """
    events: list[StoredEvent] = []
    while page := store.read(run, after=len(events), limit=PAGE):
        events += page
    _check_found(store, run, len(events))
    opened = [(event, *_opened(store, run, event)) for event in events]
    told = _told_in([envelope for _, envelope, _ in opened])
    erased = {
        place: told.get(place)
        for event in events
        for place in (f"{event.seq}.{name}" for name in sorted(_erased_of(event)))
    }

    def blanks(event: StoredEvent) -> Mapping[str, str]:
        return {name: erased_words(told.get(f"{event.seq}.{name}")) for name in _erased_of(event)}

    pages = range(0, len(opened), PAGE)
    found = [_entries(store, run, opened[at : at + PAGE], blanks=blanks) for at in pages]
    return Remains(entries=tuple(chain(*found)), erased=erased)


def _entries(
    store: ReadStore,
    run: RunId,
    opened: Sequence[Opened],
    *,
    blanks: Callable[[StoredEvent], Mapping[str, str]],
) -> list[Entry]:
    """Read a page at once: going to and fro between reading and folding takes longer."""
    ring = KeyRing(store, run)
    values = ring.opened(store.values(run, {ref for _, _, refs in opened for ref in refs}))
    try:
        return [
            _entry(
                event,
                envelope,
                values=values,
                blanks=blanks(event) if event.erased else {},
                ring=ring,
            )
            for event, envelope, _ in opened
        ]
    except JournalCorrupt as error:
        if all(ref in values for _, _, refs in opened for ref in refs):
            raise
        raise why_pruned(store, run) or error from error


def _needed_of(event: StoredEvent, envelope: Envelope) -> AbstractSet[str]:
    """Name the parts that an event has lost and that something is derived from."""
    if not event.erased:
        return NOTHING
    is_by_name = envelope.get("type") in BY_NAME
    return _erased_of(event) - (WORDS - {"actor"} if is_by_name else WORDS)


def _without(event: StoredEvent) -> Mapping[str, str]:
    return dict.fromkeys(_erased_of(event), "")


def erased_words(event: int | None) -> str:
    """Say in the place of what was erased where it is told."""
    return "(erased)" if event is None else f"(erased, see event {event})"


def _check_found(store: ReadStore, run: RunId, events: int) -> None:
    if events == 0 and store.head(run) is not None:
        raise JournalCorrupt(f"run {run} is listed, and none of its events is there", hint=KEEP)
    if events == 0:
        raise RunNotFound(f"no run `{run}` in this store", hint="`interlock runs` lists them")


def _erased_of(event: StoredEvent) -> AbstractSet[str]:
    return frozenset(audit.read_erased(event.erased)) if event.erased else NOTHING


def _told_in(envelopes: Collection[Envelope]) -> dict[str, int]:
    """Find for each part that was erased the event that tells of it."""
    found: dict[str, int] = {}
    for envelope in envelopes:
        data, seq = envelope.get("data"), envelope.get("seq")
        if envelope.get("type") == PartsErased.type and isinstance(data, dict):
            parts = data.get("parts")
            for part in parts if isinstance(parts, list) else ():
                if isinstance(part, str) and isinstance(seq, int):
                    found[part] = seq
    return found


def _erased(store: ReadStore, run: RunId, *, seq: int, names: Collection[str]) -> ContentErased:
    """Say what is missing, and where it is told."""
    after, told = seq, dict[str, int]()
    while page := store.read(run, after=after, limit=PAGE):
        told |= _told_in([open_envelope(event.body) for event in page])
        after = page[-1].seq
    events = sorted({told[place] for name in names if (place := f"{seq}.{name}") in told})
    see = f", as event {events[-1]} tells" if events else ""
    return ContentErased(
        f"event {seq} of run {run} has lost {', '.join(f'`{name}`' for name in sorted(names))}:"
        f" it was erased{see}",
        seq=seq,
        hint=f"`interlock show {run}` shows what is left; nothing brings it back",
    )


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
    from interlock.runtime.disposal import pruned_words

    told = pruned_words(store, run)
    if told is None:
        return None
    return ContentPruned(
        told,
        hint=f"`interlock show {run}` shows what is left; what was proved of it before still holds",
    )


def _entry(
    event: StoredEvent,
    envelope: Envelope,
    *,
    values: Mapping[ValueRef, bytes],
    blanks: Mapping[str, str],
    ring: KeyRing,
) -> Entry:
    run, subjects = ring.run, ring.subjects
    try:
        if blanks:
            found, entry = entry_with_blanks(envelope, values.get, blanks, subjects=subjects)
        else:
            found, entry = entry_in(envelope, values.get, subjects)
    except JournalCorrupt as error:
        raise _placed(error, run, event) from error
    if found != run or entry.seq != event.seq or entry.epoch != event.epoch:
        told = f"it says that it is event {entry.seq} of run {found}, of epoch {entry.epoch}"
        told += f"; its row is of epoch {event.epoch}"
        raise _placed(JournalCorrupt(told), run, event)
    if entry.actor == NOBODY and "actor" not in blanks:
        raise _placed(JournalCorrupt("nobody is its actor"), run, event)
    return entry


def _placed(error: JournalCorrupt, run: RunId, event: StoredEvent) -> JournalCorrupt:
    told = f"event {event.seq} of run {run}: {error.message}"
    return JournalCorrupt(told, hint=error.hint or KEEP)
