"""Checking values, and the words in which a value is refused."""

from typing import Any

import pytest
from hypothesis import given

from interlock.errors import UsageError
from interlock.values import Checker, Problem, Schema, schema_problem
from unit.values.strategies import ANYTHING, SCHEMAS

NULLABLE: Schema = {"anyOf": [{"type": "integer"}, {"type": "null"}]}
CAT: Schema = {"type": "object", "properties": {"k": {"const": "cat"}, "n": {"type": "integer"}}}
DOG: Schema = {"type": "object", "properties": {"k": {"const": "dog"}}, "required": ["k"]}

MESSAGES: list[tuple[Schema, Any, list[str]]] = [
    ({"type": "integer"}, "abc", ["'abc' is not of type 'integer'"]),
    ({"type": "integer"}, 1.5, ["1.5 is not of type 'integer'"]),
    ({"type": "number"}, True, ["true is not of type 'number'"]),
    ({"type": ["string", "null"]}, {"a": 1}, ["""{"a":1} is not of type 'null' or 'string'"""]),
    ({"type": "string"}, ["x" * 80], [f"""["{"x" * 55}... is not of type 'string'"""]),
    ({"type": "string"}, 2**70, ["1180591620717411303424 is not of type 'string'"]),
    ({"required": ["a", "b"]}, {"a": 1}, ["'b' is missing"]),
    ({"additionalProperties": False}, {"a": 1, "b": 2}, ["no fields are expected"]),
    ({"properties": {"a": True}, "additionalProperties": False}, {"a": 1, "b": 2, "c": 3}, [
        "'b', 'c' are not expected"]),
    ({"properties": {"a": False}}, {"a": 1}, ["1 is not allowed here at /a"]),
    ({"enum": ["a", "b", None]}, "c", ["'c' is not one of 'a', 'b', null"]),
    ({"const": {"a": 1}}, 2, ["""2 is not {"a":1}"""]),
    ({"format": "date"}, "tomorrow", ["'tomorrow' is not in the format 'date'"]),
    ({"pattern": "^a"}, "b", ["'b' does not match '^a'"]),
    ({"minimum": 5}, 3, ["3 is less than the minimum of 5"]),
    ({"minItems": 2}, [1], ["[1] has less than 2 items"]),
    ({"items": {"type": "string"}}, ["a", 1, 2], [
        "1 is not of type 'string' at /1", "2 is not of type 'string' at /2"]),
    ({"properties": {"a/b~c": {"type": "null"}}}, {"a/b~c": 1}, [
        "1 is not of type 'null' at /a~1b~0c"]),
    (NULLABLE, "x", ["'x' is not of type 'integer' or 'null'"]),
    ({"properties": {"a": NULLABLE}}, {"a": "x"}, ["'x' is not of type 'integer' or 'null' at /a"]),
    ({"anyOf": [{"type": "object", "properties": {"a": NULLABLE}}, {"type": "null"}]}, {"a": "x"}, [
        "'x' is not of type 'integer' or 'null' at /a"]),
    ({"anyOf": [{"required": ["k"], "type": "object"}, {"type": "null"}]}, {}, ["'k' is missing"]),
    ({"oneOf": [CAT, DOG, {"type": "null"}]}, {"k": "cow"}, [
        ("""{"k":"cow"} fits none of 2 alternatives: 'cow' is not 'cat' at /k; """
         "'cow' is not 'dog' at /k")]),
]  # fmt: skip


@pytest.mark.parametrize("schema,value,messages", MESSAGES)
def test_messages(schema: Schema, value: Any, messages: list[str]):
    assert [str(problem) for problem in Checker(schema).problems(value)] == messages


def test_a_long_value_is_cut():
    (problem,) = Checker({"maxLength": 3}).problems("x" * 5_000)
    assert len(problem.message) < 220
    assert "longer than 3 characters" in problem.message


def test_problems_are_places_and_messages():
    checker = Checker({"items": {"type": "string"}})
    assert checker.problems([1]) == (Problem("/0", "1 is not of type 'string'"),)
    assert checker.problems(["a"]) == ()


def test_problems_are_limited():
    checker = Checker({"items": {"type": "string"}})
    assert len(checker.problems(list(range(100)))) == 5
    assert len(checker.problems(list(range(100)), limit=7)) == 7


@given(SCHEMAS, ANYTHING)
def test_there_are_problems_exactly_when_it_does_not_accept(schema: Any, value: Any):
    checker = Checker(schema)
    problems = checker.problems(value)
    assert checker.accepts(value) == (not problems)
    assert all(problem.message for problem in problems)


def test_an_integral_float_is_an_integer():
    assert Checker({"type": "integer"}).accepts(1.0)


WRONG: list[tuple[Any, str, str]] = [
    ({"type": "strin"}, "/type", "'strin' is not one of"),
    ({"properties": {"a": {"pattern": "("}}}, "/properties/a/pattern", "format 'regex'"),
    ({"items": {"$ref": "#/$defs/gone"}}, "/items/$ref", "'#/$defs/gone' points nowhere"),
    ({"$ref": "http://example.com/x"}, "/$ref", "outside of the schema, and nothing is fetched"),
    ({"$ref": "other.json"}, "/$ref", "outside of the schema"),
    ({"anyOf": []}, "/anyOf", "[]"),
    ({"const": {1, 2}}, "", "set"),
    ({"required": "a"}, "/required", "'a' is not of type 'array'"),
]


@pytest.mark.parametrize("schema,pointer,message", WRONG)
def test_a_wrong_schema_has_a_place(schema: Any, pointer: str, message: str):
    problem = schema_problem(schema)
    assert problem is not None
    assert problem.pointer == pointer
    assert message in problem.message
    with pytest.raises(UsageError, match="not a JSON Schema") as caught:
        Checker(schema).accepts(1)
    assert message in caught.value.message


@pytest.mark.parametrize(
    "schema",
    [True, False, {}, {"format": "made-up"}, {"x-note": 1}, {"$ref": "#"},
     {"const": {"$ref": "#/gone"}}, {"properties": {"$ref": {"type": "string"}}}],
)  # fmt: skip
def test_a_right_schema_has_no_problem(schema: Any):
    assert schema_problem(schema) is None
