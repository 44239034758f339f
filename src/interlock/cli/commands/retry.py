"""`interlock retry`: open a run again that did not succeed."""

from collections.abc import Awaitable

import click

from interlock.cli.project.sources import compile_argument
from interlock.cli.running.deciding import Place, Subject, decide
from interlock.cli.terminal.options import (
    app_option,
    as_option,
    example,
    json_option,
    reason_option,
    store_option,
)
from interlock.errors import UsageError
from interlock.journal import Principal
from interlock.runtime import Observer, RunResult, Runtime


@click.command(epilog=example("interlock retry last --reason 'the disk has room again'"))
@click.argument("run")
@click.option(
    "--graph",
    metavar="GRAPH",
    help="Take this version of its graph; what succeeded has to be the same in it.",
)
@click.option("--migrate", is_flag=True, help="What succeeded counts, though changed in GRAPH.")
@reason_option
@as_option
@app_option
@store_option
@json_option
def retry(
    run: str,
    *,
    graph: str | None,
    migrate: bool,
    reason: str,
    who: Principal,
    app: str | None,
    store: str | None,
    as_json: bool,
) -> int:
    """Open RUN again, which failed, was refused or was cancelled, and go on from there.

    What succeeded keeps its result. What did not, and what was skipped because of it, is executed
    again, with new idempotency keys. A write that happened and broke its promise is not repeated:
    you decide about it first, see `interlock resolve`.

    With --graph, the run goes on with a mended version of its graph.
    """
    if migrate and graph is None:
        raise UsageError("--migrate is about a new version", hint="name it with --graph")
    version = compile_argument(graph, app=app) if graph is not None else None

    def decision(runtime: Runtime, on: Subject, observer: Observer) -> Awaitable[RunResult]:
        return runtime.reopen(
            on.run,
            reason=reason,
            graph=version.plan if version is not None else None,
            on_change="migrate" if migrate else "check",
            actor=who,
            observer=observer,
        )

    place = Place(app=app, store=store)
    return decide(run, decision, place=place, as_json=as_json, version=version)
