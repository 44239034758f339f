"""Containment of schemas: a table of answers, and soundness of both proofs."""

from typing import Any, Literal

import pytest
from hypothesis import assume, event, given, strategies as st
from pydantic import BaseModel, TypeAdapter

from interlock.errors import UsageError
from interlock.values import Answer, Checker, Schema, counterexample, covers
from interlock.values.examples import examples
from unit.values.strategies import (
    BOOLEAN,
    DATE,
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

A_OR_B: Schema = {"oneOf": [record("k", k={"const": "a"}), record("k", k={"const": "b"})]}
PAIR: Schema = {"type": "array", "prefixItems": [INTEGER, STRING], "items": False, "minItems": 2}

TABLE: list[tuple[Answer, Schema, Schema]] = [
    # Scalars
    ("yes", NUMBER, INTEGER),
    ("no", INTEGER, NUMBER),
    ("no", STRING, INTEGER),
    ("no", BOOLEAN, INTEGER),
    ("yes", True, STRING),
    ("yes", {}, record("a", a=INTEGER)),
    ("no", STRING, True),
    ("no", False, STRING),
    ("yes", STRING, False),
    ("yes", {"type": "integer", "minimum": 0}, {"type": "integer", "minimum": 1}),
    ("no", {"type": "integer", "minimum": 1}, {"type": "integer", "minimum": 0}),
    ("yes", {"type": "number", "multipleOf": 0.5}, INTEGER),
    ("yes", {"type": "integer", "multipleOf": 2}, {"type": "integer", "multipleOf": 4}),
    ("no", {"type": "integer", "multipleOf": 4}, {"type": "integer", "multipleOf": 2}),
    ("yes", {"minimum": 5}, STRING),
    ("no", {"minimum": 5}, INTEGER),
    # Texts
    ("yes", STRING, DATE),
    ("no", DATE, STRING),
    ("no", {"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}),
    ("yes", {"type": "string", "maxLength": 5}, {"type": "string", "maxLength": 3}),
    ("no", {"type": "string", "maxLength": 3}, {"type": "string", "maxLength": 5}),
    ("yes", {"type": "string", "pattern": "^a"}, {"const": "ab"}),
    ("unknown", {"type": "string", "pattern": "^a"}, {"type": "string", "pattern": "^ab"}),
    ("yes", {"enum": ["a", "b", "c"]}, {"enum": ["c", "a"]}),
    ("no", {"enum": ["a", "b"]}, {"enum": ["a", "c"]}),
    ("yes", STRING, {"enum": ["a", "c"]}),
    ("no", {"enum": ["a"]}, STRING),
    # Alternatives
    ("yes", either(INTEGER, NULL), INTEGER),
    ("no", INTEGER, either(INTEGER, NULL)),
    ("yes", either(STRING, INTEGER, NULL), either(NULL, INTEGER)),
    ("yes", {"type": ["integer", "null"]}, either(NULL, INTEGER)),
    ("yes", {"not": STRING}, INTEGER),
    ("yes", A_OR_B, record("k", k={"const": "a"})),
    ("no", A_OR_B, record("k", k={"const": "c"})),
    # Objects
    ("yes", record("a", a=INTEGER), record("a b", a=INTEGER, b=STRING)),
    ("no", record("a b", a=INTEGER, b=STRING), record("a", a=INTEGER)),
    ("no", record("a", a=INTEGER), record(a=INTEGER)),
    ("no", record(a=INTEGER), record(a=STRING)),
    ("no", record("a", closed=True, a=INTEGER), record("a b", a=INTEGER, b=STRING)),
    ("yes", record("a", closed=True, a=NUMBER), record("a", closed=True, a=INTEGER)),
    ("yes", table(NUMBER), table(INTEGER)),
    ("no", table(INTEGER), table(NUMBER)),
    ("yes", table(INTEGER), record("a", closed=True, a=INTEGER)),
    ("no", table(INTEGER), record("a", a=INTEGER)),
    ("yes", {"allOf": [record("a", a=INTEGER), record("b")]}, record("a b", a=INTEGER)),
    # Arrays
    ("yes", array(NUMBER), array(INTEGER)),
    ("no", array(INTEGER), array(NUMBER)),
    ("yes", array(either(INTEGER, STRING)), PAIR),
    ("no", PAIR, array(either(INTEGER, STRING))),
    ("no", {"type": "array", "uniqueItems": True}, array(INTEGER)),
    ("yes", array(INTEGER, minItems=1), array(INTEGER, minItems=2)),
    ("yes", {"type": "array", "contains": INTEGER}, array(INTEGER, minItems=1)),
    # Recursion
    ("yes", tree(INTEGER), tree(INTEGER)),
    ("no", tree(INTEGER), tree(NUMBER)),
    ("yes", tree(NUMBER), tree(INTEGER)),
    ("yes", tree(either(INTEGER, NULL)), tree(INTEGER)),
    ("yes", {"type": "object"}, tree(INTEGER)),
    ("no", tree(either(INTEGER, NULL)), tree(either(INTEGER, STRING))),
]


@pytest.mark.parametrize("answer,consumer,producer", TABLE)
def test_table(answer: Answer, consumer: Schema, producer: Schema):
    assert covers(consumer, producer) == answer
    example = counterexample(consumer, producer)
    assert (example is not None) == (answer == "no")


@pytest.mark.parametrize("schema", [schema for _, *pair in TABLE for schema in pair])
def test_every_schema_covers_itself(schema: Schema):
    assert covers(schema, schema) == "yes"


def test_annotations_do_not_matter():
    plain = record("a", a=array(STRING))
    items: Schema = {"type": "string", "title": "Item"}
    told = record("a", a={**array(items), "default": []})
    told |= {"title": "T", "description": "d", "examples": [{}], "default": {"a": []}}
    assert covers(plain, told) == covers(told, plain) == "yes"


def test_a_field_may_be_called_as_an_annotation():
    with_title, without = record("title", closed=True, title=STRING), record(closed=True)
    assert covers(without, with_title) == "no"


@pytest.mark.parametrize(
    "consumer,producer,text",
    [
        (INTEGER, NUMBER, "0.5: 0.5 is not of type 'integer'"),
        (STRING, either(STRING, NULL), "null: null is not of type 'string'"),
        (record(n=INTEGER), record("n", n=either(INTEGER, NULL)),
         """{"n":null}: null is not of type 'integer' at /n"""),
        (record("a b"), record("a", a=INTEGER), """{"a":0}: 'b' is missing"""),
        (record("a", closed=True, a=INTEGER), record("a b", a=INTEGER, b=STRING),
         """{"a":0,"b":""}: 'b' is not expected"""),
        (array(array(INTEGER)), array(array(STRING)),
         """[[""]]: '' is not of type 'integer' at /0/0"""),
        (DATE, STRING, "'': '' is not in the format 'date'"),
        ({"enum": ["a", "b"]}, {"enum": ["a", "c"]}, "'c': 'c' is not one of 'a', 'b'"),
    ],
)  # fmt: skip
def test_counterexamples_read_well(consumer: Schema, producer: Schema, text: str):
    assert str(counterexample(consumer, producer)) == text


def test_a_counterexample_without_a_value_is_described():
    # No value is made up for such a pattern, yet the library proves that the formats differ.
    producer: Schema = {"type": "string", "pattern": "^([0-9a-f]{40}|none)$"}
    assert covers(INTEGER, producer) == "no"
    assert str(counterexample(INTEGER, producer)) == "some values of string"


class Leaf(BaseModel):
    kind: Literal["leaf"] = "leaf"
    size: int


class Branch(BaseModel):
    kind: Literal["branch"] = "branch"
    kids: list["Leaf | Branch"] = []
    note: str | None = None


@pytest.mark.parametrize("model", [Leaf, Branch, list[Branch], dict[str, Leaf], tuple[int, str]])
def test_what_pydantic_writes_it_can_read(model: Any):
    adapter = TypeAdapter(model)
    written = adapter.json_schema(mode="serialization")
    assert covers(adapter.json_schema(mode="validation"), written) == "yes"


@given(SCHEMAS, SCHEMAS, st.data())
def test_yes_is_a_proof(consumer: Any, producer: Any, data: st.DataObject):
    answer = covers(consumer, producer)
    event(answer)
    value = data.draw(values_of(producer) | st.sampled_from(list(examples(producer)) or [None]))
    assume(Checker(producer).accepts(value))
    if not Checker(consumer).accepts(value):
        event("refused")
        assert answer != "yes"


@given(SCHEMAS, SCHEMAS)
def test_what_accepts_more_is_never_refused(schema: Any, other: Any):
    assert covers(either(schema, other), schema) != "no"
    assert covers(schema, {"allOf": [schema, other]}) != "no"


@given(SCHEMAS, SCHEMAS)
def test_a_no_comes_with_a_reason(consumer: Any, producer: Any):
    reason = counterexample(consumer, producer)
    assert (reason is not None) == (covers(consumer, producer) == "no")


def test_a_wrong_schema_is_a_usage_error():
    with pytest.raises(UsageError, match="not a JSON Schema"):
        covers({"type": "strin"}, INTEGER)
    with pytest.raises(UsageError, match="points nowhere"):
        covers({"$ref": "#/$defs/gone"}, INTEGER)
