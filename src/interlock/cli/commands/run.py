"""`interlock run`: run a graph."""

from collections.abc import Awaitable

import click

from interlock.cli.project.inputs import read_inputs
from interlock.cli.project.limits import project_limits
from interlock.cli.project.notifying import project_notify
from interlock.cli.project.pyproject import find_project
from interlock.cli.project.sources import STDIN, app_of, compile_argument
from interlock.cli.project.stores import opened
from interlock.cli.running.driving import Stage, conclude, drive
from interlock.cli.running.queueing import queue_lines, queue_one
from interlock.cli.terminal.console import err, tinted
from interlock.cli.terminal.options import (
    app_option,
    as_option,
    example,
    input_options,
    json_option,
    store_option,
)
from interlock.errors import UsageError
from interlock.journal import OwnerId, Principal, process_of
from interlock.runtime import Observer, RunResult, Runtime, Start, read_entries
from interlock.values import duration_ms


@click.command(
    epilog=example(
        "interlock run hello.yaml -i name=Ada",
        "interlock run hello.yaml -i name=Bob --key bob-1 --deadline 1h",
        "interlock run hello.yaml -i name=Eve --queue",
    )
)
@click.argument("graph")
@input_options
@click.option(
    "--key", metavar="KEY", help="Start at most one run with this key, whoever asks again."
)
@click.option("--queue", is_flag=True, help="Leave the run to a worker; print its id.")
@click.option(
    "--inputs-from",
    "lines",
    metavar="FILE",
    help="Queue a run for each line, with the inputs on it as JSON; - is stdin.",
)
@click.option(
    "--priority",
    default=0,
    metavar="N",
    help="From -100 to 100: which run comes first where runs wait for their turn; 0 unless told.",
)
@click.option("--deadline", metavar="TIME", help="Cancel what has not settled by then: 90s, 1h.")
@as_option
@app_option
@store_option
@json_option
def run(
    graph: str,
    *,
    given: tuple[str, ...],
    file: str | None,
    key: str | None,
    queue: bool,
    lines: str | None,
    priority: int,
    deadline: str | None,
    who: Principal,
    app: str | None,
    store: str | None,
    as_json: bool,
) -> int:
    """Run GRAPH: a YAML or JSON file, - for stdin, or MODULE:NAME.

    The outputs go to stdout as JSON, progress and the rest to stderr. Ctrl-C lets what is under way
    end and leaves the run open; `interlock resume` goes on with it.

    With --queue nothing is run here: the start is in the journal, and `interlock worker` drives it.
    With --inputs-from, the key of the run of line 17 is KEY-17: the same command may be repeated.
    """
    if [graph, file, lines].count(STDIN) > 1:
        raise UsageError("only one of graph and inputs can be `-`", hint="put the rest in files")
    compiled = compile_argument(graph, app=app)
    plan = compiled.plan
    inputs = read_inputs(plan, given, file, whole=lines is None)
    limits = project_limits(find_project(), compiled.registry)
    deadline_ms = duration_ms(deadline) if deadline is not None else None
    start = Start(inputs=inputs, key=key, priority=priority, deadline_ms=deadline_ms)
    for warning in plan.warnings:
        err(tinted(warning) + "\n")
    with opened(store, app=app_of(graph, app)) as journal:
        stage = Stage(
            plan=plan,
            registry=compiled.registry,
            journal=journal,
            limits=limits,
            notify=project_notify(find_project(), journal),
        )
        if lines is not None:
            return queue_lines(stage, start, lines, who=who, as_json=as_json)
        if queue:
            return queue_one(stage, start, who=who, as_json=as_json)
        result = _start(stage, start, who=who)
        return conclude(stage, result, as_json=as_json)


def _start(stage: Stage, start: Start, *, who: Principal) -> RunResult:
    """Start a run, or return to the one that has the key: wait for it, or go on with it."""

    def order(runtime: Runtime, observer: Observer) -> Awaitable[RunResult]:
        return runtime.run(
            stage.plan,
            start.inputs,
            key=start.key,
            principal=who,
            priority=start.priority,
            deadline_ms=start.deadline_ms,
            observer=observer,
        )

    store, key = stage.journal.store, start.key
    taken = store.heads(key=key, limit=1) if key is not None else []
    if not taken:
        return drive(stage, order)
    run = taken[0].run
    driver = stage.journal.driven().get(run)
    err(f"Run {run} was started with this key before{_by_whom(driver)}")
    return drive(stage, order, run=run, past=read_entries(store, run))


def _by_whom(driver: OwnerId | None) -> str:
    if driver is None:
        return ""
    process = process_of(driver)
    who = f"process {process[1]} on {process[0]}" if process is not None else f"owner {driver}"
    return f", and goes on: {who} is waited for"
