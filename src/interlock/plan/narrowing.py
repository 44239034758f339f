"""`returns` narrows what an action declares to return."""

from interlock.plan.fitting import is_empty
from interlock.plan.openness import NOTES
from interlock.values import Composition, Json, Schema, covers

PLAIN = frozenset({"type", "properties", "required", "additionalProperties"}) | NOTES | {"$defs"}


def narrowed(declared: Schema, returns: Schema) -> Schema | None:
    """Join what an action declares with `returns`; None when no value satisfies both.

    Where `returns` says all that is declared and more, it stands alone; two objects become one, so
    that their fields stay known.
    """
    if declared in (True, {}) or covers(declared, returns) == "yes":
        return returns
    composition = Composition()
    joined = _joined(composition.part(declared), composition.part(returns))
    whole = joined if isinstance(joined, bool) else composition.whole(joined)
    return None if is_empty(whole) else whole


def _joined(one: Schema, other: Schema) -> Schema:
    """Join parts of one composition."""
    if one == other or other in (True, {}):
        return one
    if one in (True, {}):
        return other
    if isinstance(one, bool) or isinstance(other, bool):
        return False
    is_object = "object" in (one.get("type"), other.get("type"))
    if not (is_object and _is_plain(one) and _is_plain(other)):
        return {"allOf": [one, other]}
    fields, others = _table(one), _table(other)
    properties: dict[str, Json] = {
        name: _joined(_schema(fields.get(name, True)), _schema(others.get(name, True)))
        for name in {**fields, **others}
    }
    required = [*_names(one), *(name for name in _names(other) if name not in _names(one))]
    made: dict[str, Json] = {"type": "object", "properties": properties, "required": required}
    more = (one.get("additionalProperties"), other.get("additionalProperties"))
    if False in more:
        _close(made, one, other)
    elif True in more:
        made["additionalProperties"] = True
    return made


def _close(made: dict[str, Json], one: dict[str, Json], other: dict[str, Json]) -> None:
    """Refuse the fields that either side refuses."""
    made["additionalProperties"] = False
    properties = made["properties"]
    for side in (one, other):
        if side.get("additionalProperties") is False and isinstance(properties, dict):
            for name in properties.keys() - _table(side).keys():
                properties[name] = False


def _is_plain(schema: dict[str, Json]) -> bool:
    """Whether a schema says nothing but which fields an object has."""
    return (
        schema.keys() <= PLAIN
        and isinstance(schema.get("additionalProperties", True), bool)
        and schema.get("type", "object") == "object"
    )


def _table(schema: dict[str, Json]) -> dict[str, Json]:
    found = schema.get("properties")
    return found if isinstance(found, dict) else {}


def _names(schema: dict[str, Json]) -> list[Json]:
    found = schema.get("required")
    return found if isinstance(found, list) else []


def _schema(value: Json) -> Schema:
    return value if isinstance(value, dict | bool) else True
