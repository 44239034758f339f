"""Where the processes of a trial meet."""

import mmap
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import final

from interlock.actions import Registry
from interlock.runtime import SystemClock
from proofs.counter import CounterService
from proofs.payments import Sender, registry_of


@final
class SharedTime:
    """A clock that all processes born after it share: what is added to it in one, all see.

    So leases and send deadlines pass at once. `sending` counts the requests that are on their way
    out of a process that is being watched.
    """

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 16)
        self._clock = SystemClock()

    def now_ms(self) -> int:
        (added_ms,) = struct.unpack_from("q", self._memory, 0)
        return self._clock.now_ms() + added_ms

    def count(self, sending: int) -> None:
        """Count one more, or one less, that is being sent."""
        self.sending += sending

    def add(self, ms: int) -> None:
        (added_ms,) = struct.unpack_from("q", self._memory, 0)
        struct.pack_into("q", self._memory, 0, added_ms + ms)

    @property
    def sending(self) -> int:
        return struct.unpack_from("q", self._memory, 8)[0]

    @sending.setter
    def sending(self, count: int) -> None:
        struct.pack_into("q", self._memory, 8, count)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A journal, a counter, the actions that reach it, and what time it is."""

    folder: Path
    counter: CounterService
    sender: Sender
    registry: Registry
    time: SharedTime = field(default_factory=SharedTime)

    @property
    def journal(self) -> str:
        return str(self.folder / "journal.db")

    def told(self) -> str:
        """What the last process that failed has said."""
        error = self.folder / "error"
        return error.read_text(encoding="utf-8") if error.exists() else "it left no word"


def place_in(folder: Path) -> Place:
    """Make a place; what all who are born there would have to make first is made."""
    counter = CounterService(folder)
    sender = Sender(counter.path)
    registry = registry_of(sender)
    assert registry.manifests
    return Place(folder=folder, counter=counter, sender=sender, registry=registry)
