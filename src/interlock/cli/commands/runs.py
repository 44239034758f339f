"""`interlock runs`: list runs, newest first."""

from collections.abc import Collection
from contextlib import suppress
from typing import TypeAlias, cast, get_args

import click

from interlock.cli.project.stores import Journal, to_read
from interlock.cli.terminal.console import aligned, err, out, out_json
from interlock.cli.terminal.exits import Exit
from interlock.cli.terminal.options import example, json_option, store_option
from interlock.cli.terminal.times import moment, span
from interlock.cli.views.retaining import pruned_class
from interlock.cli.views.runview import OPEN
from interlock.errors import ContentPruned, JournalCorrupt
from interlock.journal import (
    NOBODY,
    OwnerId,
    PrunedClass,
    RunHead,
    RunStatus,
    actor_words,
    open_envelope,
    principal_in,
)
from interlock.runtime import read_keeping
from interlock.store import ReadStore
from interlock.values import Json, RunId

INTERRUPTED = "interrupted"
"""Running, as far as the journal knows, and nobody drives it."""

STATUSES = (INTERRUPTED, *get_args(RunStatus))
LIMIT = 20
PRUNED: dict[PrunedClass | None, str] = {None: "", "values": ", no values", "events": ", pruned"}
HEADINGS = ("run", "graph", "status", "started", "took", "by (?: not checked)")


@click.command(epilog=example("interlock runs --status failed --status in_doubt"))
@click.option(
    "--status",
    "statuses",
    multiple=True,
    type=click.Choice(STATUSES),
    metavar="STATUS",
    help=f"Only these runs: {', '.join(STATUSES)}.",
)
@click.option(
    "--limit",
    default=LIMIT,
    type=click.IntRange(min=1),
    metavar="N",
    help=f"How many; {LIMIT} unless told.",
)
@store_option
@json_option
def runs(statuses: tuple[str, ...], *, limit: int, store: str | None, as_json: bool) -> int:
    """List runs, newest first.

    `interrupted` runs are open, and no process drives them: see `interlock resume`.
    """
    with to_read(store) as journal:
        found = _list(journal, statuses, limit + 1)
        listed, is_all = found[:limit], len(found) <= limit
        starters = [_starter(journal, head.run) for head, _ in listed]
        keeping = read_keeping(journal.store)
    gone: dict[RunId, PrunedClass | None] = {
        head.run: pruned_class(keeping, head.run) for head, _ in listed
    }
    shown = list(zip(listed, starters, strict=True))
    if as_json:
        rows_json = [
            {**head_json(*one, principal=principal), "pruned": gone[one[0].run]}
            for one, principal in shown
        ]
        out_json(list[Json](rows_json))
    elif listed:
        rows = [
            _row(*one, principal=principal, pruned=gone[one[0].run]) for one, principal in shown
        ]
        out("\n".join(aligned([HEADINGS, *rows], indent=0)))
        if not is_all:
            err("There are more: these are the newest, see --limit")
    else:
        err("There are no such runs" if statuses else "There are no runs yet")
    return Exit.OK


Listed: TypeAlias = list[tuple[RunHead, OwnerId | None]]


def _list(journal: Journal[ReadStore], statuses: Collection[str], limit: int) -> Listed:
    """List runs, each with the process that drives it; newest first."""
    wanted = {"running" if status == INTERRUPTED else status for status in statuses}
    found: Listed = []
    before: RunId | None = None
    while len(found) < limit:
        page = journal.store.heads(
            statuses=cast(set[RunStatus], wanted) or None, before=before, limit=limit
        )
        driven = journal.driven() if any(head.status == "running" for head in page) else {}
        pairs = [(head, driven.get(head.run)) for head in page]
        found += [pair for pair in pairs if not statuses or _status(*pair) in statuses]
        if len(page) < limit:
            break
        before = page[-1].run
    return found[:limit]


def _status(head: RunHead, driver: OwnerId | None) -> str:
    return INTERRUPTED if head.status == "running" and driver is None else head.status


def _starter(journal: Journal[ReadStore], run: RunId) -> str:
    """Read who started a run from its first event; what is damaged is for `replay` to tell."""
    for event in journal.store.read(run, limit=1):
        with suppress(ContentPruned, JournalCorrupt):
            return str(open_envelope(event.body).get("actor"))
    return ""


def _row(
    head: RunHead, driver: OwnerId | None, *, principal: str, pruned: PrunedClass | None
) -> tuple[str, ...]:
    status = _status(head, driver).replace("_", " ") + PRUNED[pruned]
    took = "" if head.status in OPEN else span(head.updated_ms - head.created_ms)
    return head.run, head.graph, status, moment(head.created_ms), took, _by(principal)


def _by(principal: str) -> str:
    """Say who it was in few characters: `ada (oidc)`, and `ada?` where nobody has checked it."""
    if principal == NOBODY:
        return actor_words(principal)
    try:
        found = principal_in(principal)
    except JournalCorrupt:
        return ""
    if found is None or found.authenticated_by is not None:
        return actor_words(principal)
    return f"{found.shown}?"


def head_json(head: RunHead, driver: OwnerId | None, *, principal: str) -> dict[str, Json]:
    """Return the row of a run as JSON data."""
    return {
        "run": head.run,
        "graph": head.graph,
        "status": head.status,
        "started_ms": head.created_ms,
        "updated_ms": head.updated_ms,
        "principal": principal,
        "key": head.key,
        "plan": head.plan,
        "execution": head.execution,
        "driven_by": driver,
    }
