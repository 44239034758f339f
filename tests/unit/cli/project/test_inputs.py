"""Inputs from options: strings stay strings, everything else is JSON."""

import pytest

from interlock.actions import Registry
from interlock.cli.project.inputs import read_inputs
from interlock.errors import InputsInvalid, UsageError
from interlock.graph import Graph
from interlock.plan import compile as compile_graph
from interlock.values import Json, Schema


def read(schema: Schema, text: str) -> Json:
    plan = compile_graph(Graph(name="g", inputs={"x": schema}), Registry())
    return read_inputs(plan, [f"x={text}"], None)["x"]


@pytest.mark.parametrize(
    "schema, text, value",
    [
        ({"type": "string"}, "5", "5"),
        ({"type": "string"}, "true", "true"),
        ({"type": "string"}, '"quoted"', '"quoted"'),
        ({"type": "string"}, "a=b", "a=b"),
        ({"enum": ["1", "2"]}, "1", "1"),
        ({"type": ["string", "null"]}, "5", "5"),
        ({"type": ["string", "null"]}, "null", None),
        ({"type": ["string", "integer"]}, "5", 5),
        ({"type": "integer"}, "5", 5),
        ({"type": "boolean"}, "false", False),
        ({"type": "array"}, "[1]", [1]),
        ({"type": "object"}, '{"a": 1}', {"a": 1}),
        (True, "text", "text"),
        (True, "[1]", [1]),
    ],
)
def test_the_schema_says_how_text_is_read(schema: Schema, text: str, value: Json):
    assert read(schema, text) == value


@pytest.mark.parametrize(
    "schema, text",
    [
        ({"type": "integer"}, "five"),
        ({"type": "integer"}, "1.5"),
        ({"type": "integer"}, str(2**63)),
        ({"type": "string", "pattern": "^a"}, "b"),
        ({"type": "boolean"}, "yes"),
        (False, "x"),
        ({"type": "number"}, "NaN"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_is_expected(schema: Schema, text: str):
    with pytest.raises(InputsInvalid) as caught:
        read(schema, text)
    assert "`x`" in caught.value.message
    assert "`g` takes:" in caught.value.message


def test_two_values_for_one_input_are_refused_with_both():
    plan = compile_graph(Graph(name="g", inputs={"x": {"type": "integer"}}), Registry())
    with pytest.raises(UsageError, match="`x` is given twice, as `1` and `2`"):
        read_inputs(plan, ["x=1", "x=2"], None)
    assert read_inputs(plan, ["x=1", "x=1"], None) == {"x": 1}


def test_an_option_without_a_name_is_refused():
    with pytest.raises(UsageError, match="NAME=VALUE"):
        read_inputs(compile_graph(Graph(name="g"), Registry()), ["x"], None)


def test_bytes_that_the_locale_could_not_decode_are_read_as_utf_8():
    escaped = "Zoë".encode().decode("ascii", errors="surrogateescape")
    assert read({"type": "string"}, escaped) == "Zoë"


def test_bytes_that_are_not_utf_8_are_refused():
    with pytest.raises(UsageError, match=r"`-i x=.* is not UTF-8"):
        read({"type": "string"}, "Zo\udceb")


def test_a_graph_without_inputs_takes_none():
    with pytest.raises(InputsInvalid, match="takes no inputs"):
        read_inputs(compile_graph(Graph(name="g"), Registry()), ["x=1"], None)
