"""The runtime: carries out what the engine orders, over a store."""

from interlock.runtime.calls import Chunk as Chunk, Heartbeat as Heartbeat, Watcher as Watcher
from interlock.runtime.clock import (
    Clock as Clock,
    Ids as Ids,
    SystemClock as SystemClock,
    SystemIds as SystemIds,
)
from interlock.runtime.deciding import (
    Notify as Notify,
    OpenGate as OpenGate,
    Roles as Roles,
    deciders as deciders,
    roles_of as roles_of,
)
from interlock.runtime.driving import Observer as Observer
from interlock.runtime.erasing import (
    Chosen as Chosen,
    Erased as Erased,
    Removal as Removal,
    erase as erase,
    others_with as others_with,
    overwrite as overwrite,
    removal_of as removal_of,
)
from interlock.runtime.owning import (
    OnChange as OnChange,
    RunChanged as RunChanged,
    Upgrade as Upgrade,
    examine as examine,
)
from interlock.runtime.reading import read_entries as read_entries
from interlock.runtime.results import RunFailed as RunFailed, RunResult as RunResult
from interlock.runtime.runtime import Runtime as Runtime
from interlock.runtime.scheduling import CallLimit as CallLimit, check_limits as check_limits
from interlock.runtime.starting import Queued as Queued, Start as Start
from interlock.runtime.sync import run as run
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
    "Chosen",
    "Chunk",
    "Clock",
    "deciders",
    "erase",
    "Erased",
    "examine",
    "Heartbeat",
    "Ids",
    "LetGo",
    "Notify",
    "Observer",
    "OnChange",
    "OpenGate",
    "others_with",
    "overwrite",
    "Queued",
    "read_entries",
    "Removal",
    "removal_of",
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
