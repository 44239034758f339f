"""What expressions yield, by the schemas of what they read; and what they read in vain."""

import re
from collections import ChainMap
from collections.abc import Mapping, Sequence
from dataclasses import field, replace

from interlock.errors import ExpressionFailed
from interlock.graph import Expression, Finding, Reference, path_text, type_of
from interlock.plan.binding import Guard
from interlock.plan.memory import Memory
from interlock.plan.problems import Problems
from interlock.values import Schema, Steps, covers, describe, immutable

FIELDS_SHOWN_MAX = 12
LOOP = re.compile(r"\.\s*(all|exists|exists_one|filter|map)\s*\(")
BOOLEAN: Schema = {"type": "boolean"}


@immutable()
class Source:
    """What makes a root: `` `deploy.apply` `` and `returns`.

    `elsewhere` are names that graphs around this one have, and this one cannot see.
    """

    name: str
    verb: str
    elsewhere: frozenset[str] = frozenset()

    def fields_note(self, fields: Sequence[str]) -> tuple[str, ...]:
        """Tell what there is instead of what was looked for."""
        if not fields:
            return ()
        more = ", …" if len(fields) > FIELDS_SHOWN_MAX else ""
        return (f"{self.name} {self.verb}: {', '.join(fields[:FIELDS_SHOWN_MAX])}{more}",)


@immutable()
class Lens:
    """What the expressions of one node, or of the outputs, may read, and in which words to blame.

    Attributes:
        owner: who reads, for messages: `smoke`, or `output `url``.
        schemas: a schema for each root name.
        sources: what makes each root.
        tested: what a guard has tested before.
    """

    owner: str
    schemas: Mapping[str, Schema]
    sources: Mapping[str, Source]
    problems: Problems
    memory: Memory
    tested: tuple[Reference, ...] = field(default=())

    def naming(self, **schemas: Schema) -> "Lens":
        """Read further names: `result`, `args`, the item of a map."""
        return replace(self, schemas=ChainMap(schemas, self.schemas))  # type: ignore[arg-type]

    def infer(self, expression: Expression, *, at: str, offset: int = 0) -> Schema | None:
        """Infer the schema of an expression; None when something is wrong, which is reported.

        `offset` is where the source starts in the string at `at`.
        """
        path = expression.references[0] if expression.plain and not self.tested else None
        root = self.schemas.get(path.name, True) if path is not None else True
        if path is not None:
            known = self.memory.followed(root, path.address)
            if known is not None:
                return known
        schema, findings = type_of(expression, self.schemas, tested=self.tested)
        for finding in findings:
            self._blame(finding, at=at, offset=offset)
        if findings or self._fails_always(expression, at=at, offset=offset):
            return None
        if path is not None:
            self.memory.note_followed(root, path.address, schema)
        return schema

    def relies_on_tests(self, expression: Expression) -> bool:
        """Whether it was inferred that something is not null only because it is tested.

        What a test guards is not looked at, so that nothing is proven.
        """
        tested: set[tuple[str, tuple[str | int, ...]]] = set()
        for one in (*expression.references, *self.tested):
            if one.use == "null_test":
                tested.add((one.name, one.address))
            elif one.root == "nodes" and one.path == ("status",):
                tested |= {(one.name, (*one.address[:-1], facet)) for facet in ("output", "error")}
        return bool(tested) and any(
            (one.name, one.address[:count]) in tested
            for one in expression.references
            if one.use != "null_test"
            for count in range(len(one.address) + 1)
        )

    def test(self, guard: Guard) -> None:
        """Check that a condition is true or false."""
        expression = guard.expression
        _, findings = type_of(expression, self.schemas, tested=self.tested, condition=True)
        for finding in findings:
            if finding.kind == "condition":
                self._blame_condition(guard, finding.schema)
            else:
                self._blame(finding, at=guard.at, offset=0)
        if not findings:
            self._fails_always(expression, at=guard.at, offset=0)

    def _fails_always(self, expression: Expression, *, at: str, offset: int) -> bool:
        """Evaluate what reads nothing, such as `0.0 / 0.0`; a loop is left to run time."""
        source = expression.source.strip()
        if expression.references or LOOP.search(source):
            return False
        try:
            expression.evaluate({})
        except ExpressionFailed as error:
            start = offset + expression.source.index(source)
            told_twice = f"`{source}`: "
            self.problems.error(
                "IL2216",
                f"`{source}` never has a value: {error.message.removeprefix(told_twice)}",
                at=at,
                span=(start, start + len(source)),
                hint="it reads nothing, so it fails each time; write the value that is meant",
            )
            return True
        return False

    def _blame_condition(self, guard: Guard, schema: Schema) -> None:
        source = guard.expression.source.strip()
        start = guard.expression.source.index(source)
        self.problems.error(
            "IL2009",
            f"`{guard.name}` of {self.owner} must be true or false, but it is {describe(schema)}",
            at=guard.at,
            span=(start, start + len(source)),
            hint=_comparison(source if guard.expression.plain else "…", schema),
        )

    def _blame(self, finding: Finding, *, at: str, offset: int) -> None:
        found = _Told(finding.code, finding.message, finding.hint)
        reference = finding.reference
        source = self.sources.get(reference.name) if reference is not None else None
        if reference is not None and finding.kind == "no_field":
            kind = "array" if at.endswith("/over") else "string"
            found = self._no_field(finding, reference, source, kind=kind)
        elif finding.kind == "may_be_absent" and source is not None:
            why = f"{source.name} {source.verb} it only sometimes"
            found = replace(found, message=f"{finding.message}: {why}")
        self.problems.error(
            found.code,
            found.message,
            at=at,
            span=(finding.span[0] + offset, finding.span[1] + offset),
            notes=found.notes,
            hint=found.hint,
        )

    def _no_field(
        self, finding: Finding, reference: Reference, source: Source | None, *, kind: str
    ) -> "_Told":
        count = (finding.at or 0) + reference.lead
        step = reference.address[count]
        before = path_text(reference.name, reference.address[:count])
        rest = path_text("", reference.address[count:])
        if reference.root == "inputs" and count == 0 and source is not None:
            return self._no_input(finding, str(step), source, kind=kind)
        if covers({"type": "array"}, finding.schema) == "yes" and isinstance(step, str):
            hint = f"`{before}[0]{rest}` reads it of the first item; a `map` goes over all"
            return _Told(finding.code, finding.message, hint)
        if not finding.fields:
            return _Told(finding.code, finding.message, f"`{before}` is the value itself")
        if source is None:
            return _Told(finding.code, finding.message, finding.hint)
        read = path_text(reference.name, reference.address)
        if count > reference.lead:
            source = Source(name=f"`{before}`", verb="has")
        return _Told(
            finding.code,
            f"{self.owner} reads `{read}`, but {source.name} {source.verb} no field `{step}`",
            finding.hint
            if finding.near
            else _field_hint(before, step, reference.address[count + 1 :]),
            source.fields_note(finding.fields),
        )

    def _no_input(self, finding: Finding, name: str, source: Source, *, kind: str) -> "_Told":
        if finding.near:
            hint = finding.hint
        elif name in source.elsewhere:
            hint = (
                "a graph sees only its inputs: declare it under `inputs` of"
                f" {source.name} and pass it in `with`"
            )
        else:
            hint = f"declare it: `inputs: {{{name}: {{type: {kind}}}}}`"
        notes = source.fields_note(finding.fields)
        return _Told("IL2007", f"{source.name} declares no input `{name}`", hint, notes)


def _field_hint(before: str, step: object, rest: Steps) -> str:
    if step in ("output", "outputs", "result"):
        return f"`{before}` is the output itself: write `{path_text(before, rest)}`"
    return "read one of these, or declare this field too"


@immutable(kw_only=False)
class _Told:
    code: str
    message: str
    hint: str
    notes: tuple[str, ...] = ()


def _comparison(source: str, schema: Schema) -> str:
    """Propose the comparison that was probably meant."""
    tries: list[tuple[Schema, str]] = [
        ({"type": ["boolean", "null"]}, f"{source} == true"),
        ({"type": ["number", "null"]}, f"{source} > 0"),
        ({"type": ["string", "null"]}, f"{source} != ''"),
        ({"type": ["array", "object"]}, f"size({source}) > 0"),
    ]
    found = next((text for kind, text in tries if covers(kind, schema) == "yes"), None)
    return f"compare it, such as `{found}`" if found else "compare it with something"
