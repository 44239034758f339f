"""Following a reference through the schemas: does each step exist, may it be absent or null?"""

from collections.abc import Iterable

from interlock.graph.expressions import findings
from interlock.graph.expressions.findings import Finding
from interlock.graph.expressions.references import FACETS, Reference, Step
from interlock.graph.expressions.shapes import (
    Nullable,
    ShapeReader,
    allows_more_fields,
    owner_of_fields,
)
from interlock.values import Schema, Selection, describe, select, without_null


class Tests:
    """What an expression tests: by `has(…)` and `.?`, and by comparing with null.

    Who reads `nodes.x.status` knows how `x` settled, and so whether there is an output or an error.
    """

    def __init__(self, references: Iterable[Reference]) -> None:
        self._presence: set[tuple[str, tuple[Step, ...]]] = set()
        self._null: set[tuple[str, tuple[Step, ...]]] = set()
        for each in references:
            if each.use == "null_test":
                self._null.add((each.name, each.address))
            if each.root == "nodes" and each.path == ("status",):
                self._null |= {(each.name, (*each.address[:-1], one)) for one in FACETS}
            if each.optional_from is not None:
                for count in range(each.optional_from + each.lead, len(each.address)):
                    self._presence.add((each.name, each.address[: count + 1]))

    def presence(self, reference: Reference, count: int) -> bool:
        """Whether it is tested that the first `count` steps lead to something."""
        return (reference.name, reference.address[:count]) in self._presence

    def null(self, reference: Reference, count: int) -> bool:
        """Whether what the first `count` steps lead to is compared with null."""
        return self.compares(reference.name, reference.address[:count])

    def compares(self, name: str, path: tuple[Step, ...]) -> bool:
        """Whether what a path leads to is compared with null."""
        return (name, path) in self._null


def follow(reference: Reference, schema: Schema, tests: Tests) -> tuple[Schema, list[Finding]]:
    """Return the schema of what a reference reads, and what is wrong on the way."""
    found: list[Finding] = []
    for count, step in enumerate(reference.address):
        selection = select(schema, (step,))
        problem = _problem(selection, reference, count=count, owner=schema, tests=tests)
        if problem is not None:
            found.append(problem)
            if problem.kind == "no_field":
                return True, found
        schema = selection.schema
    end = len(reference.address)
    if reference.use == "operand" and _may_be_null(schema) and not tests.null(reference, end):
        found.append(findings.may_be_null(reference, len(reference.path), owner=schema))
    return without_null(schema) if tests.null(reference, end) else schema, found


def _problem(
    selection: Selection, reference: Reference, *, count: int, owner: Schema, tests: Tests
) -> Finding | None:
    """Say what is wrong with one step, the one after the first `count`."""
    at = count - reference.lead
    step = reference.address[count]
    is_never = selection.present == "never"
    match selection.doubt:
        case "unknown" if isinstance(step, str) and not allows_more_fields(owner_of_fields(owner)):
            return findings.no_field(reference, at, fields=selection.fields, owner=owner)
        case "absent" if is_never:
            return findings.no_field(reference, at, fields=selection.fields, owner=owner)
        case "absent" if isinstance(step, str) and not tests.presence(reference, count + 1):
            return findings.may_be_absent(reference, at, owner=owner)
        case "null" if not is_never and not tests.null(reference, count):
            return findings.may_be_null(reference, at, owner=owner)
        case "null" | "other type" if is_never:
            return findings.wrong_owner(reference, at, words=describe(owner), owner=owner)
        case _:
            return None


def _may_be_null(schema: Schema) -> bool:
    return isinstance(ShapeReader().read(schema), Nullable)
