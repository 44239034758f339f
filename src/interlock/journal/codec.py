"""Events as bytes: one canonical JSON object each, with values by reference.

Envelope: `v, run, seq, type, path, generation, attempt, at_ms, epoch, actor, causes, refs`, and
`data` for the rest. The bytes are canonical because an envelope holds only ASCII keys, strings,
booleans and int64: `orjson` with sorted keys writes those exactly as RFC 8785 does
(`test_envelopes_are_canonical`).
"""

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, cast, get_args

import orjson

from interlock.errors import JournalCorrupt
from interlock.journal.events import Entry, Event
from interlock.journal.values import ErrorInfo, Value
from interlock.values import Json, RunId, ValueRef

VERSION = 1
TYPES: dict[str, type[Event]] = {kind.type: kind for kind in get_args(Event)}
_PLACED = ("path", "generation", "attempt")
_FIELDS: dict[str, tuple[str, ...]] = {
    name: tuple(field.name for field in fields(kind) if field.name not in _PLACED)
    for name, kind in TYPES.items()
}
_HAS: dict[str, tuple[str, ...]] = {
    name: tuple(part for part in _PLACED if part in {field.name for field in fields(kind)})
    for name, kind in TYPES.items()
}

Resolve = Callable[[ValueRef], bytes | None]


def encode_entry(run: RunId, entry: Entry) -> bytes:
    """Encode an entry; the values it names are stored beside it, by the caller."""
    event = entry.event
    envelope: dict[str, object] = {
        "v": VERSION,
        "run": run,
        "seq": entry.seq,
        "type": event.type,
        "at_ms": entry.at_ms,
        "epoch": entry.epoch,
        "actor": entry.actor,
        "causes": entry.causes,
    }
    for name in _HAS[event.type]:
        envelope[name] = getattr(event, name)
    refs: dict[str, str] = {}
    data: dict[str, object] = {}
    for name in _FIELDS[event.type]:
        value = getattr(event, name)
        if not value:
            continue
        if type(value) is Value:
            refs[name] = value.ref
        else:
            data[name] = value.to_json() if type(value) is ErrorInfo else value
    if refs:
        envelope["refs"] = refs
    if data:
        envelope["data"] = data
    return orjson.dumps(envelope, option=orjson.OPT_SORT_KEYS)


def values_of(event: Event) -> list[Value]:
    """List the values that an event names."""
    found = [getattr(event, name) for name in _FIELDS[event.type]]
    return [value for value in found if type(value) is Value]


def refs_of(body: bytes) -> list[ValueRef]:
    """List the references in an encoded event.

    Raises:
        JournalCorrupt: the bytes are no event.
    """
    refs = _envelope(body).get("refs", {})
    if not isinstance(refs, dict):
        raise JournalCorrupt("`refs` of an event is no object")
    return [ValueRef(str(ref)) for ref in refs.values()]


def decode_entry(body: bytes, resolve: Resolve) -> tuple[RunId, Entry]:
    """Decode an event; `resolve` finds the bytes of a reference.

    Raises:
        JournalCorrupt: the bytes are no event of a known version, or a value is missing.
    """
    envelope = _envelope(body)
    kind = TYPES.get(str(envelope.get("type")))
    if kind is None or envelope.get("v") != VERSION:
        raise JournalCorrupt(
            f"event of unknown type {envelope.get('type')!r}, version {envelope.get('v')!r}",
            hint="the journal was written by a newer Interlock: upgrade",
        )
    try:
        event = kind(**_arguments(kind.type, envelope, resolve))
        entry = Entry(
            event,
            at_ms=_integer(envelope, "at_ms"),
            seq=_integer(envelope, "seq"),
            epoch=_integer(envelope, "epoch"),
            actor=str(envelope["actor"]),
            causes=tuple(cast(list[int], envelope["causes"])),
        )
        return RunId(str(envelope["run"])), entry
    except (TypeError, KeyError) as error:
        raise JournalCorrupt(f"event `{kind.type}` with wrong fields: {error}") from error


def _arguments(name: str, envelope: Mapping[str, Json], resolve: Resolve) -> dict[str, Any]:
    data = cast(dict[str, Json], envelope.get("data") or {})
    refs = cast(dict[str, str], envelope.get("refs") or {})
    known = set(_FIELDS[name])
    unknown = (set(data) | set(refs)) - known
    if unknown:
        raise JournalCorrupt(f"event `{name}` has unknown fields: {', '.join(sorted(unknown))}")
    arguments: dict[str, Any] = {part: envelope[part] for part in _HAS[name]}
    for field, value in data.items():
        arguments[field] = _plain(field, value)
    for field, ref in refs.items():
        found = resolve(ValueRef(ref))
        if found is None:
            raise JournalCorrupt(
                f"the value {ref} of event {envelope.get('seq')} is not in the store"
            )
        arguments[field] = Value.from_bytes(found)
    return arguments


def _plain(field: str, value: Json) -> object:
    if field == "error":
        return ErrorInfo.from_json(value)
    return tuple(value) if isinstance(value, list) else value


def _envelope(body: bytes) -> dict[str, Json]:
    try:
        envelope = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise JournalCorrupt(f"event bytes are not JSON: {error}") from error
    if not isinstance(envelope, dict):
        raise JournalCorrupt("event bytes are no JSON object")
    return cast(dict[str, Json], envelope)


def _integer(envelope: Mapping[str, Json], name: str) -> int:
    value = envelope.get(name)
    if type(value) is not int:
        raise JournalCorrupt(f"`{name}` of an event is {value!r}, not an integer")
    return value
