"""Scheduling: which call is started next, over all runs of a process."""

from interlock.runtime.scheduling.limits import (
    CallLimit as CallLimit,
    check_limits as check_limits,
    checked_limits as checked_limits,
)
from interlock.runtime.scheduling.scheduler import (
    ATTEMPTS_IN_FLIGHT_MAX as ATTEMPTS_IN_FLIGHT_MAX,
    THREADS_MAX as THREADS_MAX,
    Lane as Lane,
    Scheduler as Scheduler,
)
from interlock.runtime.scheduling.turns import PRIORITY_MAX as PRIORITY_MAX

__all__ = [
    "ATTEMPTS_IN_FLIGHT_MAX",
    "CallLimit",
    "check_limits",
    "checked_limits",
    "Lane",
    "PRIORITY_MAX",
    "Scheduler",
    "THREADS_MAX",
]
