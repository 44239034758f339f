"""`interlock replay`: derive runs again from their journals, and compare."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import TypeAlias

import click

from interlock.cli.project.stores import find_run, to_read
from interlock.cli.terminal.console import counted, err, one_line, out, out_json, tinted
from interlock.cli.terminal.exits import Exit, exit_of
from interlock.cli.terminal.options import example, json_option, store_option
from interlock.cli.terminal.times import moment
from interlock.errors import (
    ContentErased,
    ContentPruned,
    Divergence,
    InterlockError,
    JournalCorrupt,
    UsageError,
)
from interlock.journal import RunHead
from interlock.replay import Remaining, Verified, as_told, verify, verify_remains
from interlock.runtime import read_entries, read_remains, row_without
from interlock.store import ReadStore
from interlock.values import Json

PAGE = 100
PRUNED = ContentPruned.code
TOLD_CHARS = 400
FIELDS = {"created_ms": "start", "updated_ms": "last change"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Unverifiable:
    """A run of which something was erased that it is derived from; the rest is sound."""

    lost: ContentErased
    remaining: Remaining

    @property
    def derived(self) -> int:
        """How many events were derived again: those before the first one that has lost it."""
        return self.lost.seq - 1


Found: TypeAlias = Verified | Unverifiable | InterlockError


@click.command(epilog=example("interlock replay last"))
@click.argument("runs", nargs=-1, metavar="[RUN]...")
@click.option("--all", "every", is_flag=True, help="Verify all runs of the store.")
@store_option
@json_option
def replay(runs: tuple[str, ...], *, every: bool, store: str | None, as_json: bool) -> int:
    """Verify RUNs: fold each journal through the engine and derive every command again.

    No action is called and no code of yours is loaded. The execution digest in the journal is
    compared with the one that the events give. A run is verified, or differs; or it cannot be
    verified, since parts of it were erased, or all of it was pruned: then what is left is verified,
    and it ends with 8. With --all that is only told.
    """
    if every == bool(runs):
        raise UsageError("say which runs: ids, `last`, or --all", hint="interlock replay --all")
    worst, gone = Exit.OK, Exit.OK
    found: list[Json] = []
    with to_read(store) as journal:
        heads = _every(journal.store) if every else (find_run(journal.store, told) for told in runs)
        for head in heads:
            verified = _verify(journal.store, head)
            if isinstance(verified, InterlockError) and not _is_over(verified, every=every):
                worst = max(worst, exit_of(verified))
            elif isinstance(verified, Unverifiable) and not every:
                gone = Exit.GONE
            if as_json:
                found.append(_json(head, verified))
            else:
                _show(head, verified)
    if as_json:
        out_json(found)
    return worst or gone


def _is_over(error: InterlockError, *, every: bool) -> bool:
    """Whether a run cannot be verified any more, and nobody has asked for it by its name."""
    return every and isinstance(error, ContentPruned)


def _every(store: ReadStore) -> Iterator[RunHead]:
    page = store.heads(limit=PAGE)
    while page:
        yield from page
        page = store.heads(before=page[-1].run, limit=PAGE)


def _verify(store: ReadStore, head: RunHead) -> Found:
    try:
        verified = verify(head.run, read_entries(store, head.run))
        _check_head(store, head, verified.head, events=verified.events)
    except ContentErased as error:
        return _verify_rest(store, head, error)
    except InterlockError as error:
        return error
    return verified


def _verify_rest(store: ReadStore, head: RunHead, lost: ContentErased) -> Unverifiable | Found:
    """Verify what can be verified of a run that has lost what it was derived from."""
    from interlock.cli.trail.checkpoints import Leaves

    try:
        remains = read_remains(store, head.run)
        remaining = verify_remains(head.run, remains.entries, remains.erased)
        leaves, after = Leaves(store), 0
        while page := store.read(head.run, after=after):
            for event in page:
                leaves.check(head.run, event)
            after = page[-1].seq
        if remaining.head is not None:
            gone = {place.partition(".")[2] for place in remains.erased}
            told = row_without(remaining.head, gone)
            _check_head(store, head, told, events=remaining.events)
    except InterlockError as error:
        return error
    return Unverifiable(lost=lost, remaining=remaining)


def _check_head(store: ReadStore, head: RunHead, given: RunHead, *, events: int) -> None:
    """Hold the row that lists a run against its events; both are written in one transaction.

    Raises:
        Divergence: events were cut off at the end, or the row was changed.
    """
    if store.head(head.run) != head:
        return  # The run goes on while we look.
    row, told = as_told(head), as_told(given)
    differences = [
        f"its {name} is {_told(field.name, was)}, its {counted(events, 'event')} give"
        f" {_told(field.name, now)}"
        for field in fields(head)
        for name in [FIELDS.get(field.name, field.name)]
        for was, now in [(getattr(row, field.name), getattr(told, field.name))]
        if was != now
    ]
    if differences:
        raise Divergence(
            f"the list of runs says something else: {'; '.join(differences)}",
            seq=events,
            hint="events were cut off at the end, or the list was changed; keep the file",
        )


def _told(field: str, value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, int) and field.endswith("_ms"):
        return f"{value} ({moment(value)})"
    return f"{value}"


def _show(head: RunHead, verified: Found) -> None:
    name = f"{head.run}  {head.graph}"
    if isinstance(verified, ContentPruned):
        out(f"{name}  pruned: it cannot be derived again")
        out(one_line(f"  {verified.message}", TOLD_CHARS))
    elif isinstance(verified, InterlockError):
        out(f"{name}  {'is corrupt' if isinstance(verified, JournalCorrupt) else 'differs'}")
        err(tinted(f"{verified}") + "\n")
    elif isinstance(verified, Unverifiable):
        events = counted(verified.remaining.events, "event")
        out(f"{name}  cannot be verified: parts of it were erased")
        out(f"  {verified.derived:,} of {events} derived again; {verified.lost.message}")
        out("  the others are those that were logged, in their order; all that is gone is told of")
    elif verified.replayed is None:
        out(f"{name}  open, {counted(verified.events, 'event')} derived again")
    else:
        out(f"{name}  equal, {verified.status}, {counted(verified.events, 'event')} derived again")
        out(f"  recorded  {verified.recorded}")
        out(f"  replayed  {verified.replayed}")


def _json(head: RunHead, verified: Found) -> dict[str, Json]:
    common: dict[str, Json] = {"run": head.run, "graph": head.graph}
    if isinstance(verified, InterlockError):
        error: dict[str, Json] = {
            "code": verified.code,
            "message": verified.message,
            "hint": verified.hint,
        }
        is_pruned = error["code"] == PRUNED
        verdict = "corrupt" if isinstance(verified, JournalCorrupt) else "differs"
        return {
            **common,
            "ok": None if is_pruned else False,
            "verdict": "pruned" if is_pruned else verdict,
            "error": error,
        }
    if isinstance(verified, Unverifiable):
        lost = verified.lost
        return {
            **common,
            "ok": None,
            "verdict": "erased",
            "status": verified.remaining.status,
            "events": verified.remaining.events,
            "derived": verified.derived,
            "error": {"code": lost.code, "message": lost.message, "hint": lost.hint},
        }
    return {
        **common,
        "ok": True,
        "verdict": "equal",
        "status": verified.status,
        "events": verified.events,
        "recorded": verified.recorded,
        "replayed": verified.replayed,
    }
