"""Small values that a schema may accept: candidates for counterexamples.

A candidate follows what a schema says positively (types, fields, bounds) and may still be refused
by it: whoever uses one checks it first. The simplest come first.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import cast

from interlock.values.immutable import immutable
from interlock.values.kinds import kinds_of
from interlock.values.names import Json
from interlock.values.patterns import matching
from interlock.values.schema import Schema, as_list, as_schema, as_table, target

EACH_MAX = 12
"""How many candidates are taken of each part of a schema."""
DEPTH_MAX = 5
TEXT_MAX = 1_000
ITEMS_MAX = 20

OF_FORMAT = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "duration": "PT1H",
    "email": "a@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "json-pointer": "/a",
    "regex": "a",
    "time": "12:00:00Z",
    "uri": "https://example.com/a",
    "uuid": "01234567-89ab-4cde-8f01-23456789abcd",
}
ANYTHING: tuple[Json, ...] = (None, 0, "", True, 0.5, [], {}, "a")


def examples(schema: Schema, *, root: Schema | None = None) -> Iterator[Json]:
    """Iterate over small values that a schema may accept."""
    return _Examples(schema if root is None else root).of(schema, DEPTH_MAX)


@immutable(kw_only=False)
class _Examples:
    root: Schema

    def some(self, schema: Json, depth: int) -> list[Json]:
        return list(islice(self.of(as_schema(schema), depth), EACH_MAX))

    def of(self, schema: Schema, depth: int) -> Iterator[Json]:
        if isinstance(schema, bool):
            yield from ANYTHING if schema else ()
            return
        if "const" in schema:
            yield schema["const"]
            return
        if "enum" in schema:
            yield from as_list(schema["enum"])
            return
        if depth == 0:
            return
        branches = [*as_list(schema.get("anyOf")), *as_list(schema.get("oneOf"))]
        ref = schema.get("$ref")
        if isinstance(ref, str):
            branches.append(target(self.root, ref) or False)
        if branches or "allOf" in schema:
            yield from self.of_parts(schema, branches, depth)
        else:
            yield from self.of_kinds(schema, depth)

    def of_parts(
        self, schema: dict[str, Json], branches: Sequence[Json], depth: int
    ) -> Iterator[Json]:
        """Merge each branch with what stands beside it; of the rest, the checker is the judge."""
        own = {key: value for key, value in schema.items() if key not in PARTS}
        merged = own
        for part in as_list(schema.get("allOf")):
            merged = _merged(merged, as_table(part))
        for branch in branches or [True]:
            yield from self.of(_merged(merged, as_table(branch)), depth - 1)

    def of_kinds(self, schema: dict[str, Json], depth: int) -> Iterator[Json]:
        kinds = kinds_of(schema, self.root)
        if "null" in kinds:
            yield None
        if "number" in kinds:
            yield from _numbers(schema)
        if "string" in kinds:
            yield from _texts(schema)
        if "boolean" in kinds:
            yield from (True, False)
        if "array" in kinds:
            yield from self.arrays(schema, depth)
        if "object" in kinds:
            yield from self.objects(schema, depth)

    def arrays(self, schema: dict[str, Json], depth: int) -> Iterator[Json]:
        prefix = [self.some(one, depth - 1) for one in as_list(schema.get("prefixItems"))]
        least = _count(schema.get("minItems"))
        items = self.some(schema.get("items", True), depth - 1)
        wanted = self.some(schema["contains"], depth - 1) if "contains" in schema else []
        if any(not one for one in prefix[:least]):
            return
        head: list[Json] = [one[0] for one in prefix if one]
        base = (head + items[:1] * least)[: max(least, len(head))]
        for size in (least, len(base)):
            yield base[:size]
        for index, values in enumerate(prefix):
            for value in values[1:]:
                yield [*head[:index], value, *base[index + 1 :]]
        for item in [*wanted, *items]:
            yield [*base[: max(0, least - 1)], item]
            yield [*base, item]
        yield base + items[:1] * 2
        yield base + items

    def objects(self, schema: dict[str, Json], depth: int) -> Iterator[Json]:
        properties = as_table(schema.get("properties"))
        rest = schema.get("additionalProperties", True)
        choices = {name: self.some(one, depth - 1) for name, one in properties.items()}
        required = [name for name in as_list(schema.get("required")) if isinstance(name, str)]
        for name in required:
            if not choices.setdefault(name, self.some(rest, depth - 1)):
                return
        base: dict[str, Json] = {name: choices[name][0] for name in required}
        base |= {f"x{index}": "" for index in range(_count(schema.get("minProperties")))}
        yield base
        for name, values in choices.items():
            yield from ({**base, name: value} for value in values)
        yield {**base, **{name: values[0] for name, values in choices.items() if values}}
        for names in ("more", "a"):
            yield from ({**base, names: value} for value in self.some(rest, depth - 1))


PARTS = frozenset({"anyOf", "oneOf", "allOf", "$ref"})


def _merged(one: dict[str, Json], other: dict[str, Json]) -> dict[str, Json]:
    """Put two schemas that both hold into one, roughly."""
    both = {**one, **other}
    both["properties"] = {**as_table(one.get("properties")), **as_table(other.get("properties"))}
    both["required"] = [*as_list(one.get("required")), *as_list(other.get("required"))]
    return both


def _count(value: Json) -> int:
    return min(int(value), ITEMS_MAX) if isinstance(value, int | float) else 0


def _numbers(schema: dict[str, Json]) -> Iterator[Json]:
    bounds = [schema.get(key) for key in ("minimum", "maximum", "multipleOf")]
    edges = [schema.get(key) for key in ("exclusiveMinimum", "exclusiveMaximum")]
    numbers = [cast("float", one) for one in bounds if isinstance(one, int | float)]
    for edge in edges:
        if isinstance(edge, int | float):
            numbers += [edge + 1, edge - 1, edge + 0.5, edge - 0.5]
    halves = [number + step for number in numbers for step in (0.5, -0.5, 1, -1)]
    is_integer = schema.get("type") == "integer"
    for number in (*numbers, 0, 0.5, 1, -1, *halves):
        if not is_integer or number == int(number):
            yield int(number) if is_integer else number


def _texts(schema: dict[str, Json]) -> Iterator[Json]:
    pattern = schema.get("pattern")
    if isinstance(pattern, str) and (found := matching(pattern)) is not None:
        yield found
    form = schema.get("format")
    if isinstance(form, str) and form in OF_FORMAT:
        yield OF_FORMAT[form]
    least = schema.get("minLength", 0)
    if isinstance(least, int | float) and least <= TEXT_MAX:
        yield "a" * int(least)
    most = schema.get("maxLength")
    if isinstance(most, int | float) and most <= TEXT_MAX:
        yield "a" * int(most)
    yield from ("a", "A", "1", "a b")
