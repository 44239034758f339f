"""Deciding about a run from the command line: find it, decide, go on with it, say how it stands."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from interlock.cli.project.apps import load_registry
from interlock.cli.project.limits import project_limits
from interlock.cli.project.notifying import project_notify
from interlock.cli.project.pyproject import find_project
from interlock.cli.project.sources import Compiled
from interlock.cli.project.stores import Place, existing, find_run_to_go_on
from interlock.cli.running.driving import Stage, check_actions, conclude, drive
from interlock.cli.terminal.console import err
from interlock.cli.terminal.exits import Exit
from interlock.cli.views.heard import Decided, Heard
from interlock.cli.views.nodeview import check_node
from interlock.journal import Entry, RunStatus
from interlock.plan import Plan
from interlock.replay import current_plan
from interlock.runtime import Observer, RunChanged, RunResult, Runtime, read_entries
from interlock.values import Path, RunId, paths

KEPT = "kept: the process that drives the run takes it"
"""What is said of a decision about a run that another process drives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is decided about: a run, and a node of it if one was named; the root otherwise."""

    run: RunId
    path: Path
    plan: Plan
    entries: list[Entry]


Decision: TypeAlias = Callable[[Runtime, Subject, Observer], Awaitable[RunResult]]
Check: TypeAlias = Callable[[Subject], None]


def decide(
    run: str,
    decision: Decision,
    *,
    place: Place,
    as_json: bool,
    node: str | None = None,
    check: Check | None = None,
    heard: Heard | None = None,
    aim: RunStatus | None = None,
    version: Compiled | None = None,
) -> int:
    """Decide something about a run, and go on with it here, unless another process drives it.

    The decision is durable before anything comes of it. `check` may refuse it first, and `heard`
    says what came of it. A `version` of its graph that the run is to have brings its actions.
    Returns the exit code: that of success where the run has come to its `aim`, since that is what
    was asked for.

    Raises:
        RunNotResumable: the decision makes no sense where the run stands.
        RunNotFound, UsageError, StoreUnusable
    """
    project = find_project()
    registry = version.registry if version is not None else load_registry(project, place.app)
    limits = project_limits(project, registry)
    with existing(place.store, app=place.app) as journal:
        head = find_run_to_go_on(journal.store, run)
        entries = list(read_entries(journal.store, head.run))
        plan = current_plan(entries)
        subject = Subject(run=head.run, path=paths.ROOT, plan=plan, entries=entries)
        if node is not None:
            subject = _about_node(subject, node)
        if version is None:
            check_actions(plan, registry, is_pinned=False)
        if check is not None:
            check(subject)
        stage = Stage(
            plan=plan,
            registry=registry,
            journal=journal,
            limits=limits,
            notify=project_notify(project, journal),
        )
        try:
            result = drive(
                stage,
                lambda runtime, observer: decision(runtime, subject, observer),
                run=head.run,
                past=entries,
            )
        except RunChanged as error:
            if version is None:
                error.add_note("The decision is kept, and counts if that is still asked then")
            raise
        if heard is not None and result.status != "running":
            after = list(read_entries(journal.store, head.run))[len(entries) :]
            decided = Decided(plan=plan, before=entries, after=after, roles=journal.roles)
            if told := heard(decided):
                err(told)
        if result.status == "running":
            err(KEPT)
        code = conclude(stage, result, as_json=as_json)
        # Another process drives it: what was asked of this one is done.
        return Exit.OK if result.status in ("running", aim) else code


def _about_node(subject: Subject, told: str) -> Subject:
    """Name a node of the run.

    Raises:
        UsageError: the run has none such; says which one may be meant.
    """
    path = Path(told)
    paths.parse(path)
    check_node(subject.run, path, plan=subject.plan, entries=subject.entries)
    return Subject(run=subject.run, path=path, plan=subject.plan, entries=subject.entries)
