"""One run through as many processes as it takes, and what must hold at each of its ends."""

from collections.abc import Mapping

from interlock.engine import State
from interlock.journal import AttemptStarted, Verdict
from interlock.plan import Plan
from interlock.runtime import RunResult, Runtime
from interlock.store import open_store
from interlock.testing import (
    CountingIds,
    CrashPoint,
    Lives,
    VirtualClock,
    World,
    answer_to,
)
from interlock.values import Json, Path, RunId
from sim.checking import (
    ONCE,
    action_of,
    arguments_of,
    check_effects,
    check_sound,
    entries_of,
    in_doubt,
    intent_watcher,
    lost,
)

RUN = RunId("01JDK70000000000000000000A")


class Story:
    """One run through as many processes as it takes."""

    def __init__(
        self, plan: Plan, inputs: Mapping[str, Json], *, world: World, live: dict[RunId, State]
    ) -> None:
        self.plan = plan
        self.inputs = inputs
        self.live = live
        self.store = open_store("memory:")
        self.world = world
        self.labels: dict[str, Path] = {}
        self.world.watch = intent_watcher(self.store, RUN, self.labels)
        self.lives = Lives(self.store, self.world, clock=VirtualClock(), ids=CountingIds())

    async def go_on(self, runtime: Runtime) -> RunResult:
        if self.store.head(RUN) is None:
            return await runtime.run(self.plan, self.inputs, run=RUN)
        return await runtime.resume(RUN)

    async def tell(self, *crashes: CrashPoint) -> RunResult:
        """Die at each crash point, one process after the other; then live to the end."""
        for crash in crashes:
            life = await self.lives.live(self.go_on, crash=crash)
            if life.result is not None:
                break
        self.check_journal()
        expected = self.doubtful()
        result = (await self.lives.live(self.go_on)).result
        assert result is not None
        self.check_journal()
        assert set(result.in_doubt) == expected
        assert (result.status == "in_doubt") == bool(expected)
        return result

    def doubtful(self) -> set[Path]:
        """Where the run must be in doubt once it is taken up."""
        entries = entries_of(self.store, RUN)
        return in_doubt(entries) | {
            path for path in lost(entries) if action_of(self.plan, path) in ONCE
        }

    def check_journal(self) -> None:
        if entries_of(self.store, RUN):
            check_sound(self.store, RUN, self.live.get(RUN) if self.is_settled() else None)

    def check_effects(self, *, succeeded: bool) -> None:
        check_effects(self.world, self.plan, self.labels, succeeded=succeeded)

    def is_settled(self) -> bool:
        head = self.store.head(RUN)
        return head is not None and head.status in ("succeeded", "failed")

    async def resolve_all(self, result: RunResult) -> tuple[RunResult, bool]:
        """Let a person look at the receiver, and say what is there."""
        all_applied = True
        while result.status == "in_doubt":
            path = result.in_doubt[0]
            label, values = self.arguments(path)
            applied = self.world.receiver.effects[label] > 0
            all_applied = all_applied and applied
            verdict: Verdict = "succeeded" if applied else "failed"
            answer = answer_to(label, values) if applied else None

            async def resolve(runtime: Runtime) -> RunResult:
                return await runtime.resolve(RUN, path, verdict, output=answer)  # noqa: B023

            found = (await self.lives.live(resolve)).result
            assert found is not None
            result = found
        return result, all_applied

    def arguments(self, path: Path) -> tuple[str, list[int]]:
        intents = (entry.event for entry in entries_of(self.store, RUN))
        return next(
            arguments_of(intent)
            for intent in intents
            if isinstance(intent, AttemptStarted) and intent.path == path
        )
