"""`interlock certify`: prove in simulation that nothing is lost and nothing is done twice."""

import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass

import click

from interlock.cli.project.inputs import read_inputs
from interlock.cli.project.sources import compile_argument, read_bytes
from interlock.cli.project.stores import find_run, to_read
from interlock.cli.terminal.console import err, json_text, out, out_json, tinted
from interlock.cli.terminal.exits import Exit
from interlock.cli.terminal.files import write_file
from interlock.cli.terminal.options import (
    app_option,
    example,
    input_options,
    json_option,
    store_option,
)
from interlock.cli.views.certifyview import (
    ProgressLine,
    certification_json,
    failure_lines,
    summary_lines,
)
from interlock.errors import UsageError
from interlock.graph import read_text
from interlock.journal import RunStarted
from interlock.plan import Plan
from interlock.runtime import read_entries
from interlock.testing import KINDS, QUICK, WHOLE, Answers, Certification, Kind, certify as prove
from interlock.values import Json

SUFFIX = ".certificate.json"


@click.command(epilog=example("interlock certify hello.yaml --quick"))
@click.argument("graph")
@input_options
@click.option("--answers", metavar="FILE", help="What actions return, by path or by action.")
@click.option("--from-run", metavar="RUN", help="Let actions return what they did in this run.")
@click.option(
    "--seed",
    default=0,
    metavar="N",
    help="What all that is sampled or made up follows from; 0 unless told.",
)
@click.option("--quick", is_flag=True, help="Try fewer samples, for CI.")
@click.option(
    "--only",
    "kinds",
    multiple=True,
    type=click.Choice(KINDS),
    metavar="KIND",
    help=f"Try these alone: {', '.join(KINDS)}.",
)
@click.option("--at", type=int, metavar="N", help="Try one course alone, by its number.")
@click.option("--out", "path", metavar="FILE", help="Where the certificate goes.")
@app_option
@store_option
@json_option
def certify(
    graph: str,
    *,
    given: tuple[str, ...],
    file: str | None,
    answers: str | None,
    from_run: str | None,
    seed: int,
    quick: bool,
    kinds: tuple[Kind, ...],
    at: int | None,
    path: str | None,
    app: str | None,
    store: str | None,
    as_json: bool,
) -> int:
    """Prove of GRAPH that nothing is lost and nothing is done twice, whatever goes wrong.

    The engine runs it in simulation, over and over: with crashes before and after each write of the
    journal and around each call, in other orders, with lost answers, with clocks that jump, with
    persons who cancel. No action is called. What they return, and what is decided at gates, comes
    from --answers or --from-run, or is made up from their schemas; so are inputs left out.

    When all holds, the certificate is written to NAME.certificate.json.
    """
    if at is not None and len(kinds) != 1:
        raise UsageError("--at is about one kind", hint="such as --only crash --at 17")
    if answers is not None and from_run is not None:
        raise UsageError("--answers and --from-run exclude each other", hint="leave one out")
    plan = compile_argument(graph, app=app).plan
    inputs = read_inputs(plan, given, file, whole=False)
    source = _answers(answers, from_run, seed=seed, store=store)
    progress = ProgressLine(sys.stderr)
    with progress:
        found = prove(
            plan,
            {**source.inputs, **inputs},
            answers=source.answers,
            seed=seed,
            sizes=QUICK if quick else WHOLE,
            kinds=kinds or KINDS,
            at=at,
            progress=progress.show,
        )
    command = _command(
        graph, given=given, file=file, answers=answers, from_run=source.run, app=app, store=store
    )
    if as_json:
        out_json(certification_json(found, command=command))
    else:
        _show(found, command=command)
    if found.passed and not kinds:
        err(f"certificate  {_write(found, path)}")
    return Exit.OK if found.passed else Exit.FAILED


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """Answers, the inputs that belong to them, and the run that got them."""

    answers: Answers
    inputs: Mapping[str, Json]
    run: str | None = None


def _answers(file: str | None, run: str | None, *, seed: int, store: str | None) -> Given:
    if file is not None:
        tree, _ = read_text(read_bytes(file, what="file of answers"), file=file)
        return Given(answers=Answers.of(tree, seed=seed), inputs={})
    if run is None:
        return Given(answers=Answers(seed=seed), inputs={})
    with to_read(store) as journal:
        run = find_run(journal.store, run).run
        entries = list(read_entries(journal.store, run))
    first = entries[0].event
    inputs = first.inputs.json if isinstance(first, RunStarted) else {}
    answers = Answers.recorded(entries, seed=seed)
    return Given(answers=answers, inputs=inputs if isinstance(inputs, dict) else {}, run=run)


def _command(graph: str, *, given: tuple[str, ...], **options: str | None) -> str:
    """Write the command again, without what says how much is tried."""
    words = ["interlock", "certify", graph, *(word for one in given for word in ("-i", one))]
    names = {"file": "inputs", "from_run": "from-run"}
    for name, value in options.items():
        words += [f"--{names.get(name, name)}", value] if value is not None else []
    return shlex.join(words)


def _write(found: Certification, path: str | None) -> str:
    """Write the certificate: one line of JSON a field, so that a difference can be read."""
    file = path if path is not None else f"{_file_name(found.plan)}{SUFFIX}"
    write_file(file, [json_text(found.certificate(), indent=2), "\n"])
    return file


def _file_name(plan: Plan) -> str:
    return "".join(c if c.isalnum() or c in "-_." else "-" for c in plan.name) or "graph"


def _show(found: Certification, *, command: str) -> None:
    for line in summary_lines(found):
        out(line)
    for line in failure_lines(found, command=command):
        out(tinted(line))
