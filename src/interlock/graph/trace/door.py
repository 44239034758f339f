"""Why `from interlock import graph` gives a decorator, though there is a package of that name.

Python binds a package to its name in the package above it as soon as anything imports it. So the
package itself can be called, which the language provides for, and does what the decorator does.
"""

import sys
from types import ModuleType

from interlock.graph.trace.graphs import graph


class CallableModule(ModuleType):
    """A module that is the decorator `graph` when it is called."""

    __call__ = staticmethod(graph)


def make_callable(name: str) -> None:
    """Let a module be called as `graph` is."""
    sys.modules[name].__class__ = CallableModule
