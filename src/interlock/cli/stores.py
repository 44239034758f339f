"""Opening the store that a command works on, and finding the run that is meant."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from interlock.cli.project import HOME, find_project, shown, store_url
from interlock.errors import RunNotFound, UsageError
from interlock.journal import RunHead
from interlock.store import Store, open_store
from interlock.values import RunId

LAST = "last"
CANDIDATES_SHOWN_MAX = 5
ABOVE_ALL = "\x7f"


@contextmanager
def opened(option: str | None) -> Generator[tuple[Store, str]]:
    """Open the store for runs; its folder is made when it is not there yet. Also gives its name for people.

    Raises:
        StoreUnusable: it cannot be opened.
    """
    url = store_url(find_project(), option)
    _make_home(path_of(url))
    store = open_store(url)
    try:
        yield store, name_of(url)
    finally:
        store.close()


@contextmanager
def opened_if_there(option: str | None) -> Generator[tuple[Store | None, str]]:
    """Open the store for looking at it: None when there is none yet, and nothing is made."""
    url = store_url(find_project(), option)
    path = path_of(url)
    if path is None or path.exists():
        with opened(option) as (store, name):
            yield store, name
    else:
        yield None, name_of(url)


@contextmanager
def existing(option: str | None) -> Generator[tuple[Store, str]]:
    """Open the store for something that is in it.

    Raises:
        RunNotFound: there is no store.
    """
    with opened_if_there(option) as (store, name):
        if store is None:
            raise RunNotFound(
                f"there is no journal at {name}, so there are no runs",
                hint="`interlock run` makes it; or name another one with --store",
            )
        yield store, name


def path_of(url: str) -> Path | None:
    """Return the path of a journal file; None when the store is no file."""
    scheme, colon, rest = url.partition(":")
    if colon and len(scheme) > 1 and scheme.isalnum():
        return Path(rest) if scheme == "sqlite" else None
    return Path(url)


def name_of(url: str) -> str:
    """Name a store for people."""
    path = path_of(url)
    return url if path is None else shown(path)


def _make_home(path: Path | None) -> None:
    """Make `.interlock` with a `.gitignore`: journals do not belong into git."""
    if path is None or path.parent.name != HOME or path.parent.exists():
        return
    if path.parent.parent.is_dir():
        path.parent.mkdir(exist_ok=True)
        (path.parent / ".gitignore").write_text("*\n", encoding="utf-8")


def find_run(store: Store, told: str) -> RunHead:
    """Find a run by its id, a unique beginning of it, or `last`.

    Raises:
        RunNotFound: no run, or more than one, begins so.
    """
    if told == LAST:
        newest = store.heads(limit=1)
        if not newest:
            raise RunNotFound("there are no runs yet", hint="`interlock run` starts one")
        return newest[0]
    for prefix in dict.fromkeys((told, told.upper())):
        found = _beginning_with(store, prefix)
        exact = [head for head in found if head.run == prefix]
        if exact or len(found) == 1:
            return (exact or found)[0]
        if found:
            raise _ambiguous(told, found)
    raise RunNotFound(f"no run begins with `{told}`", hint="`interlock runs` lists them")


def _beginning_with(store: Store, prefix: str) -> list[RunHead]:
    if not prefix or not prefix.isascii():
        raise UsageError("the id of a run is empty or odd", hint="`interlock runs` lists them")
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
