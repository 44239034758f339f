"""Text and JSON from outside.

Strict where it becomes a value, harmless where it goes into messages.
"""

import json
from typing import NoReturn

from interlock.errors import ValueRefused
from interlock.values import Json, encode

EXCERPT_CHARS_MAX = 500


def excerpt(text: str, *, limit: int = EXCERPT_CHARS_MAX) -> str:
    """Show the beginning of a foreign text in a message, without control characters."""
    shown = "".join(char if char.isprintable() else " " for char in text[:limit]).strip()
    return f"{shown} ..." if len(text) > limit else shown


def ending(text: str, *, limit: int = EXCERPT_CHARS_MAX) -> str:
    """Show the end of a foreign text in a message, without control characters."""
    shown = excerpt(text[-limit:], limit=limit)
    return f"... {shown}" if len(text) > limit else shown


def read_json(text: str) -> Json:
    """Read JSON text that becomes a value.

    Raises:
        ValueError: it is not JSON, or not in the domain of values (NaN, huge integers ...).
    """
    try:
        value: Json = json.loads(text, parse_constant=_refuse, object_pairs_hook=_object)
        encode(value)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    except ValueRefused as error:
        raise ValueError(error.message) from None
    return value


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"`{word}` is not JSON")


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"an object has the key `{excerpt(twice, limit=40)}` twice")
    return found
