"""Graphs in other files, read through a function of the caller: this package does no I/O."""

import posixpath
from collections.abc import Callable
from dataclasses import field, replace

from interlock.errors import Diagnostic, DocumentInvalid, SourceMap
from interlock.graph.fields import Problems
from interlock.graph.limits import DocumentLimits, over
from interlock.graph.model import Graph
from interlock.graph.showing import bare
from interlock.values import immutable

LoadFile = Callable[[str], bytes]
SHOWN_MAX = 10


@immutable()
class FileGraph:
    """A graph from a file, and the warnings about it with their source."""

    graph: Graph
    source: SourceMap
    warnings: tuple[Diagnostic, ...] = ()


@immutable()
class Files:
    """How a document reaches other files: relative to itself, each read once, never in a circle."""

    load_file: LoadFile | None = None
    parse: "Callable[[bytes, Files], FileGraph] | None" = None
    limits: DocumentLimits = field(default_factory=DocumentLimits)
    trail: tuple[str, ...] = ()
    known: dict[str, FileGraph | None] = field(default_factory=dict)

    def graph(self, path: str, *, pointer: str, problems: Problems) -> Graph | None:
        """Give the graph of a file; a problem is noted at `pointer`."""
        refused = self._refused(path, pointer)
        if refused is not None or self.load_file is None or self.parse is None:
            problems.add(refused)
            return None
        target = self.resolve(path)
        if target not in self.known:
            self.known[target] = None
            self.known[target] = self._read(target, pointer=pointer, problems=problems)
        found = self.known[target]
        if found is None:
            return None
        for warning in found.warnings:
            place = _place(warning, found.source)
            problems.add(replace(warning, message=f"{place}: {warning.message}", pointer=pointer))
        return found.graph

    def resolve(self, path: str) -> str:
        """Give the path that a file of this document has for the caller."""
        base = posixpath.dirname(self.trail[-1]) if self.trail else ""
        return posixpath.normpath(posixpath.join(base, path))

    def _refused(self, path: str, pointer: str) -> Diagnostic | None:
        shown = bare(path)
        if self.load_file is None or self.parse is None:
            message = f"`{shown}` is a file, and files cannot be read here"
            hint = "write the graph under `graphs` of this document"
        elif path.startswith("/") or "\\" in path or ":" in path or "\x00" in path:
            message = f"`{shown}` is no relative path with `/`"
            hint = "write the path relative to this document, such as `lib/page.yaml`"
        elif self.resolve(path) in self.trail:
            names = (*self.trail[self.trail.index(self.resolve(path)) :], self.resolve(path))
            return _problem(
                "IL1118", f"the file contains itself: {' → '.join(names)}", pointer, hint=_CIRCLE
            )
        elif len(self.trail) >= self.limits.file_depth_max:
            limit = ("file_depth_max", self.limits.file_depth_max)
            return over("IL5008", "files are nested too deep", limit=limit, pointer=pointer)
        elif len(self.known) >= self.limits.files_max and self.resolve(path) not in self.known:
            limit = ("files_max", self.limits.files_max)
            return over("IL5008", "the document needs too many files", limit=limit, pointer=pointer)
        else:
            return None
        return _problem("IL1119", message, pointer, hint=hint)

    def _read(self, target: str, *, pointer: str, problems: Problems) -> FileGraph | None:
        if self.load_file is None or self.parse is None:
            return None
        try:
            data = self.load_file(target)
        except OSError as error:
            reason = error.strerror or f"{error}"
            message = f"`{bare(target)}` cannot be read: {reason}"
            hint = "paths are relative to this document; check the spelling"
            problems.add(_problem("IL1119", message, pointer, hint=hint))
            return None
        try:
            return self.parse(data, replace(self, trail=(*self.trail, target)))
        except DocumentInvalid as error:
            problems.add(_nested(error, target, pointer))
            return None


_CIRCLE = "a graph cannot contain itself; make the inner part a graph of its own"


def is_path(name: str) -> bool:
    """Say whether a node names its graph by the path of a file."""
    return "/" in name or "." in name


def _nested(error: DocumentInvalid, target: str, pointer: str) -> Diagnostic:
    errors = [item for item in error.diagnostics if item.severity == "error"]
    notes: list[str] = []
    for item in errors:
        # What is wrong in a file of that file is told with its own place.
        own = f"{_place(item, error.source)}: {item.code}: {item.message}"
        notes += item.notes if item.code == "IL1120" else [own, *item.notes]
    if len(notes) > SHOWN_MAX:
        notes = [*notes[:SHOWN_MAX], f"and {len(notes) - SHOWN_MAX} more"]
    count = f"{len(errors)} problem{'s' if len(errors) != 1 else ''}"
    return Diagnostic(
        code="IL1120",
        message=f"`{bare(target)}` has {count}",
        pointer=pointer,
        notes=tuple(notes),
        hint=f"check that file by itself: interlock check {bare(target)}",
    )


def _place(diagnostic: Diagnostic, source: SourceMap | None) -> str:
    place = source.place(diagnostic) if source is not None else None
    return diagnostic.pointer if place is None else f"{place.file}:{place.line}:{place.column}"


def _problem(code: str, message: str, pointer: str, *, hint: str) -> Diagnostic:
    return Diagnostic(code=code, message=message, pointer=pointer, hint=hint)
