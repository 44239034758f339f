"""Arguments against what takes them: names, literals, and an edge for each expression."""

from collections.abc import Mapping, Sequence, Set as AbstractSet
from typing import TypeAlias, cast

from interlock.graph import Placed
from interlock.plan.binding import Given
from interlock.plan.edges import Edge, check_edge, check_text
from interlock.plan.literals import instead_of, value_at
from interlock.plan.model import RunTimeCheck
from interlock.plan.plaintexts import meant_by
from interlock.plan.problems import closest, nearest
from interlock.plan.reading import Lens
from interlock.plan.schemas import escaped, template_schema, unescaped
from interlock.plan.target import Target
from interlock.plan.words import place_text, words
from interlock.values import Json, Problem, Schema, Steps, counterexample, describe, immutable

TOGETHER = "each argument is right by itself; look up which may stand together"


def check_expressions(given: Given, lens: Lens) -> None:
    """Check what the expressions in arguments read, where what takes them is not known."""
    _inferred(given, lens)


def check_arguments(target: Target, given: Given, lens: Lens) -> Sequence[RunTimeCheck]:
    """Check arguments against what receives them; return what is left to check at run time."""
    _check_names(target, given, lens)
    parts = _inferred(given, lens)
    by_name: dict[str, list[Part]] = {}
    for part in parts:
        by_name.setdefault(part[0].pointer.split("/", 2)[1], []).append(part)
    left: list[RunTimeCheck] = []
    errors = lens.problems.errors
    for name, value in given.values.items():
        wanted = lens.memory.select(target.schema, (name,)).schema
        if name not in given.lost and (wanted is not False or name in target.properties):
            home = escaped(name)
            argument = _Argument(target, given, lens, f"/{home}", wanted, value)
            left += argument.check(by_name.get(home, ()))
    is_whole = not given.lost and not given.may_take_more and not given.elsewhere
    if target.is_simple or not is_whole or lens.problems.errors > errors:
        return left
    # Here arguments that are right one by one may be wrong together.
    together = _Argument(target, given, lens, "", target.schema, given.template.tree)
    return left or together.check_whole(parts, ())


def _check_names(target: Target, arguments: Given, lens: Lens) -> None:
    given = arguments.values
    there = given.keys() | arguments.elsewhere
    missing = [name for name in target.required if name not in there]
    unknown = [] if target.is_open else [name for name in given if name not in target.properties]
    if arguments.may_take_more:
        missing = []
    for name in unknown:
        meant = _meant(name, unknown, missing)
        missing = [one for one in missing if one != meant]
        lens.problems.error(
            "IL2004",
            f"{target.words} takes no {target.noun} `{name}`",
            at=f"{arguments.at}/{escaped(name)}",
            on_key=True,
            hint=f"did you mean `{meant}`?" if meant else _instead(target, name, given),
        )
    if missing:
        told = [f"`{name}` ({words(target.properties.get(name, True))})" for name in missing]
        shown = ", ".join(f"{name}: …" for name in missing)
        lens.problems.error(
            "IL2005",
            f"{target.words} needs {', '.join(told)}",
            at=arguments.at if given else arguments.home,
            on_key=True,
            hint=f"add to `with`: {shown}" if given else f"add `with: {{{shown}}}`",
        )


def _meant(name: str, unknown: Sequence[str], missing: Sequence[str]) -> str | None:
    """Find the missing name that was meant: a similar one, or the only one."""
    if len(unknown) == len(missing) == 1:
        return missing[0]
    return closest(name, missing)


def _instead(target: Target, name: str, given: Mapping[str, Json]) -> str:
    free = [one for one in target.properties if one not in given]
    if free:
        return nearest(name, free)
    taken = ", ".join(target.properties)
    return f"take it out: {target.words} takes {f'only {taken}' if taken else f'no {target.noun}s'}"


def _inferred(given: Given, lens: Lens) -> list["Part"]:
    if given.is_unsure:
        return [(one, None) for one in given.template.placed]
    return [
        (one, lens.infer(one.expression, at=given.at + one.pointer, offset=one.span[0]))
        for one in given.template.placed
    ]


Part: TypeAlias = tuple[Placed, Schema | None]
"""An expression in `with`, and the schema of what it yields; None when something is wrong."""


@immutable(kw_only=False)
class _Argument:
    """One argument, or all together: a value at `home` in `with`, and what is wanted there."""

    target: Target
    given: Given
    lens: Lens
    home: str
    wanted: Schema
    value: Json

    def check(self, parts: Sequence[Part]) -> Sequence[RunTimeCheck]:
        if not parts:
            self._check_literal(unescaped(self.value))
            return ()
        errors = self.lens.problems.errors
        checks = [self._check_part(placed, produced) for placed, produced in parts]
        left = [one for one in checks if one is not None]
        first = parts[0][0]
        is_checked = first.whole and first.pointer == self.home
        is_wrong = self.lens.problems.errors > errors or any(one is None for _, one in parts)
        return left if is_checked or is_wrong else self.check_whole(parts, left)

    def check_whole(
        self, parts: Sequence[Part], left: Sequence[RunTimeCheck]
    ) -> Sequence[RunTimeCheck]:
        """Check a value that holds expressions among other things."""
        schemas = {
            one.pointer.removeprefix(self.home): schema
            for one, schema in parts
            if one.whole and schema is not None
        }
        texts = {one.pointer.removeprefix(self.home) for one, _ in parts} - schemas.keys()
        produced = template_schema(self.value, schemas, texts=texts)
        fit = self.lens.memory.fit(self.wanted, produced, computed=True)
        is_sure = not any(self.lens.relies_on_tests(one.expression) for one, _ in parts)
        if fit.verdict == "yes" and is_sure:
            return ()
        if fit.verdict == "no":
            self._refuse_whole(produced, fit.assumed, texts)
        return left or [self._left(", ".join(one.expression.source.strip() for one, _ in parts))]

    def _check_part(self, placed: Placed, produced: Schema | None) -> RunTimeCheck | None:
        if produced is None:
            return None
        steps = self._steps(placed.pointer.removeprefix(self.home))
        if not placed.whole:
            check_text(placed, produced, self.lens, at=f"{self.given.at}", steps=steps)
            return None
        wanted = self.lens.memory.select(self.target.schema, steps).schema
        if wanted is False and len(steps) > 1:
            return None
        edge = Edge(
            node=self.given.node,
            expression=placed.expression,
            at=f"{self.given.at}{placed.pointer}",
            offset=placed.span[0],
            wanted=wanted,
            steps=steps,
            target=self.target.words,
        )
        return check_edge(edge, produced, self.lens)

    def _left(self, source: str) -> RunTimeCheck:
        return RunTimeCheck(
            node=self.given.node,
            place=place_text(self._steps("")),
            wanted=self.wanted,
            source=source,
        )

    def _refuse_whole(self, produced: Schema, assumed: Schema, texts: AbstractSet[str]) -> None:
        example = counterexample(self.wanted, assumed)
        problems = _telling(example.problems if example is not None else ())
        if not problems:
            told = f"it takes {words(self.wanted)}, but this is {describe(produced)}"
            problems = [Problem("", told)]
        for problem in problems:
            if problem.pointer in texts:
                self._refuse_text(problem.pointer)
            else:
                self._refuse(problem)

    def _refuse_text(self, pointer: str) -> None:
        steps, wanted = self._place(pointer)
        self.lens.problems.error(
            "IL2008",
            f"`{place_text(steps)}` of {self.target.words} takes {words(wanted)}, but this is text",
            at=f"{self.given.at}{self.home}{pointer}",
            hint="make it one expression, from `${{` to `}}`: it keeps its type",
        )

    def _check_literal(self, value: Json) -> None:
        checker = self.lens.memory.checker(self.wanted)
        if checker is not None and not checker.accepts(value):
            for problem in _telling(checker.problems(value)):
                self._refuse(problem, value)

    def _refuse(self, problem: Problem, value: Json = None) -> None:
        steps, wanted = self._place(problem.pointer)
        below = self._steps(problem.pointer)[len(self._steps("")) :]
        found = value_at(value, below)
        meant = meant_by(found, self.lens.schemas)
        hint = meant.hint if meant is not None else instead_of(found, wanted)
        self.lens.problems.error(
            "IL2006",
            f"`{place_text(steps)}` of {self.target.words}: {problem.message}",
            at=f"{self.given.at}{self.home}{problem.pointer}",
            hint=hint if steps else TOGETHER,
        )

    def _place(self, pointer: str) -> tuple[Steps, Schema]:
        """Give the steps to a place in this argument, and what it takes there."""
        steps = self._steps(pointer)
        return steps, self.lens.memory.select(self.target.schema, steps).schema

    def _steps(self, pointer: str) -> Steps:
        """Turn a pointer into steps from `with`: digits are an index where there is a list."""
        steps: list[str | int] = []
        here = cast(Json, self.given.values)
        for raw in f"{self.home}{pointer}".split("/")[1:]:
            here = value_at(here, steps[-1:])
            text = raw.replace("~1", "/").replace("~0", "~") if "~" in raw else raw
            steps.append(int(text) if isinstance(here, list) and text.isdecimal() else text)
        return tuple(steps)


def _telling(problems: Sequence[Problem]) -> list[Problem]:
    """Of a value of the wrong type, nothing else needs to be said."""
    mistyped = {problem.pointer for problem in problems if problem.wrong_type}
    return [one for one in problems if one.wrong_type or one.pointer not in mistyped]
