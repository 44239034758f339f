"""What came of a decision, in a line: a person who decided must not have to guess."""

from collections.abc import Callable, Sequence

from interlock.cli.board import Board
from interlock.journal import (
    Entry,
    GateDecided,
    GateOpened,
    GateVerdict,
    NodeSettled,
    SignalReceived,
    WaitOpened,
)
from interlock.plan import Plan
from interlock.values import Path, paths

Heard = Callable[[Plan, Sequence[Entry], Sequence[Entry]], str]
"""Writes that line, from the plan, the events before the decision, and those after it."""


def heard_of_gate(path: Path, verdict: GateVerdict, actor: str) -> Heard:
    """Say what came of a decision about a gate, where its end does not say so itself."""

    def say(plan: Plan, before: Sequence[Entry], after: Sequence[Entry]) -> str:
        taken = [e for e in after if isinstance(e.event, GateDecided) and e.event.path == path]
        ended = any(isinstance(e.event, NodeSettled) and e.event.path == path for e in after)
        if not any(entry.actor == actor for entry in taken):
            return _too_late(path, after, ended=ended)
        if ended or verdict != "approved":
            return ""
        board = _board(plan, before)
        known = path in board.asleep and actor in board.asleep[path].approvers
        if known:
            return f"`{path}`: {actor} had approved it before, and a person counts once"
        return f"`{path}`: approved by {actor}; it needs others, too"

    return say


def _too_late(path: Path, after: Sequence[Entry], *, ended: bool) -> str:
    if any(isinstance(e.event, GateOpened) and e.event.path == path for e in after):
        return f"`{path}` asks something else now, so this decision was not taken: look, and decide"
    return f"`{path}` had ended before this decision could count" if ended else ""


def heard_of_signal(name: str, path: Path) -> Heard:
    """Say that a signal is kept, when nothing waited for it."""

    def say(plan: Plan, before: Sequence[Entry], after: Sequence[Entry]) -> str:
        came = [e for e in after if isinstance(e.event, SignalReceived) and e.event.name == name]
        waits = [
            at
            for at, each in _board(plan, before).asleep.items()
            if isinstance(each.opened, WaitOpened)
            and each.opened.signal == name
            and path in (paths.ROOT, at)
        ]
        if not came or waits:
            return ""
        if path:
            return f"kept: `{path}` does not wait for signal {name} yet, and gets it when it does"
        return f"kept: nothing waits for signal {name} yet, and the first that does gets it"

    return say


def _board(plan: Plan, entries: Sequence[Entry]) -> Board:
    board = Board(plan)
    for entry in entries:
        board.apply(entry)
    return board
