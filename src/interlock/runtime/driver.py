"""Drives one run: carries out the engine's commands and reports what happened as events.

Events are stepped in the order of the journal. Where the output-commit rule says so, an event waits
in `_pending` until it is durable; everything behind it waits too. Nothing here decides anything:
that is the engine's.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import replace
from functools import partial
from typing import Any, ParamSpec

from interlock.actions import AnyAction, Registry
from interlock.engine import (
    CancelAttempt,
    Command,
    Probe,
    Record as RecordEvent,
    SetTimer,
    StartAttempt,
    State,
    problem_with,
    step,
)
from interlock.errors import RunNotResumable, StoreError
from interlock.journal import (
    AttemptFailed,
    AttemptReturned,
    AttemptStarted,
    Entry,
    Event,
    LeaseChange,
    NodeResolved,
    Record,
    RunHead,
    RunMigrated,
    RunRecovered,
    RunSettled,
    RunStarted,
    StoredValue,
    TimerFired,
    Value,
    encode_entry,
    values_of,
)
from interlock.replay import Heading
from interlock.runtime.commits import CommitQueue, Position
from interlock.runtime.execution import World, ask, attempt, cancelled, expired
from interlock.runtime.scheduling import Lane, Scheduler
from interlock.runtime.showing import Observer, Showing
from interlock.runtime.timers import Timers
from interlock.runtime.transactions import Promise, Transaction
from interlock.runtime.workers import Workers
from interlock.values import Path

P = ParamSpec("P")

PINNED_MAX = 10_000
"""References remembered of what all runs of a plan share; forgetting costs a write, no more."""


PATIENCE_MS = 10_000
"""A run that waits for a time stays with its owner when the time is this near."""

TURN_EVENTS_MAX = 32
"""After this many events of one run, the rest of the process has its turn."""


class Driver:
    """One run in one process.

    Made by `Runtime`; `finished` is done when there is nothing left to do here, and `on_end` is
    called in the same moment. `waiting` counts the callers that wait for that. One that is `ending`
    takes nothing any more.
    """

    def __init__(
        self,
        state: State,
        *,
        head: RunHead | None,
        epoch: int,
        registry: Registry,
        world: World,
        commits: CommitQueue,
        scheduler: Scheduler,
        on_end: "Callable[[Driver], None]",
        observer: Observer | None = None,
        granted: LeaseChange | None = None,
        priority: int = 0,
    ) -> None:
        self.state = state
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._epoch = epoch
        self._registry = registry
        self._world = world
        self._commits = commits
        self._on_end = on_end
        self._showing = Showing(state.run, observer, commits) if observer is not None else None
        self._granted = granted
        self._pending: deque[tuple[Entry | Promise, Position]] = deque()
        self._workers = Workers(self._call, self._report, self._worker_ended)
        self._timers = Timers(world.clock, partial(self._later, self._start), self._fire)
        self._lane = Lane(
            scheduler,
            priority=priority,
            start=partial(self._later, self._begin),
            expire=self._expire,
        )
        self._lane.pause(paused=state.paused)
        self._unwanted: dict[Path, str] = {}
        self._unsent: set[Path] = set()
        self._seq = state.last_seq
        self._sent: dict[Path, int] = {}
        self._heading = Heading(state.run, head, in_doubt=state.in_doubt)
        self._pumping = False
        self._draining = False
        self.ending = False
        self._last: Position = 0
        self.waiting = 0

    # --- what comes from outside

    def start(self, *events: Event, actor: str) -> None:
        """Apply the events that begin, recover or resolve, and go on from there."""
        for event in events:
            # It is an owner that takes a run up, also where a person's decision is the reason.
            by = event.owner if isinstance(event, RunRecovered) else actor
            self._pending.append((self._journal(event, actor=by), 0))
        self._pump()

    def resolve(self, event: NodeResolved, *, actor: str) -> None:
        """Take a person's decision while the run goes on.

        Raises:
            RunNotResumable: another decision about this node is on its way.
        """
        waiting = (entry.event for entry, _ in self._pending if isinstance(entry, Entry))
        if any(isinstance(other, NodeResolved) and other.path == event.path for other in waiting):
            raise RunNotResumable(
                f"`{event.path}` of run {self.state.run} has been resolved already",
                hint=f"see `interlock show {self.state.run}`",
            )
        self.start(event, actor=actor)

    def drain(self) -> None:
        """Start nothing any more; `finished` is done when what is under way has ended."""
        self._start_nothing()
        self._end_if_idle()

    async def abandon(self) -> None:
        """Cancel what is under way. The run stays open; a later owner recovers it.

        What was handed to the journal is durable when this returns, or the store has failed.
        """
        self._start_nothing()
        self._unsent.clear()
        await self._workers.stop()
        self._end_if_idle()
        await asyncio.wait([self.finished])

    def refuse(self, error: BaseException) -> None:
        """Stop because the store took nothing of what is not durable yet; nobody gets to see it."""
        if self._showing is not None:
            self._showing.forget()
        self.fail(error)
        self._stop(error)

    def fail(self, error: BaseException) -> None:
        """Stop: nothing is stepped or appended any more.

        What was handed in is durable first, lest it come between what the next owner appends,
        unless the lease is lost or the store failed.
        """
        self._start_nothing()
        self._unsent.clear()
        self.ending = True
        self._workers.cancel()
        if isinstance(error, StoreError):
            self._stop(error)
        else:
            self._commits.when_durable(self._last, lambda: self._stop(error))

    def _start_nothing(self) -> None:
        self._draining = True
        self._timers.cancel()
        self._lane.forget()

    # --- the loop: journal, step, perform

    def _deliver(self, event: Event, *, journal_first: bool) -> None:
        """Take what an attempt reported.

        Journaled and durable before it is judged, unless it ran ahead.
        """
        if self.ending:
            return
        if journal_first:
            cause = (
                self._sent.pop(event.path, 0)
                if isinstance(event, AttemptReturned | AttemptFailed)
                else 0
            )
            entry = self._journal(event, causes=(cause,) if cause else ())
            self._pending.append((entry, self._commits.appended))
        else:
            self._pending.append((Entry(event, at_ms=self._world.clock.now_ms()), 0))
        self._pump()

    def _pump(self) -> None:
        """Step events in order, as far as they are durable where they have to be."""
        if self._pumping or self.ending:
            return
        self._pumping = True
        left = TURN_EVENTS_MAX
        try:
            while self._pending:
                if left == 0:
                    # Many events became durable at once: other runs must not wait for all of them.
                    asyncio.get_running_loop().call_soon(self._pump)
                    break
                left -= 1
                entry, position = self._pending[0]
                if entry.seq == 0 and self._commits.is_far_ahead:
                    # What ran ahead came back all at once: its events go out in bounded groups.
                    position = self._commits.appended
                if position > self._commits.durable:
                    self._commits.when_durable(position, self._pump)
                    break
                self._pending.popleft()
                if isinstance(entry, Promise):
                    self._lane.ended(entry.path)
                    entry = entry.kept
                commands = step(self.state, entry)
                if isinstance(entry.event, RunMigrated):
                    continue  # `RunRecovered` comes next, and orders all that is due.
                for command in commands:
                    self._perform(command)
                if self.state.paused is not self._lane.is_paused:
                    self._lane.pause(paused=self.state.paused)
        except Exception as error:  # noqa: BLE001 - a bug stops this run, not the process
            self.fail(error)
        finally:
            self._pumping = False
        self._end_if_idle()

    def _perform(self, command: Command) -> None:
        match command:
            case RecordEvent():
                self._pending.append((self._journal(command.event, causes=command.causes), 0))
            case StartAttempt() | Probe():
                self._start(command)
            case SetTimer():
                self._timers.set(command)
            case CancelAttempt():
                self._cancel(command)

    def _start(self, command: StartAttempt | Probe) -> None:
        """Call an action now, or when its time and its turn have come."""
        if self._draining or self._timers.is_later(command):
            return
        # An action that is not registered here stops the run before any intent says it was sent.
        action = self._registry.get(command.node.action.name)
        if self._lane.admit(action, command):
            self._begin(action, command)

    def _begin(self, action: AnyAction, command: StartAttempt | Probe) -> None:
        """Call an action whose turn it is; its intent is journaled first, unless it runs ahead."""
        if isinstance(command, Probe):
            self._workers.add(action, command)
        elif command.node.action.transactional:
            self._transact(action, command)
        elif command.ahead:
            self._run_ahead(action, command)
        else:
            entry = self._journal(_intent(command), causes=command.causes)
            self._sent[command.path] = entry.seq
            self._pending.append((entry, 0))
            self._unsent.add(command.path)
            dated = _dated(command, entry)
            self._commits.when_durable(self._last, lambda: self._send(action, dated))

    def _run_ahead(self, action: AnyAction, command: StartAttempt) -> None:
        """Call an action before anything of it is durable, unless too much is not durable yet."""
        if self._commits.is_far_ahead:
            self._unsent.add(command.path)
            self._commits.when_durable(self._commits.appended, lambda: self._send(action, command))
        else:
            self._workers.add(action, command)

    def _transact(self, action: AnyAction, command: StartAttempt) -> None:
        """Let the commit queue call the action: its intent and its outcome are one commit."""
        work = Transaction(
            run=self.state.run,
            epoch=self._epoch,
            world=self._world,
            action=action,
            command=command,
            intent=_intent(command),
            judge=lambda returned: problem_with(self.state, returned),
            after=self._seq,
        )
        self._seq += 2
        self._last = self._commits.append(work)
        for entry in (work.intended, work.promise):
            self._pending.append((entry, self._last))
            if self._showing is not None:
                self._showing.add(entry, self._last)

    def _fire(self, order: SetTimer) -> None:
        """Report that a time has come, if it still matters."""
        if self.state.timers.get(order.path) == order.at_ms:
            fired = TimerFired(path=order.path, generation=order.generation)
            self._deliver(fired, journal_first=True)

    def _cancel(self, order: CancelAttempt) -> None:
        """Cancel an attempt: at once when it has not been sent, else through the action."""
        if order.path in self._unsent:
            self._unwanted[order.path] = order.reason
            return
        unsent = self._timers.take(order.path) or self._lane.take(order.path)
        begun = unsent is None
        unsent = unsent or self._workers.cancel_call(order)
        if unsent is not None:
            self._deliver(cancelled(unsent, order.reason, sent=False), journal_first=True)
            if begun:
                self._lane.ended(order.path)

    def _expire(self, command: StartAttempt) -> None:
        """Report an attempt whose deadline passed while it waited for its turn."""
        self._deliver(expired(command), journal_first=True)

    def _later(self, start: Callable[P, None], *args: P.args, **named: P.kwargs) -> None:
        """Start what had to wait, outside of `_pump`."""
        try:
            start(*args, **named)
        except Exception as error:  # noqa: BLE001 - as in `_pump`
            self.fail(error)
        self._pump()

    def _send(self, action: AnyAction, command: StartAttempt) -> None:
        """Call the action whose intent is durable now, even when nothing new is started."""
        if command.path not in self._unsent or self.ending:
            return
        self._unsent.discard(command.path)
        reason = self._unwanted.pop(command.path, None)
        if reason is None:
            self._workers.add(action, command)
        else:
            self._deliver(cancelled(command, reason, sent=False), journal_first=True)
            self._lane.ended(command.path)

    def _call(self, action: AnyAction, command: StartAttempt | Probe) -> Coroutine[Any, Any, Event]:
        if isinstance(command, Probe):
            return ask(self._world, action, command, run=self.state.run)
        return attempt(self._world, action, command, run=self.state.run)

    def _report(self, command: StartAttempt | Probe, event: Event) -> None:
        """Take what a call reported; what ran ahead and returned is not journaled itself."""
        ahead = isinstance(command, StartAttempt) and command.ahead
        self._deliver(event, journal_first=not (ahead and isinstance(event, AttemptReturned)))
        self._lane.ended(command.path)

    def _worker_ended(self, error: BaseException | None) -> None:
        if error is not None:
            self.fail(error)
        self._end_if_idle()

    # --- the journal

    def _journal(
        self, event: Event, *, causes: tuple[int, ...] = (), actor: str = "engine"
    ) -> Entry:
        """Give an event its place in the journal and hand it to the commit queue."""
        seq = self._seq + 1
        entry = Entry(event, self._world.clock.now_ms(), seq, self._epoch, actor, causes)
        record = Record(
            run=self.state.run,
            seq=seq,
            epoch=self._epoch,
            body=encode_entry(self.state.run, entry),
            values=self._stored(event),
            head=self._heading.take(entry),
            lease=self._lease_after(event),
        )
        self._last = self._commits.append(record)
        self._seq = seq
        if self._showing is not None:
            self._showing.add(entry, self._last)
        return entry

    def _stored(self, event: Event) -> tuple[StoredValue, ...]:
        """The values of an event; what all runs of a plan share is written by the first of them."""
        values = values_of(event)
        if not isinstance(event, RunStarted):
            return tuple([StoredValue(ref=value.ref, data=value.data) for value in values])
        shared = [value for value in values if value is not event.inputs]
        new = [value for value in shared if value.ref not in self._world.pinned]
        if new:
            # The position of this record: it is the next one that is handed in.
            position = self._commits.appended + 1
            self._commits.when_durable(position, lambda: self._pin(new), urgent=False)
        own = StoredValue(ref=event.inputs.ref, data=event.inputs.data)
        return (own, *(StoredValue(ref=v.ref, data=v.data, shared=True) for v in new))

    def _pin(self, values: list[Value]) -> None:
        """Remember what is durable now, unless the store refused this run."""
        pinned = self._world.pinned
        if self.finished.done() and self.finished.exception() is not None:
            return
        if len(pinned) >= PINNED_MAX:
            pinned.clear()
        pinned.update(value.ref for value in values)

    def _lease_after(self, event: Event) -> LeaseChange | None:
        """A new run is granted its lease with its first event; a settled one lets it go."""
        change, self._granted = self._granted, None
        return LeaseChange(owner=None) if isinstance(event, RunSettled) else change

    # --- the end

    def _end_if_idle(self) -> None:
        """Finish when nothing is under way: settled, drained, or waiting for what may take long.

        What was appended is durable first.
        """
        busy = self._pending or self._workers.busy or self._unsent or self._pumping
        if busy or self.ending:
            return
        if not (self.state.status is not None or self._draining or self._sleeps_long()):
            return
        if self._last > self._commits.durable:
            self._commits.when_durable(self._last, self._end_if_idle)
        else:
            self._stop(None)

    def _sleeps_long(self) -> bool:
        """Whether only persons, signals or distant times can bring the run further."""
        state = self.state
        has_calls = self._timers.has_calls or self._lane.holds
        if has_calls or (state.running and not state.paused):
            return False
        soon = self._world.clock.now_ms() + PATIENCE_MS
        if any(due_ms <= soon for path, due_ms in state.timers.items() if path):
            return False
        return bool(state.in_doubt or state.asleep or state.paused)

    def _stop(self, error: BaseException | None) -> None:
        if self.finished.done():
            return
        self.ending = True
        self._lane.leave()
        if self._showing is not None:
            self._showing.show()
            error = error or self._showing.problem
        if error is None:
            self.finished.set_result(None)
        else:
            self.finished.set_exception(error)
            self.finished.exception()  # There may be nobody who waits for it.
        self._on_end(self)


def _dated(command: StartAttempt, intent: Entry) -> StartAttempt:
    """Bound a write by the age of its intent.

    A process that was stopped and wakes up must not send what its successor has asked about.
    """
    if command.node.action.effect != "write":
        return command
    return replace(command, send_by_ms=intent.at_ms + command.node.timeout_ms)


def _intent(command: StartAttempt) -> AttemptStarted:
    return AttemptStarted(
        path=command.path,
        generation=command.generation,
        attempt=command.attempt,
        call_key=command.call_key,
        args=command.args,
        approval=command.approval,
    )
