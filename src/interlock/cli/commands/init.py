"""`interlock init`: a small project that runs."""

import re
from pathlib import Path
from shlex import quote

import click

from interlock.cli.project.pyproject import FILE, HOME, is_project, shown
from interlock.cli.project.templates import ACTIONS, GITIGNORE, GRAPH, PYPROJECT
from interlock.cli.terminal.console import err, listed
from interlock.cli.terminal.exits import Exit
from interlock.cli.terminal.options import example
from interlock.errors import UsageError

GRAPH_FILE = "hello.yaml"


@click.command(epilog=example("interlock init hello && cd hello && interlock run hello.yaml"))
@click.argument("folder", default=".", metavar="[FOLDER]")
def init(folder: str) -> int:
    """Make a small project that runs, in FOLDER or here. Files that are there are left alone."""
    place = Path(folder)
    name = re.sub(r"[^a-z0-9]+", "-", place.resolve().name.lower()).strip("-") or "hello"
    files = {
        FILE: PYPROJECT.format(name=name),
        "actions.py": ACTIONS,
        GRAPH_FILE: GRAPH,
        ".gitignore": GITIGNORE.format(home=HOME),
    }
    _check_free(place, files)
    made = {file: text for file, text in files.items() if not (place / file).exists()}
    try:
        place.mkdir(parents=True, exist_ok=True)
        for file, text in made.items():
            (place / file).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{error.filename or place} cannot be written: {error.strerror}",
            hint="choose another folder",
        ) from error
    where = "here" if place.resolve() == Path.cwd() else f"in {shown(place.resolve())}"
    err(f"Made {', '.join(made)} {where}. Now:")
    for command in _next(folder):
        err(f"  {command}")
    return Exit.OK


def _check_free(place: Path, files: dict[str, str]) -> None:
    taken = [file for file in files if file != ".gitignore" and (place / file).exists()]
    if FILE in taken:
        settings = shown(place.resolve() / FILE)
        if is_project(place / FILE):
            raise UsageError(
                f"{settings} is there already, and has [tool.interlock]",
                hint="it is a project already: `interlock check` its graphs, or run one",
            )
        raise UsageError(
            f"{settings} is there already",
            hint="begin in a folder of its own: `interlock init NAME`; or add to it: "
            '[tool.interlock] with app = "MODULE:NAME", the registry of your actions',
        )
    if taken:
        raise UsageError(
            f"{listed(taken)} would be overwritten in {shown(place.resolve())}",
            hint="choose another folder: interlock init NAME",
        )


def _next(folder: str) -> list[str]:
    start = [] if Path(folder).resolve() == Path.cwd() else [f"cd {quote(folder)}"]
    return [*start, f"interlock plan {GRAPH_FILE}", f"interlock run {GRAPH_FILE} -i name=Ada"]
