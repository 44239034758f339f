"""Writing to people and programs: data on stdout, the rest on stderr, no harm to a terminal."""

import codecs
import json
import os
import sys
from collections.abc import Iterable, Sequence
from shutil import get_terminal_size
from typing import Any, TextIO, cast

import click

from interlock.errors import UsageError
from interlock.values import Json

WIDTH = 100
WIDTH_MIN, WIDTH_MAX = 60, 160
ELLIPSIS = "…"
TINTS = {"error[": "red", "warning[": "yellow", "hint:": "cyan", "warning:": "yellow"}
ESCAPES = "interlock.escapes"
"""What a stream does with characters that its encoding lacks; see `escape_what_is_lacking`."""


def _escaped(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end


codecs.register_error(ESCAPES, _escaped)


def escape_what_is_lacking(stream: TextIO) -> None:
    """Let a stream write what its encoding lacks as JSON escapes, so that JSON stays JSON."""
    if hasattr(stream, "reconfigure"):
        cast(Any, stream).reconfigure(errors=ESCAPES)


def is_plain() -> bool:
    """Whether nothing may be coloured: NO_COLOR is set, or the terminal shows text only."""
    return bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"


def is_live(stream: TextIO) -> bool:
    """Whether a stream is a terminal on which lines can be drawn over."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def out(text: str) -> None:
    """Write data to stdout. A reader that has gone is no error: the command ends as it would."""
    _write(text, to_error=False)


def err(text: str) -> None:
    """Write to stderr what is not data."""
    _write(text, to_error=True)


def _write(text: str, *, to_error: bool) -> None:
    out_line(text, sys.stderr if to_error else sys.stdout)


def out_line(text: str, stream: TextIO) -> None:
    """Write a line to a stream, whatever else is sent elsewhere meanwhile.

    Raises:
        UsageError: data cannot be written; of stderr there is nobody to tell.
    """
    try:
        click.echo(text, file=stream, color=False if is_plain() else None)
    except BrokenPipeError:
        mute(stream)
    except OSError as error:
        is_data = stream is not sys.stderr
        mute(stream)
        if is_data:
            raise UsageError(
                f"stdout cannot be written: {error.strerror}",
                hint="send it elsewhere; what a run did is in its journal, see `interlock show`",
            ) from error


def mute(stream: TextIO) -> None:
    """Send what else goes to a stream nowhere, so that no later flush complains."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def out_json(value: Json) -> None:
    """Write one JSON value to stdout, for programs."""
    out(json_text(value, indent=2))


def json_text(value: Json, *, indent: int | None = None) -> str:
    """Write JSON that cannot drive a terminal: what is not printable is escaped, as JSON allows."""
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    if text.replace("\n", "").isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)


def tinted(text: str) -> str:
    """Colour the first words of the lines of a message; outside a terminal colours are dropped."""
    return "\n".join(_tinted_line(line) for line in text.splitlines())


def _tinted_line(line: str) -> str:
    for start, colour in TINTS.items():
        if line.startswith(start):
            end = line.find(":") + 1
            return click.style(line[:end], fg=colour, bold=colour != "cyan") + line[end:]
    return line


def plain(text: str) -> str:
    """Make text safe to show: control and formatting characters become escapes."""
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text
    )


def width() -> int:
    """How many columns there are: on a terminal its own, within reason, and elsewhere 100."""
    if not sys.stdout.isatty():
        return WIDTH
    return min(WIDTH_MAX, max(WIDTH_MIN, get_terminal_size((WIDTH, 24)).columns))


def one_line(text: str, chars: int | None = None) -> str:
    """Make text one safe line of at most so many characters."""
    chars = width() if chars is None else chars
    line = plain(" ".join(text.split()))
    return line if len(line) <= chars else line[: max(0, chars - 1)] + ELLIPSIS


def brief(value: Json, chars: int) -> str:
    """Show a value in at most so many characters of one line."""
    while isinstance(value, dict) and len(value) == 1:
        value = next(iter(value.values()))
    if value is None or value == {}:
        return ""
    text = value if isinstance(value, str) else json_text(value)
    return one_line(text[: 4 * chars + 4], chars)


def aligned(
    rows: Sequence[Sequence[str]], *, indent: int = 2, chars: int | None = None
) -> list[str]:
    """Lay rows out in columns; the last one is cut at so many characters, or at the width."""
    if not rows:
        return []
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines: list[str] = []
    for row in rows:
        cells = [cell.ljust(widths[column]) for column, cell in enumerate(row)]
        kept = [cell for cell, column in zip(cells, widths, strict=True) if column]
        lines.append(one_width(" " * indent + "  ".join(kept), chars))
    return lines


def one_width(line: str, chars: int | None = None) -> str:
    """Cut a line at so many characters, or at the width."""
    line, chars = line.rstrip(), chars or width()
    return line if len(line) <= chars else line[: chars - 1] + ELLIPSIS


def counted(count: int, word: str) -> str:
    """Count something in words: `1 call`, `2 calls`."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def listed(names: Iterable[str]) -> str:
    """List names in backticks."""
    return ", ".join(f"`{name}`" for name in names)


def flush() -> None:
    """Flush both streams; a reader that has gone is no error."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            mute(stream)


def open_closed_streams() -> None:
    """Lead streams that are closed nowhere, so that no file of ours gets their numbers."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free
            setattr(sys, name, os.fdopen(nowhere, mode, encoding="utf-8"))
