"""Sealing: the bytes of an event and its leaf, in one go.

Every event passes here on its way into the journal. What `encode_entry` and then `seal` do takes
6 us. Most events are plain: for each type, and the fields of it that are there, a function is made
that puts body and leaf together from texts, most of which they share; it takes half of that. What
is not plain (keyed paths, errors, what was spent) goes the general way. A test holds one to the
other, for events of all types (`test_an_entry_is_sealed_as_its_envelope_is`).

A loop over the fields takes 2 us more. So do, in runs, two objects that orjson writes: the bytes
that it returns keep a kilobyte each.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import fields
from functools import cache
from hashlib import sha256
from typing import Any, TypeAlias, final

from orjson import dumps

from interlock.audit.leaves import (
    COMMITMENT_TAG,
    EVENT_VERSION,
    FACT,
    KEYED,
    LEAF_VERSION,
    PART,
    ROLES,
    SALT_BYTES,
    VALUES,
    seal,
)
from interlock.errors import ensure
from interlock.journal import Actor, Entry, Event, encode_envelope, envelope_of
from interlock.values import RunId, immutable, maker

Sealed: TypeAlias = tuple[bytes, bytes, bytes]
"""Body, leaf and salts, as a record has them."""

VALUE = -1
"""The role of a field that is a reference to a value."""

PLAIN = frozenset((FACT, PART, VALUE))
PLACED = ("attempt", "generation", "path")


@immutable()
class Maker:
    """What is the same in all events that somebody makes of one run.

    The last three are JSON. The commitment to the actor is one of them: a part that is the same
    wherever it stands shares its salt.
    """

    actor: Actor
    salt: bytes
    run_text: str
    actor_text: str
    commitment_text: str


_maker = maker(Maker)

Said: TypeAlias = tuple[bool, ...]
"""Of each field of an event whether it is there; at last, whether its path has a key."""

Write: TypeAlias = Callable[[Event, Entry, bytes, Maker], Sealed]
"""Seals the event of an entry, given the random bytes for its salts."""

# The members of an object stand in the order of their names.
WRITE = """
def made(event, entry, chance, by):
    %(values)s
    head = f'"at_ms":{entry.at_ms},%(attempt)s"causes":{dumps(entry.causes).decode()},'
    epoch = f'"epoch":{entry.epoch},'
    place = f'%(place)s'
    tail = f'"run":{by.run_text},"seq":{entry.seq},"type":"%(type)s",'
    body = f'{{"actor":{by.actor_text},{head}%(data)s{epoch}{place}%(refs)s{tail}"v":%(event_v)d}}'
    leaf = f'{{{head}%(commitments)s{epoch}%(facts)s{place}{tail}"v":%(leaf_v)d}}'
    return body.encode(), leaf.encode(), by.salt + chance[:%(salts)d]
"""

ATTEMPT = '"attempt":{event.attempt},'
PLACE = {
    "generation": '"generation":{event.generation},',
    "path": '"path":{dumps(event.path).decode()},',
}
NAMES: Mapping[str, Any] = {"TAG": COMMITMENT_TAG, "dumps": dumps, "sha256": sha256}


@final
class _Form:
    """What a type of event has, and what seals the plain ones among its events."""

    def __init__(self, kind: type[Event]) -> None:
        found = {one.name: one.default for one in fields(kind)}
        self._type = kind.type
        self._placed = found.keys() & PLACED
        self._names = sorted(found.keys() - PLACED)
        self._roles = ROLES[kind.type] | dict.fromkeys(VALUES.get(kind.type, ()), VALUE)
        # Of each default there is one object (None, False, 0, an empty text or tuple), or none.
        conditions = [f"event.{name} is not {name}" for name in self._names]
        conditions.append(f"{KEYED!r} in event.path" if "path" in found else "False")
        text = f"def made(event): return {','.join(conditions)},"
        self.said: Callable[[Event], Said] = _compiled(text, found)
        self.writes: dict[Said, Write | None] = {}

    def add(self, said: Said) -> Write | None:
        """Make what seals events that say so; None when they are not plain."""
        *are_there, is_keyed = said
        names = [name for name, is_there in zip(self._names, are_there, strict=True) if is_there]
        roles = {name: self._roles[name] for name in names}
        # The salts of the other parts follow that of the actor.
        first = min((name for name, role in roles.items() if role != FACT), default="actor")
        is_plain = PLAIN.issuperset(roles.values()) and first >= "actor" and not is_keyed
        write = _write_of(self._type, self._placed, roles) if is_plain else None
        self.writes[said] = write
        return write


def _write_of(kind: str, placed: Collection[str], roles: Mapping[str, int]) -> Write:
    lines: list[str] = []
    data: dict[str, str] = {}
    refs: dict[str, str] = {}
    facts: dict[str, str] = {}
    commitments, at = {"actor": "{by.commitment_text}"}, 0
    for name, role in roles.items():
        if role == FACT:
            lines.append(f"{name} = dumps(event.{name}).decode()")
            data[name] = facts[name] = f"{{{name}}}"
            continue
        is_value = role == VALUE
        lines.append(f"{name} = dumps(event.{name}{'.ref' if is_value else ''})")
        (refs if is_value else data)[name] = f"{{{name}.decode()}}"
        salted = f"TAG + chance[{at}:{at + SALT_BYTES}] + {name}"
        commitments[name] = f'"{{sha256({salted}).hexdigest()}}"'
        at += SALT_BYTES
    made = WRITE % {
        "values": "\n    ".join(lines),
        "attempt": ATTEMPT if "attempt" in placed else "",
        "place": "".join(text for name, text in PLACE.items() if name in placed),
        "type": kind,
        "data": _object("data", data),
        "refs": _object("refs", refs),
        "facts": _object("facts", facts),
        "commitments": _object("commitments", commitments),
        "event_v": EVENT_VERSION,
        "leaf_v": LEAF_VERSION,
        "salts": at,
    }
    return _compiled(made, dict(NAMES))


def _object(name: str, members: Mapping[str, str]) -> str:
    """Write a member of an f-string that is JSON: an object, unless it is empty."""
    inside = ",".join(f'"{key}":{text}' for key, text in members.items())
    return f'"{name}":{{{{{inside}}}}},' if members else ""


def _compiled(text: str, names: dict[str, Any]) -> Any:
    exec(text, names)  # noqa: S102 - it holds names of fields alone
    return names["made"]


_form_of = cache(_Form)


def maker_of(run: RunId, actor: Actor, salt: bytes) -> Maker:
    """Prepare what somebody makes of a run; the salt is for the name alone."""
    ensure(len(salt) == SALT_BYTES, "a salt has 16 bytes", bytes=len(salt))
    part = dumps(actor)
    return _maker(
        actor=actor,
        salt=salt,
        run_text=dumps(run).decode(),
        actor_text=part.decode(),
        commitment_text=f'"{sha256(COMMITMENT_TAG + salt + part).hexdigest()}"',
    )


def seal_entry(run: RunId, entry: Entry, chance: bytes, *, by: Maker | None = None) -> Sealed:
    """Make the bytes of an entry, its leaf, and the salts of its parts.

    Args:
        run: of which run it is.
        entry: the entry; the values that it names are stored beside it, by the caller.
        chance: `SALTS_BYTES_MAX` random bytes that nothing else has used.
        by: what is prepared for its run and its actor.
    """
    if by is not None:
        event = entry.event
        form = _form_of(type(event))
        said = form.said(event)
        try:
            write = form.writes[said]
        except KeyError:
            write = form.add(said)
        if write is not None:
            return write(event, entry, chance, by)
    envelope = envelope_of(run, entry)
    leaf, salts = seal(envelope, chance)
    return encode_envelope(envelope), leaf, salts
