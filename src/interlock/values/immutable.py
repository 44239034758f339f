"""Records: dataclasses that cost little, to make and to import.

A frozen dataclass sets each field through `object.__setattr__`, which takes four times as long as
setting it: for the objects of one node, 6 us in all. And each method that `dataclass` writes is
compiled anew in every process: before Python 3.13, 0.4 ms a class, and there are 200 of them
between the start of a process and its first run. Here only `__init__` is.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def immutable(*, kw_only: bool = True) -> Callable[[type[T]], type[T]]:
    """Make a slotted dataclass that is frozen for the type checker, not for Python.

    Objects are equal, and have equal hashes, when they are of one class and their fields are equal;
    a class may have its own `__eq__` and `__hash__`.
    """

    def decorate(cls: type[T]) -> type[T]:
        given = cls.__dict__
        made = dataclass(slots=True, kw_only=kw_only, repr=False, eq=False)(cls)
        if "__eq__" not in given:
            _compare(made)
        if "__repr__" not in given:
            made.__repr__ = _shown
        return made

    return decorate


def _compare(cls: Any) -> None:
    """Let objects be compared by their fields."""
    names = [one.name for one in fields(cls) if one.compare]
    key: Callable[[object], object] = attrgetter(*names) if names else type

    def equals(self: object, other: object) -> bool:
        if self is other:
            return True
        if type(self) is not type(other):
            return NotImplemented
        return key(self) == key(other)

    def hashed(self: object) -> int:
        return hash(key(self))

    cls.__eq__ = equals
    cls.__hash__ = hashed


def _shown(self: Any) -> str:
    shown = (f"{one.name}={getattr(self, one.name)!r}" for one in fields(self) if one.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"
