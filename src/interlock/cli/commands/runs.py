"""`interlock runs`: list runs, newest first."""

from typing import cast, get_args

import click

from interlock.cli.console import aligned, err, out, out_json
from interlock.cli.exits import Exit
from interlock.cli.options import example, json_option, store_option
from interlock.cli.stores import opened_if_there
from interlock.cli.times import moment, span
from interlock.journal import RunHead, RunStatus
from interlock.values import Json

STATUSES = get_args(RunStatus)
LIMIT = 20
HEADINGS = ("run", "graph", "status", "started", "took")
OPEN = ("queued", "running", "waiting", "in_doubt")


@click.command(epilog=example("interlock runs --status failed --status in_doubt"))
@click.option(
    "--status", "statuses", multiple=True, type=click.Choice(STATUSES), help="Only these runs."
)
@click.option(
    "--limit", default=LIMIT, show_default=True, type=click.IntRange(min=1), help="How many."
)
@store_option
@json_option
def runs(statuses: tuple[str, ...], *, limit: int, store: str | None, as_json: bool) -> int:
    """List runs, newest first.

    A run that is `running` and that no process drives any more was interrupted: see `resume`.
    """
    with opened_if_there(store) as (journal, name):
        wanted = cast(tuple[RunStatus, ...], statuses) or None
        heads = journal.heads(statuses=wanted, limit=limit) if journal is not None else []
    if as_json:
        out_json([head_json(head) for head in heads])
    elif heads:
        for line in aligned([HEADINGS, *(_row(head) for head in heads)], indent=0):
            out(line)
    else:
        err(f"No runs in {name}" if journal is not None else f"No runs yet: there is no {name}")
    return Exit.OK


def _row(head: RunHead) -> tuple[str, ...]:
    took = "" if head.status in OPEN else span(head.updated_ms - head.created_ms)
    return head.run, head.graph, head.status.replace("_", " "), moment(head.created_ms), took


def head_json(head: RunHead) -> dict[str, Json]:
    """Return the row of a run as JSON data."""
    return {
        "run": head.run,
        "graph": head.graph,
        "status": head.status,
        "started_ms": head.created_ms,
        "updated_ms": head.updated_ms,
        "key": head.key,
        "plan": head.plan,
        "execution": head.execution,
    }
