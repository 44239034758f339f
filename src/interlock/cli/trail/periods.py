"""The period of a report, as people write it: dates, times, or how long ago."""

from contextlib import suppress
from datetime import UTC, datetime

from interlock.errors import UsageError
from interlock.reports import Period, moment_text
from interlock.values import duration_ms

FORMS = "a date such as 2026-11-01, a time such as 2026-11-01T09:00:00Z, or how long ago: 30d, 12h"
YEAR_MIN = 1970


def period_of(since: str, until: str | None, *, now_ms: int) -> Period:
    """Read where a period begins and ends; without an end it ends now.

    Raises:
        UsageError: something is no time, or it ends before it begins.
    """
    period = Period(
        since_ms=_moment(since, "--since", now_ms),
        until_ms=now_ms if until is None else _moment(until, "--until", now_ms),
    )
    if period.since_ms >= period.until_ms:
        begin, end = moment_text(period.since_ms), moment_text(period.until_ms)
        raise UsageError(
            f"the period ends at {end}, and begins at {begin}",
            hint="--until is the first moment that is not in it: 2026-12-01 for all of November",
        )
    return period


def moment_ms(text: str, option: str, *, now_ms: int) -> int:
    """Read a moment: a date, a time, or how long ago.

    Raises:
        UsageError: it is none.
    """
    return _moment(text, option, now_ms)


def _moment(text: str, option: str, now_ms: int) -> int:
    with suppress(UsageError):
        return max(0, now_ms - duration_ms(text))
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"`{option} {text:.100}` is no time", hint=f"write {FORMS}") from error
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    if at.year < YEAR_MIN:
        raise UsageError(f"`{option} {text:.100}` is before 1970", hint=f"write {FORMS}")
    return int(at.timestamp() * 1000)
