"""`interlock retention status`: what is kept for how long, how much there is, what is due."""

import click

from interlock.cli.project.retention import project_retention
from interlock.cli.project.stores import to_read
from interlock.cli.terminal.console import out, out_json
from interlock.cli.terminal.exits import Exit
from interlock.cli.terminal.options import example, json_option, store_option
from interlock.cli.views.retaining import status_json, status_lines
from interlock.runtime import SystemClock, all_runs, plan_pruning, read_keeping
from interlock.store import measure_store


@click.command(epilog=example("interlock retention status"))
@store_option
@json_option
def status(*, store: str | None, as_json: bool) -> int:
    """Say what is kept for how long, by which rule, how much there is, and what is due.

    Periods and a profile stand in `[tool.interlock.retention]` of pyproject.toml. Without them
    everything is kept for ever.
    """
    with to_read(store) as journal:
        retention = project_retention(journal.project)
        keeping = read_keeping(journal.store)
        heads = list(all_runs(journal.store))
        plan = plan_pruning(journal.store, retention, now_ms=SystemClock().now_ms())
        size = measure_store(journal.url)
        if as_json:
            out_json(status_json(retention, plan, keeping, heads=heads, size=size))
        else:
            lines = status_lines(retention, plan, keeping, heads=heads, size=size)
            out(journal.completed("\n".join(lines)))
    return Exit.OK
