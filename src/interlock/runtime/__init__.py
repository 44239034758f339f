"""The runtime: carries out what the engine orders, over a store.

What destroys is imported when it is used first: a run needs none of it.
"""

from importlib import import_module
from typing import TYPE_CHECKING

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
from interlock.runtime.owning import (
    OnChange as OnChange,
    RunChanged as RunChanged,
    Upgrade as Upgrade,
    examine as examine,
)
from interlock.runtime.reading import (
    Remains as Remains,
    erased_words as erased_words,
    read_entries as read_entries,
    read_remains as read_remains,
    why_pruned as why_pruned,
)
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

if TYPE_CHECKING:
    from interlock.runtime.disposal import (
        Chosen as Chosen,
        Due as Due,
        Erased as Erased,
        Forgetting as Forgetting,
        PruningPlan as PruningPlan,
        PruningResult as PruningResult,
        Removal as Removal,
        all_runs as all_runs,
        erase as erase,
        facts_in as facts_in,
        forget as forget,
        forgetting_of as forgetting_of,
        others_with as others_with,
        overwrite as overwrite,
        place_hold as place_hold,
        place_subject_hold as place_subject_hold,
        plan_pruning as plan_pruning,
        prune as prune,
        read_keeping as read_keeping,
        release_hold as release_hold,
        removal_of as removal_of,
        removals as removals,
        require_not_held as require_not_held,
        row_without as row_without,
    )

_DISPOSAL = frozenset(
    (
        "Chosen",
        "Due",
        "Erased",
        "Forgetting",
        "PruningPlan",
        "PruningResult",
        "Removal",
        "all_runs",
        "erase",
        "facts_in",
        "forget",
        "forgetting_of",
        "others_with",
        "overwrite",
        "place_hold",
        "place_subject_hold",
        "plan_pruning",
        "prune",
        "read_keeping",
        "release_hold",
        "removal_of",
        "removals",
        "require_not_held",
        "row_without",
    )
)

__all__ = [
    "all_runs",
    "CallLimit",
    "check_limits",
    "Chosen",
    "Chunk",
    "Clock",
    "deciders",
    "Due",
    "erase",
    "Erased",
    "erased_words",
    "examine",
    "facts_in",
    "forget",
    "Forgetting",
    "forgetting_of",
    "Heartbeat",
    "Ids",
    "LetGo",
    "Notify",
    "Observer",
    "OnChange",
    "OpenGate",
    "others_with",
    "overwrite",
    "place_hold",
    "place_subject_hold",
    "plan_pruning",
    "prune",
    "PruningPlan",
    "PruningResult",
    "Queued",
    "read_entries",
    "read_keeping",
    "read_remains",
    "release_hold",
    "Remains",
    "Removal",
    "removal_of",
    "removals",
    "Report",
    "require_not_held",
    "Roles",
    "roles_of",
    "row_without",
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
    "why_pruned",
    "Worker",
]


def __getattr__(name: str) -> object:
    if name not in _DISPOSAL:
        raise AttributeError(f"module `interlock.runtime` has no attribute `{name}`")
    return getattr(import_module("interlock.runtime.disposal"), name)
