"""Foreign texts: strict as values, harmless in messages."""

import pytest
from hypothesis import given

from interlock.library.texts import ending, excerpt, read_json
from interlock.values import Json, canonical, encode
from unit.graph.graphs import json_values


@given(json_values)
def test_json_is_read_as_it_was_written(value: Json):
    assert encode(read_json(canonical(value).decode())) == encode(value)


@pytest.mark.parametrize(
    "text, told",
    [
        ("", "Expecting value"),
        ("{} {}", "Extra data"),
        ('{"a": NaN}', "`NaN` is not JSON"),
        ("[Infinity]", "`Infinity` is not JSON"),
        ("99999999999999999999", "99999999999999999999"),
        ('"\\ud800"', "surrogate"),
        ("[" * 200 + "]" * 200, "nested"),
        ("[" * 100_000, "nested too deep"),
        ('{"a": 1, "b": 2, "a": 3}', "has the key `a` twice"),
    ],
)
def test_what_is_no_value_is_refused(text: str, told: str):
    with pytest.raises(ValueError, match=told):
        read_json(text)


def test_excerpts_are_short_and_cannot_steer_a_terminal():
    assert excerpt("a\x1b[31mred\nb" + "x" * 600) == "a [31mred b" + "x" * 489 + " ..."
    assert ending("x" * 600 + "end", limit=5) == "... xxend"
