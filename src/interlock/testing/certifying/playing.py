"""Taking one course of events: processes, one after the other, until the run has come to its end.

What must hold is counted outside of the run: in the simulated world, and in the durable journal.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import final

from interlock.actions import Database
from interlock.engine import CANCELLED, IllegalTransition, check_state, initial, step
from interlock.errors import InterlockError, StoreError
from interlock.journal import Entry, Record
from interlock.plan import Plan
from interlock.replay import fold, pinned_plan, verify
from interlock.runtime import RunResult
from interlock.store import open_store
from interlock.testing.certifying.answers import Answers
from interlock.testing.certifying.clocks import JumpingClock
from interlock.testing.certifying.courses import Course, Played
from interlock.testing.certifying.persons import Act, Persons
from interlock.testing.certifying.places import actions_of, every_node
from interlock.testing.certifying.reading import Journal, counted_codes
from interlock.testing.certifying.stage import Stage, effects_in
from interlock.testing.crashes import CrashPoint, Life, Lives
from interlock.testing.loop import CountingIds, VirtualClock, run_virtual
from interlock.testing.world import Moment
from interlock.values import Json, RunId

RUN = RunId("01JDK70000000000000000000A")
MOURNING_S = 0.1
PATIENCE_S = 86_400.0
"""Virtual time that a run may take beyond the times that it waits for by itself."""
LIVES_SPARE = 8
LAST_EPOCH = 1 << 62
"""Above the epoch of every owner."""
TIME_CODES = frozenset(("IL6002", "IL6012", "IL6021", "IL6022", "IL6023", "IL6026"))
"""Codes of errors that say that time has passed: they may end a run otherwise."""

OPEN = ("in_doubt", "waiting", "paused")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What is certified: a plan, its inputs, the answers that its actions get."""

    plan: Plan
    inputs: Mapping[str, Json]
    answers: Answers


def play(setting: Setting, course: Course, *, reference: Played | None = None) -> Played:
    """Take a course of events to its end, and say what was wrong.

    Args:
        setting: what is certified.
        course: what goes wrong.
        reference: what it must end like, unless time that passed is a reason for another end.
    """
    if course.repeated is not None and reference is not None:
        return _repeat(course, course.repeated, reference.entries)
    taken = run_virtual(_Play(setting, course).to_the_end())
    if reference is not None:
        _compare(taken, reference)
    return taken


@final
class _Play:
    """One run through as many processes as it takes."""

    def __init__(self, setting: Setting, course: Course) -> None:
        self.played = Played(course=course)
        self._setting = setting
        self._course = course
        self._actions = actions_of(setting.plan)
        self._store = open_store("memory:")
        self._stage = Stage(setting.plan, setting.answers, course)
        self._stage.watch = self._pass
        self._journal = Journal(self._store, RUN, setting.plan)
        self._clock = JumpingClock(VirtualClock())
        self._lives = Lives(
            self._store, self._stage, clock=self._clock, ids=CountingIds(), mourning_s=MOURNING_S
        )
        self._persons = Persons(setting.plan, setting.answers, outside=self._stage.outside, run=RUN)
        self._moments = 0
        self._moments_in_life = 0
        self._life = 0

    async def to_the_end(self) -> Played:
        played = self.played
        try:
            async with asyncio.timeout(PATIENCE_S + _waits_s(self._setting.plan)):
                played.result = await self._live_on()
        except TimeoutError:
            self._tell("recovery does not end: the run waits for what will never come")
        except (InterlockError, AssertionError) as error:
            self._tell(f"{type(error).__name__}: {error}")
        played.entries = self._journal.read().entries
        played.calls = self._stage.calls
        if played.result is not None:
            self._check_end(played.result)
        return played

    async def _live_on(self) -> RunResult:
        act: Act | None = self._begin()
        result: RunResult | None = None
        while act is not None:
            if self._life >= LIVES_SPARE + 3 * len(self._setting.plan.root.nodes):
                raise IllegalTransition(f"recovery does not end: {self._life} processes tried")
            result = await self._one_life(act)
            if result is not None:
                self._check_rest(result)
            act = await self._next(result)
        assert result is not None
        return result

    async def _one_life(self, act: Act) -> RunResult | None:
        self._life += 1
        self._moments_in_life = 0
        crash = next((point for life, point in self._course.crashes if life == self._life), None)
        life = await self._lives.live(act, crash=crash)
        self.played.lives.append(life)
        if life.result is not None and crash is not None and crash.at == "fenced":
            self._check_fence(life, crash)
        if life.result is None:
            self.played.died += 1
            self._stage.remember(self._journal.read().answered())
        return life.result

    def _check_fence(self, life: Life, crash: CrashPoint) -> None:
        if life.writes >= crash.number:
            self._tell(f"process {self._life} went on appending after it had lost its lease")

    def _begin(self) -> Act:
        plan, inputs = self._setting.plan, self._setting.inputs
        return lambda runtime: runtime.run(plan, inputs, run=RUN)

    async def _next(self, result: RunResult | None) -> Act | None:
        """What the next process does; None when the run has come to its end."""
        if self._store.head(RUN) is None:
            return self._begin()
        if result is None:
            return lambda runtime: runtime.resume(RUN)
        if result.status not in OPEN:
            return None
        state = fold(RUN, self._journal.read().entries)
        return await self._persons.act(state, self._journal, now_ms=self._clock.now_ms())

    async def _pass(self, moment: Moment) -> None:
        """Look at a moment: what is sent must be intended, in the journal."""
        self._moments += 1
        self._moments_in_life += 1
        manifest = self._actions.get(moment.action)
        if self._course.jump is not None and self._moments == self._course.jump[0]:
            self._clock.jump(self._course.jump[1])
        if moment.point != "called" or manifest is None:
            return
        if manifest.effect == "write":
            self.played.requests.append((self._life, self._moments_in_life))
        if not manifest.runs_ahead:
            self._journal.read()
            if (moment.key, moment.attempt_no) not in self._journal.intents:
                what = f"attempt {moment.attempt_no} of `{moment.label}` ({moment.action})"
                self._tell(f"{what} was sent before its intent was durable")

    # --- what must hold

    def _check_rest(self, result: RunResult) -> None:
        """At rest a write is in doubt exactly when nobody knows whether it happened."""
        unknown = self._journal.read().in_doubt()
        for path in sorted(set(unknown) - set(result.in_doubt)):
            self._tell(f"`{path}` may have happened, nobody knows, and it is not in doubt")
        for path in sorted(set(result.in_doubt) - set(unknown)):
            self._tell(f"`{path}` is in doubt, and its outcome is in the journal")

    def _check_end(self, result: RunResult) -> None:
        if result.status in (*OPEN, "interrupted"):
            self._tell(f"recovery ends with the run still open: {result.status}")
        try:
            verify(RUN, self.played.entries)
            check_state(fold(RUN, self.played.entries))
        except InterlockError as error:
            self._tell(f"the journal does not verify: {error.message}")
        self._check_writes()

    def _check_writes(self) -> None:
        """Hold what the journal says of each write against what took place."""
        outside = self._stage.outside
        outside.effects.update(self._committed())
        guarantees = {one.key: one for one in self._journal.writes.values()}
        for sent in self._journal.writes.values():
            name = f"`{sent.path}` ({sent.manifest.name})"
            count = outside.effects[sent.key]
            if sent.again:
                self._tell(f"{name}: {sent.again}")
            if count > 1 and guarantees[sent.key] is sent:
                declared = sent.manifest.guarantee
                self._tell(f"{name} took place {count} times; declared: {declared}")
            if sent.status in ("succeeded", "violated", "undone") and not count:
                self._tell(f"{name} is {sent.status}, and it never took place")
            is_own = sent.key not in {o.key for o in self._journal.writes.values() if o is not sent}
            if sent.status in ("failed", "cancelled", "refused") and count and is_own:
                self._tell(f"{name} is {sent.status}, and it took place")
        unintended = set(outside.effects) - set(guarantees)
        if any(outside.effects[key] for key in unintended):
            self._tell("a write took place whose intent is not in the journal")

    def _committed(self) -> Counter[str]:
        """Count what took place in the database of the journal itself."""
        found: Counter[str] = Counter()

        def look(database: Database) -> Sequence[Record]:
            found.update(effects_in(database))
            return ()

        if any(one.transactional for one in self._actions.values()):
            self._store.transact(RUN, LAST_EPOCH, look)
        return found

    def _tell(self, problem: str) -> None:
        if problem not in self.played.problems:
            self.played.problems.append(problem)


def _waits_s(plan: Plan) -> float:
    """How long a run of a plan may wait by itself, and then some."""
    spans = [
        getattr(node, name, None) or 0
        for node in every_node(plan).values()
        for name in ("for_ms", "expires_ms", "deadline_ms", "timeout_ms")
    ]
    return 10 * sum(spans) / 1000


def _compare(played: Played, reference: Played) -> None:
    """Hold an end against that of a run that nobody disturbed: same status, same execution."""
    result, expected = played.result, reference.result
    if result is None or expected is None:
        return
    more = counted_codes(played.entries) - counted_codes(reference.entries)
    if set(more) & TIME_CODES and result.status != expected.status:
        played.is_late = True
    elif result.status != expected.status:
        why = result.error.message if result.error is not None else "no error"
        played.problems.append(
            f"it ends {result.status}, and undisturbed it is {expected.status}: {why}"
        )
    elif result.execution != expected.execution and not _may_differ(played, reference):
        if set(more) & TIME_CODES:
            played.is_late = True
            return
        difference = _first_difference(played.entries, reference.entries)
        played.problems.append(f"another execution digest than undisturbed: {difference}")


def _may_differ(*played: Played) -> bool:
    """Whether something was cancelled: how far it had got depends on timing."""
    return any(counted_codes(one.entries)[CANCELLED] for one in played)


def _first_difference(one: list[Entry], other: list[Entry]) -> str:
    a, b = (fold(RUN, entries).outcomes for entries in (one, other))
    paths = sorted({*a, *b})
    found = next((path for path in paths if a.get(path) != b.get(path)), None)
    if found is None:
        return "the inputs or the plan differ"
    return f"`{found}` is {a.get(found, ['missing'])[0]}, there {b.get(found, ['missing'])[0]}"


def _repeat(course: Course, seq: int, entries: list[Entry]) -> Played:
    """Report an event a second time: the engine must refuse it, as one that was not due."""
    played = Played(course=course)
    state = initial(pinned_plan(entries[0]), RUN)
    for entry in entries[:seq]:
        step(state, entry)
    event = entries[seq - 1]
    again = partial(Entry, event.event, event.at_ms, seq + 1, event.epoch, event.actor)
    try:
        commands = step(state, again())
    except (IllegalTransition, StoreError):
        return played
    played.problems.append(f"{event.event.type} was taken twice: it ordered {commands!r:.200}")
    return played
