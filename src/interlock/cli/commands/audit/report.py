"""`interlock audit report`: what happened in a period, for auditors."""

import sys
from importlib.metadata import version
from pathlib import Path

import click

from interlock.audit import VerifierKey
from interlock.cli.project.pyproject import find_project
from interlock.cli.project.stores import to_read
from interlock.cli.terminal.console import err, one_width, out, out_json
from interlock.cli.terminal.exits import Exit
from interlock.cli.terminal.files import write_file
from interlock.cli.terminal.liveline import LiveLine
from interlock.cli.terminal.options import example, json_option, store_option
from interlock.cli.trail.checkpoints import (
    Given,
    given_checkpoint,
    known_checkpoint,
    newest_checkpoint,
)
from interlock.cli.trail.evidence import public_keys
from interlock.cli.trail.periods import period_of
from interlock.cli.trail.reporting import Seen, report_of
from interlock.cli.views.reportview import report_lines
from interlock.errors import ContentPruned, UsageError
from interlock.reports import Making, report_html, report_json
from interlock.runtime import SystemClock

REDRAW_RUNS = 50
DATABASE = b"SQLite format 3\x00"


@click.command(epilog=example("interlock audit report --since 30d --html report.html"))
@click.option("--since", default="30d", metavar="TIME", help="The first moment; 30d unless told.")
@click.option("--until", metavar="TIME", help="The first moment after it; now unless told.")
@click.option("--graph", "graphs", multiple=True, metavar="NAME", help="Only runs of this graph.")
@click.option("--html", "path", metavar="FILE", help="Write the report there, as one HTML file.")
@click.option(
    "--checkpoint",
    metavar="FILE",
    help="The checkpoint to go by; the newest one of the project's log unless told.",
)
@click.option(
    "--key",
    "keys",
    multiple=True,
    metavar="VKEY|FILE",
    help="A public key of the log, or a file with one a line; one has to have signed it.",
)
@store_option
@json_option
def report(
    *,
    since: str,
    until: str | None,
    graphs: tuple[str, ...],
    path: str | None,
    checkpoint: str | None,
    keys: tuple[str, ...],
    store: str | None,
    as_json: bool,
) -> int:
    """Report what happened in a period: what ran, on whose authority, who decided what.

    What was refused, in doubt, resolved by hand, undone or cancelled has a line each, with the
    event that proves it. TIME is a date such as 2026-11-01, a time, or how long ago: 30d. Dates
    are in UTC.

    A checkpoint shows which of the events it covers. One that the journal does not agree with ends
    this with 6.
    """
    if path is not None:
        _require_no_database(Path(path))
    trusted = public_keys(keys)
    given = _given(checkpoint, trusted, is_ours=store is None)
    now_ms = SystemClock().now_ms()
    period = period_of(since, until, now_ms=now_ms)
    with to_read(store) as journal, LiveLine(sys.stderr) as line:
        sealed = known_checkpoint(journal.store, given) if given is not None else None

        def show(seen: Seen) -> None:
            if seen.looked_at % REDRAW_RUNS == 0:
                line.draw(one_width(f"  {seen.looked_at:,} runs looked at, {seen.read:,} read"))

        made = report_of(
            journal.store, period, graphs=frozenset(graphs) if graphs else None, progress=show
        )
        making = Making(
            made_at_ms=now_ms,
            program=f"interlock {version('interlock')}",
            journal=journal.name,
            checkpoint=sealed,
        )
    if path is not None:
        write_file(path, report_html(made, making))
    if as_json:
        out_json(report_json(made, making))
    else:
        out("\n".join(report_lines(made, making)))
    if path is not None:
        err(f"report  {path}")
    is_wrong = any(each.code != ContentPruned.code for each in made.unreadable)
    return Exit.DIVERGED if is_wrong else Exit.OK


def _require_no_database(path: Path) -> None:
    """Refuse to write over a journal: a slip of two options must not destroy what is reported."""
    if not path.is_file():
        return
    with path.open("rb") as file:
        if file.read(len(DATABASE)) == DATABASE:
            raise UsageError(
                f"--html would write over {path}, which is a database",
                hint="name another file; the journal is named by --store",
            )


def _given(checkpoint: str | None, keys: list[VerifierKey], *, is_ours: bool) -> Given | None:
    """Find the checkpoint to go by; only the project's own log has one that need not be named."""
    if checkpoint is not None:
        return given_checkpoint(checkpoint, keys)
    found = newest_checkpoint(find_project(), keys) if is_ours else None
    if keys and found is None:
        raise UsageError("--key is about a checkpoint", hint="name it with --checkpoint FILE")
    return found
