"""The persons and systems outside: they look at the simulated world, and decide by it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias, final

from interlock.errors import RunNotResumable
from interlock.journal import GateDecided, GateOpened, Principal, SignalReceived
from interlock.plan import Plan
from interlock.runtime import RunResult, Runtime
from interlock.testing.certifying.answers import APPROVED, NOBODY, Answers
from interlock.testing.certifying.courses import Decided
from interlock.testing.certifying.outside import Outside
from interlock.testing.certifying.places import node_at
from interlock.testing.certifying.reading import Journal, Sent
from interlock.values import Path, RunId, paths

Act: TypeAlias = Callable[[Runtime], Awaitable[RunResult]]
"""What a process is to do."""
PERSON = "certify"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Persons:
    """Who decides while a run waits for somebody; with `echo`, they say everything twice."""

    plan: Plan
    answers: Answers
    outside: Outside
    run: RunId
    echo: bool = False

    async def act(self, result: RunResult, journal: Journal, *, now_ms: int) -> Act | None:
        """Say what the next process is to do for a run that rests; None when nobody will do more.

        Of a write in doubt the truth is told, once nothing of it can be under way any more. When
        nobody has anything to say, the next time that the run waits for comes.
        """
        if result.in_doubt:
            await self.outside.settle()
            sent = journal.in_doubt().get(result.in_doubt[0])
            return self._said(self._resolve(sent)) if sent is not None else None
        if result.status == "paused":
            return self._said(lambda runtime: runtime.unpause(self.run, actor=PERSON))
        for path in sorted(journal.asleep):
            act = self._answer(path, journal)
            if act is not None:
                return self._said(act)
        due_ms = journal.due_ms()
        if due_ms is None:
            return None
        await asyncio.sleep(max(0, due_ms - now_ms) / 1000)
        return lambda runtime: runtime.resume(self.run)

    def interfere(self, what: Decided, path: Path, *, whole: bool) -> Act:
        """Decide something that the graph knows nothing of; too late, it changes nothing.

        Args:
            what: what is decided.
            path: what goes on at the moment.
            whole: whether all that goes on around it is meant, when a node is.
        """
        run = self.run
        node = Path(paths.parse(path)[0].node) if whole else path

        async def decided(runtime: Runtime) -> RunResult:
            try:
                match what:
                    case "pause":
                        return await runtime.pause(run, actor=PERSON)
                    case "cancel_node":
                        return await runtime.cancel_node(run, node, actor=PERSON)
                    case _:
                        return await runtime.cancel(run, undo=what == "undo", actor=PERSON)
            except RunNotResumable:
                return await runtime.resume(run)

        return decided

    def reopen(self) -> Act:
        """Open a run again that has ended."""
        return self._said(lambda runtime: runtime.reopen(self.run, actor=PERSON))

    def _resolve(self, sent: Sent) -> Act:
        run, took_place = self.run, self.outside.took_place(sent.key)
        output = self.outside.find(sent.key)
        return lambda runtime: runtime.resolve(
            run,
            sent.path,
            "succeeded" if took_place else "retry",
            output=output,
            actor=PERSON,
            reason="looked at the simulated world",
        )

    def _answer(self, path: Path, journal: Journal) -> Act | None:
        """What is said at a gate, or sent to a wait; nothing where nobody comes."""
        opened = journal.asleep[path]
        if isinstance(opened, GateOpened):
            number = 1 + journal.count(GateDecided, path)
            answer = self.answers.find(path, None, number) or APPROVED
            # An application has checked who the first one is, and nobody who the others are.
            others = len(journal.approvers(path))
            method = None if others else PERSON
            actor = Principal(name=f"{PERSON}-{1 + others}", authenticated_by=method)
            if answer == NOBODY:
                return None
            if answer == APPROVED:
                return lambda runtime: runtime.approve(self.run, path, actor=actor)
            return lambda runtime: runtime.reject(self.run, path, actor=actor)
        name = opened.signal
        answer = self.answers.find(path, None, 1 + journal.count(SignalReceived, path))
        if name is None or answer == NOBODY:
            return None
        node = node_at(self.plan, path)
        made_up = self.answers.examples.payload(path, node) if node is not None else None
        payload = answer.value if answer is not None else made_up
        return lambda runtime: runtime.signal(self.run, name, payload, path=path, actor=PERSON)

    def _said(self, act: Act) -> Act:
        return partial(_twice, act) if self.echo else act


async def _twice(act: Act, runtime: Runtime) -> RunResult:
    """Do something twice at a time; one of both may come too late."""
    found = await asyncio.gather(act(runtime), act(runtime), return_exceptions=True)
    problems = [one for one in found if isinstance(one, BaseException)]
    for problem in problems:
        if not isinstance(problem, RunNotResumable) or len(problems) == len(found):
            raise problem
    return next(one for one in found if isinstance(one, RunResult))
