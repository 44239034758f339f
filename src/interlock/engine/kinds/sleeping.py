"""What waits for a time or for persons sleeps: it costs nothing but its place in the state."""

from interlock.engine.scopes import stopped
from interlock.engine.state import ROOT, At, GateState, SetTimer, Turn, WaitState, settle
from interlock.values import Path


def fall_asleep(at: At, opened: WaitState | GateState, *, due_ms: int | None) -> None:
    """Wait for what was opened, until a time if there is one; unless it is to stop by now."""
    at.state.opened = opened
    at.turn.state.running -= 1
    why = stopped(at)
    if why is not None:
        settle(at, "cancelled", error=why)
        return
    at.turn.state.asleep[at.path] = opened
    if due_ms is not None:
        set_timer(at.turn, at.path, due_ms, generation=at.state.generation)


def set_timer(turn: Turn, path: Path, due_ms: int, *, generation: int = 1) -> None:
    """Remember when something is due, and order to be told."""
    turn.state.timers[path] = due_ms
    turn.commands.append(SetTimer(path=path, generation=generation, at_ms=due_ms))


def set_again(turn: Turn) -> None:
    """Order every timer again, after a recovery."""
    for path, due_ms in sorted(turn.state.timers.items()):
        found = turn.state.find(path) if path != ROOT else None
        generation = found[3].generation if found is not None else 1
        turn.commands.append(SetTimer(path=path, generation=generation, at_ms=due_ms))
