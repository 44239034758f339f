"""Which call is started next, over all runs of a process.

A call passes its stations one after the other and waits in the queue of the first that is not free;
then it is started. All calls pass them in one fixed order, so that they cannot wait for each other:
rates, the slowest first; then concurrency, the narrowest first; then the threads; then the calls
that the process has in flight. What is wide comes last: nothing that all runs share is held by a
call that waits for something else.
"""

import asyncio
import math
from collections.abc import Callable, Iterable
from typing import TypeAlias, cast, final

from interlock.actions import AnyAction
from interlock.engine import Probe, StartAttempt
from interlock.runtime.clock import Clock
from interlock.runtime.scheduling.limits import CallLimit
from interlock.runtime.scheduling.stations import US_PER_S, Pace, Slots
from interlock.values import Json, Path, encode, immutable, mutable

Call: TypeAlias = StartAttempt | Probe

ATTEMPTS_IN_FLIGHT_MAX = 1_000
"""Calls of a process that go on at a time; beyond it, runs take turns."""

THREADS_MAX = 64
"""Plain `def` actions that run at a time in a process."""

IDLE_STATIONS_MAX = 1_024
"""Stations that may be kept without need; those of values that no call has any more go."""


@mutable(eq=False)
class Ticket:
    """A call on its way through its stations; it has taken the first `passed` of them."""

    lane: "Lane"
    action: AnyAction
    call: Call
    stations: "tuple[Station, ...]"
    passed: int = 0
    timer: asyncio.TimerHandle | None = None


Station: TypeAlias = Slots[Ticket] | Pace[Ticket]


@immutable(kw_only=False)
class _Rule:
    """What a limit asks of a call: a station for each value of `by`."""

    number: int
    make: Callable[[], Station]
    by: str | None


@final
class Scheduler:
    """The stations of a process; belongs to one event loop."""

    def __init__(
        self, clock: Clock, *, limits: Iterable[CallLimit] = (), in_flight_max: int
    ) -> None:
        self.clock = clock
        self.slots: Slots[Ticket] = Slots(in_flight_max)
        self._threads: Slots[Ticket] = Slots(THREADS_MAX)
        self._limits = tuple(limits)
        self._rules: dict[str, tuple[_Rule, ...]] = {}
        self._stations: dict[tuple[int, bytes], Station] = {}
        self._kept_max = IDLE_STATIONS_MAX
        self.has_limits = bool(self._limits)

    def advance(self, ticket: Ticket) -> bool:
        """Let a call pass as many stations as are free; true when it may be started now."""
        for station in ticket.stations[ticket.passed :]:
            if station.waiting.size or not station.is_free():
                lane = ticket.lane
                station.waiting.add(ticket, run=lane, priority=lane.priority)
                return False
            station.take()
            ticket.passed += 1
        for station in ticket.stations:
            if isinstance(station, Pace):
                station.start()
        return True

    def serve(self, station: Station) -> None:
        """Let those who wait at a station go on, in turn, while it is free."""
        while station.waiting.size and station.is_free():
            ticket = station.waiting.take()
            station.take()
            ticket.passed += 1
            if self.advance(ticket):
                ticket.lane.start(ticket)
                self.serve_paces(ticket)

    def serve_paces(self, ticket: Ticket) -> None:
        """Let others have their turn at the paces that were closed for a call that is started."""
        for station in ticket.stations:
            if isinstance(station, Pace) and station.waiting.size:
                self.serve(station)

    def release(self, ticket: Ticket, *, started: bool) -> None:
        """Give back what a call has taken: it has ended, or is not to be started."""
        taken = ticket.stations[: ticket.passed]
        for station in taken:
            if isinstance(station, Slots):
                station.taken -= 1
            elif not started:
                station.give_back()
        for station in taken:
            if station.waiting.size:
                self.serve(station)

    def stations_of(self, action: AnyAction, call: Call) -> tuple[Station, ...]:
        """Return the stations of a call, in their order."""
        if len(self._stations) > self._kept_max:
            self._forget_idle()
        stations: list[Station] = []
        if self.has_limits:
            arguments = cast(dict[str, Json], call.args.json)
            for rule in self._rules_of(action.name):
                value = b"" if rule.by is None else encode(arguments.get(rule.by))
                station = self._stations.get((rule.number, value))
                if station is None:
                    station = self._stations[rule.number, value] = rule.make()
                stations.append(station)
        if not action.is_async:
            stations.append(self._threads)
        return (*stations, self.slots)

    def _rules_of(self, action: str) -> tuple[_Rule, ...]:
        rules = self._rules.get(action)
        if rules is None:
            rules = self._rules[action] = self._ordered_rules(action)
        return rules

    def _ordered_rules(self, action: str) -> tuple[_Rule, ...]:
        paces: list[tuple[int, int, _Rule]] = []
        slots: list[tuple[int, int, _Rule]] = []
        for index, limit in enumerate(self._limits):
            if not limit.fits(action):
                continue
            if limit.rate_per_s is not None:
                interval_us = math.ceil(US_PER_S / limit.rate_per_s)
                make = _pace_maker(interval_us, limit.burst_max, self.serve)
                paces.append((-interval_us, index, _Rule(2 * index, make, limit.by)))
            if (most := limit.concurrency_max) is not None:
                rule = _Rule(2 * index + 1, _slots_maker(most), limit.by)
                slots.append((most, index, rule))
        ordered = sorted(paces, key=lambda one: one[:2]) + sorted(slots, key=lambda one: one[:2])
        return tuple(rule for _, _, rule in ordered)

    def _forget_idle(self) -> None:
        """Forget stations that hold nothing; look again when there are twice as many as left."""
        self._stations = {
            key: station for key, station in self._stations.items() if not station.is_idle()
        }
        self._kept_max = max(IDLE_STATIONS_MAX, 2 * len(self._stations))

    def close(self) -> None:
        """Wake nobody any more."""
        for station in self._stations.values():
            if isinstance(station, Pace):
                station.close()


def _pace_maker(
    interval_us: int, burst: int, wake: Callable[[Station], None]
) -> Callable[[], Station]:
    return lambda: Pace[Ticket](interval_us, burst, wake)


def _slots_maker(most: int) -> Callable[[], Station]:
    return lambda: Slots[Ticket](most)


def _ignore(*_: object) -> None:
    """Take a call that had its turn when its run was over."""


@final
class Lane:
    """What one run has in flight and what of it waits.

    Args:
        start: starts a call that had to wait.
        expire: is told of an attempt whose deadline has passed while it waited.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        *,
        priority: int,
        start: Callable[[AnyAction, Call], None],
        expire: Callable[[StartAttempt], None],
    ) -> None:
        self.priority = priority
        self.is_paused = False
        self._scheduler = scheduler
        self._slots = scheduler.slots
        self._start = start
        self._expire = expire
        self._held: dict[Path, Ticket] = {}
        self._parked: dict[Path, tuple[AnyAction, StartAttempt]] = {}
        self._going: dict[Path, Ticket] = {}
        self._plain = 0
        """Calls in flight that have taken nothing but a slot of the process: most of them."""
        self._has_left = False

    @property
    def holds(self) -> bool:
        """Whether calls wait for their turn; those of a run that is paused do not."""
        return bool(self._held)

    def admit(self, action: AnyAction, call: Call) -> bool:
        """Whether a call may be started now; otherwise it waits, and is started in its turn."""
        scheduler, slots = self._scheduler, self._slots
        if (
            slots.taken < slots.most
            and not slots.waiting.size
            and action.is_async
            and not scheduler.has_limits
            and not self.is_paused
        ):
            slots.taken += 1
            self._plain += 1
            return True
        if self.is_paused and isinstance(call, StartAttempt):
            self._parked[call.path] = action, call
            return False
        ticket = Ticket(self, action, call, scheduler.stations_of(action, call))
        if scheduler.advance(ticket):
            self._going[call.path] = ticket
            return True
        self._held[call.path] = ticket
        if isinstance(call, StartAttempt) and call.deadline_at_ms is not None:
            left_ms = call.deadline_at_ms - scheduler.clock.now_ms()
            loop = asyncio.get_running_loop()
            ticket.timer = loop.call_later(max(left_ms, 0) / 1000, self._expired, call)
        return False

    def start(self, ticket: Ticket) -> None:
        """Start a call that has had its turn."""
        del self._held[ticket.call.path]
        if ticket.timer is not None:
            ticket.timer.cancel()
        self._going[ticket.call.path] = ticket
        self._start(ticket.action, ticket.call)

    def ended(self, path: Path) -> None:
        """Give back what a call has taken that was admitted: it has ended, or was never sent."""
        if self._has_left:
            return
        if self._going and (ticket := self._going.pop(path, None)) is not None:
            self._scheduler.release(ticket, started=True)
            return
        self._plain -= 1
        self._slots.taken -= 1
        if self._slots.waiting.size:
            self._scheduler.serve(self._slots)

    def take(self, path: Path) -> StartAttempt | None:
        """Take back an attempt that waits for its turn; a probe is asked all the same."""
        if path in self._parked:
            return self._parked.pop(path)[1]
        ticket = self._held.get(path)
        if ticket is None or not isinstance(ticket.call, StartAttempt):
            return None
        self._drop(ticket)
        return ticket.call

    def pause(self, *, paused: bool) -> None:
        """Hold back all attempts that have not been started, or let them go on."""
        self.is_paused = paused
        if paused:
            for path, ticket in list(self._held.items()):
                if (call := self.take(path)) is not None:
                    self._parked[path] = ticket.action, call
            return
        parked, self._parked = self._parked, {}
        for action, call in parked.values():
            if self.admit(action, call):
                self._start(action, call)

    def forget(self) -> None:
        """Forget what waits."""
        self._parked.clear()
        for ticket in list(self._held.values()):
            self._drop(ticket)

    def leave(self) -> None:
        """Give everything back: the run goes on here no more, and can be freed (see `Calls`)."""
        self._has_left = True
        self.forget()
        self._start = self._expire = _ignore
        going, self._going = self._going, {}
        for ticket in going.values():
            self._scheduler.release(ticket, started=True)
        self._slots.taken -= self._plain
        self._plain = 0
        self._scheduler.serve(self._slots)

    def _drop(self, ticket: Ticket) -> None:
        del self._held[ticket.call.path]
        if ticket.timer is not None:
            ticket.timer.cancel()
        station = ticket.stations[ticket.passed]
        station.waiting.remove(ticket, run=self, priority=self.priority)
        self._scheduler.release(ticket, started=False)

    def _expired(self, call: StartAttempt) -> None:
        if self.take(call.path) is not None:
            self._expire(call)
