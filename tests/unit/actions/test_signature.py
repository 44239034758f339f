"""From annotations to schemas, from JSON data to arguments, and from outputs to bytes."""

import functools
from collections.abc import Callable, Sequence, Set as AbstractSet
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, NamedTuple, NotRequired, Optional
from uuid import UUID

import pytest
from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from interlock.actions import Action, Context, action
from interlock.errors import ActionInvalid, ValueRefused
from interlock.values import Checker, Json, Schema, covers, decode, encode, select


class Model(BaseModel):
    a: int
    b: str = "x"


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    a: int


class Outer(BaseModel):
    inner: Model
    many: list[Model]
    maybe: Model | None = None
    named: dict[str, Model] = {}


class Tree(BaseModel):
    value: int
    kids: list["Tree"] = []


@dataclass
class Plain:
    a: int
    b: list[str] = field(default_factory=list)


@dataclass
class Mixed:
    plain: Plain
    model: Model


class Typed(TypedDict):
    a: int
    b: NotRequired[str]


class Colour(Enum):
    RED = "r"


class Number(IntEnum):
    ONE = 1


class Pair(NamedTuple):
    x: int
    y: str


TYPES: list[tuple[Any, Any, Json]] = [
    (int, 1, 1),
    (float, 1.5, 1.5),
    (float, 2.0, 2),
    (str, "x", "x"),
    (bool, True, True),
    (None, None, None),
    (Any, {"a": [1]}, {"a": [1]}),
    (dict, {"a": 1}, {"a": 1}),
    (list[int], [1], [1]),
    (tuple[int, str], (1, "a"), [1, "a"]),
    (tuple[int, ...], (1, 2), [1, 2]),
    (dict[str, int], {"a": 1}, {"a": 1}),
    (Sequence[int], [1], [1]),
    (int | str, "x", "x"),
    (Optional[int], None, None),  # noqa: UP045 - as people write it
    (Literal["a", "b"], "a", "a"),
    (Annotated[int, Field(ge=0)], 3, 3),
    (bytes, b"\xff\x00", "_wA="),
    (datetime, datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00Z"),
    (date, date(2026, 1, 2), "2026-01-02"),
    (time, time(1, 2), "01:02:00"),
    (timedelta, timedelta(seconds=3), "PT3S"),
    (Decimal, Decimal("1.10"), "1.10"),
    (UUID, UUID(int=5), "00000000-0000-0000-0000-000000000005"),
    (PurePosixPath, PurePosixPath("/x"), "/x"),
    (Colour, Colour.RED, "r"),
    (Number, Number.ONE, 1),
    (Pair, Pair(1, "x"), [1, "x"]),
    (Model, Model(a=1), {"a": 1, "b": "x"}),
    (Open, Open(a=1, z=2), {"a": 1, "z": 2}),  # type: ignore[call-arg]
    (
        Outer,
        Outer(inner=Model(a=1), many=[Model(a=2)]),
        {
            "inner": {"a": 1, "b": "x"},
            "many": [{"a": 2, "b": "x"}],
            "maybe": None,
            "named": {},
        },
    ),
    (Tree, Tree(value=1, kids=[Tree(value=2)]), {"value": 1, "kids": [{"value": 2, "kids": []}]}),
    (Plain, Plain(1, ["x"]), {"a": 1, "b": ["x"]}),
    (Mixed, Mixed(Plain(1), Model(a=2)), {"plain": {"a": 1, "b": []}, "model": {"a": 2, "b": "x"}}),
    (Typed, {"a": 1}, {"a": 1}),
    (list[Typed], [{"a": 1, "b": "x"}], [{"a": 1, "b": "x"}]),
    (dict[str, list[Plain | None]], {"k": [None, Plain(1)]}, {"k": [None, {"a": 1, "b": []}]}),
]


def named(hint: object) -> str:
    return getattr(hint, "__name__", str(hint))


def giving(hint: Any) -> Action[..., Any]:
    def give() -> object: ...

    give.__annotations__ = {"return": hint}
    return action("give", effect="pure", version="1")(give)


def taking(hint: Any, default: object = ...) -> Action[..., Any]:
    if default is ...:

        def take(value: object) -> None: ...

    else:

        def take(value: object = default) -> None: ...

    take.__annotations__ = {"value": hint, "return": None}
    return action("take", effect="pure", version="1")(take)


def arguments(made: Action[..., Any], name: str = "value") -> Schema:
    return select(made.manifest.arguments, (name,)).schema


@pytest.mark.parametrize("hint, value, data", TYPES, ids=lambda part: named(part)[:40])
def test_a_value_goes_out_and_comes_in_as_it_was(hint: Any, value: Any, data: Json):
    given = decode(giving(hint).encode(value))
    assert given == data
    assert Checker(giving(hint).manifest.returns).accepts(given)
    assert Checker(arguments(taking(hint))).accepts(given)
    assert taking(hint).decode(encode({"value": given})) == {"value": value}


@pytest.mark.parametrize("hint", [hint for hint, _, _ in TYPES], ids=named)
def test_one_action_takes_what_another_one_of_its_type_returns(hint: Any):
    assert covers(arguments(taking(hint)), giving(hint).manifest.returns) == "yes"


# --- what is refused


@dataclass
class WithSet:
    tags: set[str]


class DeepSet(BaseModel):
    inner: list[WithSet]


@pytest.mark.parametrize(
    "hint",
    [
        set[int],
        frozenset[str],
        list[set[int]],
        dict[str, set[int]] | None,
        Annotated[set[int], 1],
        AbstractSet[int],
        WithSet,
        DeepSet,
        dict[str, DeepSet],
    ],
    ids=str,
)
def test_sets_have_no_order_at_any_depth(hint: Any):
    for made in (giving(hint), taking(hint)):
        with pytest.raises(ActionInvalid, match=r"set, whose order changes") as caught:
            _ = made.manifest
        assert caught.value.hint == "use a list, sorted"


@pytest.mark.parametrize("hint", [type, range, Callable[[], int], memoryview, 3], ids=str)
def test_types_without_a_json_form_are_refused(hint: Any):
    for made in (giving(hint), taking(hint)):
        with pytest.raises(ActionInvalid) as caught:
            _ = made.manifest
        assert caught.value.hint == "use types that have a JSON form"
        assert "arbitrary_types_allowed" not in caught.value.message


def test_a_typed_dict_that_pydantic_cannot_read_says_where_to_import_it_from():
    import sys
    import typing

    if sys.version_info >= (3, 12):
        pytest.skip("it can be read from Python 3.12 on")
    hint = typing.TypedDict("hint", {"a": int})  # type: ignore[misc]  # noqa: UP013
    for made in (giving(hint), taking(hint)):
        with pytest.raises(ActionInvalid) as caught:
            _ = made.manifest
        assert caught.value.hint == "import `TypedDict` from `typing_extensions`"


def bad_star(*values: int) -> None: ...


def bad_stars(**values: int) -> None: ...


def bad_position(value: int, /) -> None: ...


def bad_untyped(value) -> None: ...  # type: ignore[no-untyped-def]


def bad_name(value: "Nowhere") -> None: ...  # type: ignore[name-defined]  # noqa: F821


def bad_text(value: "list[int") -> None: ...  # type: ignore[syntax]  # noqa: F722


def bad_attribute(value: "int.nothing") -> None: ...  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "func, told, hint",
    [
        (bad_star, "`values` has no name that a graph could use", "use named parameters"),
        (bad_stars, "`values` has no name that a graph could use", "use named parameters"),
        (bad_position, "`value` has no name that a graph could use", "use named parameters"),
        (bad_untyped, "parameter `value` has no annotation", "annotate it"),
        (bad_name, "annotation cannot be resolved: name 'Nowhere'", "import the type"),
        (bad_text, "annotation cannot be resolved: Forward", "import the type"),
        (bad_attribute, "annotation cannot be resolved: type object 'int'", "import the type"),
        (int, "its parameters are not known", "wrap it in a function"),
    ],
)
def test_parameters_that_a_graph_could_not_give_are_refused(func: Any, told: str, hint: str):
    made = action("bad", effect="pure", version="1")(func)
    with pytest.raises(ActionInvalid) as caught:
        _ = made.manifest
    assert told in caught.value.message
    assert caught.value.hint.startswith(hint)


# --- arguments

NAMES = [
    *("json", "schema", "copy", "dict", "model_config", "model_name", "validate"),
    *("_hidden", "__mangled", "f0", "f1", "self", "result"),
]


@pytest.mark.parametrize("name", NAMES)
def test_a_parameter_may_have_any_name(name: str):
    space: dict[str, Any] = {}
    exec(f"def take(other: int, {name}: str = 'x'): ...", space)
    made = action("take", effect="pure", version="1")(space["take"])
    schema = made.manifest.arguments
    assert isinstance(schema, dict)
    assert schema["properties"] == {
        "other": {"type": "integer"},
        name: {"type": "string", "default": "x"},
    }
    assert schema["required"] == ["other"]
    assert made.decode(encode({"other": 1, name: "y"})) == {"other": 1, name: "y"}
    assert made.decode(encode({"other": 1})) == {"other": 1, name: "x"}


def test_an_argument_may_have_another_name_in_json():
    made = taking(Annotated[int, Field(alias="n", ge=0)])
    assert arguments(made, "n") == {"type": "integer", "minimum": 0}
    assert made.decode(b'{"n":3}') == {"value": 3}
    with pytest.raises(ValueRefused):
        made.decode(b'{"value":3}')


def test_a_default_may_be_a_field():
    made = taking(int, Field(3, le=9))
    assert arguments(made) == {"type": "integer", "maximum": 9, "default": 3}
    assert made.decode(b"{}") == {"value": 3}


@pytest.mark.parametrize("data", [b"{}", b'{"value":"x"}', b'{"value":1,"more":2}', b"[]", b"{"])
def test_arguments_that_do_not_match_are_refused(data: bytes):
    with pytest.raises(ValueRefused, match="arguments of `take`: "):
        taking(int).decode(data)


def test_fields_that_a_closed_type_does_not_have_are_refused():
    for hint in (Plain, Typed):
        with pytest.raises(ValueRefused):
            taking(hint).decode(b'{"value":{"a":1,"zz":2}}')


def test_the_context_is_no_argument():
    @action(effect="read")
    async def act(n: int, ctx: Context) -> int:
        return n

    schema = act.manifest.arguments
    assert isinstance(schema, dict)
    assert list(schema["properties"]) == ["n"]  # type: ignore[call-overload, arg-type]
    assert act.context_name == "ctx"
    assert act.decode(b'{"n":1}') == {"n": 1}


# --- outputs


def test_what_a_function_does_not_annotate_may_return_any_json():
    @action(effect="read")
    def act():  # type: ignore[no-untyped-def]
        return None

    assert act.manifest.returns in (True, {})
    assert act.encode([1]) == b"[1]"


def test_keys_that_a_typed_dict_does_not_have_stay_behind():
    assert giving(Typed).encode({"a": 1, "zz": 2}) == b'{"a":1}'


def test_an_output_of_another_type_is_told_by_its_schema():
    made = giving(Model)
    given = decode(made.encode("no model"))
    assert not Checker(made.manifest.returns).accepts(given)


# --- callables


class Called:
    async def __call__(self, n: int) -> int:
        return n

    async def method(self, n: int) -> int:
        return n


def with_default(n: int, factor: int) -> int:
    return n * factor


def test_callables_of_every_kind_have_a_signature():
    made = [
        action("a", effect="pure", version="1")(func)
        for func in (Called(), Called().method, functools.partial(Called().method))
    ]
    schemas = [each.manifest.arguments for each in made]
    assert schemas[0] == schemas[1] == schemas[2]
    fixed = action("a", effect="pure", version="1")(functools.partial(with_default, factor=2))
    assert arguments(fixed, "factor") == {"type": "integer", "default": 2}


def test_a_callable_without_a_name_asks_for_one():
    with pytest.raises(ActionInvalid, match="has no name"):
        action(effect="pure")(Called())
