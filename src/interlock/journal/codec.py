"""Events as bytes: one canonical JSON object each, with values by reference.

Envelope: `v, run, seq, type, path, generation, attempt, at_ms, epoch, actor, causes, refs`, and
`data` for the rest. The bytes are canonical because an envelope holds only ASCII keys, strings,
booleans and int64: `orjson` with sorted keys writes those exactly as RFC 8785 does
(`test_envelopes_are_canonical`).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any, Literal, NewType, cast, get_args, get_origin, get_type_hints

import orjson

from interlock.errors import ContentPruned, JournalCorrupt, ValueRefused
from interlock.journal.actors import Actor
from interlock.journal.events import Entry, Event, RunStarted
from interlock.journal.records import StoredValue
from interlock.journal.values import ErrorInfo, Value
from interlock.values import (
    Json,
    RunId,
    Subjects,
    ValueRef,
    decode,
    fitted,
    is_keyed,
    maker,
    members_ref,
)

_stored_value = maker(StoredValue)

VERSION = 1
TYPES: dict[str, type[Event]] = {kind.type: kind for kind in get_args(Event)}
_PLACED = ("path", "generation", "attempt")
_HAS: dict[str, tuple[str, ...]] = {
    name: tuple(part for part in _PLACED if part in {field.name for field in fields(kind)})
    for name, kind in TYPES.items()
}


def _reading(
    kind: type[Event],
) -> "tuple[Sequence[tuple[str, object]], Callable[[Event], Iterable[object]]]":
    """The fields of an event that are its data, with their defaults, and how to read them."""
    found = [(one.name, one.default) for one in fields(kind) if one.name not in _PLACED]
    names = [name for name, _ in found]
    if len(names) > 1:
        return found, attrgetter(*names)
    return found, lambda event: [getattr(event, name) for name in names]


_DEFAULTS = {name: _reading(kind) for name, kind in TYPES.items()}


def _fields_of(kind: type[Event]) -> dict[str, frozenset[type]]:
    """The types that each field may have."""
    found: dict[str, frozenset[type]] = {}
    for name, hint in get_type_hints(kind).items():
        if get_origin(hint) is tuple:
            found[name] = frozenset((tuple,))
        elif get_origin(hint) is Literal:
            found[name] = frozenset((str,))
        else:
            parts = get_args(hint) or (hint,)
            plain = [part.__supertype__ if type(part) is NewType else part for part in parts]
            found[name] = frozenset(cast(list[type], plain))
    return found


_SHAPES = {name: _fields_of(kind) for name, kind in TYPES.items()}
_VALUED = {
    name: tuple(field for field, types in shapes.items() if Value in types)
    for name, shapes in _SHAPES.items()
}
_WORDS = {
    kind.type: [
        (name, frozenset(get_args(hint)))
        for name, hint in get_type_hints(kind).items()
        if get_origin(hint) is Literal
    ]
    for kind in TYPES.values()
}
_NONE = frozenset[type]()
_COMPOUND = frozenset((dict, list))
_WHOLE = frozenset((int,))

SEEN_MAX = 1_000
_SEEN: set[tuple[str | type, ...]] = set()
"""Types of events with the names and types of their fields, as they were found to be right."""

Resolve = Callable[[ValueRef], bytes | None]
"""Finds the bytes of a reference, decrypted and held against it, as `KeyRing.opened` does."""
FindSubjects = Callable[[ValueRef], Subjects | None]
"""Finds the subjects of a keyed reference; None: the key of one of them is not there."""
Envelope = NewType("Envelope", dict[str, Json])


def encode_entry(run: RunId, entry: Entry) -> bytes:
    """Encode an entry; the values it names are stored beside it, by the caller."""
    return encode_envelope(envelope_of(run, entry))


def encode_envelope(envelope: Mapping[str, object]) -> bytes:
    """Write the bytes of an event that `envelope_of` has made."""
    return fitted(orjson.dumps(envelope, option=orjson.OPT_SORT_KEYS))


def envelope_of(run: RunId, entry: Entry) -> dict[str, object]:
    """Make what is written of an entry: for its bytes, and for its leaf."""
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
    defaults, read = _DEFAULTS[event.type]
    for (name, default), value in zip(defaults, read(event), strict=False):
        if not value and value == default:
            continue
        if type(value) is Value:
            refs[name] = value.ref
        else:
            data[name] = value.to_json() if type(value) is ErrorInfo else value
    if refs:
        envelope["refs"] = refs
    if data:
        envelope["data"] = data
    return envelope


def values_of(event: Event) -> list[Value]:
    """List the values that an event names."""
    return [value for name in _VALUED[event.type] if (value := getattr(event, name)) is not None]


def stored_values(event: Event) -> tuple[StoredValue, ...]:
    """List what is stored of the values that an event names."""
    rows: list[StoredValue] = []
    members: list[StoredValue] = []
    for name in _VALUED[event.type]:
        value: Value | None = getattr(event, name)
        if value is not None:
            rows.append(_stored_value(ref=value.ref, data=value.stored))
            if value.subjects is not None:
                members += stored_members(value.subjects)
    return (*rows, *members)


def started_values(event: RunStarted) -> tuple[StoredValue, ...]:
    """List what is stored of the values of a start.

    All runs of a plan share them, but for the inputs.
    """
    inputs, document, manifests = event.inputs, event.document, event.manifests
    return (
        _stored_value(ref=inputs.ref, data=inputs.stored),
        _stored_value(ref=document.ref, data=document.data, shared=True),
        _stored_value(ref=manifests.ref, data=manifests.data, shared=True),
        *(stored_members(inputs.subjects) if inputs.subjects is not None else ()),
    )


def stored_members(subjects: Subjects) -> tuple[StoredValue, ...]:
    """List what is stored beside a value of several subjects: their key ids."""
    ref = members_ref(subjects.id)
    return () if ref is None else (StoredValue(ref=ref, data=subjects.members),)


def open_envelope(body: bytes) -> Envelope:
    """Read the envelope of an event, to ask for its references and entry.

    Raises:
        ContentPruned: there are no bytes.
        JournalCorrupt: the bytes are no event.
    """
    if not body:
        raise ContentPruned(
            "the content of this event was pruned",
            hint="`interlock retention status` says what was; proofs given out before still hold",
        )
    try:
        envelope: dict[str, Json] = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise JournalCorrupt(f"event bytes are not JSON: {error}") from error
    if type(envelope) is not dict:
        raise JournalCorrupt("event bytes are no JSON object")
    return Envelope(envelope)


def refs_in(envelope: Envelope) -> list[ValueRef]:
    """List the references in an envelope.

    Raises:
        JournalCorrupt: there is something else in their place.
    """
    return [ValueRef(str(ref)) for ref in _object(envelope, "refs").values()]


def refs_of(body: bytes) -> list[ValueRef]:
    """List the references in an encoded event.

    Raises:
        JournalCorrupt: the bytes are no event.
    """
    return refs_in(open_envelope(body))


def nobody(_ref: ValueRef) -> Subjects | None:
    """Find no subjects: for those who only read values, and make nothing of them."""
    return None


def decode_entry(
    body: bytes, resolve: Resolve, subjects: FindSubjects = nobody
) -> tuple[RunId, Entry]:
    """Decode an event; `resolve` finds the bytes of a reference.

    Raises:
        JournalCorrupt: the bytes are no event of a known version, or a value is missing.
    """
    return entry_in(open_envelope(body), resolve, subjects)


def entry_in(
    envelope: Envelope, resolve: Resolve, subjects: FindSubjects = nobody
) -> tuple[RunId, Entry]:
    """Decode what an envelope holds; `resolve` finds the bytes of a reference.

    Raises:
        JournalCorrupt: it is of no known version, or a value is missing.
    """
    name = str(envelope.get("type"))
    kind = TYPES.get(name)
    if kind is None or envelope.get("v") != VERSION:
        raise JournalCorrupt(
            f"event of unknown type {envelope.get('type')!r}, version {envelope.get('v')!r}",
            hint="the journal was written by a newer Interlock: upgrade",
        )
    try:
        arguments: dict[str, Any] = {}
        for part in _HAS[name]:
            arguments[part] = envelope[part]
        if "data" in envelope:
            arguments |= _object(envelope, "data")
        # Most are like one that was checked; one with lists or objects in it never is.
        if (name, *arguments, *map(type, arguments.values())) not in _SEEN:
            arguments = _checked(name, arguments)
        for field, words in _WORDS[name]:
            if field in arguments and arguments[field] not in words:
                raise _misfit(name, field, arguments[field])
        for field, ref in _object(envelope, "refs").items():
            if field not in _VALUED[name] or field in arguments:
                raise JournalCorrupt(f"event `{name}` has no value `{field}`")
            arguments[field] = _resolved(ValueRef(str(ref)), resolve, subjects)
        at_ms, seq, epoch = envelope["at_ms"], envelope["seq"], envelope["epoch"]
        if type(at_ms) is not int or type(seq) is not int or type(epoch) is not int:
            raise _no_integer(envelope)
        entry = Entry(
            kind(**arguments),
            at_ms=at_ms,
            seq=seq,
            epoch=epoch,
            actor=Actor(str(envelope["actor"])),
            causes=_causes(envelope),
        )
        return RunId(str(envelope["run"])), entry
    except (TypeError, KeyError) as error:
        raise JournalCorrupt(f"event `{name}` with wrong fields: {error}") from error


def _checked(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Check that an event of this type has such fields; give them with what lists stand for."""
    found = {
        field: _plain(field, value) if type(value) in _COMPOUND else value
        for field, value in given.items()
    }
    for field, value in found.items():
        if type(value) not in _SHAPES[name].get(field, _NONE):
            raise _misfit(name, field, value)
    kinds = tuple(map(type, given.values()))
    if len(_SEEN) < SEEN_MAX and _COMPOUND.isdisjoint(kinds):
        _SEEN.add((name, *given, *kinds))
    return found


def _misfit(name: str, field: str, value: object) -> JournalCorrupt:
    return JournalCorrupt(f"`{field}` of event `{name}` is {value!r:.100}")


def _no_integer(envelope: Mapping[str, Json]) -> JournalCorrupt:
    name = next(one for one in ("at_ms", "seq", "epoch") if type(envelope[one]) is not int)
    return JournalCorrupt(f"`{name}` of an event is {envelope[name]!r:.100}, not an integer")


def _object(envelope: Mapping[str, Json], name: str) -> dict[str, Json]:
    found = envelope.get(name, {})
    if not isinstance(found, dict):
        raise JournalCorrupt(f"`{name}` of an event is no object")
    return found


def _resolved(ref: ValueRef, resolve: Resolve, subjects: FindSubjects) -> Value:
    found = resolve(ref)
    if found is None:
        why = ", or the key of its data subject is not" if is_keyed(ref) else ""
        raise JournalCorrupt(f"the value {ref} is not in the store{why}")
    try:
        owners = subjects(ref) if is_keyed(ref) else None
        return Value(found, decode(found), ref=ref, subjects=owners)
    except ValueRefused as error:
        raise JournalCorrupt(f"the value {ref} is not JSON: {error.message}") from error


def _plain(field: str, value: Json) -> object:
    if field == "error":
        return ErrorInfo.from_json(value)
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return tuple(value)
    return value


def _causes(envelope: Mapping[str, Any]) -> tuple[int, ...]:
    causes: list[int] = envelope["causes"]
    if type(causes) is not list or not _WHOLE.issuperset(map(type, causes)):
        raise JournalCorrupt(f"`causes` of an event is {causes!r:.100}")
    return tuple(causes)
