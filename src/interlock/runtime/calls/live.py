"""What actions say while they run: shown to whoever watches, and kept nowhere.

Nothing here can hold an action up, nor fail it: a write must not be in doubt for the sake of those
who look on.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias, final

from interlock.errors import InterlockError
from interlock.values import Json, Path, RunId, decode, encode

WAITING_MAX = 1_000
"""What has been said and not been shown; of more, the oldest is dropped."""

SAID_BYTES_MAX = 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A part of what an action makes, while it makes it: `Context.emit`."""

    run: RunId
    path: Path
    attempt: int
    value: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """A sign that an action is at work, with its words: `Context.heartbeat`."""

    run: RunId
    path: Path
    attempt: int
    value: Json


Watcher: TypeAlias = Callable[[Chunk | Heartbeat], None]
"""Called with what actions say, in the order in which they say it, in the loop."""


@final
class Live:
    """Hands to a watcher what actions say, out of any thread."""

    def __init__(self, watcher: Watcher, loop: asyncio.AbstractEventLoop) -> None:
        self._watcher: Watcher | None = watcher
        self._loop = loop
        self._waiting: deque[Chunk | Heartbeat] = deque(maxlen=WAITING_MAX)
        self._is_due = False

    def say(self, said: Chunk | Heartbeat) -> None:
        """Let the watcher see this soon; returns at once."""
        if self._watcher is None:
            return
        self._waiting.append(said)
        if not self._is_due:
            self._is_due = True
            with suppress(RuntimeError):  # The loop is closed; a thread was given up on.
                self._loop.call_soon_threadsafe(self.show)

    def show(self) -> None:
        """Show what waits. Called in the loop, before the end of an attempt is told."""
        # First the flag: what is said from here on is shown now, or makes itself due again.
        self._is_due = False
        while self._waiting and self._watcher is not None:
            said = self._waiting.popleft()
            try:
                self._watcher(said)
            except Exception as error:  # noqa: BLE001 - who watches must not touch the run
                self._watcher = None
                self._loop.call_exception_handler(
                    {"message": "a watcher failed; nothing more is shown to it", "exception": error}
                )


def sayable(value: object) -> Json:
    """Return what is shown of a value: itself, as JSON has it, or why it cannot be shown."""
    try:
        data = encode(value)
    except Exception as error:  # noqa: BLE001 - it is the action's, which may change it meanwhile
        return f"(not shown: {error.message if isinstance(error, InterlockError) else error})"
    if len(data) > SAID_BYTES_MAX:
        return f"(not shown: {len(data):,} bytes are over the limit of {SAID_BYTES_MAX:,})"
    return decode(data)
