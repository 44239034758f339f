"""`interlock cancel`: stop a run, or a node of it."""

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
from interlock.cli.views.heard import heard_of_cancel
from interlock.errors import UsageError
from interlock.journal import Principal
from interlock.runtime import Observer, RunResult, Runtime
from interlock.values import Path


@click.command(
    epilog=example(
        "interlock cancel last --undo --reason 'wrong version'", "interlock cancel last smoke"
    )
)
@click.argument("run")
@click.argument("node", required=False)
@click.option("--undo", is_flag=True, help="Take back what can be undone, too.")
@reason_option
@as_option
@app_option
@store_option
@json_option
def cancel(
    run: str,
    node: str | None,
    *,
    undo: bool,
    reason: str,
    who: Principal,
    app: str | None,
    store: str | None,
    as_json: bool,
) -> int:
    """Cancel RUN; with NODE, only that node and all inside it, or an item such as 'docs[3]'.

    Nothing new is started. What is under way is told to stop, and what it reports decides: a value
    that came is kept, and a write of which nobody knows stays in doubt. With --undo, what the run
    did is taken back in reverse order, where that is declared: see `interlock plan`.
    """
    if node is not None and undo:
        raise UsageError("--undo takes back what a whole run did", hint="leave out NODE, or --undo")

    def decision(runtime: Runtime, on: Subject, observer: Observer) -> Awaitable[RunResult]:
        if node is None:
            return runtime.cancel(on.run, undo=undo, reason=reason, actor=who, observer=observer)
        return runtime.cancel_node(on.run, on.path, reason=reason, actor=who, observer=observer)

    return decide(
        run,
        decision,
        node=node,
        place=Place(app=app, store=store),
        as_json=as_json,
        heard=heard_of_cancel(Path(node)) if node is not None else None,
        aim="cancelled",
    )
