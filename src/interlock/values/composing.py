"""Putting schemas that stand alone into one schema, with all their definitions at its top."""

from typing import final

from interlock.values.names import Json
from interlock.values.schema import (
    DEFS_PREFIX,
    Schema,
    as_schema,
    as_table,
    free_name,
    references,
    rewritten,
)

WHOLE = "whole"


@final
class Composition:
    """One schema in the making.

    A part that stands alone loses its `$defs` when it becomes part of another schema: `part` takes
    them over, under other names where a name is taken, and `whole` adds them to the result.
    """

    def __init__(self) -> None:
        self._definitions: dict[str, Json] = {}

    def part(self, schema: Schema) -> Schema:
        """Give the form that a schema has inside the whole."""
        if isinstance(schema, bool):
            return schema
        refs = [ref for _, ref in references(schema)]
        if not refs and "$defs" not in schema:
            return schema
        if not all(_is_simple(ref) for ref in refs):
            return self._as_definition(schema)
        own = as_table(schema.get("$defs"))
        names = self._names(own)
        for name, definition in own.items():
            self._definitions[names[name]] = _renamed(as_schema(definition), names)
        return _renamed({key: value for key, value in schema.items() if key != "$defs"}, names)

    def whole(self, schema: dict[str, Json]) -> Schema:
        """Complete a schema that was put together from parts."""
        return {**schema, "$defs": dict(self._definitions)} if self._definitions else schema

    def define(self, name: str, schema: Schema) -> dict[str, Json]:
        """Add a definition, made of parts; return the reference to it. A taken name is changed."""
        free = free_name(name, self._definitions)
        self._definitions[free] = schema
        return {"$ref": f"{DEFS_PREFIX}{free}"}

    def redefine(self, reference: dict[str, Json], schema: Schema) -> None:
        """Change what a definition says that was added by `define`."""
        self._definitions[str(reference["$ref"]).removeprefix(DEFS_PREFIX)] = schema

    def _names(self, own: dict[str, Json]) -> dict[str, str]:
        """Choose names: the same ones if all of them mean the same here or are free."""
        if all(self._definitions.get(name, one) == one for name, one in own.items()):
            return {name: name for name in own}
        taken = {**self._definitions, **own}
        return {name: free_name(name, taken) for name in own}

    def _as_definition(self, schema: dict[str, Json]) -> Schema:
        """Make a schema that refers to any place in itself a definition as a whole."""
        name = free_name(WHOLE, self._definitions)
        home = f"{DEFS_PREFIX}{name}"

        def moved(one: dict[str, Json]) -> dict[str, Json]:
            ref = one.get("$ref")
            if not isinstance(ref, str) or not ref.startswith("#"):
                return one
            return {**one, "$ref": f"{home}{ref[1:]}"}

        self._definitions[name] = rewritten(schema, moved)
        return {"$ref": home}


def _is_simple(ref: str) -> bool:
    name = ref.removeprefix(DEFS_PREFIX)
    return name != ref and not any(char in name for char in "/%~")


def _renamed(schema: Schema, names: dict[str, str]) -> Schema:
    if all(name == new for name, new in names.items()):
        return schema

    def moved(one: dict[str, Json]) -> dict[str, Json]:
        ref = one.get("$ref")
        new = names.get(ref.removeprefix(DEFS_PREFIX)) if isinstance(ref, str) else None
        return one if new is None else {**one, "$ref": f"{DEFS_PREFIX}{new}"}

    return rewritten(schema, moved)
