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


@final
class SystemClock:
    """The clock of the machine."""

    def now_ms(self) -> int:
        """Return the time now."""
        return time.time_ns() // 1_000_000


@final
class SystemIds:
    """ULIDs with entropy from the operating system."""

    def run(self, now_ms: int) -> RunId:
        """Return the id of a new run."""
        return RunId(ulid(now_ms, os.urandom(10)))

    def message(self, now_ms: int) -> str:
        """Return the id of a new message."""
        return ulid(now_ms, os.urandom(10))

    def owner(self) -> OwnerId:
        """Return an id that names host and process, for the people who read leases."""
        return owner_id(host=socket.gethostname(), process=os.getpid(), salt=os.urandom(4))
