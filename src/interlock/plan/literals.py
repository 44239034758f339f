"""What to write instead of a literal that is refused."""

from collections.abc import Sequence

from interlock.plan.problems import nearest
from interlock.plan.words import words
from interlock.values import Json, Schema

EXAMPLES = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "time": "12:00:00Z",
    "email": "name@example.org",
    "uri": "https://example.org/page",
    "uuid": "3f2b8c1e-9d47-4a86-b0c5-7e1f2a3d4b5c",
}


def value_at(value: Json, steps: Sequence[str | int]) -> Json:
    """Follow steps into a value, as far as they go."""
    for step in steps:
        if isinstance(value, dict) and isinstance(step, str):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
    return value


def instead_of(value: Json, wanted: Schema) -> str:
    """Say what to write instead."""
    types = wanted.get("type") if isinstance(wanted, dict) else None
    options = wanted.get("enum") if isinstance(wanted, dict) else None
    if isinstance(options, list) and isinstance(value, str):
        return nearest(value, [one for one in options if isinstance(one, str)])
    if types == "string" and isinstance(value, float):
        return "put it in quotes, as it is written"  # 1.10 was read as 1.1
    if types == "string" and isinstance(value, int):
        return f"put it in quotes: '{str(value).lower()}'"
    if isinstance(value, str) and _is_bare(value, types):
        return f"write it without quotes: {value}"
    form = wanted.get("format") if isinstance(wanted, dict) else None
    example = EXAMPLES.get(form) if isinstance(form, str) else None
    return f"it takes {words(wanted)}" + (f", such as {example}" if example is not None else "")


def _is_bare(text: str, kind: Json) -> bool:
    """Whether a text, without its quotes, is of the type that is wanted."""
    if kind == "boolean":
        return text in ("true", "false")
    digits = text.removeprefix("-").replace(".", "", 1 if kind == "number" else 0)
    return kind in ("integer", "number") and digits.isdecimal()
