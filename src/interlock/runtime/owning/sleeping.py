"""Runs that only wait: how they stand in listings, and when they need an owner again."""

from collections.abc import Sequence
from dataclasses import replace

from interlock.engine import State
from interlock.journal import Message, RunHead, RunStatus

PATIENCE_MS = 10_000
"""A run that waits for a time stays with its owner when the time is this near."""


def sleeps(state: State) -> bool:
    """Whether only persons, signals or times can bring an open run further."""
    if state.ordered or (state.running and not state.paused):
        return False
    return bool(state.in_doubt or state.asleep or state.paused)


def sleeps_long(state: State, *, now_ms: int) -> bool:
    """Whether no time is near at which a run that sleeps goes on by itself, or has to end."""
    soon = now_ms + PATIENCE_MS
    return sleeps(state) and all(due_ms > soon for due_ms in state.timers.values())


def resting(state: State, head: RunHead) -> RunHead:
    """The row of an open run while nobody owns it."""
    if not sleeps(state):
        return replace(head, status="running", wake_ms=None)
    wake_ms = min(state.timers.values(), default=None)
    return replace(head, status=_resting_status(state), wake_ms=wake_ms)


def _resting_status(state: State) -> RunStatus:
    if state.paused:
        return "paused"
    return "in_doubt" if state.in_doubt else "waiting"


def needs_owner(state: State, head: RunHead, messages: Sequence[Message], *, now_ms: int) -> bool:
    """Whether something would come of driving a run now."""
    if state.status is not None:
        return any(message.kind == "reopen" for message in messages)
    if messages or not sleeps(state) or head.status in ("queued", "running"):
        return True
    return any(due_ms <= now_ms + PATIENCE_MS for due_ms in state.timers.values())
