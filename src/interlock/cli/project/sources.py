"""The graph argument: a file, `-` for stdin, or `module:graph`; and what it compiles to."""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from interlock.actions import Registry
from interlock.cli.project.apps import TARGET, load_object, load_registry
from interlock.cli.project.pyproject import Project, find_project
from interlock.cli.terminal.console import listed
from interlock.errors import DocumentInvalid, SourceMap, UsageError
from interlock.graph import DocumentLimits, Draft, Graph, draft
from interlock.plan import Plan, compile as compile_graph

STDIN = "-"
STDIN_NAME = "<stdin>"
DOCUMENT = re.compile(r"(?<!\.certificate)\.(ya?ml|json)$")
UNKNOWN_ACTION = "IL2001"
WITH_BUILT_IN = (
    "an app adds what is built in with `from interlock.library import library`"
    " and `registry = library() | Registry([…])`"
)
NO_APP = "Only built-in actions are known: no app is named, by --app or in a pyproject.toml above"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A graph, or the draft of one that may be wrong; a `@graph` function brings its registry."""

    graph: Graph | Draft
    registry: Registry | None = None

    @property
    def text(self) -> SourceMap | None:
        """The text, when there is one."""
        return self.graph.source if isinstance(self.graph, Draft) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """A graph that may run here."""

    plan: Plan
    registry: Registry
    source: Source


def compile_argument(argument: str, *, app: str | None) -> Compiled:
    """Read and compile what the graph argument names, against the actions of the project.

    Raises:
        DocumentInvalid: the graph is wrong; has all diagnostics.
        UsageError: there is no such graph, or the app cannot be loaded.
    """
    project = find_project()
    source = read_argument(argument, project=project)
    return compile_source(source, project=project, app=app)


def compile_source(source: Source, *, project: Project, app: str | None) -> Compiled:
    """Compile a graph that was read.

    Raises:
        DocumentInvalid: the graph is wrong; has all diagnostics.
        UsageError: the app cannot be loaded.
    """
    registry = load_registry(project, app)
    if source.registry is not None:
        own = source.registry
        registry = own | Registry(action for action in registry if action.name not in own)
    try:
        plan = compile_graph(source.graph, registry)
    except DocumentInvalid as error:
        has_app = app is not None or project.app is not None or source.registry is not None
        for note in _notes(error, has_app=has_app):
            error.add_note(note)
        raise
    return Compiled(plan=plan, registry=registry, source=source)


def _notes(error: DocumentInvalid, *, has_app: bool) -> Iterator[str]:
    """Say where the actions are that a graph names and this project does not have."""
    unknown = [each.message for each in error.diagnostics if each.code == UNKNOWN_ACTION]
    if unknown and not has_app:
        yield NO_APP
    elif unknown:
        from interlock.library import library

        told = " ".join(unknown)
        names = [action.name for action in library() if f"`{action.name}`" in told]
        if names:
            yield f"Built in: {listed(names)}; {WITH_BUILT_IN}"


def read_argument(argument: str, *, project: Project) -> Source:
    """Read what the graph argument names. It may be wrong: that is told when it is compiled.

    Raises:
        DocumentInvalid: the text cannot be read at all.
        UsageError: there is no such file, module or graph.
    """
    path = Path(argument)
    if argument != STDIN and not path.exists() and TARGET.fullmatch(argument):
        return _python(argument, project)
    name = STDIN_NAME if argument == STDIN else argument
    data = read_bytes(argument, what="graph")
    return Source(graph=draft(data, file=name, load_file=_load_file))


def app_of(argument: str, app: str | None) -> str | None:
    """Say where a run of this graph finds its actions again, for commands that are shown."""
    if app is not None or argument == STDIN or Path(argument).exists():
        return app
    return argument if TARGET.fullmatch(argument) and find_project().app is None else None


def _python(argument: str, project: Project) -> Source:
    found = load_object(argument, project=project, what="a graph")
    if isinstance(found, Graph):
        return Source(graph=found)
    from interlock.graph import GraphFunction

    if isinstance(found, GraphFunction):
        return Source(graph=found.draft, registry=found.registry)
    raise UsageError(
        f"`{argument}` is no graph: it is of type `{type(found).__name__}`",
        hint="name a `@graph` function, a Graph, or a YAML or JSON file",
    )


def read_bytes(argument: str, *, what: str) -> bytes:
    """Read a file, or stdin for `-`, up to a little more than a document may have.

    Raises:
        UsageError: it cannot be read.
    """
    most = DocumentLimits().bytes_max + 1
    if argument == STDIN:
        return sys.stdin.buffer.read(most)
    try:
        with Path(argument).open("rb") as file:
            return file.read(most)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else f"{error}"
        raise UsageError(
            f"the {what} `{argument}` cannot be read: {reason}",
            hint="make it readable for this user"
            if isinstance(error, PermissionError)
            else _nearby(argument, what),
        ) from error


def _load_file(path: str) -> bytes:
    with Path(path).open("rb") as file:
        return file.read(DocumentLimits().bytes_max + 1)


def _nearby(argument: str, what: str) -> str:
    """Suggest documents that are there."""
    folder = Path(argument).parent
    if what == "graph" and folder.is_dir():
        there = sorted(p.name for p in folder.iterdir() if DOCUMENT.search(p.name))
        if there:
            more = ", …" if len(there) > 5 else ""
            where = "here" if str(folder) == "." else f"in {folder}"
            return f"{where} are: {', '.join(there[:5])}{more}"
    return "check the spelling and the current folder"
