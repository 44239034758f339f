"""Integers become floats where a schema says "number", and nowhere else."""

from typing import Any

import orjson
import pytest
from hypothesis import assume, given, strategies as st
from pydantic import BaseModel, TypeAdapter

from interlock.values import Checker, Json, Schema, decode, encode, numbers
from unit.values.strategies import (
    INTEGER,
    NULL,
    NUMBER,
    SCHEMAS,
    STRING,
    array,
    either,
    record,
    table,
    tree,
    values_of,
)


def decoded(schema: Schema, value: Any) -> Json:
    decoder = numbers(schema)
    return value if decoder is None else decoder(value)


FLOAT_KIND = record("k n", k={"const": "f"}, n=NUMBER)
BY_KIND: Schema = {"oneOf": [FLOAT_KIND, record("k n", k={"const": "i"}, n=INTEGER)]}
REST: Schema = {**record(a=INTEGER), "additionalProperties": NUMBER}
PAIR: Schema = {"type": "array", "prefixItems": [INTEGER, NUMBER], "items": NUMBER}
PATTERNS: Schema = {"patternProperties": {"^x": NUMBER}, "additionalProperties": INTEGER}


@pytest.mark.parametrize(
    "schema,value,expected",
    [
        (NUMBER, 1, "1.0"),
        (NUMBER, 1.5, "1.5"),
        (NUMBER, True, "True"),
        (NUMBER, 2**53 + 1, "9007199254740993"),
        (NUMBER, -(2**53), "-9007199254740992.0"),
        (either(NUMBER, NULL), 1, "1.0"),
        (either(NUMBER, NULL), None, "None"),
        ({"type": ["number", "null"]}, 1, "1.0"),
        ({"type": ["number", "integer"]}, 1, "1"),
        (either(NUMBER, INTEGER), 1, "1"),
        (either(NUMBER, INTEGER), 1.5, "1.5"),
        (either(array(NUMBER), array(STRING)), [1], "[1.0]"),
        ({"type": "number", "enum": [1, 2]}, 1, "1.0"),
        (record(a=NUMBER, b=INTEGER), {"b": 1, "a": 1, "c": 1}, "{'b': 1, 'a': 1.0, 'c': 1}"),
        (record(a=record(b=NUMBER)), {"a": {"b": 2}}, "{'a': {'b': 2.0}}"),
        (record(a=record(b=NUMBER)), {"a": 2}, "{'a': 2}"),
        (table(NUMBER), {"x": 1}, "{'x': 1.0}"),
        (REST, {"a": 1, "b": 1}, "{'a': 1, 'b': 1.0}"),
        (PATTERNS, {"x1": 1, "y": 1}, "{'x1': 1.0, 'y': 1}"),
        (array(NUMBER), [1, 2], "[1.0, 2.0]"),
        (PAIR, [1, 2, 3], "[1, 2.0, 3.0]"),
        (PAIR, [1], "[1]"),
        (PAIR, "x", "'x'"),
        ({"allOf": [record(a=NUMBER), record(b=NUMBER)]}, {"a": 1, "b": 1}, "{'a': 1.0, 'b': 1.0}"),
        (tree(NUMBER), {"value": 1, "kids": [{"value": 2}]},
         "{'value': 1.0, 'kids': [{'value': 2.0}]}"),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": NUMBER}}, 1, "1.0"),
        (BY_KIND, {"k": "f", "n": 1}, "{'k': 'f', 'n': 1.0}"),
        (BY_KIND, {"k": "i", "n": 1}, "{'k': 'i', 'n': 1}"),
        (BY_KIND, {"k": "x", "n": 1}, "{'k': 'x', 'n': 1}"),
    ],
)  # fmt: skip
def test_small_schemas(schema: Schema, value: Json, expected: str):
    assert repr(decoded(schema, value)) == expected


@pytest.mark.parametrize(
    "schema",
    [True, False, {}, INTEGER, STRING, record(a=INTEGER), tree(INTEGER), {"const": 1},
     {"properties": {"number": STRING}}, {"default": {"type": "number"}},
     {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": STRING, "c": NUMBER}},
     {"type": ["number", "integer"]}, {"$defs": {"unused": NUMBER}, "type": "string"}],
)  # fmt: skip
def test_there_is_no_decoder_where_nothing_is_to_decode(schema: Schema):
    assert numbers(schema) is None


class Item(BaseModel):
    price: float
    count: int
    discount: float | None = None
    parts: list["Item"] = []


def test_pydantic_floats_survive_storage():
    item = Item(price=10.0, count=2, parts=[Item(price=1.0, count=1, discount=0.0)])
    schema = TypeAdapter(Item).json_schema(mode="serialization")
    stored = decode(encode(item.model_dump()))
    assert sorted_text(decoded(schema, stored)) == sorted_text(item.model_dump())


def sorted_text(value: Any) -> bytes:
    """Text in which 1 and 1.0 differ and the order of fields does not."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


@given(SCHEMAS, st.data())
def test_decoding_changes_neither_value_nor_bytes(schema: Any, data: st.DataObject):
    value = decode(encode(data.draw(values_of(schema))))
    assume(Checker(schema).accepts(value))
    before = repr(value)
    result = decoded(schema, value)
    assert result == value
    assert encode(result) == encode(value)
    assert repr(value) == before
    assert repr(decoded(schema, result)) == repr(result)
