"""From the bytes of a document to its graph: the way in for files, requests and proposals."""

from dataclasses import replace
from typing import cast

from interlock.errors import Diagnostic, SourceMap
from interlock.graph.drafts import Broken, Draft
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
    """Read a document that is right.

    Args:
        data: the text, YAML or JSON.
        file: its name for messages; paths in it are relative to this.
        load_file: gives the bytes of another file, or raises OSError. Without it, a document that
            names files is refused.
        limits: what the document may be at most.

    Raises:
        DocumentInvalid: with every problem of the text and of the graph.
    """
    return _loaded(draft(data, file=file, load_file=load_file, limits=limits))


def draft(
    data: bytes | str,
    *,
    file: str | None = None,
    load_file: LoadFile | None = None,
    limits: DocumentLimits | None = None,
) -> Draft:
    """Read as much of a document as can be read.

    `compile` takes a draft. It refuses one that is wrong, with the problems of the document and
    those of its actions, references and types together: `compile(draft(text), registry)`.

    Args:
        data: the text, YAML or JSON.
        file: its name for messages; paths in it are relative to this.
        load_file: gives the bytes of another file, or raises OSError.
        limits: what the document may be at most.

    Raises:
        DocumentInvalid: the text has no tree that could be looked at.
    """
    limits = limits or DocumentLimits()
    files = Files(
        load_file=load_file,
        parse=_parse,
        limits=limits,
        trail=(file,) if file else (),
    )
    return _draft(data, files)


def _parse(data: bytes, files: Files) -> FileGraph:
    loaded = _loaded(_draft(data, files))
    return FileGraph(graph=loaded.graph, source=loaded.source, warnings=loaded.warnings)


def _loaded(draft: Draft) -> Loaded:
    source = cast("SourceMap", draft.source)
    return Loaded(graph=draft.whole(), source=source, tree=draft.tree, warnings=draft.diagnostics)


def _draft(data: bytes | str, files: Files) -> Draft:
    reading, _ = scan_text(data, file=files.trail[-1] if files.trail else None, limits=files.limits)
    problems = Problems(files.limits, lost={one.pointer for one in reading.problems})
    graph = read_with(reading.tree, files=files, problems=problems)
    source = _shifted(reading.source, problems.shifts)
    return Draft(
        graph=graph,
        diagnostics=_in_order((*reading.problems, *problems.found), source),
        broken=Broken(problems.lost),
        source=source,
        tree=reading.tree,
    )


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
