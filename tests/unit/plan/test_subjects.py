"""Whose a value is, as an expression says: names, or an error that tells nothing of the value."""

import pytest

from interlock.errors import ExpressionFailed
from interlock.graph import Expression, parse_expression
from interlock.plan import names_in
from interlock.values import Json


def subject(text: str) -> Expression:
    parsed = parse_expression(text, names=frozenset({"value"}))
    assert isinstance(parsed, Expression)
    return parsed


@pytest.mark.parametrize("value", ["Ada\nLovelace", "Ada" * 86, ["Ada", 7], {"Ada": "Lovelace"}])
def test_what_is_no_name_is_not_told(value: Json):
    with pytest.raises(ExpressionFailed, match="`subject` gives no name: value") as caught:
        names_in(subject("value"), value)
    assert "Ada" not in f"{caught.value} {caught.value.hint}"


def test_names_are_found_in_a_text_and_in_a_list():
    assert names_in(subject("value.id"), {"id": "Ada"}) == {"Ada"}
    assert names_in(subject("value"), ["Ada", "Bob", "Ada"]) == {"Ada", "Bob"}
    assert names_in(subject("value"), []) == frozenset()
