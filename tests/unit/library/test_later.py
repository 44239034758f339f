"""When a server wants to be asked again, and what becomes of it."""

import pytest

from interlock.errors import RetryLater
from interlock.library.exchange import Answer
from interlock.library.http import StatusRefused, UnexpectedStatus, expected
from interlock.library.later import asked_wait_ms, wait_told

NOON = "Tue, 24 Nov 2026 12:00:00 GMT"
NOON_MS = 1_795_521_600_000


def answer(status: int = 429, **headers: str) -> Answer:
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Answer(
        status=status, reason="", url="http://h/", headers=named, data=b"", truncated=False
    )


@pytest.mark.parametrize(
    "asked, wait_ms",
    [
        ("0", 0),
        ("20", 20_000),
        (" 20 ", 20_000),
        ("9" * 5_000, 999_999_999_000),
        ("Tue, 24 Nov 2026 12:01:30 GMT", 90_000),
        ("Tuesday, 24-Nov-26 12:01:30 GMT", 90_000),
        ("Tue Nov 24 12:01:30 2026", 90_000),
        ("Tue, 24 Nov 2026 11:00:00 GMT", 0),
        ("Tue, 24 Nov 9999999 12:00:00 GMT", 0),
        *((text, 0) for text in ("", "-5", "1.5", "\u0665", "soon", "Tue, 99 Nov 2026", "0x10")),
    ],
)
def test_a_wait_is_asked_for_in_seconds_or_by_a_date(asked: str, wait_ms: int):
    assert asked_wait_ms(answer(retry_after=asked), now_ms=NOON_MS) == wait_ms


def test_a_date_is_held_against_the_clock_of_the_server():
    fast = answer(retry_after="Tue, 24 Nov 2026 12:00:05 GMT", date=NOON)
    assert asked_wait_ms(fast, now_ms=NOON_MS - 3_600_000) == 5_000
    assert asked_wait_ms(answer(retry_after=NOON, date="?"), now_ms=NOON_MS - 1_000) == 1_000


def test_no_wait_is_asked_for_where_nothing_is_said():
    assert asked_wait_ms(answer(), now_ms=NOON_MS) == 0
    assert wait_told(0) == ""


def test_a_passing_trouble_says_when_to_come_back_and_a_lasting_one_does_not():
    with pytest.raises(UnexpectedStatus) as caught:
        expected(answer(503, retry_after="20"), ["2xx"], now_ms=0)
    assert isinstance(caught.value, RetryLater)
    assert caught.value.after_ms == 20_000
    assert str(caught.value) == "http://h/ answered 503 (it asks for a wait of 20 s)"
    with pytest.raises(StatusRefused) as refused:
        expected(answer(404, retry_after="20"), ["2xx"], now_ms=0)
    assert refused.value.after_ms == 0
