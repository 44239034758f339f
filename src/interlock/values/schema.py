"""Schemas as data: what is a sub-schema, what a `$ref` points to, and schemas that stand alone.

JSON Schema, draft 2020-12. Every walk here knows which keywords hold schemas: a `$ref` inside a
`const`, a `default` or the name of a property is data and not a reference.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias, cast

from interlock.errors import UsageError
from interlock.values.names import Json
from interlock.values.places import nearest

Schema: TypeAlias = dict[str, Json] | bool
"""A JSON Schema, draft 2020-12."""

Steps: TypeAlias = tuple[str | int, ...]

HOLDS_SCHEMA = frozenset(
    {
        "additionalProperties",
        "contains",
        "contentSchema",
        "else",
        "if",
        "items",
        "not",
        "propertyNames",
        "then",
        "unevaluatedItems",
        "unevaluatedProperties",
    }
)
HOLDS_LIST = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
HOLDS_TABLE = frozenset(
    {"$defs", "definitions", "dependentSchemas", "patternProperties", "properties"}
)
ANNOTATIONS = frozenset(
    {
        "$comment",
        "default",
        "deprecated",
        "description",
        "examples",
        "readOnly",
        "title",
        "writeOnly",
    }
)
"""Keywords that say nothing about which values a schema accepts."""

TYPES_PREFIX = "#/types/"
DEFS_PREFIX = "#/$defs/"


def as_schema(value: Json) -> Schema:
    """Take JSON data as a schema; what can be none accepts everything, as unknown keywords do."""
    return value if isinstance(value, dict | bool) else True


def as_table(value: Json) -> dict[str, Json]:
    """Take JSON data as an object; what is none is empty."""
    return value if isinstance(value, dict) else {}


def as_list(value: Json) -> list[Json]:
    """Take JSON data as an array; what is none is empty."""
    return value if isinstance(value, list) else []


def rewritten(schema: Schema, change: Callable[[dict[str, Json]], dict[str, Json]]) -> Schema:
    """Copy a schema with every schema inside it changed, the outer before the inner."""
    if isinstance(schema, bool):
        return schema
    return {key: _rewritten_keyword(key, value, change) for key, value in change(schema).items()}


def _rewritten_keyword(
    key: str, value: Json, change: Callable[[dict[str, Json]], dict[str, Json]]
) -> Json:
    if key in HOLDS_SCHEMA and isinstance(value, dict):
        return rewritten(value, change)
    if key in HOLDS_LIST and isinstance(value, list):
        return [rewritten(as_schema(one), change) for one in value]
    if key in HOLDS_TABLE and isinstance(value, dict):
        return {name: rewritten(as_schema(one), change) for name, one in value.items()}
    return value


def subschemas(schema: Schema, steps: Steps = ()) -> Iterator[tuple[Steps, dict[str, Json]]]:
    """Iterate over a schema and all schemas inside it, with where they stand."""
    if isinstance(schema, bool):
        return
    yield steps, schema
    for key, value in schema.items():
        if key in HOLDS_SCHEMA and isinstance(value, dict):
            yield from subschemas(value, (*steps, key))
        elif key in HOLDS_LIST and isinstance(value, list):
            for index, one in enumerate(value):
                yield from subschemas(as_schema(one), (*steps, key, index))
        elif key in HOLDS_TABLE and isinstance(value, dict):
            for name, one in value.items():
                yield from subschemas(as_schema(one), (*steps, key, name))


def references(schema: Schema) -> tuple[tuple[str, str], ...]:
    """List every `$ref` of a schema as (JSON pointer of the `$ref`, its text)."""
    found: list[tuple[str, str]] = []
    for steps, inner in subschemas(schema):
        ref = inner.get("$ref")
        if isinstance(ref, str):
            found.append((json_pointer((*steps, "$ref")), ref))
    return tuple(found)


def json_pointer(steps: Steps) -> str:
    """Write a place as an RFC 6901 JSON pointer."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def target(root: Schema, ref: str) -> Schema | None:
    """Find what a local `$ref` points to; None when it is not local or points nowhere."""
    if ref == "#":
        return root
    if not ref.startswith("#/"):
        return None
    found: Json = root
    for step in ref[2:].split("/"):
        name = _unescaped(step)
        if isinstance(found, dict) and name in found:
            found = found[name]
        elif isinstance(found, list) and name.isdecimal() and int(name) < len(found):
            found = found[int(name)]
        else:
            return None
    return found if isinstance(found, dict | bool) else None


def _unescaped(step: str) -> str:
    if "%" in step:
        # A `$ref` is a URI: names are percent-encoded in it. Only ASCII is worth the trouble.
        parts = step.split("%")
        step = parts[0] + "".join(_percent_decoded(part) for part in parts[1:])
    return step.replace("~1", "/").replace("~0", "~")


def _percent_decoded(part: str) -> str:
    try:
        code = int(part[:2], 16)
    except ValueError:
        return "%" + part
    return chr(code) + part[2:]


def essence(schema: Schema) -> Schema:
    """Copy a schema without titles, descriptions, defaults and other annotations."""
    return rewritten(
        schema, lambda one: {key: value for key, value in one.items() if key not in ANNOTATIONS}
    )


def without_null(schema: Schema) -> Schema:
    """Leave null out of a schema that names it as one of several things."""
    if isinstance(schema, bool):
        return schema
    found = dict(schema)
    types = as_list(schema.get("type"))
    if len(types) > 1 and "null" in types:
        rest = [name for name in types if name != "null"]
        found["type"] = rest[0] if len(rest) == 1 else rest
    if None in as_list(schema.get("enum")):
        found["enum"] = [value for value in as_list(schema["enum"]) if value is not None]
    for keyword in ("anyOf", "oneOf"):
        branches = as_list(schema.get(keyword))
        rest = [
            one for one in branches if not (isinstance(one, dict) and one.get("type") == "null")
        ]
        if rest and len(rest) < len(branches):
            found[keyword] = rest
    only = as_list(found.get("anyOf"))
    if (
        len(only) == 1
        and isinstance(only[0], dict)
        and found.keys() <= {"anyOf", "$defs"} | ANNOTATIONS
    ):
        return {**{key: found[key] for key in found.keys() & {"$defs"}}, **only[0]}
    return found


def standing_alone(part: Schema, root: Schema) -> Schema:
    """Give a part of a schema the definitions that it refers to.

    So it can leave the whole. Where all references go to `$defs`, only the definitions that are
    reached come along. Otherwise the whole schema becomes a definition of the part.
    """
    if isinstance(part, bool) or isinstance(root, bool) or part is root:
        return part
    reached: dict[str, Json] = {}
    waiting: list[Schema] = [{key: value for key, value in part.items() if key != "$defs"}]
    while waiting:
        for _, ref in references(waiting.pop()):
            name = ref.removeprefix(DEFS_PREFIX)
            if name == ref or "/" in name or "%" in name or "~" in name:
                return _with_whole(part, root)
            definition = as_table(root.get("$defs")).get(name)
            if name not in reached and definition is not None:
                reached[name] = definition
                waiting.append(as_schema(definition))
    alone = {key: value for key, value in part.items() if key != "$defs"}
    return {**alone, "$defs": reached} if reached else alone


def _with_whole(part: dict[str, Json], root: dict[str, Json]) -> Schema:
    def move(one: dict[str, Json]) -> dict[str, Json]:
        ref = one.get("$ref")
        if not isinstance(ref, str) or not ref.startswith("#"):
            return one
        return {**one, "$ref": f"{DEFS_PREFIX}whole{ref[1:]}"}

    moved = cast("dict[str, Json]", rewritten(part, move))
    return {**moved, "$defs": {"whole": rewritten(root, move)}}


def resolve(schema: Schema, types: Mapping[str, Schema]) -> Schema:
    """Make a schema of a document self-contained.

    What `{"$ref": "#/types/x"}` means moves into `$defs`. A type may refer to other types, to
    itself, and to definitions of its own: `#/$defs/...` inside a type means the type's own
    `$defs`, as in a schema that was pasted there.

    Raises:
        UsageError: there is no such type.
    """
    if isinstance(schema, bool):
        return schema
    own = as_table(schema.get("$defs"))
    names: dict[str, str] = {}

    def moved(one: dict[str, Json], home: str) -> dict[str, Json]:
        ref = one.get("$ref")
        if not isinstance(ref, str) or not ref.startswith("#"):
            return one
        if not ref.startswith(TYPES_PREFIX):
            return {**one, "$ref": f"#{home}{ref[1:]}"}
        name, slash, rest = ref.removeprefix(TYPES_PREFIX).partition("/")
        if name not in types:
            raise _no_such_type(name, types)
        if name not in names:
            names[name] = free_name(name, own)
        return {**one, "$ref": f"{DEFS_PREFIX}{names[name]}{slash}{rest}"}

    result = cast("dict[str, Json]", rewritten(schema, lambda one: moved(one, "")))
    definitions: dict[str, Json] = dict(as_table(result.get("$defs")))
    done = 0
    while done < len(names):
        name, new_name = list(names.items())[done]
        home = f"/$defs/{new_name}"
        definitions[new_name] = rewritten(types[name], lambda one, home=home: moved(one, home))
        done += 1
    return {**result, "$defs": definitions} if names else result


def free_name(name: str, taken: Mapping[str, Json]) -> str:
    """Number a name that is taken."""
    free, number = name, 2
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free


def _no_such_type(name: str, types: Mapping[str, Schema]) -> UsageError:
    close = nearest(name, types)
    known = ", ".join(f"`{one}`" for one in types) or "none"
    return UsageError(
        f"there is no type `{name}`",
        hint=f"did you mean `{close}`?" if close else f"declare it under `types`; known: {known}",
    )
