"""Schemas for tests: short ways to write them, and values that they accept."""

from typing import Any

from hypothesis import strategies as st

from interlock.values import Json, Schema

INTEGER: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
STRING: Schema = {"type": "string"}
BOOLEAN: Schema = {"type": "boolean"}
NULL: Schema = {"type": "null"}
DATE: Schema = {"type": "string", "format": "date"}


def either(*schemas: Schema) -> dict[str, Json]:
    return {"anyOf": list(schemas)}


def array(items: Schema, **more: Json) -> dict[str, Json]:
    return {"type": "array", "items": items, **more}


def table(members: Schema) -> dict[str, Json]:
    return {"type": "object", "additionalProperties": members}


def record(required: str = "", *, closed: bool = False, **fields: Schema) -> dict[str, Json]:
    schema: dict[str, Json] = {"type": "object", "properties": dict(fields)}
    if required:
        schema["required"] = list(required.split())
    return {**schema, "additionalProperties": False} if closed else schema


def tree(value: Schema) -> dict[str, Json]:
    node = record("value", value=value, kids=array({"$ref": "#/$defs/Node"}))
    return {"$ref": "#/$defs/Node", "$defs": {"Node": node}}


WORDS = st.sampled_from(["", "a", "ab", "b", "red", "2026-01-31", "not a date"])
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from([0.5, -2.5]) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)

LEAVES: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from([INTEGER, NUMBER, STRING, BOOLEAN, NULL, DATE, True, {}]),
    st.builds(
        lambda low, span: {"type": "integer", "minimum": low, "maximum": low + span},
        st.integers(-5, 5),
        st.integers(0, 5),
    ),
    st.builds(lambda low: {"type": "number", "exclusiveMinimum": low}, st.integers(-5, 5)),
    st.builds(lambda of: {"type": "integer", "multipleOf": of}, st.integers(1, 4)),
    st.builds(lambda size: {"type": "string", "maxLength": size}, st.integers(0, 4)),
    st.builds(
        lambda values: {"enum": values},
        st.lists(st.sampled_from(["a", "b", 1, 2.5, None]), min_size=1, max_size=3, unique=True),
    ),
    st.builds(lambda value: {"const": value}, st.sampled_from(["a", 1, None, [1], {"a": 1}])),
)


def _records(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    fields = st.dictionaries(st.sampled_from(["a", "b", "ab"]), inner, max_size=3)
    return st.builds(
        lambda properties, keep, rest: {
            "type": "object",
            "properties": properties,
            "required": [name for name in properties if name in keep],
            **({} if rest is None else {"additionalProperties": rest}),
        },
        fields,
        st.sets(st.sampled_from(["a", "b", "ab"])),
        st.none() | st.just(False) | inner,
    )


SCHEMAS: st.SearchStrategy[Any] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        _records(inner),
        st.builds(array, inner),
        st.builds(lambda items, least: array(items, minItems=least), inner, st.integers(0, 2)),
        st.builds(either, inner, inner),
        st.builds(either, inner, st.just(NULL)),
        st.builds(lambda one, other: {"allOf": [one, other]}, inner, inner),
        st.builds(lambda one, other: {"oneOf": [one, other]}, inner, inner),
        st.builds(
            lambda one, two: {"type": "array", "prefixItems": [one, two], "items": False},
            inner,
            inner,
        ),
    ),
    max_leaves=5,
)
"""Schemas as they occur; some accept nothing."""


def values_of(schema: Schema) -> st.SearchStrategy[Any]:
    """Values that a schema of `SCHEMAS` probably accepts; the checker decides."""
    if isinstance(schema, bool):
        return ANYTHING if schema else st.nothing()
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(listed(schema["enum"]))
    for keyword in ("anyOf", "oneOf", "allOf"):
        if keyword in schema:
            return st.one_of([values_of(branch) for branch in listed(schema[keyword])])
    match schema.get("type"):
        case "null":
            return st.none()
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers(-20, 20)
        case "number":
            return st.integers(-20, 20) | st.floats(-20, 20)
        case "string":
            return WORDS
        case "array":
            return _lists_of(schema)
        case "object":
            return _dicts_of(schema)
        case _:
            return ANYTHING


def listed(value: Any) -> list[Any]:
    assert isinstance(value, list)
    return value


def _lists_of(schema: Any) -> st.SearchStrategy[Any]:
    if "prefixItems" in schema:
        prefix = [values_of(one) for one in schema["prefixItems"]]
        return st.integers(0, len(prefix)).flatmap(lambda size: st.tuples(*prefix[:size]).map(list))
    return st.lists(values_of(schema["items"]), max_size=3)


def _dicts_of(schema: Any) -> st.SearchStrategy[Any]:
    fields = {name: values_of(one) for name, one in schema["properties"].items()}
    required = {name: fields.pop(name) for name in schema["required"]}
    known = st.fixed_dictionaries(required, optional=fields)
    rest = st.dictionaries(WORDS, values_of(schema.get("additionalProperties", True)), max_size=2)
    return st.builds(lambda more, own: {**more, **own}, rest | st.just({}), known)
