"""`interlock show`: a run, or one node of it."""

from collections.abc import Iterator

import click
import orjson

from interlock.cli.commands.runs import head_json
from interlock.cli.project.stores import find_run, to_read
from interlock.cli.terminal.console import json_text, out, out_json, plain
from interlock.cli.terminal.exits import Exit
from interlock.cli.terminal.options import example, json_option, store_option
from interlock.cli.terminal.times import moment, span
from interlock.cli.views.nodeview import node_json, node_lines, node_view
from interlock.cli.views.runview import OPEN, RunView, run_json, run_lines
from interlock.errors import ContentErased, ContentPruned, JournalCorrupt, UsageError
from interlock.journal import RunHead, RunMigrated, RunStarted, StoredEvent
from interlock.replay import current_plan
from interlock.runtime import Remains, SystemClock, read_remains
from interlock.store import EVENTS_READ_DEFAULT, ReadStore
from interlock.values import Json, RunId

PINNED = ("document", "manifests", "plan")


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
            return _print_events(journal.store, head.run)
        try:
            remains = read_remains(journal.store, head.run)
        except ContentPruned as error:
            if node is not None:
                raise
            return _show_pruned(journal.store, head, error, as_json=as_json)
        entries = remains.entries
        _require_plan(head.run, remains)
        plan = current_plan(entries)
        driver = journal.driven().get(head.run) if head.status in OPEN else None
        now_ms = SystemClock().now_ms()
        view = RunView(
            head=head,
            plan=plan,
            entries=entries,
            erased=remains.erased,
            journal=journal,
            driver=driver,
            now_ms=now_ms,
        )
        found = node_view(view, node) if node is not None else None
        if as_json:
            out_json(run_json(view) if found is None else node_json(found))
        else:
            out("\n".join(run_lines(view) if found is None else node_lines(found)))
    return Exit.OK


def _require_plan(run: RunId, remains: Remains) -> None:
    """Refuse to show a run without a plan: nothing says what its nodes were.

    Raises:
        ContentErased: the plan was erased.
    """
    for entry in remains.entries:
        if isinstance(entry.event, RunStarted | RunMigrated):
            for name in PINNED:
                place = f"{entry.seq}.{name}"
                if place in remains.erased:
                    raise ContentErased(
                        f"the plan of run {run} is gone: `{place}` {_told(remains.erased[place])}",
                        seq=entry.seq,
                        hint=f"`interlock show {run} --events` shows what is left",
                    )


def _told(event: int | None) -> str:
    return "was erased" if event is None else f"was erased, as event {event} tells"


def _envelope(run: RunId, event: StoredEvent) -> Json:
    if not event.body:
        return {"run": run, "seq": event.seq, "leaf": event.leaf_index, "pruned": True}
    try:
        return orjson.loads(event.body)
    except orjson.JSONDecodeError as error:
        raise JournalCorrupt(
            f"event {event.seq} of run {run} is not JSON: {error}",
            hint="the events before it are above; keep the file, and restore it from a backup",
        ) from error


def _print_events(store: ReadStore, run: RunId) -> int:
    after, code = 0, Exit.OK
    while page := store.read(run, after=after, limit=EVENTS_READ_DEFAULT):
        for event in page:
            if not event.body:
                code = Exit.GONE
            out(json_text(_envelope(run, event)))
        after = page[-1].seq
    return code


def _show_pruned(store: ReadStore, head: RunHead, error: ContentPruned, *, as_json: bool) -> int:
    """Show what is left of a run: its row, and how many of its events."""
    seqs = [(event.seq, bool(event.body)) for event in _all_events(store, head.run)]
    left = sum(is_there for _, is_there in seqs)
    if as_json:
        row = head_json(head, None, principal="")
        out_json({**row, "pruned": error.message, "events": len(seqs), "events_left": left})
        return Exit.GONE
    taken = span(head.updated_ms - head.created_ms)
    lines = [
        f"Run {head.run}  {head.graph}  {head.status}",
        f"  started  {moment(head.created_ms)}",
        f"  ended    {moment(head.updated_ms)}, after {taken}",
        f"  plan     {head.plan}",
        f"  events   {len(seqs)}, of which {left} are still there: show {head.run} --events",
        f"  {error.code}   {error.message}",
    ]
    out("\n".join(plain(line) for line in lines))
    return Exit.GONE


def _all_events(store: ReadStore, run: RunId) -> Iterator[StoredEvent]:
    after = 0
    while page := store.read(run, after=after, limit=EVENTS_READ_DEFAULT):
        yield from page
        after = page[-1].seq
