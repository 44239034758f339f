"""`interlock check`: find everything that is wrong with graphs, and run nothing."""

from dataclasses import dataclass

import click

from interlock.cli.project.pyproject import Project, find_project
from interlock.cli.project.sources import compile_source, read_argument
from interlock.cli.terminal.console import aligned, counted, err, out, out_json, tinted
from interlock.cli.terminal.exits import Exit, exit_of
from interlock.cli.terminal.options import app_option, example, json_option
from interlock.cli.views.planview import short
from interlock.errors import (
    ActionInvalid,
    Diagnostic,
    DocumentInvalid,
    InterlockError,
    SourceMap,
    UsageError,
    render,
)
from interlock.plan import Plan
from interlock.values import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was found in one graph. The plan is None when there is an error.

    `exit` is how the command would end if this were the only graph.
    """

    graph: str
    plan: Plan | None
    diagnostics: tuple[Diagnostic, ...]
    source: SourceMap | None
    notes: tuple[str, ...] = ()
    exit: Exit = Exit.REFUSED


@click.command(epilog=example("interlock check hello.yaml"))
@click.argument("graphs", nargs=-1, required=True, metavar="GRAPH...")
@app_option
@json_option
def check(graphs: tuple[str, ...], *, app: str | None, as_json: bool) -> int:
    """Check graphs: structure, names, types, expressions. Nothing is run.

    GRAPH is a YAML or JSON file, - for stdin, or MODULE:NAME. All problems are shown at once; one
    that cannot be read does not keep the others from being checked.
    """
    project = find_project()
    findings = [_find(graph, project=project, app=app) for graph in graphs]
    if as_json:
        out_json([_finding_json(finding) for finding in findings])
    else:
        _show(findings)
    # What could not be read comes first: of that graph, nothing is known.
    return min((each.exit for each in findings if each.plan is None), default=Exit.OK)


def _find(graph: str, *, project: Project, app: str | None) -> Finding:
    text: SourceMap | None = None
    try:
        try:
            source = read_argument(graph, project=project)
        except (ActionInvalid, UsageError) as error:
            return _unread(graph, error)
        text = source.text
        compiled = compile_source(source, project=project, app=app)
    except DocumentInvalid as error:
        return Finding(
            graph=graph,
            plan=None,
            diagnostics=error.diagnostics,
            source=error.source or text,
            notes=tuple(getattr(error, "__notes__", ())),
        )
    plan = compiled.plan
    return Finding(graph=graph, plan=plan, diagnostics=plan.diagnostics, source=text)


def _unread(graph: str, error: InterlockError) -> Finding:
    told = Diagnostic(code=error.code, message=error.message, pointer="", hint=error.hint)
    return Finding(graph=graph, plan=None, diagnostics=(told,), source=None, exit=exit_of(error))


def _show(findings: list[Finding]) -> None:
    for finding in findings:
        for diagnostic in finding.diagnostics:
            err(tinted(render(diagnostic, finding.source)) + "\n")
    good = [(f.graph, f.plan) for f in findings if f.plan is not None]
    rows = [(g, "ok", counted(len(p.root.nodes), "node"), short(p.digest)) for g, p in good]
    for line in aligned(rows, indent=0):
        out(line)
    found = [each.severity for finding in findings for each in finding.diagnostics]
    counts = [counted(found.count(kind), kind) for kind in ("error", "warning") if kind in found]
    if counts:
        err(f"{', '.join(counts)}. Nothing was run.")
    for note in dict.fromkeys(note for finding in findings for note in finding.notes):
        err(note)


def _finding_json(finding: Finding) -> dict[str, Json]:
    plan = finding.plan
    return {
        "graph": finding.graph,
        "ok": plan is not None,
        "plan": plan.digest if plan is not None else None,
        "diagnostics": [diagnostic_json(each, finding.source) for each in finding.diagnostics],
    }


def diagnostic_json(diagnostic: Diagnostic, source: SourceMap | None) -> dict[str, Json]:
    """Return a diagnostic as JSON data."""
    place = source.place(diagnostic) if source is not None else None
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        "file": place.file if place is not None else None,
        "line": place.line if place is not None else None,
        "column": place.column if place is not None else None,
        "length": place.length if place is not None else None,
        "pointer": diagnostic.pointer,
        "notes": [*diagnostic.notes],
        "hint": diagnostic.hint,
    }
