"""What is left after the demo: evidence, and commands that work when they are pasted anywhere."""

import shutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from shlex import quote

from interlock.cli.demo.index import Request
from interlock.cli.demo.workspace import Workspace
from interlock.cli.terminal.console import aligned
from interlock.values import Path as NodePath, RunId

KEY_CHARS = 17


def index_lines(requests: Iterable[Request]) -> list[str]:
    """Lay out the log of the index."""
    rows = [
        (str(number), request.reply, request.file, f"key {request.key[:KEY_CHARS]}…")
        for number, request in enumerate(requests, start=1)
    ]
    return aligned([("request", "reply", "file", ""), *rows])


def program_in(workspace: Workspace) -> str:
    """How this program is called in the workspace, from any folder."""
    return f"cd {quote(str(workspace.folder))} && {interlock()}"


def leftovers(workspace: Workspace, open_runs: Iterable[RunId]) -> Iterator[str]:
    """Say what a demo that was stopped has left, how to go on with it, and how to clean up."""
    yield f"  workspace  {workspace.folder}"
    for run in open_runs:
        yield f"  open run   {run}; to go on with it:"
        yield f"    {program_in(workspace)} resume {run}"
    yield "  to begin again, and to clean up:"
    yield f"    {interlock()} demo"
    yield f"    rm -r {quote(str(workspace.folder))}"


def hints(workspace: Workspace, run: RunId, node: NodePath) -> Iterator[str]:
    """Say where everything is, and which commands to try."""
    store = f"--store {quote(str(workspace.journal))}"
    here = quote(str(workspace.folder))
    program = interlock()
    yield f"  workspace  {workspace.folder}"
    yield f"  journal    {workspace.journal}"
    yield ""
    yield f"  {program} runs {store}"
    yield f"  {program} show {run} {store}"
    yield f"  {program} show {run} {quote(node)} {store}"
    yield f"  {program} replay last {store}"
    yield f"  cd {here} && {program} plan {workspace.plan.name} -i version=1.3.1"
    yield f"  cat {here}/index/log.jsonl"


def interlock() -> str:
    """How this program is called from any folder."""
    ours = Path(sys.executable).with_name("interlock")
    if not ours.exists():
        return f"{quote(sys.executable)} -m interlock"
    found = shutil.which("interlock")
    return "interlock" if found and Path(found).samefile(ours) else quote(str(ours))
