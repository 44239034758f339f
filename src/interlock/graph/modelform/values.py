"""Values in the model form: what stands in `with` and `outputs`, without open maps.

    "text", 4, true      themselves; texts may hold ${{ }}, as in documents
    {"ref": "page.url"}  a reference: `${{ page.url }}`
    {"null": true}       null, since a plain null stands for what is left out
    [...]                a list
    {"fields": {...}}    an object whose fields are known
    {"map": [{"key": ..., "value": ...}]}   any other object

What is written tells what is meant: reading needs no schema.
"""

import re

from interlock.errors import Diagnostic
from interlock.graph.fields import Problems, Section
from interlock.graph.scan import escape
from interlock.graph.showing import kind_of
from interlock.values import Json

DEPTH_MAX = 100

_WHOLE = re.compile(r"\$\{\{ (\S|\S.*\S) \}\}", re.DOTALL)
_WRAPPED = re.compile(r"\s*\$\{\{(.*)\}\}\s*", re.DOTALL)
_HINT = 'write a literal, {"ref": "node.field"}, a list, {"fields": ...} or {"map": [...]}'


def reference_of(text: str) -> str | None:
    """Give the expression that a text consists of, when it is written in the usual way."""
    match = _WHOLE.fullmatch(text)
    if match is None or "${{" in match[1] or "}}" in match[1]:
        return None
    return match[1]


def value_form(value: Json) -> Json:
    """Write any value of a document."""
    match value:
        case None:
            return {"null": True}
        case str():
            source = reference_of(value)
            return value if source is None else {"ref": source}
        case list():
            return [value_form(part) for part in value]
        case dict():
            return {"map": [{"key": key, "value": value_form(part)} for key, part in value.items()]}
        case _:
            return value


def read_value(form: Json, pointer: str, problems: Problems, *, depth: int = 0) -> Json:
    """Read a value; what is wrong with it is noted, and read as null."""
    if depth > DEPTH_MAX:
        _refuse(form, pointer, problems, hint=f"nest values at most {DEPTH_MAX} levels deep")
        return None
    if isinstance(form, list):
        return [
            read_value(part, f"{pointer}/{index}", problems, depth=depth + 1)
            for index, part in enumerate(form)
        ]
    if not isinstance(form, dict):
        return form
    if len(form) != 1:
        _refuse(form, pointer, problems)
        return None
    ((kind, inner),) = form.items()
    at = f"{pointer}/{escape(kind)}"
    match kind, inner:
        case "ref", str() if inner.strip():
            return _reference(inner)
        case "null", _:
            return None
        case "fields", dict():
            return read_fields(inner, at, problems, depth=depth + 1)
        case "map", list():
            return _map(inner, at, problems, depth=depth + 1)
        case _:
            _refuse(form, pointer, problems)
            return None


def read_fields(
    fields: dict[str, Json], pointer: str, problems: Problems, *, depth: int = 0
) -> dict[str, Json]:
    """Read fields by name; a plain null is left out."""
    return {
        name: read_value(part, f"{pointer}/{escape(name)}", problems, depth=depth)
        for name, part in fields.items()
        if part is not None
    }


def _reference(source: str) -> str:
    """Write a reference as documents do; a model may have wrapped it already."""
    match = _WRAPPED.fullmatch(source)
    return f"${{{{ {(match[1] if match else source).strip()} }}}}"


def _map(entries: list[Json], pointer: str, problems: Problems, *, depth: int) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for index, entry in enumerate(entries):
        at = f"{pointer}/{index}"
        key = entry.get("key") if isinstance(entry, dict) else None
        if not isinstance(entry, dict) or not isinstance(key, str) or "value" not in entry:
            _refuse(entry, at, problems, hint='write {"key": ..., "value": ...}')
        elif key in found:
            twice(key, at, problems)
        else:
            found[key] = read_value(entry["value"], f"{at}/value", problems, depth=depth)
    return found


def twice(name: str, pointer: str, problems: Problems) -> None:
    """Note that a name stands twice in a list that stands for a map."""
    section = Section({}, pointer, name="the list", problems=problems)
    section.problem("IL1114", f"`{name[:100]}` is given twice", hint="give it once", at=pointer)


def _refuse(form: Json, pointer: str, problems: Problems, *, hint: str = _HINT) -> None:
    message = f"{kind_of(form)} is no value of the model form"
    problems.add(Diagnostic(code="IL1105", message=message, pointer=pointer, hint=hint))
