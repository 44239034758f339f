"""Python values as JSON data: what is written into a graph as it is."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import cast

from interlock.errors import ValueRefused
from interlock.values import Json


def is_plain(value: object) -> bool:
    """Whether a scalar is JSON data already. Members of enums are not, though some are text."""
    return value is None or (
        isinstance(value, bool | int | float | str) and not isinstance(value, Enum)
    )


def as_json(value: object) -> Json:
    """Write a value by its own type, as `@action` writes outputs: dates, models, enums, bytes ...

    Raises:
        ValueRefused: its type has no JSON form.
    """
    from pydantic_core import PydanticSerializationError, to_jsonable_python

    if isinstance(value, set | frozenset):
        raise ValueRefused("a set has no order that stays", hint="use a list, sorted")
    try:
        return cast(Json, to_jsonable_python(value, by_alias=True, bytes_mode="base64"))
    except (PydanticSerializationError, ValueError, TypeError) as error:
        told = f"{type(value).__name__} has no JSON form"
        raise ValueRefused(told, hint="pass JSON data, a dataclass or a model") from error


def entries_of(value: object) -> Mapping[object, object] | None:
    """Give the entries of a mapping or of a dataclass, which may hold references; else None."""
    if isinstance(value, Mapping):
        return cast(Mapping[object, object], value)
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return None


def shown(value: object) -> str:
    """Write a value for a message: the same in every process, so without addresses."""
    text = repr(value)
    return f"{text:.60}" if " at 0x" not in text else f"an object of type {type(value).__name__}"
