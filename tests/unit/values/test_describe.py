"""Schemas in a few words."""

import pytest
from hypothesis import given

from interlock.values import Schema, describe
from unit.values.strategies import (
    DATE,
    INTEGER,
    NULL,
    SCHEMAS,
    STRING,
    array,
    either,
    record,
    table,
    tree,
)

MANY = dict.fromkeys("abcdefgh", STRING)


@pytest.mark.parametrize(
    "schema,words",
    [
        (True, "anything"),
        ({}, "anything"),
        (False, "nothing"),
        (STRING, "string"),
        (DATE, "date"),
        ({"type": ["null", "string"]}, "string or null"),
        (either(NULL, INTEGER), "integer or null"),
        ({"enum": ["a", 1, None]}, "'a' or 1 or null"),
        ({"enum": list(range(20))}, "0 or 1 or 2 or 3 or 4 or 5 or ..."),
        ({"const": "a"}, "'a'"),
        (array(STRING), "list of string"),
        (array(True), "list"),
        (array(either(STRING, NULL)), "list of (string or null)"),
        (array(array(INTEGER)), "list of list of integer"),
        (array(array(array(array(INTEGER)))), "list of list of list of list"),
        ({"type": "array", "prefixItems": [INTEGER, STRING]}, "list of exactly integer, string"),
        (record("a b", a=INTEGER, b=STRING), "object with a, b"),
        (record("a", a=INTEGER, b=STRING), "object with a, b?"),
        (
            record(a=STRING, b=STRING, c=STRING, d=STRING, e=STRING, f=STRING, g=STRING),
            "object with a?, b?, c?, d?, e?, f?, ...",
        ),
        (record(closed=True), "empty object"),
        (record(), "object"),
        (table(INTEGER), "object of integer"),
        ({"properties": {"a": INTEGER}}, "object with a?"),
        ({"items": INTEGER}, "list of integer"),
        ({"allOf": [STRING, {"minLength": 3}]}, "string"),
        (tree(INTEGER), "object with value, kids?"),
        ({"allOf": [record("a"), record("b", b=STRING)]}, "object and object with b"),
        (array({"$ref": "#"}), "list of list of itself"),
        ({"$ref": "#/$defs/Gone"}, "Gone"),
    ],
)
def test_words(schema: Schema, words: str):
    assert describe(schema) == words


@given(SCHEMAS)
def test_words_are_few(schema: Schema):
    assert 0 < len(describe(schema)) <= 120
