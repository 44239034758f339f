"""Words for schemas and for literals: bounds included, quotes where they were forgotten."""

import pytest

from interlock.plan.literals import instead_of
from interlock.plan.words import place_text, words
from interlock.values import Json, Schema
from unit.values.strategies import INTEGER, STRING, array


@pytest.mark.parametrize(
    "schema,text",
    [
        (True, "anything"),
        (STRING, "string"),
        ({"type": "integer", "minimum": 1, "maximum": 50}, "integer from 1 to 50"),
        ({"type": "integer", "minimum": 1}, "integer of at least 1"),
        ({"type": "number", "maximum": 0.5}, "number of at most 0.5"),
        ({"type": "number", "exclusiveMinimum": 0}, "number above 0"),
        ({"type": "number", "exclusiveMaximum": 9}, "number below 9"),
        ({"type": "integer", "multipleOf": 5}, "integer a multiple of 5"),
        ({"type": "string", "minLength": 1}, "string with at least 1 character"),
        ({"type": "string", "maxLength": 60}, "string with at most 60 characters"),
        ({"type": "string", "minLength": 2, "maxLength": 2}, "string with 2 characters"),
        ({"type": "string", "pattern": "^a+$"}, "string like ^a+$"),
        ({"type": "string", "pattern": "a" * 99}, f"string like {'a' * 60}…"),
        ({**array(INTEGER), "minItems": 1, "maxItems": 3}, "list of integer with 1 to 3 items"),
        ({"type": "object", "maxProperties": 1}, "object with at most 1 field"),
        ({"enum": ["a", "b"], "maxLength": 1}, "'a' or 'b'"),
    ],
)
def test_bounds_are_told(schema: Schema, text: str):
    assert words(schema) == text


@pytest.mark.parametrize(
    "steps,text",
    [((), "with"), (("rows",), "rows"), (("rows", 1, "x-y", "z"), 'rows[1]["x-y"].z')],
)
def test_places_are_paths(steps: tuple[str | int, ...], text: str):
    assert place_text(steps) == text


@pytest.mark.parametrize(
    "value,wanted,text",
    [
        (17, STRING, "put it in quotes: '17'"),
        (True, STRING, "put it in quotes: 'true'"),
        (None, STRING, "it takes string"),
        ("3", INTEGER, "write it without quotes: 3"),
        ("-3", INTEGER, "write it without quotes: -3"),
        ("3.5", {"type": "number"}, "write it without quotes: 3.5"),
        ("3.5", INTEGER, "it takes integer"),
        ("true", {"type": "boolean"}, "write it without quotes: true"),
        ("yes", {"type": "boolean"}, "it takes boolean"),
        ("x", {"type": "string", "format": "date"}, "it takes date, such as 2026-01-31"),
        ("x", {"type": "string", "format": "ipv4"}, "it takes ipv4"),
        ("stagin", {"enum": ["staging", "prod"]}, "did you mean `staging`?"),
        (7, {"enum": ["staging", "prod"]}, "it takes 'staging' or 'prod'"),
        (7, False, "it takes nothing"),
    ],
)
def test_a_literal_is_corrected(value: Json, wanted: Schema, text: str):
    assert instead_of(value, wanted) == text
