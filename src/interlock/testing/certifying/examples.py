"""Outputs that are made up from schemas, the same for the same seed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from random import Random
from typing import cast

from interlock.actions import Manifest
from interlock.errors import InterlockError
from interlock.plan import AnyCompiledNode, CompiledGraph, CompiledPropose
from interlock.values import Checker, Json, Path, Schema, examples

CANDIDATES_MAX = 60
CHOICES_MAX = 12
CALLS_PROPOSED = 2
NOTHING_FITS = "(nothing that fits was found)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    """Makes values up.

    Attributes:
        variant: another one makes others, for a seed with which a graph does not come to its end.
    """

    seed: int
    variant: int = 0

    def output(
        self, path: Path, manifest: Manifest, node: AnyCompiledNode | None, *, args: Json
    ) -> Json:
        """Make up what an action returns; what does not fit when nothing that fits is found."""
        if isinstance(node, CompiledPropose):
            return self.graph(path, node)
        fitting = _fitting(manifest.returns, node)
        if manifest.probe:  # To a probe, null says that nothing happened.
            fitting = [value for value in fitting if value is not None] or [NOTHING_FITS]
        return self._choice(path, _ensured(fitting, node, args=args) or fitting)

    def payload(self, path: Path, node: AnyCompiledNode) -> Json:
        """Make up the payload of a signal."""
        return self._choice(path, _fitting(node.returns_schema, node))

    def inputs(self, graph: CompiledGraph, given: Mapping[str, Json]) -> dict[str, Json]:
        """Make up the required inputs that are not given."""
        schema = cast(dict[str, Json], graph.inputs_schema)
        properties = cast(dict[str, Schema], schema.get("properties") or {})
        defined = {"$defs": schema["$defs"]} if "$defs" in schema else {}
        found = dict(given)
        for name in cast(list[str], schema.get("required") or []):
            if name not in given:
                part = properties.get(name, True)
                whole: Schema = {**part, **defined} if isinstance(part, dict) else part
                found[name] = self._choice(Path(f"inputs.{name}"), _fitting(whole, None))
        return found

    def graph(self, path: Path, node: CompiledPropose) -> Json:
        """Make up a proposal: some of the allowed actions, and outputs that fit."""
        nodes: dict[str, Json] = {}
        for name, manifest in islice(sorted(node.allowed.items()), CALLS_PROPOSED):
            given = self._choice(Path(f"{path}/{name}"), _fitting(manifest.arguments, None))
            nodes[f"step_{len(nodes) + 1}"] = {"call": name, "with": given}
        outputs = self._choice(path, _fitting(node.returns_schema, None))
        return {"interlock": 1, "name": "proposed", "nodes": nodes, "outputs": outputs}

    def _choice(self, path: Path, values: Sequence[Json]) -> Json:
        chance = Random(f"{self.seed}/{self.variant}/{path}")  # noqa: S311 - seeded on purpose
        return chance.choice(values[:CHOICES_MAX]) if values else None


def _fitting(schema: Schema, node: AnyCompiledNode | None) -> list[Json]:
    """Values that a schema accepts, and what the node narrows it to."""
    narrowed = node.returns_schema if node is not None else True
    checkers = [Checker(schema), Checker(narrowed)]
    return [
        value
        for value in islice(_candidates(narrowed, schema), CANDIDATES_MAX)
        if all(checker.accepts(value) for checker in checkers)
    ]


def _candidates(*schemas: Schema) -> Iterator[Json]:
    for schema in schemas:
        if schema is not True:
            yield from examples(schema)
    if all(schema is True for schema in schemas):
        yield from examples(True)


def _ensured(values: Iterable[Json], node: AnyCompiledNode | None, *, args: Json) -> list[Json]:
    """Values with which the postconditions of a node hold, as far as they are about it alone."""
    if node is None or not node.ensure:
        return []
    return [value for value in values if _holds(node, value, args)]


def _holds(node: AnyCompiledNode, value: Json, args: Json) -> bool:
    try:
        return all(one.condition({"result": value, "args": args}) for one in node.ensure)
    except InterlockError:
        return False
