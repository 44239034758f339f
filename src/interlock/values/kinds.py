"""The kinds of JSON data that a schema lets through."""

from types import NoneType
from typing import Literal, TypeAlias

from interlock.values.names import Json
from interlock.values.schema import Schema, as_list, as_schema, target

Kind: TypeAlias = Literal["null", "boolean", "number", "string", "array", "object"]
"""An integer is of the kind "number": `1.0` is an integer in JSON Schema."""

ALL_KINDS: frozenset[Kind] = frozenset({"null", "boolean", "number", "string", "array", "object"})

KIND_OF_TYPE: dict[str, Kind] = {**{kind: kind for kind in ALL_KINDS}, "integer": "number"}
NO_KINDS: frozenset[Kind] = frozenset()


KIND_OF_CLASS: dict[type, Kind] = {
    NoneType: "null",
    bool: "boolean",
    int: "number",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}


def kind_of(value: Json) -> Kind:
    """Name the kind of a value."""
    return KIND_OF_CLASS[type(value)]


def kinds_of(
    schema: Schema, root: Schema, known: dict[str, frozenset[Kind]] | None = None
) -> frozenset[Kind]:
    """List the kinds of values a schema may accept; every kind it leaves out is refused.

    Args:
        schema: a part of `root`.
        root: where its references lead.
        known: the kinds of references that were already followed; used again by the next call.
    """
    if isinstance(schema, bool):
        return ALL_KINDS if schema else NO_KINDS
    known = {} if known is None else known
    kinds = _own_kinds(schema)
    ref = schema.get("$ref")
    if isinstance(ref, str):
        kinds &= _kinds_of_reference(ref, root, known)
    for one in as_list(schema.get("allOf")):
        kinds &= kinds_of(as_schema(one), root, known)
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            branches = as_list(schema[keyword])
            kinds &= NO_KINDS.union(*(kinds_of(as_schema(one), root, known) for one in branches))
    return kinds


def _own_kinds(schema: dict[str, Json]) -> frozenset[Kind]:
    kinds: frozenset[Kind] = ALL_KINDS
    if "type" in schema:
        declared = schema["type"]
        names = declared if isinstance(declared, list) else [declared]
        kinds = frozenset(
            KIND_OF_TYPE[name] for name in names if isinstance(name, str) and name in KIND_OF_TYPE
        )
    if "const" in schema:
        kinds &= {kind_of(schema["const"])}
    if "enum" in schema:
        kinds &= {kind_of(value) for value in as_list(schema["enum"])}
    return kinds


def _kinds_of_reference(
    ref: str, root: Schema, known: dict[str, frozenset[Kind]]
) -> frozenset[Kind]:
    if ref not in known:
        # A reference that leads back to itself adds nothing: while it is followed it means all.
        known[ref] = ALL_KINDS
        aim = target(root, ref)
        known[ref] = ALL_KINDS if aim is None else kinds_of(aim, root, known)
    return known[ref]
