"""Orders: what the engine has told the outside to record, held against what was recorded."""

from dataclasses import fields

from interlock.engine.turn import IllegalTransition, Turn
from interlock.journal import ErrorInfo, Event, Value
from interlock.values import Path

SHOWN_MAX = 120


def take_order(turn: Turn, event: Event, path: Path) -> None:
    """Take an order back that was carried out.

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
    differences = "; ".join(_differences(ordered, event))
    raise IllegalTransition(f"of {where}, the engine derives something else: {differences}")


def _named(path: Path) -> str:
    return f"`{path}`" if path else "the run"


def _differences(ordered: Event, event: Event) -> list[str]:
    found: list[str] = []
    for field in fields(ordered):
        was, now = getattr(ordered, field.name), getattr(event, field.name)
        if was != now:
            found.append(f"{field.name} is {_shown(was)}, the journal says {_shown(now)}")
    return found


def _shown(value: object) -> str:
    match value:
        case Value():
            return f"{value.data.decode(errors='replace'):.{SHOWN_MAX}}"
        case ErrorInfo():
            return f"{value.code} ({value.message:.{SHOWN_MAX}})"
        case _:
            return f"{value!s:.{SHOWN_MAX}}"
