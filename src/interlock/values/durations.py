"""Durations as text: a number and a unit, always with the unit."""

import re

from interlock.errors import UsageError

UNITS_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
DURATION_MS_MAX = 3650 * 86_400_000
_SHAPE = re.compile(r"([0-9]{1,12}(?:\.\d{1,3})?)(ms|s|m|h|d)")


def duration_ms(text: str) -> int:
    """Read a duration such as `250ms`, `1.5s`, `10m`, `4h` or `3d` as milliseconds.

    Raises:
        UsageError: there is no unit, or the duration is longer than ten years.
    """
    match = _SHAPE.fullmatch(text.strip())
    if match is None:
        raise UsageError(
            f"`{text}` is no duration", hint="write a number and a unit: 250ms, 1.5s, 10m, 4h, 3d"
        )
    found = round(float(match[1]) * UNITS_MS[match[2]])
    if found > DURATION_MS_MAX:
        raise UsageError(f"`{text}` is longer than ten years", hint="use a shorter duration")
    return found


def duration_text(ms: int) -> str:
    """Write milliseconds in the largest unit that keeps them a whole number."""
    for unit in ("d", "h", "m", "s"):
        if ms and ms % UNITS_MS[unit] == 0:
            return f"{ms // UNITS_MS[unit]}{unit}"
    return f"{ms}ms"
