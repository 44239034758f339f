"""The source side of reading: text, places, and the problems found so far."""

import bisect
import re
from dataclasses import field

from interlock.errors import Diagnostic, DocumentInvalid, SourceMap, Span
from interlock.graph.showing import bare
from interlock.values import Json, immutable, mutable

TEXT_FILE = "<text>"
_BREAK = re.compile(r"\r\n|\r|\n")


class Stop(Exception):
    """Reading cannot go on; the scan has all the problems."""


def escape(key: str) -> str:
    """Write a key as a token of an RFC 6901 pointer."""
    return key.replace("~", "~0").replace("/", "~1") if "~" in key or "/" in key else key


@mutable()
class Scan:
    """The text of a document, where its values stand, and what is wrong with it as text."""

    file: str
    text: str
    values: dict[str, Span] = field(default_factory=dict)
    keys: dict[str, Span] = field(default_factory=dict)
    problems: list[Diagnostic] = field(default_factory=list)
    repeats: dict[str, list[Span]] = field(default_factory=dict)
    starts: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.starts = [0, *(match.end() for match in _BREAK.finditer(self.text))]

    def position(self, offset: int) -> tuple[int, int]:
        """Give the 1-based line and column of an offset."""
        line = bisect.bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1

    def line_end(self, line: int) -> int:
        """Give the offset of the end of a line, without its break."""
        end = self.starts[line] if line < len(self.starts) else len(self.text)
        while end > self.starts[line - 1] and self.text[end - 1] in "\r\n":
            end -= 1
        return end

    def offset(self, line: int, column: int) -> int:
        """Give the offset of a 1-based line and column."""
        if line > len(self.starts):
            return len(self.text)
        return min(self.starts[line - 1] + column - 1, len(self.text))

    def span(self, start: int, end: int, *, text_at: int | None = None) -> Span:
        """Make the span of a range of the text, cut at the end of its first line."""
        line, column = self.position(start)
        length = max(1, min(end, self.line_end(line)) - start)
        text_column = None if text_at is None else text_at - self.starts[line - 1] + 1
        return Span(line=line, column=column, length=length, text_column=text_column)

    def fail(self, code: str, message: str, *, hint: str, at: tuple[int, int]) -> Stop:
        """Make the error that ends reading: it marks a range of offsets, not a value."""
        pointer = ""
        self.values[pointer] = self.span(*at)
        self.problems.append(Diagnostic(code=code, message=message, hint=hint, pointer=pointer))
        return Stop()

    def key(self, pointer: str, span: Span) -> None:
        """Note where a key stands; a second one of the same name is a problem."""
        first = self.keys.get(pointer)
        if first is not None:
            self.repeats.setdefault(pointer, [first]).append(span)
        self.keys[pointer] = span

    def source(self) -> SourceMap:
        """Give the places found."""
        return SourceMap(file=self.file, text=self.text, values=self.values, keys=self.keys)

    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Give all problems, duplicate keys included.

        Below a key that stands twice, all that both values have stands twice: that is one problem.
        """
        outermost = (item for item in self.repeats.items() if not self._is_below_repeat(item[0]))
        return (*self.problems, *(_repeated(*item) for item in outermost))

    def _is_below_repeat(self, pointer: str) -> bool:
        while pointer := pointer.rpartition("/")[0]:
            if pointer in self.repeats:
                return True
        return False

    def invalid(self) -> DocumentInvalid:
        """Make the exception that carries all problems."""
        return DocumentInvalid(self.diagnostics(), self.source())


def _repeated(pointer: str, spans: list[Span]) -> Diagnostic:
    name = pointer.rpartition("/")[2].replace("~1", "/").replace("~0", "~")
    earlier = " and ".join(f"line {span.line}, column {span.column}" for span in spans[:-1])
    return Diagnostic(
        code="IL1006",
        message=f"`{bare(name)}` stands {_times(len(spans))} in this mapping, before at {earlier}",
        pointer=pointer,
        on_key=True,
        hint="remove one of them, or give it another name",
    )


def _times(count: int) -> str:
    return "twice" if count == 2 else f"{count} times"


@immutable()
class Reading:
    """What reading a text gave: a tree, its places, and problems that did not stop it."""

    tree: Json
    source: SourceMap
    problems: tuple[Diagnostic, ...] = ()
