"""How values and places inside values are written in messages."""

import re

import orjson

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
