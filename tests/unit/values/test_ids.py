"""ULIDs sort by time and carry all their chance."""

import pytest
from hypothesis import given, strategies as st

from interlock.errors import InternalError
from interlock.values import ulid

TIMES = st.integers(0, 2**48 - 1)
CHANCE = st.binary(min_size=10, max_size=10)


def test_known_ids():
    assert ulid(0, bytes(10)) == "0" * 26
    assert ulid(2**48 - 1, b"\xff" * 10) == "7" + "Z" * 25
    assert ulid(1469922850259, bytes(10)) == "01ARZ3NDEK" + "0" * 16


@given(TIMES, CHANCE, TIMES, CHANCE)
def test_ids_sort_by_time_then_chance(time, chance, other_time, other_chance):
    one, other = ulid(time, chance), ulid(other_time, other_chance)
    assert (one < other) == ((time, chance) < (other_time, other_chance))
    assert (one == other) == ((time, chance) == (other_time, other_chance))


@pytest.mark.parametrize("time,chance", [(-1, bytes(10)), (2**48, bytes(10)), (0, bytes(9))])
def test_refuses_what_does_not_fit(time: int, chance: bytes):
    with pytest.raises(InternalError):
        ulid(time, chance)
