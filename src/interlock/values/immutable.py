"""Classes whose objects are made in the hot path, several for each node that runs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True)
def immutable(*, kw_only: bool = True) -> Callable[[type[T]], type[T]]:
    """Make a slotted dataclass that is frozen for the type checker, not for Python.

    A frozen dataclass sets each field through `object.__setattr__`, which takes four times as long
    as setting it: for the objects of one node, 6 us in all.
    """

    def decorate(cls: type[T]) -> type[T]:
        # As in a frozen dataclass, equal objects have equal hashes, unless the class has its own.
        own = "__hash__" in cls.__dict__
        return dataclass(slots=True, kw_only=kw_only, unsafe_hash=not own)(cls)

    return decorate
