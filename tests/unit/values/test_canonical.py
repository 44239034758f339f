"""Canonical bytes against the RFC's vectors, its table of numbers, and the reference library."""

import struct
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import orjson
import pytest
import rfc8785
from hypothesis import example, given, strategies as st

from interlock.errors import ValueRefused
from interlock.values import Json, canonical

VECTORS = Path(__file__).parents[3] / "../shared/data/rfc8785-jcs/testdata"

# Appendix B of RFC 8785: the bits of a double, and its text.
NUMBERS = [
    ("0000000000000000", "0"),
    ("8000000000000000", "0"),
    ("0000000000000001", "5e-324"),
    ("8000000000000001", "-5e-324"),
    ("7fefffffffffffff", "1.7976931348623157e+308"),
    ("ffefffffffffffff", "-1.7976931348623157e+308"),
    ("4340000000000000", "9007199254740992"),
    ("c340000000000000", "-9007199254740992"),
    ("4430000000000000", "295147905179352830000"),
    ("44b52d02c7e14af5", "9.999999999999997e+22"),
    ("44b52d02c7e14af6", "1e+23"),
    ("44b52d02c7e14af7", "1.0000000000000001e+23"),
    ("444b1ae4d6e2ef4e", "999999999999999700000"),
    ("444b1ae4d6e2ef4f", "999999999999999900000"),
    ("444b1ae4d6e2ef50", "1e+21"),
    ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
    ("3eb0c6f7a0b5ed8d", "0.000001"),
    ("41b3de4355555553", "333333333.3333332"),
    ("41b3de4355555554", "333333333.33333325"),
    ("41b3de4355555555", "333333333.3333333"),
    ("41b3de4355555556", "333333333.3333334"),
    ("41b3de4355555557", "333333333.33333343"),
    ("becbf647612f3696", "-0.0000033333333333333333"),
    ("43143ff3c1cb0959", "1424953923781206.2"),
]

SAFE = st.integers(-(2**53) + 1, 2**53 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
TREES = st.recursive(
    st.none() | st.booleans() | SAFE | FLOATS | TEXTS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXTS, inner, max_size=5),
    max_leaves=20,
)


def names() -> list[str]:
    if not VECTORS.is_dir():
        return []
    return sorted(path.stem for path in (VECTORS / "input").glob("*.json"))


@pytest.mark.skipif(not names(), reason="the RFC 8785 test data is not at ../shared/data")
def test_the_vectors_are_there():
    assert len(names()) == 6


@pytest.mark.parametrize("name", names())
def test_rfc_vectors(name: str):
    value = orjson.loads((VECTORS / "input" / f"{name}.json").read_bytes())
    expected = (VECTORS / "output" / f"{name}.json").read_bytes()
    expected_hex = (VECTORS / "outhex" / f"{name}.txt").read_text()
    assert canonical(value) == expected
    assert canonical(value) == bytes.fromhex(expected_hex)


@pytest.mark.parametrize("bits,text", NUMBERS)
def test_rfc_numbers(bits: str, text: str):
    (number,) = struct.unpack(">d", bytes.fromhex(bits))
    assert canonical(number) == text.encode()
    assert canonical({"n": [number]}) == b'{"n":[%b]}' % text.encode()


@given(TREES)
@example({"\U0001f600": 1, "\ufb33": 2, "z": 1.5})
@example({"a": {"\U0001f600": 1, "\ufb33": {"\U00010000": 0, "\uffff": 0}}})
@example(['\u2028\x7f\x00\b\t\n\f\r"\\/\x1f', 1e21, 1e-7, -0.0])
def test_equals_the_reference(value: Any):
    assert canonical(value) == rfc8785.dumps(value)


@given(FLOATS)
def test_floats_equal_the_reference(number: float):
    assert canonical(number) == rfc8785.dumps(number)


@given(st.integers(-(2**63), 2**63 - 1))
@example(2**53)
@example(2**63 - 1)
@example(-(2**63))
def test_integers_keep_all_digits(number: int):
    assert canonical(number) == str(number).encode()
    assert canonical({"n": number, "x": [number]}) == b'{"n":%d,"x":[%d]}' % (number, number)


@given(TREES)
def test_order_of_keys_does_not_matter(value: Any):
    assert canonical(reversed_keys(value)) == canonical(value)


def reversed_keys(value: Json) -> Json:
    match value:
        case dict():
            return {key: reversed_keys(member) for key, member in reversed(value.items())}
        case list():
            return [reversed_keys(member) for member in value]
        case _:
            return value


def test_large_floats_are_canonical_though_no_values_of_a_run():
    assert canonical(2.0**60) == b"1152921504606847000"


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf"), 2**63, -(2**63) - 1])
def test_refuses_what_json_has_no_number_for(number: float):
    with pytest.raises(ValueRefused):
        canonical(number)
    with pytest.raises(ValueRefused):
        canonical({"a": [1, number]})


def test_nesting_has_a_limit():
    deep: Json = []
    for _ in range(199):
        deep = [deep]
    assert canonical(deep) == b"[" * 200 + b"]" * 200
    with pytest.raises(ValueRefused, match="nested deeper than 200"):
        canonical([deep])


@pytest.mark.parametrize("text", ["x", "x" * 10_000])
def test_bytes_take_no_more_room_than_they_need(text: str):
    values: list[Json] = [f"{number}{text}" for number in range(50)]
    tracemalloc.start()
    try:
        kept = [canonical(value) for value in values]
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken < sum(map(sys.getsizeof, kept)) + 4_096
