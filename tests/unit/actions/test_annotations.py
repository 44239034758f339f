"""Types at the edge: schema and data agree."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from pydantic import BaseModel, Field

from interlock.actions import Annotation, action
from interlock.errors import ActionInvalid, ValueRefused
from interlock.values import Checker, covers, decode, encode, select


@dataclass
class Part:
    size: int
    digest: bytes = b""


@dataclass
class Tree:
    name: str
    inner: list["Tree"]


class Aliased(BaseModel):
    severity: int = Field(alias="sev")


@pytest.mark.parametrize(
    "hint, value, data",
    [
        (str, "a", "a"),
        (date, date(2026, 11, 23), "2026-11-23"),
        (bytes, b"\xff\x00", "_wA="),
        (Aliased, Aliased(sev=3), {"sev": 3}),
        (list[Aliased], [Aliased(sev=3)], [{"sev": 3}]),
        (Any, {"a": [1]}, {"a": [1]}),
        (Part, Part(1, b"\xff"), {"size": 1, "digest": "_w=="}),
        (Part | None, None, None),
        (Tree, Tree("a", [Tree("b", [])]), {"name": "a", "inner": [{"name": "b", "inner": []}]}),
    ],
)
def test_encoded_values_satisfy_the_schema(hint: object, value: object, data: object):
    annotation = Annotation(hint, owner="x")
    assert annotation.encode(value) == data
    assert Checker(annotation.schema("serialization")).accepts(annotation.encode(value))


def test_an_output_with_aliases_satisfies_the_manifest():
    @action(effect="pure")
    def make() -> Aliased:
        return Aliased(sev=3)

    output = make.encode(make.func())
    assert output == b'{"sev":3}'
    assert Checker(make.manifest.returns).accepts({"sev": 3})


def test_what_one_action_returns_another_one_takes():
    @action(effect="pure")
    def make() -> Part:
        return Part(1, b"\xff")

    @action(effect="pure")
    def take(part: Part) -> int:
        return part.size

    taken = select(take.manifest.arguments, ("part",)).schema
    assert covers(taken, make.manifest.returns) == "yes"
    output = decode(make.encode(make.func()))
    assert take.decode(encode({"part": output})) == {"part": Part(1, b"\xff")}


def test_a_lone_definition_stands_without_its_name():
    schema = Annotation(Part, owner="x").schema("validation")
    assert isinstance(schema, dict)
    assert schema["type"] == "object"
    assert "$defs" not in schema


def test_titles_are_left_out():
    assert "title" not in str(Annotation(Aliased, owner="x").schema("validation"))


def test_a_type_without_json_form_is_refused():
    with pytest.raises(ActionInvalid, match="input `x`"):
        Annotation(memoryview, owner="input `x`").schema("validation")


def test_a_value_without_json_form_is_refused():
    with pytest.raises(ValueRefused, match="input `x`"):
        Annotation(Any, owner="input `x`").encode(object())
