"""Certifying a graph: all courses of events, and the paper that says which ones were tried."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import TypeAlias

from interlock.engine import SEMANTICS
from interlock.errors import UsageError
from interlock.graph import ENGINE
from interlock.journal import Value
from interlock.plan import Plan
from interlock.testing.certifying.answers import Answers
from interlock.testing.certifying.courses import (
    KINDS,
    WHOLE,
    Course,
    Kind,
    Played,
    Sizes,
)
from interlock.testing.certifying.enumerating import course_at, courses_of
from interlock.testing.certifying.places import actions_of
from interlock.testing.certifying.playing import Setting, play
from interlock.values import Digest, Json, digest

FORMAT = 1
VARIANTS_MAX = 32
DELAYS = 1
PROBLEMS_KEPT_MAX = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A course in which something did not hold."""

    course: Course
    problems: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Tally:
    """What came of the courses of one kind.

    Attributes:
        of: how many there are in all; None when they are a sample of what cannot be counted.
        failed: how many failed; `failures` has the first of them.
        other: how many ended otherwise, because time had passed, or somebody decided so.
        twice: how many processes died a second time.
    """

    kind: Kind
    of: int | None
    tried: int = 0
    failed: int = 0
    other: int = 0
    twice: int = 0
    failures: list[Failure] = field(default_factory=list)

    def take(self, played: Played) -> None:
        """Count a course."""
        self.tried += 1
        self.other += played.is_other
        self.twice += played.died > 1
        if played.problems:
            self.failed += 1
            if len(self.failures) < PROBLEMS_KEPT_MAX:
                told = tuple(played.problems)
                self.failures.append(Failure(course=played.course, problems=told))


@dataclass(frozen=True, slots=True, kw_only=True)
class Certification:
    """What was tried with a graph, and what came of it."""

    plan: Plan
    seed: int
    inputs: Value
    answers: Answers
    baseline: Played
    problems: tuple[str, ...]
    tallies: Mapping[Kind, Tally]

    @property
    def passed(self) -> bool:
        """Whether everything held in every course, and every kind was tried."""
        return not self.problems and all(not tally.failed for tally in self.tallies.values())

    @property
    def tried(self) -> int:
        """How many courses were tried."""
        return sum(tally.tried for tally in self.tallies.values())

    def certificate(self) -> dict[str, Json]:
        """Return the certificate as JSON data: equal for equal plans, inputs, answers and seeds."""
        result = self.baseline.result
        body: dict[str, Json] = {
            "interlock_certificate": FORMAT,
            "graph": self.plan.name,
            "plan": self.plan.digest,
            "inputs": self.inputs.ref,
            "answers": self.answers.digest(),
            "answers_from": self.answers.source,
            "seed": self.seed,
            "version": version("interlock"),
            "semantics": SEMANTICS,
            "expressions": ENGINE,
            "baseline": {
                "status": result.status if result is not None else None,
                "execution": result.execution if result is not None else None,
                "events": len(self.baseline.entries),
                "writes": self.baseline.writes,
                "moments": self.baseline.moments,
                "calls": self.baseline.calls,
            },
            "guarantees": {
                name: one.guarantee for name, one in sorted(actions_of(self.plan).items())
            },
            "kinds": {kind: _tally_json(tally) for kind, tally in self.tallies.items()},
            "passed": self.passed,
        }
        return {**body, "digest": digest("certificate", body)}


def is_certificate(data: Json, plan: Digest) -> bool:
    """Whether this is an unchanged certificate of a plan that passed."""
    if not isinstance(data, dict):
        return False
    body = {name: value for name, value in data.items() if name != "digest"}
    same = data.get("digest") == digest("certificate", body)
    return same and data.get("plan") == plan and data.get("passed") is True


def _tally_json(tally: Tally) -> dict[str, Json]:
    found: dict[str, Json] = {
        "tried": tally.tried,
        "of": tally.of,
        "failed": tally.failed,
        "other": tally.other,
    }
    return found | ({"died_twice": tally.twice} if tally.kind == "crash-again" else {})


Progress: TypeAlias = Callable[[Kind, int, int], None]


def say_nothing(_kind: Kind, _tried: int, _of: int) -> None:
    """Tell nobody how far it is."""


def certify(
    plan: Plan,
    inputs: Mapping[str, Json] | None = None,
    *,
    answers: Answers | None = None,
    seed: int = 0,
    sizes: Sizes = WHOLE,
    kinds: Sequence[Kind] = KINDS,
    at: int | None = None,
    progress: Progress = say_nothing,
) -> Certification:
    """Prove of a graph that nothing is lost and nothing is done twice.

    The engine, the runtime and the store are the real ones; actions, time and chance are simulated.
    No action of the plan is called.

    Args:
        plan: the graph, compiled.
        inputs: its inputs; required ones that are left out are made up.
        answers: what the actions return.
        seed: of everything that is sampled or made up.
        sizes: how many courses are tried.
        kinds: the kinds of them.
        at: one course alone, by its number; then `kinds` has one kind.
        progress: is told how far it is.

    Raises:
        UsageError: there is no such course, or the answers name what is not in the plan.
    """
    answers = answers or Answers(seed=seed)
    answers.check(plan)
    setting, baseline = _baseline(plan, inputs or {}, answers)
    reference = play(setting, Course(kind="order", number=0, delays=DELAYS), reference=baseline)
    problems = [*dict.fromkeys([*baseline.problems, *reference.problems])]
    tallies: dict[Kind, Tally] = {}
    for kind in kinds if not problems else ():
        courses = courses_of(kind, reference, seed=seed, sizes=sizes)
        tried = courses.tried
        if at is not None:
            tried = [_one(kind, at, reference, seed=seed)]
        tally = tallies[kind] = Tally(kind=kind, of=courses.of)
        for course in tried:
            tally.take(play(setting, course, reference=reference))
            progress(kind, tally.tried, len(tried))
    return Certification(
        plan=plan,
        seed=seed,
        inputs=Value.of({**plan.root.defaults, **setting.inputs}),
        answers=setting.answers,
        baseline=baseline,
        problems=tuple(problems),
        tallies=tallies,
    )


def _baseline(plan: Plan, inputs: Mapping[str, Json], answers: Answers) -> tuple[Setting, Played]:
    """Run without any trouble; where answers are made up, look for some with which it succeeds."""
    first: tuple[Setting, Played] | None = None
    for variant in range(VARIANTS_MAX):
        varied = answers.varied(variant)
        whole = varied.examples.inputs(plan.root, inputs)
        setting = Setting(plan=plan, inputs=whole, answers=varied)
        played = play(setting, Course(kind="order", number=0))
        first = first or (setting, played)
        if played.problems or (played.result is not None and played.result.status == "succeeded"):
            return setting, played
    assert first is not None
    return first


def _one(kind: Kind, at: int, reference: Played, *, seed: int) -> Course:
    course = course_at(kind, at, reference, seed=seed)
    if course is None:
        raise UsageError(
            f"there is no course {at} of kind {kind}", hint="leave `--at` out to try all of them"
        )
    return course
