"""Paths through schemas: what stands there, and whether it surely does."""

from typing import Annotated, Any, Literal

import pytest
from hypothesis import assume, event, given, strategies as st
from pydantic import BaseModel, Field, TypeAdapter

from interlock.values import Checker, Present, Schema, Selection, Steps, describe, select
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


class Doc(BaseModel):
    id: str
    url: str | None
    score: float
    kids: list["Doc"] = []
    meta: dict[str, int] = {}


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(BaseModel):
    kind: Literal["dog"]
    at: tuple[int, str]


class Out(BaseModel):
    docs: list[Doc]
    best: Doc | None
    pet: Annotated[Cat | Dog, Field(discriminator="kind")]
    dog: Dog
    anything: Any


OUT = TypeAdapter(Out).json_schema(mode="serialization")


@pytest.mark.parametrize(
    "path,present,words,doubt",
    [
        ((), "always", "object with docs, best, pet, dog, anything", None),
        (("docs",), "always", "list of object with id, url, score, kids?, meta?", None),
        (("docs", 0), "maybe", "object with id, url, score, kids?, meta?", ("absent", 1)),
        (("docs", 0, "id"), "maybe", "string", ("absent", 1)),
        (("docs", 0, "kids", 1, "kids", 2, "score"), "maybe", "number", ("absent", 1)),
        (("best",), "always", "object with id, url, score, kids?, meta? or null", None),
        (("best", "id"), "maybe", "string", ("null", 1)),
        (("best", "url"), "maybe", "string or null", ("null", 1)),
        (("best", "meta", "x"), "maybe", "integer", ("null", 1)),
        (("pet", "kind"), "always", "'cat' or 'dog'", None),
        (("dog", "at", 1), "always", "string", None),
        (("dog", "at", 2), "never", "nothing", ("absent", 2)),
        (("dog", "at", "x"), "never", "nothing", ("other type", 2)),
        (("dog", "kind", "x"), "never", "nothing", ("other type", 2)),
        (("docs", "x"), "never", "nothing", ("other type", 1)),
        (("anything", "x", 3), "maybe", "anything", ("unknown", 1)),
    ],
)
def test_pydantic_schemas(path: Steps, present: Present, words: str, doubt: tuple[str, int] | None):
    found = select(OUT, path)
    assert found.present == present
    assert describe(found.schema) == words
    assert (found.doubt, found.doubt_at) == (doubt or (None, None))


def test_a_misspelt_field_is_told_with_the_fields_there_are():
    found = select(OUT, ("best", "uri", "more"))
    assert found == Selection(
        schema=True,
        present="maybe",
        at=1,
        fields=("id", "url", "score", "kids", "meta"),
        doubt="null",
        doubt_at=1,
    )


def test_a_closed_object_has_no_other_fields():
    schema = record("a", closed=True, a=INTEGER, b=STRING)
    found = select(schema, ("c",))
    assert (found.present, found.schema, found.fields, found.at) == ("never", False, ("a", "b"), 0)
    assert (found.doubt, found.doubt_at) == ("absent", 0)


def test_what_is_found_stands_alone():
    found = select(tree(INTEGER), ("kids",))
    assert Checker(found.schema).accepts([{"value": 1, "kids": [{"value": 2}]}])
    assert not Checker(found.schema).accepts([{"value": "x"}])


@pytest.mark.parametrize(
    "schema,path,present,words,doubt",
    [
        (record("a", a=INTEGER), ("a",), "always", "integer", None),
        (record(a=INTEGER), ("a",), "maybe", "integer", "absent"),
        (record("a"), ("a",), "always", "anything", None),
        (record(), ("a",), "maybe", "anything", "unknown"),
        (table(NUMBER), ("a",), "maybe", "number", "absent"),
        ({**table(NUMBER), "required": ["a"]}, ("a",), "always", "number", None),
        ({"properties": {"a": INTEGER}, "required": ["a"]}, ("a",), "maybe", "integer",
         "other type"),
        ({"type": ["object", "null"], "properties": {"a": INTEGER}, "required": ["a"]}, ("a",),
         "maybe", "integer", "null"),
        ({"type": "object", "patternProperties": {"^a": INTEGER}}, ("a",), "maybe", "anything",
         "unknown"),
        ({"type": "object", "properties": {"a": False}}, ("a",), "never", "nothing", "absent"),
        (array(INTEGER), (0,), "maybe", "integer", "absent"),
        (array(INTEGER, minItems=2), (1,), "always", "integer", None),
        (array(INTEGER, minItems=2), (2,), "maybe", "integer", "absent"),
        (array(INTEGER, maxItems=2), (2,), "never", "nothing", "absent"),
        (array(INTEGER), (-1,), "never", "nothing", "absent"),
        ({"type": "array"}, (0,), "maybe", "anything", "absent"),
        (NULL, ("a",), "never", "nothing", "null"),
        (STRING, ("a",), "never", "nothing", "other type"),
        (True, ("a",), "maybe", "anything", "unknown"),
        (False, ("a",), "never", "nothing", "other type"),
        ({"const": {"a": [1, "x"]}}, ("a", 1), "always", "'x'", None),
        ({"const": {"a": [1, "x"]}}, ("a", 2), "never", "nothing", "absent"),
        ({"const": None}, ("a",), "never", "nothing", "null"),
        ({"enum": [{"a": 1}, {"a": 2}, {}]}, ("a",), "maybe", "1 or 2", "absent"),
        (either(record("a", a=INTEGER), record("a", a=STRING)), ("a",), "always",
         "integer or string", None),
        (either(record("a", a=INTEGER), record(a=STRING)), ("a",), "maybe", "integer or string",
         "absent"),
        (either(record("a", a=INTEGER), array(STRING)), ("a",), "maybe", "integer", "other type"),
        ({"allOf": [record("a"), record(a=INTEGER)]}, ("a",), "always", "integer", None),
        ({"allOf": [record("a", a=INTEGER), record(closed=True, b=STRING)]}, ("a",), "never",
         "nothing", "absent"),
        # The type stands beside the branches, and once in another part of an `allOf`.
        ({"type": "object", "anyOf": [{"required": ["a"], "properties": {"a": INTEGER}}]}, ("a",),
         "always", "integer", None),
        ({"allOf": [{"type": "object"}], "properties": {"a": INTEGER}, "required": ["a"]}, ("a",),
         "always", "integer", None),
        # References that lead in circles say nothing.
        ({"$ref": "#"}, ("a",), "maybe", "anything", "unknown"),
        ({"anyOf": [{"$ref": "#"}, record("a", a=INTEGER)]}, ("a",), "maybe", "anything",
         "unknown"),
    ],
)  # fmt: skip
def test_small_schemas(
    schema: Schema, path: Steps, present: Present, words: str, doubt: str | None
):
    found = select(schema, path)
    assert (found.present, describe(found.schema), found.doubt) == (present, words, doubt)


def test_doubling_references_take_no_time():
    definitions: dict[str, Any] = {
        f"d{n}": either({"$ref": f"#/$defs/d{n + 1}"}, {"$ref": f"#/$defs/d{n + 1}"})
        for n in range(60)
    }
    schema: Schema = {"$ref": "#/$defs/d0", "$defs": {**definitions, "d60": record("a", a=INTEGER)}}
    assert select(schema, ("a",)).present == "always"


@given(SCHEMAS, st.data())
def test_what_it_says_holds_for_every_value(schema: Any, data: st.DataObject):
    value = data.draw(values_of(schema))
    assume(Checker(schema).accepts(value))
    path, inner = data.draw(steps_into(value))
    found = select(schema, path)
    event(f"{found.present}, {'present' if inner is not MISSING else 'missing'}")
    if inner is MISSING:
        assert found.present != "always"
    else:
        assert found.present != "never"
        assert Checker(found.schema).accepts(inner)


MISSING: Any = object()


@st.composite
def steps_into(draw: st.DrawFn, value: Any) -> tuple[Steps, Any]:
    """A path into a value, and what stands there; the last step may find nothing."""
    path: Steps = ()
    while draw(st.booleans()) or not path:
        there: list[Any] = []
        if isinstance(value, dict):
            there = list(value)
        elif isinstance(value, list):
            there = list(range(len(value)))
        step: Any = draw(st.sampled_from([*there, "a", "b", 0]))
        path += (step,)
        if step not in there:
            return path, MISSING
        value = value[step]
    return path, value
