"""`interlock approve`: a person agrees to what a gate asks."""

from collections.abc import Awaitable

import click

from interlock.cli.deciding import Place, Subject, decide
from interlock.cli.heard import heard_of_gate
from interlock.cli.options import (
    app_option,
    binding_option,
    example,
    json_option,
    reason_option,
    store_option,
)
from interlock.cli.people import user
from interlock.runtime import Observer, RunResult, Runtime
from interlock.values import Digest, Path


@click.command(epilog=example("interlock approve last signoff --reason 'the tests are green'"))
@click.argument("run")
@click.argument("node")
@reason_option
@binding_option
@app_option
@store_option
@json_option
def approve(
    run: str,
    node: str,
    *,
    reason: str,
    binding: str | None,
    app: str | None,
    store: str | None,
    as_json: bool,
) -> int:
    """Approve what the gate NODE of RUN asks, and go on with the run.

    `interlock show RUN NODE` shows all of what is asked; exactly that may run then, once. Your name
    and the reason are kept in the journal. A person who approves twice counts once.
    """

    def decision(runtime: Runtime, on: Subject, observer: Observer) -> Awaitable[RunResult]:
        return runtime.approve(
            on.run,
            on.path,
            binding=Digest(binding) if binding is not None else None,
            actor=user(),
            reason=reason,
            observer=observer,
        )

    return decide(
        run,
        decision,
        node=node,
        place=Place(app=app, store=store),
        as_json=as_json,
        heard=heard_of_gate(Path(node), "approved", user()),
    )
