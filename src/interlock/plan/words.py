"""Words for schemas in diagnostics: what `describe` says, and the bounds."""

from interlock.graph import path_text
from interlock.values import Json, Schema, Steps, describe

PATTERN_CHARS_MAX = 60
UNITS = {"Length": "character", "Items": "item", "Properties": "field"}


def words(schema: Schema) -> str:
    """Describe a schema with its bounds: "integer from 1 to 50", "list with at most 3 items"."""
    told = describe(schema)
    if isinstance(schema, bool) or schema.keys() & {"const", "enum", "anyOf", "oneOf", "$ref"}:
        return told
    bounds = [
        _range(schema.get("minimum"), schema.get("maximum")),
        _beyond("above", schema.get("exclusiveMinimum")),
        _beyond("below", schema.get("exclusiveMaximum")),
        _beyond("a multiple of", schema.get("multipleOf")),
        *(_count(schema, name, unit) for name, unit in UNITS.items()),
        _pattern(schema.get("pattern")),
    ]
    return " ".join([told, *(bound for bound in bounds if bound)])


def _range(low: Json, high: Json) -> str:
    if low is not None and high is not None:
        return f"from {low} to {high}"
    if low is not None:
        return f"of at least {low}"
    return f"of at most {high}" if high is not None else ""


def _count(schema: dict[str, Json], name: str, unit: str) -> str:
    low, high = schema.get(f"min{name}"), schema.get(f"max{name}")
    if low is None and high is None:
        return ""
    many = "" if (high if high is not None else low) == 1 else "s"
    if low == high:
        return f"with {low} {unit}{many}"
    return f"with{_range(low, high).removeprefix('from').removeprefix('of')} {unit}{many}"


def _beyond(word: str, bound: Json) -> str:
    return "" if bound is None else f"{word} {bound}"


def _pattern(pattern: Json) -> str:
    if not isinstance(pattern, str):
        return ""
    shown = pattern if len(pattern) <= PATTERN_CHARS_MAX else f"{pattern[:PATTERN_CHARS_MAX]}…"
    return f"like {shown}"


def place_text(steps: Steps) -> str:
    """Write a place in an argument as a path: `rows[1].size`."""
    return path_text(str(steps[0]), steps[1:]) if steps else "with"
