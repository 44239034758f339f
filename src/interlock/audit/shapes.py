"""Shapes of JSON files that others wrote: what stands where, with the place of what does not."""

import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

from interlock.audit.strict import INT64_MAX, INT64_MIN, Place, refused
from interlock.values import Json

Shape: TypeAlias = Callable[[Json, Place], None]
"""Refuses a value that is not of the shape; the place is that of the value."""

MISSHAPEN = "IL8542"


def anything(_value: Json, _place: Place) -> None:
    """Accept any JSON."""


def flag(value: Json, place: Place) -> None:
    """Accept true and false."""
    if not isinstance(value, bool):
        raise refused(MISSHAPEN, "this has to be true or false", place)


def text(pattern: str = "", *, what: str = "a text") -> Shape:
    """Accept a text, all of which fits the pattern; an empty pattern fits any."""
    compiled = re.compile(pattern) if pattern else None

    def check(value: Json, place: Place) -> None:
        if not isinstance(value, str) or (compiled and not compiled.fullmatch(value)):
            raise refused(MISSHAPEN, f"this has to be {what}", place)

    return check


def whole(least: int = INT64_MIN, most: int = INT64_MAX) -> Shape:
    """Accept an integer within bounds."""
    what = f"{least}" if least == most else f"an integer from {least} to {most}"

    def check(value: Json, place: Place) -> None:
        if type(value) is not int or not least <= value <= most:
            raise refused(MISSHAPEN, f"this has to be {what}", place)

    return check


def rows(of: Shape, *, least: int = 0, most: int) -> Shape:
    """Accept a list of things of one shape."""

    def check(value: Json, place: Place) -> None:
        if not isinstance(value, list) or not least <= len(value) <= most:
            raise refused(MISSHAPEN, f"this has to be a list of {least} to {most}", place)
        for index, each in enumerate(value):
            of(each, (*place, index))

    return check


def table(of: Shape) -> Shape:
    """Accept an object with any keys and values of one shape."""

    def check(value: Json, place: Place) -> None:
        if not isinstance(value, dict):
            raise refused(MISSHAPEN, "this has to be an object", place)
        for key, each in value.items():
            of(each, (*place, key))

    return check


def record(fields: Mapping[str, Shape], *, optional: Mapping[str, Shape] | None = None) -> Shape:
    """Accept an object with these keys and no others."""
    more = optional or {}

    def check(value: Json, place: Place) -> None:
        if not isinstance(value, dict):
            raise refused(MISSHAPEN, "this has to be an object", place)
        for key in value:
            if key not in fields and key not in more:
                raise refused(MISSHAPEN, "nothing is known of this key", (*place, key))
        for key, shape in fields.items():
            if key not in value:
                raise refused(MISSHAPEN, f"`{key}` is missing", place)
            shape(value[key], (*place, key))
        for key, shape in more.items():
            if key in value:
                shape(value[key], (*place, key))

    return check
