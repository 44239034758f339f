"""Driving a run from the command line: progress, Ctrl-C, and the end in words and data."""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, replace
from types import FrameType
from typing import Any, TypeAlias, TypeVar

from interlock.actions import Registry
from interlock.cli.project.stores import Journal
from interlock.cli.terminal.console import (
    counted,
    err,
    flush,
    is_live,
    listed,
    out_json,
    plain,
    tinted,
)
from interlock.cli.terminal.exits import Exit, exit_of_status
from interlock.cli.terminal.times import span
from interlock.cli.views.asleep import answer_commands, asleep_lines, due_ms, waiting_for
from interlock.cli.views.board import Asleep, Board
from interlock.cli.views.doubts import doubt_lines, node_at
from interlock.cli.views.progress import Answers, Progress, restore_terminal
from interlock.errors import StoreFailed, UsageError
from interlock.journal import Entry, Principal
from interlock.plan import Plan
from interlock.replay import current_plan
from interlock.runtime import (
    CallLimit,
    Notify,
    Observer,
    OnChange,
    RunResult,
    Runtime,
    SystemClock,
    read_entries,
)
from interlock.store import Store
from interlock.values import Json, Path, RunId

T = TypeVar("T")
Order: TypeAlias = Callable[[Runtime, Observer], Awaitable[RunResult]]
SIGNALS = (signal.SIGINT, signal.SIGTERM)
PATIENCE_S = 1.0
"""How long the loop may take to hear of a signal before a person is told that it does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What a run needs here."""

    plan: Plan
    registry: Registry
    journal: Journal[Store]
    limits: tuple[CallLimit, ...] = ()
    notify: Notify | None = None


def drive(
    stage: Stage,
    order: Order,
    *,
    run: RunId | None = None,
    past: Iterable[Entry] = (),
    stop: "Interruption | None" = None,
) -> RunResult:
    """Carry out an order of the runtime, with progress on stderr, until the run ends or stops.

    The first Ctrl-C or SIGTERM lets what is under way end, at most ten seconds, and leaves the run
    open; the second one ends the process at once. What actions print goes to stderr, since stdout
    is for the outputs.
    """
    progress = Progress(stage.plan, sys.stderr, live=is_live(sys.stderr), answers=_answers(stage))
    progress.catch_up(past)
    stop = stop or Interruption(stage.journal)
    stop.run = run
    try:
        with redirect_stdout(sys.stderr), progress:
            return to_its_end(_carry_out(stage, order, progress=progress, stop=stop), stop)
    except (StoreFailed, KeyboardInterrupt) as error:
        error.add_note(stop.what_is_left())
        raise


def _answers(stage: Stage) -> Answers:
    def write(run: RunId, path: Path, asleep: Asleep) -> tuple[str, ...]:
        node = node_at(stage.plan, path)
        return answer_commands(stage.journal, run, path, asleep=asleep, node=node)

    return write


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Under which plan a run goes on, and who has chosen that; see `Runtime.resume`."""

    on_change: OnChange = "check"
    graph: Plan | None = None
    actor: Principal | None = None

    async def take_up(self, runtime: Runtime, run: RunId, observer: Observer) -> RunResult:
        """Go on with a run."""
        return await runtime.resume(
            run, on_change=self.on_change, graph=self.graph, actor=self.actor, observer=observer
        )


def take_up(
    stage: Stage,
    run: RunId,
    chosen: Choice | None = None,
    *,
    stop: "Interruption | None" = None,
) -> RunResult:
    """Go on with a run; one that has settled is returned as it is."""
    choice = chosen or Choice()
    return drive(
        stage,
        lambda runtime, observer: choice.take_up(runtime, run, observer),
        run=run,
        past=read_entries(stage.journal.store, run),
        stop=stop,
    )


def to_its_end(work: Coroutine[Any, Any, T], stop: "Interruption") -> T:
    """Run a loop until some work is done.

    `SystemExit` in a task that an action made leaves the loop, too. The loop is sound, and the
    action hears of it from its task. So it goes on, unless a person interrupts the process.
    """
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        task = loop.create_task(work)
        while True:
            try:
                return loop.run_until_complete(task)
            except (SystemExit, KeyboardInterrupt):
                if task.done() or not stop.is_catching:
                    raise


async def _carry_out(
    stage: Stage, order: Order, *, progress: Progress, stop: "Interruption"
) -> RunResult:
    store, registry = stage.journal.store, stage.registry
    runtime = Runtime(
        store,
        registry,
        watcher=progress.hear,
        limits=stage.limits,
        roles=stage.journal.roles,
        notify=stage.notify,
    )
    async with runtime:
        with stop.catching(runtime):
            return await order(runtime, stop.watching(progress.observe))


class Interruption:
    """What Ctrl-C and SIGTERM do while a run goes on.

    Args:
        journal: where the run is kept.
        leave: has the last words, at the second signal, and gives the exit code.
    """

    def __init__(self, journal: Journal[Store], *, leave: Callable[[], int] | None = None) -> None:
        self.run: RunId | None = None
        self.is_catching = False
        """Whether signals come here: then no exception of the loop is a person's."""
        self.is_wanted = False
        """Whether a person has asked for it."""
        self._journal = journal
        self._leave = leave or self._say_what_is_left
        self._draining: asyncio.Task[None] | None = None
        self._unheard = threading.Timer(PATIENCE_S, self._say_unheard)

    def watching(self, observer: Observer) -> Observer:
        """Learn the id of the run from its events."""

        def observe(run: RunId, entry: Entry) -> None:
            self.run = run
            observer(run, entry)

        return observe

    @contextmanager
    def catching(
        self, runtime: Runtime, before: Callable[[], None] | None = None
    ) -> Generator[None]:
        """Catch the signals, in the main thread: elsewhere they are somebody else's.

        `before` is called before the runtime is drained.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        loop = asyncio.get_running_loop()

        # Handlers of Python and not of the loop: an action that keeps the loop busy must not keep
        # Ctrl-C waiting.
        def handle(_number: int, _frame: FrameType | None) -> None:
            if self.is_wanted:
                self._end_at_once()
            self.is_wanted = True
            loop.call_soon_threadsafe(self._drain, runtime, before)
            self._unheard.daemon = True
            self._unheard.start()

        others = {number: signal.signal(number, handle) for number in SIGNALS}
        self.is_catching = True
        try:
            yield
        finally:
            self.is_catching = False
            for number, handler in others.items():
                signal.signal(number, handler)

    def _drain(self, runtime: Runtime, before: Callable[[], None] | None) -> None:
        self._unheard.cancel()
        if before is not None:
            before()
        err("Stopping: what is under way has 10 s to end; Ctrl-C again ends at once")
        self._draining = asyncio.get_running_loop().create_task(runtime.drain())

    def _say_unheard(self) -> None:
        """Tell a person who waits: what is busy in the thread of the loop keeps it from draining.

        It may be a plain call in an `async` action that blocks.
        """
        err("Stopping, once an action that blocks all others is done; Ctrl-C again ends at once")

    def _end_at_once(self) -> None:
        """End without waiting: the journal is made for that, and `resume` decides what to do."""
        restore_terminal(sys.stderr)
        code = self._leave()
        flush()
        os._exit(code)

    def _say_what_is_left(self) -> int:
        err(f"Stopped at once. {self.what_is_left()}")
        return Exit.OPEN

    def what_is_left(self) -> str:
        """Say how to go on, when the run did not come to an end here."""
        if self.run is None:
            look = self._journal.command("runs")
            return f"No write was sent. If the run has begun all the same, `{look}` shows it"
        return f"The run is open. To go on: {self._journal.command('resume', self.run)}"


def conclude(stage: Stage, result: RunResult, *, as_json: bool) -> int:
    """Say how a run ended: outputs on stdout, the rest on stderr. Returns the exit code."""
    stage = _as_it_is_now(stage, result.run)
    if as_json:
        out_json(result_json(stage, result))
    elif result.status == "succeeded":
        out_json(result.outputs)
    for line in _closing(stage, result):
        err(tinted(line))
    if result.execution is not None:
        sign_after_runs(stage.journal)
    return exit_of_status(result.status)


def _as_it_is_now(stage: Stage, run: RunId) -> Stage:
    """The plan that the run has now: it may have gone on under another one."""
    store = stage.journal.store
    head = store.head(run)
    if head is None or head.plan == stage.plan.digest:
        return stage
    return replace(stage, plan=current_plan(read_entries(store, run)))


def sign_after_runs(journal: Journal[Store]) -> None:
    """Sign the log after a run has ended, where the project says so."""
    if journal.project.audit:
        from interlock.cli.trail.signing import sign_ended

        sign_ended(journal)


def _closing(stage: Stage, result: RunResult) -> Generator[str]:
    journal = stage.journal
    head = journal.store.head(result.run)
    taken = span(head.updated_ms - head.created_ms) if head is not None else "?"
    match result.status:
        case "succeeded":
            yield f"succeeded in {taken}"
        case "failed" | "refused" | "cancelled":
            yield f"{result.status} after {taken}"
            if result.error is not None:
                yield f"error[{result.error.code}]: {plain(result.error.message)}"
            look = f"see `{journal.command('show', result.run)}`"
            hint = result.error.hint if result.error is not None else ""
            yield f"hint: {plain(hint) or look}"
        case "in_doubt":
            yield f"stopped: {counted(len(result.in_doubt), 'node')} in doubt"
            yield from _doubts(stage, result)
        case "waiting":
            yield from _waiting(stage, result.run)
        case "paused":
            yield f"paused. To go on: {journal.command('resume', result.run)}"
            yield from _doubts(stage, result)
        case "running":
            yield "running: another process drives it"
        case "queued":
            yield f"queued. To drive it: {journal.command('worker')}"
        case "interrupted":
            yield f"open. To go on: {journal.command('resume', result.run)}"
    if result.execution is not None:
        yield f"execution  {result.execution}"
    yield f"journal    {journal.name}"


def _doubts(stage: Stage, result: RunResult) -> Iterator[str]:
    entries = list(read_entries(stage.journal.store, result.run))
    return doubt_lines(
        stage.journal, result.run, stage.plan, entries=entries, in_doubt=result.in_doubt
    )


def _waiting(stage: Stage, run: RunId) -> Generator[str]:
    """Say what a run waits for, when nothing of it runs by itself."""
    journal = stage.journal
    board = Board(stage.plan)
    for entry in read_entries(journal.store, run):
        board.apply(entry)
    yield f"waiting: {waiting_for(board.asleep.values())}"
    now_ms = SystemClock().now_ms()
    yield from asleep_lines(journal, run, board.asleep, plan=board.plan, now_ms=now_ms)
    if any(due_ms(each) is not None for each in board.asleep.values()):
        yield f"when the time is up, to go on: {journal.command('resume', run)}"


def result_json(stage: Stage, result: RunResult) -> dict[str, Json]:
    """Return the end of a run as JSON data."""
    in_doubt: list[Json] = [*result.in_doubt]
    waiting_for: list[Json] = [*result.waiting_for]
    return {
        "run": result.run,
        "graph": stage.plan.name,
        "status": result.status,
        "outputs": result.outputs,
        "error": result.error.to_json() if result.error is not None else None,
        "in_doubt": in_doubt,
        "waiting_for": waiting_for,
        "plan": stage.plan.digest,
        "execution": result.execution,
        "journal": stage.journal.name,
    }


def check_actions(plan: Plan, registry: Registry, *, is_pinned: bool = True) -> None:
    """Check that a run finds its actions here.

    Where it keeps its plan, warn of actions whose code is not what it was.

    Raises:
        UsageError: an action is missing.
    """
    missing = [name for name in plan.actions if name not in registry]
    if missing:
        raise UsageError(
            f"the run needs actions that are not here: {listed(missing)}",
            hint="name the app with --app MODULE:NAME, or call this in the project's folder",
        )
    for name, pinned in plan.actions.items() if is_pinned else ():
        if registry.manifests[name].digest != pinned.digest:
            err(tinted(f"warning: `{name}` is not what it was when the run was started"))
