"""`interlock resume`: go on with a run."""

from collections.abc import Iterable

import click

from interlock.cli.project.apps import load_registry
from interlock.cli.project.limits import project_limits
from interlock.cli.project.notifying import project_notify
from interlock.cli.project.pyproject import find_project
from interlock.cli.project.sources import compile_argument
from interlock.cli.project.stores import LAST, Journal, existing, find_run_to_go_on
from interlock.cli.running.deciding import KEPT
from interlock.cli.running.driving import (
    Choice,
    Order,
    Stage,
    check_actions,
    conclude,
    drive,
    take_up,
)
from interlock.cli.terminal.console import err
from interlock.cli.terminal.options import app_option, as_option, example, json_option, store_option
from interlock.cli.views.runview import OPEN
from interlock.errors import RunNotResumable, UsageError
from interlock.journal import ENDED, Entry, Principal, RunPaused, RunReopened, RunUnpaused
from interlock.replay import current_plan
from interlock.runtime import Observer, OnChange, RunChanged, RunResult, Runtime, read_entries
from interlock.store import Store
from interlock.values import RunId


@click.command(epilog=example("interlock resume last", "interlock resume last --pin"))
@click.argument("run")
@click.option("--pin", is_flag=True, help="Keep the plan that the run has, whatever has changed.")
@click.option(
    "--migrate", is_flag=True, help="Take the new plan; what was executed counts, though changed."
)
@click.option(
    "--graph",
    metavar="GRAPH",
    help="Take this version of its graph; what was executed has to be the same in it.",
)
@as_option
@app_option
@store_option
@json_option
def resume(
    run: str,
    *,
    pin: bool,
    migrate: bool,
    graph: str | None,
    who: Principal,
    app: str | None,
    store: str | None,
    as_json: bool,
) -> int:
    """Go on with RUN, which was paused, or whose process has ended.

    What was under way is run again, sent again with the same key, asked for, or left to a person,
    as each action declares. A run that has settled is shown as it is.

    When the code has changed, the run goes on with it, unless what was executed has changed, too:
    then you choose, with --pin or --migrate. The graph stays the one that the run was started with,
    unless you give a new version: with --graph. `interlock upgrade --check` says it for all runs.
    """
    if pin and migrate:
        raise UsageError(
            "--pin keeps the old plan, and --migrate takes the new one", hint="choose one of them"
        )
    if pin and graph is not None:
        raise UsageError(
            "--pin keeps the graph that the run has, and --graph takes another version",
            hint="choose one of them",
        )
    on_change: OnChange = "pin" if pin else "migrate" if migrate else "check"
    project = find_project()
    compiled = compile_argument(graph, app=app) if graph is not None else None
    registry = compiled.registry if compiled is not None else load_registry(project, app)
    chosen = Choice(
        on_change=on_change,
        graph=compiled.plan if compiled is not None else None,
        actor=who if migrate or compiled is not None else None,
    )
    limits = project_limits(project, registry)
    with existing(store, app=app) as journal:
        head = find_run_to_go_on(journal.store, run)
        entries = list(read_entries(journal.store, head.run))
        plan = current_plan(entries)
        is_reopened = any(one.kind == "reopen" for one in journal.store.inbox(run=head.run))
        if head.status in ENDED and not is_reopened:
            err(f"Run {head.run} has ended before: there is nothing to go on with")
            if run == LAST:
                _say_what_is_open(journal)
        elif compiled is None:
            check_actions(plan, registry, is_pinned=pin)
        stage = Stage(
            plan=plan,
            registry=registry,
            journal=journal,
            limits=limits,
            notify=project_notify(project, journal),
        )
        if _is_paused(entries):
            order = _let_go_on(head.run, chosen, who)
            result = drive(stage, order, run=head.run, past=entries)
            if result.status == "running":
                err(KEPT)
        else:
            result = take_up(stage, head.run, chosen)
        return conclude(stage, result, as_json=as_json)


def _is_paused(entries: Iterable[Entry]) -> bool:
    told = [e.event for e in entries if isinstance(e.event, RunPaused | RunUnpaused | RunReopened)]
    return bool(told) and isinstance(told[-1], RunPaused)


def _let_go_on(run: RunId, chosen: Choice, who: Principal) -> Order:
    """Let a run go on that a person paused, under the plan that was chosen."""

    async def order(runtime: Runtime, observer: Observer) -> RunResult:
        if chosen.graph is not None:
            # First the graph, while nothing goes on: refused, the run is paused still.
            await chosen.take_up(runtime, run, observer)
        try:
            return await runtime.unpause(run, actor=who, observer=observer)
        except (RunChanged, RunNotResumable):
            # It is on its way already, or was kept just now: going on takes it.
            return await chosen.take_up(runtime, run, observer)

    return order


def _say_what_is_open(journal: Journal[Store]) -> None:
    """Say how to find the run that may have been meant: the newest one is not it."""
    statuses = sorted({head.status for head in journal.store.heads(statuses=OPEN)})
    if statuses:
        options = [word for status in statuses for word in ("--status", status)]
        err(f"Others are open: {journal.command('runs', *options)}")
