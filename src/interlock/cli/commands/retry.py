"""`interlock retry`: open a run again that did not succeed."""

from collections.abc import Awaitable

import click

from interlock.cli.deciding import Place, Subject, decide
from interlock.cli.options import (
    app_option,
    as_option,
    example,
    json_option,
    reason_option,
    store_option,
)
from interlock.journal import Principal
from interlock.runtime import Observer, RunResult, Runtime


@click.command(epilog=example("interlock retry last --reason 'the disk has room again'"))
@click.argument("run")
@reason_option
@as_option
@app_option
@store_option
@json_option
def retry(
    run: str, *, reason: str, who: Principal, app: str | None, store: str | None, as_json: bool
) -> int:
    """Open RUN again, which failed, was refused or was cancelled, and go on from there.

    What succeeded keeps its result. What did not, and what was skipped because of it, is executed
    again, with new idempotency keys. A write that happened and broke its promise is not repeated:
    you decide about it first, see `interlock resolve`.
    """

    def decision(runtime: Runtime, on: Subject, observer: Observer) -> Awaitable[RunResult]:
        return runtime.reopen(on.run, reason=reason, actor=who, observer=observer)

    return decide(run, decision, place=Place(app=app, store=store), as_json=as_json)
