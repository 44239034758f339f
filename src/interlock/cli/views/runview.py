"""A run for people and for programs: where each node stands and why, and what to do next."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from textwrap import wrap

import click

from interlock.cli.project.stores import Journal
from interlock.cli.terminal.console import counted, json_text, one_line, plain, width
from interlock.cli.terminal.people import name_of
from interlock.cli.terminal.times import moment, span
from interlock.cli.views.asleep import asleep_json, asleep_lines, due_ms, waiting_for
from interlock.cli.views.board import Board, Row, is_inside
from interlock.cli.views.doubts import action_at, doubt_lines, resolve_commands
from interlock.cli.views.rowtext import GLYPHS, TIME_CHARS, line_of
from interlock.engine import doubt_of, story, told
from interlock.journal import (
    SETTLED,
    AttemptStarted,
    Entry,
    ErrorInfo,
    GateDecided,
    GateOpened,
    NodeSettled,
    OwnerId,
    RunHead,
    RunStarted,
    WaitOpened,
    actor_words,
)
from interlock.plan import Plan
from interlock.store import ReadStore
from interlock.values import Json, Path, paths

INNER_SHOWN_MAX = 10
NAME_CHARS_MIN = 10
FINGERPRINT_CHARS = 8
INDENT = " " * 4
BAD = ("failed", "violated", "refused")
CANCELLED = "IL6027"
OPEN = ("queued", "running", "waiting", "paused", "in_doubt")
AT_REST = ("queued", "paused")


@dataclass(frozen=True, kw_only=True)
class RunView:
    """All that is known of a run.

    `driver` is the living owner that drives it now, if any. `erased` names the parts of events that
    are gone, each with the event that tells of it.
    """

    head: RunHead
    plan: Plan
    entries: Sequence[Entry]
    journal: Journal[ReadStore]
    now_ms: int
    driver: OwnerId | None = None
    erased: Mapping[str, int | None] = field(default_factory=dict[str, "int | None"])

    @cached_property
    def board(self) -> Board:
        """The rows after all events."""
        board = Board(self.plan)
        for entry in self.entries:
            board.apply(entry)
        if self.driver is None and self.head.status in AT_REST:
            board.rest()
        return board

    @property
    def started(self) -> RunStarted:
        """The event that began the run."""
        event = self.entries[0].event
        if not isinstance(event, RunStarted):
            raise TypeError(event.type)
        return event

    @property
    def troubled_inside(self) -> list[NodeSettled]:
        """The ends inside other nodes that are not good."""
        rows = {row.node.id: row for row in self.board.rows}
        shown = {*rows, *(f"{id_}!undo" for id_ in rows)}
        last: dict[Path, Entry] = {}
        for entry in self.entries:
            event = entry.event
            if isinstance(event, AttemptStarted | GateOpened | WaitOpened | NodeSettled):
                last[event.path] = entry
        return [
            entry.event
            for path, entry in last.items()
            if path not in shown
            and isinstance(entry.event, NodeSettled)
            and self._is_trouble(entry.event, rows.get(paths.parse(path)[0].node))
            and self._is_current(entry, rows.get(paths.parse(path)[0].node))
        ]

    def _is_trouble(self, end: NodeSettled, row: Row | None) -> bool:
        """Whether an end is not good: cancelled counts where somebody meant just that."""
        if end.status != "cancelled":
            return end.status in BAD
        is_meant = end.error is not None and end.error.code == CANCELLED
        return is_meant and (row is None or row.status != "cancelled")

    def _is_current(self, end: Entry, row: Row | None) -> bool:
        """Whether an end still counts, though the run may have been opened again since."""
        return row is None or row.is_settled or end.seq > self.board.reopened_seq


def status_words(view: RunView) -> str:
    """Say how a run stands."""
    taken = span(view.head.updated_ms - view.head.created_ms)
    doubts = len(view.board.in_doubt)
    match view.head.status:
        case "succeeded":
            return f"succeeded in {taken}"
        case "failed" | "refused" | "cancelled":
            return f"{view.head.status} after {taken}"
        case "queued":
            return "queued: no worker has begun it"
        case "in_doubt" if doubts:
            return f"stopped: {counted(doubts, 'node')} in doubt"
        case "paused":
            return "paused"
        case _ if view.board.paused:
            return f"paused{_under_way(view)}"
        case _ if view.board.asleep and not _running(view) and view.driver is None:
            return f"waiting: {waiting_for(view.board.asleep.values())}"
        case _:
            way = f"{counted(_running(view), 'node')} under way"
            return f"running, {way}" if view.driver else f"interrupted with {way}"


def _under_way(view: RunView) -> str:
    running = _running(view)
    return f", {counted(running, 'node')} under way" if running else ""


def _running(view: RunView) -> int:
    """Count the nodes that run by themselves: not those that only wait inside."""
    return sum(_runs_by_itself(view, row) for row in view.board.rows)


def _runs_by_itself(view: RunView, row: Row) -> bool:
    waits = any(is_inside(path, Path(row.node.id)) for path in view.board.asleep)
    return (
        row.status == "running"
        and not waits
        and not any(is_inside(path, Path(row.node.id)) for path in view.board.in_doubt)
    )


def run_lines(view: RunView) -> Iterator[str]:
    """Render a run as text."""
    started = view.started
    name = click.style(view.head.graph, bold=True)
    yield f"Run {view.head.run}  {name}  {status_words(view)}"
    yield f"  started {moment(view.head.created_ms)} by {one_line(actor_words(started.principal))}"
    terms = list(_terms(view))
    if terms:
        yield f"  with    {', '.join(terms)}"
    for entry in view.board.decisions:
        yield one_line_keeping(f"  {moment(entry.at_ms)}  ", told(entry))
    yield from _row_lines(view)
    yield from _inner_lines(view)
    yield from _asleep_lines(view)
    yield from doubt_lines(
        view.journal,
        view.head.run,
        view.plan,
        entries=view.entries,
        in_doubt=view.board.in_doubt,
    )
    yield from _next_lines(view)
    yield ""
    yield from _fact_lines(view)


def _terms(view: RunView) -> Iterator[str]:
    """What was said about the run when it was started."""
    started = view.started
    if started.key:
        yield f"key {one_line(started.key, 60)}"
    if started.deadline_at_ms is not None:
        yield f"deadline {moment(started.deadline_at_ms)}"
    if view.head.priority:
        yield f"priority {view.head.priority}"


def _row_lines(view: RunView) -> Iterator[str]:
    rows = view.board.rows
    name_chars = max([NAME_CHARS_MIN, *(len(row.node.id) for row in rows)])
    room = width() - name_chars - TIME_CHARS - 8
    for row in rows:
        if row.status == "in_doubt" or row.asleep is not None:
            continue
        now_ms = view.now_ms if view.driver is not None else None
        line = line_of(row, now_ms=now_ms, name_chars=name_chars, words_chars=room)
        glyph = click.style(line.glyph, fg=line.colour)
        yield f"  {glyph} {line.name} {line.time}   {line.words}".rstrip()
        if row.status in BAD and row.error is not None:
            yield from _cause_lines(view, row.node.id, row.error)


def _asleep_lines(view: RunView) -> Iterator[str]:
    board = view.board
    return asleep_lines(
        view.journal, view.head.run, board.asleep, plan=board.plan, now_ms=view.now_ms
    )


def _cause_lines(view: RunView, path: str, error: ErrorInfo) -> Iterator[str]:
    indent = " " * (NAME_CHARS_MIN + 5)
    told = f"{error.code}: {error.message}"
    if len(told) > width() - len(indent):
        yield from (indent + line for line in wrap(one_line(told, 1000), width() - len(indent)))
    look = view.journal.command("show", view.head.run, path)
    yield from (indent + line for line in wrap(plain(error.hint), width() - len(indent)))
    yield f"{indent}see `{look}`"


def _inner_lines(view: RunView) -> Iterator[str]:
    troubled = view.troubled_inside
    for end in troubled[:INNER_SHOWN_MAX]:
        told = f"{end.error.code}: {end.error.message}" if end.error is not None else ""
        glyph = click.style(GLYPHS[end.status], fg="red")
        yield one_line_keeping(f"{INDENT}{glyph} {end.path}  ", f"{end.status}: {told}")
    if len(troubled) > INNER_SHOWN_MAX:
        yield f"{INDENT}  and {len(troubled) - INNER_SHOWN_MAX} more"


def one_line_keeping(start: str, text: str) -> str:
    """Put a safe text behind a start that is ours, in one line."""
    return start + one_line(text, max(20, width() - len(click.unstyle(start))))


def _next_lines(view: RunView) -> Iterator[str]:
    settled = view.board.settled
    failed = any(row.status in BAD for row in view.board.rows)
    if settled is not None and settled.error is not None and not failed:
        yield one_line_keeping("  because ", f"{settled.error.code}: {settled.error.message}")
    elif settled is None and view.driver is not None:
        yield f"  {view.driver} drives it"
    elif view.head.status == "queued":
        yield f"  to drive it: {view.journal.command('worker')}"
    elif settled is None and view.board.paused:
        yield f"  to go on: {view.journal.command('resume', view.head.run)}"
    elif settled is None and view.board.asleep and not _running(view):
        if any(due_ms(each) is not None for each in view.board.asleep.values()):
            resume = view.journal.command("resume", view.head.run)
            yield f"  when the time is up, to go on: {resume}"
    elif settled is None and not view.board.in_doubt:
        yield f"  no process drives it; to go on: {view.journal.command('resume', view.head.run)}"
    if settled is not None and settled.status != "succeeded" and not view.erased:
        yield f"  to go on from there: {view.journal.command('retry', view.head.run)}"


def _fact_lines(view: RunView) -> Iterator[str]:
    settled = view.board.settled
    yield f"  inputs     {brief_json(view.started.inputs.json)}"
    if settled is not None and settled.output is not None:
        yield f"  outputs    {brief_json(settled.output.json)}"
    if view.plan.actions:
        yield f"  code       {one_line(', '.join(_code(view.plan)), width() - 13)}"
    yield f"  plan       {view.plan.digest}"
    if settled is not None:
        yield f"  execution  {settled.execution}"
    yield f"  journal    {view.journal.name}, {counted(len(view.entries), 'event')}"


def brief_json(value: Json) -> str:
    """Show a value in the rest of a line."""
    return one_line(json_text(value), width() - 13)


def _code(plan: Plan) -> Iterator[str]:
    for name, action in sorted(plan.actions.items()):
        found = action.fingerprint
        shown = (
            found.partition(":")[2][:FINGERPRINT_CHARS] if found else f"version {action.version}"
        )
        yield f"{name} {shown}"


# --- for programs


def run_json(view: RunView) -> dict[str, Json]:
    """Return a run as JSON data."""
    settled = view.board.settled
    error = settled.error if settled is not None else None
    return {
        "run": view.head.run,
        "graph": view.head.graph,
        "status": view.head.status,
        "started_ms": view.head.created_ms,
        "updated_ms": view.head.updated_ms,
        "principal": view.started.principal,
        "key": view.started.key,
        "inputs": view.started.inputs.json,
        "outputs": settled.output.json if settled is not None and settled.output else None,
        "error": error.to_json() if error is not None else None,
        "plan": view.plan.digest,
        "execution": view.head.execution,
        "code": {name: action.fingerprint for name, action in sorted(view.plan.actions.items())},
        "nodes": _nodes_json(view),
        "deadline_at_ms": view.started.deadline_at_ms,
        "priority": view.head.priority,
        "paused": view.board.paused,
        "decisions": [_decision_json(entry) for entry in view.board.decisions],
        "waiting_for": asleep_json(view.journal, view.head.run, view.board.asleep),
        "in_doubt": [_doubt_json(view, path) for path in sorted(view.board.in_doubt)],
        "events": len(view.entries),
        "driven_by": view.driver,
        "journal": view.journal.name,
        "erased": {**view.erased},
    }


def _nodes_json(view: RunView) -> list[Json]:
    rows: list[Json] = [
        {"path": row.node.id, "status": row.status, "attempt": row.attempt, "held": row.held}
        | promise_json(view, Path(row.node.id))
        for row in view.board.rows
        if row.status not in SETTLED
    ]
    approvers = _approvers(view.entries)
    undone = undone_in(view.entries)
    open_now = {row.node.id for row in view.board.rows if row.status not in SETTLED}
    ends: dict[Path, Json] = {
        entry.event.path: end_json(entry, entry.event)
        | promise_json(view, entry.event.path)
        | approvers.get(entry.event.path, {})
        | ({"status": "undone"} if entry.event.path in undone else {})
        for entry in view.entries
        if isinstance(entry.event, NodeSettled) and entry.event.path not in open_now
    }
    return [*ends.values(), *rows]


def promise_json(view: RunView, path: Path) -> dict[str, Json]:
    """Return what a node calls, and what is promised of it, as JSON data."""
    action = action_at(view.plan, path, view.entries)
    if action is None:
        return {}
    return {"action": action.name, "effect": action.effect, "guarantee": action.guarantee}


def _approvers(entries: Sequence[Entry]) -> dict[Path, dict[str, Json]]:
    """Say who approved each gate, as it was asked last; a name counts once."""
    found: dict[Path, dict[str, Json]] = {}
    for entry in entries:
        event = entry.event
        if isinstance(event, GateOpened):
            found[event.path] = {}
        elif isinstance(event, GateDecided) and event.verdict == "approved":
            found.setdefault(event.path, {}).setdefault(name_of(entry.actor), entry.actor)
    return {path: {"approved_by": [*by_name.values()]} for path, by_name in found.items()}


def undone_in(entries: Sequence[Entry]) -> set[Path]:
    """Name the nodes that were undone, and not executed again since."""
    found: set[Path] = set()
    for entry in entries:
        event = entry.event
        if isinstance(event, NodeSettled):
            done = Path(event.path.removesuffix("!undo"))
            found.discard(done)
            if done != event.path and event.status == "succeeded":
                found.add(done)
    return found


def end_json(entry: Entry, end: NodeSettled) -> dict[str, Json]:
    """Return the end of a node as JSON data."""
    return {
        "path": end.path,
        "status": end.status,
        "attempt": end.attempt,
        "started_ms": end.started_ms,
        "settled_ms": entry.at_ms,
        "call_key": end.call_key,
        "output": end.output.json if end.output is not None else None,
        "error": end.error.to_json() if end.error is not None else None,
    }


def _decision_json(entry: Entry) -> dict[str, Json]:
    return {
        "seq": entry.seq,
        "at_ms": entry.at_ms,
        "type": entry.event.type,
        "actor": entry.actor,
        "text": told(entry),
    }


def _doubt_json(view: RunView, path: Path) -> dict[str, Json]:
    action = action_at(view.plan, path, view.entries)
    doubt = doubt_of(story(view.entries, path), action) if action is not None else None
    return {
        "path": path,
        "sent_ms": doubt.sent_ms if doubt is not None else None,
        "what": doubt.what if doubt is not None else None,
        "why": doubt.why if doubt is not None else None,
        "commands": [*resolve_commands(view.journal, view.head.run, path, action=action)],
    }
