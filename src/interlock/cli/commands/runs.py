"""`interlock runs`: list runs, newest first."""

from typing import cast, get_args

import click

from interlock.cli.console import aligned, err, out, out_json
from interlock.cli.exits import Exit
from interlock.cli.options import example, json_option, store_option
from interlock.cli.runview import OPEN
from interlock.cli.stores import to_read
from interlock.cli.times import moment, span
from interlock.journal import OwnerId, RunHead, RunStatus
from interlock.values import Json

STATUSES = get_args(RunStatus)
LIMIT = 20
HEADINGS = ("run", "graph", "status", "started", "took")


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

    `interrupted` runs are open, and no process drives them: see `interlock resume`.
    """
    with to_read(store) as journal:
        wanted = cast(tuple[RunStatus, ...], statuses) or None
        heads = journal.store.heads(statuses=wanted, limit=limit)
        is_open = any(head.status == "running" for head in heads)
        driven = journal.driven() if is_open else {}
    if as_json:
        out_json([head_json(head, driven.get(head.run)) for head in heads])
    elif heads:
        rows = [_row(head, driven.get(head.run)) for head in heads]
        out("\n".join(aligned([HEADINGS, *rows], indent=0)))
    else:
        err("There are no such runs" if statuses else "There are no runs yet")
    return Exit.OK


def _row(head: RunHead, driver: OwnerId | None) -> tuple[str, ...]:
    status = "interrupted" if head.status == "running" and driver is None else head.status
    took = "" if head.status in OPEN else span(head.updated_ms - head.created_ms)
    return head.run, head.graph, status.replace("_", " "), moment(head.created_ms), took


def head_json(head: RunHead, driver: OwnerId | None) -> dict[str, Json]:
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
        "driven_by": driver,
    }
