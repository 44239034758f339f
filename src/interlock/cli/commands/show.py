"""`interlock show`: a run, or one node of it."""

import click
import orjson

from interlock.cli.console import json_text, out, out_json
from interlock.cli.exits import Exit
from interlock.cli.nodeview import node_json, node_lines, node_view
from interlock.cli.options import example, json_option, store_option
from interlock.cli.runview import OPEN, RunView, run_json, run_lines
from interlock.cli.stores import find_run, to_read
from interlock.errors import JournalCorrupt, UsageError
from interlock.journal import StoredEvent
from interlock.replay import current_plan
from interlock.runtime import SystemClock, read_entries
from interlock.store import EVENTS_READ_DEFAULT, ReadStore
from interlock.values import Json, RunId


@click.command(epilog=example("interlock show last"))
@click.argument("run")
@click.argument("node", required=False)
@click.option("--events", is_flag=True, help="Print the journal as it is stored, an event a line.")
@store_option
@json_option
def show(run: str, node: str | None, *, events: bool, store: str | None, as_json: bool) -> int:
    """Show RUN: where its nodes stand, why, and what to do next. With NODE, everything about it.

    RUN is an id, a unique beginning of one, or `last`. NODE is a path, such as fetch or
    'docs[3]/fetch'.
    """
    if events and (node is not None or as_json):
        raise UsageError("--events prints the whole journal, as JSON lines", hint="use it alone")
    with to_read(store) as journal:
        head = find_run(journal.store, run)
        if events:
            _print_events(journal.store, head.run)
            return Exit.OK
        entries = list(read_entries(journal.store, head.run))
        plan = current_plan(entries)
        driver = journal.driven().get(head.run) if head.status in OPEN else None
        now_ms = SystemClock().now_ms()
        view = RunView(
            head=head, plan=plan, entries=entries, journal=journal, driver=driver, now_ms=now_ms
        )
        found = node_view(view, node) if node is not None else None
        if as_json:
            out_json(run_json(view) if found is None else node_json(found))
        else:
            out("\n".join(run_lines(view) if found is None else node_lines(found)))
    return Exit.OK


def _envelope(run: RunId, event: StoredEvent) -> Json:
    try:
        return orjson.loads(event.body)
    except orjson.JSONDecodeError as error:
        raise JournalCorrupt(
            f"event {event.seq} of run {run} is not JSON: {error}",
            hint="the events before it are above; keep the file, and restore it from a backup",
        ) from error


def _print_events(store: ReadStore, run: RunId) -> None:
    after = 0
    while page := store.read(run, after=after, limit=EVENTS_READ_DEFAULT):
        for event in page:
            out(json_text(_envelope(run, event)))
        after = page[-1].seq
