"""When a server wants to be asked again: `Retry-After`, in seconds or as a date."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from interlock.library.exchange import Answer

SECONDS_DIGITS_MAX = 9


def asked_wait_ms(answer: Answer, *, now_ms: int) -> int:
    """Give the wait that an answer asks for; 0 where it asks for none.

    A date is held against the date of the answer, where it has one: two clocks need not agree.
    """
    asked = (answer.header("retry-after") or "").strip()
    if asked.isascii() and asked.isdigit():
        return int(asked[:SECONDS_DIGITS_MAX]) * 1000
    until_ms = _date_ms(asked)
    said_ms = _date_ms(answer.header("date") or "")
    return 0 if until_ms is None else max(0, until_ms - (now_ms if said_ms is None else said_ms))


def wait_told(wait_ms: int) -> str:
    """Say in a message how long a server wants to be left alone."""
    return f" (it asks for a wait of {wait_ms / 1000:g} s)" if wait_ms else ""


def _date_ms(text: str) -> int | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    # A date without a zone is in that of HTTP.
    known: datetime = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
    return round(known.timestamp() * 1000)
