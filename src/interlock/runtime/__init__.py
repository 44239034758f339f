"""The runtime: carries out what the engine orders, over a store."""

from interlock.runtime.clock import (
    Clock as Clock,
    Ids as Ids,
    SystemClock as SystemClock,
    SystemIds as SystemIds,
)
from interlock.runtime.driver import Observer as Observer
from interlock.runtime.live import (
    Chunk as Chunk,
    Heartbeat as Heartbeat,
    Watcher as Watcher,
)
from interlock.runtime.reading import read_entries as read_entries
from interlock.runtime.results import RunFailed as RunFailed, RunResult as RunResult
from interlock.runtime.runtime import Runtime as Runtime
from interlock.runtime.sync import run as run

__all__ = [
    "Chunk",
    "Clock",
    "Heartbeat",
    "Ids",
    "Observer",
    "read_entries",
    "run",
    "RunFailed",
    "RunResult",
    "Runtime",
    "SystemClock",
    "SystemIds",
    "Watcher",
]
