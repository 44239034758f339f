"""Starting: what is run, how it is checked, and starts that wait for a worker."""

from interlock.runtime.starting.keys import check_same as check_same
from interlock.runtime.starting.preparing import compiled as compiled, prepared as prepared
from interlock.runtime.starting.queueing import Queued as Queued, Queueing as Queueing
from interlock.runtime.starting.starts import (
    CheckedStart as CheckedStart,
    Start as Start,
    checked_start as checked_start,
)

__all__ = [
    "check_same",
    "checked_start",
    "CheckedStart",
    "compiled",
    "prepared",
    "Queued",
    "Queueing",
    "Start",
]
