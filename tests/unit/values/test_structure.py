"""Containment of schemas that refer to themselves: what is proven holds for every value."""

from typing import Any

import pytest
from hypothesis import event, given, settings, strategies as st

from interlock.values import Checker, Json, Schema, covers
from unit.values.strategies import (
    BOOLEAN,
    INTEGER,
    NULL,
    NUMBER,
    STRING,
    array,
    either,
    record,
    table,
)

REF: dict[str, Json] = {"$ref": "#/$defs/Node"}


def node(**said: Json) -> Schema:
    """A schema of nodes that hold nodes."""
    return {**REF, "$defs": {"Node": {"type": "object", **said}}}


LINKED = node(properties={"v": INTEGER, "next": either(REF, NULL)}, required=["v", "next"])
OPTIONAL = node(properties={"v": INTEGER, "next": either(REF, NULL)}, required=["v"])
CLOSED = node(properties={"v": INTEGER, "next": REF}, additionalProperties=False)
TABLES = node(additionalProperties=REF)
WIDE = node(properties={"v": NUMBER, "next": either(REF, NULL), "w": STRING})
MUTUAL: Schema = {
    "$ref": "#/$defs/A",
    "$defs": {
        "A": record("b", b={"$ref": "#/$defs/B"}),
        "B": record("a", a=either({"$ref": "#/$defs/A"}, NULL)),
    },
}
FORKED: Schema = {
    "$ref": "#/$defs/A",
    "$defs": {"A": either({"$ref": "#/$defs/A"}, {"$ref": "#/$defs/A"}, INTEGER)},
}
ENDLESS: Schema = {"$ref": "#/$defs/A", "$defs": {"A": either({"$ref": "#/$defs/A"}, INTEGER)}}


@pytest.mark.parametrize(
    "wanted,produced",
    [
        (OPTIONAL, LINKED),
        (node(properties={"next": either(REF, NULL)}), LINKED),
        (node(properties={"next": True}), LINKED),
        (either(LINKED, STRING), LINKED),
        (node(properties={"v": NUMBER, "next": either(REF, NULL)}), LINKED),
        (node(properties={"v": either(INTEGER, STRING), "next": REF}), CLOSED),
        (table(True), TABLES),
        (node(additionalProperties=either(REF, NULL)), TABLES),
        ({"type": "object"}, MUTUAL),
        (record("b", b={"type": "object"}), MUTUAL),
        (array(LINKED, maxItems=3), array(LINKED, maxItems=2)),
    ],
)
def test_what_holds_is_proven(wanted: Schema, produced: Schema):
    assert covers(embedded(wanted), embedded(produced)) == "yes"


@pytest.mark.parametrize(
    "wanted,produced",
    [
        (LINKED, OPTIONAL),
        (CLOSED, LINKED),
        (LINKED, WIDE),
        (TABLES, CLOSED),
        (array(LINKED, maxItems=2), array(LINKED, maxItems=3)),
        (INTEGER, ENDLESS),
        (FORKED, STRING),
        (FORKED, LINKED),
    ],
)
def test_what_does_not_hold_is_not(wanted: Schema, produced: Schema):
    assert covers(embedded(wanted), embedded(produced)) != "yes"


def embedded(schema: Schema) -> Schema:
    """Lift the definitions of a part to the top."""
    assert isinstance(schema, dict)
    inner = schema.get("items")
    if isinstance(inner, dict) and "$defs" in inner:
        rest = {key: value for key, value in inner.items() if key != "$defs"}
        return {**schema, "items": rest, "$defs": inner["$defs"]}
    branches = schema.get("anyOf")
    first = branches[0] if isinstance(branches, list) else None
    if isinstance(branches, list) and isinstance(first, dict) and "$defs" in first:
        rest = {key: value for key, value in first.items() if key != "$defs"}
        return {"anyOf": [rest, *branches[1:]], "$defs": first["$defs"]}
    return schema


LEAVES = st.sampled_from([INTEGER, NUMBER, STRING, BOOLEAN, NULL, True, either(INTEGER, NULL)])
LINKS = st.sampled_from([REF, either(REF, NULL), array(REF), table(REF), array(either(REF, NULL))])


@st.composite
def recursive(draw: st.DrawFn) -> Schema:
    fields: dict[str, Json] = draw(
        st.dictionaries(st.sampled_from(["v", "w", "next", "kids"]), LEAVES | LINKS, max_size=4)
    )
    required: list[Json] = [name for name in fields if draw(st.booleans())]
    said: dict[str, Json] = {"properties": fields, "required": required}
    rest = draw(st.sampled_from([None, False, True, INTEGER, REF]))
    if rest is not None:
        said["additionalProperties"] = rest
    return node(**said)


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from([None, 1, 0.5, "a", True, {}, []]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["v", "w", "next", "kids", "x"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(recursive(), recursive(), st.lists(VALUES, max_size=20))
@settings(max_examples=200)
def test_what_is_proven_holds_for_every_value(wanted: Any, produced: Any, values: list[Any]):
    answer = covers(wanted, produced)
    event(answer)
    if answer == "yes":
        for value in values:
            if Checker(produced).accepts(value):
                event("tried")
                assert Checker(wanted).accepts(value)


@given(recursive())
def test_a_schema_that_asks_less_accepts_more(schema: Any):
    definition = schema["$defs"]["Node"]
    assert covers(node(**{**definition, "required": []}), schema) == "yes"
    assert covers(either(schema, NULL) | {"$defs": schema["$defs"]}, schema) != "no"
