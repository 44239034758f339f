"""Shapes: the part of JSON Schema that strict structured output knows, made of any JSON Schema.

A shape gives the schema of a place where a value or a reference may stand, and writes values the
way that schema asks for. Bounds, patterns and formats are left out: texts may hold `${{ }}`, and
`compile` checks literals against the full schema anyway.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import field
from typing import cast, final

from interlock.graph.modelform.values import reference_of, value_form
from interlock.values import Json, Schema, canonical, immutable, target

DEPTH_MAX = 4
CHOICES_MAX = 100
SCALARS: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
}
VALUE: Json = {"$ref": "#/$defs/value"}
REFERENCE: Json = {"$ref": "#/$defs/reference"}
NULL: Json = {"$ref": "#/$defs/null"}


class Unfit(Exception):
    """A value does not have the shape."""


class Shape(ABC):
    """What may stand in a place."""

    @abstractmethod
    def literals(self) -> list[Json]:
        """Give the schemas of the literals, one of which must hold."""

    @abstractmethod
    def literal(self, value: Json) -> Json:
        """Write a literal.

        Raises:
            Unfit: it does not have the shape.
        """

    def form(self, value: Json) -> Json:
        """Write a value: a reference or a literal.

        Raises:
            Unfit: it does not have the shape.
        """
        source = reference_of(value) if isinstance(value, str) else None
        return self.literal(value) if source is None else {"ref": source}

    def schema(self, *, optional: bool = False, description: str = "") -> Json:
        """Give the schema of the place."""
        found: list[Json] = [*self.literals(), REFERENCE, *([{"type": "null"}] if optional else [])]
        if VALUE in found:
            found = [VALUE, *([{"type": "null"}] if optional else [])]
        # Beside `$ref` nothing may stand, so that even a lone one is wrapped.
        schema: dict[str, Json] = {"anyOf": _once(found)}
        return {"description": description, **schema} if description else schema


@final
class Anything(Shape):
    """Any value."""

    def literals(self) -> list[Json]:
        """Give the schema of all values."""
        return [VALUE]

    def literal(self, value: Json) -> Json:
        """Write a literal."""
        return value_form(value)


@final
@immutable(kw_only=False)
class Scalar(Shape):
    """A value of one simple type."""

    name: str

    def literals(self) -> list[Json]:
        """Give the schema of the type."""
        return [{"type": self.name}]

    def literal(self, value: Json) -> Json:
        """Write a literal."""
        fits = isinstance(value, SCALARS[self.name])
        if not fits or (isinstance(value, bool) and self.name != "boolean"):
            raise Unfit
        return value


@final
class Null(Shape):
    """Null."""

    def literals(self) -> list[Json]:
        """Give the schema of null."""
        return [NULL]

    def literal(self, value: Json) -> Json:
        """Write a literal."""
        if value is not None:
            raise Unfit
        return {"null": True}


@final
@immutable(kw_only=False)
class Choice(Shape):
    """One of some values of one simple type."""

    name: str
    values: tuple[Json, ...]

    def literals(self) -> list[Json]:
        """Give the schema of the choice."""
        return [{"type": self.name, "enum": [*self.values]}]

    def literal(self, value: Json) -> Json:
        """Write a literal."""
        if canonical(value) not in [canonical(each) for each in self.values]:
            raise Unfit
        return value


@final
@immutable(kw_only=False)
class ListOf(Shape):
    """A list."""

    item: Shape

    def literals(self) -> list[Json]:
        """Give the schema of the list."""
        return [{"type": "array", "items": self.item.schema()}]

    def literal(self, value: Json) -> Json:
        """Write a literal."""
        if not isinstance(value, list):
            raise Unfit
        return [self.item.form(part) for part in value]


@final
@immutable(kw_only=False)
class Fields(Shape):
    """An object whose fields are known."""

    known: Mapping[str, Shape]
    required: frozenset[str]
    words: Mapping[str, str] = field(default_factory=dict[str, str])

    def literals(self) -> list[Json]:
        """Give the schema of the object."""
        return [closed({"fields": self.table()})]

    def table(self) -> Json:
        """Give the schema of the fields by themselves."""
        return closed(
            {
                name: shape.schema(
                    optional=name not in self.required, description=self.words.get(name, "")
                )
                for name, shape in self.known.items()
            }
        )

    def literal(self, value: Json) -> Json:
        """Write a literal."""
        return {"fields": self.row(value)}

    def row(self, value: Json) -> dict[str, Json]:
        """Write the fields by themselves."""
        if not isinstance(value, dict) or value.keys() - self.known or self.required - value.keys():
            raise Unfit
        return {
            name: shape.form(value[name]) if name in value else None
            for name, shape in self.known.items()
        }


@final
@immutable(kw_only=False)
class MapOf(Shape):
    """An object whose keys are open."""

    value: Shape

    def literals(self) -> list[Json]:
        """Give the schema of the object, as a list of its entries."""
        entry = closed({"key": {"type": "string"}, "value": self.value.schema()})
        return [closed({"map": {"type": "array", "items": entry}})]

    def literal(self, value: Json) -> Json:
        """Write a literal."""
        if not isinstance(value, dict):
            raise Unfit
        return {
            "map": [{"key": key, "value": self.value.form(part)} for key, part in value.items()]
        }


@final
@immutable(kw_only=False)
class OneOf(Shape):
    """One of some shapes."""

    options: tuple[Shape, ...]

    def literals(self) -> list[Json]:
        """Give the schemas of all options."""
        return [each for option in self.options for each in option.literals()]

    def literal(self, value: Json) -> Json:
        """Write a literal in the first shape that it has."""
        for option in self.options:
            try:
                return option.literal(value)
            except Unfit:
                continue
        raise Unfit


# --- from JSON Schema


def shape_of(schema: Json, root: Schema, *, depth: int = 0) -> Shape:
    """Give the shape of a schema; what has none is anything, and so is what lies too deep."""
    if not isinstance(schema, dict) or depth > DEPTH_MAX:
        return Anything()
    ref = schema.get("$ref")
    if isinstance(ref, str):
        return shape_of(cast("Json", target(root, ref)), root, depth=depth + 1)
    for keyword in ("anyOf", "oneOf"):
        options = schema.get(keyword)
        if isinstance(options, list):
            return _union([shape_of(each, root, depth=depth) for each in options])
    if "const" in schema:
        return _choice([schema["const"]])
    named = schema.get("enum")
    if isinstance(named, list):
        return _choice(named)
    types = schema.get("type", "object" if "properties" in schema else None)
    names = types if isinstance(types, list) else [types]
    return _union([_of_type(name, schema, root, depth=depth) for name in names])


def fields_of(schema: dict[str, Json], root: Schema, *, depth: int = 0) -> Fields:
    """Give the shape of the fields that a schema of an object names."""
    known = schema.get("properties")
    table = known if isinstance(known, dict) else {}
    required = schema.get("required")
    return Fields(
        known={name: shape_of(each, root, depth=depth + 1) for name, each in table.items()},
        required=frozenset(
            name for name in (required if isinstance(required, list) else []) if name in table
        ),
        words={name: _description(each) for name, each in table.items()},
    )


def _description(schema: Json) -> str:
    found = schema.get("description") if isinstance(schema, dict) else None
    return found if isinstance(found, str) else ""


def _of_type(name: Json, schema: dict[str, Json], root: Schema, *, depth: int) -> Shape:
    match name:
        case "array":
            known = "prefixItems" not in schema
            return ListOf(shape_of(schema.get("items") if known else True, root, depth=depth + 1))
        case "object":
            return _object(schema, root, depth=depth)
        case "null":
            return Null()
        case str() if name in SCALARS:
            return Scalar(name)
        case _:
            return Anything()


def _object(schema: dict[str, Json], root: Schema, *, depth: int) -> Shape:
    more = schema.get("additionalProperties", True)
    if more is False and "patternProperties" not in schema:
        return fields_of(schema, root, depth=depth)
    if schema.get("properties") and more is True and "patternProperties" not in schema:
        # A model takes its fields and ignores the rest: they are proposed, and any key may stand.
        return OneOf((fields_of(schema, root, depth=depth), MapOf(Anything())))
    same = not schema.get("properties") and "patternProperties" not in schema
    return MapOf(shape_of(more if same else True, root, depth=depth + 1))


def _choice(values: list[Json]) -> Shape:
    """Sort the values of an enumeration by their types."""
    if len(values) > CHOICES_MAX or any(isinstance(each, dict | list) for each in values):
        return Anything()
    found: dict[str, list[Json]] = {}
    for each in values:
        found.setdefault(_type_name(each), []).append(_escaped(each))
    return _union(
        [Null() if name == "null" else Choice(name, tuple(some)) for name, some in found.items()]
    )


def _type_name(value: Json) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case _:
            return "string"


def _escaped(value: Json) -> Json:
    """Keep `${{` in a literal as it is."""
    return value.replace("${{", "$${{") if isinstance(value, str) else value


def _union(shapes: list[Shape]) -> Shape:
    flat = [option for each in shapes for option in _options(each)]
    objects = [each for each in flat if isinstance(each, Fields | MapOf)]
    # Objects in a union are told apart by their first key, which these share.
    alike = len({type(each) for each in objects}) < len(objects)
    if not flat or alike or any(isinstance(each, Anything) for each in flat):
        return Anything()
    return flat[0] if len(flat) == 1 else OneOf(tuple(flat))


def _options(shape: Shape) -> tuple[Shape, ...]:
    return shape.options if isinstance(shape, OneOf) else (shape,)


# --- pieces


def closed(properties: dict[str, Json]) -> dict[str, Json]:
    """Make the schema of an object as strict output asks for: all fields, and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": [*properties],
        "additionalProperties": False,
    }


def _once(schemas: list[Json]) -> list[Json]:
    return list({canonical(each): each for each in schemas}.values())
