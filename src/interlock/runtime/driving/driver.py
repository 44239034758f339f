"""Drives one run: carries out the engine's commands and reports what happened as events.

Events are stepped in the order of the journal. Where the output-commit rule says so, an event waits
in `_pending` until it is durable; everything behind it waits too. Nothing here decides anything:
that is the engine's.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from types import CoroutineType
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
from interlock.errors import StoreError
from interlock.journal import (
    Actor,
    AttemptFailed,
    AttemptReturned,
    AttemptStarted,
    Entry,
    Event,
    GateOpened,
    LeaseChange,
    Message,
    RunHead,
    RunMigrated,
    RunRecovered,
    TimerFired,
)
from interlock.runtime.calls import (
    Calls,
    Promise,
    Transaction,
    World,
    ask,
    attempt,
    cancelled,
    expired,
)
from interlock.runtime.clock import Clock
from interlock.runtime.commits import CommitQueue, Position
from interlock.runtime.deciding import Mail, Notices, Notify
from interlock.runtime.driving.ending import Ending
from interlock.runtime.driving.showing import Observer, Showing
from interlock.runtime.driving.timers import Timers
from interlock.runtime.driving.writer import Writer
from interlock.runtime.owning import resting, sleeps_long
from interlock.runtime.scheduling import Lane, Scheduler
from interlock.values import Path, maker, paths

P = ParamSpec("P")

_entry = maker(Entry)

TURN_EVENTS_MAX = 32
"""After this many events of one run, the rest of the process has its turn."""


class Driver:
    """One run in one process.

    Made by `Runtime`; `finished` is reached when there is nothing left to do here, and `on_end` is
    called in the same moment. `waiting` counts the callers that wait for that. One that is `ending`
    takes nothing any more. `notices` tell of its gates.
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
        may_leave: "Callable[[Driver], bool]",
        on_end: "Callable[[Driver], None]",
        observer: Observer | None = None,
        notify: Notify | None = None,
        granted: LeaseChange | None = None,
        priority: int = 0,
    ) -> None:
        self.state = state
        self.finished = Ending()
        self._registry = registry
        self._world = world
        self._commits = commits
        self._may_leave = may_leave
        self._on_end = on_end
        self._pending: deque[tuple[Entry | Promise, Position]] = deque()
        self._calls = Calls(self._call, self._report, self._task_ended)
        self._timers = Timers(world.clock, partial(self._later, self._start), self._fire)
        self._lane = Lane(
            scheduler,
            priority=priority,
            start=partial(self._later, self._begin),
            expire=self._expire,
        )
        self._lane.pause(paused=state.paused)
        self.notices = Notices(state, notify, self.end_if_idle)
        self._mail = Mail(world.roles, keys=world.keys)
        self._held: list[tuple[Event, bool]] = []
        self._unwanted: dict[Path, str] = {}
        self._unsent: set[Path] = set()
        self._writer = Writer(
            state,
            head=head,
            epoch=epoch,
            world=world,
            commits=commits,
            mail=self._mail,
            granted=granted,
            priority=priority,
            showing=Showing(state.run, observer, commits) if observer is not None else None,
        )
        self._sent: dict[Path, int] = {}
        self._pumping = False
        self.draining = False
        self.ending = False
        self.waiting = 0

    @property
    def has_let_go(self) -> bool:
        """Whether the run has ended, in a transaction that lets its lease go."""
        return self._writer.has_let_go

    # --- what comes from outside

    def start(self, *events: Event, actor: Actor, told: Iterable[Message] = ()) -> None:
        """Apply the events that begin or recover, take what was decided, and go on from there."""
        _deliver_first(told, self._mail, self._lane)
        for event in events:
            # It is an owner that takes a run up, also where a person's decision is the reason.
            by = None if isinstance(event, RunRecovered) else actor
            self._pending.append((self._writer.append(event, actor=by), 0))
        self._pump()

    def begin(self, first: Entry, *, told: Iterable[Message] = ()) -> None:
        """Begin a run that was queued: its first event is in the journal, and nobody saw it yet."""
        _deliver_first(told, self._mail, self._lane)
        self._writer.seq = first.seq
        self._pending.append((first, 0))
        self._pump()

    def tell(self, messages: Iterable[Message]) -> None:
        """Take decisions from outside, as soon as all that happened before has been stepped."""
        self._mail.deliver(messages)
        self._pump()

    def drain(self) -> None:
        """Start nothing any more; `finished` is reached when what is under way has ended."""
        self._start_nothing()
        self.end_if_idle()

    async def abandon(self) -> None:
        """Cancel what is under way. The run stays open; a later owner recovers it.

        What was handed to the journal is durable when this returns, or the store has failed.
        """
        self._start_nothing()
        self._unsent.clear()
        self.notices.cancel()
        await self._calls.stop()
        self.end_if_idle()
        await asyncio.wait([self.finished.awaited()])

    def refuse(self, error: BaseException) -> None:
        """Stop because the store took nothing of what is not durable yet; nobody gets to see it."""
        self._writer.forget()
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
        self._calls.cancel()
        self.notices.cancel()
        if isinstance(error, StoreError):
            self._stop(error)
        else:
            self._commits.when_durable(self._writer.last, lambda: self._stop(error))

    def _start_nothing(self) -> None:
        self.draining = True
        self._timers.cancel()
        self._lane.forget()

    # --- the loop: journal, step, perform

    def _deliver(self, event: Event, *, journal_first: bool) -> None:
        """Take what an attempt reported.

        Journaled and durable before it is judged, unless it ran ahead.
        """
        if self.ending:
            return
        if self._mail.waiting:
            # A message waits until all that was journaled is stepped: so nothing is, meanwhile.
            self._held.append((event, journal_first))
        else:
            self._queue(event, journal_first=journal_first)
        self._pump()

    def _queue(self, event: Event, *, journal_first: bool) -> None:
        if journal_first:
            cause = (
                self._sent.pop(event.path, 0)
                if isinstance(event, AttemptReturned | AttemptFailed)
                else 0
            )
            entry = self._writer.append(event, causes=(cause,) if cause else ())
            self._pending.append((entry, self._commits.appended))
        else:
            self._pending.append((_entry(event, self._world.clock.now_ms()), 0))

    def _pump(self) -> None:
        """Step events in order, as far as they are durable where they have to be."""
        if self._pumping or self.ending:
            return
        self._pumping = True
        state, pending, commits, lane = self.state, self._pending, self._commits, self._lane
        clock = self._world.clock
        left = TURN_EVENTS_MAX
        try:
            while pending or self._hear():
                if left == 0:
                    # Many events became durable at once: other runs must not wait for all of them.
                    asyncio.get_running_loop().call_soon(self._pump)
                    break
                left -= 1
                entry, position = pending[0]
                if entry.seq == 0 and commits.is_far_ahead:
                    # What ran ahead came back all at once: its events go out in bounded groups.
                    position = commits.appended
                if position and position > commits.durable:
                    commits.when_durable(position, self._pump)
                    break
                pending.popleft()
                if isinstance(entry, Promise):
                    lane.ended(entry.path)
                    entry = entry.kept
                commands = step(state, entry)
                if isinstance(entry.event, RunMigrated):
                    continue  # `RunRecovered` comes next, and orders all that is due.
                is_held = state.paused or (bool(state.timers) and _is_over(state, clock))
                if is_held and not lane.is_paused:
                    lane.pause(paused=True)
                for command in commands:
                    self._perform(command)
                if lane.is_paused and not is_held and not self._mail.waiting:
                    lane.pause(paused=False)
        except Exception as error:  # noqa: BLE001 - a bug stops this run, not the process
            self.fail(error)
        finally:
            self._pumping = False
        self.end_if_idle()

    def _hear(self) -> bool:
        """Turn the oldest message that still makes sense into an event; then let reports follow.

        Called when all that was journaled has been stepped. Whether anything is pending now.
        """
        if self._mail.waiting and not (self.draining or self.has_let_go):
            found = self._mail.take(self.state)
            if found is not None:
                event, actor = found
                self._pending.append((self._writer.append(event, actor=actor), 0))
                return True
            # None of them made sense, so no event lets go on what was held back for them.
            if not (self.state.paused or _is_over(self.state, self._world.clock)):
                self._lane.pause(paused=False)
        held, self._held = self._held, []
        for event, journal_first in held:
            self._queue(event, journal_first=journal_first)
        return bool(self._pending)

    def _perform(self, command: Command) -> None:
        match command:
            case RecordEvent():
                self._pending.append((self._writer.append(command.event, causes=command.causes), 0))
                if isinstance(command.event, GateOpened):
                    tell = partial(self.notices.tell, command.event)
                    self._commits.when_durable(self._writer.last, tell)
            case StartAttempt() | Probe():
                self._start(command)
            case SetTimer():
                self._timers.set(command)
            case CancelAttempt():
                self._cancel(command)

    def _start(self, command: StartAttempt | Probe) -> None:
        """Call an action now, or when its time and its turn have come."""
        if self.draining or self._timers.is_later(command):
            return
        # An action that is not registered here stops the run before any intent says it was sent.
        action = self._registry.get(command.node.action.name)
        if self._lane.admit(action, command):
            self._begin(action, command)

    def _begin(self, action: AnyAction, command: StartAttempt | Probe) -> None:
        """Call an action whose turn it is; its intent is journaled first, unless it runs ahead."""
        if isinstance(command, Probe):
            self._calls.add(action, command)
        elif command.node.action.transactional:
            self._transact(action, command)
        elif command.ahead:
            self._run_ahead(action, command)
        else:
            entry = self._writer.append(_intent(command), causes=command.causes)
            self._sent[command.path] = entry.seq
            self._pending.append((entry, 0))
            self._unsent.add(command.path)
            dated = _dated(command, entry)
            self._commits.when_durable(self._writer.last, lambda: self._send(action, dated))

    def _run_ahead(self, action: AnyAction, command: StartAttempt) -> None:
        """Call an action before anything of it is durable, unless too much is not durable yet."""
        if self._commits.is_far_ahead:
            self._unsent.add(command.path)
            self._commits.when_durable(self._commits.appended, lambda: self._send(action, command))
        else:
            self._calls.add(action, command)

    def _transact(self, action: AnyAction, command: StartAttempt) -> None:
        """Let the commit queue call the action: its intent and its outcome are one commit."""
        work = Transaction(
            run=self.state.run,
            epoch=self._writer.epoch,
            world=self._world,
            action=action,
            command=command,
            intent=_intent(command),
            judge=lambda returned: problem_with(self.state, returned),
            after=self._writer.seq,
        )
        position = self._writer.append_transaction(work)
        self._pending.append((work.intended, position))
        self._pending.append((work.promise, position))

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
        unsent = unsent or self._calls.cancel_call(order)
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
            self._calls.add(action, command)
        else:
            self._deliver(cancelled(command, reason, sent=False), journal_first=True)
            self._lane.ended(command.path)

    def _call(
        self, action: AnyAction, command: StartAttempt | Probe
    ) -> "Event | CoroutineType[Any, Any, Event]":
        if isinstance(command, Probe):
            return ask(self._world, action, command, run=self.state.run)
        return attempt(self._world, action, command, run=self.state.run)

    def _report(self, command: StartAttempt | Probe, event: Event) -> None:
        """Take what a call reported; what ran ahead and returned is not journaled itself."""
        ahead = isinstance(command, StartAttempt) and command.ahead
        self._deliver(event, journal_first=not (ahead and isinstance(event, AttemptReturned)))
        self._lane.ended(command.path)

    def _task_ended(self, error: BaseException | None) -> None:
        if error is not None:
            self.fail(error)
        self.end_if_idle()

    # --- the end

    def end_if_idle(self) -> None:
        """Finish when nothing is under way: settled, drained, or waiting for what may take long.

        What was appended is durable first.
        """
        busy = self._pending or self._calls.busy or self._unsent or self._pumping or self._held
        if busy or self.ending:
            return
        if self.notices.busy:
            # Asked again when they are over. Once the run has ended, nobody need be told any more.
            if self.state.status is not None:
                self.notices.cancel()
            return
        if not (self.state.status is not None or self.draining):
            may_come = self._timers.has_calls or self._lane.holds
            if may_come or not sleeps_long(self.state, now_ms=self._world.clock.now_ms()):
                return
        if self._writer.last > self._commits.durable:
            self._commits.when_durable(self._writer.last, self.end_if_idle)
        elif self._may_leave(self):
            self._stop(None)

    def left_with(self) -> tuple[RunHead | None, tuple[str, ...]]:
        """The row of the run while nobody owns it, and the messages that came to nothing."""
        head = self._writer.head
        if head is None or self.state.status is not None:
            return None, self._mail.taken()
        if self.notices.is_cut_off:
            # Not put to rest: whoever takes the run up next tells of its gates.
            return replace(head, status="running", wake_ms=None), self._mail.taken()
        return resting(self.state, head), self._mail.taken()

    def _stop(self, error: BaseException | None) -> None:
        if self.finished.is_reached:
            return
        self.ending = True
        self._lane.leave()
        self._timers.part()
        self._calls.part()
        self.notices.part()
        error = error or self._writer.close()
        self.finished.reach(error)
        self._on_end(self)


def _deliver_first(told: Iterable[Message], mail: Mail, lane: Lane) -> None:
    """Start nothing before what was decided is taken: it may be to pause, or to cancel."""
    mail.deliver(told)
    if mail.waiting:
        lane.pause(paused=True)


def _is_over(state: State, clock: Clock) -> bool:
    """Whether a run is past its deadline, as its timer is about to tell: nothing is started."""
    due_ms = state.timers.get(paths.ROOT)
    return due_ms is not None and due_ms <= clock.now_ms()


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
