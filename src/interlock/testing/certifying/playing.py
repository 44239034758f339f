"""Taking one course of events: one process after the other, until the run has come to its end."""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import final

from interlock.actions import Database
from interlock.engine import IllegalTransition
from interlock.errors import InterlockError, RunNotFound, RunNotResumable, StoreError
from interlock.journal import Record, RunRecovered, RunReopened
from interlock.plan import Plan
from interlock.runtime import RunResult, Runtime
from interlock.store import MemoryStore
from interlock.testing.certifying.answers import Answers
from interlock.testing.certifying.clocks import JumpingClock
from interlock.testing.certifying.courses import Course, Decided, Played
from interlock.testing.certifying.judging import (
    OPEN,
    RUN,
    at_end,
    at_rest,
    compare,
    of_actors,
    of_writes,
    repeated,
)
from interlock.testing.certifying.persons import Act, Persons
from interlock.testing.certifying.places import actions_of, every_node
from interlock.testing.certifying.reading import Journal
from interlock.testing.certifying.stage import Stage, effects_in
from interlock.testing.crashes import Lives
from interlock.testing.loop import CountingIds, VirtualClock, run_virtual
from interlock.testing.world import Moment
from interlock.values import Json, Path

MOURNING_S = 0.1
PATIENCE_S = 7_200.0
"""Virtual time in which a process does something, beyond what a call takes; clocks jump by less."""
LIVES_SPARE = 8
LAST_EPOCH = 1 << 62
"""Above the epoch of every owner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What is certified: a plan, its inputs, the answers that its actions get.

    What was made up for a path is remembered in `made_up`: it is the same in every course.
    """

    plan: Plan
    inputs: Mapping[str, Json]
    answers: Answers
    made_up: dict[Path, Json] = field(default_factory=dict)


def play(setting: Setting, course: Course, *, reference: Played | None = None) -> Played:
    """Take a course of events to its end, and say what was wrong.

    Args:
        setting: what is certified.
        course: what goes wrong.
        reference: what it must end like, unless time that passed is a reason for another end.
    """
    if course.repeated is not None and reference is not None:
        return repeated(course, reference.entries)
    taken = _Play(setting, course)
    run_virtual(taken.to_the_end())
    if reference is not None:
        compare(taken.played, reference)
    return taken.played


@final
class _Play:
    """One run through as many processes as it takes."""

    def __init__(self, setting: Setting, course: Course) -> None:
        self.played = Played(course=course)
        self._setting = setting
        self._course = course
        self._actions = actions_of(setting.plan)
        # However busy this machine is, a transaction takes no time here.
        self._store = MemoryStore(now_s=lambda: 0.0)
        self._stage = Stage(setting.plan, setting.answers, course, made_up=setting.made_up)
        self._stage.watch = self._pass
        self._journal = Journal(self._store, RUN, setting.plan)
        self._clock = JumpingClock(VirtualClock())
        self._lives = Lives(
            self._store, self._stage, clock=self._clock, ids=CountingIds(), mourning_s=MOURNING_S
        )
        self._persons = Persons(
            plan=setting.plan,
            answers=setting.answers,
            outside=self._stage.outside,
            run=RUN,
            echo=course.echo,
        )
        self._runtime: Runtime | None = None
        self._deciding: asyncio.Future[RunResult] | None = None
        self._moments_in_life = 0
        self._life = 0

    async def to_the_end(self) -> None:
        """Take the course; `played` says what came of it."""
        played = self.played
        try:
            played.result = await self._live_on()
        except TimeoutError:
            self._tell("recovery does not end: the run waits for what will never come")
        except (InterlockError, AssertionError) as error:
            self._tell(f"{type(error).__name__}: {error}")
        played.entries = self._journal.read().entries
        played.calls = self._stage.calls
        if played.result is not None:
            self._check_end(played.result)

    async def _live_on(self) -> RunResult:
        act: Act | None = self._begin()
        result: RunResult | None = None
        while act is not None:
            self._check_progress()
            result = await self._patiently(self._one_life(act))
            if result is not None:
                self._tell(*at_rest(self._journal.read(), result))
            act = await self._next(result)
        assert result is not None
        return result

    async def _patiently(self, life: Coroutine[None, None, RunResult | None]) -> RunResult | None:
        """Let a process go on as long as something becomes durable now and then.

        Raises:
            TimeoutError: nothing did, for longer than anything may take.
        """
        patience_s = PATIENCE_S + _call_s_max(self._setting.plan)
        task = asyncio.ensure_future(life)
        known = -1
        while not task.done():
            if known == (known := len(self._journal.read().entries)):
                task.cancel()
                await asyncio.wait({task})
                raise TimeoutError
            await asyncio.wait({task}, timeout=patience_s)
        return task.result()

    def _check_progress(self) -> None:
        """Fail when processes come and go, and nothing happens.

        Raises:
            IllegalTransition: it looks as if that would go on for ever.
        """
        events = [entry.event for entry in self._journal.read().entries]
        recoveries = sum(isinstance(event, RunRecovered) for event in events)
        if self._life > LIVES_SPARE + 3 * (len(events) - recoveries):
            raise IllegalTransition(f"recovery does not end: {self._life} processes tried")

    async def _one_life(self, act: Act) -> RunResult | None:
        """Let one process live; None when it died, or lost the run to another one."""
        self._life += 1
        self._moments_in_life = 0
        crash = next((point for life, point in self._course.crashes if life == self._life), None)

        async def order(runtime: Runtime) -> RunResult:
            self._runtime = runtime
            return await act(runtime)

        life = await self._lives.live(order, crash=crash)
        self._runtime = None
        await self._decided()
        self.played.lives.append(life)
        if life.went_on:
            self._tell(f"process {self._life} went on appending after it had lost its lease")
        if life.result is None or life.result.status == "running":
            self.played.died += 1
            self._stage.remember(self._journal.read().answered())
            return None
        return life.result

    def _begin(self) -> Act:
        plan, inputs = self._setting.plan, self._setting.inputs
        deadline_ms = None
        if self._course.decided is not None and self._course.decided[1] == "deadline":
            deadline_ms = self._course.decided[0]
        return lambda runtime: runtime.run(plan, inputs, run=RUN, deadline_ms=deadline_ms)

    async def _next(self, result: RunResult | None) -> Act | None:
        """What the next process does; None when the run has come to its end."""
        if self._store.head(RUN) is None:
            return self._begin()
        if result is None:
            return lambda runtime: runtime.resume(RUN)
        journal = self._journal.read()
        if result.status not in OPEN:
            return self._persons.reopen() if self._is_to_be_reopened(result) else None
        due = self._occasion()
        if due is not None:
            path = min((*journal.asleep, *result.in_doubt), default=Path(""))
            if path or due != "cancel_node":
                return self._persons.interfere(due, path, whole=self._is_whole)
        return await self._persons.act(result, journal, now_ms=self._clock.now_ms())

    def _is_to_be_reopened(self, result: RunResult) -> bool:
        wanted = self._course.decided is not None and self._course.decided[1] == "reopen"
        events = [entry.event for entry in self._journal.entries]
        done = any(isinstance(event, RunReopened) for event in events)
        return wanted and result.status != "succeeded" and not done

    # --- moments

    async def _pass(self, moment: Moment) -> None:
        """Look at a moment: what is sent must be intended, in the journal."""
        self._moments_in_life += 1
        due = self._occasion()
        if due is not None and self._runtime is not None:
            act = self._persons.interfere(due, Path(moment.label), whole=self._is_whole)
            self._deciding = asyncio.ensure_future(act(self._runtime))
        manifest = self._actions.get(moment.action)
        if moment.point != "called" or manifest is None:
            return
        if manifest.effect == "write":
            self.played.requests.append((self._life, self._moments_in_life))
        if not manifest.runs_ahead:
            self._journal.read()
            if (moment.key, moment.attempt_no) not in self._journal.intents:
                what = f"attempt {moment.attempt_no} of `{moment.label}` ({moment.action})"
                self._tell(f"{what} was sent before its intent was durable")

    def _occasion(self) -> Decided | None:
        """Count an occasion: the clock may jump, and somebody may decide something."""
        self.played.occasions += 1
        number, jump, decided = self.played.occasions, self._course.jump, self._course.decided
        if jump is not None and jump[0] == number:
            self._clock.jump(jump[1])
        is_due = decided is not None and decided[1] != "deadline" and decided[0] == number
        return decided[1] if decided is not None and is_due else None

    @property
    def _is_whole(self) -> bool:
        """Whether cancelling a node is about the outermost one: of every other course."""
        return self._course.number % 2 == 0

    async def _decided(self) -> None:
        """Hear what became of a decision; that it came too late, or nobody took it, is no news."""
        deciding, self._deciding = self._deciding, None
        if deciding is None:
            return
        try:
            await deciding
        except (StoreError, RunNotFound, RunNotResumable):
            pass
        except InterlockError as error:
            self._tell(f"a decision was refused: {error}")

    # --- what must hold

    def _check_end(self, result: RunResult) -> None:
        effects = self._stage.outside.effects
        effects.update(self._committed())
        self._tell(*at_end(self._journal, result), *of_writes(self._journal, effects))
        self._tell(*of_actors(self._journal.entries))
        if self._store.inbox(run=RUN):
            self._tell("a decision was acknowledged, and nobody took it")

    def _committed(self) -> Counter[str]:
        """Count what took place in the database of the journal itself."""
        found: Counter[str] = Counter()

        def look(database: Database) -> Sequence[Record]:
            found.update(effects_in(database))
            return ()

        if any(one.transactional for one in self._actions.values()):
            self._store.transact(RUN, LAST_EPOCH, look)
        return found

    def _tell(self, *problems: str) -> None:
        self.played.problems += [one for one in problems if one not in self.played.problems]


def _call_s_max(plan: Plan) -> float:
    """How long a process may wait for one call: for its time, its answer, and its probe."""
    spans = [2 * node.timeout_ms + node.retry.delay_max_ms for node in every_node(plan).values()]
    return max(spans, default=0) / 1000
