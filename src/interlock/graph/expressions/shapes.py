"""Shapes: what the type checker of CEL can know of a JSON Schema.

A shape never claims more than its schema: where a schema says something that CEL has no type for
(alternatives, patterns), the shape is open, and nothing is checked there.
"""

from typing import Literal, TypeAlias

from interlock.values import Json, Schema, immutable

DEPTH_MAX = 100
# Protobuf's own limit is the size of a message: 65,535 bytes, at 16 for a field.
FIELDS_MAX = 1_000

ScalarName = Literal["string", "integer", "number", "boolean", "null"]


@immutable(kw_only=False)
class Open:
    """Anything."""


@immutable(kw_only=False)
class Scalar:
    """A string, a number, a boolean or null."""

    name: ScalarName


@immutable(kw_only=False)
class MapOf:
    """An object with fields that are not declared."""


@immutable(kw_only=False)
class ListOf:
    """A list."""

    item: "Shape"


@immutable(kw_only=False)
class Record:
    """An object with declared fields; the name leads to a `RecordType`."""

    name: str


@immutable(kw_only=False)
class Nullable:
    """Something, or null."""

    inner: "Scalar | MapOf | ListOf | Record"


Shape: TypeAlias = Open | Scalar | MapOf | ListOf | Record | Nullable


@immutable()
class RecordType:
    """The declared fields of an object, the schema they come from, and its definitions."""

    fields: dict[str, Shape]
    schema: Schema


_SCALARS: dict[str, Scalar] = {
    "string": Scalar("string"),
    "integer": Scalar("integer"),
    "number": Scalar("number"),
    "boolean": Scalar("boolean"),
    "null": Scalar("null"),
}


class ShapeReader:
    """Reads the schemas of one expression; collects the records that they declare."""

    def __init__(self) -> None:
        self.records: dict[str, RecordType] = {}

    def read(self, schema: Schema) -> Shape:
        """Return the shape of a schema that stands alone."""
        definitions = schema.get("$defs", {}) if isinstance(schema, dict) else {}
        table = definitions if isinstance(definitions, dict) else {}
        return _Reading(self.records, table).read(schema, 0)


class _Reading:
    """Reads one schema with its `$defs`."""

    def __init__(self, records: dict[str, RecordType], definitions: dict[str, Json]) -> None:
        self._records = records
        self._definitions = definitions
        self._references: dict[str, Shape] = {}

    def read(self, schema: Json, depth: int) -> Shape:
        if not isinstance(schema, dict) or depth > DEPTH_MAX:
            return Open()
        if "$ref" in schema:
            return self._reference(schema, depth)
        if "const" in schema:
            return _of_values([schema["const"]])
        if "enum" in schema:
            return _of_values(schema["enum"])
        for keyword in ("anyOf", "oneOf", "allOf"):
            if keyword in schema:
                return self._branches(schema, keyword, depth)
        kinds = schema.get("type")
        if isinstance(kinds, list):
            return self._one_of_types(schema, kinds, depth)
        return self._typed(schema, kinds, depth)

    def _reference(self, schema: dict[str, Json], depth: int) -> Shape:
        reference = schema["$ref"]
        name = reference.removeprefix("#/$defs/") if isinstance(reference, str) else ""
        target = self._definitions.get(name)
        if not isinstance(target, dict) or not _says_only(schema, "$ref"):
            return Open()
        if name not in self._references:
            # A record is known by its name while its fields are read: they may lead back to it.
            record = Record(f"R{len(self._records)}") if _is_record(target) else None
            self._references[name] = record or Open()
            if record is None:
                self._references[name] = self.read(target, depth + 1)
            else:
                self._fill(record, target, depth)
        return self._references[name]

    def _branches(self, schema: dict[str, Json], keyword: str, depth: int) -> Shape:
        branches = schema[keyword]
        if not isinstance(branches, list) or not _says_only(schema, keyword):
            return Open()
        rest = [each for each in branches if not _is_null(each)] if keyword != "allOf" else branches
        if len(rest) != 1:
            return Open()
        shape = self.read(rest[0], depth + 1)
        return nullable(shape) if len(rest) < len(branches) else shape

    def _one_of_types(self, schema: dict[str, Json], kinds: list[Json], depth: int) -> Shape:
        rest = [kind for kind in kinds if kind != "null"]
        if len(rest) != 1:
            return Open()
        shape = self._typed(schema, rest[0], depth)
        return nullable(shape) if len(rest) < len(kinds) else shape

    def _typed(self, schema: dict[str, Json], kind: Json, depth: int) -> Shape:
        if isinstance(kind, str) and kind in _SCALARS:
            return _SCALARS[kind]
        if kind == "array":
            item = Open() if "prefixItems" in schema else self.read(schema.get("items"), depth + 1)
            return ListOf(item)
        if kind == "object":
            if not _is_record({**schema, "type": "object"}):
                return MapOf()
            record = Record(f"R{len(self._records)}")
            self._fill(record, schema, depth)
            return record
        return Open()

    def _fill(self, record: Record, schema: dict[str, Json], depth: int) -> None:
        alone: dict[str, Json] = dict(schema)
        if self._definitions and "$ref" in str(schema):
            alone["$defs"] = self._definitions
        fields: dict[str, Shape] = {}
        self._records[record.name] = RecordType(fields=fields, schema=alone)
        properties = schema["properties"]
        for name, part in properties.items() if isinstance(properties, dict) else ():
            fields[name] = self.read(part, depth + 1)


# Keywords that say nothing about the type.
_ANNOTATIONS = frozenset(
    {"$comment", "$defs", "$schema", "default", "deprecated", "description", "examples", "title"}
)


def _says_only(schema: dict[str, Json], keyword: str) -> bool:
    return schema.keys() <= _ANNOTATIONS | {keyword}


def _is_null(schema: Json) -> bool:
    return isinstance(schema, dict) and schema.get("type") == "null"


def _is_record(schema: dict[str, Json]) -> bool:
    """Whether all fields of an object are declared.

    JSON Schema allows undeclared fields unless it is told otherwise; here they are allowed only
    where a schema says so. A misspelt field is far more common than one that is left undeclared.
    """
    properties = schema.get("properties")
    return (
        schema.get("type") == "object"
        and isinstance(properties, dict)
        and 0 < len(properties) <= FIELDS_MAX
        and not allows_more_fields(schema)
    )


def allows_more_fields(schema: Schema) -> bool:
    """Whether a schema says in words that fields may come that it does not declare."""
    if isinstance(schema, bool):
        return schema
    more = schema.get("additionalProperties", False) is not False
    alternatives = not {"$ref", "allOf", "anyOf", "oneOf"}.isdisjoint(schema)
    return more or alternatives or "patternProperties" in schema or "properties" not in schema


def owner_of_fields(schema: Schema) -> Schema:
    """Follow `$ref` and "or null" to the schema that declares the fields."""
    definitions = schema.get("$defs") if isinstance(schema, dict) else None
    table = definitions if isinstance(definitions, dict) else {}
    for _ in range(DEPTH_MAX):
        inner = _only_part(schema, table)
        if inner is None:
            return schema
        schema = inner
    return schema


def _only_part(schema: Schema, definitions: dict[str, Json]) -> Schema | None:
    if isinstance(schema, bool):
        return None
    reference = schema.get("$ref")
    if isinstance(reference, str) and _says_only(schema, "$ref"):
        part = definitions.get(reference.removeprefix("#/$defs/"))
        return part if isinstance(part, (dict, bool)) else None
    for keyword in ("anyOf", "oneOf", "allOf"):
        branches = schema.get(keyword)
        if isinstance(branches, list) and _says_only(schema, keyword):
            rest = [each for each in branches if not _is_null(each)]
            if len(rest) == 1 and isinstance(rest[0], (dict, bool)):
                return rest[0]
    return None


def nullable(shape: Shape) -> Shape:
    """Add null to a shape."""
    if isinstance(shape, (Open, Nullable)) or shape == _SCALARS["null"]:
        return shape
    return Nullable(shape)


def _of_values(values: Json) -> Shape:
    kinds = {_kind(value) for value in values} if isinstance(values, list) else {None}
    rest = kinds - {"null"}
    if not rest:
        return _SCALARS["null"]
    only = rest.pop()
    if rest or only is None:
        return Open()
    return nullable(_SCALARS[only]) if "null" in kinds else _SCALARS[only]


def _kind(value: Json) -> str | None:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case str():
            return "string"
        case int():
            return "integer"
        case float():
            return "number"
        case _:
            return None
