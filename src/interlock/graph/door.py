"""Why `from interlock import graph` gives a decorator, though there is a package of that name.

Python binds a package to its name in the package above it as soon as anything imports it. So the
package itself can be called, which the language provides for, and does what the decorator does.
"""

import sys
from types import ModuleType
from typing import Any


class CallableModule(ModuleType):
    """A module that does what its `graph` does when it is called."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.graph(*args, **kwargs)


def make_callable(name: str) -> None:
    """Let a module be called."""
    sys.modules[name].__class__ = CallableModule
