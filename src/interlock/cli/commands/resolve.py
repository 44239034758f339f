"""`interlock resolve`: a person decides what became of a write in doubt."""

import json
from collections.abc import Awaitable
from typing import cast

import click

from interlock.cli.project.stores import Place
from interlock.cli.running.deciding import Subject, decide
from interlock.cli.terminal.console import one_line
from interlock.cli.terminal.options import (
    app_option,
    as_option,
    example,
    json_option,
    reason_option,
    store_option,
)
from interlock.cli.views.doubts import action_at
from interlock.errors import InputsInvalid, UsageError
from interlock.journal import Entry, Principal, Verdict
from interlock.plan import Plan
from interlock.runtime import Observer, RunResult, Runtime
from interlock.values import Checker, Json, Path, describe


@click.command(
    epilog=example(
        'interlock resolve last filed --succeeded \'"letters/ada.txt"\' --reason "it is there"'
    )
)
@click.argument("run")
@click.argument("node")
@click.option("--succeeded", metavar="JSON", help="It happened, and this is its output.")
@click.option("--failed", is_flag=True, help="It is to fail: it did not happen, or does not count.")
@click.option("--retry", is_flag=True, help="It did not happen: send it again.")
@click.option("--ask", is_flag=True, help="Ask the receiver again, by the probe of the action.")
@reason_option
@as_option
@app_option
@store_option
@json_option
def resolve(
    run: str,
    node: str,
    *,
    succeeded: str | None,
    failed: bool,
    retry: bool,
    ask: bool,
    reason: str,
    who: Principal,
    app: str | None,
    store: str | None,
    as_json: bool,
) -> int:
    """Decide about NODE of RUN, a write in doubt, and go on with the run.

    Look at the target first: Interlock cannot know whether the write happened. `interlock show RUN`
    says what was sent and when. Your name and the reason are kept in the journal. Where a probe
    could not tell, --ask has it asked again.
    """
    given: dict[Verdict, bool] = {
        "succeeded": succeeded is not None,
        "failed": failed,
        "retry": retry,
        "ask": ask,
    }
    if sum(given.values()) != 1:
        raise UsageError(
            "say what became of the write: either --succeeded JSON, --failed or --retry; or --ask",
            hint="`interlock show` has the commands to copy",
        )
    verdict: Verdict = next(one for one, is_given in given.items() if is_given)
    output = _output(succeeded) if succeeded is not None else None

    def check(on: Subject) -> None:
        if verdict == "succeeded":
            _check_output(on.plan, on.path, output=output, entries=on.entries)

    def decision(runtime: Runtime, on: Subject, observer: Observer) -> Awaitable[RunResult]:
        return runtime.resolve(
            on.run,
            on.path,
            verdict,
            output=output,
            actor=who,
            reason=reason,
            observer=observer,
        )

    place = Place(app=app, store=store)
    return decide(run, decision, node=node, place=place, as_json=as_json, check=check)


def _output(text: str) -> Json:
    try:
        return cast(Json, json.loads(text))
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"--succeeded takes the output as JSON, and `{one_line(text)}` is none: {error}",
            hint="""in quotes, such as --succeeded '{"id": "d-17"}', or '"d-17"' for a text""",
        ) from error


def _check_output(plan: Plan, path: Path, *, output: Json, entries: list[Entry]) -> None:
    """Check what a person says a write returned, before it is kept for good.

    Raises:
        InputsInvalid: the action cannot have returned that.
    """
    action = action_at(plan, path, entries)
    if action is None:
        return
    schema = action.returns
    problems = Checker(schema).problems(output)
    if problems:
        told = "; ".join(map(str, problems))
        raise InputsInvalid(
            f"`{action.name}` cannot have returned that: {told}",
            hint=f"it returns {describe(schema)}",
        )
