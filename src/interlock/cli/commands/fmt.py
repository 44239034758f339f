"""`interlock fmt`: lay documents out in the canonical way."""

import difflib
import sys
import tempfile
from pathlib import Path
from typing import Literal, TypeAlias

import click

from interlock.cli.project.sources import STDIN, STDIN_NAME, read_bytes
from interlock.cli.terminal.console import counted, err, out, tinted
from interlock.cli.terminal.exits import Exit
from interlock.cli.terminal.options import example
from interlock.errors import Diagnostic, DocumentInvalid, UsageError, render
from interlock.graph import format_document

State: TypeAlias = Literal["fine", "changed", "refused", "unread"]


@click.command(epilog=example("interlock fmt hello.yaml"))
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--check", is_flag=True, help="Change nothing; say what would change, exit with 1.")
@click.option("--diff", is_flag=True, help="Change nothing; print the difference.")
def fmt(files: tuple[str, ...], *, check: bool, diff: bool) -> int:
    """Lay documents out in place, comments kept. What they say stays the same.

    FILE - reads stdin and writes stdout.
    """
    found = {file: _format(file, check=check, diff=diff) for file in files}
    changed = [file for file, state in found.items() if state == "changed"]
    refused = [file for file, state in found.items() if state == "refused"]
    unread = [file for file, state in found.items() if state == "unread"]
    for file in changed if check else ():
        err(f"would change {file}")
    if STDIN not in files and not diff:
        same = len(found) - len(changed) - len(refused) - len(unread)
        verb = "would change" if check else "changed"
        cannot = f", {len(refused) + len(unread)} cannot be read" if refused or unread else ""
        err(f"{counted(len(changed), 'file')} {verb}, {same} fine{cannot}")
    if refused or unread:
        return Exit.USAGE if unread else Exit.REFUSED
    return Exit.FAILED if changed and (check or diff) else Exit.OK


def _format(file: str, *, check: bool, diff: bool) -> State:
    """Format one file, and say how it was."""
    try:
        return _formatted(file, check=check, diff=diff)
    except DocumentInvalid as error:
        err(tinted(f"{error}") + "\n")
        return "refused"
    except UsageError as error:
        told = Diagnostic(code=error.code, message=error.message, hint=error.hint, pointer="")
        err(tinted(render(told)) + "\n")
        return "unread"


def _formatted(file: str, *, check: bool, diff: bool) -> State:
    before = _text(file)
    after = format_document(before, file=STDIN_NAME if file == STDIN else file)
    if diff:
        lines = difflib.unified_diff(
            before.splitlines(), after.splitlines(), file, f"{file} (canonical)", lineterm=""
        )
        if before != after:
            out("\n".join(lines))
    elif file == STDIN and not check:
        sys.stdout.write(after)
        return "fine"
    elif before != after and not check:
        _replace(Path(file), after)
    return "fine" if before == after else "changed"


def _text(file: str) -> str:
    data = read_bytes(file, what="document")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        problem = Diagnostic(
            code="IL1001",
            message=f"{file} is not UTF-8: byte {error.start} is {data[error.start]:#04x}",
            hint="save it as UTF-8",
        )
        raise DocumentInvalid((problem,)) from error


def _replace(path: Path, text: str) -> None:
    """Replace a file by a new one in one step, so that a crash leaves one of the two whole."""
    path = path.resolve()
    try:
        mode = path.stat().st_mode
        with tempfile.NamedTemporaryFile(
            "w",
            encoding="utf-8",
            dir=path.parent,
            prefix=f".{path.name}.",
            delete=False,
            newline="",
        ) as file:
            file.write(text)
        Path(file.name).chmod(mode & 0o7777)
        Path(file.name).replace(path)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {error.strerror}", hint="make it and its folder writable"
        ) from error
