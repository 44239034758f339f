"""`wait`: for a time, or for a signal with a deadline."""

from dataclasses import replace
from typing import cast

from interlock.engine.kinds.sleeping import fall_asleep
from interlock.engine.scopes import stopped
from interlock.engine.state import (
    ROOT,
    At,
    IllegalTransition,
    Kept,
    Turn,
    WaitState,
    judge,
    locate,
    settle,
    take_order,
)
from interlock.journal import ErrorInfo, SignalReceived, Value, WaitOpened
from interlock.plan import CompiledWait
from interlock.values import Path

NOTHING = Value.of(None)


def open_wait(at: At, node: CompiledWait) -> None:
    """Order that the wait is recorded, with the time at which it ends."""
    until_ms = at.turn.at_ms + node.for_ms if node.for_ms is not None else None
    at.turn.record(
        WaitOpened(
            path=at.path, generation=at.state.generation, signal=node.signal, until_ms=until_ms
        )
    )


def on_wait_opened(turn: Turn, event: WaitOpened) -> None:
    """Wait from now on; a signal that has come already ends it at once."""
    take_order(turn, event, event.path)
    at = locate(turn, event.path)
    is_wanted = event.signal is not None and stopped(at) is None
    kept = _take_kept(turn, event.path, event.signal) if is_wanted else None
    fall_asleep(at, WaitState(event.signal), due_ms=event.until_ms if kept is None else None)
    if kept is not None:
        _received(at, kept[1], causes=(kept[2], turn.seq))


def on_signal(turn: Turn, event: SignalReceived) -> None:
    """Hand a signal to the node that waits for it, or keep it for the first that will.

    Raises:
        IllegalTransition: the run has not started.
    """
    if turn.state.root is None:
        raise IllegalTransition(f"`{event.type}` before the run has started")
    path = _waiting_for(turn, event)
    if path is None:
        kept = turn.state.signals.setdefault(event.path, [])
        kept.append((event.name, event.payload, turn.seq))
    else:
        _received(locate(turn, path), event.payload)


def _waiting_for(turn: Turn, event: SignalReceived) -> Path | None:
    """The wait that has been open longest, of those that the signal is for."""
    for path, opened in turn.state.asleep.items():
        is_meant = event.path in (ROOT, path)
        if is_meant and isinstance(opened, WaitState) and opened.signal == event.name:
            return path
    return None


def _take_kept(turn: Turn, path: Path, name: str | None) -> Kept | None:
    """Take the oldest signal of a name: one for this path, else one for any."""
    for place in (path, ROOT):
        kept = turn.state.signals.get(place, [])
        found = next((signal for signal in kept if signal[0] == name), None)
        if found is not None:
            kept.remove(found)
            return found
    return None


def _received(at: At, payload: Value, *, causes: tuple[int, ...] = ()) -> None:
    problem = judge(at, payload)
    if problem is None:
        settle(at, "succeeded", output=payload, causes=causes)
    else:
        hint = f"send `{at.path}` what it `returns`, once the run is opened again"
        problem = replace(problem, hint=hint) if problem.code == "IL6004" else problem
        settle(at, "failed", output=payload, error=problem, causes=causes)


def time_is_up(at: At) -> None:
    """End a wait: what waited for the time alone has what it wanted."""
    node = cast(CompiledWait, at.node)
    if node.signal is None:
        _received(at, NOTHING)
        return
    told = f"no signal `{node.signal}` came in time"
    hint = f"send it with `interlock signal RUN {node.signal}`, or raise `for`"
    settle(at, "failed", error=ErrorInfo(code="IL6023", message=told, hint=hint, permanent=True))
