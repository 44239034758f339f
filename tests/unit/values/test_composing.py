"""Schemas that stand alone, put together: each part still accepts what it accepted alone."""

from typing import Any

import pytest
from hypothesis import given, strategies as st

from interlock.values import Checker, Composition, Json, Schema
from interlock.values.examples import examples
from unit.values.strategies import INTEGER, SCHEMAS, STRING, array, record, tree


def joined(parts: dict[str, Schema]) -> Schema:
    composition = Composition()
    properties: dict[str, Json] = {name: composition.part(part) for name, part in parts.items()}
    return composition.whole({"type": "object", "properties": properties})


def named(definition: Schema) -> Schema:
    return {"$ref": "#/$defs/doc", "$defs": {"doc": definition}}


def test_parts_without_definitions_stay_as_they_are():
    assert joined({"a": STRING}) == {"type": "object", "properties": {"a": STRING}}


def test_equal_definitions_are_kept_once():
    other: Schema = {"type": "array", "items": {"$ref": "#/$defs/doc"}, "$defs": {"doc": STRING}}
    whole = joined({"a": named(STRING), "b": other})
    assert isinstance(whole, dict)
    assert whole["$defs"] == {"doc": STRING}


def test_a_name_that_means_something_else_is_changed():
    whole = Checker(joined({"a": named(STRING), "b": named(INTEGER)}))
    assert whole.accepts({"a": "x", "b": 1})
    assert not whole.accepts({"a": "x", "b": "x"})
    assert not whole.accepts({"a": 1, "b": 1})


def test_definitions_that_refer_to_each_other_change_their_names_together():
    inner: dict[str, Json] = {"doc": array({"$ref": "#/$defs/item"})}
    one: Schema = {"$ref": "#/$defs/doc", "$defs": {**inner, "item": STRING}}
    other: Schema = {"$ref": "#/$defs/doc", "$defs": {**inner, "item": INTEGER}}
    whole = Checker(joined({"a": one, "b": other}))
    assert whole.accepts({"a": ["x"], "b": [1]})
    assert not whole.accepts({"a": [1], "b": [1]})
    assert not whole.accepts({"a": ["x"], "b": ["x"]})


@pytest.mark.parametrize(
    "part",
    [
        tree(INTEGER),
        {"type": "array", "items": {"$ref": "#"}},
        record("a", a=INTEGER, b={"$ref": "#/properties/a"}),
    ],
)
def test_a_part_may_refer_to_itself(part: Schema):
    whole = Checker(joined({"a": part, "b": part, "c": STRING}))
    alone = Checker(part)
    others: list[Json] = [1, "x", [1], [[]], {"a": "x"}, {"a": 1, "b": "x"}]
    for value in [*examples(part), *others]:
        assert whole.accepts({"a": value}) == whole.accepts({"b": value}) == alone.accepts(value)


@given(SCHEMAS, SCHEMAS, st.data())
def test_each_part_accepts_what_it_accepted_alone(one: Any, other: Any, data: st.DataObject):
    whole = Checker(joined({"a": one, "b": other}))
    value = data.draw(st.sampled_from([*examples(one), *examples(other), None, 1]))
    assert whole.accepts({"a": value}) == Checker(one).accepts(value)
    assert whole.accepts({"b": value}) == Checker(other).accepts(value)
