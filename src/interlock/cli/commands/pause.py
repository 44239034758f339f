"""`interlock pause`: start nothing new of a run until it is resumed."""

from collections.abc import Awaitable

import click

from interlock.cli.project.stores import Place
from interlock.cli.running.deciding import Subject, decide
from interlock.cli.terminal.options import (
    app_option,
    as_option,
    example,
    json_option,
    reason_option,
    store_option,
)
from interlock.journal import Principal
from interlock.runtime import Observer, RunResult, Runtime


@click.command(epilog=example("interlock pause last --reason 'the target is being mended'"))
@click.argument("run")
@reason_option
@as_option
@app_option
@store_option
@json_option
def pause(
    run: str, *, reason: str, who: Principal, app: str | None, store: str | None, as_json: bool
) -> int:
    """Pause RUN: what is under way ends, and nothing new is started.

    `interlock resume RUN` lets it go on, and nothing else does.
    """

    def decision(runtime: Runtime, on: Subject, observer: Observer) -> Awaitable[RunResult]:
        return runtime.pause(on.run, reason=reason, actor=who, observer=observer)

    place = Place(app=app, store=store)
    return decide(run, decision, place=place, as_json=as_json, aim="paused")
