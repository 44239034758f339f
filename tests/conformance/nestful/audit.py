"""What is wrong with a plan of the data set, found without Interlock.

A second opinion on every refusal: plain rules over what the data set itself writes. Types are
compared by their names alone, with an integer as a number and a list by its items.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from conformance.nestful.importer import (
    REFERENCE,
    RESULT,
    STEP,
    NestfulPlan,
    Step,
    Tool,
    referred,
)
from interlock.values import Json

Wrong = tuple[str, str]
"""A code of ours and a JSON pointer into our document."""


def audit(plan: NestfulPlan, tools: dict[str, Tool]) -> set[Wrong]:
    """Find everything that is wrong with a plan."""
    labels = {step.label: tools.get(step.tool) for step in plan.steps}
    if len(labels) < len(plan.steps):
        counted = Counter(step.label for step in plan.steps)
        return {("IL1006", f"/nodes/{label}") for label, count in counted.items() if count > 1}
    found: set[Wrong] = set()
    for step in plan.steps:
        found |= set(_check_step(step, tools.get(step.tool), labels))
    for name, value in plan.yields.items():
        found |= set(_check_references(value, f"/outputs/{name}", labels, own=RESULT))
    return found


def _check_step(step: Step, tool: Tool | None, labels: dict[str, Tool | None]) -> Iterator[Wrong]:
    home = f"/nodes/{step.label}"
    for name, value in step.arguments.items():
        yield from _check_references(value, f"{home}/with/{name}", labels, own=step.label)
    if tool is None:
        yield "IL2001", f"{home}/call"
        return
    takes: Any = tool.takes
    unknown = [name for name in step.arguments if name not in takes["properties"]]
    missing = [name for name in takes["required"] if name not in step.arguments]
    for name in unknown:
        yield "IL2004", f"{home}/with/{name}"
    if missing and len(unknown) != len(missing):
        yield "IL2005", f"{home}/with"
    for name, value in step.arguments.items():
        if name in takes["properties"]:
            at = f"{home}/with/{name}"
            yield from _check_value(value, takes["properties"][name], at, labels)


def _check_references(
    value: Json, at: str, labels: dict[str, Tool | None], *, own: str
) -> Iterator[Wrong]:
    for found in referred(value):
        if found[1] == own:
            yield "IL1132", at
        elif found[1] not in labels:
            yield "IL2002", at
        elif (tool := labels[found[1]]) is not None and _followed(found, tool) is None:
            yield "IL2003", at


def _followed(found: Any, tool: Tool | None) -> Any:
    """The schema that a reference leads to; None when it leads nowhere."""
    here: Any = tool.returns if tool is not None else {}
    for field, index in STEP.findall(found[2]):
        if index:
            here = here.get("items", {}) if here.get("type", "array") == "array" else None
        elif "properties" in here:
            here = here["properties"].get(field)
        elif here.get("type", "object") != "object":
            here = None
        if here is None:
            return None
    return here


def _check_value(
    value: Json, wanted: Any, at: str, labels: dict[str, Tool | None]
) -> Iterator[Wrong]:
    whole = REFERENCE.fullmatch(value) if isinstance(value, str) else None
    if whole is not None:
        found = _followed(whole, labels.get(whole[1]))
        if found is not None and not _fits(found, wanted):
            yield "IL2008", at
    elif isinstance(value, str) and any(referred(value)):
        parts = [_followed(one, labels.get(one[1])) for one in referred(value)]
        odd = any(part and part.get("type") in ("array", "object") for part in parts)
        if None not in parts and (odd or wanted["type"] != "string"):
            yield "IL2008", at
    elif not _is_of(value, wanted):
        yield "IL2006", at
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from _check_value(one, wanted.get("items", {}), f"{at}/{index}", labels)


def _fits(given: dict[str, Any], wanted: dict[str, Any]) -> bool:
    if "type" not in given or "type" not in wanted:
        return True
    if given["type"] != wanted["type"]:
        return (given["type"], wanted["type"]) == ("integer", "number")
    if given["type"] == "string" and wanted.get("format", given.get("format")) != given.get(
        "format"
    ):
        return False
    return _fits(given.get("items", {}), wanted.get("items", {}))


def _is_of(value: Json, wanted: dict[str, Any]) -> bool:
    if "enum" in wanted and value not in wanted["enum"]:
        return False
    match wanted.get("type"):
        case "string":
            return isinstance(value, str)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case "array":
            return isinstance(value, list)
        case "object":
            return isinstance(value, dict)
        case _:
            return True
