"""The runtime: carries out what the engine orders, over a store."""

from interlock.runtime.clock import Clock as Clock
from interlock.runtime.clock import Ids as Ids
from interlock.runtime.clock import SystemClock as SystemClock
from interlock.runtime.clock import SystemIds as SystemIds
from interlock.runtime.driver import Observer as Observer
from interlock.runtime.reading import pinned_plan as pinned_plan
from interlock.runtime.reading import read_entries as read_entries
from interlock.runtime.results import RunFailed as RunFailed
from interlock.runtime.results import RunResult as RunResult
from interlock.runtime.runtime import Runtime as Runtime

__all__ = [
    "Clock",
    "Ids",
    "Observer",
    "pinned_plan",
    "read_entries",
    "RunFailed",
    "RunResult",
    "Runtime",
    "SystemClock",
    "SystemIds",
]
