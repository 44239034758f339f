"""`interlock audit erase`: destroy what a run holds, and keep every proof."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import click

from interlock.cli.project.stores import (
    Journal,
    existing,
    find_run,
    find_run_to_go_on,
    path_of,
    to_read,
)
from interlock.cli.terminal.console import err, one_width, out, out_json
from interlock.cli.terminal.exits import Exit
from interlock.cli.terminal.liveline import LiveLine
from interlock.cli.terminal.options import as_option, example, json_option, store_option
from interlock.cli.trail.erasing import (
    NOT_COVERED,
    chosen_in,
    events_of,
    removal_json,
    removal_lines,
    require_room,
)
from interlock.cli.trail.forgetting import Subject
from interlock.errors import StoreFailed, UsageError
from interlock.journal import Principal
from interlock.runtime import (
    Erased,
    Removal,
    erase as erase_parts,
    forget,
    others_with,
    overwrite,
    removal_of,
)
from interlock.store import ReadStore, Store
from interlock.values import Json, RunId

FINISH = "`interlock audit erase --finish` overwrites them"


class Choice:
    """What was chosen of a run, and what goes with it."""

    def __init__(self, journal: Journal[ReadStore], run: RunId, places: Sequence[str]) -> None:
        self.journal, self.run = journal, run
        self.events = events_of(journal.store, run)
        self.chosen = chosen_in(self.events, places)
        self.removal = removal_of(journal.store, run, self.chosen)
        self.others = others_with(journal.store, run, self.removal.values)

    def lines(self) -> list[str]:
        """Show what goes and what stays."""
        return [
            *removal_lines(
                self.removal, events=self.events, others=self.others, journal=self.journal
            )
        ]

    def json(self) -> dict[str, Json]:
        """Return the same as data."""
        return removal_json(self.removal, self.events, self.others)

    def require_same(self, removal: Removal) -> None:
        """Refuse to erase anything but what was shown.

        Raises:
            UsageError: something was written meanwhile.
        """
        if (removal.parts, removal.messages) != (self.removal.parts, self.removal.messages):
            raise UsageError(
                f"run {self.run} has changed since it was looked at; nothing was erased",
                hint="look again",
            )


@click.command(
    epilog=example(
        "interlock audit erase --run last --path .inputs --reason 'they asked' --dry-run",
        "interlock audit erase --subject customer-4711 --reason 'they asked' --rule 'GDPR Art. 17'",
        "interlock audit erase --finish",
    )
)
@click.option("--run", "told", metavar="RUN", help="The run; it must have ended.")
@click.option(
    "--path",
    "places",
    multiple=True,
    metavar="PATH",
    help="Erase what is there: NODE, NODE.PART, .PART of the run, all.PART or all.",
)
@click.option(
    "--subject",
    metavar="NAME",
    help="Erase a data subject: its key, and what all runs have of its values.",
)
@click.option("--reason", default="", metavar="TEXT", help="Why; kept in the journal for good.")
@click.option("--rule", default="", metavar="TEXT", help="The rule that asks for it; kept, too.")
@click.option("--dry-run", is_flag=True, help="Show what would go, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--finish", is_flag=True, help="Only overwrite what an erasure has left behind.")
@as_option
@store_option
@json_option
def erase(
    *,
    told: str | None,
    places: tuple[str, ...],
    subject: str | None,
    reason: str,
    rule: str,
    dry_run: bool,
    yes: bool,
    finish: bool,
    who: Principal,
    store: str | None,
    as_json: bool,
) -> int:
    """Erase parts of a run that has ended, or a data subject, with all copies of them.

    Values, texts, and the digests that could be guessed from go, from the journal file and its
    log. What stays proves all the same that the events were there: `audit verify`, checkpoints and
    receipts hold. An event tells who erased what, why, and under which rule. It cannot be taken
    back.

    PATH is as in `audit receipt`. Who did something, what it cost, and the plan go only when they
    are named: `all.actor`, `.document`.

    NAME is whom `subject` in the document names. All runs with values of this subject must have
    ended. Its key goes with them, so copies of the values without the key are worth nothing.
    """
    if finish:
        if told or places or subject or dry_run:
            raise UsageError("--finish is about the whole store", hint="use it alone")
        with existing(store) as journal:
            _overwrite(journal.store)
        if as_json:
            out_json({"overwritten": True})
        else:
            out("nothing of what was erased is left in the journal file")
        return Exit.OK
    if subject is not None:
        if told or places:
            raise UsageError(
                "--subject is about all runs of the store", hint="leave --run and --path out"
            )
        _require_reason(reason)
        words = _Words(by=who, rule=rule, reason=reason)
        return _erase_subject(
            subject, words, store=store, dry_run=dry_run, yes=yes, as_json=as_json
        )
    run = _required(told, places, reason)
    if dry_run:
        with to_read(store) as reading:
            found = Choice(reading, find_run(reading.store, run).run, places)
            if as_json:
                out_json({**found.json(), "dry_run": True, "erased_by_event": None})
            else:
                out("\n".join(_would_go(found)))
        return Exit.OK
    with existing(store) as journal:
        found = Choice(journal, find_run_to_go_on(journal.store, run).run, places)
        if found.removal.parts:
            require_room(path_of(journal.url))
            _confirm(found, yes=yes, as_json=as_json)
        done = erase_parts(
            journal.store,
            found.run,
            found.chosen,
            by=who,
            rule=rule,
            reason=reason,
            check=found.require_same,
        )
        _overwrite(journal.store)
        _tell(found, done, as_json=as_json)
    return Exit.OK


def _required(run: str | None, places: tuple[str, ...], reason: str) -> str:
    if run is None:
        raise UsageError("say of which run", hint="--run RUN; `interlock runs` lists them")
    if not places:
        raise UsageError(
            "say what to erase", hint="--path .inputs, --path NODE.output, or --path all"
        )
    _require_reason(reason)
    return run


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise UsageError(
            "say why: the journal keeps it beside what is gone",
            hint="--reason 'the customer asked for it'",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """Who erases, why, and under which rule."""

    by: Principal
    rule: str
    reason: str


def _erase_subject(
    name: str, words: _Words, *, store: str | None, dry_run: bool, yes: bool, as_json: bool
) -> int:
    if dry_run:
        with to_read(store) as reading:
            found = Subject(reading, name)
            _tell_subject(found, "would go with this subject:", as_json=as_json, dry_run=True)
        return Exit.OK
    with existing(store) as journal:
        found = Subject(journal, name)
        if found.is_known:
            require_room(path_of(journal.url))
            if not yes:
                _ask("goes with this subject, for good:", found.lines(), as_json=as_json)
            forget(journal.store, name, by=words.by, rule=words.rule, reason=words.reason)
        _overwrite(journal.store)  # Also what was begun, where nobody knows the subject any more.
        _tell_subject(found, "erased with this subject:", as_json=as_json, dry_run=False)
    return Exit.OK


def _tell_subject(found: Subject, told: str, *, as_json: bool, dry_run: bool) -> None:
    if as_json:
        out_json({**found.json(), "dry_run": dry_run})
    elif not found.is_known:
        out("nothing to erase: no value in this store is of a subject of this name")
    else:
        out("\n".join([told, *found.lines(), *_limits()]))


def _would_go(found: Choice) -> list[str]:
    if not found.removal.parts:
        return [_nothing(found)]
    return [f"would go from run {found.run}:", *found.lines(), *_limits()]


def _nothing(found: Choice) -> str:
    return f"nothing to erase: run {found.run} has nothing at these paths any more"


def _limits() -> list[str]:
    return ["not covered:", *(f"  {each}" for each in NOT_COVERED)]


def _confirm(found: Choice, *, yes: bool, as_json: bool) -> None:
    """Ask before anything is destroyed."""
    if not yes:
        told = f"goes from run {found.run}, for good:"
        _ask(told, found.lines(), as_json=as_json)


def _ask(told: str, lines: Iterable[str], *, as_json: bool) -> None:
    if as_json or not sys.stdin.isatty():
        raise UsageError(
            "erasing cannot be taken back, and there is nobody to ask",
            hint="look with --dry-run, then say --yes",
        )
    err("\n".join([told, *lines]))
    if not click.confirm("erase it?", err=True):
        raise UsageError("nothing was erased", hint="--dry-run only shows")


def _overwrite(store: Store) -> None:
    with LiveLine(sys.stderr) as line:

        def tell(number: int) -> None:
            again = f", try {number}: somebody reads it" if number > 1 else ""
            line.draw(one_width(f"  writing the journal file anew{again}"))

        try:
            if overwrite(store, tell=tell):
                return
        except StoreFailed as error:
            error.hint = f"it is erased, and traces of it are still in the journal file: {FINISH}"
            raise
    raise StoreFailed(
        "it is erased, and traces of it are still in the journal file: somebody reads it and does"
        " not let go",
        hint=f"when those have ended: {FINISH}",
        code="IL7016",
    )


def _tell(found: Choice, done: Erased, *, as_json: bool) -> None:
    if as_json:
        out_json({**found.json(), "dry_run": False, "erased_by_event": done.event})
    elif done.event is None:
        out(_nothing(found))
    else:
        out(f"erased from run {found.run}:")
        out("\n".join([*found.lines(), f"event {done.event} of the run tells of it", *_limits()]))
