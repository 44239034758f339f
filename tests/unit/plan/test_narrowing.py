"""`returns` narrows: a value passes when it is what the action declares and what the node says."""

from typing import Any

import pytest
from hypothesis import given, strategies as st

from interlock.plan.narrowing import narrowed
from interlock.values import Checker, Schema, select
from interlock.values.examples import examples
from unit.values.strategies import INTEGER, SCHEMAS, STRING, array, either, record, tree

OBJECT: Schema = {"type": "object"}
NULL: Schema = {"type": "null"}


def test_returns_stands_alone_where_nothing_was_declared():
    assert narrowed(True, STRING) == STRING
    assert narrowed(OBJECT, record("a", a=STRING)) == record("a", a=STRING)


def test_fields_of_both_are_known():
    found = narrowed(record("a b", a=STRING, b=INTEGER), record(a={"enum": ["x"]}))
    assert found is not None
    assert select(found, ("b",)).present == "always"
    assert select(found, ("a",)).fields == ()
    assert select(found, ("c",)).fields == ("a", "b")


@pytest.mark.parametrize(
    "declared,returns",
    [
        (OBJECT, STRING),
        (record("a", a=STRING), record("a", a=INTEGER)),
        (record("a", closed=True, a=STRING), record("a b", a=STRING, b=STRING)),
        (record("a", a=STRING), record("b", closed=True, b=STRING)),
        ({"enum": ["a"]}, {"enum": ["b"]}),
        (array(STRING), OBJECT),
    ],
)
def test_a_contradiction_is_found(declared: Schema, returns: Schema):
    assert narrowed(declared, returns) is None


@pytest.mark.parametrize(
    "declared,returns",
    [
        (tree(INTEGER), record("value", value={"enum": [1]})),
        (record("a", a=STRING), tree(STRING)),
        (either(STRING, NULL), STRING),
        ({**record("a", a=STRING), "additionalProperties": True}, record("b", b=STRING)),
    ],
)
def test_both_must_hold(declared: Schema, returns: Schema):
    check_both(declared, returns, [*examples(declared), *examples(returns)])


@given(SCHEMAS, SCHEMAS, st.data())
def test_both_must_hold_of_any_schemas(declared: Any, returns: Any, data: st.DataObject):
    check_both(declared, returns, [*examples(declared), *examples(returns), None, {}, []])


def check_both(declared: Schema, returns: Schema, values: list[Any]) -> None:
    found = narrowed(declared, returns)
    whole = Checker(False if found is None else found)
    for value in values:
        both = Checker(declared).accepts(value) and Checker(returns).accepts(value)
        assert whole.accepts(value) == both
