"""The demo, act by act: each one calls what a command calls, and shows what that shows."""

import shutil
import sys
from collections.abc import Awaitable, Callable, Iterable
from contextlib import redirect_stderr
from dataclasses import dataclass, replace
from pathlib import Path

from interlock.actions import Registry
from interlock.cli.demo.actions import release_registry
from interlock.cli.demo.closing import hints, index_lines, program_in
from interlock.cli.demo.interruption import Killed, run_and_kill
from interlock.cli.demo.model import (
    MODEL,
    Answer,
    AskedModel,
    ModelSilent,
    ShippedAnswers,
    Source,
    endpoint,
    name_model,
)
from interlock.cli.demo.narration import fact, heading, say
from interlock.cli.demo.planning import Agreed, agree
from interlock.cli.demo.project import FIX, HISTORY, NAME
from interlock.cli.demo.stopping import Stopping
from interlock.cli.demo.workspace import Workspace
from interlock.cli.project.pyproject import shown
from interlock.cli.project.stores import opened
from interlock.cli.running.driving import Interruption, Stage, conclude, drive, take_up
from interlock.cli.terminal.console import counted, out, tinted
from interlock.cli.terminal.exits import Exit
from interlock.cli.views.planview import render_plan
from interlock.errors import DocumentInvalid
from interlock.graph import CallNode, ProposeNode, read_graph
from interlock.journal import ProposalAccepted
from interlock.replay import verify
from interlock.runtime import Observer, RunResult, Runtime, read_entries
from interlock.values import Json, RunId

PRINCIPAL = "release-agent"
VERSIONS = (HISTORY[-1].version, FIX.version)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a run of the demo ended."""

    run: RunId
    code: int


def tell(workspace: Workspace, shelf: Path) -> int:
    """Play all acts; the first one that does not end well is the last one, as is Ctrl-C."""
    stopping = Stopping(workspace)
    try:
        return _play(workspace, shelf, stopping)
    except KeyboardInterrupt:
        return stopping.last_words()


def _play(workspace: Workspace, shelf: Path, stopping: Stopping) -> int:
    registry = release_registry(workspace.folder)
    agreed = _plan(workspace, shelf, registry)
    if agreed is None:
        say("", "No answer compiles, so nothing was run.")
        return Exit.REFUSED
    workspace.plan.write_bytes(agreed.answer.data)
    with opened(str(workspace.journal)) as journal:
        here = replace(journal, store_option=None, program=program_in(workspace))
        stage = Stage(plan=agreed.plan, registry=registry, journal=here)
        first = _release(stage, stopping)
        if first.code != Exit.OK:
            return first.code
        killed = _kill(workspace)
        if killed is None:
            return Exit.FAILED
        second = _resume(stage, stopping, killed.run)
        if second.code != Exit.OK:
            return second.code
        once = _count(workspace)
        _replay(stage, workspace, (first.run, second.run))
    heading("All of it is left for you to look at")
    for line in hints(workspace, second.run, next(iter(killed.intents))):
        out(line)
    return Exit.OK if once else Exit.FAILED


# --- a plan


def _plan(workspace: Workspace, shelf: Path, registry: Registry) -> Agreed | None:
    url = endpoint()
    model = name_model(url) if url is not None else None
    _introduce(workspace)
    if model is not None:
        fact("model", f"{model} at {url}")
        agreed = _asked(AskedModel(workspace.folder, registry.manifests), registry)
        if agreed is not None:
            return agreed
        say("", "No plan came of that; from here on, shipped files stand in for the model:")
    else:
        why = "none in the environment" if url is None else f"{MODEL} does not say which"
        fact("model", f"{why}; files stand in for its answers, edit them:")
    fact("", f"{shown(shelf.resolve())}/first.yaml, second.yaml, checks.yaml")
    shutil.copyfile(shelf / "checks.yaml", workspace.checks)
    return _asked(ShippedAnswers(shelf), registry)


def _introduce(workspace: Workspace) -> None:
    out(f"Interlock demo: an agent releases {NAME} {VERSIONS[0]}\n")
    fact("workspace", str(workspace.folder))
    fact("project", f"{NAME}/, a git repository with tests, last released as {HISTORY[0].tag}")
    fact("index", "index/, a folder that takes wheels and logs every request")


def _asked(source: Source, registry: Registry) -> Agreed | None:
    heading("A plan is asked for")
    try:
        agreed = agree(source, registry, _show_refusal)
    except ModelSilent as error:
        say(tinted(f"warning: {error.message}"))
        return None
    if agreed is not None:
        heading("The next answer compiles: this is what would happen")
        _say_who(agreed.answer)
        out(render_plan(agreed.plan))
    return agreed


def _show_refusal(answer: Answer, error: DocumentInvalid, *, is_last: bool) -> None:
    _say_who(answer)
    out(tinted(f"{error}"))
    told = "Refused before anything ran."
    if is_last:
        say("", told)
    else:
        say("", f"{told} The model gets all of it back, and answers again.", "")


def _say_who(answer: Answer) -> None:
    fact("answer", answer.file)
    fact("from", f"{answer.by}\n")


# --- a run


def _release(stage: Stage, stopping: Stopping) -> Ended:
    heading(f"It runs: release {VERSIONS[0]}")

    def order(runtime: Runtime, observer: Observer) -> Awaitable[RunResult]:
        inputs: dict[str, Json] = {"version": VERSIONS[0]}
        return runtime.run(stage.plan, inputs, principal=PRINCIPAL, observer=observer)

    ended = _watched(stage, stopping, lambda stop: drive(stage, order, stop=stop))
    for entry in read_entries(stage.journal.store, ended.run):
        if isinstance(entry.event, ProposalAccepted):
            told = ", ".join(_actions_of(entry.event.document.json))
            say("", f"Inside the run, `{entry.event.path}` proposed a graph of", f"{told};")
            say("it was compiled under its own narrow rules before it ran.")
    return ended


def _watched(
    stage: Stage, stopping: Stopping, drive_it: Callable[[Interruption], RunResult]
) -> Ended:
    """Drive a run, with progress and outcome in the one stream of the demo."""
    with redirect_stderr(sys.stdout):
        result = stopping.watched(stage.journal, drive_it)
        return Ended(run=result.run, code=conclude(stage, result, as_json=False))


def _actions_of(document: Json) -> list[str]:
    graph, _ = read_graph(document)
    nodes = graph.nodes.values() if graph is not None else ()
    return [node.action for node in nodes if isinstance(node, CallNode | ProposeNode)]


# --- a run that is killed, and taken up again


def _kill(workspace: Workspace) -> Killed | None:
    heading(f"A fix is committed: release {VERSIONS[1]}, and kill the process in the middle of it")
    workspace.repository.commit(FIX)
    say(
        f"Another process: interlock run {workspace.plan.name} -i version={VERSIONS[1]}",
        "The index publishes, and holds its answer back; then the process gets SIGKILL.",
        "",
    )
    killed = run_and_kill(workspace, VERSIONS[1])
    say("")
    if killed is None:
        say("The run ended before the index was asked; its journal says why.")
        return None
    fact("index", f"published {killed.told.file}; nobody got the answer")
    for path, seq in killed.intents.items():
        fact("journal", f"event {seq} is the intent of `{path}`; there is no outcome")
    fact("SIGKILL", f"process {killed.process} is gone")
    return killed


def _resume(stage: Stage, stopping: Stopping, run: RunId) -> Ended:
    heading("Resume: a write without an outcome is sent again, with the same key")
    return _watched(stage, stopping, lambda stop: take_up(stage, run, stop=stop))


def _count(workspace: Workspace) -> bool:
    """Hold the index's own log against what was ordered: two releases."""
    requests = workspace.index.requests()
    published = [request.file for request in requests if request.reply == "published"]
    once = len(published) == len(set(published)) == len(VERSIONS)
    say("", "What the index logged:")
    for line in index_lines(requests):
        out(line)
    verdict = "nothing was published twice" if once else "WRONG"
    say(f"2 releases, {counted(len(published), 'publication')}: {verdict}")
    return once


# --- replay


def _replay(stage: Stage, workspace: Workspace, runs: Iterable[RunId]) -> None:
    heading("Replay: each run again, from its journal alone; no action is called")
    before = len(workspace.index.requests())
    for run in runs:
        verified = verify(run, read_entries(stage.journal.store, run))
        verdict = "equal" if verified.recorded == verified.replayed else "DIFFERENT"
        say(f"{run}  {verified.status}, {counted(verified.events, 'event')} derived again")
        fact("recorded", f"{verified.recorded}")
        fact("replayed", f"{verified.replayed}  {verdict}")
    asked = len(workspace.index.requests()) - before
    say("", f"Meanwhile the index was asked {counted(asked, 'time')}.")
