"""Interlock: the execution stack for AI agents.

The names below are the Python API. They are imported when they are first used, so that `import interlock` stays light.
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
    )
    from interlock.graph import Graph as Graph, load as load
    from interlock.plan import Limits as Limits, Plan as Plan, compile as compile
    from interlock.runtime import RunFailed as RunFailed, RunResult as RunResult, Runtime as Runtime
    from interlock.store import Store as Store, open_store as open_store

_HOMES = {
    "Action": "actions",
    "action": "actions",
    "compile": "plan",
    "Context": "actions",
    "declare": "actions",
    "DocumentInvalid": "errors",
    "Graph": "graph",
    "InputsInvalid": "errors",
    "InterlockError": "errors",
    "Limits": "plan",
    "load": "graph",
    "Manifest": "actions",
    "NotApplied": "errors",
    "open_store": "store",
    "Permanent": "errors",
    "Plan": "plan",
    "Registry": "actions",
    "RunFailed": "runtime",
    "RunResult": "runtime",
    "Runtime": "runtime",
    "Store": "store",
}

__all__ = [
    "Action",
    "action",
    "compile",
    "Context",
    "declare",
    "DocumentInvalid",
    "Graph",
    "InputsInvalid",
    "InterlockError",
    "Limits",
    "load",
    "Manifest",
    "NotApplied",
    "open_store",
    "Permanent",
    "Plan",
    "Registry",
    "RunFailed",
    "RunResult",
    "Runtime",
    "Store",
]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module `interlock` has no attribute `{name}`")
    return getattr(import_module(f"interlock.{home}"), name)
