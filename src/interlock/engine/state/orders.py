"""Orders: what the engine has told the outside to record, held against what was recorded."""

from dataclasses import fields, replace

from interlock.engine.state.turn import IllegalTransition, Turn
from interlock.journal import ErrorInfo, Event, Value
from interlock.values import Path

SHOWN_MAX = 120
REFUSAL_WORDS = ("codes", "messages")


def take_order(turn: Turn, event: Event, path: Path) -> None:
    """Take an order back that was carried out.

    Words for people are not held against each other: a later version may say them better, and old
    journals replay all the same.

    Raises:
        IllegalTransition: nothing was ordered here, or something else; names what differs.
    """
    order = turn.state.ordered.pop(path, None)
    if order is None:
        raise IllegalTransition(f"nothing was to be recorded of {_named(path)} here")
    turn.state.causes = order.causes
    ordered = order.event
    if ordered is event or ordered == event:
        return
    where = _named(path)
    if type(ordered) is not type(event):
        raise IllegalTransition(f"`{ordered.type}` of {where} was to be recorded")
    differences = _differences(ordered, event)
    if differences:
        told = "; ".join(differences)
        raise IllegalTransition(f"of {where}, the engine derives something else: {told}")


def _named(path: Path) -> str:
    return f"`{path}`" if path else "the run"


def _differences(ordered: Event, event: Event) -> list[str]:
    found: list[str] = []
    for field in fields(ordered):
        was, now = getattr(ordered, field.name), getattr(event, field.name)
        if was != now and not _are_words(field.name, was, now):
            found.append(f"{field.name} is {_shown(was)}, the journal says {_shown(now)}")
    return found


def _are_words(name: str, was: object, now: object) -> bool:
    """Whether two values differ in words alone: of an error, or of why a proposal was refused."""
    if isinstance(was, ErrorInfo) and isinstance(now, ErrorInfo):
        return replace(was, message="", hint="") == replace(now, message="", hint="")
    return name in REFUSAL_WORDS


def _shown(value: object) -> str:
    match value:
        case Value():
            return f"{value.data.decode(errors='replace'):.{SHOWN_MAX}}"
        case ErrorInfo():
            return f"{value.code} ({value.message:.{SHOWN_MAX}})"
        case _:
            return f"{value!s:.{SHOWN_MAX}}"
