"""Upgrades in flight: what a run was compiled from, held against what is there now.

A run carries its graph and the digests of the actions that it was compiled with. When the code has
changed, the graph is compiled again with what is registered now. A new version of the graph is
taken only where a person names it: else the run keeps the one that it was started with. Nodes that
have begun have to be the same in both plans, or a person has to say that they count all the same.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, Self, TypeAlias, get_args

from interlock.actions import Manifest, Registry
from interlock.engine import Difference, State, differences
from interlock.errors import (
    Diagnostic,
    DocumentInvalid,
    InterlockError,
    RunNotResumable,
    UsageError,
)
from interlock.journal import Actor, RunMigrated, RunReopened, Who, principal_of
from interlock.plan import Plan, compile as compile_graph
from interlock.runtime.arguments import expect_one_of
from interlock.values import RunId, immutable

if TYPE_CHECKING:
    from interlock.graph import AnyGraphFunction, Graph

Verdict: TypeAlias = Literal["same", "compatible", "different", "refused"]
OnChange: TypeAlias = Literal["check", "pin", "migrate"]
"""What to do when what was executed has changed: refuse, go on as it was, or let it count."""


class RunChanged(InterlockError):
    """What a run has executed is not what is there now."""

    code = "IL7022"


@immutable()
class Change:
    """How a run goes on where something has changed.

    Attributes:
        how: what to do when it was executed.
        graph: the version of its graph to go on with; None: the one that it has.
        by: who has chosen; None: nobody had to.
        reopened: opens it again, if it has ended without success.
    """

    how: OnChange = "check"
    graph: "AnyGraphFunction | Graph | None" = None
    by: Actor | None = None
    reopened: RunReopened | None = None

    @classmethod
    def of(
        cls, how: OnChange, graph: "AnyGraphFunction | Graph | Plan | None", actor: Who | None
    ) -> Self:
        """Check what was chosen.

        Raises:
            UsageError: the old plan and another graph, or there is no such choice.
        """
        expect_one_of(how, get_args(OnChange), name="on_change")
        if how == "pin" and graph is not None:
            raise UsageError(
                "a run that is pinned keeps the graph that it has", hint="leave one of them out"
            )
        by = principal_of(actor).actor if actor is not None else None
        return cls(how=how, graph=graph.graph if isinstance(graph, Plan) else graph, by=by)

    @property
    def is_wanted(self) -> bool:
        """Whether the run is to get another plan even where nothing of it is due."""
        return self.how == "migrate" or self.graph is not None

    def opens(self, state: State) -> bool:
        """Whether a run that has ended is opened again by what was chosen.

        Raises:
            RunNotResumable: it has not ended, or has succeeded.
        """
        if self.reopened is not None and state.status in (None, "succeeded"):
            told, hint = "has succeeded", f"see `interlock show {state.run}`"
            if state.status is None:
                told, hint = "has not ended", f"`interlock resume {state.run}` goes on with it"
            raise RunNotResumable(f"run {state.run}: it {told}", hint=hint)
        return self.reopened is not None

    def check_at_rest(self, run: RunId) -> None:
        """Refuse another graph for a run that goes on here.

        Raises:
            RunNotResumable: one was given.
        """
        if self.graph is not None:
            raise RunNotResumable(
                f"run {run} goes on now: it takes another version of its graph when it is taken up",
                hint="pause the run or drain its process first",
            )


@immutable()
class Upgrade:
    """What changed code means for a run.

    Attributes:
        verdict: `same`: nothing that the run uses has changed. `compatible`: what has not begun has
            changed; the run can go on with it. `different`: something that was executed has
            changed, too. `refused`: the graph does not compile any more.
        plan: the graph compiled with the code that is there now; None when it is refused.
        actions: the actions that have changed, by name.
        differences: what was executed and is different now.
        diagnostics: why the graph is refused.
        missing: actions of the run that are not registered any more: without them it cannot go on.
    """

    verdict: Verdict
    plan: Plan | None
    actions: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def is_open_to_person(self) -> bool:
        """Whether a person may let what was executed count, though it is different now."""
        return self.plan is not None and all(one.acceptable for one in self.differences)

    def event(self) -> RunMigrated | None:
        """The event with which the run goes on under the new plan; None when there is none."""
        if self.plan is None or self.verdict == "same":
            return None
        return RunMigrated(
            plan=self.plan.digest,
            document=self.plan.document,
            manifests=self.plan.manifests,
            accepted=tuple(one.path for one in self.differences),
        )


def examine(
    state: State, registry: Registry, *, graph: "AnyGraphFunction | Graph | None" = None
) -> Upgrade:
    """Compare a run with the code that is registered now, or with another graph, too."""
    # A run that has ended may have been given one already, by a process that ended in between.
    pinned = state.next_plan or state.plan
    changed = _changed(pinned.actions, registry)
    if not changed and graph is None:
        return Upgrade(verdict="same", plan=pinned)
    try:
        plan = compile_graph(graph or pinned.graph, registry, limits=pinned.limits)
    except DocumentInvalid as error:
        diagnostics = tuple(one for one in error.diagnostics if one.severity == "error")
        missing = tuple(name for name in changed if name not in registry)
        return Upgrade(
            verdict="refused",
            plan=None,
            actions=changed,
            diagnostics=diagnostics,
            missing=missing,
        )
    if plan.digest == pinned.digest:
        return Upgrade(verdict="same", plan=plan)
    found = differences(state, plan)
    verdict: Verdict = "different" if found else "compatible"
    return Upgrade(verdict=verdict, plan=plan, actions=changed, differences=found)


def _changed(pinned: Mapping[str, Manifest], registry: Registry) -> tuple[str, ...]:
    """The pinned actions that are registered with another digest, or not at all."""
    there = {name: registry.manifests.get(name) for name in pinned}
    return tuple(
        sorted(
            name
            for name, manifest in pinned.items()
            if (now := there[name]) is None or now.digest != manifest.digest
        )
    )


def migration(
    state: State, registry: Registry, change: Change, *, is_due: bool
) -> RunMigrated | None:
    """Decide how a run goes on: None under the plan that it has.

    Where nothing of it is due, it may get another plan, if that is wanted and it has not ended.

    Raises:
        RunChanged: what was executed has changed, and nobody said what to do about it.
        DocumentInvalid: the graph that was given does not compile.
        UsageError: it is another graph, not another version.
        RunNotResumable: a graph was given, and the run has ended.
    """
    if state.status == "succeeded" or (state.status is not None and not is_due):
        _check_keeps(state, change)
        return None
    if change.how == "pin" or not (is_due or change.is_wanted):
        return None
    found = examine(state, registry, graph=change.graph)
    if change.graph is not None:
        _check_graph(state, found)
    is_accepted = change.how == "migrate" and found.is_open_to_person
    if found.verdict in ("same", "compatible") or is_accepted:
        return found.event()
    raise RunChanged(f"run {state.run}: {_told(found)}", hint=_way_on(state, found, change))


def _check_keeps(state: State, change: Change) -> None:
    if change.graph is not None:
        look = f"`interlock show {state.run}` tells how it ended"
        again = f"`interlock retry {state.run} --graph GRAPH` opens it again, with that version"
        raise RunNotResumable(
            f"run {state.run} has ended: it takes no other version of its graph",
            hint=look if state.status == "succeeded" else again,
        )


def _check_graph(state: State, found: Upgrade) -> None:
    if found.plan is None:
        raise DocumentInvalid(found.diagnostics)
    if found.plan.name != state.plan.name:
        raise UsageError(
            f"run {state.run} is of graph `{state.plan.name}`, and not of `{found.plan.name}`",
            hint=f"give a version of `{state.plan.name}`; listings and holds know it by that name",
        )


def _way_on(state: State, found: Upgrade, change: Change) -> str:
    if found.missing:
        return f"put back what the run needs: {', '.join(f'`{name}`' for name in found.missing)}"
    if change.graph is not None:
        stay = "without another graph, the run goes on with the one that it has"
        more = "; `--migrate` takes the new one, where what was executed counts"
        return stay + (more if found.is_open_to_person else "")
    pin = f"`interlock resume {state.run} --pin` goes on with the plan that the run has"
    if not found.is_open_to_person:
        return pin
    return f"{pin}, `--migrate` with the new one, where what was executed counts"


def _told(found: Upgrade) -> str:
    if found.verdict == "refused":
        first = found.diagnostics[0]
        return f"its graph does not compile any more: {first.code} {first.message}"
    told = "; ".join(one.told for one in found.differences)
    return f"what it has executed is different now: {told}"
