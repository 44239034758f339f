"""`interlock upgrade --check`: what the code that is here now means for the runs that are open."""

from collections.abc import Iterator
from dataclasses import dataclass

import click

from interlock.actions import Registry
from interlock.cli.apps import load_registry
from interlock.cli.console import aligned, counted, err, listed, out, out_json
from interlock.cli.exits import Exit
from interlock.cli.options import app_option, example, json_option, store_option
from interlock.cli.project import find_project
from interlock.cli.runview import OPEN
from interlock.cli.sources import compile_argument
from interlock.cli.stores import Journal, to_read
from interlock.errors import UsageError
from interlock.journal import RunHead
from interlock.replay import fold
from interlock.runtime import Upgrade, examine, read_entries
from interlock.store import HEADS_READ_DEFAULT, ReadStore
from interlock.values import Json

HEADINGS = ("run", "graph", "status", "answer")
GOES_ON = ("same", "compatible")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the code that is here means for one run."""

    head: RunHead
    found: Upgrade

    @property
    def goes_on(self) -> bool:
        """Whether nobody has to decide anything."""
        return self.found.verdict in GOES_ON


@click.command(
    epilog=example("interlock upgrade --check", "interlock upgrade --check hello.yaml --json")
)
@click.argument("graph", required=False)
@click.option("--check", is_flag=True, help="Say what changed code means; change nothing.")
@app_option
@store_option
@json_option
def upgrade(
    graph: str | None, *, check: bool, app: str | None, store: str | None, as_json: bool
) -> int:
    """Say what the code that is here now means for each open run, before it is deployed.

    With GRAPH, only for its runs. A run keeps the graph that it was started with, so what counts is
    the code of the actions. The answers: `same`: nothing that the run uses has changed.
    `compatible`: only what has not begun has changed; the run goes on with it. `different`: what
    was executed has changed, too; a person pins the old plan or migrates. `refused`: the graph of
    the run does not compile any more; it can only go on pinned. The exit code is 1 if a run is
    different or refused.
    """
    if not check:
        raise UsageError(
            "runs are upgraded when they are resumed, one by one",
            hint="`interlock upgrade --check` says what that means for each;"
            " `interlock resume RUN` does it",
        )
    registry = load_registry(find_project(), app)
    name: str | None = None
    if graph is not None:
        compiled = compile_argument(graph, app=app)
        registry, name = compiled.registry, compiled.plan.name
    with to_read(store) as journal:
        answers = list(_answers(journal, registry, name))
        if as_json:
            out_json([_answer_json(journal, each) for each in answers])
        else:
            _say(journal, answers)
    return Exit.OK if all(each.goes_on for each in answers) else Exit.FAILED


def _answers(journal: Journal[ReadStore], registry: Registry, name: str | None) -> Iterator[Answer]:
    """Examine every open run, the newest first."""
    for head in _open_runs(journal.store):
        if name is None or head.graph == name:
            state = fold(head.run, read_entries(journal.store, head.run))
            yield Answer(head, examine(state, registry))


def _open_runs(store: ReadStore) -> Iterator[RunHead]:
    before = None
    while page := store.heads(statuses=OPEN, before=before, limit=HEADS_READ_DEFAULT):
        yield from page
        before = page[-1].run


def _say(journal: Journal[ReadStore], answers: list[Answer]) -> None:
    if not answers:
        err("There are no open runs")
        return
    rows = [
        (each.head.run, each.head.graph, each.head.status.replace("_", " "), _words(each.found))
        for each in answers
    ]
    heading, *lines = aligned([HEADINGS, *rows], indent=0)
    out(heading)
    for line, each in zip(lines, answers, strict=True):
        out(line)
        for more in _more(journal, each):
            out(f"    {more}")
    stuck = sum(not each.goes_on for each in answers)
    runs = counted(len(answers), "open run")
    err(
        f"{runs}: "
        + (f"a person decides about {stuck:,}" if stuck else "nothing stands in the way")
    )


def _words(found: Upgrade) -> str:
    if found.verdict == "compatible":
        return f"compatible: {listed(found.actions)} changed, and has not run"
    return found.verdict


def _more(journal: Journal[ReadStore], answer: Answer) -> Iterator[str]:
    """Say what differs, and the commands with which a person decides."""
    found = answer.found
    if answer.goes_on:
        return
    for difference in found.differences:
        yield f"`{difference.path}` {difference.what}"
    for diagnostic in found.diagnostics:
        yield f"{diagnostic.code} {diagnostic.message}"
    if found.missing:
        yield f"it cannot go on without {listed(found.missing)}: put back what it needs"
    for words, command in _ways(journal, answer):
        yield f"{words} {command}"


def _ways(journal: Journal[ReadStore], answer: Answer) -> Iterator[tuple[str, str]]:
    if not answer.found.missing:
        yield (
            "with the plan that it has, and the code that is here:",
            journal.command("resume", answer.head.run, "--pin"),
        )
    if answer.found.is_open_to_person:
        yield (
            "with the new plan, where what was executed counts:",
            journal.command("resume", answer.head.run, "--migrate"),
        )


def _answer_json(journal: Journal[ReadStore], answer: Answer) -> dict[str, Json]:
    found = answer.found
    differences: list[Json] = [
        {"path": each.path, "what": each.what, "acceptable": each.acceptable}
        for each in found.differences
    ]
    diagnostics: list[Json] = [
        {"code": each.code, "message": each.message} for each in found.diagnostics
    ]
    commands = [command for _, command in _ways(journal, answer)] if not answer.goes_on else []
    return {
        "run": answer.head.run,
        "graph": answer.head.graph,
        "status": answer.head.status,
        "answer": found.verdict,
        "plan": answer.head.plan,
        "new_plan": found.plan.digest if found.plan is not None else None,
        "actions": [*found.actions],
        "differences": differences,
        "diagnostics": diagnostics,
        "commands": [*commands],
    }
