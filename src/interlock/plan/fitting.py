"""Does what is produced fit where it goes? Gradual: what nobody declared is not held against it.

A producer that says nothing about a part of its output (`-> dict`) may be right; that part is
checked at run time. What it does say is held against it (Siek and Taha, Gradual Typing for
Functional Languages, 2006: consistent subtyping). So an open part is assumed to be what is wanted,
as far as it can be; if even then something would be refused, or nothing at all can pass, the edge
is wrong.

Of a computed value only the type is known: `'https://' + host` is a string, and nobody could
declare more. Such types are open too, within the type.
"""

from typing import Literal, TypeAlias, final

from interlock.plan.openness import NOTES, Openness
from interlock.values import (
    Composition,
    Json,
    Schema,
    canonical,
    covers,
    immutable,
    select,
    standing_alone,
    target,
)

Verdict: TypeAlias = Literal["yes", "no", "unknown"]

REFERRED_MAX = 40
"""How many definitions of a producer are looked into; the others may be as they are wanted."""
TRIED_MAX = 100
"""How many alternatives are tried; beyond that, none is ruled out."""

PLAIN_OBJECT = frozenset({"type", "properties", "required", "additionalProperties"})
PLAIN_LIST = frozenset({"type", "items", "minItems", "maxItems", "prefixItems"})


@immutable()
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
    openness = Openness(produced, computed=computed)
    if not openness.of(produced):
        return Fit(verdict=known, assumed=produced)
    assumed = _Assumption(produced, openness).whole(wanted)
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
class _Assumption:
    """Puts what is wanted in the place of the open parts of one producer."""

    def __init__(self, produced: Schema, openness: Openness) -> None:
        self._openness = openness
        self._composition = Composition()
        self._body = self._composition.part(produced)
        self._referred: dict[tuple[bytes, str], dict[str, Json]] = {}
        self._tried = 0

    def whole(self, wanted: Schema) -> Schema:
        """The producer with each open part as it is wanted."""
        return self._standing_alone(self._part(wanted, self._body))

    def _standing_alone(self, part: Schema) -> Schema:
        if isinstance(part, bool):
            return part
        return standing_alone(part, self._composition.whole({}))

    def _part(self, wanted: Schema, produced: Json) -> Schema:
        if produced is True or not isinstance(produced, dict):
            return self._composition.part(wanted) if produced is True else False
        if not self._openness.of(produced):
            return produced
        said = produced.keys() - NOTES
        if not said:
            return self._composition.part(wanted)
        if said == {"$ref"}:
            return self._reference(wanted, produced["$ref"])
        if said == {"anyOf"}:
            return {"anyOf": self._each(wanted, produced["anyOf"])}
        if said == {"oneOf"}:
            return {"allOf": [produced, {"anyOf": self._each(wanted, produced["oneOf"])}]}
        if self._openness.is_loose(produced):
            return self._within(wanted, produced)
        return self._value(self._meant(wanted, produced), produced)

    def _reference(self, wanted: Schema, ref: Json) -> Schema:
        """Refer to a definition of what is assumed of the one that the producer refers to."""
        name, definition = self._openness.definition(ref)
        key = (canonical(wanted), name)
        if key not in self._referred:
            as_wanted = self._composition.part(wanted)
            if len(self._referred) == REFERRED_MAX:
                return as_wanted
            # Where it refers to itself before it is known, it may be as it is wanted.
            reference = self._referred[key] = self._composition.define(name, as_wanted)
            self._composition.redefine(reference, self._part(wanted, definition))
        return self._referred[key]

    def _each(self, wanted: Schema, branches: Json) -> list[Json]:
        found = branches if isinstance(branches, list) else []
        return [self._part(wanted, one) for one in found]

    def _meant(self, wanted: Schema, produced: dict[str, Json]) -> Schema:
        """Of alternatives, choose one that the producer can be; if it can be none, the first."""
        choices = _alternatives(wanted)
        if len(choices) <= 1:
            return choices[0] if choices else wanted
        for one in choices:
            self._tried += 1
            if self._tried > TRIED_MAX:
                return wanted
            found = self._standing_alone(self._value(one, produced))
            if covers(wanted, found) != "no" and not is_empty(found):
                return one
        return choices[0]

    def _value(self, wanted: Schema, produced: dict[str, Json]) -> Schema:
        """Go into an object or a list where both sides say plainly what is in it."""
        said = wanted.keys() - NOTES - {"$defs"} if isinstance(wanted, dict) else {"nothing plain"}
        properties = produced.get("properties")
        if isinstance(properties, dict) and said <= PLAIN_OBJECT:
            fields: dict[str, Json] = {
                name: self._part(select(wanted, (name,)).schema, one)
                for name, one in properties.items()
            }
            return {**produced, "properties": fields}
        prefix, items = produced.get("prefixItems"), produced.get("items")
        if isinstance(prefix, list) and said <= PLAIN_LIST:
            places: list[Json] = [
                self._part(select(wanted, (index,)).schema, one) for index, one in enumerate(prefix)
            ]
            return {**produced, "prefixItems": places}
        if isinstance(items, dict) and said <= PLAIN_LIST - {"prefixItems"}:
            return {**produced, "items": self._part(select(wanted, (0,)).schema, items)}
        return self._within(wanted, produced)

    def _within(self, wanted: Schema, produced: dict[str, Json]) -> Schema:
        """Assume as much as the producer's own words allow."""
        fractions: Schema = {"type": "number", "not": {"type": "integer"}}
        if produced.get("type") == "number" and is_empty(both(wanted, fractions)):
            # A number that is computed is no integer by chance.
            return produced
        return {"allOf": [self._composition.part(wanted), produced]}


def _alternatives(wanted: Schema) -> list[Schema]:
    """List what a schema lets one choose from; references are followed. Just itself: no choice."""
    found: list[Schema] = []
    seen: set[str] = set()
    waiting: list[Json] = [wanted]
    while waiting:
        one = waiting.pop(0)
        if not isinstance(one, dict):
            continue
        said = one.keys() - NOTES - {"$defs"}
        ref = one.get("$ref")
        branches = one[next(iter(said))] if said in ({"anyOf"}, {"oneOf"}) else None
        if said == {"$ref"} and isinstance(ref, str):
            aims: list[Json] = [] if ref in seen else [target(wanted, ref)]
            waiting = aims + waiting
            seen.add(ref)
        elif isinstance(branches, list):
            waiting = branches + waiting
        else:
            found.append(standing_alone(one, wanted))
    return found
