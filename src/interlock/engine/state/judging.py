"""Judging an output: does it satisfy its schema and the node's postconditions?"""

from interlock.engine.state.state import State
from interlock.engine.state.turn import At, Turn, locate, names_for
from interlock.errors import ExpressionFailed
from interlock.journal import AttemptReturned, ErrorInfo, Value
from interlock.plan import CompiledPropose
from interlock.values import Json, Problem

PROBLEMS_MAX = 3


def judge(at: At, output: Value) -> ErrorInfo | None:
    """Check an output against `returns` and `ensure`; None when it is good."""
    node = at.node
    if node.returns is not None and not node.returns.accepts(output.json):
        problems = node.returns.problems(output.json, limit=PROBLEMS_MAX)
        told = "; ".join(map(str, problems))
        return ErrorInfo(
            code="IL6004",
            message=f"the output of `{node.id}` has the wrong type: {told}",
            hint=_advice(problems),
        )
    return _postcondition(at, seen(at, output)) if node.ensure else None


def _advice(problems: tuple[Problem, ...]) -> str:
    if any(problem.message.endswith("format 'date-time'") for problem in problems):
        return "a time needs its offset, as `datetime.now(timezone.utc)` has one"
    return "correct the action, or the type that it declares to return"


def seen(at: At, output: Value) -> Json:
    """The output as expressions see it: numbers as the schema says."""
    return output.json if at.node.decode is None else at.node.decode(output.json)


def _postcondition(at: At, result: Json) -> ErrorInfo | None:
    names = names_for(at.scope, at.node.roots, at.node.status_roots)
    names["result"] = result
    if at.state.call is not None:
        names["args"] = at.state.call.args.json
    for expression in at.node.ensure:
        try:
            holds = expression.condition(names)
        except ExpressionFailed as error:
            return ErrorInfo(
                code="IL6007",
                message=f"`ensure` could not be evaluated: {error.message}",
                hint=error.hint,
            )
        if not holds:
            return ErrorInfo(code="IL6005", message=f"`ensure` was false: {expression.source}")
    return None


def problem_with(state: State, returned: AttemptReturned) -> ErrorInfo | None:
    """Say how an output would be judged, before it is kept; None when it is good."""
    at = locate(Turn(state, returned, 0), returned.path)
    return None if isinstance(at.node, CompiledPropose) else judge(at, returned.output)
