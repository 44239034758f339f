"""Seeds of the simulator: random graphs of every kind, and what goes wrong in their world.

A handful of seeds share a graph, and what its actions answer: it is compiled, and run once with
nobody disturbing it, before each of them takes a course of events of its own through it. Courses
are those of `certify`: processes that die, requests and answers that are lost, clocks that jump,
leases that are taken over, what comes twice, and another order of completion in each of them.
"""

from dataclasses import replace
from itertools import groupby
from pathlib import Path
from random import Random

from interlock.actions import Action, Registry, Safety
from interlock.plan import CompiledGate, Plan, compile as compile_graph
from interlock.testing import KINDS, Answer, Answers, Kind, Sizes, World
from interlock.testing.certifying.answers import Does
from interlock.testing.certifying.courses import Course, Played
from interlock.testing.certifying.enumerating import courses_of
from interlock.testing.certifying.places import every_node
from interlock.testing.certifying.playing import Setting, play
from proofs.figures import Figures, Wrong
from sim.generator import CALLS, WRITES, Generator, Mix

SEEDS_A_GRAPH = 8


def book(label: str, values: list[int]) -> int:
    """Stand for a write to the database of the journal: what is called here is simulated."""
    raise NotImplementedError


BOOKED = Action(book, name="booked", effect="write", safety=Safety(transactional=True))
REGISTRY = World().registry | Registry([BOOKED])
MIX = Mix(flowing=0.3, undoing=0.2, calls=(*CALLS, BOOKED.name))

FAILING = (0.0, 0.15)
"""The likelihood that an action of a graph fails at first: of half of the graphs none does."""

REFUSING = 0.3
WORDS: dict[Wrong, tuple[str, ...]] = {
    "duplicated": (" times; declared", " sent again", " taken twice", " executed again"),
    "mislabelled": (" in doubt", ", and it took place", "execution digest", " it ends "),
}

WAYS: tuple[Does, ...] = ("error", "not_applied", "permanent")

WEIGHTS: dict[Kind, int] = {
    "crash": 4,
    "crash-again": 4,
    "order": 1,
    "silence": 2,
    "duplicate": 1,
    "clock": 2,
    "lease": 2,
    "decision": 4,
}
SOME = Sizes(second_crashes=8, orders=1, jumps=8, decisions=12)
DELAYS_MAX = 1 << 32


def prove(seeds: range, folder: Path) -> Figures:
    figures = Figures()
    for number, group in groupby(seeds, key=lambda seed: seed // SEEDS_A_GRAPH):
        setting = setting_of(number)
        baseline = play(setting, Course(kind="order", number=0))
        for seed in group:
            figures.trials += 1
            take(seed, setting, baseline, figures=figures)
    return figures


def setting_of(number: int) -> Setting:
    """Draw a graph, and what its actions answer."""
    chance = Random(f"graph {number}")
    case = Generator(choices=chance, mix=MIX).case()
    plan = compile_graph(case.graph, REGISTRY)
    given = {**failures(chance), **refusals(chance, plan)}
    answers = Answers(given, source="declared", seed=number)
    return Setting(plan=plan, inputs=dict(case.inputs), answers=answers)


def failures(chance: Random) -> dict[str, list[Answer]]:
    """What actions answer that fail, once or for good; of calls that die on the way none counts.

    A write that says that it did not happen says so for good: after a death it is asked once more,
    and what it says then must not make another end. Else it works at last: a person who sees that
    it has not happened will try it until it has.
    """
    failing = chance.choice(FAILING)
    found: dict[str, list[Answer]] = {}
    for name in MIX.calls:
        if chance.random() < failing:
            way, is_write = chance.choice(WAYS), name in WRITES
            works = way != "not_applied" if is_write else chance.random() < 0.8
            at_last = (Answer(value=chance.randint(0, 9)),) if works else ()
            found[name] = [Answer(does=way, value="no"), *at_last]
    return found


def refusals(chance: Random, plan: Plan) -> dict[str, list[Answer]]:
    """What persons decide who do not approve: they reject, or never come.

    All gates wait as long as an approval holds. So where one is waited out, the approval of another
    is over within the same milliseconds: which comes first is up to the clock.
    """
    expiring = [
        path
        for path, node in every_node(plan).items()
        if isinstance(node, CompiledGate) and node.expires_ms
    ]
    ways = ("rejected", "nobody") if len(expiring) == 1 else ("rejected",)
    return {
        path: [Answer(does="decide", value=chance.choice(ways))]
        for path in expiring
        if chance.random() < REFUSING
    }


def take(seed: int, setting: Setting, baseline: Played, *, figures: Figures) -> None:
    """Take one course of events through a graph, and count what did not hold."""
    course = course_of(seed, baseline)
    played = play(setting, course, reference=baseline)
    figures.seen[course.kind] += 1
    figures.seen["deaths"] += played.died
    status = baseline.result.status if baseline.result is not None else "broken off"
    figures.seen[f"of a run that {status}"] += 1
    for problem in dict.fromkeys((*baseline.problems, *played.problems)):
        told = f"{course.kind}: {course.told()}: {problem}"
        figures.fail(wrong_with(problem), told, seed=seed)


def wrong_with(problem: str) -> Wrong:
    """Say what kind of wrong it is: what is not known to be another one is lost."""
    for wrong, words in WORDS.items():
        if any(word in problem for word in words):
            return wrong
    return "lost"


def course_of(seed: int, baseline: Played) -> Course:
    """Draw what goes wrong."""
    chance = Random(f"course {seed}")
    while True:
        kind = chance.choices(KINDS, [WEIGHTS[kind] for kind in KINDS])[0]
        courses = courses_of(kind, baseline, seed=seed, sizes=SOME).tried
        if courses:
            return replace(chance.choice(courses), delays=chance.randrange(1, DELAYS_MAX))
