"""JSON Schemas in the model form: small types by name, lists, objects, and any other as JSON text.

"string", "any"      one simple type
{"list_of": TYPE}    a list
{"object": [{"name": ..., "type": TYPE, "optional": false}]}   an object
{"json_schema": "{...}"}   any JSON Schema, as text
"""

import json

from interlock.errors import Diagnostic, ValueRefused
from interlock.graph.fields import Problems
from interlock.graph.modelform.shapes import closed
from interlock.graph.scan import escape
from interlock.graph.schemas import TYPES
from interlock.graph.showing import kind_of
from interlock.values import Json, canonical, decode

ANY = "any"
DEPTH_MAX = 32
_HINT = 'write "string", {"list_of": ...}, {"object": [...]} or {"json_schema": "{...}"}'


def type_schemas() -> dict[str, Json]:
    """Give the definitions of the types."""
    inner: Json = {"$ref": "#/$defs/type"}
    field = closed({"name": {"type": "string"}, "type": inner, "optional": {"type": "boolean"}})
    kinds: list[Json] = [
        {"type": "string", "enum": [ANY, *TYPES]},
        closed({"list_of": inner}),
        closed({"object": {"type": "array", "items": field}}),
        closed({"json_schema": {"type": "string", "description": "JSON Schema, as JSON text"}}),
    ]
    return {"type": {"anyOf": kinds}}


def type_form(schema: Json) -> Json:
    """Write a schema."""
    short = _short(schema)
    return {"json_schema": canonical(schema).decode()} if short is None else short


def _short(schema: Json) -> Json:
    """Write a schema that has a short form; None for others."""
    if schema is True:
        return ANY
    if not isinstance(schema, dict) or not isinstance(schema.get("type"), str):
        return None
    name = schema["type"]
    if schema == {"type": name} and name in TYPES:
        return name
    if name == "array" and schema.keys() == {"type", "items"}:
        return {"list_of": type_form(schema["items"])}
    if name == "object":
        form: Json = {"object": _fields(schema)}
        problems: list[Diagnostic] = []
        written = _read(form, "", problems, depth=0)
        return form if not problems and canonical(written) == canonical(schema) else None
    return None


def _fields(schema: dict[str, Json]) -> list[Json]:
    known = schema.get("properties")
    required = schema.get("required")
    names = required if isinstance(required, list) else []
    # The order of `required` is part of a schema's digest.
    table = known if isinstance(known, dict) else {}
    ordered = [*(name for name in names if name in table), *(n for n in table if n not in names)]
    return [
        {"name": name, "type": type_form(table[name]), "optional": name not in names}
        for name in ordered
    ]


def read_type(form: Json, pointer: str, problems: Problems) -> Json:
    """Read a type as the schema that it stands for; what is wrong with it is noted."""
    found: list[Diagnostic] = []
    schema = _read(form, pointer, found, depth=0)
    for problem in found:
        problems.add(problem)
    return schema


def _read(form: Json, pointer: str, found: list[Diagnostic], *, depth: int) -> Json:
    if form == ANY:
        return True
    if isinstance(form, str) and form in TYPES:
        return {"type": form}
    if isinstance(form, dict) and len(form) == 1 and depth < DEPTH_MAX:
        ((kind, inner),) = form.items()
        at = f"{pointer}/{escape(kind)}"
        match kind, inner:
            case "list_of", _:
                return {"type": "array", "items": _read(inner, at, found, depth=depth + 1)}
            case "object", list():
                return _read_object(inner, at, found, depth=depth + 1)
            case "json_schema", str():
                return _read_text(inner, at, found)
            case _:
                pass
    _note(found, pointer, f"{kind_of(form)} is no type of the model form", hint=_HINT)
    return True


def _read_object(
    fields: list[Json], pointer: str, found: list[Diagnostic], *, depth: int
) -> dict[str, Json]:
    properties: dict[str, Json] = {}
    required: list[Json] = []
    for index, field in enumerate(fields):
        at = f"{pointer}/{index}"
        name = field.get("name") if isinstance(field, dict) else None
        if not isinstance(field, dict) or not isinstance(name, str):
            _note(found, at, f"{kind_of(field)} is no field of a type", hint='give it a "name"')
        elif name in properties:
            _note(found, at, f"the field `{name[:100]}` is given twice", hint="give it once")
        else:
            properties[name] = _read(field.get("type", ANY), f"{at}/type", found, depth=depth)
            required += [] if field.get("optional") else [name]
    schema: dict[str, Json] = {"type": "object", "properties": properties}
    return {**schema, "required": required} if required else schema


def _read_text(text: str, pointer: str, found: list[Diagnostic]) -> Json:
    try:
        schema: Json = json.loads(text)
        # What enters a document is what would come back out of it.
        return decode(canonical(schema))
    except (ValueError, RecursionError) as error:
        _note(found, pointer, f"the schema is no JSON: {error}", hint="write it as JSON text")
    except ValueRefused as error:
        _note(
            found, pointer, f"the schema is no JSON: {error.message}", hint="write it as JSON text"
        )
    return True


def _note(found: list[Diagnostic], pointer: str, message: str, *, hint: str) -> None:
    found.append(Diagnostic(code="IL1121", message=message, pointer=pointer, hint=hint))
