"""What comes out of an expression: JSON data, or a refusal."""

import math
from datetime import datetime, timedelta
from typing import cast

from interlock.errors import ValueRefused
from interlock.values import Json

_INTEGRAL_MAX = 2.0**53


def to_json(value: object) -> Json:
    """Return a plain result as JSON data; the keys of maps are sorted.

    Raises:
        ValueRefused: it is not JSON data in our domain.
    """
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, list):
        return [to_json(each) for each in cast("list[object]", value)]
    if isinstance(value, dict):
        return _object(cast("dict[object, object]", value))
    raise _refusal(value)


def _number(value: float) -> float:
    if not math.isfinite(value):
        raise ValueRefused(
            f"the result is {value}, which is not JSON data",
            hint="test the divisor, or the number, before",
        )
    if abs(value) > _INTEGRAL_MAX and value.is_integer():
        raise ValueRefused(
            f"the result is {value!r}, beyond 2^53, where whole numbers are not exact",
            hint="use integers, or a smaller unit of measure",
        )
    return value


def _object(value: dict[object, object]) -> Json:
    for key in value:
        if not isinstance(key, str):
            raise ValueRefused(
                f"the result is a map with the key {key!r}, and keys must be strings",
                hint="write keys as strings, such as {'1': …}",
            )
    named = cast("dict[str, object]", value)
    return {key: to_json(named[key]) for key in sorted(named)}


def _refusal(value: object) -> ValueRefused:
    if isinstance(value, (bytes, bytearray)):
        return ValueRefused("the result is bytes", hint="use `base64.encode(…)` or `string(…)`")
    if isinstance(value, datetime):
        return ValueRefused("the result is a timestamp", hint="use `string(…)`")
    if isinstance(value, timedelta):
        return ValueRefused("the result is a duration", hint="use `string(…)` or `.getSeconds()`")
    return ValueRefused(
        "the result is a type, which is not JSON data",
        hint="compare types inside the expression, and return true or false",
    )
