"""Findings: what the schemas say against an expression, as data and in words."""

from dataclasses import replace
from typing import Literal

from interlock.errors import Diagnostic
from interlock.graph.expressions.paths import fields_text, path_text
from interlock.graph.expressions.references import Reference, Step
from interlock.values import Schema, immutable, nearest

FindingKind = Literal[
    "no_field", "may_be_absent", "may_be_null", "type", "map_order", "result", "condition"
]

CODES_BY_KIND: dict[FindingKind, str] = {
    "no_field": "IL2003",
    "may_be_absent": "IL2012",
    "may_be_null": "IL2017",
    "type": "IL2214",
    "map_order": "IL2204",
    "result": "IL2215",
    "condition": "IL2009",
}


@immutable()
class Finding:
    """One problem of an expression with the types of what it reads.

    Attributes:
        kind: what is wrong.
        message: a sentence that stands on its own; a caller that knows more may say it better.
        hint: what to do.
        span: where, as offsets of characters in the source.
        reference: what is read, when the problem is about a reference.
        at: the step of the reference's path at which it fails.
        fields: the fields that are declared at that place.
        near: the declared field whose name is nearest.
        schema: the schema at that place.
    """

    kind: FindingKind
    message: str
    hint: str
    span: tuple[int, int]
    reference: Reference | None = None
    at: int | None = None
    fields: tuple[str, ...] = ()
    near: str | None = None
    schema: Schema = True

    @property
    def code(self) -> str:
        """The code of the diagnostic that this becomes."""
        return CODES_BY_KIND[self.kind]

    def diagnostic(self, *, pointer: str, offset: int = 0) -> Diagnostic:
        """Make the diagnostic for a source that stands `offset` characters into a scalar."""
        return Diagnostic(
            code=self.code,
            message=self.message,
            pointer=pointer,
            hint=self.hint,
            span=(self.span[0] + offset, self.span[1] + offset),
        )


def no_field(reference: Reference, at: int, *, fields: tuple[str, ...], owner: Schema) -> Finding:
    """Say that a field or item does not exist."""
    before, step = _place(reference, at)
    near = nearest(step, fields) if isinstance(step, str) else None
    told = f"; {fields_text(fields)}" if fields else ""
    if near is None:
        hint = "read a field that is declared, or declare this one in the schema"
    else:
        hint = f"did you mean `{path_text(reference.name, (*before, near))}`?"
    return Finding(
        kind="no_field",
        message=f"`{path_text(reference.name, before)}` has no {_wanted(step)}{told}",
        hint=hint,
        span=reference.span,
        reference=reference,
        at=at,
        fields=fields,
        near=near,
        schema=owner,
    )


def wrong_owner(reference: Reference, at: int, *, words: str, owner: Schema) -> Finding:
    """Say that a field is read from something that has none, or an item from no list."""
    before, step = _place(reference, at)
    found = no_field(reference, at, fields=(), owner=owner)
    shown = path_text(reference.name, before)
    return replace(found, message=f"`{shown}` is of type {words}, and has no {_wanted(step)}")


def may_be_absent(reference: Reference, at: int, *, owner: Schema) -> Finding:
    """Say that a field is optional and read as if it were there."""
    before, step = _place(reference, at)
    shown = path_text(reference.name, before)
    whole = path_text(reference.name, (*before, step))
    rest = path_text("", reference.address[len(before) + 1 :])
    if whole == f"{shown}.{step}":
        hint = f"test `has({whole})` before, or read `{shown}.?{step}{rest}.orValue(…)`"
    else:
        hint = f"test `'{step}' in {shown}` before, or read `{shown}[?'{step}']{rest}.orValue(…)`"
    return Finding(
        kind="may_be_absent",
        message=f"`{whole}` may be absent",
        hint=hint,
        span=reference.span,
        reference=reference,
        at=at,
        schema=owner,
    )


def may_be_null(reference: Reference, at: int, *, owner: Schema) -> Finding:
    """Say that something is used that may be null; `at` is the step after it."""
    shown = path_text(reference.name, reference.address[: at + reference.lead])
    hint = f"test `{shown} != null` before, as in `{shown} != null ? … : …`"
    if reference.root == "nodes" and reference.path[:at] == ("output",):
        hint = f"test `nodes.{reference.node}.status == 'succeeded'` before"
    return Finding(
        kind="may_be_null",
        message=f"`{shown}` may be null",
        hint=hint,
        span=reference.span,
        reference=reference,
        at=at,
        schema=owner,
    )


def _place(reference: Reference, at: int) -> tuple[tuple[Step, ...], Step]:
    """Return the steps before a step of the path, and the step."""
    count = at + reference.lead
    return reference.address[:count], reference.address[count]


def _wanted(step: Step) -> str:
    return f"field `{step}`" if isinstance(step, str) else f"item [{step}]"
