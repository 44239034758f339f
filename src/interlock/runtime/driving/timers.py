"""The timers of one run: attempts whose time has not come, and times that the engine waits for."""

import asyncio
from collections.abc import Callable
from typing import TypeAlias, final

from interlock.engine import Probe, SetTimer, StartAttempt
from interlock.runtime.clock import Clock
from interlock.values import Path

Call: TypeAlias = StartAttempt | Probe

LOOK_MS = 10_000
"""How often the clock is looked at, at least: a time is a time of the clock, and clocks jump."""


@final
class _Alarm:
    """Wakes somebody when the clock shows a time, whichever way it gets there; never before."""

    def __init__(self, clock: Clock, at_ms: int, wake: Callable[[], None]) -> None:
        self._clock = clock
        self._at_ms = at_ms
        self._wake = wake
        self._handle = self._sleep(at_ms - clock.now_ms())

    def cancel(self) -> None:
        """Wake nobody."""
        self._handle.cancel()

    def _sleep(self, left_ms: int) -> asyncio.TimerHandle:
        seconds = min(max(left_ms, 0), LOOK_MS) / 1000
        return asyncio.get_running_loop().call_later(seconds, self._look)

    def _look(self) -> None:
        left_ms = self._at_ms - self._clock.now_ms()
        if left_ms > 0:
            self._handle = self._sleep(left_ms)
        else:
            self._wake()


def _ignore(_: object) -> None:
    """Take a time of a run that is over."""


@final
class Timers:
    """Calls back when a time has come; belongs to one event loop."""

    def __init__(
        self, clock: Clock, start: Callable[[Call], None], fire: Callable[[SetTimer], None]
    ) -> None:
        self._clock = clock
        self._start = start
        self._fire = fire
        self._calls: dict[Path, tuple[_Alarm, Call]] = {}
        self._times: dict[Path, _Alarm] = {}

    @property
    def has_calls(self) -> bool:
        """Whether calls wait for their time."""
        return bool(self._calls)

    def is_later(self, call: Call) -> bool:
        """Keep a call whose time has not come, and start it then."""
        if not call.not_before_ms or call.not_before_ms <= self._clock.now_ms():
            return False

        def wake() -> None:
            del self._calls[call.path]
            self._start(call)

        self._calls[call.path] = _Alarm(self._clock, call.not_before_ms, wake), call
        return True

    def take(self, path: Path) -> StartAttempt | None:
        """Take back an attempt whose time has not come; a probe is asked all the same."""
        timer, call = self._calls.get(path, (None, None))
        if timer is None or not isinstance(call, StartAttempt):
            return None
        timer.cancel()
        del self._calls[path]
        return call

    def set(self, order: SetTimer) -> None:
        """Report a time when it has come; a later order for the same path takes its place."""

        def wake() -> None:
            del self._times[order.path]
            self._fire(order)

        earlier = self._times.pop(order.path, None)
        if earlier is not None:
            earlier.cancel()
        self._times[order.path] = _Alarm(self._clock, order.at_ms, wake)

    def cancel(self) -> None:
        """Forget everything."""
        for timer in (*self._times.values(), *(timer for timer, _ in self._calls.values())):
            timer.cancel()
        self._times.clear()
        self._calls.clear()

    def part(self) -> None:
        """Forget everything, and whom to call, so that the run can be freed (see `Calls`)."""
        self.cancel()
        self._start = self._fire = _ignore
