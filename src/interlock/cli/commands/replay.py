"""`interlock replay`: derive runs again from their journals, and compare."""

from collections.abc import Iterator
from dataclasses import fields

import click

from interlock.cli.console import counted, err, one_line, out, out_json, tinted
from interlock.cli.exits import Exit, exit_of
from interlock.cli.options import example, json_option, store_option
from interlock.cli.stores import find_run, to_read
from interlock.cli.times import moment
from interlock.errors import ContentPruned, Divergence, InterlockError, JournalCorrupt, UsageError
from interlock.journal import RunHead
from interlock.replay import Verified, as_told, verify
from interlock.runtime import read_entries
from interlock.store import ReadStore
from interlock.values import Json

PAGE = 100
PRUNED = ContentPruned.code
TOLD_CHARS = 400
FIELDS = {"created_ms": "start", "updated_ms": "last change"}


@click.command(epilog=example("interlock replay last"))
@click.argument("runs", nargs=-1, metavar="[RUN]...")
@click.option("--all", "every", is_flag=True, help="Verify all runs of the store.")
@store_option
@json_option
def replay(runs: tuple[str, ...], *, every: bool, store: str | None, as_json: bool) -> int:
    """Verify RUNs: fold each journal through the engine and derive every command again.

    No action is called and no code of yours is loaded. The execution digest in the journal is
    compared with the one that the events give. What was pruned cannot be derived again: with --all
    it is only told.
    """
    if every == bool(runs):
        raise UsageError("say which runs: ids, `last`, or --all", hint="interlock replay --all")
    code = Exit.OK
    found: list[Json] = []
    with to_read(store) as journal:
        heads = _every(journal.store) if every else (find_run(journal.store, told) for told in runs)
        for head in heads:
            verified = _verify(journal.store, head)
            if isinstance(verified, InterlockError) and not _is_over(verified, every=every):
                code = max(code, exit_of(verified))
            if as_json:
                found.append(_json(head, verified))
            else:
                _show(head, verified)
    if as_json:
        out_json(found)
    return code


def _is_over(error: InterlockError, *, every: bool) -> bool:
    """Whether a run cannot be verified any more, and nobody has asked for it by its name."""
    return every and isinstance(error, ContentPruned)


def _every(store: ReadStore) -> Iterator[RunHead]:
    page = store.heads(limit=PAGE)
    while page:
        yield from page
        page = store.heads(before=page[-1].run, limit=PAGE)


def _verify(store: ReadStore, head: RunHead) -> Verified | InterlockError:
    try:
        verified = verify(head.run, read_entries(store, head.run))
        _check_head(store, head, verified)
    except InterlockError as error:
        return error
    return verified


def _check_head(store: ReadStore, head: RunHead, verified: Verified) -> None:
    """Hold the row that lists a run against its events; both are written in one transaction.

    Raises:
        Divergence: events were cut off at the end, or the row was changed.
    """
    if store.head(head.run) != head:
        return  # The run goes on while we look.
    row, told = as_told(head), as_told(verified.head)
    differences = [
        f"its {name} is {_told(field.name, was)}, its {counted(verified.events, 'event')} give"
        f" {_told(field.name, now)}"
        for field in fields(head)
        for name in [FIELDS.get(field.name, field.name)]
        for was, now in [(getattr(row, field.name), getattr(told, field.name))]
        if was != now
    ]
    if differences:
        raise Divergence(
            f"the list of runs says something else: {'; '.join(differences)}",
            seq=verified.events,
            hint="events were cut off at the end, or the list was changed; keep the file",
        )


def _told(field: str, value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, int) and field.endswith("_ms"):
        return f"{value} ({moment(value)})"
    return f"{value}"


def _show(head: RunHead, verified: Verified | InterlockError) -> None:
    name = f"{head.run}  {head.graph}"
    if isinstance(verified, ContentPruned):
        out(f"{name}  pruned: it cannot be derived again")
        out(one_line(f"  {verified.message}", TOLD_CHARS))
    elif isinstance(verified, InterlockError):
        out(f"{name}  {'is corrupt' if isinstance(verified, JournalCorrupt) else 'differs'}")
        err(tinted(f"{verified}") + "\n")
    elif verified.replayed is None:
        out(f"{name}  open, {counted(verified.events, 'event')} derived again")
    else:
        out(f"{name}  equal, {verified.status}, {counted(verified.events, 'event')} derived again")
        out(f"  recorded  {verified.recorded}")
        out(f"  replayed  {verified.replayed}")


def _json(head: RunHead, verified: Verified | InterlockError) -> dict[str, Json]:
    common: dict[str, Json] = {"run": head.run, "graph": head.graph}
    if isinstance(verified, InterlockError):
        error: dict[str, Json] = {
            "code": verified.code,
            "message": verified.message,
            "hint": verified.hint,
        }
        return {**common, "ok": None if error["code"] == PRUNED else False, "error": error}
    return {
        **common,
        "ok": True,
        "status": verified.status,
        "events": verified.events,
        "recorded": verified.recorded,
        "replayed": verified.replayed,
    }
