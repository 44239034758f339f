"""The second pass over a node: types along every edge, literals checked now.

Only proof counts: an edge is refused when no value could pass or some value is shown that would
not; what can neither be proven nor refuted is checked when the node starts.
"""

from interlock.graph import Expression, Placed
from interlock.plan.advice import Misfit, advice
from interlock.plan.fitting import Fit
from interlock.plan.model import RunTimeCheck
from interlock.plan.reading import Lens
from interlock.plan.words import place_text, words
from interlock.values import NodeId, Schema, Steps, counterexample, describe, immutable

TEXT: Schema = {"type": ["string", "number", "boolean"]}


@immutable()
class Edge:
    """An expression and where its value goes.

    Attributes:
        node: the node that takes it.
        expression: what yields the value.
        at: where its string stands in the document, and `offset` where the source starts there.
        wanted: what is accepted.
        steps: the place in what the node takes: an argument, `over` or `key`.
        target: who takes arguments, in words; empty for the node itself.
    """

    node: NodeId
    expression: Expression
    at: str
    offset: int = 0
    wanted: Schema
    steps: Steps
    target: str = ""

    @property
    def taker(self) -> str:
        """Say what takes the value."""
        place = f"`{place_text(self.steps)}`"
        return f"{place} of {self.target}" if self.target else place

    @property
    def source(self) -> str:
        """The source, without blanks around it."""
        return self.expression.source.strip()

    @property
    def span(self) -> tuple[int, int]:
        """Where the source stands in its string."""
        start = self.offset + self.expression.source.index(self.source)
        return start, start + len(self.source)


def check_edge(edge: Edge, produced: Schema, lens: Lens) -> RunTimeCheck | None:
    """Check that what an expression yields is accepted where it goes.

    Returns:
        What is left to check at run time; None when there is nothing.
    """
    fit = lens.memory.fit(edge.wanted, produced, computed=not edge.expression.plain)
    is_sure = edge.wanted in (True, {}) or not lens.relies_on_tests(edge.expression)
    if fit.verdict == "yes" and is_sure:
        return None
    if fit.verdict == "no":
        _refuse(edge, produced, fit=fit, lens=lens)
    elif fit.verdict == "unknown" and not fit.is_open:
        _warn(edge, produced, lens)
    place = place_text(edge.steps)
    return RunTimeCheck(node=edge.node, place=place, wanted=edge.wanted, source=edge.source)


def check_text(placed: Placed, produced: Schema, lens: Lens, *, at: str, steps: Steps) -> None:
    """Check that what stands inside text has a form there; null, lists and objects have none."""
    expression = placed.expression
    fit = lens.memory.fit(TEXT, produced, computed=not expression.plain)
    if fit.verdict != "no":
        return
    misfit = Misfit(wanted=TEXT, produced=produced, expression=expression)
    start = placed.span[0] + expression.source.index(misfit.shown)
    lens.problems.error(
        "IL2008",
        f"`{misfit.shown}` stands inside the text of `{place_text(steps)}`,"
        f" but it is {describe(produced)}",
        at=at + placed.pointer,
        span=(start, start + len(misfit.shown)),
        hint=_text_advice(misfit),
    )


def _text_advice(misfit: Misfit) -> str:
    told = advice(misfit)
    is_told = told.startswith(("say what", "read a field", "go over"))
    return told if is_told else "text takes strings, numbers and booleans; pass this on its own"


def _refuse(edge: Edge, produced: Schema, *, fit: Fit, lens: Lens) -> None:
    wanted, given = words(edge.wanted), words(produced)
    message = f"{edge.taker} takes {wanted}, but `{edge.source}` is {given}"
    if wanted == given:
        message = f"{edge.taker} does not take every value of `{edge.source}`"
    lens.problems.error(
        "IL2008",
        message,
        at=edge.at,
        span=edge.span,
        notes=example(edge.wanted, fit, is_plain=wanted != given),
        hint=advice(Misfit(wanted=edge.wanted, produced=produced, expression=edge.expression)),
    )


def example(wanted: Schema, fit: Fit, *, is_plain: bool) -> tuple[str, ...]:
    """Show a value that would be refused, where the words for the types do not tell it already."""
    found = counterexample(wanted, fit.assumed)
    if found is None or not found.problems:
        return ()
    problem = found.problems[0]
    if is_plain and problem.wrong_type and not problem.pointer:
        return ()
    shown = f"{found.words}: " if problem.pointer or "missing" in problem.message else ""
    return (f"for example, {shown}{problem}",)


def _warn(edge: Edge, produced: Schema, lens: Lens) -> None:
    """Both sides declare their types, yet neither proof nor refutation was found."""
    lens.problems.warning(
        "IL2015",
        f"{edge.taker} takes {words(edge.wanted)}; whether `{edge.source}`,"
        f" {words(produced)}, always is, cannot be told",
        at=edge.at,
        span=edge.span,
        hint="it is checked when the node starts; the same schema on both sides proves it",
    )
