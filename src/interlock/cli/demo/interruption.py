"""The second run: a process of its own, killed between intent and outcome of its write."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterable
from dataclasses import dataclass

import click

from interlock.cli.demo.index import Request
from interlock.cli.demo.workspace import Workspace
from interlock.cli.project.stores import opened
from interlock.cli.terminal.console import one_width, out
from interlock.journal import AttemptFailed, AttemptReturned, AttemptStarted, Entry, NodeSettled
from interlock.runtime import read_entries
from interlock.values import Path, RunId

BAR = "  | "


@dataclass(frozen=True, slots=True, kw_only=True)
class Killed:
    """A run whose process was killed while the index held its answer back.

    `intents` has the nodes whose intent is in the journal without an outcome, each with its seq.
    """

    run: RunId
    process: int
    told: Request
    intents: dict[Path, int]


def run_and_kill(workspace: Workspace, version: str) -> Killed | None:
    """Run the plan in another process, and kill that while the index holds its answer back.

    What the process says is shown behind a bar. None when it ended before it came to that.
    """
    command = [
        *(sys.executable, "-m", "interlock", "run", workspace.plan.name),
        *("-i", f"version={version}", "--store", str(workspace.journal)),
    ]
    with (
        workspace.index.barrier.up() as arrival,
        subprocess.Popen(
            command,
            cwd=workspace.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
        ) as process,
    ):
        copying = threading.Thread(target=_copy, args=(process.stdout,), daemon=True)
        copying.start()
        try:
            told = arrival(lambda: process.poll() is not None)
        finally:
            process.kill()
            copying.join()
    if told is None:
        return None
    with opened(str(workspace.journal)) as journal:
        run = journal.store.heads(limit=1)[0].run
        intents = open_intents(read_entries(journal.store, run))
    return Killed(run=run, process=process.pid, told=Request(**json.loads(told)), intents=intents)


def _copy(lines: Iterable[str]) -> None:
    for line in lines:
        out(BAR + click.style(one_width(BAR + line)[len(BAR) :], dim=True))


def open_intents(entries: Iterable[Entry]) -> dict[Path, int]:
    """Find the nodes that have an intent and no outcome, each with the seq of the intent."""
    found: dict[Path, int] = {}
    for entry in entries:
        match entry.event:
            case AttemptStarted():
                found[entry.event.path] = entry.seq
            case AttemptReturned() | AttemptFailed() | NodeSettled():
                found.pop(entry.event.path, None)
            case _:
                pass
    return found
