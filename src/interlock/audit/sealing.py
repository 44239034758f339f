"""Sealing: the bytes of an event and its leaf, in one go.

Every event passes here on its way into the journal. What `encode_entry` and then `seal` do takes
6 us. Most events are plain: for those a function is made that takes half of it, since it names the
fields that there are in the order in which they are written. What is not plain (keyed paths,
errors, what was spent) goes the general way. A test holds one to the other, for events of all types
(`test_an_entry_is_sealed_as_its_envelope_is`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from hashlib import sha256
from operator import attrgetter, is_not
from typing import Any, NamedTuple, TypeAlias, final, get_args

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

PLAIN = frozenset((FACT, PART, VALUE))
PLACED = ("path", "generation", "attempt")


class Maker(NamedTuple):
    """What is the same in all events that somebody makes of one run.

    The commitment to the actor too: a part that is the same wherever it stands shares its salt.
    """

    run: RunId
    actor: Actor
    salt: bytes
    commitment: str


Write: TypeAlias = Callable[[Event, Entry, bytes, Maker], Sealed]
"""Seals the event of an entry, given the random bytes for its salts."""

NAMES: dict[str, Any] = {"TAG": COMMITMENT_TAG, "dumps": dumps, "sha256": sha256}
"""What the functions that are made here call."""


@final
class _Form:
    """What a type of event has, and what seals the plain ones among its events."""

    def __init__(self, kind: type[Event]) -> None:
        found = {one.name: one.default for one in fields(kind)}
        self._kind = kind.type
        self._placed = {name: f"event.{name}" for name in PLACED if name in found}
        self._names = sorted(found.keys() - self._placed.keys())
        self._roles = ROLES[kind.type] | dict.fromkeys(VALUES.get(kind.type, ()), VALUE)
        # Each is an object of which there is one (None, False, 0, an empty text or tuple), or none.
        self._defaults = [found[name] for name in self._names]
        self._read = attrgetter(*self._names) if len(self._names) > 1 else self._read_each
        self._writes: dict[tuple[bool, ...], Write | None] = {}

    def write(self, event: Event) -> Write | None:
        """Find what seals an event; None when it is not plain."""
        said = tuple(map(is_not, self._read(event), self._defaults))
        try:
            return self._writes[said]
        except KeyError:
            names = [name for name, is_said in zip(self._names, said, strict=True) if is_said]
            write = self._writes[said] = self._compiled(names) if self._are_plain(names) else None
            return write

    def _read_each(self, event: Event) -> Sequence[object]:
        return [getattr(event, name) for name in self._names]

    def _are_plain(self, names: Sequence[str]) -> bool:
        """Say whether each field is a fact or a part; salts of parts follow that of the actor."""
        roles = {name: self._roles[name] for name in names}
        first = min((name for name in names if roles[name] != FACT), default="actor")
        return PLAIN.issuperset(roles.values()) and first >= "actor"

    def _compiled(self, names: Sequence[str]) -> Write:
        """Make the function that seals events which have these fields.

        It is body, leaf and salts, written down as the format has them.
        """
        refs = {name: f"event.{name}.ref" for name in names if self._roles[name] == VALUE}
        data = {name: f"event.{name}" for name in names if name not in refs}
        facts = {name: text for name, text in data.items() if self._roles[name] == FACT}
        commitments, at = {"actor": "by.commitment"}, 0
        for name, text in sorted((refs | data).items()):
            if name not in facts:
                salted = f"TAG + chance[{at}:{at + SALT_BYTES}] + dumps({text})"
                commitments[name] = f"sha256({salted}).hexdigest()"
                at += SALT_BYTES
        both = {name: f"entry.{name}" for name in ("at_ms", "causes", "epoch", "seq")}
        both |= {"run": "by.run", "type": repr(self._kind), **self._placed}
        body = both | {"actor": "by.actor", "data": _object(data), "refs": _object(refs)}
        leaf = both | {"commitments": _object(commitments), "facts": _object(facts)}
        written = (
            _object(body | {"v": str(EVENT_VERSION)}),
            _object(leaf | {"v": str(LEAF_VERSION)}),
        )
        text = "dumps({}), dumps({}), by.salt + chance[:{}]".format(*written, at)
        return eval(f"lambda event, entry, chance, by: ({text})", NAMES)  # noqa: S307 - of our names


def _object(members: Mapping[str, str]) -> str:
    """Write an object with its keys in order, without the members that are empty."""
    found = (f"{name!r}: {text}" for name, text in sorted(members.items()) if text != "{}")
    return f"{{{', '.join(found)}}}"


FORMS = {kind.type: _Form(kind) for kind in get_args(Event)}


def maker_of(run: RunId, actor: Actor, salt: bytes) -> Maker:
    """Prepare what somebody makes of a run; the salt is for the name alone."""
    ensure(len(salt) == SALT_BYTES, "a salt has 16 bytes", bytes=len(salt))
    return Maker(run, actor, salt, commitment(salt, actor))


def seal_entry(run: RunId, entry: Entry, chance: bytes, *, by: Maker | None = None) -> Sealed:
    """Make the bytes of an entry, its leaf, and the salts of its parts.

    Args:
        run: of which run it is.
        entry: the entry; the values that it names are stored beside it, by the caller.
        chance: `SALTS_BYTES_MAX` random bytes that nothing else has used.
        by: what is prepared for its run and its actor.
    """
    if by is not None:
        event: Any = entry.event
        write = FORMS[event.type].write(event)
        if write is not None and KEYED not in getattr(event, "path", ""):
            return write(event, entry, chance, by)
    envelope = envelope_of(run, entry)
    leaf, salts = seal(envelope, chance)
    return encode_envelope(envelope), leaf, salts
