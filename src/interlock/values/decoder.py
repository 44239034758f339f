"""Making floats of integers where a schema says "number".

Canonical JSON writes `1.0` as `1`, so a price of ten comes back as the integer 10. Expressions
distinguish the two (`price * 1.5` fails on an integer), hence values are decoded by schema. No
decoding is needed where a schema says "integer": canonical JSON never writes `1.0`.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import field
from typing import TypeAlias

from interlock.values.canonical import INTEGRAL_FLOAT_MAX
from interlock.values.checker import Checker
from interlock.values.immutable import immutable
from interlock.values.kinds import Kind, kind_of, kinds_of
from interlock.values.names import Json
from interlock.values.schema import (
    Schema,
    as_list,
    as_schema,
    as_table,
    standing_alone,
    subschemas,
    target,
)

Decoder: TypeAlias = Callable[[Json], Json]


def numbers(schema: Schema) -> Decoder | None:
    """Make a decoder for values of a schema, or None when there is nothing to decode.

    The decoder leaves the given value as it is and returns a copy of what it has to change. Where
    a schema allows both (`{"type": ["integer", "number"]}`), and in values that it refuses,
    integers may stay integers. So do integers beyond 2**53, which floats do not hold exactly.
    What stands under `if`, `then`, `else` and `dependentSchemas` is not decoded.
    """
    if not any(_names_number(one) for _, one in subschemas(schema)):
        return None
    return _Maker(root=schema).make(schema)


def to_float(value: Json) -> Json:
    """Make a float of an integer, if it holds it exactly."""
    if type(value) is int and -INTEGRAL_FLOAT_MAX <= value <= INTEGRAL_FLOAT_MAX:
        return float(value)
    return value


def _names_number(schema: dict[str, Json]) -> bool:
    declared = schema.get("type")
    if isinstance(declared, list):
        return "number" in declared and "integer" not in declared
    return declared == "number"


@immutable()
class _Maker:
    """Makes decoders for parts of `root`; None stands for a part with nothing to decode."""

    root: Schema
    made: dict[str, Decoder | None] = field(default_factory=dict)
    known_kinds: dict[str, frozenset[Kind]] = field(default_factory=dict)

    def make(self, schema: Schema) -> Decoder | None:
        if isinstance(schema, bool):
            return None
        parts = [to_float if _names_number(schema) else None]
        parts += [self.for_objects(schema), self.for_arrays(schema)]
        parts.append(self.reference(schema.get("$ref")))
        parts += [self.make(as_schema(one)) for one in as_list(schema.get("allOf"))]
        parts += [self.branches(as_list(schema.get(word))) for word in ("anyOf", "oneOf")]
        return _chained([part for part in parts if part is not None])

    def reference(self, ref: Json) -> Decoder | None:
        if not isinstance(ref, str):
            return None
        if ref not in self.made:
            # Inside itself, a recursive schema finds its decoder when it is first used.
            self.made[ref] = lambda value: self.decoded(ref, value)
            aim = target(self.root, ref) if self.reaches_number(ref, set()) else None
            self.made[ref] = None if aim is None else self.make(aim)
        return self.made[ref]

    def decoded(self, ref: str, value: Json) -> Json:
        decoder = self.made[ref]
        return value if decoder is None else decoder(value)

    def reaches_number(self, ref: str, seen: set[str]) -> bool:
        seen.add(ref)
        for _, schema in subschemas(target(self.root, ref) or False):
            if _names_number(schema):
                return True
            inner = schema.get("$ref")
            if isinstance(inner, str) and inner not in seen and self.reaches_number(inner, seen):
                return True
        return False

    def for_objects(self, schema: dict[str, Json]) -> Decoder | None:
        table = as_table(schema.get("properties"))
        fields = {name: self.make(as_schema(one)) for name, one in table.items()}
        patterns = [
            (re.compile(pattern), self.make(as_schema(one)))
            for pattern, one in as_table(schema.get("patternProperties")).items()
        ]
        rest = self.make(as_schema(schema.get("additionalProperties", True)))
        decoders = [*fields.values(), *(decoder for _, decoder in patterns), rest]
        if all(decoder is None for decoder in decoders):
            return None

        def of(name: str) -> Decoder | None:
            if name in fields:
                return fields[name]
            return next((found for pattern, found in patterns if pattern.search(name)), rest)

        def decode_object(value: Json) -> Json:
            if not isinstance(value, dict):
                return value
            return {
                name: member if (decoder := of(name)) is None else decoder(member)
                for name, member in value.items()
            }

        return decode_object

    def for_arrays(self, schema: dict[str, Json]) -> Decoder | None:
        prefix = [self.make(as_schema(one)) for one in as_list(schema.get("prefixItems"))]
        rest = self.make(as_schema(schema.get("items", True)))
        if rest is None and all(decoder is None for decoder in prefix):
            return None

        def decode_array(value: Json) -> Json:
            if not isinstance(value, list):
                return value
            head = [
                member if decoder is None else decoder(member)
                for decoder, member in zip(prefix, value, strict=False)
            ]
            tail = value[len(head) :]
            return head + (tail if rest is None else [rest(member) for member in tail])

        return decode_array

    def branches(self, schemas: Sequence[Json]) -> Decoder | None:
        """Decode by the branch that accepts the value; one without a decoder goes first."""
        found = [self.branch(as_schema(schema)) for schema in schemas]
        if all(branch.decoder is None for branch in found):
            return None
        found.sort(key=lambda branch: branch.decoder is not None)

        def decode_branch(value: Json) -> Json:
            kind = kind_of(value)
            possible = [branch for branch in found if kind in branch.kinds]
            if len(possible) > 1 and any(branch.decoder is not None for branch in possible):
                possible = [branch for branch in possible if branch.checker.accepts(value)]
            decoder = possible[0].decoder if possible else None
            return value if decoder is None else decoder(value)

        return decode_branch

    def branch(self, schema: Schema) -> "_Branch":
        return _Branch(
            kinds=kinds_of(schema, self.root, self.known_kinds),
            decoder=self.make(schema),
            checker=Checker(standing_alone(schema, self.root)),
        )


@immutable()
class _Branch:
    """One of several alternatives."""

    kinds: frozenset[Kind]
    decoder: Decoder | None
    checker: Checker


def _chained(decoders: Sequence[Decoder]) -> Decoder | None:
    if len(decoders) <= 1:
        return decoders[0] if decoders else None

    def decode_all(value: Json) -> Json:
        for decoder in decoders:
            value = decoder(value)
        return value

    return decode_all
