"""Does what is produced fit where it goes? Gradual: what nobody declared is not held against it.

A producer that says nothing about a part of its output (`-> dict`) may be right; that part is
checked at run time. What it does say is held against it (Siek and Taha, Gradual Typing for
Functional Languages, 2006: consistent subtyping).
"""

from typing import Literal

from interlock.values import Json, Schema, covers, select

Fit = Literal["yes", "no", "unknown"]


def fits(wanted: Schema, produced: Schema) -> Fit:
    """Say whether every value of a producer is accepted; "unknown" is left to run time."""
    if wanted in (True, {}):
        return "yes"
    assumed = _assumed(wanted, produced)
    if assumed is None:
        return covers(wanted, produced)
    return "no" if covers(wanted, assumed) == "no" else "unknown"


def _assumed(wanted: Schema, produced: Schema) -> Schema | None:
    """The producer with what it leaves open assumed to be as wanted; None when nothing is open."""
    if produced in (True, {}):
        return _alone(wanted)
    if not isinstance(produced, dict):
        return None
    changed: dict[str, Json] = {}
    properties = produced.get("properties")
    if isinstance(properties, dict):
        parts = {
            name: _assumed(select(wanted, (name,)).schema, part)
            for name, part in properties.items()
            if isinstance(part, dict | bool)
        }
        found: dict[str, Json] = {name: part for name, part in parts.items() if part is not None}
        if found:
            changed["properties"] = {**properties, **found}
    items = produced.get("items")
    if isinstance(items, dict | bool) and items is not False:
        inner = _assumed(select(wanted, (0,)).schema, items)
        if inner is not None:
            changed["items"] = inner
    return {**produced, **changed} if changed else None


def _alone(wanted: Schema) -> Schema:
    """A schema that can stand inside another one: references to its own root cannot."""
    return False if isinstance(wanted, dict) and "$defs" in wanted else wanted
