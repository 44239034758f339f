"""Progress of a run: live on a terminal, one plain line a node elsewhere.

`Progress` is an observer of committed events. It never stops a run: when nobody reads its stream
any more, it is silent.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO, TypeAlias, final

import click

from interlock.cli.terminal.console import WIDTH, counted, is_live, one_line
from interlock.cli.views.asleep import GLYPH, asleep_words
from interlock.cli.views.board import Asleep, Board, Row, is_about_run, is_inside
from interlock.cli.views.rowtext import GLYPHS, TIME_CHARS, Line, for_encoding, line_of
from interlock.engine import told
from interlock.journal import Entry, GateOpened, RunMigrated, WaitOpened
from interlock.plan import Plan
from interlock.runtime import Chunk, Heartbeat, SystemClock
from interlock.values import Path, RunId

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live

NAME_CHARS_MAX = 32
ROWS_MARGIN = 4
ASLEEP_SHOWN_MAX = 3
"""Gates and waits inside of a node that its row shows on a terminal."""

Answers: TypeAlias = Callable[[RunId, Path, Asleep], Sequence[str]]
"""Writes the commands that answer an open gate or end a wait; the first one is shown."""

REFRESHES_A_SECOND = 10


@final
class Progress:
    """Shows a run on a stream while it goes on.

    ```
    with Progress(plan, stream, stream.isatty()) as observe:
        await runtime.run(plan, inputs, observer=observe)
    ```

    Args:
        plan: the plan that runs.
        stream: where to; stderr, as a rule, since stdout is for data.
        live: redraw in place, as only a terminal can; otherwise each node that ends is a line.
        now_ms: the time, for what is under way.
        answers: the commands that answer what the run waits for.
    """

    def __init__(
        self,
        plan: Plan,
        stream: TextIO,
        live: bool = False,  # noqa: FBT001, FBT002 - part of the agreed signature
        *,
        now_ms: Callable[[], int] | None = None,
        answers: Answers | None = None,
    ) -> None:
        self.board = Board(plan)
        self._plan = plan
        self._stream = stream
        self._now_ms = now_ms or SystemClock().now_ms
        self._answers = answers
        self._headed = False
        self._run = RunId("")
        self._silent = False
        self._name_chars = min(
            NAME_CHARS_MAX, max((len(node.id) for node in plan.root.nodes), default=0)
        )
        self._live: Live | None = self._make_live() if live else None

    def __enter__(self) -> Callable[[RunId, Entry], None]:
        if self._live is not None:
            self._live.start()
        return self.observe

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._quietly(self._live.stop)

    def observe(self, run: RunId, entry: Entry) -> None:
        """Take a committed event."""
        self._head(run)
        event, before = entry.event, self.board.plan
        is_anew = isinstance(event, GateOpened) and event.path in self.board.asleep
        row = self.board.apply(entry)
        if self._live is not None:
            return
        if isinstance(event, RunMigrated):
            what = "code" if event.document.ref == before.document.ref else "graph"
            self._write(f"  the {what} has changed: the run goes on under plan {event.plan}")
        elif isinstance(event, GateOpened) and is_anew:
            self._write(f"  {event.path} asks anew: what was approved before counts for nothing")
        self._tell(entry, row)

    def hear(self, said: Chunk | Heartbeat) -> None:
        """Take what an action says while it runs; only a terminal shows it."""
        if self._live is not None:
            self.board.hear(said)

    def catch_up(self, entries: Iterable[Entry]) -> Self:
        """Take what happened before, without a word: the run is taken up from there."""
        for entry in entries:
            self.board.apply(entry)
        return self

    def _head(self, run: RunId) -> None:
        if not self._headed:
            self._headed = True
            self._run = run
            if self._live is None:
                self._write(f"Run {run}  {self._plan.name}")

    def _tell(self, entry: Entry, row: Row | None) -> None:
        event = entry.event
        if is_about_run(event) and not isinstance(event, RunMigrated):
            self._write(f"  {one_line(told(entry), WIDTH - 2)}")
        if row is not None:
            self._write(self._text(row))
        if isinstance(event, GateOpened | WaitOpened):
            for line in self._asleep_lines(event.path, WIDTH, is_row=row is not None):
                self._write(line)

    def _asleep_lines(self, path: Path, chars: int, *, is_row: bool) -> Iterator[str]:
        """Say what a gate or a wait inside of a node waits for, and how to answer any."""
        asleep = self.board.asleep.get(path)
        if asleep is None:
            return
        if not is_row:
            start = f"    {GLYPH} {path}  "
            yield start + one_line(asleep_words(asleep, self._now_ms()), chars - len(start))
        answers = self._answers(self._run, path, asleep) if self._answers is not None else ()
        for command in answers[:1]:
            yield " " * (self._name_chars + TIME_CHARS + 8) + command

    def _text(self, row: Row) -> str:
        line = self._line(row, WIDTH)
        return f"  {line.glyph} {line.name} {line.time}   {line.words}".rstrip()

    def _line(self, row: Row, width: int) -> Line:
        room = max(10, width - self._name_chars - TIME_CHARS - 8)
        now_ms = self._now_ms()
        return line_of(row, now_ms=now_ms, name_chars=self._name_chars, words_chars=room)

    def _write(self, text: str) -> None:
        self._quietly(
            lambda: click.echo(for_encoding(text, self._stream.encoding), file=self._stream)
        )

    def _quietly(self, write: Callable[[], None]) -> None:
        """Write, unless nobody reads any more: what watches a run must not end it."""
        if self._silent:
            return
        try:
            write()
        except (OSError, ValueError):
            self._silent = True

    # --- on a terminal

    def _make_live(self) -> "Live":
        # Imported here: only a terminal needs it, and it takes longer to load than all the rest.
        from rich.console import Console
        from rich.live import Live

        console = Console(file=self._stream, highlight=False, emoji=False, markup=False)
        return Live(
            console=console,
            get_renderable=lambda: self._render(console.width, console.height),
            refresh_per_second=REFRESHES_A_SECOND,
            vertical_overflow="crop",
        )

    def _render(self, width: int, height: int) -> "RenderableType":
        from rich.text import Text

        if not self._headed:
            return Text("")
        text = Text(f"Run {self._run}  ", no_wrap=True, overflow="ellipsis")
        text.append(self._plan.name, "bold")
        rows = self.board.rows
        shown = rows if len(rows) + ROWS_MARGIN <= height else self._telling(height - ROWS_MARGIN)
        if len(shown) < len(rows):
            settled = sum(row.is_settled for row in rows)
            text.append(f"\n  {GLYPHS['succeeded']} {settled:,} of {counted(len(rows), 'node')}")
        for row in shown:
            line = self._line(row, width)
            text.append(f"\n  {line.glyph}", line.colour)
            text.append(f" {line.name}", "dim" if row.status == "waiting" else "")
            text.append(f" {line.time}   ", "dim")
            text.append(line.words, "" if row.status != "succeeded" else "dim")
            for inner in self._asleep_at(row, width):
                text.append(f"\n{inner}")
        return text

    def _asleep_at(self, row: Row, width: int) -> Iterator[str]:
        """Lines for what waits at a row or inside of it."""
        here = Path(row.node.id)
        inner = [path for path in self.board.asleep if is_inside(path, here)]
        for path in inner[:ASLEEP_SHOWN_MAX]:
            yield from self._asleep_lines(path, width, is_row=path == here)
        if len(inner) > ASLEEP_SHOWN_MAX:
            yield f"    {GLYPH} and {len(inner) - ASLEEP_SHOWN_MAX:,} more are waited for"

    def _telling(self, most: int) -> list[Row]:
        """Choose the rows that matter when there is no room for all: trouble, then what runs."""
        trouble = [row for row in self.board.rows if row.error and row.status != "skipped"]
        running = [row for row in self.board.rows if row.status == "running"]
        chosen = {id(row) for row in (*trouble, *running)[: max(1, most)]}
        return [row for row in self.board.rows if id(row) in chosen]


def restore_terminal(stream: TextIO) -> None:
    """Show the cursor again, for a process that ends at once."""
    if is_live(stream):
        os.write(stream.fileno(), b"\x1b[?25h\n")
