"""`interlock signal`: tell a run something that it waits for."""

import json
from collections.abc import Awaitable
from pathlib import Path as File
from typing import cast

import click

from interlock.cli.project.sources import read_bytes
from interlock.cli.project.stores import Place
from interlock.cli.running.deciding import Subject, decide
from interlock.cli.terminal.console import one_line
from interlock.cli.terminal.options import app_option, as_option, example, json_option, store_option
from interlock.cli.views.heard import heard_of_signal
from interlock.errors import UsageError
from interlock.journal import Principal
from interlock.runtime import Observer, RunResult, Runtime
from interlock.values import Json, Path, paths


@click.command(epilog=example("interlock signal last paid --payload '{\"cents\": 995}'"))
@click.argument("run")
@click.argument("name")
@click.option(
    "--payload",
    default="null",
    metavar="JSON",
    help="What comes with it: JSON, or @FILE; null unless told.",
)
@click.option("--node", metavar="PATH", help="For the wait at this path alone.")
@as_option
@app_option
@store_option
@json_option
def signal(
    run: str,
    name: str,
    *,
    payload: str,
    node: str | None,
    who: Principal,
    app: str | None,
    store: str | None,
    as_json: bool,
) -> int:
    """Send the signal NAME to RUN, and go on with the run.

    The node that has waited longest for it gets it; its payload is the output of that node. A
    signal that nobody waits for yet is kept for the first that will.
    """
    value = _payload(payload)

    def decision(runtime: Runtime, on: Subject, observer: Observer) -> Awaitable[RunResult]:
        path = on.path if node is not None else None
        return runtime.signal(on.run, name, value, path=path, actor=who, observer=observer)

    return decide(
        run,
        decision,
        node=node,
        place=Place(app=app, store=store),
        as_json=as_json,
        heard=heard_of_signal(name, Path(node or paths.ROOT)),
    )


def _payload(text: str) -> Json:
    source, shown = text, one_line(text, 200)
    if text.startswith("@"):
        data = read_bytes(str(File(text[1:])), what="payload")
        source, shown = data.decode(errors="replace"), text[1:]
    try:
        return cast(Json, json.loads(source))
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"--payload takes JSON, and `{shown}` is none: {error}",
            hint="""in quotes, such as --payload '{"cents": 995}'; a text: '"yes"'; or @FILE""",
        ) from error
