"""What came of a decision, in a line: a person who decided must not have to guess."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from interlock.cli.views.board import Asleep, Board, is_inside
from interlock.journal import (
    Entry,
    Event,
    GateDecided,
    GateOpened,
    GateVerdict,
    NodeCancelled,
    NodeSettled,
    Principal,
    RunEvent,
    SignalReceived,
    WaitOpened,
)
from interlock.plan import Plan
from interlock.runtime import Roles, deciders
from interlock.values import Path, paths


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A run around a decision: its events before and after, and the roles that are configured."""

    plan: Plan
    before: Sequence[Entry]
    after: Sequence[Entry]
    roles: Roles

    def has_row(self, path: Path) -> bool:
        """Whether a node has a row where a run is shown: what is inside of one has none."""
        return path in self.plan.root.positions

    def asleep(self) -> dict[Path, Asleep]:
        """What was waited for when the decision was made."""
        board = Board(self.plan)
        for entry in self.before:
            board.apply(entry)
        return board.asleep


Heard: TypeAlias = Callable[[Decided], str]
"""Writes that line; nothing where all is plain."""


def heard_of_gate(path: Path, verdict: GateVerdict, who: Principal) -> Heard:
    """Say what came of a decision about a gate, where its end does not say so itself."""

    def say(run: Decided) -> str:
        events = [entry.event for entry in run.after]
        ends = [e.status for e in events if isinstance(e, NodeSettled) and e.path == path]
        taken = [e for e in run.after if isinstance(e.event, GateDecided) and e.event.path == path]
        is_late = verdict == "approved" and bool(ends) and ends[-1] != "succeeded"
        if is_late or not any(entry.actor == who.actor for entry in taken):
            return _not_taken(path, events, ended=bool(ends))
        asleep = run.asleep().get(path)
        if verdict == "approved" and not ends and asleep is not None:
            if who.name in asleep.approvers:
                return f"`{path}`: {who.name} had approved it before, and a person counts once"
            return f"`{path}`: approved by {who.name}; it needs others, too"
        inner = "" if run.has_row(path) else f"`{path}`: {verdict} by {who.name}"
        to = asleep.opened.to if asleep and isinstance(asleep.opened, GateOpened) else ()
        if to and deciders(to, run.roles) is None:
            told = f"asks {', '.join(to)}: that {who.name} is one of them was not checked"
            return f"{inner}; it {told}" if inner else f"`{path}` {told}"
        return inner

    return say


def _not_taken(path: Path, events: Sequence[Event], *, ended: bool) -> str:
    if any(isinstance(event, GateOpened) and event.path == path for event in events):
        return f"`{path}` asks something else now, so this decision was not taken: look, and decide"
    if ended:
        return f"`{path}` had ended before this decision could count"
    return f"`{path}`: this decision was not taken"


def heard_of_cancel(path: Path) -> Heard:
    """Say that a node is cancelled that has not begun: it ends when its turn comes."""

    def say(run: Decided) -> str:
        events = [entry.event for entry in run.after]
        if not any(isinstance(e, NodeCancelled) and e.path == path for e in events):
            return f"`{path}`: this decision was not taken"
        known = [entry.event for entry in (*run.before, *run.after)]
        began = [e for e in known if not isinstance(e, RunEvent | NodeCancelled | SignalReceived)]
        if any(is_inside(e.path, path) for e in began):
            is_over = any(isinstance(e, NodeSettled) and is_inside(e.path, path) for e in events)
            return f"`{path}` was cancelled" if is_over and not run.has_row(path) else ""
        return f"`{path}` will not start: it ends, cancelled, when its turn comes"

    return say


def heard_of_signal(name: str, path: Path) -> Heard:
    """Say that a signal is kept, when nothing waited for it."""

    def say(run: Decided) -> str:
        came = [
            e for e in run.after if isinstance(e.event, SignalReceived) and e.event.name == name
        ]
        # One that was opened since has it by now: the run went on here.
        opened = [*(each.opened for each in run.asleep().values()), *(e.event for e in run.after)]
        waits = [
            each
            for each in opened
            if isinstance(each, WaitOpened)
            and each.signal == name
            and path in (paths.ROOT, each.path)
        ]
        if not came or waits:
            return ""
        if path:
            return f"kept: `{path}` does not wait for signal {name} yet, and gets it when it does"
        return f"kept: nothing waits for signal {name} yet, and the first that does gets it"

    return say
