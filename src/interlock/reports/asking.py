"""Gates that ask: a gate that asks anew, under another plan, voids what was approved before."""

from typing import final

from interlock.journal import Entry, GateDecided, GateOpened, NodeSettled
from interlock.values import Path


@final
class OpenGates:
    """The gates of a run that are open, and the approvals that each has, as their events."""

    def __init__(self) -> None:
        self._approvals: dict[Path, list[int]] = {}

    def follow(self, entry: Entry) -> tuple[int, ...] | None:
        """Take the next event; of a gate that asks anew, tell which approvals are void by it."""
        event = entry.event
        match event:
            case GateOpened():
                void = self._approvals.get(event.path)
                self._approvals[event.path] = []
                return tuple(void) if void is not None else None
            case GateDecided(verdict="approved") if event.path in self._approvals:
                self._approvals[event.path].append(entry.seq)
            case NodeSettled():
                self._approvals.pop(event.path, None)
            case _:
                pass
        return None
