"""Opening the store that a command works on, and finding the run that is meant."""

import difflib
import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from shlex import join
from typing import Generic, TypeVar

from interlock.cli.project.pyproject import HOME, Project, find_project, shown, store_url
from interlock.cli.project.roles import project_roles
from interlock.cli.terminal.console import err
from interlock.cli.terminal.times import moment
from interlock.errors import InterlockError, NoJournal, RunNotFound, UsageError
from interlock.journal import OwnerId, RunHead
from interlock.runtime import Roles
from interlock.store import (
    ReadStore,
    Store,
    journals_in,
    living_owners,
    open_store,
    open_to_read,
)
from interlock.values import RunId

LAST = "last"
CALLS_ACTIONS = (
    *("run", "resume", "resolve", "approve", "reject", "signal"),
    *("cancel", "pause", "retry", "worker", "upgrade", "doctor"),
)
TAKES_A_STORE = (*CALLS_ACTIONS, "runs", "show", "replay", "audit", "retention")
COMMAND_IN_WORDS = re.compile(r"`interlock ([a-z]+[^`]*)`")
CANDIDATES_SHOWN_MAX = 5
NEAR_SHOWN_MAX = 3
NEAR_RUNS = 100
"""The newest runs, among which the one that may be meant is looked for."""
ABOVE_ALL = "\x7f"

StoreT_co = TypeVar("StoreT_co", bound=ReadStore, covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the user said that things are: the options that commands which we show have, too.

    Attributes:
        app, store: options as they were given.
        program: how this program is called where those commands will be typed.
    """

    app: str | None = None
    store: str | None = None
    program: str = "interlock"

    def command(self, *words: str) -> str:
        """Write a command that works there."""
        options: list[str] = []
        if self.app is not None and words[0] in CALLS_ACTIONS:
            options += ["--app", self.app]
        if self.store is not None:
            options += ["--store", self.store]
        return f"{self.program} {join([*words, *options])}"

    def completed(self, words: str) -> str:
        """Complete commands in words of a layer that knows no options: pasted, they work."""

        def complete(found: re.Match[str]) -> str:
            command = found[1].split()
            if command[0] not in TAKES_A_STORE or "--store" in command:
                return found[0]
            return f"`{self.command(*command)}`"

        return COMMAND_IN_WORDS.sub(complete, words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal(Generic[StoreT_co]):
    """A store as the command line uses it.

    Attributes:
        name: what people call it.
        app, store_option: options as they were given, so that commands that we show work.
        program: how this program is called where those commands will be typed.
        roles: who has which role, by the settings of the project.
        project: whose settings hold.
    """

    store: StoreT_co
    url: str
    name: str
    app: str | None = None
    store_option: str | None = None
    program: str = "interlock"
    roles: Roles = field(default_factory=dict[str, frozenset[str]])
    project: Project = field(default_factory=find_project)

    def driven(self) -> dict[RunId, OwnerId]:
        """Name the runs that a living process drives, with that owner."""
        return living_owners(self.url)

    def command(self, *words: str) -> str:
        """Write a command that works on this store."""
        place = Place(app=self.app, store=self.store_option, program=self.program)
        return place.command(*words)

    def completed(self, words: str) -> str:
        """Complete commands in words of a layer that knows no options: pasted, they work."""
        place = Place(app=self.app, store=self.store_option, program=self.program)
        return place.completed(words)


@contextmanager
def _completing_hints(journal: Journal[StoreT_co]) -> Generator[Journal[StoreT_co]]:
    try:
        yield journal
    except InterlockError as error:
        error.hint = journal.completed(error.hint)
        raise


@contextmanager
def opened(store: str | None, *, app: str | None = None) -> Generator[Journal[Store]]:
    """Open the store for runs. Its folder is made when it is not there yet.

    Raises:
        StoreUnusable: it cannot be opened.
    """
    project = find_project()
    url, roles = store_url(project, store), project_roles(project)
    _make_home(path_of(url))
    opened_store = open_store(url)
    journal = Journal(
        store=opened_store,
        url=url,
        name=name_of(url),
        app=app,
        store_option=store,
        roles=roles,
        project=project,
    )
    try:
        with _completing_hints(journal):
            yield journal
    finally:
        opened_store.close()


@contextmanager
def existing(store: str | None, *, app: str | None = None) -> Generator[Journal[Store]]:
    """Open the store to go on with a run that is in it.

    Raises:
        StoreUnusable: there is none, or it cannot be opened.
    """
    url = store_url(find_project(), store)
    path = path_of(url)
    if path is not None and not is_there(path):
        raise _no_journal(path)
    with opened(store, app=app) as journal:
        yield journal


@contextmanager
def to_read(store: str | None) -> Generator[Journal[ReadStore]]:
    """Open the store to look at it: nothing is made, and it need not be ours to write.

    Raises:
        StoreUnusable: there is none, or it cannot be read.
    """
    project = find_project()
    url, roles = store_url(project, store), project_roles(project)
    path = path_of(url)
    if path is not None and not is_there(path):
        raise _no_journal(path)
    opened_store = open_to_read(url)
    journal = Journal(
        store=opened_store,
        url=url,
        name=name_of(url),
        store_option=store,
        roles=roles,
        project=project,
    )
    try:
        with _completing_hints(journal):
            yield journal
    finally:
        opened_store.close()


def _no_journal(path: Path) -> NoJournal:
    """Say that there is no journal, and which one may have been meant."""
    near = [shown(found) for found in _journals_near(path)]
    wanted = shown(path)
    closest = difflib.get_close_matches(wanted, near, n=NEAR_SHOWN_MAX, cutoff=0)
    options = " or ".join(f"`--store {name}`" for name in closest)
    make = "`interlock run` makes it; or name another one with --store"
    return NoJournal(
        f"there is no journal at {wanted}",
        hint=f"did you mean {options}?" if options else make,
    )


def _journals_near(path: Path) -> Iterator[Path]:
    """Find journals where the one that was named would be, here, and in the project."""
    here, project = Path.cwd(), find_project().folder
    folders = (path.parent, path.parent / HOME, here, here / HOME, project / HOME)
    for folder in dict.fromkeys(folder.absolute() for folder in folders):
        yield from journals_in(folder)


def path_of(url: str) -> Path | None:
    """Return the path of a journal file; None when the store is no file."""
    scheme, colon, rest = url.partition(":")
    if colon and len(scheme) > 1 and scheme.isalnum():
        return Path(rest) if scheme == "sqlite" else None
    return Path(url)


def is_there(path: Path) -> bool:
    """Say whether there is something to open; where that cannot be told, opening will say why."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        pass
    return True


def name_of(url: str) -> str:
    """Name a store for people."""
    path = path_of(url)
    return url if path is None else shown(path)


def _make_home(path: Path | None) -> None:
    """Make `.interlock` with a `.gitignore`: journals do not belong into git."""
    if path is None or path.parent.name != HOME:
        return
    with suppress(OSError):  # Where that cannot be, opening the store will say why.
        path.parent.mkdir()
        (path.parent / ".gitignore").write_text("*\n", encoding="utf-8")


def find_run(store: ReadStore, told: str) -> RunHead:
    """Find a run by its id, a unique beginning of it, or `last`.

    Raises:
        RunNotFound: no run, or more than one, begins so.
        UsageError: no run can have such an id.
    """
    if told == LAST:
        newest = store.heads(limit=1)
        if not newest:
            raise RunNotFound("there are no runs yet", hint="`interlock run` starts one")
        return newest[0]
    if not told or not told.isascii() or not told.isprintable():
        raise UsageError(f"{told!r:.100} is no id of a run", hint="`interlock runs` lists them")
    for prefix in dict.fromkeys((told, told.upper())):
        found = _beginning_with(store, prefix)
        if len(found) == 1:
            return found[0]
        if found:
            raise _ambiguous(told, found)
    names = [LAST, *(head.run for head in store.heads(limit=NEAR_RUNS))]
    near = difflib.get_close_matches(told, names, n=1, cutoff=0.8)
    hint = f"did you mean `{near[0]}`? " if near else ""
    raise RunNotFound(f"no run begins with `{told}`", hint=f"{hint}`interlock runs` lists them")


def find_run_to_go_on(store: ReadStore, told: str) -> RunHead:
    """Find a run that something is to be done with; what `last` stands for is said first.

    Raises:
        RunNotFound, UsageError: as in `find_run`.
    """
    head = find_run(store, told)
    if told == LAST:
        status = "open" if head.status == "running" else head.status.replace("_", " ")
        started = f"started {moment(head.created_ms)}"
        err(f"`last` is the newest run here: {head.run}, {head.graph}, {started}, {status}")
    return head


def _beginning_with(store: ReadStore, prefix: str) -> list[RunHead]:
    exact = store.head(RunId(prefix))
    if exact is not None:
        return [exact]
    heads = store.heads(before=RunId(prefix + ABOVE_ALL), limit=CANDIDATES_SHOWN_MAX + 1)
    return [head for head in heads if head.run.startswith(prefix)]


def _ambiguous(told: str, found: list[RunHead]) -> RunNotFound:
    shown_runs = ", ".join(head.run for head in found[:CANDIDATES_SHOWN_MAX])
    more = ", …" if len(found) > CANDIDATES_SHOWN_MAX else ""
    return RunNotFound(
        f"several runs begin with `{told}`: {shown_runs}{more}", hint="give more of the id"
    )
