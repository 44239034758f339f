"""Values and names inside messages."""

import json

from interlock.graph.quoting import UNSEEN, escaped
from interlock.values import Json

CHARS_MAX = 40


def show(value: Json) -> str:
    """Write a value for a message: on one line, short, without characters that steer terminals."""
    text = json.dumps(value, ensure_ascii=False) if not isinstance(value, str) else f'"{value}"'
    text = UNSEEN.sub(lambda found: escaped(found[0]), text).replace("\t", " ").replace("`", "'")
    return text if len(text) <= CHARS_MAX else f"{text[: CHARS_MAX - 3]}..."


def bare(text: str) -> str:
    """Write a name for a message, without quotes."""
    if text.isascii() and text.isidentifier() and len(text) <= CHARS_MAX - 2:
        return text
    shown = show(text)
    return shown[1:-1] if shown.endswith('"') else shown[1:]


def kind_of(value: Json) -> str:
    """Name the type of a value, with the value when it is short."""
    match value:
        case None:
            return "empty"
        case dict():
            return "a mapping" if value else "an empty mapping"
        case list():
            return "a list" if value else "an empty list"
        case str() if not value:
            return "an empty text"
        case _:
            return f"`{show(value)}`"
