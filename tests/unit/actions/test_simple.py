"""Simple types are read without pydantic, and mean what they mean with it.

`Annotated` is not simple: so an annotation and the same one inside `Annotated` go the two ways.
What annotates is always another object: `typing` may take a union for one in another order.
"""

import builtins
import inspect
import typing
from collections.abc import Mapping
from types import NoneType
from typing import Annotated, Any, Literal, NotRequired, cast, get_args, get_origin

import pytest
import typing_extensions
from hypothesis import given, strategies as st
from typing_extensions import ReadOnly

from interlock.actions.annotations import Annotation
from interlock.actions.signature import NO_DEFAULT, Signature
from interlock.actions.simple import SimpleReader
from interlock.errors import ValueRefused
from interlock.values import DEPTH_MAX, encode

WORDS = st.text("ab", min_size=1, max_size=2)
ATOMS: Mapping[Any, st.SearchStrategy[Any]] = {
    None: st.none(),
    NoneType: st.none(),
    bool: st.booleans(),
    int: st.integers(-3, 3),
    str: WORDS,
}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | WORDS | st.sampled_from((1.5, 10**18, "3")),
    lambda parts: st.lists(parts, max_size=2) | st.dictionaries(WORDS, parts, max_size=3),
    max_leaves=6,
)


def typed_dict(fields: dict[str, Any], name: str = "Some", **options: Any) -> Any:
    return cast(Any, typing_extensions.TypedDict)(name, fields, **options)


@st.composite
def typed_dicts(draw: st.DrawFn, parts: st.SearchStrategy[Any]) -> Any:
    """Typed dicts of several names, some of which come twice."""
    made = typed_dict(
        draw(st.dictionaries(WORDS, parts, max_size=3)), draw(st.sampled_from("ABCDE"))
    )
    if draw(st.booleans()):
        made.__pydantic_config__ = {"extra": "forbid"}
    if draw(st.booleans()):
        made.__doc__ = "  What it is.\n\n    And more."
    return made


HINTS: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from((*ATOMS, Literal["a"], Literal["b", "a"])),
    lambda parts: st.one_of(
        parts.map(lambda part: list[part]),
        parts.map(lambda part: dict[str, part]),
        parts.map(lambda part: part | None if part is not None else None),
        st.tuples(parts, parts).map(lambda both: typing.Union[both]),  # noqa: UP007 - of two values
        typed_dicts(parts),
    ),
    max_leaves=5,
)
PARAMETERS = st.dictionaries(
    st.sampled_from(("a", "b", "json")),
    st.tuples(HINTS, st.sampled_from((NO_DEFAULT, NO_DEFAULT, None, 3, "a"))),
    max_size=3,
)


def signature(parameters: dict[str, tuple[Any, Any]], *, by_pydantic: bool) -> Signature:
    """The signature of a function with these annotations and defaults."""

    def func() -> None: ...

    hints = {
        name: Annotated[hint, object()] if by_pydantic else hint
        for name, (hint, _) in parameters.items()
    }
    func.__annotations__ = hints
    cast(Any, func).__signature__ = inspect.Signature(
        [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default)
            for name, (_, default) in parameters.items()
        ]
    )
    return Signature(func, "act")


def told(signature: Signature, data: bytes) -> object:
    try:
        return signature.decode(data)
    except ValueRefused as error:
        return error.message


@given(PARAMETERS, st.data())
def test_arguments_are_those_of_pydantic(
    parameters: dict[str, tuple[Any, Any]], data: st.DataObject
):
    simple, other = (signature(parameters, by_pydantic=way) for way in (False, True))
    assert simple.arguments_schema() == other.arguments_schema()
    names = {name: VALUES | of_type(hint) for name, (hint, _) in parameters.items()}
    value = data.draw(st.fixed_dictionaries({}, optional={**names, "more": st.none()}))
    written = encode(value)
    assert told(simple, written) == told(other, written)


def of_type(hint: Any) -> st.SearchStrategy[Any]:
    """Values of a type."""
    parts = get_args(hint)
    if hint in ATOMS:
        return ATOMS[hint]
    match get_origin(hint):
        case typing.Literal:
            return st.sampled_from(parts)
        case builtins.list:
            return st.lists(of_type(parts[0]), max_size=2)
        case builtins.dict:
            return st.dictionaries(WORDS, of_type(parts[1]), max_size=2)
        case None:
            fields: dict[str, Any] = hint.__annotations__
            return st.fixed_dictionaries({name: of_type(part) for name, part in fields.items()})
        case _:
            return st.one_of(*map(of_type, parts))


@given(HINTS, st.data())
def test_outputs_are_those_of_pydantic(hint: Any, data: st.DataObject):
    simple = Annotation(hint, owner="output")
    other = Annotation(Annotated[hint, object()], owner="output")
    assert simple.schema("serialization", written=True) == other.schema(
        "serialization", written=True
    )
    value = data.draw(of_type(hint))
    assert simple.encode(value) == other.encode(value)
    assert simple.write(value) == encode(value)


@pytest.mark.parametrize(
    "hint,value",
    [
        (typed_dict({"\uff5e": int, "\U0001f600": int}), {"\uff5e": 1, "\U0001f600": 2}),
        (typed_dict({"a": dict[str, int]}), {"a": {"\uff5e": 1, "\U0001f600": 2}}),
        (typed_dict({"b": int, "a": str | None}), {"b": 2**60, "a": "\x7f"}),
    ],
)
def test_outputs_are_written_canonically(hint: Any, value: Any):
    assert Annotation(hint, owner="output").write(value) == encode(value)


def test_an_output_may_be_no_deeper_than_any_value():
    hint, value = typed_dict({}, "T0"), dict[str, Any]()
    for level in range(1, DEPTH_MAX + 1):
        hint, value = typed_dict({"a": hint}, f"T{level}"), {"a": value}
    with pytest.raises(ValueRefused, match=f"nested deeper than {DEPTH_MAX}"):
        Annotation(hint, owner="output").write(value)
    inner = hint.__annotations__["a"]
    assert Annotation(inner, owner="output").write(value["a"]) == encode(value["a"])


def test_an_output_is_refused_as_any_value():
    hint = typed_dict({"a": typed_dict({"b": str}, "B")})
    with pytest.raises(ValueRefused, match=r"surrogate at \$\.a\.b"):
        Annotation(hint, owner="output").write({"a": {"b": "\ud800"}})


def read(hint: object) -> object:
    return SimpleReader().read(hint)


@pytest.mark.parametrize(
    "hint",
    [
        str,
        NoneType,
        list[int],
        dict[str, bool | None],
        typed_dict({"a": typed_dict({}, "B")}),
    ],
)
def test_these_are_simple(hint: object):
    assert read(hint) is not None


class Within(typing_extensions.TypedDict):
    more: "list[Within]"


class Unknown(typing_extensions.TypedDict):
    more: "Nowhere"  # pyright: ignore[reportUndefinedVariable]  # noqa: F821


@pytest.mark.parametrize(
    "hint",
    [
        *(float, bytes, Any, object, list, dict, tuple[int, ...], dict[int, str], set[str]),
        *(Annotated[int, ...], Literal[1], Literal["a", None]),  # noqa: PYI061 - as users write it
        *(list[int] | list[str], int | float, Within, Unknown),
        typed_dict({"a": NotRequired[int]}),
        typed_dict({"a": ReadOnly[int]}),
        typed_dict({"a": int}, total=False),
        typed_dict({"a": int}, closed=True),
        typed_dict({"a": int}, extra_items=int),
        typed_dict({"a": int}, "Größe"),
        typed_dict({"a": typed_dict({"b": int}), "b": typed_dict({"b": int})}),
    ],
)
def test_these_are_for_pydantic(hint: object):
    assert read(hint) is None


def test_a_typed_dict_with_settings_is_for_pydantic():
    made = typed_dict({"a": int})
    made.__pydantic_config__ = {"extra": "allow"}
    assert read(made) is None


def test_a_default_that_may_change_is_for_pydantic():
    """It copies such a default for each call."""
    found = signature({"a": (list[int], [])}, by_pydantic=False)
    first, second = found.decode(b"{}")["a"], found.decode(b"{}")["a"]
    assert first == second == []
    assert first is not second
