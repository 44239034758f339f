"""Times and durations in words."""

from datetime import UTC, datetime

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def moment(at_ms: int) -> str:
    """Say a time to the second: `2026-11-23 03:12:04 UTC`."""
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"


def clock(at_ms: int) -> str:
    """Say the time of day to the millisecond, in UTC: `03:12:04.250`."""
    at = datetime.fromtimestamp(at_ms // 1000, UTC)
    return f"{at:%H:%M:%S}.{at_ms % 1000:03d}"


def span(ms: int) -> str:
    """Say a duration in two numbers at most: `40 ms`, `1.2 s`, `3 min 12 s`, `2 h 5 min`."""
    ms = max(0, ms)
    if ms < SECOND:
        return f"{ms} ms"
    if ms < MINUTE:
        return f"{ms // 100 / 10:.1f} s"
    if ms < HOUR:
        return f"{ms // MINUTE} min {ms % MINUTE // SECOND} s"
    if ms < DAY:
        return f"{ms // HOUR} h {ms % HOUR // MINUTE} min"
    return f"{ms // DAY} d {ms % DAY // HOUR} h"


def whole_span(ms: int) -> str:
    """Say a duration that somebody declared: `24 h`, `90 s`, `250 ms`."""
    for unit, word in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min"), (SECOND, "s")):
        if ms >= unit and ms % unit == 0 and not (word == "d" and ms == DAY):
            return f"{ms // unit} {word}"
    return f"{ms} ms"
