"""The persons and systems outside: they look at the simulated world, and decide by it."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias, final

from interlock.engine import State
from interlock.plan import Plan
from interlock.runtime import RunResult, Runtime
from interlock.testing.certifying.answers import Answers
from interlock.testing.certifying.outside import Outside
from interlock.testing.certifying.reading import Journal, Sent
from interlock.values import RunId

Act: TypeAlias = Callable[[Runtime], Awaitable[RunResult]]
PERSON = "certify"


@final
class Persons:
    """Who decides while a run waits for somebody."""

    def __init__(self, plan: Plan, answers: Answers, *, outside: Outside, run: RunId) -> None:
        self._plan = plan
        self._answers = answers
        self._outside = outside
        self._run = run

    async def act(self, state: State, journal: Journal, *, now_ms: int) -> Act | None:
        """Say what the next process is to do for a run that rests; None when nobody will do more.

        Of a write in doubt the truth is told, once nothing of it can be under way any more.
        """
        del now_ms
        if state.in_doubt:
            await self._outside.settle()
            return self._resolve(journal.in_doubt()[min(state.in_doubt)])
        return None

    def _resolve(self, sent: Sent) -> Act:
        run, took_place = self._run, self._outside.took_place(sent.key)
        output = self._outside.find(sent.key)
        return lambda runtime: runtime.resolve(
            run,
            sent.path,
            "succeeded" if took_place else "retry",
            output=output,
            actor=PERSON,
            reason="looked at the simulated world",
        )
