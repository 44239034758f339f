"""What an expression yields, by the schemas of what it reads; and what it reads in vain."""

from collections.abc import Mapping

from interlock.graph import Expression, Reference
from interlock.plan.problems import Problems
from interlock.values import Schema, describe, select


def infer(
    expression: Expression,
    schemas: Mapping[str, Schema],
    *,
    at: str,
    offset: int,
    problems: Problems,
) -> Schema | None:
    """Infer the schema of an expression; None when something is wrong with it, which is reported.

    `schemas` has one for each root name (`inputs`, ids of nodes, `result`, ...). `offset` is where
    the source starts in its string.
    """
    if expression.plain and expression.references:
        return _plain(expression.references[0], schemas, at=at, offset=offset, problems=problems)
    return True


def _plain(
    reference: Reference, schemas: Mapping[str, Schema], *, at: str, offset: int, problems: Problems
) -> Schema | None:
    schema = schemas.get(reference.name)
    if schema is None:
        return None
    found = select(schema, reference.address)
    if found.present == "never":
        step = reference.address[found.at] if found.at < len(reference.address) else "?"
        problems.error(
            "IL2003",
            f"`{reference.name}` has no field `{step}`: it is {describe(schema)}",
            at=at,
            span=(reference.span[0] + offset, reference.span[1] + offset),
            hint=f"there are: {', '.join(found.fields)}"
            if found.fields
            else "read the value itself",
        )
        return None
    return found.schema
