"""Durations always have a unit."""

import pytest
from hypothesis import given, strategies as st

from interlock.errors import UsageError
from interlock.values import duration_ms, duration_text


@pytest.mark.parametrize(
    "text,ms",
    [("250ms", 250), ("1.5s", 1_500), ("10m", 600_000), ("4h", 14_400_000), ("3d", 259_200_000)],
)
def test_known_durations(text: str, ms: int):
    assert duration_ms(text) == ms


@pytest.mark.parametrize(
    "ms,text", [(0, "0ms"), (1_500, "1500ms"), (90_000, "90s"), (86_400_000, "1d")]
)
def test_known_texts(ms: int, text: str):
    assert duration_text(ms) == text


@given(st.integers(0, 3650 * 86_400_000))
def test_text_comes_back(ms: int):
    try:
        assert duration_ms(duration_text(ms)) == ms
    except UsageError:
        assert len(str(ms)) > 9


@pytest.mark.parametrize("text", ["", "5", "5 s", "s", "-5s", "5x", "1e3s", "4000d", "1.0001s"])
def test_refuses_the_rest(text: str):
    with pytest.raises(UsageError) as caught:
        duration_ms(text)
    assert f"`{text}`" in caught.value.message
