"""Upgrades in flight: what a run was compiled from, held against the code that is there now.

A run carries the digests of the actions that it was compiled with. When the code has changed, its
graph is compiled again with what is registered now; nodes that have begun have to be the same in
both plans, or a person has to say that they count all the same.
"""

from collections.abc import Mapping
from typing import Literal, TypeAlias

from interlock.actions import Manifest, Registry
from interlock.engine import Difference, State, differences
from interlock.errors import Diagnostic, DocumentInvalid, InterlockError
from interlock.graph import Graph
from interlock.journal import RunMigrated
from interlock.plan import Plan, compile as compile_graph
from interlock.values import immutable

Verdict: TypeAlias = Literal["same", "compatible", "different", "refused"]
OnChange: TypeAlias = Literal["check", "pin", "migrate"]
"""What to do when what was executed has changed: refuse, go on as it was, or let it count."""


class RunChanged(InterlockError):
    """The code of what a run has executed is not the code that is there now."""

    code = "IL7022"


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


def examine(state: State, registry: Registry, *, graph: Graph | None = None) -> Upgrade:
    """Compare a run with the code that is registered now, or with another graph, too."""
    changed = _changed(state.plan.actions, registry)
    if not changed and graph is None:
        return Upgrade(verdict="same", plan=state.plan)
    try:
        plan = compile_graph(graph or state.plan.graph, registry, limits=state.plan.limits)
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
    if plan.digest == state.plan.digest:
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


def migration(state: State, registry: Registry, how: OnChange) -> RunMigrated | None:
    """Decide how a run goes on: None under the plan that it has.

    Raises:
        RunChanged: what was executed has changed, and `how` does not say what to do about it.
    """
    if how == "pin":
        return None
    found = examine(state, registry)
    if found.verdict in ("same", "compatible") or (how == "migrate" and found.is_open_to_person):
        return found.event()
    raise RunChanged(f"run {state.run}: {_told(found)}", hint=_way_on(state, found))


def _way_on(state: State, found: Upgrade) -> str:
    if found.missing:
        return f"put back what the run needs: {', '.join(f'`{name}`' for name in found.missing)}"
    pin = f"`interlock resume {state.run} --pin` goes on with the plan that the run has"
    if not found.is_open_to_person:
        return pin
    return f"{pin}, `--migrate` with the new one, where what was executed counts"


def _told(found: Upgrade) -> str:
    if found.verdict == "refused":
        first = found.diagnostics[0]
        return f"its graph does not compile any more: {first.code} {first.message}"
    told = "; ".join(f"`{one.path}` {one.what}" for one in found.differences)
    return f"what it has executed is different now: {told}"
