"""Commands: orders from the engine to the outside, imperative."""

from typing import TypeAlias

from interlock.journal import Event, Value
from interlock.plan import CompiledCall
from interlock.values import Digest, Path, immutable


@immutable()
class StartAttempt:
    """Call the action.

    `ahead` allows it to run before anything of it is durable; otherwise the intent is journaled
    first. Nothing is sent before `not_before_ms`; after `deadline_at_ms` nothing may be sent any
    more. `feedback` says what was wrong with the last attempt, `previous` is what it returned.
    `approval` is what the intent uses up.
    """

    path: Path
    generation: int
    attempt: int
    node: CompiledCall
    args: Value
    call_key: Digest
    ahead: bool
    not_before_ms: int = 0
    deadline_at_ms: int | None = None
    send_by_ms: int | None = None
    feedback: tuple[str, ...] = ()
    previous: Value | None = None
    causes: tuple[int, ...] = ()
    approval: Digest | None = None


@immutable()
class Probe:
    """Ask the receiver whether the write of this attempt happened.

    Not before `not_before_ms`: until its send deadline has passed, it may still be under way.
    """

    path: Path
    generation: int
    attempt: int
    node: CompiledCall
    args: Value
    not_before_ms: int
    causes: tuple[int, ...] = ()


@immutable()
class Record:
    """Append this event to the journal and step it."""

    event: Event
    causes: tuple[int, ...] = ()


@immutable()
class SetTimer:
    """Report `TimerFired` when the time has come.

    A later one for the same path takes its place; one that fires after its node has settled is
    dropped.
    """

    path: Path
    generation: int
    at_ms: int


@immutable()
class CancelAttempt:
    """Cancel an attempt or a probe, under way or not sent yet; report how it ended."""

    path: Path
    generation: int
    attempt: int
    reason: str


Command: TypeAlias = StartAttempt | Probe | Record | SetTimer | CancelAttempt
