"""`interlock worker`: drive what nobody drives."""

import sys
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from typing import TextIO, assert_never

import click

from interlock.cli.project.apps import load_registry
from interlock.cli.project.limits import project_limits
from interlock.cli.project.notifying import project_notify
from interlock.cli.project.pyproject import find_project
from interlock.cli.project.stores import Journal, opened
from interlock.cli.running.driving import Interruption, sign_after_runs, to_its_end
from interlock.cli.running.standing import Standing, worst
from interlock.cli.terminal.console import counted, err, json_text, out_line, plain, tinted
from interlock.cli.terminal.exits import Exit
from interlock.cli.terminal.options import app_option, example, json_option, store_option
from interlock.cli.terminal.times import span
from interlock.errors import InterlockError, InternalError
from interlock.journal import RunHead
from interlock.runtime import (
    LetGo,
    Report,
    RunResult,
    Runtime,
    SetAside,
    SystemClock,
    TakenUp,
    Worker,
)
from interlock.store import Store
from interlock.values import Json, RunId

RUNS_MAX = 100


@click.command(epilog=example("interlock worker --until-idle"))
@click.option(
    "--runs-max",
    default=RUNS_MAX,
    metavar="N",
    type=click.IntRange(min=1),
    help=f"How many runs to drive at a time; {RUNS_MAX} unless told.",
)
@click.option("--until-idle", is_flag=True, help="End when nothing is ready: for scripts and CI.")
@app_option
@store_option
@json_option
def worker(
    *, runs_max: int, until_idle: bool, app: str | None, store: str | None, as_json: bool
) -> int:
    """Drive what nobody drives: queued runs, runs whose time or decision has come, lost runs.

    Start as many as you like, on one journal: they share it. Ctrl-C lets what is under way end, at
    most ten seconds, and leaves runs open for the next one; a second Ctrl-C ends at once.

    A run that cannot be driven here is told once and left open: its code has changed, or its
    actions are not here. --json prints a line for each run that is taken up, let go or set aside.

    With --until-idle the exit code is that of the run that stands worst: 4 in doubt, 1 failed, 5
    left open (it waits, or cannot be driven here), 0 when all have succeeded; and the last lines
    say which runs wait for a person.
    """
    project = find_project()
    registry = load_registry(project, app)
    limits = project_limits(project, registry)
    with opened(store, app=app) as journal:
        lines = Lines(
            journal=journal, stdout=sys.stdout if as_json else None, tells_standing=until_idle
        )
        notify = project_notify(project, journal)
        runtime = Runtime(
            journal.store, registry, limits=limits, roles=journal.roles, notify=notify
        )
        work = _work(runtime, lines, runs_max=runs_max, until_idle=until_idle)
        with redirect_stdout(sys.stderr):  # What actions print is not what we say.
            to_its_end(work, lines.stop)
        lines.close()
        if lines.ended:
            sign_after_runs(journal)
    return lines.code if until_idle else Exit.OK


async def _work(runtime: Runtime, lines: "Lines", *, runs_max: int, until_idle: bool) -> None:
    async with runtime:
        driver = Worker(runtime, runs_max=runs_max, report=lines)
        lines.open(runtime, runs_max)
        with lines.stop.catching(runtime, driver.stop):
            await driver.work(until_idle=until_idle)


@dataclass(kw_only=True)
class Lines:
    """Says what a worker does: in words on stderr, or as JSON, one value a line.

    Attributes:
        stdout: where JSON goes; None for words.
        tells_standing: whether the last lines say how the runs stand.
        stop: what ends the worker.
        set_aside: how many runs cannot be driven here.
    """

    journal: Journal[Store]
    stdout: TextIO | None
    tells_standing: bool
    stop: Interruption = field(init=False)
    ended: int = 0
    set_aside: int = 0
    _standing: Standing = field(default_factory=Standing)
    _since_ms: dict[RunId, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.stop = Interruption(self.journal, leave=self._leave)

    def open(self, runtime: Runtime, runs_max: int) -> None:
        """Say who begins to work, and where."""
        if self.stdout is None:
            err(f"worker {runtime.owner}: at most {counted(runs_max, 'run')} at a time")
            err(f"journal    {self.journal.name}")
        else:
            self._write("begun", {"owner": runtime.owner, "journal": self.journal.name})

    def __call__(self, report: Report) -> None:
        """Say what became of a run."""
        match report:
            case TakenUp():
                self._since_ms[report.head.run] = SystemClock().now_ms()
                if self.stdout is not None:
                    self._write("taken_up", _named(report.head))
            case LetGo():
                self._let_go(report.head, report.result)
            case SetAside():
                self._say_set_aside(report.head, report.error)
            case _:
                assert_never(report)

    @property
    def code(self) -> Exit:
        """The exit code: of the run that stands worst; some are open when it was stopped."""
        is_open = self.set_aside or self.stop.is_wanted
        return worst(self._standing.code, Exit.OPEN if is_open else Exit.OK)

    def close(self) -> None:
        """Say that the worker has ended, and how the runs stand that it let go."""
        if self.stdout is not None:
            told: dict[str, Json] = {"ended": self.ended, "set_aside": self.set_aside}
            stand = self._standing.to_json() if self.tells_standing else {}
            self._write("ended", {**told, **stand})
            return
        failed = f", {self._standing.failed:,} without success" if self._standing.failed else ""
        aside = f", {self.set_aside:,} set aside" if self.set_aside else ""
        err(f"ended: {counted(self.ended, 'run')} ended here{failed}{aside}")
        if self.tells_standing:
            for line in self._standing.lines(self.journal):
                err(plain(line))

    def _let_go(self, head: RunHead, result: RunResult) -> None:
        took_ms = SystemClock().now_ms() - self._since_ms.pop(head.run, SystemClock().now_ms())
        self.ended += result.execution is not None
        if self.tells_standing:
            self._standing.note(head, result)
        if self.stdout is None:
            err(f"{head.run}  {head.graph}  {self._words(result, took_ms)}")
            return
        in_doubt: list[Json] = [*result.in_doubt]
        waiting_for: list[Json] = [*result.waiting_for]
        told: dict[str, Json] = {
            "status": result.status,
            "error": result.error.to_json() if result.error is not None else None,
            "in_doubt": in_doubt,
            "waiting_for": waiting_for,
            "execution": result.execution,
            "took_ms": took_ms,
        }
        self._write("let_go", {**_named(head), **told})

    def _words(self, result: RunResult, took_ms: int) -> str:
        look = self.journal.command("show", result.run)
        match result.status:
            case "succeeded":
                return f"succeeded in {span(took_ms)}"
            case "failed" | "refused" | "cancelled":
                why = f": {plain(result.error.message)}" if result.error is not None else ""
                return f"{result.status} after {span(took_ms)}{why}"
            case "waiting":
                return f"waits for a person: {look}" if result.gates else "waits"
            case "paused":
                return "is paused"
            case "in_doubt":
                return f"is in doubt: {look}"
            case "interrupted" | "running" | "queued":
                return "is left open"
            case _:
                assert_never(result.status)

    def _say_set_aside(self, head: RunHead, error: Exception) -> None:
        self.set_aside += 1
        known = isinstance(error, InterlockError)
        message = error.message if known else f"{type(error).__name__}: {error}"
        code, hint = (error.code, error.hint) if known else (InternalError.code, "")
        if self.stdout is None:
            told = f"error[{code}]: set aside: {plain(message)}"
            err(tinted(f"{told}\nhint: {plain(hint)}" if hint else told))
        else:
            told = {"code": code, "message": message, "hint": hint}
            self._write("set_aside", {**_named(head), **told})

    def _write(self, event: str, told: dict[str, Json]) -> None:
        if self.stdout is not None:
            out_line(json_text({"event": event, **told}), self.stdout)

    def _leave(self) -> int:
        look = self.journal.command("runs", "--status", "interrupted")
        err(f"Stopped at once. Another worker takes up what was under way; `{look}` shows it")
        return Exit.OPEN


def _named(head: RunHead) -> dict[str, Json]:
    return {"run": head.run, "graph": head.graph}
