"""Containment of recursive schemas, proven by their structure.

The library proves nothing of a schema that refers to itself. Here a pair of schemas that comes
again below one of its own fields or items counts as proven: if containment failed, it would fail at
some finite depth, and each level was looked at (coinduction; Amadio and Cardelli, Subtyping
Recursive Types, 1993). Only plain objects, lists, references and alternatives are understood; parts
that do not recur are left to the library.
"""

from collections.abc import Callable
from typing import final

from interlock.values.canonical import canonical
from interlock.values.names import Json
from interlock.values.schema import (
    ANNOTATIONS,
    Schema,
    as_list,
    as_schema,
    as_table,
    references,
    target,
)

STEPS_MAX = 2_000
"""How many pairs are looked at; beyond that, nothing is proven."""
DEPTH_MAX = 80
"""How deep pairs lie in each other; some frames of the interpreter's stack for each."""
OF_OBJECTS = frozenset({"type", "properties", "required", "additionalProperties"})
OF_LISTS = frozenset({"type", "items", "minItems", "maxItems"})


def refers(schema: Schema) -> bool:
    """Tell whether a schema has references, which may lead back to themselves."""
    return bool(references(schema))


@final
class Structure:
    """One question: does `wanted` accept all that `given` does?

    Args:
        wanted: what is to accept.
        given: what is to be accepted.
        proven: answers for parts that have no references.
    """

    def __init__(
        self, wanted: Schema, given: Schema, proven: Callable[[Schema, Schema], bool]
    ) -> None:
        self._wanted = wanted
        self._given = given
        self._proven = proven
        self._assumed: dict[tuple[bytes, bytes], None] = {}
        self._steps = 0

    def holds(self) -> bool:
        """Prove it; False says nothing."""
        return self._below(self._wanted, self._given, depth=0)

    def _below(self, wanted: Json, given: Json, *, depth: int) -> bool:
        """Prove what stands at a field or among items: here a pair may come again.

        What was proven meanwhile relied on this pair, and falls with it.
        """
        one, other = as_schema(wanted), as_schema(given)
        pair = (canonical(one), canonical(other))
        if pair in self._assumed:
            return True
        proven_before = len(self._assumed)
        self._assumed[pair] = None
        if self._part(one, other, depth=depth + 1):
            return True
        while len(self._assumed) > proven_before:
            self._assumed.popitem()
        return False

    def _part(self, wanted: Schema, given: Schema, *, depth: int) -> bool:
        self._steps += 1
        if wanted is True or wanted == {} or given is False:
            return True
        if isinstance(wanted, bool) or isinstance(given, bool):
            return False
        if depth > DEPTH_MAX or self._steps > STEPS_MAX:
            return False
        if not refers(wanted) and not refers(given):
            return self._proven(wanted, given)
        if (aim := _aim(given, self._given)) is not None:
            return self._part(wanted, aim, depth=depth + 1)
        if (aim := _aim(wanted, self._wanted)) is not None:
            return self._part(aim, given, depth=depth + 1)
        if (branches := _branches(given, "anyOf", "oneOf")) is not None:
            return all(self._part(wanted, as_schema(one), depth=depth + 1) for one in branches)
        if (branches := _branches(wanted, "anyOf")) is not None:
            return any(self._part(as_schema(one), given, depth=depth + 1) for one in branches)
        return self._object(wanted, given, depth) or self._list(wanted, given, depth)

    def _object(self, wanted: dict[str, Json], given: dict[str, Json], depth: int) -> bool:
        if not (_is_of("object", wanted, OF_OBJECTS) and _is_of("object", given, OF_OBJECTS)):
            return False
        fields, others = as_table(given.get("properties")), as_table(wanted.get("properties"))
        rest, other_rest = given.get("additionalProperties"), wanted.get("additionalProperties")
        rest = True if rest is None else rest
        required = as_list(given.get("required"))
        if not all(name in required for name in as_list(wanted.get("required"))):
            return False
        pairs = [(part, fields.get(name, rest)) for name, part in others.items()]
        if other_rest is not None:
            pairs += [(other_rest, part) for name, part in fields.items() if name not in others]
            pairs.append((other_rest, rest))
        return all(self._below(one, other, depth=depth) for one, other in pairs)

    def _list(self, wanted: dict[str, Json], given: dict[str, Json], depth: int) -> bool:
        if not (_is_of("array", wanted, OF_LISTS) and _is_of("array", given, OF_LISTS)):
            return False
        bounds: dict[str, Json] = {key: wanted[key] for key in wanted.keys() - {"items"}}
        own: dict[str, Json] = {key: given[key] for key in given.keys() - {"items"}}
        if not self._proven(bounds, own):
            return False
        return self._below(wanted.get("items", True), given.get("items", True), depth=depth)


def _said(schema: dict[str, Json]) -> set[str]:
    return schema.keys() - ANNOTATIONS - {"$defs"}


def _aim(schema: dict[str, Json], root: Schema) -> Schema | None:
    """Follow a schema that is nothing but a reference."""
    ref = schema.get("$ref")
    return target(root, ref) if _said(schema) == {"$ref"} and isinstance(ref, str) else None


def _branches(schema: dict[str, Json], *keywords: str) -> list[Json] | None:
    """List the alternatives of a schema that is nothing else."""
    said = _said(schema)
    return next((as_list(schema[one]) for one in keywords if said == {one}), None)


def _is_of(kind: str, schema: dict[str, Json], keywords: frozenset[str]) -> bool:
    return schema.get("type") == kind and _said(schema) <= keywords
