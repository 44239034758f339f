"""The parameters of a function that describes a graph: its inputs."""

import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import cast, get_type_hints

from interlock.actions import Annotation, Context
from interlock.errors import UsageError
from interlock.graph.trace.literals import as_json
from interlock.values import Json, Schema

NO_HINT = object()


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One input.

    Attributes:
        hint: its annotation; `NO_HINT` when there is none.
        default: its default, or `inspect.Parameter.empty`.
    """

    name: str
    words: str
    hint: object = NO_HINT
    default: object = inspect.Parameter.empty

    @cached_property
    def annotation(self) -> Annotation | None:
        """The annotated type."""
        return None if self.hint is NO_HINT else Annotation(self.hint, owner=self.words)

    @property
    def required(self) -> bool:
        """Whether it has no default."""
        return self.default is inspect.Parameter.empty

    def schema(self) -> Schema:
        """Give the JSON Schema, with the default."""
        found = True if self.annotation is None else self.annotation.schema("validation")
        if self.required:
            return found
        base = found if isinstance(found, dict) else {}
        return {**base, "default": self.encode(self.default)}

    def encode(self, value: object) -> Json:
        """Write a Python value as JSON data.

        Raises:
            ValueRefused: it has no JSON form.
        """
        return as_json(value) if self.annotation is None else self.annotation.encode(value)


def read_parameters(
    function: Callable[..., object], *, words: str, free: Collection[str] | None = ()
) -> Mapping[str, Parameter]:
    """Read the parameters of a function.

    Args:
        function: the function.
        words: what messages call it.
        free: the parameters that need no annotation; None for all.

    Raises:
        UsageError: a parameter cannot be an input.
    """
    hints = hints_in(function, words)
    found: dict[str, Parameter] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind in (
            parameter.POSITIONAL_ONLY,
            parameter.VAR_KEYWORD,
            parameter.VAR_POSITIONAL,
        ):
            raise _unfit(words, f"its parameter `{parameter}` has no name", "name each input")
        hint = hints.get(name, NO_HINT)
        if hint is Context:
            told = f"its parameter `{name}` is a Context, which only actions have"
            raise _unfit(words, told, "read secrets and time in an action")
        if hint is NO_HINT and free is not None and name not in free:
            told = f"its parameter `{name}` has no annotation"
            raise _unfit(words, told, f"annotate it, such as `{name}: str`")
        found[name] = Parameter(
            name=name,
            words=f"input `{name}` of {words}",
            hint=hint,
            default=parameter.default,
        )
    return found


def hints_in(function: Callable[..., object], words: str) -> Mapping[str, object]:
    """Give the annotations of a function.

    Raises:
        UsageError: a name in one of them cannot be found.
    """
    try:
        return cast(Mapping[str, object], get_type_hints(function, include_extras=True))
    except NameError as error:
        told = f"an annotation cannot be resolved: {error}"
        raise _unfit(
            words, told, "import the type at module level, not under `TYPE_CHECKING`"
        ) from error
    except TypeError:  # a callable object
        return {}


def refuse_unfit(function: Callable[..., object], *, words: str) -> None:
    """Refuse functions whose body does not run to its end when they are called.

    Raises:
        UsageError: the function is such a one.
    """
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        told = "it is an `async` function"
        raise _unfit(words, told, "leave `async` and `await` out: the graph itself waits")
    if inspect.isgeneratorfunction(function):
        raise _unfit(words, "it has a `yield`", "return a dict of all outputs")


def _unfit(words: str, why: str, cure: str) -> UsageError:
    return UsageError(f"{words} cannot be a graph: {why}", hint=cure, code="IL1156")
