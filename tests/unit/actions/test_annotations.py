"""Types at the edge: schema and data agree."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Required

import pytest
from pydantic import BaseModel, Field, model_serializer
from typing_extensions import TypedDict

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


class Report(BaseModel):
    title: str = "none"
    tags: list[str] = []
    hidden: int = Field(default=0, exclude=True)
    note: Annotated[str | None, Field(exclude_if=lambda note: note is None)] = None


class Partial(TypedDict, total=False):
    id: Required[int]
    size: int


class Brief(BaseModel):
    note: str | None = None

    @model_serializer(mode="wrap")
    def written(self, handler: Callable[[Any], dict[str, Any]]):
        return {name: one for name, one in handler(self).items() if one is not None}


class Counted(Brief):
    @model_serializer(mode="wrap")
    def written(self, handler: Callable[[Any], dict[str, Any]]) -> dict[str, int]:
        return {name: len(one or "") for name, one in handler(self).items()}


def presence(hint: object, name: str, *, written: bool) -> str:
    return select(
        Annotation(hint, owner="x").schema("serialization", written=written), (name,)
    ).present


@pytest.mark.parametrize(
    "hint, name, present",
    [
        (Report, "title", "always"),
        (Report, "tags", "always"),
        (Report, "note", "maybe"),
        (Report, "hidden", "maybe"),
        (Part, "digest", "always"),
        (Partial, "id", "always"),
        (Partial, "size", "maybe"),
    ],
)
def test_what_is_written_has_its_fields_with_a_default(hint: object, name: str, present: str):
    assert presence(hint, name, written=True) == present


def test_what_is_only_described_may_leave_out_what_has_a_default():
    assert presence(Report, "title", written=False) == "maybe"
    read = Annotation(Report, owner="x").schema("validation")
    assert select(read, ("title",)).present == "maybe"


def test_a_serialiser_of_a_model_says_what_it_returns_or_nothing_is_known():
    assert Annotation(Brief, owner="x").encode(Brief()) == {}
    assert Annotation(Brief, owner="x").schema("serialization") == {}
    counted = Annotation(Counted, owner="x").schema("serialization")
    assert covers({"type": "object", "additionalProperties": {"type": "integer"}}, counted) == "yes"


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
