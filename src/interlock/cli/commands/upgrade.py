"""`interlock upgrade --check`: what the code and graphs that are here mean for open runs."""

from collections.abc import Iterator
from dataclasses import dataclass

import click

from interlock.actions import Registry
from interlock.cli.project.apps import load_registry
from interlock.cli.project.pyproject import find_project
from interlock.cli.project.sources import Compiled, compile_argument
from interlock.cli.project.stores import Journal, to_read
from interlock.cli.terminal.console import aligned, counted, err, listed, out, out_json
from interlock.cli.terminal.exits import Exit
from interlock.cli.terminal.options import app_option, example, json_option, store_option
from interlock.cli.views.runview import OPEN
from interlock.errors import UsageError
from interlock.journal import RunHead
from interlock.replay import fold
from interlock.runtime import Upgrade, examine, read_entries
from interlock.store import HEADS_READ_DEFAULT, ReadStore
from interlock.values import Json

HEADINGS = ("run", "graph", "status", "answer")
NEW_HEADING = "new version"
GOES_ON = ("same", "compatible")


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A version of a graph that a person named, and what it compiles to."""

    argument: str
    compiled: Compiled


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is here means for one run: the code alone, and with the version of its graph."""

    head: RunHead
    found: Upgrade
    new: Upgrade | None = None
    argument: str = ""

    @property
    def goes_on(self) -> bool:
        """Whether nobody has to decide anything."""
        return all(one.verdict in GOES_ON for one in (self.found, self.new) if one is not None)


@click.command(
    epilog=example("interlock upgrade --check", "interlock upgrade --check hello.yaml --json")
)
@click.argument("graphs", nargs=-1, metavar="[GRAPH]...")
@click.option("--check", is_flag=True, help="Say what changed code means; change nothing.")
@app_option
@store_option
@json_option
def upgrade(
    graphs: tuple[str, ...], *, check: bool, app: str | None, store: str | None, as_json: bool
) -> int:
    """Say what is here now means for each open run, before it is deployed.

    A run keeps the graph that it was started with, so what counts is the code of the actions. The
    answers: `same`: nothing that the run uses has changed. `compatible`: only what has not begun
    has changed; the run goes on with it. `different`: what was executed has changed, too; a person
    pins the old plan or migrates. `refused`: the graph of the run does not compile any more; it can
    only go on pinned.

    With GRAPH, only for its runs, and it also says whether a run can go on with this version of its
    graph: `same`: it has it. `compatible`: what was executed is the same in it; `interlock resume
    RUN --graph GRAPH` takes it. `different`: it is not; the run stays with the version that it has,
    or a person migrates.

    The exit code is 1 if a run is different or refused.
    """
    if not check:
        raise UsageError(
            "runs are upgraded when they are resumed, one by one",
            hint="`interlock upgrade --check` says what that means for each;"
            " `interlock resume RUN` does it",
        )
    registry = load_registry(find_project(), app)
    versions = _versions(graphs, app)
    with to_read(store) as journal:
        answers = list(_answers(journal, registry, versions))
        if as_json:
            out_json([_answer_json(journal, each) for each in answers])
        else:
            _say(journal, answers, has_new=bool(versions))
    return Exit.OK if all(each.goes_on for each in answers) else Exit.FAILED


def _versions(graphs: tuple[str, ...], app: str | None) -> dict[str, Version]:
    """Compile the graphs that were named, by their names.

    Raises:
        UsageError: two of them have one name.
    """
    found: dict[str, Version] = {}
    for argument in graphs:
        compiled = compile_argument(argument, app=app)
        name = compiled.plan.name
        if name in found:
            raise UsageError(
                f"`{found[name].argument}` and `{argument}` are both graph `{name}`",
                hint="name one version of each graph",
            )
        found[name] = Version(argument=argument, compiled=compiled)
    return found


def _answers(
    journal: Journal[ReadStore], registry: Registry, versions: dict[str, Version]
) -> Iterator[Answer]:
    """Examine every open run, the newest first; those of some graphs, if they were named."""
    for head in _open_runs(journal.store):
        version = versions.get(head.graph)
        if versions and version is None:
            continue
        state = fold(head.run, read_entries(journal.store, head.run))
        if version is None:
            yield Answer(head=head, found=examine(state, registry))
        else:
            compiled = version.compiled
            yield Answer(
                head=head,
                found=examine(state, compiled.registry),
                new=examine(state, compiled.registry, graph=compiled.plan.graph),
                argument=version.argument,
            )


def _open_runs(store: ReadStore) -> Iterator[RunHead]:
    before = None
    while page := store.heads(statuses=OPEN, before=before, limit=HEADS_READ_DEFAULT):
        yield from page
        before = page[-1].run


def _say(journal: Journal[ReadStore], answers: list[Answer], *, has_new: bool) -> None:
    if not answers:
        err("There are no open runs")
        return
    headings = (*HEADINGS, NEW_HEADING) if has_new else HEADINGS
    heading, *lines = aligned([headings, *map(_row, answers)], indent=0)
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


def _row(answer: Answer) -> tuple[str, ...]:
    head = answer.head
    row = (head.run, head.graph, head.status.replace("_", " "), _words(answer.found))
    return row if answer.new is None else (*row, answer.new.verdict)


def _words(found: Upgrade) -> str:
    if found.verdict == "compatible":
        return f"compatible: {listed(found.actions)} changed, and has not run"
    return found.verdict


def _more(journal: Journal[ReadStore], answer: Answer) -> Iterator[str]:
    """Say what differs, and the commands with which a person decides."""
    yield from _reasons(answer.found)
    for words, command in _ways(journal, answer):
        yield f"{words} {command}"
    if answer.new is not None:
        for reason in _reasons(answer.new):
            yield f"{answer.argument}: {reason}"
        for words, command in _ways_to_new(journal, answer):
            yield f"{words} {command}"


def _reasons(found: Upgrade) -> Iterator[str]:
    for difference in found.differences:
        yield difference.told
    for diagnostic in found.diagnostics:
        yield f"{diagnostic.code} {diagnostic.message}"
    if found.missing:
        yield f"it cannot go on without {listed(found.missing)}: put back what it needs"


def _ways(journal: Journal[ReadStore], answer: Answer) -> Iterator[tuple[str, str]]:
    """How a run that asks for a person goes on with the graph that it has."""
    found = answer.found
    if found.verdict in GOES_ON:
        return
    if not found.missing:
        yield (
            "with the plan that it has, and the code that is here:",
            journal.command("resume", answer.head.run, "--pin"),
        )
    if found.is_open_to_person:
        yield (
            "with the new plan, where what was executed counts:",
            journal.command("resume", answer.head.run, "--migrate"),
        )


def _ways_to_new(journal: Journal[ReadStore], answer: Answer) -> Iterator[tuple[str, str]]:
    """How a run goes on with the new version of its graph."""
    new, run, given = answer.new, answer.head.run, ("--graph", answer.argument)
    if new is not None and new.verdict == "compatible":
        yield "with the new version:", journal.command("resume", run, *given)
    elif new is not None and new.verdict == "different" and new.is_open_to_person:
        yield (
            "with the new version, where what was executed counts:",
            journal.command("resume", run, "--migrate", *given),
        )


def _answer_json(journal: Journal[ReadStore], answer: Answer) -> dict[str, Json]:
    new: Json = None
    if answer.new is not None:
        ways = [command for _, command in _ways_to_new(journal, answer)]
        new = {"graph": answer.argument, **_upgrade_json(answer.new, ways)}
    return {
        "run": answer.head.run,
        "graph": answer.head.graph,
        "status": answer.head.status,
        "plan": answer.head.plan,
        **_upgrade_json(answer.found, [command for _, command in _ways(journal, answer)]),
        "new_version": new,
    }


def _upgrade_json(found: Upgrade, commands: list[str]) -> dict[str, Json]:
    differences: list[Json] = [
        {"path": each.path, "what": each.what, "acceptable": each.acceptable}
        for each in found.differences
    ]
    diagnostics: list[Json] = [
        {"code": each.code, "message": each.message} for each in found.diagnostics
    ]
    return {
        "answer": found.verdict,
        "new_plan": found.plan.digest if found.plan is not None else None,
        "actions": [*found.actions],
        "differences": differences,
        "diagnostics": diagnostics,
        "commands": [*commands],
    }
