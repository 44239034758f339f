"""Findings: what the schemas say against an expression, as data and in words."""

from dataclasses import dataclass, replace
from typing import Literal

from interlock.errors import Diagnostic
from interlock.graph.expressions.paths import fields_text, path_text
from interlock.graph.expressions.references import Reference
from interlock.values import Schema, nearest

FindingKind = Literal["no_field", "may_be_absent", "may_be_null", "type", "map_order", "result"]

CODES_BY_KIND: dict[FindingKind, str] = {
    "no_field": "IL2003",
    "may_be_absent": "IL2004",
    "may_be_null": "IL2005",
    "type": "IL2214",
    "map_order": "IL2204",
    "result": "IL2215",
}


@dataclass(frozen=True, slots=True, kw_only=True)
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
    step = reference.path[at] if at >= 0 else reference.address[0]
    near = nearest(step, fields) if isinstance(step, str) else None
    before = path_text(reference.name, reference.address[: at + reference.lead])
    hint = "read a field that is declared, or declare this one in the schema"
    if near is not None:
        known = path_text(reference.name, (*reference.address[: at + reference.lead], near))
        hint = f"did you mean `{known}`?"
    wanted = f"field `{step}`" if isinstance(step, str) else f"item [{step}]"
    told = f"; {fields_text(fields)}" if fields else ""
    return Finding(
        kind="no_field",
        message=f"`{before}` has no {wanted}{told}",
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
    found = no_field(reference, at, fields=(), owner=owner)
    before = path_text(reference.name, reference.address[: at + reference.lead])
    step = reference.path[at] if at >= 0 else reference.address[0]
    wanted = f"field `{step}`" if isinstance(step, str) else f"item [{step}]"
    return replace(found, message=f"`{before}` is {words}, which has no {wanted}")


def may_be_absent(reference: Reference, at: int, *, owner: Schema) -> Finding:
    """Say that a field is optional and read as if it were there."""
    before = path_text(reference.name, reference.address[: at + reference.lead])
    whole = path_text(reference.name, reference.address[: at + reference.lead + 1])
    step = reference.path[at] if at >= 0 else reference.address[0]
    optional = f"{before}.?{step}" if whole == f"{before}.{step}" else f"{before}[?'{step}']"
    test = f"test `has({whole})`" if whole == f"{before}.{step}" else f"test `'{step}' in {before}`"
    return Finding(
        kind="may_be_absent",
        message=f"`{whole}` may be absent",
        hint=f"{test} before, or read `{optional}.orValue(…)`",
        span=reference.span,
        reference=reference,
        at=at,
        schema=owner,
    )


def may_be_null(reference: Reference, at: int, *, owner: Schema) -> Finding:
    """Say that something is used that may be null; `at` is the step after it."""
    before = path_text(reference.name, reference.address[: at + reference.lead])
    return Finding(
        kind="may_be_null",
        message=f"`{before}` may be null",
        hint=f"test `{before} != null` before, as in `{before} != null ? … : …`",
        span=reference.span,
        reference=reference,
        at=at,
        schema=owner,
    )
