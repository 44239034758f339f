"""Events of which parts were erased, with words in the place of what is gone.

They are for people, who want to see what is left of a run. Nothing is derived from them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, cast, get_args, get_origin, get_type_hints

from interlock.journal.codec import TYPES, Envelope, FindSubjects, Resolve, entry_in, nobody
from interlock.journal.events import Entry
from interlock.journal.values import Value
from interlock.values import Json, Path, RunId, ValueRef, paths

NO_FIELDS = frozenset(("actor", "path", "usage"))
"""Parts that are no field of their own: nobody is the actor, nothing is known to be spent."""

PATH = Path("erased")
"""Where an event is whose path is gone: no node is there, and its item is told in words."""


@dataclass(slots=True)
class _Filled:
    data: dict[str, Json]
    refs: dict[str, Json]
    values: dict[ValueRef, bytes] = field(default_factory=dict[ValueRef, bytes])
    words: dict[str, str] = field(default_factory=dict[str, str])
    """Of fields that have one of a few words: what they are given when all is decoded."""

    def put(self, name: str, text: str, hint: Any) -> None:
        if name == "error":
            error = self.data.get(name)
            if isinstance(error, dict):
                self.data[name] = {**error, "message": text}
        elif hint is Value or Value in get_args(hint):
            value = Value.of(text)
            self.refs[name], self.values[value.ref] = value.ref, value.data
        elif get_origin(hint) is tuple:
            self.data[name] = [text]
        elif get_origin(hint) is Literal:
            self.data[name], self.words[name] = get_args(hint)[0], text
        else:
            self.data[name] = text


def entry_with_blanks(
    envelope: Envelope,
    resolve: Resolve,
    blanks: Mapping[str, str],
    *,
    subjects: FindSubjects = nobody,
) -> tuple[RunId, Entry]:
    """Decode an event of which parts are gone.

    Args:
        envelope: the event as it is stored.
        resolve: finds the bytes of a reference.
        blanks: by the name of a part that is gone, the words to put in its place.
        subjects: as for `entry_in`.

    Raises:
        JournalCorrupt: as for `entry_in`.
    """
    kind = TYPES.get(str(envelope.get("type")))
    if kind is None:
        return entry_in(envelope, resolve, subjects)
    filled = _Filled(data=_of(envelope, "data"), refs=_of(envelope, "refs"))
    hints = get_type_hints(kind)
    for name in blanks.keys() & hints.keys() - NO_FIELDS:
        filled.put(name, blanks[name], hints[name])
    whole: dict[str, Json] = {**envelope, "data": filled.data, "refs": filled.refs}
    if "path" in blanks and "path" in hints:
        whole.setdefault("path", paths.item(PATH, blanks["path"]))
    run, entry = entry_in(
        Envelope(whole), lambda ref: filled.values.get(ref) or resolve(ref), subjects
    )
    if filled.words:
        event = replace(entry.event, **cast(Any, filled.words))
        entry = replace(entry, event=event)
    return run, entry


def _of(envelope: Envelope, name: str) -> dict[str, Json]:
    found = envelope.get(name)
    return {**found} if isinstance(found, dict) else {}
