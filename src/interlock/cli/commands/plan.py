"""`interlock plan`: what a run would do."""

import click

from interlock.cli.project.inputs import read_inputs
from interlock.cli.project.sources import compile_argument
from interlock.cli.terminal.console import err, out, out_json, tinted
from interlock.cli.terminal.exits import Exit
from interlock.cli.terminal.options import app_option, example, input_options, json_option
from interlock.cli.views.planview import plan_json, render_plan


@click.command(epilog=example("interlock plan hello.yaml"))
@click.argument("graph")
@input_options
@app_option
@json_option
def plan(
    graph: str, *, given: tuple[str, ...], file: str | None, app: str | None, as_json: bool
) -> int:
    """Show what a run of GRAPH would do: order, effects, guarantees, and how much at most.

    Inputs are checked when any is given. Nothing is run.
    """
    compiled = compile_argument(graph, app=app)
    inputs = read_inputs(compiled.plan, given, file) if given or file is not None else {}
    if as_json:
        out_json({**plan_json(compiled.plan), "given": inputs})
        return Exit.OK
    for warning in compiled.plan.warnings:
        err(tinted(warning) + "\n")
    out(render_plan(compiled.plan, given=tuple(inputs)))
    return Exit.OK
