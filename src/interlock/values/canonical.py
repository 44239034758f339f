"""Canonical bytes of JSON data: RFC 8785, and exact digits for integers up to int64.

Two writers make the same bytes. The quick one looks at the types of all members and hands the
value to orjson as it is. Where that would be wrong (floats, keys beyond the basic plane, large
integers) or where something has to be refused, the careful one builds a copy that orjson writes
correctly, and knows the place of whatever it refuses.

Floats are laid out from `repr`, not by orjson: their digits are then a promise of this file and
not of a version of a library. The tests compare all of this with the reference implementation.
"""

import math
from collections.abc import Iterable
from types import NoneType
from typing import Any, cast

import orjson

from interlock.errors import ValueRefused
from interlock.values.immutable import immutable
from interlock.values.names import Json
from interlock.values.places import dollar_path, shown

INT64_MIN = -(1 << 63)
INT64_MAX = (1 << 63) - 1
INTEGRAL_FLOAT_MAX = float(1 << 53)

QUICK_KINDS = frozenset[type]({str, int, bool, NoneType})
"""Scalars that orjson writes canonically."""
EASY_KINDS = QUICK_KINDS | {dict, list}

QUICK = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER
CONTAINER_BYTES_MIN = 2
ONLY_TEXT = frozenset[type]({str})
LAST_OF_BASIC_PLANE = "\uffff"


@immutable()
class Rules:
    """What the writer refuses beside data that is not JSON."""

    depth_max: int
    bytes_max: int
    exact_floats: bool
    """Refuse integral floats beyond 2**53: they would come back as integers that may differ."""


ANY_JSON = Rules(depth_max=200, bytes_max=1 << 30, exact_floats=False)


def canonical(value: Json) -> bytes:
    """Write the RFC 8785 bytes of JSON data, with exact digits for integers.

    Object keys are sorted by UTF-16 code units, `1.0` is written `1`, and integers beyond 2**53
    keep their digits (RFC 8785 would round them). Use `encode` for values that enter a run: it
    refuses more.

    Raises:
        ValueRefused: not JSON data, NaN, an infinity, an integer beyond int64, a lone surrogate.
    """
    return write(value, ANY_JSON)


def write(value: object, rules: Rules) -> bytes:
    """Write canonical bytes under the given rules."""
    if _is_quick(value, rules):
        try:
            data = orjson.dumps(value, option=QUICK)
        except TypeError:
            data = _write_carefully(value, rules)
    else:
        data = _write_carefully(value, rules)
    if len(data) > rules.bytes_max:
        raise _too_large(f"{len(data):,} bytes", rules)
    return fitted(data)


def fitted(data: bytes) -> bytes:
    """Copy what orjson wrote: its bytes keep the room that they might have needed.

    That is 4 KB for a value of 20 bytes, and eight times the size of a long text. Values and events
    are kept in great numbers, and what was taken for them has to come from the system.
    """
    return b"".join((data, b""))


def _is_quick(value: object, rules: Rules) -> bool:
    """Tell whether orjson alone writes the value canonically, or refuses it.

    Walks level by level, so that depth costs nothing to count. A value may hold the same list many
    times over: the count of containers is bounded by what they would take at least when written.
    """
    if type(value) in QUICK_KINDS:
        return True
    level: list[Any] = [value]
    containers = 1
    for _ in range(rules.depth_max):
        below: list[Any] = []
        for node in level:
            kind = type(node)  # pyright: ignore[reportUnknownVariableType]
            if kind is dict:
                if not _are_quick_keys(node):
                    return False
                members: Iterable[Any] = node.values()
            elif kind is list:
                members = node
            else:
                return False
            if QUICK_KINDS.issuperset(map(type, members)):
                continue
            if not EASY_KINDS.issuperset(map(type, members)):
                return False
            below += [member for member in members if type(member) not in QUICK_KINDS]
        if not below:
            return True
        containers += len(below)
        if containers * CONTAINER_BYTES_MIN > rules.bytes_max:
            raise _too_large(f"over {containers:,} lists and objects", rules)
        level = below
    return False


def _are_quick_keys(table: dict[Any, Any]) -> bool:
    """Tell whether orjson's order of keys, by code point, is the order by UTF-16 code units."""
    try:
        letters = "".join(table)
    except TypeError:
        return False
    return letters.isascii() or max(letters) <= LAST_OF_BASIC_PLANE


def _write_carefully(value: object, rules: Rules) -> bytes:
    """Write a value through a copy that has its keys in order and its floats laid out.

    Raises:
        ValueRefused: with the place of the first thing that is refused.
    """
    try:
        return orjson.dumps(_copied(value, rules, rules.depth_max))
    except Misfit as misfit:
        where = dollar_path(tuple(reversed(misfit.path)))
        raise ValueRefused(
            f"{misfit.message} at {where}", pointer=where, hint=misfit.hint
        ) from None


class Misfit(Exception):
    """Something to refuse; its path grows, inside out, as it rises through the containers."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.path: list[str | int] = []


def _copied(value: object, rules: Rules, depth_left: int) -> object:
    """Copy a value into what orjson, without options, writes canonically."""
    kind = type(value)
    if kind is str:
        return _checked_text(cast("str", value))
    if kind is bool or value is None:
        return value
    if kind is int:
        return _checked_integer(cast("int", value))
    if kind is float:
        return orjson.Fragment(_float_text(cast("float", value), rules))
    if kind is not dict and kind is not list:
        raise Misfit(f"{shown(value)} is not JSON data", _hint_for(value))
    if depth_left == 0:
        raise Misfit(
            f"a value is nested deeper than {rules.depth_max}",
            "flatten it, or keep it in a file and return its name",
        )
    if kind is dict:
        return _copied_object(cast("dict[object, object]", value), rules, depth_left - 1)
    return _copied_array(cast("list[object]", value), rules, depth_left - 1)


def _copied_object(table: dict[object, object], rules: Rules, depth_left: int) -> dict[str, object]:
    copy: dict[str, object] = {}
    for key in _sorted_keys(table):
        try:
            copy[key] = _copied(table[key], rules, depth_left)
        except Misfit as misfit:
            misfit.path.append(key)
            raise
    return copy


def _copied_array(items: list[object], rules: Rules, depth_left: int) -> list[object]:
    copy: list[object] = []
    for index, item in enumerate(items):
        try:
            copy.append(_copied(item, rules, depth_left))
        except Misfit as misfit:
            misfit.path.append(index)
            raise
    return copy


def _sorted_keys(table: dict[object, object]) -> list[str]:
    """Check keys and sort them by UTF-16 code units, which for ASCII is as Python sorts."""
    if ONLY_TEXT.issuperset(map(type, table)):
        keys = cast("list[str]", list(table))
        if "".join(keys).isascii():
            return sorted(keys)
    keys = [_checked_key(key) for key in table]
    return sorted(keys, key=utf16_order)


def _checked_key(key: object) -> str:
    if type(key) is not str:
        raise Misfit(f"the key {shown(key)} is not a string", "use str(key), or a list of pairs")
    return _checked_text(key)


def utf16_order(key: str) -> bytes:
    return key.encode("utf-16-be")


def _checked_text(text: str) -> str:
    if not text.isascii():
        try:
            _ = text.encode()
        except UnicodeEncodeError:
            raise Misfit(
                f"the text {shown(text)} has a lone surrogate",
                "decode the bytes it came from with errors='replace', or use base64 text",
            ) from None
    return text


def _checked_integer(number: int) -> int:
    if INT64_MIN <= number <= INT64_MAX:
        return number
    raise Misfit(f"the integer {shown(number)} does not fit in 64 bits", "pass it as a string")


def _float_text(number: float, rules: Rules) -> bytes:
    """Lay out a float as ECMAScript does, after the rules have had their say."""
    if not math.isfinite(number):
        raise Misfit(
            f"{number!r} is not a JSON number",
            "use null, or a string, for a number that is missing",
        )
    if rules.exact_floats and abs(number) > INTEGRAL_FLOAT_MAX:
        raise Misfit(
            f"the float {number!r} is integral and beyond 2**53, it would not come back the same",
            "pass it as an integer if it fits in 64 bits, or as a string",
        )
    return ecmascript_text(number).encode()


def ecmascript_text(number: float) -> str:
    """Lay out a finite float as ECMAScript does: without exponent from 1e-6 up to 1e21."""
    text = repr(number)
    if text.endswith(".0"):
        return text[:-2] if number else "0"
    mantissa, mark, exponent_text = text.partition("e")
    if not mark:
        return text
    exponent = int(exponent_text)
    sign = "-" if number < 0 else ""
    whole, _, fraction = mantissa.removeprefix("-").partition(".")
    if 0 < exponent <= 20:
        return f"{sign}{whole}{fraction:0<{exponent}}"
    if -6 <= exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{whole}{fraction}"
    return f"{mantissa}e{exponent:+d}"


HINTS = {
    "tuple": "use a list",
    "set": "use a sorted list: a set has no order",
    "frozenset": "use a sorted list: a set has no order",
    "bytes": "use base64 text, or keep the bytes in a file and return its name",
    "datetime": "use value.isoformat() of a time with a time zone",
    "date": "use value.isoformat()",
    "Decimal": "use str(value)",
    "UUID": "use str(value)",
    "Path": "use str(value)",
    "PosixPath": "use str(value)",
    "time": "use value.isoformat()",
    "timedelta": "use value.total_seconds()",
    "bytearray": "use base64 text, or keep the bytes in a file and return its name",
    "generator": "use list(value)",
    "ndarray": "use value.tolist()",
    "DataFrame": "use value.to_dict('records')",
}


def _hint_for(value: object) -> str:
    """Say how to turn a value into JSON data."""
    kind = type(value)
    for plain in (str, int, float, dict, list):
        if issubclass(kind, plain):
            return f"use {plain.__name__}(value): a subclass may not compare as its base does"
    if hasattr(kind, "__members__"):  # an enum
        return "use value.value"
    if hasattr(kind, "__dataclass_fields__"):
        return "use dataclasses.asdict(value)"
    if hasattr(kind, "model_dump"):
        return "use value.model_dump(mode='json')"
    return HINTS.get(kind.__name__, "use strings, numbers, booleans, None, lists and dicts")


def _too_large(size: str, rules: Rules) -> ValueRefused:
    return ValueRefused(
        f"a value of {size} is over the limit of {rules.bytes_max:,} bytes",
        hint="keep it in a file or a store of objects, and return its name",
    )
