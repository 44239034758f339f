"""Made-up values: the simplest first, and none where none is possible."""

from typing import Any

import pytest
from hypothesis import given

from interlock.values import Checker
from interlock.values.examples import examples
from unit.values.strategies import INTEGER, SCHEMAS, STRING, array, record


@pytest.mark.parametrize(
    "schema,first",
    [
        (INTEGER, 0),
        ({"type": "integer", "minimum": 7}, 7),
        ({"type": "number", "exclusiveMinimum": 7}, 8),
        (STRING, ""),
        ({"type": "string", "minLength": 3}, "aaa"),
        ({"type": "string", "format": "date"}, "2026-01-31"),
        (array(STRING), []),
        (array(STRING, minItems=2), ["", ""]),
        (record("a", a=INTEGER, b=STRING), {"a": 0}),
        ({"allOf": [record("a", a=INTEGER), record("b", b=STRING)]}, {"a": 0, "b": ""}),
        ({"anyOf": [{"const": 3}, STRING]}, 3),
    ],
)
def test_the_first_is_simple_and_accepted(schema: Any, first: Any):
    assert next(iter(examples(schema))) == first
    assert Checker(schema).accepts(first)


@pytest.mark.parametrize(
    "schema",
    [
        False,
        {"$ref": "#"},
        record("a", a=False),
        {"type": "array", "prefixItems": [False], "minItems": 1},
    ],
)
def test_there_are_none_of_a_schema_that_accepts_nothing(schema: Any):
    assert list(examples(schema)) == []


def test_no_text_is_huge():
    assert max(len(str(one)) for one in examples({"type": "string", "minLength": 10**9})) < 10


@given(SCHEMAS)
def test_they_are_not_many(schema: Any):
    assert len(list(examples(schema))) < 1_000
