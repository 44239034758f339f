"""Shapes never claim more than their schemas."""

import pytest

from interlock.graph.expressions.shapes import (
    DEPTH_MAX,
    ListOf,
    MapOf,
    Nullable,
    Open,
    Record,
    Scalar,
    Shape,
    ShapeReader,
    owner_of_fields,
)
from interlock.values import Schema
from unit.values.strategies import INTEGER, NULL, NUMBER, STRING, array, either, record, table

TEXT, WHOLE = Scalar("string"), Scalar("integer")


@pytest.mark.parametrize(
    "schema, shape",
    [
        (True, Open()),
        (False, Open()),
        ({}, Open()),
        (STRING, TEXT),
        (NUMBER, Scalar("number")),
        (NULL, Scalar("null")),
        ({"type": "what"}, Open()),
        ({"type": ["string", "null"]}, Nullable(TEXT)),
        ({"type": ["string"]}, TEXT),
        ({"type": ["string", "integer"]}, Open()),
        ({"type": ["null"]}, Open()),
        (either(STRING, NULL), Nullable(TEXT)),
        (either(STRING, INTEGER), Open()),
        (either(either(STRING, NULL), NULL), Nullable(TEXT)),
        (either(True, NULL), Open()),
        ({**either(STRING), "description": "d"}, TEXT),
        ({**either(STRING, NULL), "minLength": 1}, Open()),
        ({"anyOf": "wrong"}, Open()),
        ({"allOf": [STRING]}, TEXT),
        ({"allOf": [STRING, NULL]}, Open()),
        ({"const": "a"}, TEXT),
        ({"const": None}, Scalar("null")),
        ({"const": [1]}, Open()),
        ({"enum": ["a", "b"]}, TEXT),
        ({"enum": ["a", None]}, Nullable(TEXT)),
        ({"enum": ["a", 1]}, Open()),
        ({"enum": [True]}, Scalar("boolean")),
        ({"enum": [1.5, 2.5]}, Scalar("number")),
        ({"enum": "wrong"}, Open()),
        (array(STRING), ListOf(TEXT)),
        (array(array(INTEGER)), ListOf(ListOf(WHOLE))),
        ({"type": "array"}, ListOf(Open())),
        ({"type": "array", "prefixItems": [STRING]}, ListOf(Open())),
        ({"type": "object"}, MapOf()),
        (table(STRING), MapOf()),
        ({"type": "object", "properties": {}}, MapOf()),
        ({**record(a=STRING), "additionalProperties": True}, MapOf()),
        ({**record(a=STRING), "patternProperties": {"b": STRING}}, MapOf()),
        ({**record(a=STRING), "allOf": [record(b=STRING)]}, Open()),
        ({"properties": {"a": STRING}}, Open()),
        ({"$ref": "#/$defs/none"}, Open()),
        ({"$ref": 1}, Open()),
        ({"$ref": "#/$defs/a", "minLength": 1, "$defs": {"a": STRING}}, Open()),
        ({"$ref": "#/$defs/a", "$defs": {"a": STRING}}, TEXT),
        ({"$ref": "#/$defs/a", "$defs": {"a": either(STRING, NULL)}}, Nullable(TEXT)),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}, Open()),
        ({"$ref": "#/$defs/a", "$defs": "wrong"}, Open()),
    ],
)
def test_shapes(schema: Schema, shape: Shape):
    assert ShapeReader().read(schema) == shape


def test_records_know_their_fields():
    reader = ShapeReader()
    schema = record("a", a=STRING, b=either(record(c=INTEGER), NULL))
    assert reader.read(schema) == Record("R0")
    assert reader.records["R0"].fields == {"a": TEXT, "b": Nullable(Record("R1"))}
    assert reader.records["R1"].fields == {"c": WHOLE}
    assert reader.records["R0"].schema == schema


def test_records_may_contain_themselves():
    reader = ShapeReader()
    node = record(value=INTEGER, kids=array({"$ref": "#/$defs/Node"}))
    schema: Schema = {"$ref": "#/$defs/Node", "$defs": {"Node": node}}
    assert reader.read(schema) == Record("R0")
    assert reader.records["R0"].fields == {"value": WHOLE, "kids": ListOf(Record("R0"))}
    assert len(reader.records) == 1


def test_what_is_too_deep_is_open():
    schema: Schema = STRING
    for _ in range(DEPTH_MAX + 1):
        schema = array(schema)
    shape = ShapeReader().read(schema)
    for _ in range(DEPTH_MAX + 1):
        assert isinstance(shape, ListOf)
        shape = shape.item
    assert shape == Open()


@pytest.mark.parametrize(
    "schema, owner",
    [
        (True, True),
        (STRING, STRING),
        ({"$ref": "#/$defs/a", "$defs": {"a": STRING}}, STRING),
        ({"$ref": "#/$defs/b", "$defs": {"a": STRING}}, None),
        ({**either({"$ref": "#/$defs/a"}, NULL), "$defs": {"a": STRING}}, STRING),
        (either(STRING, INTEGER), None),
        (either(True, NULL), True),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}, {"$ref": "#/$defs/a"}),
    ],
)
def test_the_owner_of_fields_is_found_behind_references(schema: Schema, owner: Schema | None):
    assert owner_of_fields(schema) == (schema if owner is None else owner)
