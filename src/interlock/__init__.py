"""Interlock: the execution stack for AI agents.

The names below are the Python API. They are imported when they are first used, so that
`import interlock` stays light.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from interlock.actions import (
        Action as Action,
        Context as Context,
        Manifest as Manifest,
        Registry as Registry,
        action as action,
        declare as declare,
    )
    from interlock.errors import (
        DocumentInvalid as DocumentInvalid,
        InputsInvalid as InputsInvalid,
        InterlockError as InterlockError,
        NotApplied as NotApplied,
        Permanent as Permanent,
        RetryLater as RetryLater,
    )
    from interlock.graph import (
        Graph as Graph,
        GraphFunction as GraphFunction,
        Mapped as Mapped,
        Retry as Retry,
        cel as cel,
        choose as choose,
        contains as contains,
        draft as draft,
        each as each,
        error_of as error_of,
        first_of as first_of,
        gate as gate,
        graph as graph,
        load as load,
        optional as optional,
        output_of as output_of,
        propose as propose,
        repeat as repeat,
        size as size,
        status as status,
        wait as wait,
        when as when,
    )
    from interlock.journal import Principal as Principal
    from interlock.plan import Limits as Limits, Plan as Plan, compile as compile  # noqa: A004
    from interlock.runtime import (
        CallLimit as CallLimit,
        Chunk as Chunk,
        Heartbeat as Heartbeat,
        RunFailed as RunFailed,
        RunResult as RunResult,
        Runtime as Runtime,
        run as run,
    )
    from interlock.store import Store as Store, open_store as open_store

_HOMES = {
    "Action": "actions",
    "action": "actions",
    "CallLimit": "runtime",
    "cel": "graph",
    "choose": "graph",
    "Chunk": "runtime",
    "compile": "plan",
    "contains": "graph",
    "Context": "actions",
    "declare": "actions",
    "DocumentInvalid": "errors",
    "draft": "graph",
    "each": "graph",
    "error_of": "graph",
    "first_of": "graph",
    "gate": "graph",
    "Graph": "graph",
    "graph": "graph",
    "GraphFunction": "graph",
    "Heartbeat": "runtime",
    "InputsInvalid": "errors",
    "InterlockError": "errors",
    "Limits": "plan",
    "load": "graph",
    "Manifest": "actions",
    "Mapped": "graph",
    "NotApplied": "errors",
    "open_store": "store",
    "optional": "graph",
    "output_of": "graph",
    "Permanent": "errors",
    "Plan": "plan",
    "Principal": "journal",
    "propose": "graph",
    "Registry": "actions",
    "repeat": "graph",
    "Retry": "graph",
    "RetryLater": "errors",
    "run": "runtime",
    "RunFailed": "runtime",
    "RunResult": "runtime",
    "Runtime": "runtime",
    "size": "graph",
    "status": "graph",
    "Store": "store",
    "wait": "graph",
    "when": "graph",
}

__all__ = [
    "Action",
    "action",
    "CallLimit",
    "cel",
    "choose",
    "Chunk",
    "compile",
    "contains",
    "Context",
    "declare",
    "DocumentInvalid",
    "draft",
    "each",
    "error_of",
    "first_of",
    "gate",
    "Graph",
    "graph",
    "GraphFunction",
    "Heartbeat",
    "InputsInvalid",
    "InterlockError",
    "Limits",
    "load",
    "Manifest",
    "Mapped",
    "NotApplied",
    "open_store",
    "optional",
    "output_of",
    "Permanent",
    "Plan",
    "Principal",
    "propose",
    "Registry",
    "repeat",
    "Retry",
    "RetryLater",
    "run",
    "RunFailed",
    "RunResult",
    "Runtime",
    "size",
    "status",
    "Store",
    "wait",
    "when",
]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module `interlock` has no attribute `{name}`")
    return getattr(import_module(f"interlock.{home}"), name)
