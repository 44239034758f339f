"""The second pass over a node: types along every edge, literals checked now.

Only proof counts: an edge is refused when no value could pass or some value is shown that would
not; what can neither be proven nor refuted is checked when the node starts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from interlock.graph import Expression, Placed, Template
from interlock.plan.fitting import fits
from interlock.plan.problems import Problems, nearest
from interlock.plan.reading import Lens
from interlock.values import Checker, Json, Schema, counterexample, describe, select

Proof = Literal["proven", "dynamic"]
STRING: Schema = {"type": "string"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What receives arguments: an action or a graph, with the schema of what it takes."""

    words: str
    schema: Schema

    @property
    def properties(self) -> Mapping[str, Schema]:
        """The declared arguments."""
        found = self.schema.get("properties") if isinstance(self.schema, dict) else None
        return found if isinstance(found, dict) else {}  # type: ignore[return-value]

    @property
    def required(self) -> list[str]:
        """The arguments that must be given."""
        found = self.schema.get("required") if isinstance(self.schema, dict) else None
        return [name for name in found if isinstance(name, str)] if isinstance(found, list) else []

    @property
    def is_open(self) -> bool:
        """Whether arguments that are not declared are taken too."""
        return (
            not isinstance(self.schema, dict)
            or self.schema.get("additionalProperties") is not False
        )


def check_arguments(target: Target, arguments: Template, lens: Lens, *, at: str) -> Proof:
    """Check `with` against what receives it.

    Says whether nothing is left to check at run time. `at` is the node.
    """
    node_at, at = at, f"{at}/with"
    problems = lens.problems
    given = arguments.tree if isinstance(arguments.tree, dict) else {}
    for name in given:
        if name not in target.properties and not target.is_open:
            problems.error(
                "IL2004",
                f"{target.words} takes no argument `{name}`",
                at=f"{at}/{_escaped(name)}",
                on_key=True,
                hint=nearest(name, target.properties),
            )
    missing = [name for name in target.required if name not in given]
    if missing:
        told = ", ".join(
            f"`{name}` ({describe(target.properties.get(name, True))})" for name in missing
        )
        shown = f"{missing[0]}: …"
        problems.error(
            "IL2005",
            f"{target.words} needs {told}",
            at=node_at,
            on_key=True,
            hint=f"add it to `with`: {{{shown}}}",
        )
    _check_literals(target, arguments, given, at=at, problems=problems)
    proofs = [_check_placed(target, placed, lens, at=at) for placed in arguments.placed]
    return "proven" if all(proof == "proven" for proof in proofs) else "dynamic"


def _check_literals(
    target: Target, arguments: Template, given: Mapping[str, Json], *, at: str, problems: Problems
) -> None:
    """Check the arguments without expressions now."""
    dynamic = {placed.pointer.split("/")[1] for placed in arguments.placed}
    for name, value in given.items():
        schema = target.properties.get(name)
        if schema is None or _escaped(name) in dynamic:
            continue
        alone = select(target.schema, (name,)).schema
        for problem in Checker(alone).problems(value):
            problems.error(
                "IL2006",
                f"argument `{name}` of {target.words}: {problem.message}",
                at=f"{at}/{_escaped(name)}{problem.pointer}",
                hint=f"give {describe(alone)}",
            )


def _check_placed(target: Target, placed: Placed, lens: Lens, *, at: str) -> Proof:
    steps = _steps(placed.pointer, target.schema)
    consumer = select(target.schema, steps)
    produced = lens.infer(placed.expression, at=at + placed.pointer, offset=placed.span[0])
    if produced is None or consumer.present == "never":
        return "dynamic"
    if not placed.whole:
        produced = STRING
    words = f"`{placed.pointer[1:].replace('/', '.')}` of {target.words}"
    proof = check_edge(
        consumer.schema,
        produced,
        lens,
        at=at + placed.pointer,
        placed=(placed.span[0], placed.expression),
        consumer=words,
    )
    return proof if len(steps) == 1 else "dynamic"


def check_edge(
    wanted: Schema,
    produced: Schema,
    lens: Lens,
    *,
    at: str,
    placed: tuple[int, Expression],
    consumer: str,
) -> Proof:
    """Check that what an expression yields is accepted where it goes.

    `placed` is the expression and where its source starts in the string at `at`; `consumer` is in
    words.
    """
    verdict = fits(wanted, produced)
    if verdict == "no":
        offset, expression = placed
        example = counterexample(wanted, produced)
        lens.problems.error(
            "IL2008",
            f"{consumer} takes {describe(wanted)},"
            f" but `{expression.source.strip()}` is {describe(produced)}",
            at=at,
            span=(offset, offset + len(expression.source)),
            notes=(f"for example: {example}",) if example else (),
            hint="convert it in an expression or an action, or narrow the source with `returns`",
        )
    return "proven" if verdict == "yes" else "dynamic"


def check_condition(expression: Expression, lens: Lens, *, at: str) -> None:
    """Check that a condition is boolean."""
    lens.infer(expression, at=at, condition=True)


def template_schema(template: Template, lens: Lens, *, at: str) -> Schema:
    """Infer the schema of what a template yields."""
    placed = {each.pointer: each for each in template.placed if each.whole}
    partial = {each.pointer for each in template.placed if not each.whole}
    for each in template.placed:
        if not each.whole:
            lens.infer(each.expression, at=at + each.pointer, offset=each.span[0])

    def schema_of(tree: Json, pointer: str) -> Schema:
        if pointer in placed:
            one = placed[pointer]
            found = lens.infer(one.expression, at=at + pointer, offset=one.span[0])
            return True if found is None else found
        if pointer in partial:
            return STRING
        match tree:
            case dict():
                parts: dict[str, Json] = {
                    name: schema_of(part, f"{pointer}/{_escaped(name)}")
                    for name, part in tree.items()
                }
                return {
                    "type": "object",
                    "properties": parts,
                    "required": list(parts),
                    "additionalProperties": False,
                }
            case list():
                items: list[Json] = [
                    schema_of(part, f"{pointer}/{index}") for index, part in enumerate(tree)
                ]
                return (
                    {"type": "array", "prefixItems": items, "items": False, "minItems": len(items)}
                    if items
                    else {"const": []}
                )
            case _:
                return {"const": tree}

    return schema_of(template.tree, "")


def graph_inputs_schema(inputs: Mapping[str, Schema], *, filled_in: bool = False) -> Schema:
    """Make the schema of the inputs of a graph: an input with a default may be left out.

    With `filled_in`, as expressions see them: every input is there.
    """
    required: list[Json] = [
        name
        for name, schema in inputs.items()
        if filled_in or not (isinstance(schema, dict) and "default" in schema)
    ]
    properties: dict[str, Json] = dict(inputs)
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _steps(pointer: str, schema: Schema) -> tuple[str | int, ...]:
    """Turn a pointer into steps: digits are an index where the schema has a list."""
    steps: list[str | int] = []
    for raw in pointer.split("/")[1:]:
        text = raw.replace("~1", "/").replace("~0", "~")
        here = select(schema, tuple(steps)).schema
        is_list = isinstance(here, dict) and (
            "items" in here or "prefixItems" in here or here.get("type") == "array"
        )
        steps.append(int(text) if is_list and text.isdigit() else text)
    return tuple(steps)


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
