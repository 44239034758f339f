"""Diagnostics: what is wrong with a document, where, and what to do."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place in a text: 1-based line and column, and how many characters to mark."""

    file: str
    line: int
    column: int
    length: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One problem of a document.

    `pointer` is an RFC 6901 JSON pointer into the document. `span`, when given, is a character
    range inside the scalar at that pointer. `on_key` asks to mark the key instead of the value.
    """

    code: str
    message: str
    pointer: str = ""
    hint: str
    severity: Severity = "error"
    span: tuple[int, int] | None = None
    on_key: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Where a value (or its key) stands in the text.

    `line` and `column` are 1-based. `text_column` is the column of the first character of a
    scalar's content (after its quote); None where characters of the content do not map one to one
    to the text (folded, escaped).
    """

    line: int
    column: int
    length: int
    text_column: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceMap:
    """The text of a document and where each JSON pointer stands in it.

    `is_python` tells a program that describes the document from the document itself.
    """

    file: str
    text: str
    values: Mapping[str, Span]
    keys: Mapping[str, Span]
    is_python: bool = False

    def place(self, diagnostic: Diagnostic) -> Place | None:
        """Find the place of a diagnostic, or of the nearest enclosing value."""
        pointer = diagnostic.pointer
        table = self.keys if diagnostic.on_key and pointer in self.keys else self.values
        while pointer and pointer not in table:
            pointer = pointer.rpartition("/")[0]
        span = table.get(pointer)
        if span is None:
            return None
        marked = diagnostic.span
        if marked is not None and pointer == diagnostic.pointer and span.text_column is not None:
            column = span.text_column + marked[0]
            return Place(
                file=self.file, line=span.line, column=column, length=max(1, marked[1] - marked[0])
            )
        return Place(file=self.file, line=span.line, column=span.column, length=span.length)


def render(diagnostic: Diagnostic, source: SourceMap | None = None) -> str:
    """Render a diagnostic as text for people, rustc's way, readable without colour."""
    lines = [f"{diagnostic.severity}[{diagnostic.code}]: {diagnostic.message}"]
    place = source.place(diagnostic) if source is not None else None
    if place is not None and source is not None:
        lines.append(f"  --> {place.file}:{place.line}:{place.column}")
        lines += _excerpt(source.text, place)
    elif diagnostic.pointer:
        lines.append(f"  --> {diagnostic.pointer}")
    elif source is not None:
        lines.append(f"  --> {source.file}")
    lines += [f"   {note}" for note in diagnostic.notes]
    lines.append(f"hint: {diagnostic.hint}")
    return "\n".join(lines)


WIDTH_MAX = 100


def _excerpt(text: str, place: Place) -> list[str]:
    """Show the line of a place with a mark below it, cut to a window around the mark."""
    all_lines = text.splitlines()
    if place.line > len(all_lines):
        return []
    line = all_lines[place.line - 1].replace("\t", " ")
    gutter = f"{place.line} | "
    room = WIDTH_MAX - len(gutter)
    start = 0 if len(line) <= room else max(0, place.column - 1 - room // 3)
    shown = line[start : start + room]
    column = place.column - 1 - start
    length = max(1, min(place.length, len(shown) - column))
    mark = " " * (len(gutter) - 2) + "| " + " " * column + "^" * length
    return [gutter + shown, mark]


def render_all(diagnostics: tuple[Diagnostic, ...], source: SourceMap | None = None) -> str:
    """Render diagnostics with a closing count."""
    blocks = [render(diagnostic, source) for diagnostic in diagnostics]
    errors = sum(diagnostic.severity == "error" for diagnostic in diagnostics)
    warnings = len(diagnostics) - errors
    counts = [
        f"{n} {word}{'s' if n != 1 else ''}"
        for n, word in ((errors, "error"), (warnings, "warning"))
        if n
    ]
    return "\n\n".join([*blocks, ", ".join(counts)])
