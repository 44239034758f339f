"""The story of a node: the events that brought it where it is, in words; every edge shows them."""

from collections.abc import Iterable, Sequence
from typing import assert_never

from interlock.actions import Manifest
from interlock.journal import (
    AttemptFailed,
    AttemptReturned,
    AttemptStarted,
    Entry,
    ErrorInfo,
    Event,
    GateDecided,
    GateOpened,
    NodeCancelled,
    NodeEvent,
    NodeInDoubt,
    NodeResolved,
    NodeSettled,
    PartsErased,
    ProbeAnswered,
    ProposalAccepted,
    ProposalRefused,
    RunCancelled,
    RunEvent,
    RunMigrated,
    RunPaused,
    RunRecovered,
    RunReopened,
    RunSettled,
    RunStarted,
    RunUnpaused,
    SignalReceived,
    TimerFired,
    WaitOpened,
    actor_words,
)
from interlock.values import Path, immutable

ANEW = "what was approved before counts for nothing: "
"""Before what a gate asks that asked something else before."""


@immutable(kw_only=False)
class Moment:
    """One event of a story, and what it means."""

    entry: Entry
    text: str


@immutable()
class Doubt:
    """Why nobody knows what became of a write.

    Attributes:
        sent_ms: when it was sent last.
        what: what happened to the answer.
        why: why it is not sent again.
    """

    sent_ms: int
    what: str
    why: str


def story(entries: Iterable[Entry], path: Path) -> tuple[Moment, ...]:
    """Tell what happened to one node, with the recoveries that it lived through.

    The end of what undoes it belongs to it. That the run was opened again does, too, where the node
    went on because of it; and that it went on under another plan, where a gate asks anew since.
    """
    found: list[Moment] = []
    reopened: Entry | None = None
    migrated: Entry | None = None
    for entry in entries:
        event = entry.event
        if isinstance(event, RunReopened):
            reopened = entry
        elif isinstance(event, RunMigrated):
            migrated = entry
        elif isinstance(event, RunRecovered):
            if found and not isinstance(found[-1].entry.event, NodeSettled):
                found.append(Moment(entry, told(entry)))
        elif isinstance(event, RunEvent):
            continue
        elif event.path == path:
            if found and reopened is not None:
                found.append(Moment(reopened, told(reopened)))
            reopened = None
            is_anew = isinstance(event, GateOpened) and _is_open(found)
            if is_anew and migrated is not None:
                found.append(Moment(migrated, told(migrated)))
                found.sort(key=lambda moment: moment.entry.seq)  # It was taken up after that.
            found.append(Moment(entry, f"{ANEW}{told(entry)}" if is_anew else told(entry)))
        elif isinstance(event, NodeSettled) and event.path == f"{path}!undo":
            found.append(Moment(entry, _told_of_undo(event)))
    return tuple(found)


def _is_open(moments: Iterable[Moment]) -> bool:
    """Whether a gate was opened that has not ended: to open it again voids what was approved."""
    events = [moment.entry.event for moment in moments]
    asked = [e for e in events if isinstance(e, GateOpened | NodeSettled)]
    return bool(asked) and isinstance(asked[-1], GateOpened)


def _told_of_undo(event: NodeSettled) -> str:
    if event.status == "succeeded":
        return f"`{event.path}` took it back"
    error = f": {_error(event.error)}" if event.error is not None else ""
    return f"`{event.path}` did not take it back: it {event.status}{error}"


def told(entry: Entry) -> str:
    """Say what an event means, in a few words."""
    event = entry.event
    by = actor_words(entry.actor)
    return _told_of_run(event, by) if isinstance(event, RunEvent) else _told(event, by)


def _told_of_run(event: RunEvent, by: str) -> str:
    match event:
        case RunStarted():
            return f"the run was started by {by}"
        case RunRecovered():
            return f"{event.owner} took the run up"
        case RunCancelled():
            return f"{by} cancelled the run{_because(event.reason)}"
        case RunPaused():
            return f"{by} paused the run{_because(event.reason)}"
        case RunUnpaused():
            return f"{by} let the run go on"
        case RunReopened():
            return f"{by} opened the run again{_because(event.reason)}"
        case RunMigrated():
            return f"{by} let the run go on under plan {event.plan}"
        case PartsErased():
            count = len(event.parts)
            what = "1 part of an event" if count == 1 else f"{count} parts of events"
            rule = f", under {event.rule}" if event.rule else ""
            return f"{by} had {what} erased{rule}{_because(event.reason)}"
        case RunSettled():
            return f"the run {event.status}"
        case _:
            assert_never(event)


def _told(event: NodeEvent, by: str) -> str:  # noqa: C901 - one line an event
    match event:
        case AttemptStarted():
            return f"attempt {event.attempt} was about to be sent"
        case AttemptReturned():
            return f"attempt {event.attempt} returned"
        case AttemptFailed():
            return f"attempt {event.attempt} failed: {_error(event.error)}"
        case ProbeAnswered():
            return _probe(event)
        case ProposalAccepted():
            return f"the proposed graph was accepted: {event.graph}"
        case ProposalRefused():
            return f"the proposed graph was refused: {'; '.join(event.messages)}"
        case NodeInDoubt():
            return f"in doubt: {_error(event.error)}"
        case NodeResolved(verdict="ask"):
            return f"{by} had its receiver asked again{_because(event.reason)}"
        case NodeResolved():
            return f"{by} resolved it as {event.verdict}{_because(event.reason)}"
        case GateOpened():
            return f"asked {', '.join(event.to) or 'anybody'}: {event.ask.json}"
        case GateDecided():
            return f"{by} {event.verdict} it{_because(event.reason)}"
        case WaitOpened():
            return f"waits for signal `{event.signal}`" if event.signal else "waits for its time"
        case SignalReceived():
            return f"signal `{event.name}` came from {by}"
        case TimerFired():
            return "its time had come" if event.path else "the deadline of the run had passed"
        case NodeCancelled():
            return f"{by} cancelled it{_because(event.reason)}"
        case NodeSettled():
            return f"{event.status}: {_error(event.error)}" if event.error else event.status
        case _:
            assert_never(event)


def _because(reason: str) -> str:
    return f": {reason}" if reason else ""


def _error(error: ErrorInfo) -> str:
    return f"{error.code} {error.message}"


def _probe(event: ProbeAnswered) -> str:
    match str(event.answer):
        case "applied":
            return "the probe found that the write had happened"
        case "not_applied":
            return "the probe found that the write had not happened"
        case "unknown":
            return f"the probe could not tell: {event.message or 'no reason given'}"
        case answer:
            return f"the probe answered: {answer}"  # Words stand there when it was erased.


def doubt_of(moments: Iterable[Moment], action: Manifest) -> Doubt | None:
    """Explain a node that is in doubt, from its story; None when it has not been sent."""
    events = [moment.entry for moment in moments]
    sent = [entry for entry in events if isinstance(entry.event, AttemptStarted)]
    if not sent:
        return None
    at_ms = next((e.at_ms for e in reversed(events) if isinstance(e.event, NodeInDoubt)), 0)
    probes = [e.event for e in events if isinstance(e.event, ProbeAnswered)]
    since = [entry.event for entry in events if entry.seq > sent[-1].seq]
    is_violated = any(isinstance(e, NodeSettled) and e.status == "violated" for e in since)
    return Doubt(
        sent_ms=sent[-1].at_ms,
        what=_lost_answer(since),
        why=_why_not_again(
            action, probes, waited_ms=at_ms - sent[0].at_ms, sent=len(sent), is_violated=is_violated
        ),
    )


def _lost_answer(since: Sequence[Event]) -> str:
    for event in since:
        if isinstance(event, NodeSettled) and event.status == "violated":
            told = event.error.message if event.error is not None else "it broke its promise"
            return f"and it happened, but {told}"
        if isinstance(event, AttemptFailed) and event.error.not_applied:
            return f"{event.error.message}; but an attempt before it has no answer"
        if isinstance(event, AttemptFailed):
            return f"{event.error.message}; it may have happened all the same"
        if isinstance(event, RunRecovered) and event.orderly:
            return "no answer before the run was stopped"
        if isinstance(event, RunRecovered):
            break
    return "no answer before the process died"


def _why_not_again(
    action: Manifest,
    probes: list[ProbeAnswered],
    *,
    waited_ms: int,
    sent: int,
    is_violated: bool,
) -> str:
    closing = "so Interlock will not repeat it"
    if is_violated:
        return f"what has happened is there, {closing}: say what counts"
    if probes:
        return f"its probe could not tell ({probes[-1].message or 'no reason given'}), {closing}"
    if action.key is None:
        return f"{action.name} declares no key and no probe, {closing}"
    if action.window_ms is not None and waited_ms >= action.window_ms:
        return (
            f"{action.name} remembers keys for {action.window_ms} ms, which had passed, {closing}"
        )
    times = "once" if sent == 1 else f"{sent} times with the same key"
    return f"it was sent {times} without an answer, {closing}"
