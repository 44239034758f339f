"""Objects put together from members: the same bytes, values and refusals as `encode` has."""

from contextlib import suppress

import pytest
from hypothesis import given, strategies as st

from interlock.errors import ValueRefused
from interlock.values import BYTES_MAX, DEPTH_MAX, Json, ObjectForm, decode, encode

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12
)
MEMBERS = st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), VALUES, max_size=6)


def nothing(_: Json) -> bytes | None:
    return None


def plainly(members: dict[str, Json]) -> tuple[bytes, Json] | str:
    try:
        data = encode(members)
    except ValueRefused as error:
        return error.message
    return data, decode(data)


def composed(members: dict[str, Json], known: list[tuple[Json, bytes]]) -> tuple[bytes, Json] | str:
    def find(value: Json) -> bytes | None:
        return next((data for one, data in known if one is value), None)

    try:
        return ObjectForm(members).compose(members, find)
    except ValueRefused as error:
        return error.message


@given(MEMBERS)
def test_an_object_is_composed_as_it_is_encoded(members: dict[str, Json]) -> None:
    found = composed(members, [])
    assert found == plainly(members)
    assert repr(found) == repr(plainly(members))  # 1 and 1.0 are equal, and not the same


@given(MEMBERS)
def test_members_of_which_the_bytes_are_known_are_taken_as_they_are(
    members: dict[str, Json],
) -> None:
    known: list[tuple[Json, bytes]] = []
    for key, value in members.items():
        with suppress(ValueRefused):
            data = encode(value)
            members[key] = decode(data)
            known.append((members[key], data))
    assert composed(members, known) == plainly(members)


@pytest.mark.parametrize("depth", [DEPTH_MAX - 2, DEPTH_MAX - 1, DEPTH_MAX, DEPTH_MAX + 1])
@pytest.mark.parametrize("is_known", [True, False])
def test_depth_is_limited_as_a_whole(depth: int, *, is_known: bool) -> None:
    nested: Json = 1
    for _ in range(depth):
        nested = [nested]
    members: dict[str, Json] = {"a": nested}
    known: list[tuple[Json, bytes]] = []
    if is_known and depth <= DEPTH_MAX:
        data = encode(nested)
        members["a"] = decode(data)
        known = [(members["a"], data)]
    assert composed(members, known) == plainly(members)


def test_many_brackets_that_are_not_deep_are_fine() -> None:
    members: dict[str, Json] = {"a": [[] for _ in range(500)], "b": "[" * 500}
    assert composed(members, []) == plainly(members)


def test_size_is_limited_as_a_whole() -> None:
    half = "x" * (BYTES_MAX // 2)
    assert composed({"a": half, "b": half}, []) == plainly({"a": half, "b": half})
