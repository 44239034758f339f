"""Following a path of fields and indexes through a schema.

What is found accepts at least every value that can stand there: keywords that only restrict
(`not`, `if`, `minLength` ...) are left out on the way. So "always" and "never" can be relied on.
"""

from collections.abc import Sequence
from dataclasses import field, replace
from typing import Literal, TypeAlias

from interlock.values.canonical import canonical
from interlock.values.immutable import immutable
from interlock.values.kinds import ALL_KINDS, Kind, kind_of, kinds_of
from interlock.values.names import Json
from interlock.values.schema import (
    Schema,
    Steps,
    as_list,
    as_schema,
    as_table,
    standing_alone,
    target,
)

Present: TypeAlias = Literal["always", "maybe", "never"]
Doubt: TypeAlias = Literal["absent", "null", "other type", "unknown"]

STRENGTH: dict[Present, int] = {"never": 0, "maybe": 1, "always": 2}
ONLY_NULL: frozenset[Kind] = frozenset({"null"})
OWN_KEYWORDS = frozenset(
    {
        "additionalProperties",
        "items",
        "maxItems",
        "minItems",
        "patternProperties",
        "prefixItems",
        "properties",
        "propertyNames",
        "required",
    }
)


@immutable()
class Selection:
    """What a path finds in a schema.

    `at` is the length of the path when every step is declared; otherwise the index of the first
    step that is not, and `fields` has the fields that are declared there.

    Where `present` is not "always", `doubt` says why the step at `doubt_at` may find nothing: the
    field may be "absent", its owner "null" or of an "other type", or it is "unknown" whether there
    is such a field, because nothing declares it and nothing excludes it.
    """

    schema: Schema
    present: Present
    fields: tuple[str, ...] = ()
    at: int
    doubt: Doubt | None = None
    doubt_at: int | None = None


def select(schema: Schema, path: Steps) -> Selection:
    """Follow a path through a schema.

    Walks `$ref`, `anyOf`, `oneOf`, `allOf`, `properties`, `additionalProperties`, `prefixItems`,
    `items`, `const` and `enum`. The schema found stands alone: the definitions it refers to come
    with it. A step that nothing declares finds the schema True, "maybe"; a step that nothing can
    take finds the schema False, "never".
    """
    found = Selection(schema=schema, present="always", at=0)
    for index, step in enumerate(path):
        found = _joined(
            found, _Step(root=schema, step=step, at=index).into(found.schema, ALL_KINDS)
        )
        if found.at == index:
            break
    return replace(found, schema=standing_alone(found.schema, schema))


def _joined(earlier: Selection, later: Selection) -> Selection:
    """Join two steps: both must be taken, and the first doubt is the one to tell."""
    if earlier.present == "always" or later.present == "never":
        return later
    return replace(later, present="maybe", doubt=earlier.doubt, doubt_at=earlier.doubt_at)


@immutable()
class _Step:
    """One step of a path, taken at parts of `root`."""

    root: Schema
    step: str | int
    at: int
    known_kinds: dict[str, frozenset[Kind]] = field(default_factory=dict)
    known: dict[tuple[str, frozenset[Kind]], Selection] = field(default_factory=dict)

    def into(self, schema: Schema, kinds: frozenset[Kind]) -> Selection:
        """Take the step into everything that a schema says of values of some kinds."""
        kinds &= kinds_of(schema, self.root, self.known_kinds)
        if not kinds:
            return self.never("other type")
        if isinstance(schema, bool):
            return self.unknown()
        parts: list[Selection] = []
        if "const" in schema:
            parts.append(self.into_value(schema["const"]))
        if "enum" in schema:
            values = [one for one in as_list(schema["enum"]) if kind_of(one) in kinds]
            parts.append(self.any_of([self.into_value(one) for one in values]))
        if isinstance(ref := schema.get("$ref"), str):
            parts.append(self.into_reference(ref, kinds))
        parts += [self.into(as_schema(one), kinds) for one in as_list(schema.get("allOf"))]
        for keyword in ("anyOf", "oneOf"):
            if keyword in schema:
                parts.append(self.into_branches(as_list(schema[keyword]), kinds))
        if not parts or not OWN_KEYWORDS.isdisjoint(schema):
            parts.append(self.into_own(schema, kinds))
        return self.all_of(parts)

    def into_reference(self, ref: str, kinds: frozenset[Kind]) -> Selection:
        if (ref, kinds) not in self.known:
            # A reference that leads back to itself without a step says nothing new.
            self.known[ref, kinds] = self.unknown()
            aim = target(self.root, ref)
            self.known[ref, kinds] = self.into(True if aim is None else aim, kinds)
        return self.known[ref, kinds]

    def into_branches(self, branches: Sequence[Json], kinds: frozenset[Kind]) -> Selection:
        possible = [
            schema
            for schema in map(as_schema, branches)
            if kinds & kinds_of(schema, self.root, self.known_kinds)
        ]
        return self.any_of([self.into(schema, kinds) for schema in possible])

    def into_own(self, schema: dict[str, Json], kinds: frozenset[Kind]) -> Selection:
        """Take the step by the keywords for objects and arrays, as far as the kinds allow."""
        owner: Kind = "object" if isinstance(self.step, str) else "array"
        if owner not in kinds:
            return self.never("null" if kinds == ONLY_NULL else "other type")
        if isinstance(self.step, str):
            found = self.into_object(schema, self.step)
        else:
            found = self.into_array(schema, self.step)
        if len(kinds) == 1 or found.present != "always":
            return found
        doubt: Doubt = "null" if kinds == ONLY_NULL | {owner} else "other type"
        return self.found(found.schema, "maybe", doubt=doubt)

    def into_object(self, schema: dict[str, Json], name: str) -> Selection:
        properties = as_table(schema.get("properties"))
        fields = tuple(properties)
        required = name in as_list(schema.get("required"))
        rest = as_schema(schema.get("additionalProperties", True))
        if name in properties:
            part = as_schema(properties[name])
        elif "patternProperties" in schema:
            # Which of the patterns match is not looked at: nothing declares the field.
            return self.found(True, "always") if required else self.unknown(fields)
        elif rest is True or rest == {}:
            return self.found(True, "always") if required else self.unknown(fields)
        else:
            part = rest
        if part is False:
            return self.never("absent", fields)
        return self.found(part, "always") if required else self.absent(part)

    def into_array(self, schema: dict[str, Json], index: int) -> Selection:
        prefix = as_list(schema.get("prefixItems"))
        part = as_schema(prefix[index] if 0 <= index < len(prefix) else schema.get("items", True))
        most = schema.get("maxItems")
        if index < 0 or part is False or (isinstance(most, int | float) and index >= most):
            return self.never("absent")
        least = schema.get("minItems")
        sure = isinstance(least, int | float) and index < least
        return self.found(part, "always") if sure else self.absent(part)

    def into_value(self, value: Json) -> Selection:
        """Take the step into a value that is known."""
        if isinstance(value, dict) and isinstance(self.step, str):
            if self.step in value:
                return self.found({"const": value[self.step]}, "always")
            return self.never("absent", tuple(value))
        if isinstance(value, list) and isinstance(self.step, int):
            if 0 <= self.step < len(value):
                return self.found({"const": value[self.step]}, "always")
            return self.never("absent")
        return self.never("null" if value is None else "other type")

    def all_of(self, parts: list[Selection]) -> Selection:
        """Join what is found in schemas that all hold: one that is sure is enough."""
        best = max(parts, key=lambda one: (STRENGTH[one.present], one.at))
        worst = min(parts, key=lambda one: STRENGTH[one.present])
        if len(parts) == 1 or worst.present == "never":
            return worst
        schemas = _distinct([one.schema for one in parts if one.schema is not True])
        joined: Schema = {"allOf": schemas} if len(schemas) > 1 else True
        return replace(
            best,
            schema=as_schema(schemas[0]) if len(schemas) == 1 else joined,
            fields=_united(parts),
        )

    def any_of(self, branches: list[Selection]) -> Selection:
        """Join what is found in schemas of which one holds: a branch that is unsure spoils it."""
        open_ones = [one for one in branches if one.present != "never"]
        if not open_ones:
            doubt = branches[0].doubt if branches else None
            return self.never(doubt or "other type", _united(branches))
        worst = min(branches, key=lambda one: STRENGTH[one.present])
        schemas = _distinct([one.schema for one in open_ones])
        joined: Schema = True if True in schemas else {"anyOf": schemas}
        return Selection(
            schema=as_schema(schemas[0]) if len(schemas) == 1 else joined,
            present="always" if worst.present == "always" else "maybe",
            fields=_united(branches),
            at=max(one.at for one in open_ones),
            doubt=worst.doubt,
            doubt_at=worst.doubt_at,
        )

    def found(self, part: Schema, present: Present, *, doubt: Doubt | None = None) -> Selection:
        doubt_at = None if doubt is None else self.at
        return Selection(
            schema=part, present=present, at=self.at + 1, doubt=doubt, doubt_at=doubt_at
        )

    def absent(self, part: Schema) -> Selection:
        return self.found(part, "maybe", doubt="absent")

    def unknown(self, fields: tuple[str, ...] = ()) -> Selection:
        return replace(self.found(True, "maybe", doubt="unknown"), at=self.at, fields=fields)

    def never(self, doubt: Doubt, fields: tuple[str, ...] = ()) -> Selection:
        return replace(self.found(False, "never", doubt=doubt), at=self.at, fields=fields)


def _united(selections: Sequence[Selection]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for one in selections for name in one.fields))


def _distinct(schemas: Sequence[Schema]) -> list[Json]:
    return list({canonical(schema): schema for schema in schemas}.values())
