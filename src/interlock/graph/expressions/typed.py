"""The typed check: an expression against the schemas of what it reads.

References are followed through the schemas themselves. All else is judged by CEL's type checker,
for which records become messages. Where an object is used as a map (`x['a-b']`, `k in x`), which
the checker does not allow for messages, it is checked once more with all objects as maps.

Two checks are ours, since CEL's checker passes them. A field that is not required is an error,
unless the expression reads it by `.?` or has `has(…)` on it anywhere: what `has` guards is not
looked at. Likewise for null: what may be null must not go into an operator, a function or a
further step, unless the expression compares it with null anywhere.
"""

from collections.abc import Iterator, Mapping, Sequence

from interlock.graph.expressions import cel
from interlock.graph.expressions.analysis import ORDER_FREE_FOLDS, map_order_problem
from interlock.graph.expressions.checked import CheckedExpr, Comprehension, Expr
from interlock.graph.expressions.descriptors import message_name, record_name
from interlock.graph.expressions.expression import Expression
from interlock.graph.expressions.findings import Finding
from interlock.graph.expressions.follow import Tests, follow
from interlock.graph.expressions.inference import Inference, unfit_result
from interlock.graph.expressions.messages import CheckProblem, marked
from interlock.graph.expressions.paths import fields_text
from interlock.graph.expressions.references import Reference, Step
from interlock.graph.expressions.shapes import Nullable, Open, Scalar, ShapeReader
from interlock.graph.expressions.worlds import World, world_of
from interlock.values import Schema, describe, nearest, select, without_null


def type_of(
    expression: Expression,
    schemas: Mapping[str, Schema],
    *,
    tested: Sequence[Reference] = (),
    condition: bool = False,
) -> tuple[Schema, tuple[Finding, ...]]:
    """Return the schema of the result, and what the schemas say against it.

    Args:
        expression: what to check.
        schemas: a schema that stands alone for each root by its name: `inputs`, `image`, `nodes`
            (an object with the nodes' ids as properties). A missing root may be anything.
        tested: references of a guard that holds whenever this expression is evaluated (`when`):
            what they test need not be tested again.
        condition: whether the result must be true or false.
    """
    tests = Tests((*expression.references, *tested))
    found: list[Finding] = []
    followed: Schema = True
    for reference in expression.references:
        followed, problems = follow(reference, schemas.get(reference.name, True), tests)
        found += problems
    if expression.plain:
        result = followed
    else:
        result, problems = _checked(expression, schemas, tuple(found), tests=tests)
        found += problems
    if condition and not found:
        found += _unfit_condition(expression, result)
    return result, _distinct(found)


def _checked(
    expression: Expression,
    schemas: Mapping[str, Schema],
    found: tuple[Finding, ...],
    *,
    tests: Tests,
) -> tuple[Schema, list[Finding]]:
    """Ask CEL's type checker."""
    names = sorted({reference.name for reference in expression.references})
    world = world_of({name: schemas.get(name, True) for name in names})
    tree, problems = _check_twice(expression.source, world)
    findings = [
        _from_problem(problem, expression, world)
        for problem in problems
        if not _is_told(problem, found)
    ]
    if tree is None:
        return True, findings
    findings += _map_orders(expression.source, tree)

    def path_schema(name: str, path: tuple[Step, ...]) -> Schema:
        schema = select(schemas.get(name, True), path).schema
        return without_null(schema) if tests.compares(name, path) else schema

    records = {message_name(name): record.schema for name, record in world.records.items()}
    inference = Inference(tree, records=records, follow=path_schema)
    unfit = unfit_result(inference.type_of(tree.expr))
    if unfit is not None:
        findings.append(_unfit(expression, unfit))
        return True, findings
    return inference.result(), findings


def _check_twice(source: str, world: World) -> tuple[CheckedExpr | None, tuple[CheckProblem, ...]]:
    first = cel.check(source, world.typed())
    if not isinstance(first, tuple):
        return first, ()
    sure = tuple(problem for problem in first if not problem.on_record)
    if len(sure) == len(first):
        return None, first
    second = cel.check(source, world.loose())
    if isinstance(second, tuple):
        return None, tuple(dict.fromkeys((*sure, *second)))
    return (second if not sure else None), sure


def _is_told(problem: CheckProblem, found: tuple[Finding, ...]) -> bool:
    """Whether a finding about a reference tells the same already."""
    start = problem.span[0] if problem.span else -1
    return any(
        (problem.field in each.reference.address)
        if problem.field is not None
        else (each.span[0] <= start < each.span[1])
        for each in found
        if each.kind == "no_field" and each.reference is not None
    )


def _from_problem(problem: CheckProblem, expression: Expression, world: World) -> Finding:
    span = problem.span or (0, len(expression.source))
    if problem.field is None or problem.owner is None:
        return Finding(kind="type", message=problem.message, hint=problem.hint, span=span)
    record = world.records.get(record_name(problem.owner))
    fields = tuple(record.fields) if record is not None else ()
    near = nearest(problem.field, fields)
    return Finding(
        kind="no_field",
        message=f"{problem.message}; {fields_text(fields)}",
        hint=f"did you mean `{near}`?" if near else problem.hint,
        span=span,
        fields=fields,
        near=near,
        schema=record.schema if record is not None else True,
    )


def _map_orders(source: str, tree: CheckedExpr) -> Iterator[Finding]:
    """Find loops over what turns out to be a map."""
    types = {entry.key: entry.value for entry in tree.type_map}
    positions = {each.key: each.value for each in tree.source_info.positions}
    for expr, loop in _loops(tree.expr):
        ranged = types.get(loop.iter_range.id)
        is_map = ranged is not None and ranged.WhichOneof("type_kind") == "map_type"
        if is_map and loop.loop_step.call_expr.function not in ORDER_FREE_FOLDS:
            span = marked(source, positions.get(expr.id, 0))
            problem = map_order_problem(span)
            yield Finding(kind="map_order", message=problem.message, hint=problem.hint, span=span)


def _loops(expr: Expr) -> Iterator[tuple[Expr, Comprehension]]:
    match expr.WhichOneof("expr_kind"):
        case "select_expr":
            yield from _loops(expr.select_expr.operand)
        case "call_expr":
            yield from _loops(expr.call_expr.target)
            for each in expr.call_expr.args:
                yield from _loops(each)
        case "list_expr":
            for each in expr.list_expr.elements:
                yield from _loops(each)
        case "struct_expr":
            for entry in expr.struct_expr.entries:
                yield from _loops(entry.map_key)
                yield from _loops(entry.value)
        case "comprehension_expr":
            loop = expr.comprehension_expr
            yield expr, loop
            for each in (loop.iter_range, loop.accu_init, loop.loop_step, loop.result):
                yield from _loops(each)
        case _:
            pass


def _unfit(expression: Expression, words: str) -> Finding:
    hints = {
        "an optional value": "say what stands for nothing: `.orValue(…)`",
        "bytes": "use `base64.encode(…)` or `string(…)`",
        "a timestamp": "use `string(…)`",
        "a duration": "use `string(…)` or `.getSeconds()`",
    }
    return Finding(
        kind="result",
        message=f"the result is {words}, which is not JSON data",
        hint=hints.get(words, "return a string, a number, true or false, a list or a map"),
        span=(0, len(expression.source)),
    )


def _unfit_condition(expression: Expression, result: Schema) -> Iterator[Finding]:
    shape = ShapeReader().read(result)
    if isinstance(shape, Open) or shape == Scalar("boolean"):
        return
    is_nullable = shape == Nullable(Scalar("boolean"))
    yield Finding(
        kind="condition",
        message=f"a condition is true or false, but this is of type {describe(result)}",
        hint="compare it: `x == true`" if is_nullable else "compare it with something",
        span=(0, len(expression.source)),
        schema=result,
    )


def _distinct(found: list[Finding]) -> tuple[Finding, ...]:
    """Keep one finding for each path and kind, in the order of the text."""
    kept: dict[object, Finding] = {}
    for each in sorted(found, key=lambda finding: finding.span):
        reference = each.reference
        place = each.span if reference is None else (reference.name, reference.path, each.at)
        kept.setdefault((each.kind, place, each.message), each)
    return tuple(kept.values())
