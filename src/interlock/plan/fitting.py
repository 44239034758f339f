"""Does what is produced fit where it goes? Gradual: what nobody declared is not held against it.

A producer that says nothing about a part of its output (`-> dict`) may be right; that part is
checked at run time. What it does say is held against it (Siek and Taha, Gradual Typing for
Functional Languages, 2006: consistent subtyping). So an open part is assumed to be what is wanted,
as far as it can be; if even then something would be refused, or nothing at all can pass, the edge
is wrong.

Of a computed value only the type is known: `'https://' + host` is a string, and nobody could
declare more. Such types are open too, within the type.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias, final

from interlock.values import Composition, Json, Schema, covers, select

Verdict: TypeAlias = Literal["yes", "no", "unknown"]

STRUCTURE = frozenset(
    {
        "additionalProperties",
        "items",
        "maxItems",
        "minItems",
        "prefixItems",
        "properties",
        "required",
        "type",
    }
)
NOTES = frozenset({"$comment", "default", "deprecated", "description", "examples", "title"})
SCALARS = ("string", "integer", "boolean", "number")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """An answer, and the producer as it was held against what is wanted.

    `is_open` says that something about the producer had to be assumed.
    """

    verdict: Verdict
    assumed: Schema
    is_open: bool = False


def fit(wanted: Schema, produced: Schema, *, computed: bool = False) -> Fit:
    """Say whether every value of a producer is accepted; "unknown" is left to run time."""
    known = covers(wanted, produced)
    if known == "yes":
        return Fit(verdict="yes", assumed=produced)
    opening = _Opening(produced, computed=computed)
    assumed = opening.assumed(wanted)
    if assumed is None:
        return Fit(verdict=known, assumed=produced)
    is_refused = covers(wanted, assumed) == "no" or (is_empty(assumed) and not is_empty(produced))
    return Fit(verdict="no" if is_refused else "unknown", assumed=assumed, is_open=True)


def is_empty(schema: Schema) -> bool:
    """Whether no value at all satisfies a schema, as far as can be told."""
    return covers(False, schema) == "yes"


def both(one: Schema, other: Schema) -> Schema:
    """Make the schema of what satisfies both; the parts stand alone, and so does the result."""
    composition = Composition()
    parts: list[Json] = [composition.part(one), composition.part(other)]
    return composition.whole({"allOf": parts})


@final
class _Opening:
    """Finds the open parts of one producer."""

    def __init__(self, produced: Schema, *, computed: bool) -> None:
        self._produced = produced
        self._computed = computed
        self._composition = Composition()
        definitions = produced.get("$defs") if isinstance(produced, dict) else None
        self._definitions = definitions if isinstance(definitions, dict) else {}

    def assumed(self, wanted: Schema) -> Schema | None:
        """The producer with each open part as it is wanted; None when nothing is open."""
        body = self._composition.part(self._produced)
        part = self._part(wanted, body, frozenset())
        if part is None or isinstance(part, bool):
            return part
        return self._composition.whole(part)

    def _part(self, wanted: Schema, produced: Json, trail: frozenset[str]) -> Schema | None:
        said = produced.keys() - NOTES if isinstance(produced, dict) else None
        if produced is True or said == set():
            return self._composition.part(wanted)
        if not isinstance(produced, dict) or said is None:
            return None
        if said == {"$ref"}:
            return self._referred(wanted, produced["$ref"], trail)
        if said == {"anyOf"}:
            return self._branches(wanted, produced["anyOf"], trail)
        if said == {"oneOf"}:
            changed = self._branches(wanted, produced["oneOf"], trail)
            return None if changed is None else {"allOf": [produced, changed]}
        if said == {"type"} and produced["type"] in SCALARS:
            return self._scalar(wanted, produced) if self._computed else None
        if said <= STRUCTURE and produced.get("type") == "object":
            return self._object(wanted, produced, trail)
        if said <= STRUCTURE and produced.get("type") == "array":
            return self._array(wanted, produced, trail)
        return None

    def _referred(self, wanted: Schema, ref: Json, trail: frozenset[str]) -> Schema | None:
        name = ref.removeprefix("#/$defs/") if isinstance(ref, str) else ""
        if name in trail:
            # A definition was looked at already: what is wrong with it was seen there.
            return self._composition.part(wanted)
        return self._part(wanted, self._definitions.get(name), trail | {name})

    def _branches(self, wanted: Schema, branches: Json, trail: frozenset[str]) -> Schema | None:
        if not isinstance(branches, list):
            return None
        return self._changed(
            branches,
            [self._part(wanted, one, trail) for one in branches],
            lambda changed: {"anyOf": changed},
        )

    def _scalar(self, wanted: Schema, produced: dict[str, Json]) -> Schema | None:
        fractions: Schema = {"type": "number", "not": {"type": "integer"}}
        if produced["type"] == "number" and is_empty(both(wanted, fractions)):
            return None
        return self._within(wanted, produced)

    def _within(self, wanted: Schema, produced: dict[str, Json]) -> Schema:
        """Assume as much as the producer's own words allow."""
        return {"allOf": [self._composition.part(wanted), produced]}

    def _object(
        self, wanted: Schema, produced: dict[str, Json], trail: frozenset[str]
    ) -> Schema | None:
        more = produced.get("additionalProperties")
        properties = produced.get("properties")
        # Fields that are not declared may come only where that is said, or where none is declared.
        if more in (True, {}) or (more is None and not properties):
            return self._within(wanted, produced)
        # CEL knows a computed map by its values alone.
        if self._computed and more is not False and not properties:
            return self._within(wanted, produced)
        if not isinstance(properties, dict):
            return None
        return self._changed(
            list(properties.values()),
            [
                self._part(select(wanted, (name,)).schema, one, trail)
                for name, one in properties.items()
            ],
            lambda changed: {
                **produced,
                "properties": dict(zip(properties, changed, strict=True)),
            },
        )

    def _array(
        self, wanted: Schema, produced: dict[str, Json], trail: frozenset[str]
    ) -> Schema | None:
        items = produced.get("items", True)
        prefix = produced.get("prefixItems")
        if isinstance(prefix, list) and items is False:
            return self._changed(
                prefix,
                [
                    self._part(select(wanted, (index,)).schema, one, trail)
                    for index, one in enumerate(prefix)
                ],
                lambda changed: {**produced, "prefixItems": changed},
            )
        first, second = (select(wanted, (index,)).schema for index in (0, 1))
        if prefix is not None or items in (True, {}) or first != second:
            return self._within(wanted, produced)
        inner = self._part(first, items, trail)
        return None if inner is None else {**produced, "items": inner}

    def _changed(
        self,
        parts: list[Json],
        found: list[Schema | None],
        made: Callable[[list[Json]], Schema],
    ) -> Schema | None:
        """Put back what is not open; None when nothing is."""
        if all(one is None for one in found):
            return None
        changed: list[Json] = [
            part if one is None else one for part, one in zip(parts, found, strict=True)
        ]
        return made(changed)
