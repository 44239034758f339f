"""Stations: what a call has to pass before it is started, each with a fair queue of those who wait.

`Slots` bounds how many go on at a time, `Pace` how many are started in a time.
"""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeAlias, TypeVar, final

from interlock.runtime.scheduling.turns import T, Turns

S = TypeVar("S")

US_PER_S = 1_000_000


@final
class Slots(Generic[T]):
    """So many calls go on at a time; each gives its slot back when it ends."""

    __slots__ = ("most", "taken", "waiting")

    def __init__(self, most: int) -> None:
        self.most = most
        self.taken = 0
        self.waiting: Turns[T] = Turns()

    def is_free(self) -> bool:
        """Whether another call may go on."""
        return self.taken < self.most

    def take(self) -> None:
        """Count one more."""
        self.taken += 1

    def is_idle(self) -> bool:
        """Whether it holds nothing that must be remembered."""
        return self.taken == 0 and self.waiting.size == 0


@final
class Pace(Generic[T]):
    """So many calls are started in a time, evenly: the generic cell rate algorithm.

    `_due_us` is the theoretical arrival time of ITU-T I.371, annex A: when the next call would
    come if calls came evenly. One may come `burst - 1` intervals before it. The time is the loop's,
    which never goes back, in whole microseconds; an interval is rounded up, so that a rate is never
    exceeded. Between `take` and `start` or `give_back` it is closed: the call that has its turn
    waits for something else, and it is its start that counts.
    """

    __slots__ = ("_due_us", "_interval_us", "_is_taken", "_loop", "_slack_us", "_timer", "_wake",
                 "waiting")  # fmt: skip

    def __init__(self, interval_us: int, burst: int, wake: "Callable[[Pace[T]], None]") -> None:
        self.waiting: Turns[T] = Turns()
        self._interval_us = interval_us
        self._slack_us = interval_us * (burst - 1)
        self._due_us = 0
        self._is_taken = False
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._wake = wake

    def is_free(self) -> bool:
        """Whether a call may be started now; if only time is missing, wakes when it has come."""
        if self._is_taken:
            return False
        at_us = self._due_us - self._slack_us
        if at_us <= self._now_us():
            return True
        if self._timer is None:
            self._timer = self._loop.call_at(at_us / US_PER_S, self._woken)
        return False

    def take(self) -> None:
        """Let one call have its turn; it is closed until that is started or given back."""
        self._is_taken = True

    def start(self) -> None:
        """Count the call whose turn it was: it is started now."""
        self._is_taken = False
        self._due_us = max(self._now_us(), self._due_us) + self._interval_us

    def give_back(self) -> None:
        """Let the next one have the turn of a call that is not started after all."""
        self._is_taken = False

    def is_idle(self) -> bool:
        """Whether it holds nothing that must be remembered."""
        free = not self._is_taken and self.waiting.size == 0
        return free and self._due_us <= self._now_us()

    def close(self) -> None:
        """Wake nobody any more."""
        if self._timer is not None:
            self._timer.cancel()

    def _woken(self) -> None:
        self._timer = None
        self._wake(self)

    def _now_us(self) -> int:
        return round(self._loop.time() * US_PER_S)


Station: TypeAlias = "Slots[S] | Pace[S]"
