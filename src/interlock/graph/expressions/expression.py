"""Expressions: compiled once, evaluated against a scope."""

from collections.abc import Callable
from dataclasses import field
from typing import TypeAlias, final

from interlock.errors import Diagnostic, ExpressionFailed
from interlock.graph.expressions import cel
from interlock.graph.expressions.analysis import Analysis
from interlock.graph.expressions.evaluation import evaluator, shortened
from interlock.graph.expressions.paths import Scope, getter, kind_text, read_path
from interlock.graph.expressions.projection import read_projection
from interlock.graph.expressions.references import Chain, Reference, resolve
from interlock.values import Json, immutable

SOURCE_CHARS_MAX = 4_096


@final
@immutable(kw_only=False)
class Expression:
    """A compiled expression; made by `parse_expression`.

    Attributes:
        source: the text, without `${{ }}`.
        references: all that it reads, in the order of the text.
        plain: whether it is a plain path, which never touches the CEL engine.
    """

    source: str
    references: tuple[Reference, ...]
    plain: bool
    evaluator: Callable[[Scope], Json] = field(repr=False, compare=False)

    def evaluate(self, scope: Scope) -> Json:
        """Evaluate against root names and their values, such as `{"inputs": …, "image": …}`.

        Parts of the result may be parts of the scope: do not change them.

        Raises:
            ExpressionFailed: something is missing, of the wrong type, or not JSON data.
        """
        return self.evaluator(scope)

    def condition(self, scope: Scope) -> bool:
        """Evaluate a guard: the result must be true or false, and nothing else.

        Raises:
            ExpressionFailed: as `evaluate`, or the result is no boolean.
        """
        value = self.evaluator(scope)
        if value is True or value is False:
            return value
        raise ExpressionFailed(
            f"`{shortened(self.source)}` is {kind_text(value)}, but a condition is true or false",
            hint="compare it with something, such as `x != null` or `size(x) > 0`",
        )


Parsed: TypeAlias = Expression | tuple[Diagnostic, ...]


def parse_expression(source: str, *, names: frozenset[str] = frozenset()) -> Parsed:
    """Compile an expression, or say what is wrong with it.

    Types are not checked here: that is `type_of`, once the schemas are known.

    Args:
        source: CEL, without `${{ }}`.
        names: further roots that have a meaning here: `result`, `args`, a map's `as`.

    Returns:
        The expression, or at least one diagnostic, with a span in `source` and an empty pointer.
    """
    if len(source) > SOURCE_CHARS_MAX:
        return (_too_long(len(source)),)
    path = read_path(source)
    if path is None:
        return _parse_cel(source, names)
    found = _reading(source, path, names)
    return (found,) if isinstance(found, Diagnostic) else found


def parse_path(source: str, *, names: frozenset[str]) -> Expression | None:
    """Compile an expression that is a plain path; None when it is none, or has something wrong."""
    path = read_path(source)
    if path is None or len(source) > SOURCE_CHARS_MAX:
        return None
    found = _reading(source, path, names)
    return found if isinstance(found, Expression) else None


def _reading(source: str, path: Chain, names: frozenset[str]) -> Expression | Diagnostic:
    reference = resolve(path, names)
    if isinstance(reference, Diagnostic):
        return reference
    evaluator = getter(path.name, path.steps)
    return Expression(source, (reference,), True, evaluator)


def _too_long(chars: int) -> Diagnostic:
    return Diagnostic(
        code="IL2201",
        message=f"the expression has {chars} characters; at most {SOURCE_CHARS_MAX} are read",
        hint="compute it in an action, or split it over several nodes",
    )


def _parse_cel(source: str, names: frozenset[str]) -> Parsed:
    parsed = cel.parse(source)
    if isinstance(parsed, Diagnostic):
        return (parsed,)
    analysis = Analysis(source, parsed.tree)
    resolved = [resolve(chain, names) for chain in analysis.chains]
    problems = analysis.problems + [each for each in resolved if isinstance(each, Diagnostic)]
    if problems:
        return tuple(sorted(problems, key=lambda problem: problem.span or (0, 0)))
    compiled = cel.changed(parsed.tree) if analysis.guarded else parsed.compiled
    if isinstance(compiled, Diagnostic):
        return (compiled,)
    references = tuple(each for each in resolved if isinstance(each, Reference))
    return Expression(
        source=source,
        references=references,
        plain=False,
        evaluator=read_projection(source) or evaluator(source, compiled, analysis),
    )
