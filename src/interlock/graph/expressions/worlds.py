"""The environments in which expressions are type-checked, one for each set of schemas."""

from functools import lru_cache
from typing import TypeAlias, cast

from interlock.graph.expressions import cel
from interlock.graph.expressions.descriptors import descriptor_file, message_name, type_name
from interlock.graph.expressions.shapes import (
    ListOf,
    MapOf,
    Nullable,
    Record,
    RecordType,
    Scalar,
    Shape,
    ShapeReader,
)
from interlock.values import Schema, canonical, decode

WORLDS_MAX = 64

Schemas: TypeAlias = dict[str, Schema]


class World:
    """What variables there are, of which shapes. Environments are made when first needed."""

    def __init__(self, schemas: Schemas) -> None:
        reader = ShapeReader()
        self._shapes = {name: reader.read(schema) for name, schema in schemas.items()}
        self.records: dict[str, RecordType] = reader.records
        self._typed: cel.Environment | None = None
        self._loose: cel.Environment | None = None

    def typed(self) -> cel.Environment:
        """Return the environment in which objects have their declared fields."""
        if self._typed is None:
            terms = {name: _term(shape, loose=False) for name, shape in self._shapes.items()}
            file = descriptor_file(self.records)
            self._typed = cel.environment(terms, file.SerializeToString())
        return self._typed

    def loose(self) -> cel.Environment:
        """Return the environment in which objects are maps from strings to anything."""
        if self._loose is None:
            terms = {name: _term(shape, loose=True) for name, shape in self._shapes.items()}
            self._loose = cel.environment(terms, descriptor_file({}).SerializeToString())
        return self._loose


def world_of(schemas: Schemas) -> World:
    """Return the world of these schemas; worlds of equal schemas are the same."""
    return _world(canonical(dict(schemas)))


@lru_cache(maxsize=WORLDS_MAX)
def _world(schemas: bytes) -> World:
    return World(cast("Schemas", decode(schemas)))


def _term(shape: Shape, *, loose: bool) -> cel.TypeTerm:
    match shape:
        case Scalar(name):
            return name
        case MapOf():
            return "map"
        case ListOf(item):
            return ("list", _term(item, loose=loose))
        case Record(name):
            return "map" if loose else message_name(name)
        case Nullable(Record(name)) if not loose:
            return message_name(name)
        case Nullable(Scalar()):
            return type_name(shape)
        case _:
            return "open"
