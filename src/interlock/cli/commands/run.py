"""`interlock run`: run a graph."""

from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

import click

from interlock.cli.console import err, tinted
from interlock.cli.driving import Stage, conclude, drive, take_up
from interlock.cli.inputs import read_inputs
from interlock.cli.limits import project_limits
from interlock.cli.options import app_option, example, input_options, json_option, store_option
from interlock.cli.people import user
from interlock.cli.project import find_project
from interlock.cli.sources import STDIN, app_of, compile_argument
from interlock.cli.stores import opened
from interlock.errors import UsageError
from interlock.journal import Entry, RunStarted, Value
from interlock.runtime import Observer, RunResult, Runtime, read_entries
from interlock.values import Json, RunId, duration_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """On which terms a run is started."""

    key: str | None
    priority: int
    deadline_ms: int | None


@click.command(
    epilog=example(
        "interlock run hello.yaml -i name=Ada",
        "interlock run hello.yaml -i name=Bob --key bob-1 --deadline 1h",
    )
)
@click.argument("graph")
@input_options
@click.option(
    "--key", metavar="KEY", help="Start at most one run with this key, whoever asks again."
)
@click.option(
    "--priority",
    default=0,
    metavar="N",
    help="From -100 to 100: which run comes first where runs wait for their turn; 0.",
)
@click.option("--deadline", metavar="TIME", help="Cancel what has not settled by then: 90s, 1h.")
@app_option
@store_option
@json_option
def run(
    graph: str,
    *,
    given: tuple[str, ...],
    file: str | None,
    key: str | None,
    priority: int,
    deadline: str | None,
    app: str | None,
    store: str | None,
    as_json: bool,
) -> int:
    """Run GRAPH: a YAML or JSON file, - for stdin, or MODULE:NAME.

    The outputs go to stdout as JSON, progress and the rest to stderr. Ctrl-C lets what is under way
    end and leaves the run open; `interlock resume` goes on with it.
    """
    if graph == STDIN and file == STDIN:
        raise UsageError("both the graph and the inputs are `-`", hint="put one of them in a file")
    compiled = compile_argument(graph, app=app)
    plan = compiled.plan
    inputs = read_inputs(plan, given, file)
    limits = project_limits(find_project(), compiled.registry)
    deadline_ms = duration_ms(deadline) if deadline is not None else None
    terms = Terms(key=key, priority=priority, deadline_ms=deadline_ms)
    for warning in plan.warnings:
        err(tinted(warning) + "\n")
    with opened(store, app=app_of(graph, app)) as journal:
        stage = Stage(plan=plan, registry=compiled.registry, journal=journal, limits=limits)
        result = _start(stage, inputs, terms)
        return conclude(stage, result, as_json=as_json)


def _start(stage: Stage, inputs: Mapping[str, Json], terms: Terms) -> RunResult:
    key = terms.key
    taken = stage.journal.store.heads(key=key, limit=1) if key is not None else []
    if taken:
        return _again(stage, inputs, taken[0].run)
    started: set[RunId] = set()

    def order(runtime: Runtime, observer: Observer) -> Coroutine[Any, Any, RunResult]:
        def observe(run: RunId, entry: Entry) -> None:
            started.add(run)
            observer(run, entry)

        return runtime.run(
            stage.plan,
            inputs,
            key=key,
            principal=user(),
            priority=terms.priority,
            deadline_ms=terms.deadline_ms,
            observer=observe,
        )

    result = drive(stage, order)
    # Another process may have come first with this key, after all.
    return result if result.run in started else _again(stage, inputs, result.run)


def _again(stage: Stage, inputs: Mapping[str, Json], run: RunId) -> RunResult:
    """Return to the run that has the key: its result, or what is left of it.

    Raises:
        UsageError: it runs something else.
    """
    first = next(read_entries(stage.journal.store, run)).event
    same_inputs = Value.of({**stage.plan.root.defaults, **inputs})
    if not isinstance(first, RunStarted) or first.plan != stage.plan.digest:
        other = "another plan"
    elif first.inputs != same_inputs:
        other = "other inputs"
    else:
        err(f"Run {run} was started with this key before")
        return take_up(stage, run)
    raise UsageError(
        f"the key belongs to run {run}, which has {other}", hint="use another key for another run"
    )
