"""What persons and programs outside may decide about a run of a runtime."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from interlock.engine import State
from interlock.errors import UsageError
from interlock.journal import (
    RunCancelled,
    RunPaused,
    RunReopened,
    RunUnpaused,
    SignalReceived,
    Value,
    Verdict,
    Who,
)
from interlock.runtime.arguments import checked_reason, expect, expect_path, expect_run
from interlock.runtime.deciding import Decision, gate_decided, node_cancelled, node_resolved
from interlock.runtime.driving import Observer
from interlock.runtime.owning import Change, OnChange
from interlock.runtime.results import RunResult
from interlock.values import Digest, Json, Path, RunId, paths

if TYPE_CHECKING:
    from interlock.graph import AnyGraphFunction, Graph
    from interlock.plan import Plan


class Decisions(ABC):
    """Decisions about runs: each is checked, made durable, and taken by whoever owns the run.

    All of them raise `RunNotResumable` when they make no sense where the run stands, and
    `RunNotFound`; those about gates raise `NotAllowed`. Once it is durable, a decision is never
    lost. When another process drives the run, that one takes it, and the result says `running`;
    else the run goes on here, and the result is what `Runtime.resume` gives. One that comes too
    late all the same, since the run went on in between, changes nothing.
    """

    @abstractmethod
    async def decide(
        self,
        run: RunId,
        decision: Callable[[State], Decision],
        *,
        actor: Who,
        observer: Observer | None = None,
    ) -> RunResult:
        """Decide something that depends on where the run stands.

        Args:
            run: the run.
            decision: gives the decision; it may refuse.
            actor: who decides; a plain name is one that nobody has authenticated.
            observer: is shown committed events, if the run goes on here.
        """
        ...

    async def approve(
        self,
        run: RunId,
        path: Path,
        *,
        binding: Digest | None = None,
        actor: Who = "local",
        reason: str = "",
        observer: Observer | None = None,
    ) -> RunResult:
        """Approve what an open gate asks; with `binding`, only if it still asks that."""
        decision = partial(
            gate_decided, path=path, verdict="approved", binding=binding, reason=reason
        )
        return await self.decide(run, decision, actor=actor, observer=observer)

    async def reject(
        self,
        run: RunId,
        path: Path,
        *,
        binding: Digest | None = None,
        actor: Who = "local",
        reason: str = "",
        observer: Observer | None = None,
    ) -> RunResult:
        """Reject what an open gate asks; with `binding`, only if it still asks that."""
        decision = partial(
            gate_decided, path=path, verdict="rejected", binding=binding, reason=reason
        )
        return await self.decide(run, decision, actor=actor, observer=observer)

    async def signal(
        self,
        run: RunId,
        name: str,
        payload: Json = None,
        *,
        path: Path | None = None,
        actor: Who = "local",
        observer: Observer | None = None,
    ) -> RunResult:
        """Send a signal to the wait at `path`, or to any that waits for one of this name.

        One that nobody waits for yet is kept for the first that will.
        """
        expect(name, str, name="name", hint="the name of a signal is text")
        if path is not None:
            expect_path(path)
        event = SignalReceived(path=path or paths.ROOT, name=name, payload=Value.of(payload))
        return await self.decide(run, lambda _: event, actor=actor, observer=observer)

    async def cancel(
        self,
        run: RunId,
        *,
        reason: str = "",
        undo: bool = False,
        actor: Who = "local",
        observer: Observer | None = None,
    ) -> RunResult:
        """Cancel a run; with `undo`, what it did is undone, where that is declared."""
        expect(undo, bool, name="undo", hint="True or False")
        event = RunCancelled(reason=checked_reason(reason), undo=undo)
        return await self.decide(run, lambda _: event, actor=actor, observer=observer)

    async def cancel_node(
        self,
        run: RunId,
        path: Path,
        *,
        reason: str = "",
        actor: Who = "local",
        observer: Observer | None = None,
    ) -> RunResult:
        """Cancel a node that has not settled, or an item or a turn of one, and all inside it."""
        decision = partial(node_cancelled, path=path, reason=reason)
        return await self.decide(run, decision, actor=actor, observer=observer)

    async def pause(
        self,
        run: RunId,
        *,
        reason: str = "",
        actor: Who = "local",
        observer: Observer | None = None,
    ) -> RunResult:
        """Let what is under way end, and start nothing new until the run is unpaused."""
        event = RunPaused(reason=checked_reason(reason))
        return await self.decide(run, lambda _: event, actor=actor, observer=observer)

    async def unpause(
        self, run: RunId, *, actor: Who = "local", observer: Observer | None = None
    ) -> RunResult:
        """Go on with a run that was paused."""
        return await self.decide(run, lambda _: RunUnpaused(), actor=actor, observer=observer)

    async def reopen(
        self,
        run: RunId,
        *,
        reason: str = "",
        graph: "AnyGraphFunction | Graph | Plan | None" = None,
        on_change: OnChange = "check",
        actor: Who = "local",
        observer: Observer | None = None,
    ) -> RunResult:
        """Go on with a run that ended without success, from where it failed.

        It may do so with a new version of its `graph`, as in `Runtime.resume`: then what was
        executed and is not executed again has to be the same in it, and `on_change` may say that it
        counts all the same. Refused, nothing was decided.

        Raises:
            RunChanged, DocumentInvalid: the run stays as it is.
            UsageError: `on_change` says something, and no graph was given.
        """
        event = RunReopened(reason=checked_reason(reason))
        if graph is None:
            if on_change != "check":
                raise UsageError("`on_change` is about a new `graph`", hint="give one, or neither")
            return await self.decide(run, lambda _: event, actor=actor, observer=observer)
        expect_run(run)
        change = replace(Change.of(on_change, graph, actor), reopened=event)
        return await self._take_up(run, change, observer=observer)

    @abstractmethod
    async def _take_up(
        self, run: RunId, change: Change, *, observer: Observer | None
    ) -> RunResult: ...

    async def resolve(
        self,
        run: RunId,
        path: Path,
        verdict: Verdict,
        *,
        output: Json = None,
        actor: Who = "local",
        reason: str = "",
        observer: Observer | None = None,
    ) -> RunResult:
        """Say what became of a write in doubt.

        It `succeeded`, with `output`; it `failed`; or it did not happen: `retry` sends it again.
        With `ask`, the probe of its action is asked again, which says so itself or leaves it in
        doubt.

        Raises:
            UsageError: the action declares no probe; or it cannot have returned the output.
        """
        decision = partial(node_resolved, path=path, verdict=verdict, output=output, reason=reason)
        return await self.decide(run, decision, actor=actor, observer=observer)
