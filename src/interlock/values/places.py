"""How values and places inside values are written in messages."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

import orjson

from interlock.values.names import Json

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
SHOWN_MAX = 60
SEGMENTS_SHOWN_MAX = 12
INTEGER_BITS_SHOWN_MAX = 256


def dollar_path(path: tuple[str | int, ...]) -> str:
    """Write a place inside a value: `$.rows[3]["content-type"]`.

    The middle of a very long path is left out.
    """
    if len(path) > SEGMENTS_SHOWN_MAX:
        half = SEGMENTS_SHOWN_MAX // 2
        return f"${_written(path[:half])} ... {_written(path[-half:])}"
    return f"${_written(path)}"


def _written(path: tuple[str | int, ...]) -> str:
    return "".join(_step(segment) for segment in path)


def _step(segment: str | int) -> str:
    if isinstance(segment, int):
        return f"[{segment}]"
    return f".{segment}" if NAME.fullmatch(segment) else f"[{_quoted(segment)}]"


def _quoted(text: str) -> str:
    """Quote a text as JSON; lone surrogates become replacement characters."""
    return orjson.dumps(text.encode(errors="replace").decode()).decode()


def shown(value: object) -> str:
    """Show a value in a message, in few characters; never fails."""
    kind = type(value)
    if kind not in {str, int, float, bool, type(None)}:
        return f"a value of type {kind.__module__}.{kind.__qualname__}".replace("builtins.", "")
    text = _repr(value)
    return text if len(text) <= SHOWN_MAX else f"{text[: SHOWN_MAX - 3]}..."


def _repr(value: object) -> str:
    if isinstance(value, str) and not value.isprintable():
        return ascii(value)
    # Python refuses to write the digits of an integer of many thousands of bits.
    if isinstance(value, int) and value.bit_length() > INTEGER_BITS_SHOWN_MAX:
        return f"of {value.bit_length()} bits"
    return repr(value)


def shown_json(value: Json) -> str:
    """Show JSON data in a message, in few characters: a text in single quotes, the rest as JSON."""
    if isinstance(value, str):
        return shown(value)
    try:
        text = orjson.dumps(value).decode()
    except TypeError:
        return shown(value)
    return text if len(text) <= SHOWN_MAX else f"{text[: SHOWN_MAX - 3]}..."


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Find the known name that was probably meant."""
    close = get_close_matches(name, known, n=1, cutoff=0.6)
    return close[0] if close else None
