"""Types at the edge: schema and data agree."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Required

import pytest
from pydantic import BaseModel, Field, NaiveDatetime, model_serializer
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


class Unknown(Enum):
    NONE = float("nan")


@dataclass
class Bounded:
    most: float = float("inf")


def with_default(x: float = float("nan")) -> None: ...
def with_example(x: Annotated[float, Field(examples=[float("-inf")])]) -> None: ...
def with_model(x: Bounded) -> None: ...
def with_nan_alone() -> Unknown: ...  # type: ignore[empty-body]


@pytest.mark.parametrize("func", [with_default, with_example, with_model, with_nan_alone])
def test_numbers_that_json_lacks_are_refused_where_they_are_declared(func: Callable[..., object]):
    with pytest.raises(ActionInvalid, match="is not a JSON number at") as caught:
        _ = action(effect="pure")(func).manifest
    assert caught.value.hint == "use None, or a string, for a number that is missing"


def test_a_time_that_must_be_naive_has_no_offset_in_its_schema():
    local = datetime(2026, 11, 23, 9, 30)  # noqa: DTZ001 - it is about such times
    for hint, value in ((NaiveDatetime, local), (datetime, local.replace(tzinfo=UTC))):
        annotation = Annotation(hint, owner="x")
        assert Checker(annotation.schema("serialization")).accepts(annotation.encode(value))


@pytest.mark.parametrize(
    "value, hint",
    [
        (date(2026, 11, 23), "annotate the function with `-> date`, or use value.isoformat()"),
        (Decimal("1.5"), "annotate the function with `-> Decimal`, or use str(value)"),
        (Part(1), "annotate the function with `-> Part`, or use dataclasses.asdict(value)"),
        (
            Report(),
            "annotate the function with `-> Report`, or use value.model_dump(mode='json')",
        ),
        ([Part(1)], "use dataclasses.asdict(value)"),
        ({1, 2}, "use a sorted list: a set has no order"),
        (Unknown.NONE, "use value.value"),
        (object(), "use strings, numbers, booleans, None, lists and dicts"),
        ((one for one in "ab"), "use list(value)"),
    ],
)
def test_an_output_that_is_no_json_says_what_to_do(value: object, hint: str):
    def give() -> Any:
        return value

    with pytest.raises(ValueRefused) as caught:
        action(effect="pure")(give).encode(value)
    assert caught.value.hint == hint


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
