"""Fields that are expressions by nature: `when`, `require`, `ensure`, `over`, `key`.

They may be written with or without `${{ }}`; the graph keeps them without. Where the expression
then begins inside its scalar is noted in `Problems.shifts`: marks still fall on its characters.
"""

import re

from interlock.graph.fields import Section
from interlock.graph.showing import kind_of, show
from interlock.values import Json

_WRAPPED = re.compile(r"\s*\$\{\{\s*(.*?)\s*\}\}\s*", re.DOTALL)
_PLAIN = re.compile(r"\s*(.*?)\s*", re.DOTALL)
_SHOWN_MAX = 40


def read_expression(section: Section, name: str) -> str | None:
    """Read one expression."""
    if name not in section:
        return None
    return _expression(section, name, section.at(name), value=section.data[name])


def read_expressions(section: Section, name: str) -> tuple[str, ...]:
    """Read one expression or a list of them; in a list, each keeps its place."""
    value = section.data.get(name)
    if not isinstance(value, list):
        found = read_expression(section, name)
        return () if found is None else (found,)
    return tuple(
        _expression(section, name, f"{section.at(name)}/{index}", value=item) or ""
        for index, item in enumerate(value)
    )


def _expression(section: Section, name: str, place: str, *, value: Json) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return _refuse(section, name, place, value=value, hint=_quoted(name, value))
    match = _WRAPPED.fullmatch(value) or _PLAIN.fullmatch(value)
    inner = match[1] if match else ""
    if "${{" in inner:
        hint = f"write it without `${{{{ }}}}`: `{name}: '...'`"
        return _refuse(section, name, place, value=value, hint=hint)
    if not match or not inner:
        return _refuse(section, name, place, value=value, hint=_example(name))
    if match.start(1):
        section.problems.shifts[place] = match.start(1)
    return inner


def _refuse(section: Section, name: str, place: str, *, value: Json, hint: str) -> None:
    section.problem(
        "IL1113",
        f"`{name}` of {section.name} is {kind_of(value)}, but must be one expression",
        hint=hint,
        at=place,
    )


def _quoted(name: str, value: Json) -> str:
    shown = show(value)
    if isinstance(value, list | int | float) and len(shown) < _SHOWN_MAX:
        return f"write it as text: `{name}: '{shown}'`"
    return _example(name)


def _example(name: str) -> str:
    example = {"over": "inputs.docs", "key": "item.id", "ensure": "result.ok"}
    return f"write an expression, such as `{name}: {example.get(name, 'inputs.x > 0')}`"
