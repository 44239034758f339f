"""Periods as people write them."""

import pytest

from interlock.cli.trail.periods import period_of
from interlock.errors import UsageError
from interlock.reports import Period

NOW_MS = 1_795_413_708_803  # 2026-11-23 06:01:48.803 UTC
DAY_MS = 86_400_000
NOVEMBER_MS = 1_793_491_200_000


@pytest.mark.parametrize(
    "since, until, period",
    [
        ("30d", None, (NOW_MS - 30 * DAY_MS, NOW_MS)),
        ("12h", "6h", (NOW_MS - DAY_MS // 2, NOW_MS - DAY_MS // 4)),
        ("2026-11-01", "2026-12-01", (NOVEMBER_MS, NOVEMBER_MS + 30 * DAY_MS)),
        ("2026-11-01T01:00:00+01:00", "2026-11-02", (NOVEMBER_MS, NOVEMBER_MS + DAY_MS)),
        ("2026-11-01T00:00:00.250Z", "2026-11-02", (NOVEMBER_MS + 250, NOVEMBER_MS + DAY_MS)),
        ("1970-01-01", "1d", (0, NOW_MS - DAY_MS)),
    ],
)
def test_dates_times_and_how_long_ago(since: str, until: str | None, period: tuple[int, int]):
    found = period_of(since, until, now_ms=NOW_MS)
    assert found == Period(since_ms=period[0], until_ms=period[1])


@pytest.mark.parametrize(
    "since, until",
    [
        *((text, None) for text in ("", "30", "soon", "2026-13-01", "0001-01-01")),
        *(("2026-11-02", "2026-11-01"), ("2026-11-01", "2026-11-01"), ("1h", "yesterday")),
    ],
)
def test_what_is_no_period_is_refused(since: str, until: str | None):
    with pytest.raises(UsageError):
        period_of(since, until, now_ms=NOW_MS)
