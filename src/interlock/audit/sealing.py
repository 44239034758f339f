"""Sealing: the bytes of an event and its leaf, in one go.

Every event passes here on its way into the journal. What `encode_entry` and then `seal` do takes
6 us; most events are plain, and for those the same bytes are put together from texts in 5: body and
leaf share most of them. What is not plain (keyed paths, errors, what was spent) goes the general
way. A test holds one to the other, for events of all types
(`test_an_entry_is_sealed_as_its_envelope_is`).

A function made for the fields of each type, which writes two objects, takes 4 us in a loop of its
own; in runs, where other code comes in between, it took 2 to 4 us more than this.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from functools import partial
from hashlib import sha256
from operator import attrgetter
from typing import Any, NamedTuple, TypeAlias, get_args

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
    SORTED,
    VALUES,
    commitment,
    seal,
)
from interlock.errors import ensure
from interlock.journal import Actor, Entry, Event, encode_envelope, envelope_of
from interlock.values import RunId

Sealed: TypeAlias = tuple[bytes, bytes, bytes]
"""Body, leaf and salts, as a record has them."""

VALUE = -1
"""The role of a field that is a reference to a value."""

PLACED = ("path", "generation", "attempt")


class Maker(NamedTuple):
    """What is the same in all events that somebody makes of one run.

    The commitment to the actor too: a part that is the same wherever it stands shares its salt.
    """

    run: RunId
    actor: Actor
    salt: bytes
    run_text: str
    actor_text: str
    commitment_text: str


class _Form(NamedTuple):
    """What a type of event has; its fields in the order of their names.

    Types that name a part before `actor`, or have a path without a generation, have none.
    """

    fields: Sequence[tuple[object, int, str]]
    read: Callable[[Event], Iterable[Any]]
    has_path: bool
    has_attempt: bool


def _form_of(kind: type[Event]) -> _Form | None:
    roles = ROLES[kind.type] | dict.fromkeys(VALUES.get(kind.type, ()), VALUE)
    found = {one.name: one.default for one in fields(kind)}
    names = sorted(found.keys() - PLACED)
    before_actor = any(roles[name] == PART and name < "actor" for name in names)
    if before_actor or ("path" in found) != ("generation" in found):
        return None
    return _Form(
        [(found[name], roles[name], f'"{name}":') for name in names],
        attrgetter(*names) if len(names) > 1 else partial(_read_each, names),
        "path" in found,
        "attempt" in found,
    )


def _read_each(names: Sequence[str], event: Event) -> list[Any]:
    return [getattr(event, name) for name in names]


FORMS = {kind.type: _form_of(kind) for kind in get_args(Event)}


def maker_of(run: RunId, actor: Actor, salt: bytes) -> Maker:
    """Prepare what somebody makes of a run; the salt is for the name alone."""
    ensure(len(salt) == SALT_BYTES, "a salt has 16 bytes", bytes=len(salt))
    return Maker(
        run,
        actor,
        salt,
        f'"run":{_json(run)},"seq":',
        f'{{"actor":{_json(actor)},"at_ms":',
        f'"actor":"{commitment(salt, actor)}"',
    )


def seal_entry(run: RunId, entry: Entry, chance: bytes, *, by: Maker | None = None) -> Sealed:
    """Make the bytes of an entry, its leaf, and the salts of its parts.

    Args:
        run: of which run it is.
        entry: the entry; the values that it names are stored beside it, by the caller.
        chance: `SALTS_BYTES_MAX` random bytes that nothing else has used.
        by: what is prepared for its run and its actor.
    """
    sealed = None if by is None else _seal_plainly(entry, chance, by)
    if sealed is None:
        envelope = envelope_of(run, entry)
        leaf, salts = seal(envelope, chance)
        return encode_envelope(envelope), leaf, salts
    return sealed


def _seal_plainly(entry: Entry, chance: bytes, by: Maker) -> Sealed | None:
    """Seal an event that has nothing but plain fields; None: it has others."""
    event: Any = entry.event
    causes = entry.causes
    form = FORMS[event.type]
    if form is None:
        return None
    data: list[str] = []
    refs: list[str] = []
    facts: list[str] = []
    commitments = [by.commitment_text]
    at = 0
    for (default, role, key), value in zip(form.fields, form.read(event), strict=False):
        if value is default or (not value and value == default):
            continue
        if role == FACT:
            text = f"{key}{dumps(value, None, SORTED).decode()}"
            data.append(text)
            facts.append(text)
            continue
        if role == VALUE:
            part = f'"{value.ref}"'.encode()
            refs.append(f'{key}"{value.ref}"')
        elif role == PART:
            part = dumps(value, None, SORTED)
            data.append(f"{key}{part.decode()}")
        else:
            return None
        salted = COMMITMENT_TAG + chance[at : at + SALT_BYTES] + part
        commitments.append(f'{key}"{sha256(salted).hexdigest()}"')
        at += SALT_BYTES
    place = ""
    if form.has_path:
        if KEYED in event.path:
            return None
        place = f'"generation":{event.generation},"path":{_json(event.path)},'
    attempt = f',"attempt":{event.attempt}' if form.has_attempt else ""
    causes_text = str(causes[0]) if len(causes) == 1 else ",".join(map(str, causes))
    head = f'{entry.at_ms}{attempt},"causes":[{causes_text}],'
    epoch = f'"epoch":{entry.epoch},'
    tail = f'{by.run_text}{entry.seq},"type":"{event.type}","v":'
    data_text = f'"data":{{{",".join(data)}}},' if data else ""
    refs_text = f'"refs":{{{",".join(refs)}}},' if refs else ""
    facts_text = f'"facts":{{{",".join(facts)}}},' if facts else ""
    body = f"{by.actor_text}{head}{data_text}{epoch}{place}{refs_text}{tail}{EVENT_VERSION}}}"
    leaf = (
        f'{{"at_ms":{head}"commitments":{{{",".join(commitments)}}},'
        f"{epoch}{facts_text}{place}{tail}{LEAF_VERSION}}}"
    )
    return body.encode(), leaf.encode(), by.salt + chance[:at]


def _json(text: str) -> str:
    return dumps(text).decode()
