"""Saying yes or no to what a gate asks: what `approve` and `reject` have in common."""

from typing import TypedDict

import click

from interlock.cli.project.stores import Place
from interlock.cli.running.deciding import Subject, decide
from interlock.cli.terminal.options import (
    CommandT,
    app_option,
    as_option,
    binding_option,
    json_option,
    reason_option,
    store_option,
)
from interlock.cli.views.heard import heard_of_gate
from interlock.errors import NotAllowed
from interlock.journal import GateVerdict, Principal
from interlock.runtime import Observer, RunResult, Runtime
from interlock.values import Digest, Path


class Given(TypedDict):
    """The arguments and options, as they were given."""

    run: str
    node: str
    reason: str
    binding: str | None
    who: Principal
    app: str | None
    store: str | None
    as_json: bool


def gate_options(command: CommandT) -> CommandT:
    """Add the arguments and options of a decision about a gate."""
    for add in (json_option, store_option, app_option, as_option, binding_option, reason_option):
        command = add(command)
    return click.argument("run")(click.argument("node")(command))


def decide_gate(verdict: GateVerdict, given: Given) -> int:
    """Decide what a gate asks, and go on with the run. Returns the exit code."""
    binding = Digest(given["binding"]) if given["binding"] is not None else None

    async def decision(runtime: Runtime, on: Subject, observer: Observer) -> RunResult:
        say = runtime.approve if verdict == "approved" else runtime.reject
        try:
            return await say(
                on.run,
                on.path,
                binding=binding,
                actor=given["who"],
                reason=given["reason"],
                observer=observer,
            )
        except NotAllowed as error:
            hint = f"{error.hint}; `--as NAME` says who you are"
            raise NotAllowed(error.message, hint=hint) from error

    return decide(
        given["run"],
        decision,
        node=given["node"],
        place=Place(app=given["app"], store=given["store"]),
        as_json=given["as_json"],
        heard=heard_of_gate(Path(given["node"]), verdict, given["who"]),
    )
