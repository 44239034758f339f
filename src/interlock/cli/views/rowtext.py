"""The words and glyphs for a row of the board: the same for progress and for `show`."""

from dataclasses import dataclass

from interlock.cli.terminal.console import ELLIPSIS, brief, counted, one_line
from interlock.cli.terminal.times import span
from interlock.cli.views.asleep import GLYPH as ASLEEP, asleep_words
from interlock.cli.views.board import Row
from interlock.journal import NodeStatus, actor_words
from interlock.plan import CompiledMap

GLYPHS: dict[NodeStatus, str] = {
    "waiting": "·",
    "running": "●",
    "in_doubt": "?",
    "succeeded": "✓",
    "skipped": "-",
    "failed": "✗",
    "refused": "✗",
    "cancelled": "✗",
    "undone": "↩",
    "violated": "!",
}
ASCII: dict[str, str] = {"·": ".", ASLEEP: "o", "●": "*", "✓": "+", "✗": "x", "↩": "<", "…": "..."}
COLOURS: dict[NodeStatus, str] = {
    "waiting": "bright_black",
    "running": "blue",
    "in_doubt": "yellow",
    "succeeded": "green",
    "skipped": "bright_black",
    "failed": "red",
    "refused": "red",
    "cancelled": "yellow",
    "undone": "yellow",
    "violated": "red",
}
TIME_CHARS = 9


@dataclass(frozen=True, slots=True)
class Line:
    """A row as text: its parts have different colours on a terminal."""

    glyph: str
    name: str
    time: str
    words: str
    colour: str


def line_of(row: Row, *, now_ms: int | None, name_chars: int, words_chars: int) -> Line:
    """Say in one line how a row stands. `now_ms` is None when nothing goes on any more."""
    end_ms = row.settled_ms if row.is_settled else now_ms
    start_ms = row.started_ms or row.ready_ms
    timed = row.status not in ("skipped", "waiting", "in_doubt") and row.asleep is None
    taken = span(end_ms - start_ms) if timed and start_ms and end_ms is not None else ""
    return Line(
        glyph=_glyph(row),
        name=row.node.id.ljust(name_chars),
        time=taken.rjust(TIME_CHARS),
        words=words_of(row, words_chars, now_ms=now_ms),
        colour="red" if row.undo_error is not None else COLOURS[row.status],
    )


def _glyph(row: Row) -> str:
    if row.undoing:
        return GLYPHS["undone" if row.undo_error is None else "in_doubt"]
    if row.undo_error is not None:
        return GLYPHS["violated"]
    return ASLEEP if row.asleep is not None else GLYPHS[row.status]


def words_of(row: Row, chars: int, *, now_ms: int | None = None) -> str:
    """Say what came of a node, or what it does. `now_ms` is None when nothing goes on any more."""
    if row.asleep is not None and now_ms is not None:
        return one_line(asleep_words(row.asleep, now_ms), chars)
    if row.undoing and row.undo_error is not None:
        told = f"may have been undone: {row.undo_error.code}: {row.undo_error.message}"
        return one_line(told, chars)
    if row.undo_error is not None:
        told = f"was not undone: {row.undo_error.code}: {row.undo_error.message}"
        return one_line(told, chars)
    if row.undoing:
        return "is being undone"
    match row.status:
        case "succeeded":
            again = f"attempt {row.attempt}" if row.attempt > 1 else ""
            again = f"resolved by {actor_words(row.resolved_by)}" if row.resolved_by else again
            told = _inside(row) or _approved(row)
            told = told or brief(row.output.json if row.output is not None else None, chars)
        case "running" | "waiting":
            again = f"attempt {row.attempt}" if row.attempt > 1 else ""
            told = "held: the run is paused" if row.held else _asking(row, now_ms)
            if row.status == "waiting" and row.cancelled_by is not None:
                told = f"{actor_words(row.cancelled_by)} cancelled it: it will not start"
            told = told or _inside(row) or _said(row, chars) or (_failure(row) if again else "")
            if row.status == "running" and now_ms is None:
                told = told or "under way when its process ended"
        case "in_doubt":
            return "in doubt"
        case _:
            again = row.status.replace("_", " ") if row.status != "failed" else ""
            told = f"{row.error.code}: {row.error.message}" if row.error is not None else ""
            if row.status == "skipped" and row.error is not None:
                told = row.error.message
    return one_line(": ".join(part for part in (again, told) if part), chars)


def _asking(row: Row, now_ms: int | None) -> str:
    """Say when the receiver of a write is asked whose answer is lost."""
    if not row.lost:
        return ""
    if now_ms is None:
        return "no answer: its receiver is asked when the run goes on"
    left_ms = row.ask_ms - now_ms
    return f"no answer: its receiver is asked {f'in {span(left_ms)}' if left_ms > 0 else 'now'}"


def _approved(row: Row) -> str:
    return f"approved by {', '.join(map(actor_words, row.approvers))}" if row.approvers else ""


def _failure(row: Row) -> str:
    return row.last_failure.message if row.last_failure is not None else ""


def _said(row: Row, chars: int) -> str:
    """The end of what an action says: the newest is what somebody waits for."""
    said = " ".join(row.said.split())
    room = max(1, chars - len("attempt 99: "))
    return said if len(said) <= room else ELLIPSIS + said[-room + 1 :]


def _inside(row: Row) -> str:
    inside = row.inside
    if inside is None:
        return ""
    word = "item" if isinstance(row.node, CompiledMap) else "node"
    total = "" if inside.total is None else f" of {counted(inside.total, word)}"
    parts = [] if inside.again else [f"{inside.done:,}{total or f' {word}s'} done"]
    if inside.failed:
        parts.append(f"{inside.failed:,} failed")
    if inside.open and word == "item" and not row.is_settled:
        parts.append(f"{len(inside.open):,} under way")
    if inside.undone:
        parts.append(f"{inside.undone:,} undone")
    if inside.turn:
        turn = f"turn {inside.turn:,}"
        return counted(inside.turn, "turn") if row.is_settled else ", ".join([turn, *parts])
    return ", ".join(parts)


def for_encoding(text: str, encoding: str | None) -> str:
    """Replace our glyphs where a stream cannot carry them."""
    try:
        text.encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        for glyph, other in ASCII.items():
            text = text.replace(glyph, other)
    return text
