"""Made-up values: the simplest first, and none where none is possible."""

from typing import Any

import pytest
from hypothesis import given

from interlock.values import Checker
from interlock.values.examples import examples
from interlock.values.patterns import matching
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
        ({"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"}, "sha256:" + "a" * 64),
        ({"type": "string", "pattern": r"^v\d+\.[A-Z]{2,3}x?[^a-z]*$"}, "v0.AA"),
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


@pytest.mark.parametrize("pattern", ["^(a|b)$", "a|b", "^[b", "(?=a)", "a{9999}", r"\\p{Lu}"])
def test_no_match_is_made_up_for_a_pattern_that_is_not_plain(pattern: str):
    assert matching(pattern) is None
    assert next(iter(examples({"type": "string", "pattern": pattern}))) == ""


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
