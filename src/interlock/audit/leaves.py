"""Leaves: what the log of a store holds of each event. `docs/reference/leaves.md` is the format.

A leaf is canonical JSON. What the machinery did stands in it in the clear: which event of which
run, where, when, after which others, and how it ended. The rest is committed to: SHA-256 over a
tag, a random salt and the canonical JSON of the part. Who is shown a part and its salt can check
it; who is not learns nothing from the leaf, not even by guessing. So each part has a salt of its
own.

`seal` works on the envelope that the codec has at hand: most of the leaf is a copy of it. A
verifier calls `leaf_of`, which ends in the same code after it has refused what would be in no leaf.
Most events take a shorter way into the journal: sealing.py.
"""

from collections.abc import Collection, Mapping
from hashlib import sha256
from typing import Any, TypeAlias, cast

import orjson

from interlock.errors import JournalCorrupt
from interlock.journal import NOBODY, open_envelope
from interlock.values import Json, RunId, canonical, immutable

LEAF_VERSION = 1
EVENT_VERSION = 1
SALT_BYTES = 16
COMMITMENT_TAG = b"interlock/commitment/1\n"
ENGINE = "engine"
KEYED = '"'
"""In a path: the key of an item, which comes from data (`docs["a7"]`)."""

FACTS: dict[str, tuple[str, ...]] = {
    "RunStarted": ("deadline_at_ms", "expressions", "semantics"),
    "RunRecovered": ("orderly",),
    "AttemptStarted": (),
    "AttemptReturned": (),
    "AttemptFailed": ("ahead", "error"),
    "ProbeAnswered": (),
    "ProposalAccepted": (),
    "ProposalRefused": ("codes",),
    "NodeInDoubt": ("error",),
    "NodeResolved": (),
    "GateOpened": ("expires_at_ms", "quorum"),
    "GateDecided": (),
    "WaitOpened": ("until_ms",),
    "SignalReceived": (),
    "TimerFired": (),
    "NodeCancelled": (),
    "RunCancelled": ("undo",),
    "RunPaused": (),
    "RunUnpaused": (),
    "RunReopened": (),
    "RunMigrated": (),
    "PartsErased": ("parts",),
    "HoldPlaced": ("after_ms", "before_ms", "held", "runs"),
    "HoldReleased": ("hold",),
    "RunsPruned": ("period_ms", "runs", "what"),
    "NodeSettled": ("ahead", "error", "started_ms", "status"),
    "RunSettled": ("error", "status"),
}
"""Fields that stand in the clear. Of an error it is the code; its words are a part."""

TEXTS: dict[str, tuple[str, ...]] = {
    "RunStarted": ("graph", "key", "plan", "principal"),
    "RunRecovered": ("owner",),
    "AttemptStarted": ("approval", "call_key"),
    "AttemptFailed": ("call_key", "error"),
    "ProbeAnswered": ("answer", "message"),
    "ProposalAccepted": ("graph",),
    "ProposalRefused": ("messages",),
    "NodeInDoubt": ("error",),
    "NodeResolved": ("reason", "verdict"),
    "GateOpened": ("binding", "to"),
    "GateDecided": ("binding", "reason", "verdict"),
    "WaitOpened": ("signal",),
    "SignalReceived": ("name",),
    "NodeCancelled": ("reason",),
    "RunCancelled": ("reason",),
    "RunPaused": ("reason",),
    "RunReopened": ("reason",),
    "RunMigrated": ("accepted", "plan"),
    "PartsErased": ("reason", "rule"),
    "HoldPlaced": ("graph", "reason", "subject"),
    "HoldReleased": ("reason",),
    "RunsPruned": ("rule",),
    "NodeSettled": ("call_key", "error"),
    "RunSettled": ("error", "execution"),
}
"""Parts that are fields: words and decisions of persons, digests of what could be guessed."""

VALUES: dict[str, tuple[str, ...]] = {
    "RunStarted": ("document", "inputs", "manifests"),
    "AttemptStarted": ("args",),
    "AttemptReturned": ("output",),
    "AttemptFailed": ("output",),
    "ProbeAnswered": ("output",),
    "ProposalAccepted": ("document",),
    "NodeResolved": ("output",),
    "GateOpened": ("ask", "covers"),
    "SignalReceived": ("payload",),
    "RunMigrated": ("document", "manifests"),
    "NodeSettled": ("output",),
    "RunSettled": ("output",),
}
"""Parts that are references to values."""

SPENDS = frozenset(("AttemptReturned", "AttemptFailed", "NodeSettled"))
SPENDING = frozenset(("cost_usd_micros", "tokens"))
"""Fields that are one part together, `usage`: what was spent."""

NAMES = {
    kind: frozenset(
        ("actor", "path", *TEXTS.get(kind, ()), *VALUES.get(kind, ()))
        + (("usage",) if kind in SPENDS else ())
    )
    for kind in FACTS
}
"""The parts that an event of a type may have."""

SALTS_BYTES_MAX = max(map(len, NAMES.values())) * SALT_BYTES
"""Random bytes that are enough for any event."""

FACT, PART, SPENT, ERROR = range(4)


def _roles_of(kind: str) -> dict[str, int]:
    roles = dict.fromkeys(FACTS[kind], FACT) | dict.fromkeys(TEXTS.get(kind, ()), PART)
    roles |= dict.fromkeys(SPENDING if kind in SPENDS else (), SPENT)
    return {**roles, "error": ERROR} if "error" in roles else roles


ROLES = {kind: _roles_of(kind) for kind in FACTS}
"""What a field of `data` is in the leaf. Of an error, its code is a fact, and all of it a part."""

ALWAYS = frozenset(("actor", "at_ms", "causes", "epoch", "run", "seq", "type", "v"))
MAYBE = frozenset(("attempt", "data", "generation", "path", "refs"))
DATA = {
    kind: frozenset((*FACTS[kind], *TEXTS.get(kind, ()), *(SPENDING if kind in SPENDS else ())))
    for kind in FACTS
}
REFS = {kind: frozenset(VALUES.get(kind, ())) for kind in FACTS}
INT64 = range(-(1 << 63), 1 << 63)
SORTED = orjson.OPT_SORT_KEYS
NOTHING: Mapping[str, Any] = {}

Erased: TypeAlias = Mapping[str, str]
"""By the name of a part: its commitment, in hex. Value and salt were erased."""


@immutable()
class OpenPart:
    """What shows one part of an event to somebody who has its leaf."""

    salt: bytes
    value: Json


@immutable()
class OpenLeaf:
    """The leaf of a stored event, and what shows its parts, by name."""

    run: RunId
    leaf: bytes
    parts: Mapping[str, OpenPart]


def commitment(salt: bytes, value: Json) -> str:
    """Commit to a part: 64 hexadecimal digits."""
    return sha256(COMMITMENT_TAG + salt + canonical(value)).hexdigest()


def seal(
    envelope: Mapping[str, Any], chance: bytes, erased: Erased = NOTHING
) -> tuple[bytes, bytes]:
    """Make the leaf of an event.

    Args:
        envelope: the event as `journal.envelope_of` makes it, or as it was read.
        chance: `SALTS_BYTES_MAX` random bytes that nothing else has used; or the salts that were
            given when the leaf was first made.
        erased: commitments of parts that were erased; they take no salt.

    Returns:
        The canonical bytes of the leaf, and the salts: as much of `chance` as was taken, 16 bytes
        for each part that is there, in the order of their names.
    """
    leaf = dict(envelope)
    parts: dict[str, Any] = dict(leaf.pop("refs", NOTHING))
    facts: dict[str, Any] = {}
    roles = ROLES[leaf["type"]]
    for name, value in leaf.pop("data", NOTHING).items():
        role = roles[name]
        if role == FACT:
            facts[name] = value
        elif role == PART:
            parts[name] = value
        elif role == SPENT:
            parts.setdefault("usage", {})[name] = value
        else:
            facts[name], parts[name] = value["code"], value
    if facts:
        leaf["facts"] = facts
    if leaf["actor"] != ENGINE:
        parts["actor"] = leaf.pop("actor")
    if "path" in leaf and KEYED in leaf["path"]:
        parts["path"] = leaf.pop("path")
    commitments: dict[str, str] = dict(erased)
    at = 0
    for name in sorted(parts):
        if name not in commitments:
            part = orjson.dumps(parts[name], None, SORTED)
            salted = COMMITMENT_TAG + chance[at : at + SALT_BYTES] + part
            commitments[name] = sha256(salted).hexdigest()
            at += SALT_BYTES
    leaf["commitments"] = commitments
    leaf["v"] = LEAF_VERSION
    return orjson.dumps(leaf, None, SORTED), chance[:at]


def leaf_of(body: bytes, salts: bytes, erased: Erased = NOTHING) -> bytes:
    """Make the leaf of a stored event again.

    Raises:
        JournalCorrupt: the bytes are no event as it was written, for something in them would be in
            no leaf; or the salts are not as many as its parts.
    """
    return event_and_leaf(body, salts, erased)[1]


def event_and_leaf(
    body: bytes, salts: bytes, erased: Erased = NOTHING
) -> tuple[Mapping[str, Any], bytes]:
    """Read a stored event, and make its leaf again.

    Raises:
        JournalCorrupt: as for `leaf_of`.
    """
    envelope = _read(body)
    _check_salts(envelope, salts, erased)
    return envelope, seal(envelope, salts, erased)[0]


def open_leaf(body: bytes, salts: bytes, erased: Erased = NOTHING) -> OpenLeaf:
    """Make the leaf of a stored event again, with what shows its parts.

    Raises:
        JournalCorrupt: as for `leaf_of`.
    """
    envelope, leaf = event_and_leaf(body, salts, erased)
    starts = range(0, len(salts), SALT_BYTES)
    shown = {
        name: OpenPart(salt=salts[start : start + SALT_BYTES], value=value)
        for (name, value), start in zip(_parts(envelope, erased), starts, strict=True)
    }
    return OpenLeaf(run=RunId(str(envelope["run"])), leaf=leaf, parts=shown)


def _read(body: bytes) -> Mapping[str, Any]:
    """Read an event, and refuse what its leaf would not show to have changed."""
    envelope: Mapping[str, Any] = open_envelope(body)
    if orjson.dumps(envelope, None, SORTED) != body:
        raise _changed(envelope, "its bytes are not canonical JSON")
    kind, version = str(envelope.get("type")), envelope.get("v")
    if kind not in FACTS or type(version) is not int or version != EVENT_VERSION:
        raise _changed(envelope, f"no event of version {EVENT_VERSION} is called {kind!r:.50}")
    if not ALWAYS <= envelope.keys() <= ALWAYS | MAYBE:
        raise _changed(envelope, f"it has the members {', '.join(envelope)}")
    for name in ("at_ms", "epoch", "seq"):
        if type(envelope[name]) is not int or envelope[name] not in INT64:
            raise _changed(envelope, f"its `{name}` is no whole number of 64 bits")
    for name in ("actor", "path", "run"):
        if not isinstance(envelope.get(name, ""), str):
            raise _changed(envelope, f"its `{name}` is no text")
    for name, known in (("data", DATA[kind]), ("refs", REFS[kind])):
        fields = envelope.get(name, known)
        if fields is known:
            continue
        if not isinstance(fields, dict) or not fields or not cast(Any, fields).keys() <= known:
            raise _changed(envelope, f"its `{name}` has other fields than a {kind}")
        if None in cast(Any, fields).values():
            raise _changed(envelope, f"a field of its `{name}` is null")
    if FACTS[kind] and "error" in FACTS[kind]:
        _check_error(envelope)
    return envelope


def _check_error(envelope: Mapping[str, Any]) -> None:
    error = envelope.get("data", NOTHING).get("error", {"code": ""})
    if not isinstance(error, dict) or not isinstance(cast(Any, error).get("code"), str):
        raise _changed(envelope, "its error has no code")


def _check_salts(envelope: Mapping[str, Any], salts: bytes, erased: Erased) -> None:
    needed = SALT_BYTES * len(_parts(envelope, erased))
    if len(salts) != needed:
        has = f"its salts have {len(salts)} bytes, and its parts need {needed}"
        raise _changed(envelope, has)
    if not erased.keys() <= NAMES[envelope["type"]]:
        raise _changed(envelope, f"it says that it had the parts {', '.join(erased)}")
    if erased and without_parts(envelope, erased) != envelope:
        # No commitment would tell that it was put there afterwards.
        raise _changed(envelope, f"it has one of the parts that were erased: {', '.join(erased)}")


def without_parts(envelope: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """Give an event as it is once parts of it have been erased.

    Of an error its code stays, which is a fact; an actor becomes nobody.
    """
    rest = dict(envelope)
    fields = {*names, *SPENDING} if "usage" in names else {*names}
    for member in ("data", "refs"):
        kept = {
            name: each for name, each in rest.pop(member, NOTHING).items() if name not in fields
        }
        if member == "data" and "error" in fields and "error" in envelope.get("data", NOTHING):
            kept["error"] = {"code": envelope["data"]["error"]["code"], "message": ""}
        if kept:
            rest[member] = kept
    if "path" in fields:
        rest.pop("path", None)
    if "actor" in fields:
        rest["actor"] = NOBODY
    return rest


def _changed(envelope: Mapping[str, Any], what: str) -> JournalCorrupt:
    place = f"event {envelope.get('seq')!r:.20} of run {envelope.get('run')!r:.50}"
    return JournalCorrupt(f"{place} is not as it was written: {what}")


def _parts(envelope: Mapping[str, Any], erased: Erased) -> list[tuple[str, Any]]:
    """List the parts of an event that are still there, in the order of their names."""
    data, refs = envelope.get("data", NOTHING), envelope.get("refs", NOTHING)
    found = {name: data[name] for name in TEXTS.get(envelope["type"], ()) if name in data} | refs
    if (spent := _spent(data)) is not None:
        found["usage"] = spent
    if KEYED in envelope.get("path", ""):
        found["path"] = envelope["path"]
    if envelope["actor"] != ENGINE:
        found["actor"] = envelope["actor"]
    return [part for part in sorted(found.items()) if part[0] not in erased]


def _spent(data: Mapping[str, Any]) -> dict[str, Any] | None:
    if SPENDING.isdisjoint(data):
        return None
    return {field: data[field] for field in data if field in SPENDING}
