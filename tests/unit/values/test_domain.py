"""What may enter a run, and what comes back."""

import math
import struct
import threading
from collections import OrderedDict, namedtuple
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import Any
from uuid import UUID

import pytest
from hypothesis import assume, given, strategies as st

from interlock.errors import ValueRefused
from interlock.values import BYTES_MAX, DEPTH_MAX, Json, canonical, decode, encode, encode_plain

Pair = namedtuple("Pair", "a b")  # noqa: PYI024 - as users write them


class Colour(StrEnum):
    RED = "red"


class Level(IntEnum):
    LOW = 1


class Text(str):
    __slots__ = ()


NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(-(2.0**53), 2.0**53)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXTS, inner, max_size=5),
    max_leaves=20,
)


@given(VALUES)
def test_values_come_back_equal(value: Any):
    assert decode(encode(value)) == value


@given(VALUES)
def test_encoding_what_came_back_gives_the_same_bytes(value: Any):
    data = encode(value)
    assert encode(decode(data)) == data == canonical(value)


@given(st.integers(0, 2**64 - 1))
def test_every_double_comes_back_or_is_refused(bits: int):
    (number,) = struct.unpack("d", struct.pack("Q", bits))
    try:
        back = decode(encode(number))
    except ValueRefused:
        assert not math.isfinite(number) or abs(number) > 2**53
    else:
        assert back == number


def test_an_integral_float_comes_back_as_an_integer():
    assert encode({"a": 10.0, "b": -0.0}) == b'{"a":10,"b":0}'
    back = decode(b'{"a":10}')
    assert isinstance(back, dict)
    assert type(back["a"]) is int


REFUSED: list[tuple[Any, str, str]] = [
    (float("nan"), "$", "nan is not a JSON number at $"),
    ([0, math.inf], "$[1]", "inf is not a JSON number at $[1]"),
    ({"a": [1, {"b": -math.inf}]}, "$.a[1].b", "-inf is not a JSON number at $.a[1].b"),
    ([2**63], "$[0]", "the integer 9223372036854775808 does not fit in 64 bits at $[0]"),
    ({"n": -(2**63) - 1}, "$.n", "the integer -9223372036854775809 does not fit in 64 bits at $.n"),
    ([2**64 - 1], "$[0]", "the integer 18446744073709551615 does not fit in 64 bits at $[0]"),
    ([2**5000], "$[0]", "the integer of 5001 bits does not fit in 64 bits at $[0]"),
    ({"x y": 2.0**54}, '$["x y"]', "the float 1.8014398509481984e+16 is integral and beyond 2**53"),
    ({"a": "\ud800"}, "$.a", "the text '\\ud800' has a lone surrogate at $.a"),
    ({"\udfff": 1}, "$", "the text '\\udfff' has a lone surrogate at $"),
    ({"a": {1: 2}}, "$.a", "the key 1 is not a string at $.a"),
    ({None: 1}, "$", "the key None is not a string at $"),
    ({Text("k"): 1}, "$", "is not a string at $"),
    ((1, 2), "$", "a value of type tuple is not JSON data at $"),
    ([Pair(1, 2)], "$[0]", "Pair is not JSON data at $[0]"),
    ({"a": {1, 2}}, "$.a", "a value of type set is not JSON data at $.a"),
    (b"x", "$", "a value of type bytes is not JSON data at $"),
    ([date(2026, 1, 31)], "$[0]", "a value of type datetime.date is not JSON data at $[0]"),
    ([datetime(2026, 1, 31, tzinfo=UTC)], "$[0]", "datetime.datetime is not JSON data"),
    (Decimal("1.10"), "$", "a value of type decimal.Decimal is not JSON data at $"),
    ([UUID(int=0)], "$[0]", "a value of type uuid.UUID is not JSON data at $[0]"),
    (Colour.RED, "$", "Colour is not JSON data at $"),
    ([Level.LOW], "$[0]", "Level is not JSON data at $[0]"),
    ({"a": Text("x")}, "$.a", "Text is not JSON data at $.a"),
    (OrderedDict(a=1), "$", "a value of type collections.OrderedDict is not JSON data at $"),
    ([threading.Lock()], "$[0]", "is not JSON data at $[0]"),
]


@pytest.mark.parametrize("value,pointer,message", REFUSED, ids=[text for _, _, text in REFUSED])
def test_refuses_with_the_place(value: Any, pointer: str, message: str):
    with pytest.raises(ValueRefused) as caught:
        encode(value)
    assert message in caught.value.message
    assert caught.value.pointer == pointer
    assert caught.value.hint


@pytest.mark.parametrize(
    "value", [one for one, _, _ in REFUSED], ids=[text for *_, text in REFUSED]
)
def test_refuses_beside_floats_too(value: Any):
    # A float sends the value to the careful writer; without one the quick one decides.
    with pytest.raises(ValueRefused) as caught:
        encode([1.5, value])
    assert caught.value.pointer.startswith("$[1]")


def test_the_hint_fits_the_kind():
    with pytest.raises(ValueRefused) as caught:
        encode({"a": {3}})
    assert caught.value.hint == "use a sorted list: a set has no order"
    with pytest.raises(ValueRefused) as caught:
        encode(Colour.RED)
    assert caught.value.hint.startswith("use str(value)")


def nested(depth: int, core: Json) -> Json:
    for _ in range(depth):
        core = [core]
    return core


@pytest.mark.parametrize("core", ["x", 1.5])
def test_depth_is_limited(core: Json):
    assert encode(nested(DEPTH_MAX, core)).startswith(b"[" * DEPTH_MAX)
    with pytest.raises(ValueRefused, match="nested deeper than 100") as caught:
        encode(nested(DEPTH_MAX + 1, core))
    assert len(caught.value.pointer) < 60


def test_a_list_that_holds_itself_is_refused():
    cycle: list[Any] = []
    cycle.append(cycle)
    with pytest.raises(ValueRefused, match="nested deeper"):
        encode(cycle)


def test_a_value_that_would_explode_is_refused_before_it_is_written():
    bomb: list[Any] = []
    bomb += [bomb, bomb]
    with pytest.raises(ValueRefused, match=r"over the limit of 1,000 bytes"):
        encode(bomb, bytes_max=1_000)


@given(VALUES, st.integers(1, 60))
def test_the_limit_is_exact(value: Any, limit: int):
    size = len(encode(value))
    assume(size != limit)
    if size < limit:
        assert len(encode(value, bytes_max=limit)) == size
    else:
        with pytest.raises(ValueRefused, match="over the limit"):
            encode(value, bytes_max=limit)


def test_the_default_limit():
    text = "x" * (BYTES_MAX - 2)
    for write in (encode, encode_plain):
        assert len(write(text)) == BYTES_MAX
        with pytest.raises(ValueRefused, match="over the limit of 16,777,216 bytes"):
            write(text + "x")


@pytest.mark.parametrize("data", [b"", b"{", b"nan", b"\xff", b'{"a":1}x'])
def test_decode_refuses_what_is_not_json(data: bytes):
    with pytest.raises(ValueRefused, match="bytes are not JSON"):
        decode(data)
