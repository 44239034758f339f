"""Durations in documents: a number and its unit, in milliseconds inside."""

import re

from interlock.errors import UsageError
from interlock.graph.fields import Section
from interlock.graph.showing import kind_of
from interlock.values import duration_ms

_EXAMPLES = "write a number and a unit: 250ms, 1.5s, 10m, 4h, 3d"
_SHAPE = re.compile(r"\s*([0-9]{1,12}(?:\.[0-9]+)?)\s*([a-z]*)\s*")
_SPELLED = {
    "ms": ("milli",),
    "s": ("sec",),
    "m": ("min",),
    "h": ("hour", "hr"),
    "d": ("day",),
}
TEXT_CHARS_MAX = 32


def read_duration(section: Section, name: str, *, least_ms: int = 1) -> int | None:
    """Read a field as a duration in milliseconds; a number without a unit is refused."""
    if name not in section:
        return None
    value = section.data[name]
    if not isinstance(value, str) or len(value) > TEXT_CHARS_MAX:
        plain = isinstance(value, int | float) and not isinstance(value, bool)
        why = "which has no unit" if plain else "but must be a duration"
        _refuse(section, name, f"is {kind_of(value)}, {why}", hint=_hint(f"{value}") or _EXAMPLES)
        return None
    try:
        found = duration_ms(value)
    except UsageError as error:
        longer = _SHAPE.fullmatch(value) and "longer" in error.message
        why = "which is longer than ten years" if longer else "but must be a duration"
        hint = error.hint if longer else _hint(value) or _EXAMPLES
        _refuse(section, name, f"is {kind_of(value)}, {why}", hint=hint)
        return None
    if found < least_ms:
        _refuse(section, name, f"is `{value}`, but must be longer than nothing", hint=_EXAMPLES)
        return None
    return found


def _refuse(section: Section, name: str, what: str, *, hint: str) -> None:
    section.problem("IL1111", f"`{name}` of {section.name} {what}", hint=hint, at=section.at(name))


def _hint(text: str) -> str | None:
    """Propose the spelling that was probably meant."""
    match = _SHAPE.fullmatch(text.lower())
    if match is None:
        return None
    number, word = match.groups()
    if not word:
        return f"write the unit: `{number}s`, `{number}ms` or `{number}m`"
    for unit, starts in _SPELLED.items():
        if word == unit or word.startswith(starts):
            return f"write `{number}{unit}`"
    return None
