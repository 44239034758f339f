"""Messages: decisions about a run on their way to its owner, as the events that they become."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeAlias, cast

from interlock.errors import JournalCorrupt
from interlock.journal import (
    Actor,
    GateDecided,
    Message,
    MessageKind,
    NodeCancelled,
    NodeResolved,
    Principal,
    RunCancelled,
    RunPaused,
    RunReopened,
    RunUnpaused,
    SignalReceived,
    Value,
    principal_in,
)
from interlock.values import Json, RunId, decode, encode

Decision: TypeAlias = (
    GateDecided
    | SignalReceived
    | RunCancelled
    | NodeCancelled
    | RunPaused
    | RunUnpaused
    | NodeResolved
    | RunReopened
)
"""What is decided outside of a run."""

KINDS: dict[MessageKind, type[Decision]] = {
    "decide": GateDecided,
    "signal": SignalReceived,
    "cancel": RunCancelled,
    "cancel_node": NodeCancelled,
    "pause": RunPaused,
    "unpause": RunUnpaused,
    "resolve": NodeResolved,
    "reopen": RunReopened,
}
KIND_OF: dict[type[Decision], MessageKind] = {type_: kind for kind, type_ in KINDS.items()}
VALUES = frozenset(("payload", "output"))
TYPES: Mapping[str, type] = {"generation": int, "undo": bool}
"""Fields that are no text."""

VERDICTS: dict[type[Decision], tuple[str, ...]] = {
    GateDecided: ("approved", "rejected"),
    NodeResolved: ("succeeded", "failed", "retry", "ask"),
}


def message_of(event: Decision, *, run: RunId, id_: str, actor: Actor, now_ms: int) -> Message:
    """Put a decision into a message."""
    kind = KIND_OF[type(event)]
    body: dict[str, Json] = {}
    for field in fields(event):
        given: Any = getattr(event, field.name)
        if given is not None:
            body[field.name] = given.json if isinstance(given, Value) else given
    return Message(id=id_, run=run, kind=kind, body=encode(body), actor=actor, created_ms=now_ms)


def decision_in(message: Message) -> Decision:
    """Read the decision in a message.

    Raises:
        JournalCorrupt: it is none.
        ValueRefused: a value in it is outside the domain.
    """
    kind = KINDS[message.kind]
    body = decode(message.body)
    known = {field.name for field in fields(kind)}
    if not isinstance(body, dict) or not body.keys() <= known:
        raise _malformed(message)
    given: dict[str, Any] = {}
    for name, item in body.items():
        if name not in VALUES and type(item) is not TYPES.get(name, str):
            raise _malformed(message)
        given[name] = Value.of(item) if name in VALUES else item
    if given.get("verdict") not in VERDICTS.get(kind, (None,)):
        raise _malformed(message)
    try:
        return cast(Any, kind)(**given)
    except TypeError as error:
        raise _malformed(message) from error


def sender_of(message: Message) -> Principal:
    """Read who sent a message.

    Raises:
        JournalCorrupt: it is nobody outside.
    """
    principal = principal_in(message.actor)
    if principal is None:
        raise JournalCorrupt(f"message {message.id} of run {message.run} is by {message.actor!r}")
    return principal


def _malformed(message: Message) -> JournalCorrupt:
    return JournalCorrupt(f"message {message.id} of run {message.run} is no `{message.kind}`")
