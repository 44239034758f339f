"""`interlock init`: a small project that runs."""

import re
from pathlib import Path

import click

from interlock.cli.console import err, listed
from interlock.cli.exits import Exit
from interlock.cli.options import example
from interlock.cli.project import FILE, HOME, shown
from interlock.cli.templates import ACTIONS, GITIGNORE, GRAPH, PYPROJECT
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
    try:
        place.mkdir(parents=True, exist_ok=True)
        for file, text in files.items():
            if not (place / file).exists():
                (place / file).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{error.filename or place} cannot be written: {error.strerror}",
            hint="choose another folder",
        ) from error
    err(f"Made {', '.join(files)} in {shown(place.resolve())}. Now:")
    for command in _next(folder):
        err(f"  {command}")
    return Exit.OK


def _check_free(place: Path, files: dict[str, str]) -> None:
    taken = [file for file in files if file != ".gitignore" and (place / file).exists()]
    if FILE in taken:
        raise UsageError(
            f"{shown(place.resolve() / FILE)} is there already",
            hint='add to it: [tool.interlock] with app = "actions:registry"',
        )
    if taken:
        raise UsageError(
            f"{listed(taken)} would be overwritten in {shown(place.resolve())}",
            hint="choose another folder: interlock init NAME",
        )


def _next(folder: str) -> list[str]:
    start = [] if folder == "." else [f"cd {folder}"]
    return [*start, f"interlock plan {GRAPH_FILE}", f"interlock run {GRAPH_FILE} -i name=Ada"]
