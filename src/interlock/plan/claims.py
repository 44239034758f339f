"""What the author of a graph function says of its outputs, held against what they are.

As along edges, only proof counts: what nobody declared is not held against anybody.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from interlock.graph import Claim
from interlock.plan.edges import example
from interlock.plan.fitting import Fit
from interlock.plan.model import CompiledOutput
from interlock.plan.problems import pointer
from interlock.plan.site import Site
from interlock.plan.words import words
from interlock.values import Schema, select

LONE = "result"
MEND = "correct the annotation, or what is returned"
NOTHING: Schema = {"type": "null"}
IN_PYTHON: Mapping[str, str] = {
    "boolean": "bool",
    "integer": "int",
    "null": "None",
    "number": "float",
    "string": "str",
}


def check_claim(site: Site, outputs: Sequence[CompiledOutput], schema: Schema) -> None:
    """Refuse outputs that are not what the graph function is annotated to return."""
    claim = site.around.claims.get(site.problems.at)
    if claim is None or site.problems.is_damaged("/outputs"):
        return
    produced = _returned(claim, outputs, schema)
    fits = partial(site.around.memory.fit, computed=_is_computed(outputs))
    found = fits(claim.schema, produced)
    if found.verdict != "no":
        return
    head = f"`{site.graph.name}` is annotated `-> {claim.shown}`, but"
    wrong = (
        list(_wrong_outputs(claim, outputs, produced, fits=fits)) if claim.form == "fields" else []
    )
    for name, wanted, given in wrong:
        site.problems.error(
            "IL2008",
            f"{head} its output `{name}` is {words(given)}, and not {words(wanted)}",
            at=pointer("outputs", name),
            hint=MEND,
        )
    if not wrong:
        site.problems.error(
            "IL2008",
            f"{head} {_told(claim, produced)}",
            at=pointer("outputs", LONE) if claim.form == "lone" else "/outputs",
            notes=() if claim.form == "nothing" else example(claim.schema, found, is_plain=True),
            hint=_hint(produced),
        )


def _is_computed(outputs: Sequence[CompiledOutput]) -> bool:
    """Whether of a part of what is returned no more than the type can be known."""
    return any(
        not placed.whole or not placed.expression.plain
        for output in outputs
        for placed in output.template.placed
    )


def _returned(claim: Claim, outputs: Sequence[CompiledOutput], schema: Schema) -> Schema:
    """Give the schema of what the function returns, as `RunResult.output` gives it."""
    match claim.form:
        case "nothing":
            return NOTHING
        case "fields":
            return schema
        case "lone":
            found = select(schema, (LONE,)).schema
            is_optional = any(one.optional for one in outputs)
            return {"anyOf": [found, NOTHING]} if is_optional else found


def _wrong_outputs(
    claim: Claim,
    outputs: Sequence[CompiledOutput],
    produced: Schema,
    *,
    fits: Callable[[Schema, Schema], Fit],
) -> Iterator[tuple[str, Schema, Schema]]:
    """Give the outputs that are wrong by themselves, with what is wanted and what is given."""
    for output in outputs:
        wanted, given = select(claim.schema, (output.name,)), select(produced, (output.name,))
        if wanted.present == "never":
            continue
        if fits(wanted.schema, given.schema).verdict == "no":
            yield output.name, wanted.schema, given.schema


def _told(claim: Claim, produced: Schema) -> str:
    match claim.form:
        case "nothing":
            return "returns nothing"
        case "lone":
            return f"what it returns is {words(produced)}"
        case "fields":
            return f"returns {words(produced)}"


def _hint(produced: Schema) -> str:
    kind = produced.get("type") if isinstance(produced, dict) else None
    known = IN_PYTHON.get(kind) if isinstance(kind, str) else None
    if known is None:
        return MEND
    return f"annotate it `-> {known}`, or return what it says"
