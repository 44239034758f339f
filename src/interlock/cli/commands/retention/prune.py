"""`interlock retention prune`: destroy what is due."""

import sys

import click

from interlock.cli.project.retention import project_retention
from interlock.cli.project.stores import Journal, existing, path_of, to_read
from interlock.cli.terminal.console import err, one_width, out, out_json
from interlock.cli.terminal.exits import Exit
from interlock.cli.terminal.liveline import LiveLine
from interlock.cli.terminal.options import as_option, example, json_option, store_option
from interlock.cli.trail.erasing import require_room
from interlock.cli.views.retaining import plan_json, plan_lines, result_json, result_lines
from interlock.errors import StoreFailed, UsageError
from interlock.journal import Principal
from interlock.runtime import (
    PruningPlan,
    PruningResult,
    SystemClock,
    plan_pruning,
    prune as prune_runs,
)
from interlock.store import ReadStore, Store, measure_store

STEPS = {
    "values": "pruning values",
    "shared": "looking for values that nobody needs",
    "events": "pruning events",
    "space": "writing the journal file anew",
}


@click.command(
    epilog=example("interlock retention prune --dry-run", "interlock retention prune --yes")
)
@click.option("--dry-run", is_flag=True, help="Show what would go, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_option
@store_option
@json_option
def prune(*, dry_run: bool, yes: bool, who: Principal, store: str | None, as_json: bool) -> int:
    """Destroy values and events of runs whose time is over. It cannot be taken back.

    Only runs that have ended, none that is on hold, and nothing that is not as it was logged. The
    log keeps the hashes of all events, so checkpoints, receipts and `audit verify` hold; an event
    of the log tells what went, when, by whom and under which rule. It may be interrupted, and
    called again; others may work on the store meanwhile, until the file is written anew at the end.
    """
    if dry_run:
        with to_read(store) as reading:
            plan = _plan(reading)
            if as_json:
                out_json(plan_json(plan))
            else:
                out(reading.completed("\n".join(_told(reading, plan))))
        return Exit.OK
    with existing(store) as journal:
        plan = _plan(journal)
        if plan.due:
            require_room(path_of(journal.url), done="pruned")
            _confirm(plan, yes=yes, as_json=as_json)
        before = _bytes(journal)
        result = _pruned(journal, who)
        after = _bytes(journal)
        if as_json:
            out_json(result_json(result, before=before, after=after))
        else:
            out("\n".join(result_lines(result, before=before, after=after)))
    return Exit.DIVERGED if "not as logged" in result.skipped.values() else Exit.OK


def _plan(journal: Journal[ReadStore] | Journal[Store]) -> PruningPlan:
    retention = project_retention(journal.project)
    return plan_pruning(journal.store, retention, now_ms=SystemClock().now_ms())


def _told(journal: Journal[ReadStore], plan: PruningPlan) -> list[str]:
    lines = list(plan_lines(plan))
    if plan.due:
        return ["would go:", *lines]
    retention = project_retention(journal.project)
    if retention.period_ms("values") is None:
        why = "no period is set, so everything is kept for ever: see `interlock retention status`"
        return [f"nothing is due: {why}"]
    return ["nothing is due", *lines]


def _confirm(plan: PruningPlan, *, yes: bool, as_json: bool) -> None:
    """Ask before anything is destroyed."""
    if yes:
        return
    if as_json or not sys.stdin.isatty():
        raise UsageError(
            "pruning cannot be taken back, and there is nobody to ask",
            hint="look with --dry-run, then say --yes",
        )
    err("\n".join(["goes, for good:", *plan_lines(plan)]))
    if not click.confirm("prune it?", err=True):
        raise UsageError("nothing was pruned", hint="--dry-run only shows")


def _pruned(journal: Journal[Store], who: Principal) -> PruningResult:
    with LiveLine(sys.stderr) as line:

        def tell(step: str, done: int, of: int) -> None:
            share = f"  {done:,} of {of:,}" if of > 1 else ""
            line.draw(one_width(f"  {STEPS[step]}{share}"))

        result = prune_runs(journal.store, project_retention(journal.project), by=who, tell=tell)
    if not result.overwritten:
        raise StoreFailed(
            "it is pruned, and traces of it are still in the journal file: somebody reads it and"
            " does not let go",
            hint="`interlock retention prune --yes` overwrites them, when those have ended",
            code="IL7016",
        )
    return result


def _bytes(journal: Journal[Store]) -> int | None:
    size = measure_store(journal.url)
    return None if size is None else size.bytes
