"""The runtime: carries out what the engine orders, over a store."""

from interlock.runtime.clock import (
    Clock as Clock,
    Ids as Ids,
    SystemClock as SystemClock,
    SystemIds as SystemIds,
)
from interlock.runtime.limits import CallLimit as CallLimit, check_limits as check_limits
from interlock.runtime.live import (
    Chunk as Chunk,
    Heartbeat as Heartbeat,
    Watcher as Watcher,
)
from interlock.runtime.notices import Notify as Notify, OpenGate as OpenGate
from interlock.runtime.queueing import Queued as Queued
from interlock.runtime.reading import read_entries as read_entries
from interlock.runtime.results import RunFailed as RunFailed, RunResult as RunResult
from interlock.runtime.roles import Roles as Roles, deciders as deciders, roles_of as roles_of
from interlock.runtime.runtime import Runtime as Runtime
from interlock.runtime.showing import Observer as Observer
from interlock.runtime.starts import Start as Start
from interlock.runtime.sync import run as run
from interlock.runtime.upgrades import (
    OnChange as OnChange,
    RunChanged as RunChanged,
    Upgrade as Upgrade,
    examine as examine,
)
from interlock.runtime.worker import (
    LetGo as LetGo,
    Report as Report,
    SetAside as SetAside,
    TakenUp as TakenUp,
    Worker as Worker,
)

__all__ = [
    "CallLimit",
    "check_limits",
    "Chunk",
    "Clock",
    "deciders",
    "examine",
    "Heartbeat",
    "Ids",
    "LetGo",
    "Notify",
    "Observer",
    "OnChange",
    "OpenGate",
    "Queued",
    "read_entries",
    "Report",
    "Roles",
    "roles_of",
    "run",
    "RunChanged",
    "RunFailed",
    "RunResult",
    "Runtime",
    "SetAside",
    "Start",
    "SystemClock",
    "SystemIds",
    "TakenUp",
    "Upgrade",
    "Watcher",
    "Worker",
]
