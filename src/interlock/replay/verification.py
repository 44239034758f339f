"""Verify: fold a journal through the engine. Every command is derived again; no action is called.

A journal whose bytes and digests are all sound is still refused when it holds one event that the
engine would not have ordered: an attempt that was not due, another call key, a status that the
output does not give, a node that had to wait. For a run that has settled, the execution digest is
computed again from what was folded.
"""

from collections.abc import Iterable
from typing import cast

from interlock.engine import SEMANTICS, State, execution_digest, initial, step
from interlock.errors import Divergence, InternalError, JournalCorrupt, ensure
from interlock.journal import (
    NOBODY,
    Actor,
    Entry,
    Event,
    GateDecided,
    NodeCancelled,
    NodeResolved,
    PartsErased,
    Principal,
    RunCancelled,
    RunHead,
    RunMigrated,
    RunOutcome,
    RunPaused,
    RunRecovered,
    RunReopened,
    RunStarted,
    RunUnpaused,
    SignalReceived,
    parse_actor,
)
from interlock.plan import Plan, restore
from interlock.replay.collector import EVENTS_UNCOLLECTED_MAX, collect_young, collector_held
from interlock.replay.heads import Heading
from interlock.values import Digest, RunId, immutable

QUEUED = 0
"""The epoch of a run that no owner has had."""

BY_PERSONS: tuple[type[Event], ...] = (
    NodeResolved,
    GateDecided,
    SignalReceived,
    NodeCancelled,
    RunCancelled,
    RunPaused,
    RunUnpaused,
    RunReopened,
    PartsErased,
)
BY_OTHERS = frozenset((*BY_PERSONS, RunStarted, RunRecovered, RunMigrated))
"""Of these the actor is not just the runtime that drives the run."""
BEGINNING = (RunRecovered, RunMigrated, RunReopened, PartsErased)
CHANGED = "the journal was changed after it was written; events before this one are sound"


@immutable()
class Verified:
    """A journal that the engine derived again.

    Attributes:
        status: how the run ended; None while it is open.
        recorded: the execution digest in the journal; None while the run is open.
        replayed: the one that the fold gives; equal, or the journal would not be verified.
        head: the row in listings that these events give.
        state: where the run stands.
    """

    run: RunId
    plan: Plan
    events: int
    status: RunOutcome | None
    recorded: Digest | None
    replayed: Digest | None
    head: RunHead
    state: State


@collector_held()
def fold(run: RunId, entries: Iterable[Entry]) -> State:
    """Fold the entries of a run to its state, with the plan that the first one pins.

    Raises:
        JournalCorrupt: the journal is empty, does not begin with `RunStarted`, or pins another plan
            than it says.
        Divergence: an event that the engine would not have ordered; names its seq.
    """
    rest = iter(entries)
    first = next(rest, None)
    if first is None:
        raise JournalCorrupt(f"the journal of run {run} is empty")
    state = initial(pinned_plan(first), run)
    _apply(state, first)
    epoch, runtime = first.epoch, _runtime_after(first, None)
    for entry in rest:
        if entry.epoch != epoch:
            _check_epoch(entry, before=epoch)
            epoch, runtime = entry.epoch, None
        _apply(state, entry)
        if entry.actor != runtime or type(entry.event) in BY_OTHERS:
            runtime = _runtime_after(entry, runtime)
        if entry.seq % EVENTS_UNCOLLECTED_MAX == 0:
            collect_young()
    return state


def _check_epoch(entry: Entry, *, before: int) -> None:
    """Refuse what an owner that had been followed wrote: only a recovery raises the epoch.

    What a run is migrated to is told right before that. Of a queued run, which no owner had before,
    and of one that had ended, there is nothing to recover; and whoever erases only appends that.
    """
    begins = isinstance(entry.event, BEGINNING) or before == QUEUED
    if entry.epoch < before or not begins:
        raise _divergence(
            entry,
            f"it is of epoch {entry.epoch}, after one of epoch {before};"
            " only `RunRecovered` begins an epoch",
        )


def pinned_plan(first: Entry) -> Plan:
    """Compile again what the first event of a run pinned.

    Raises:
        JournalCorrupt: it is not `RunStarted`, or what it pinned has another digest.
    """
    event = first.event
    if not isinstance(event, RunStarted):
        raise JournalCorrupt(f"the first event is `{event.type}`, not `RunStarted`", hint=CHANGED)
    if event.semantics != SEMANTICS:
        raise JournalCorrupt(
            f"the run was written with semantics {event.semantics}; this version knows {SEMANTICS}",
            hint="use the Interlock that wrote it, or a newer one",
        )
    plan = restore(event.document, event.manifests)
    if plan.digest != event.plan:
        raise JournalCorrupt(
            f"the run was started with plan {event.plan},"
            f" but what it pinned compiles to {plan.digest}",
            hint="the journal was changed, or was written by a version whose compiler differs",
        )
    return plan


def current_plan(entries: Iterable[Entry]) -> Plan:
    """Compile again the plan that a run has now: the one it was migrated to last.

    Raises:
        JournalCorrupt: there is no first event, or what was pinned has another digest.
    """
    rest = iter(entries)
    first = next(rest, None)
    if first is None:
        raise JournalCorrupt("the journal is empty", hint=CHANGED)
    last = None
    for entry in rest:
        if isinstance(entry.event, RunMigrated):
            last = entry.event
    return pinned_plan(first) if last is None else restore(last.document, last.manifests)


def _apply(state: State, entry: Entry) -> None:
    if not entry.seq:
        raise JournalCorrupt("an event without a seq is in no journal")
    try:
        step(state, entry)
    except InternalError as error:
        raise _divergence(entry, error.message) from error
    if entry.causes != state.causes:
        told = f"its causes are {_listed(state.causes)}, the journal says {_listed(entry.causes)}"
        raise _divergence(entry, told)


def _runtime_after(entry: Entry, runtime: Actor | None) -> Actor | None:
    """Check who made an event a fact; return the runtime that its epoch has from then on.

    An epoch has one owner, so all that is ordered or reported in it is of one runtime, which the
    first such event names. The rest is by principals, and never by a runtime.
    """
    event, actor = entry.event, entry.actor
    if actor == NOBODY:
        return runtime  # It was erased, or whoever read the entry would have refused it.
    try:
        found = parse_actor(actor)
    except JournalCorrupt as error:
        raise _divergence(entry, error.message) from error
    is_principal = isinstance(found, Principal)
    if isinstance(event, RunStarted):
        is_right = is_principal and actor == event.principal
    elif isinstance(event, BY_PERSONS):
        is_right = is_principal
    elif isinstance(event, RunMigrated) and is_principal:
        is_right = True
    else:
        is_owner = not isinstance(event, RunRecovered) or found == event.owner
        is_right = not is_principal and is_owner and actor == (runtime or actor)
        runtime = actor
    if not is_right:
        raise _divergence(entry, f"its actor is {actor!r:.100}, who does not make it a fact")
    return runtime


def _listed(causes: tuple[int, ...]) -> str:
    return ", ".join(map(str, causes)) if causes else "none"


def _divergence(entry: Entry, told: str) -> Divergence:
    return Divergence(
        f"event {entry.seq} (`{entry.event.type}`): {told}", seq=entry.seq, hint=CHANGED
    )


@collector_held()
def verify(run: RunId, entries: Iterable[Entry]) -> Verified:
    """Derive a run again from its journal alone.

    Raises:
        JournalCorrupt: the journal cannot be read as one.
        Divergence: it differs from what the engine orders; names the first event that does.
    """
    heading = Heading(run)
    state = fold(run, heading.watch(entries))
    settled = state.status is not None
    replayed = execution_digest(state) if settled else None
    # `step` has compared them already, when the end was recorded: this is the other side.
    ensure(replayed == state.execution, "another execution was recorded", got=state.execution)
    return Verified(
        run=run,
        plan=state.plan,
        events=state.last_seq,
        status=state.status,
        recorded=state.execution,
        replayed=replayed,
        head=cast(RunHead, heading.head),
        state=state,
    )
