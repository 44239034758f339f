"""Records: dataclasses that cost little, to make and to import.

A frozen dataclass sets each field through `object.__setattr__`, which takes four times as long as
setting it: for the objects of one node, 6 us in all. And each method that `dataclass` writes is
compiled anew in every process: before Python 3.13, 0.1 ms a method, and there are 200 classes
between the start of a process and its first run. Here only `__init__` is, and not before the first
object is made: most of the classes never have one.
"""

from collections.abc import Callable
from dataclasses import MISSING, dataclass, field, fields
from operator import attrgetter
from typing import Any, ParamSpec, TypeVar, dataclass_transform

P = ParamSpec("P")
T = TypeVar("T")


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def immutable(*, kw_only: bool = True) -> Callable[[type[T]], type[T]]:
    """Make a slotted dataclass that is frozen for the type checker, not for Python.

    Objects are equal, and have equal hashes, when they are of one class and their fields are equal;
    a class may have its own `__eq__` and `__hash__`.
    """

    def decorate(cls: type[T]) -> type[T]:
        made = _record(cls, kw_only=kw_only)
        if "__eq__" not in cls.__dict__:
            _compare(made)
        return made

    return decorate


@dataclass_transform(field_specifiers=(field,))
def mutable(*, kw_only: bool = False, eq: bool = True) -> Callable[[type[T]], type[T]]:
    """Make a slotted dataclass whose fields may be set.

    Objects are equal when they are of one class and their fields are equal, and have no hash. With
    `eq=False` each is equal to itself alone.
    """

    def decorate(cls: type[T]) -> type[T]:
        made = _record(cls, kw_only=kw_only)
        if eq:
            _compare(made)
            _give(made, "__hash__", None)
        return made

    return decorate


def _record(cls: type[T], *, kw_only: bool) -> type[T]:
    if cls.__doc__ is None:
        # `dataclass` would write the signature there, and import a reader of Python to find it.
        cls.__doc__ = f"{cls.__name__}."
    made = dataclass(slots=True, kw_only=kw_only, repr=False, eq=False, init=False)(cls)
    _give(made, "__init__", _first_init(made))
    if "__repr__" not in cls.__dict__:
        _give(made, "__repr__", _shown)
    return made


def _give(cls: type, name: str, method: object) -> None:
    setattr(cls, name, method)


def _first_init(cls: Any) -> Callable[..., None]:
    """What is called for the first object: it puts the real `__init__` in its place."""

    def init(self: object, *args: object, **kwargs: object) -> None:
        cls.__init__ = real = _init_of(cls)
        real(self, *args, **kwargs)

    return init


def maker(cls: Callable[P, T]) -> Callable[P, T]:
    """Make a function that makes a record as its class does, in half of the time.

    To call a class is to call C, which puts all keywords into a dict and calls `__init__` from
    there. So this is for what is made for each node of a run. The function is compiled at once.
    """
    takes, sets, names = _taken(cls)
    names |= {"_new": object.__new__, "_class": cls}
    return _compiled(f"def make({takes}):\n self = _new(_class){sets}\n return self", names)["make"]


def _init_of(cls: type) -> Callable[..., None]:
    """Compile `__init__`: it takes the fields as `dataclass` says, and sets them."""
    takes, sets, names = _taken(cls)
    init = _compiled(f"def __init__(self, {takes}):{sets or ' pass'}", names)["__init__"]
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    return init


def _taken(cls: Any) -> tuple[str, str, dict[str, Any]]:
    """The parameters for all fields, the lines that set them, and the names in both."""
    names: dict[str, Any] = {"__name__": cls.__module__}
    takes, sets = list[str](), list[str]()
    for one in sorted(fields(cls), key=lambda each: each.kw_only is True):
        name, default = one.name, f"_default_{one.name}"
        if one.kw_only and "*" not in takes:
            takes.append("*")
        if one.default is not MISSING:
            names[default] = one.default
        elif one.default_factory is not MISSING:
            # `list[str]` is for the type checker, and takes five times as long to call as `list`.
            names[default] = getattr(one.default_factory, "__origin__", one.default_factory)
        takes.append(f"{name}={default}" if default in names else name)
        is_made = one.default is MISSING and default in names
        value = f"{default}() if {name} is {default} else {name}" if is_made else name
        sets.append(f"\n self.{name} = {value}")
    if hasattr(cls, "__post_init__"):
        sets.append("\n self.__post_init__()")
    return ", ".join(takes), "".join(sets), names


def _compiled(text: str, names: dict[str, Any]) -> dict[str, Any]:
    exec(text, names)  # noqa: S102 - as `dataclass` does; it holds names of fields alone
    return names


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
