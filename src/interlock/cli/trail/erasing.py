"""What `interlock audit erase` destroys: how it is chosen, and how it is shown."""

import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Any, cast

from interlock.audit import open_leaf, read_erased
from interlock.cli.project.pyproject import shown
from interlock.cli.project.stores import Journal
from interlock.cli.terminal.console import aligned, counted, one_line
from interlock.cli.trail.disclosing import Asked, asked_of, near_of
from interlock.errors import StoreFailed, UsageError
from interlock.journal import PartsErased, RunMigrated, RunStarted, open_envelope
from interlock.runtime import Removal
from interlock.store import EVENTS_READ_DEFAULT, ReadStore
from interlock.values import Json, RunId

OPTION = "--path"
EVENTS_SHOWN_MAX = 40
MENTIONS_SHOWN_MAX = 10
WHO = frozenset(("actor", "owner", "principal", "usage"))
"""Who did something, and what it cost: goes only when it is asked for by its name."""

PLAN = frozenset(("document", "graph", "manifests", "plan"))
"""Of the first event: what was going to run. It goes only when it is asked for by its name."""

PINNING = (RunStarted.type, RunMigrated.type)
NOT_COVERED = (
    "copies and backups of the journal file, and what the file system keeps of freed blocks",
    "other runs, unless named above: erase there, too",
    "receipts, reports, exports and terminals that have shown it already",
    "what actions have done with it: sent or stored elsewhere, or turned into another form",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An event of a run: where it is, the parts that it has, and those that were erased."""

    seq: int
    kind: str
    path: str | None
    parts: frozenset[str]
    erased: frozenset[str]

    @property
    def name(self) -> str:
        """The event for people: `AttemptStarted greet`."""
        return f"{self.kind} {self.path}" if self.path else self.kind


def events_of(store: ReadStore, run: RunId) -> list[Found]:
    """Read the events of a run, with the names of their parts.

    Raises:
        JournalCorrupt: an event is not as it was written.
    """
    found: list[Found] = []
    while page := store.read(run, after=len(found), limit=EVENTS_READ_DEFAULT):
        for event in page:
            erased = read_erased(event.erased)
            leaf = open_leaf(event.body, event.salts, erased)
            envelope = cast(dict[str, Any], open_envelope(event.body))
            found.append(
                Found(
                    seq=event.seq,
                    kind=envelope["type"],
                    path=envelope.get("path"),
                    parts=frozenset(leaf.parts),
                    erased=frozenset(erased),
                )
            )
    return found


def chosen_in(events: Sequence[Found], places: Iterable[str]) -> dict[int, frozenset[str]]:
    """Choose parts by places; what was erased there before is chosen, too, and changes nothing.

    Raises:
        UsageError: there is nothing, and never was, at one of the places.
    """
    wanted = [asked_of(text, OPTION) for text in places]
    chosen: dict[int, frozenset[str]] = {}
    for one in wanted:
        there = {event.seq: _covered(one, event) for event in events}
        if not any(there.values()):
            known = {(event.path, part) for event in events for part in event.parts}
            raise UsageError(f"there is nothing at `{one.text}` to erase", hint=near_of(one, known))
        for seq, parts in there.items():
            if parts:
                chosen[seq] = chosen.get(seq, frozenset()) | parts
    return chosen


def _covered(one: Asked, event: Found) -> frozenset[str]:
    """Name the parts of an event at a place. That something was erased is never erased so."""
    if event.kind == PartsErased.type:
        return frozenset()
    if one.part is None:
        spared = WHO | PLAN if event.kind in PINNING else WHO
    else:
        spared = frozenset[str]()
    parts = event.parts | event.erased
    return frozenset(part for part in parts - spared if one.covers(event.path, part))


def require_room(path: Path | None, *, done: str = "erased") -> None:
    """Refuse to begin what cannot be finished: the file is written anew, beside itself.

    Raises:
        StoreFailed: the disk has no room for a second copy.
    """
    if path is None:
        return
    needed = path.stat().st_size
    for folder in (path.absolute().parent, Path(tempfile.gettempdir())):
        free = shutil.disk_usage(folder).free
        if free < needed:
            raise StoreFailed(
                f"{shown(folder)} has {free / 1e6:,.1f} MB free, and to overwrite what is {done}"
                f" takes a copy of the journal, {needed / 1e6:,.1f} MB; nothing was {done}",
                hint="make room; temporary files may go to another folder, named in TMPDIR",
                code="IL7017",
            )


# --- for people


def removal_lines(
    removal: Removal,
    *,
    events: Sequence[Found],
    others: Sequence[RunId],
    journal: Journal[ReadStore],
) -> Iterator[str]:
    """Show what goes, and what stays of it."""
    by_seq = {event.seq: event for event in events}
    rows = [
        (f"#{seq}", one_line(by_seq[seq].name, 50), ", ".join(sorted(parts)))
        for seq, parts in removal.parts.items()
    ]
    yield from aligned(rows[:EVENTS_SHOWN_MAX])
    if len(rows) > EVENTS_SHOWN_MAX:
        yield f"  and parts of {counted(len(rows) - EVENTS_SHOWN_MAX, 'more event')}, see --json"
    yield f"  {size_words(removal)}"
    if removal.messages:
        yield f"  {counted(len(removal.messages), 'message')} that the run has not taken"
    yield from _staying(removal, by_seq, others=others, journal=journal)


def size_words(removal: Removal) -> str:
    """Say how much goes: `9 parts of 6 events, 4 values of 131 bytes`."""
    parts = counted(sum(map(len, removal.parts.values())), "part")
    values = counted(len(removal.values), "value")
    return (
        f"{parts} of {counted(len(removal.parts), 'event')} of {removal.events:,},"
        f" {values} of {counted(sum(removal.values.values()), 'byte')}"
    )


def _staying(
    removal: Removal,
    by_seq: Mapping[int, Found],
    *,
    others: Sequence[RunId],
    journal: Journal[ReadStore],
) -> Iterator[str]:
    if removal.mentions:
        yield "stays, though a text of what goes is in it; with these options it goes, too:"
    places = dict.fromkeys(
        (by_seq[seq].path or "", name)
        for seq, names in removal.mentions.items()
        for name in sorted(names)
    )
    for path, name in list(places)[:MENTIONS_SHOWN_MAX]:
        yield f"  {OPTION} {quote(f'{path}.{name}')}{_warning(path, name)}"
    if len(places) > MENTIONS_SHOWN_MAX:
        yield f"  and {len(places) - MENTIONS_SHOWN_MAX:,} more, see --json"
    if others:
        yield "other runs have some of these values, too, and keep them:"
        yield from (f"  {journal.command('show', run)}" for run in others)


def _warning(path: str, name: str) -> str:
    match path, name:
        case "", "key":
            return "  (a start with this key would start once more)"
        case "", "document" | "manifests":
            return "  (the run cannot be shown any more)"
        case _:
            return ""


# --- for programs


def removal_json(
    removal: Removal, events: Sequence[Found], others: Sequence[RunId]
) -> dict[str, Json]:
    """Return what goes as JSON data; never a digest that could be guessed from."""
    by_seq = {event.seq: event for event in events}
    return {
        "run": removal.head.run,
        "graph": removal.head.graph,
        "parts": [
            {
                "event": seq,
                "type": by_seq[seq].kind,
                "path": None if "path" in parts else by_seq[seq].path,
                "parts": [*sorted(parts)],
            }
            for seq, parts in removal.parts.items()
        ],
        "values": len(removal.values),
        "bytes": sum(removal.values.values()),
        "messages": len(removal.messages),
        "mentioned_in": [
            f"{seq}.{name}" for seq, names in removal.mentions.items() for name in sorted(names)
        ],
        "other_runs": [*others],
        "not_covered": [*NOT_COVERED],
    }
