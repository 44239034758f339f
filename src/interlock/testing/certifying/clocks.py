"""A clock that jumps."""

from typing import final

from interlock.runtime import Clock


@final
class JumpingClock:
    """Another clock, and an offset to it that changes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset_ms = 0

    def now_ms(self) -> int:
        """Return the time now."""
        return self._clock.now_ms() + self._offset_ms

    def jump(self, by_ms: int) -> None:
        """Let the time be another one from now on."""
        self._offset_ms += by_ms
