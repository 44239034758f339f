"""Time, identity and chance of the real world: the only place that reads them."""

import os
import socket
import time
from typing import Protocol, final

from interlock.journal import OwnerId, owner_id
from interlock.values import RunId, ulid


class Clock(Protocol):
    """Wall-clock time in milliseconds since the epoch."""

    def now_ms(self) -> int:
        """Return the time now."""
        ...


class Ids(Protocol):
    """New identities."""

    def run(self, now_ms: int) -> RunId:
        """Return the id of a new run; later runs have greater ids."""
        ...

    def owner(self) -> OwnerId:
        """Return the id of a new owner of runs: one process, one runtime."""
        ...

    def message(self, now_ms: int) -> str:
        """Return the id of a new message to a run."""
        ...

    def chance(self, size: int) -> bytes:
        """Return random bytes that nobody can guess: salts are made of them."""
        ...


@final
class SystemClock:
    """The clock of the machine."""

    def now_ms(self) -> int:
        """Return the time now."""
        return time.time_ns() // 1_000_000


@final
class SystemIds:
    """ULIDs with entropy from the operating system.

    Runs of one millisecond count up from it: later ones have greater ids.
    """

    def __init__(self) -> None:
        self._last_ms = -1
        self._last = 0

    def run(self, now_ms: int) -> RunId:
        """Return the id of a new run."""
        if now_ms == self._last_ms:
            self._last += 1
        else:
            # The highest bit is 0: there is room to count.
            self._last_ms, self._last = now_ms, int.from_bytes(os.urandom(10), "big") >> 1
        return RunId(ulid(now_ms, self._last.to_bytes(10, "big")))

    def message(self, now_ms: int) -> str:
        """Return the id of a new message."""
        return ulid(now_ms, os.urandom(10))

    def chance(self, size: int) -> bytes:
        """Return random bytes of the operating system."""
        return os.urandom(size)

    def owner(self) -> OwnerId:
        """Return an id that names host and process, for the people who read leases."""
        return owner_id(host=socket.gethostname(), process=os.getpid(), salt=os.urandom(4))
