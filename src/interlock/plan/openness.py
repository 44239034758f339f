"""Which parts of a producer's schema say nothing, so that something must be assumed of them."""

from typing import final

from interlock.values import Json, Schema

NOTES = frozenset({"$comment", "default", "deprecated", "description", "examples", "title"})
SCALARS = ("string", "integer", "boolean", "number")
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


@final
class Openness:
    """Tells open parts of one producer from those that it declares.

    With `computed`, the value comes from an expression, of which CEL knows the type and no more.
    """

    def __init__(self, produced: Schema, *, computed: bool) -> None:
        self._computed = computed
        definitions = produced.get("$defs") if isinstance(produced, dict) else None
        self._definitions = definitions if isinstance(definitions, dict) else {}

    def definition(self, ref: Json) -> tuple[str, Json]:
        """Find what a reference of the producer means, and its name."""
        name = ref.removeprefix("#/$defs/") if isinstance(ref, str) else ""
        return name, self._definitions.get(name, False)

    def of(self, part: Json) -> bool:
        """Whether a part, or something in it, is open."""
        seen: set[str] = set()
        waiting = [part]
        while waiting:
            one = waiting.pop()
            if one is True or (isinstance(one, dict) and self.is_loose(one)):
                return True
            if not isinstance(one, dict):
                continue
            said = one.keys() - NOTES - {"$defs"}
            if said == {"$ref"}:
                name, definition = self.definition(one["$ref"])
                waiting += [] if name in seen else [definition]
                seen.add(name)
            elif said in ({"anyOf"}, {"oneOf"}):
                waiting += _listed(one[said.pop()])
            elif said <= STRUCTURE:
                waiting += _inside(one)
        return False

    def is_loose(self, part: dict[str, Json]) -> bool:
        """Whether a part names a kind of value and hardly anything of what is in it."""
        said = part.keys() - NOTES - {"$defs"}
        kind = part.get("type")
        if not said or (said == {"type"} and kind in SCALARS):
            return not said or self._computed
        if not said <= STRUCTURE:
            return False
        if kind == "array":
            items = part.get("items", True)
            return items in (True, {}) or ("prefixItems" in part and items is not False)
        # Fields that are not declared may come only where that is said, or where none is declared;
        # of a map that is computed, CEL knows the values alone.
        more, properties = part.get("additionalProperties"), part.get("properties")
        is_undeclared = not properties and (more is None or (self._computed and more is not False))
        return kind == "object" and (more in (True, {}) or is_undeclared)


def _inside(part: dict[str, Json]) -> list[Json]:
    properties = part.get("properties")
    fields: list[Json] = list(properties.values()) if isinstance(properties, dict) else []
    return [*fields, *_listed(part.get("prefixItems")), part.get("items", False)]


def _listed(parts: Json) -> list[Json]:
    return parts if isinstance(parts, list) else []
