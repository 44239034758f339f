"""How values and places inside values are written in messages."""

import re

import orjson

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
SHOWN_MAX = 60
SEGMENTS_SHOWN_MAX = 12


def dollar_path(path: tuple[str | int, ...]) -> str:
    """Write a place inside a value: `$.rows[3]["content-type"]`.

    The middle of a very long path is left out.
    """
    if len(path) > SEGMENTS_SHOWN_MAX:
        half = SEGMENTS_SHOWN_MAX // 2
        return f"${written(path[:half])} ... {written(path[-half:])}"
    return f"${written(path)}"


def written(path: tuple[str | int, ...]) -> str:
    return "".join(step(segment) for segment in path)


def step(segment: str | int) -> str:
    if isinstance(segment, int):
        return f"[{segment}]"
    return f".{segment}" if NAME.fullmatch(segment) else f"[{quoted(segment)}]"


def quoted(text: str) -> str:
    """Quote a text as JSON; lone surrogates become replacement characters."""
    return orjson.dumps(text.encode(errors="replace").decode()).decode()


def shown(value: object) -> str:
    """Show a value in a message, in few characters; never fails."""
    kind = type(value)
    if kind not in {str, int, float, bool, type(None)}:
        return f"a value of type {kind.__module__}.{kind.__qualname__}".replace("builtins.", "")
    text = ascii(value) if isinstance(value, str) and not value.isprintable() else repr_of_number_or_text(value)
    return text if len(text) <= SHOWN_MAX else f"{text[: SHOWN_MAX - 3]}..."


def repr_of_number_or_text(value: object) -> str:
    # The digits of an integer of millions of bits take minutes to make, and Python refuses them.
    if isinstance(value, int) and value.bit_length() > 256:
        return f"of {value.bit_length()} bits"
    return repr(value)
