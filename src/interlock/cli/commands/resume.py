"""`interlock resume`: go on with a run."""

import click

from interlock.cli.apps import load_registry
from interlock.cli.console import err
from interlock.cli.driving import Stage, check_actions, conclude, take_up
from interlock.cli.limits import project_limits
from interlock.cli.options import app_option, example, json_option, store_option
from interlock.cli.project import find_project
from interlock.cli.runview import OPEN
from interlock.cli.stores import LAST, Journal, existing, find_run_to_go_on
from interlock.replay import pinned_plan
from interlock.runtime import read_entries
from interlock.store import Store


@click.command(epilog=example("interlock resume last"))
@click.argument("run")
@app_option
@store_option
@json_option
def resume(run: str, *, app: str | None, store: str | None, as_json: bool) -> int:
    """Go on with RUN, whose process has ended: an id, a unique beginning of one, or `last`.

    What was under way is run again, sent again with the same key, asked for, or left to a person,
    as each action declares. A run that has settled is shown as it is.
    """
    project = find_project()
    registry = load_registry(project, app)
    limits = project_limits(project, registry)
    with existing(store, app=app) as journal:
        head = find_run_to_go_on(journal.store, run)
        plan = pinned_plan(next(read_entries(journal.store, head.run)))
        if head.status in ("succeeded", "failed", "cancelled"):
            err(f"Run {head.run} has ended before: there is nothing to go on with")
            if run == LAST:
                _say_what_is_open(journal)
        else:
            check_actions(plan, registry)
        stage = Stage(plan=plan, registry=registry, journal=journal, limits=limits)
        return conclude(stage, take_up(stage, head.run), as_json=as_json)


def _say_what_is_open(journal: Journal[Store]) -> None:
    """Say how to find the run that may have been meant: the newest one is not it."""
    statuses = sorted({head.status for head in journal.store.heads(statuses=OPEN)})
    if statuses:
        options = [word for status in statuses for word in ("--status", status)]
        err(f"Others are open: {journal.command('runs', *options)}")
