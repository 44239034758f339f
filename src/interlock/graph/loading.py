"""From the bytes of a document to its graph: the way in for files, requests and proposals."""

from dataclasses import replace

from interlock.errors import Diagnostic, DocumentInvalid, SourceMap
from interlock.graph.fields import Problems
from interlock.graph.files import FileGraph, Files, LoadFile
from interlock.graph.limits import DocumentLimits
from interlock.graph.model import Graph
from interlock.graph.reader import read_with
from interlock.graph.yaml import scan_text
from interlock.values import Json, immutable


@immutable()
class Loaded:
    """A graph with the document that it was read from.

    `source` knows the place of every value of `tree`, for the diagnostics of later checks.
    """

    graph: Graph
    source: SourceMap
    tree: Json
    warnings: tuple[Diagnostic, ...] = ()


def load(
    data: bytes | str,
    *,
    file: str | None = None,
    load_file: LoadFile | None = None,
    limits: DocumentLimits | None = None,
) -> Loaded:
    """Read a document.

    Args:
        data: the text, YAML or JSON.
        file: its name for messages; paths in it are relative to this.
        load_file: gives the bytes of another file, or raises OSError. Without it, a document that
            names files is refused.
        limits: what the document may be at most.

    Raises:
        DocumentInvalid: with every problem of the text and of the graph.
    """
    limits = limits or DocumentLimits()
    files = Files(
        load_file=load_file,
        parse=_parse,
        limits=limits,
        trail=(file,) if file else (),
    )
    return _load(data, files)


def _parse(data: bytes, files: Files) -> FileGraph:
    loaded = _load(data, files)
    return FileGraph(graph=loaded.graph, source=loaded.source, warnings=loaded.warnings)


def _load(data: bytes | str, files: Files) -> Loaded:
    reading, _ = scan_text(data, file=files.trail[-1] if files.trail else None, limits=files.limits)
    problems = Problems(files.limits)
    graph = read_with(reading.tree, files=files, problems=problems)
    source = _shifted(reading.source, problems.shifts)
    found = _in_order((*reading.problems, *problems.found), source)
    if graph is None or reading.problems:
        raise DocumentInvalid(found, source)
    return Loaded(graph=graph, source=source, tree=reading.tree, warnings=found)


def _shifted(source: SourceMap, shifts: dict[str, int]) -> SourceMap:
    """Let the text of each stored expression begin where it begins inside its scalar."""
    values = dict(source.values)
    for pointer, shift in shifts.items():
        span = values.get(pointer)
        if span is not None and span.text_column is not None:
            values[pointer] = replace(span, text_column=span.text_column + shift)
    return replace(source, values=values)


def _in_order(found: tuple[Diagnostic, ...], source: SourceMap) -> tuple[Diagnostic, ...]:
    """Sort problems by their place; those of one place stay in the order of their finding."""

    def place(diagnostic: Diagnostic) -> tuple[int, int]:
        found = source.place(diagnostic)
        return (found.line, found.column) if found else (0, 0)

    return tuple(sorted(found, key=place))
