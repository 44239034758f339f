"""What expressions yield, by the schemas of what they read; and what they read in vain."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import get_args

from interlock.graph import Expression, Finding, Reference, path_text, type_of
from interlock.journal import NodeStatus
from interlock.plan.problems import Problems
from interlock.values import Json, Schema

FIELDS_SHOWN_MAX = 12
STATUSES: list[Json] = list(get_args(NodeStatus))
ERROR: Json = {
    "type": "object",
    "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
    "required": ["code", "message"],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lens:
    """What the expressions of one node, or of the outputs, may read, and in which words to blame.

    Attributes:
        owner: who reads, for messages: `smoke`, or `output `url``.
        schemas: a schema for each root name.
        sources: what makes each root: `` `deploy.apply` returns ``.
        tested: what a guard has tested before.
    """

    owner: str
    schemas: Mapping[str, Schema]
    sources: Mapping[str, str]
    problems: Problems
    tested: tuple[Reference, ...] = field(default=())

    def naming(self, **schemas: Schema) -> "Lens":
        """Read further names: `result`, `args`, the item of a map."""
        return replace(self, schemas={**self.schemas, **schemas})

    def infer(
        self, expression: Expression, *, at: str, offset: int = 0, condition: bool = False
    ) -> Schema | None:
        """Infer the schema of an expression; None when something is wrong, which is reported.

        `offset` is where the source starts in the string at `at`.
        """
        schema, findings = type_of(
            expression, self.schemas, tested=self.tested, condition=condition
        )
        for finding in findings:
            self._blame(finding, at=at, offset=offset)
        return None if findings else schema

    def _blame(self, finding: Finding, *, at: str, offset: int) -> None:
        reference = finding.reference
        code, message, notes = finding.code, finding.message, ()
        source = self.sources.get(reference.name) if reference is not None else None
        if finding.kind == "no_field" and reference is not None and source is not None:
            read = path_text(reference.name, reference.address)
            step = reference.address[(finding.at or 0) + reference.lead]
            message = f"{self.owner} reads `{read}`, but {source} no field `{step}`"
            notes = _fields_note(finding)
            if reference.root == "inputs" and finding.at == 0:
                code, message = "IL2007", f"{source} no input `{step}`"
        self.problems.error(
            code,
            message,
            at=at,
            span=(finding.span[0] + offset, finding.span[1] + offset),
            notes=notes,
            hint=finding.hint,
        )


def _fields_note(finding: Finding) -> tuple[str, ...]:
    if not finding.fields:
        return ()
    more = ", …" if len(finding.fields) > FIELDS_SHOWN_MAX else ""
    return (f"there are: {', '.join(finding.fields[:FIELDS_SHOWN_MAX])}{more}",)


def lenient_view(schema: Schema) -> Json:
    """The schema of `nodes.x`: it exists however `x` settled, so its output may be null."""
    return {
        "type": "object",
        "properties": {
            "status": {"enum": STATUSES},
            "output": {"anyOf": [schema, {"type": "null"}]},
            "error": {"anyOf": [ERROR, {"type": "null"}]},
        },
        "required": ["status", "output", "error"],
        "additionalProperties": False,
    }
