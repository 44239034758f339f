"""One node of a run: what it called with what, what came of it, and every event on the way."""

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from textwrap import wrap

import click

from interlock.actions import Manifest
from interlock.cli.terminal.console import (
    aligned,
    counted,
    json_text,
    listed,
    one_line,
    one_width,
    width,
)
from interlock.cli.terminal.times import clock, moment
from interlock.cli.views.asleep import answer_commands, asleep_json, asleep_words, whole_gate
from interlock.cli.views.board import is_inside
from interlock.cli.views.doubts import action_at, doubt_lines, node_at
from interlock.cli.views.planview import promise
from interlock.cli.views.runview import BAD, RunView, one_line_keeping, undone_in
from interlock.engine import Moment, story
from interlock.errors import InterlockError, UsageError
from interlock.journal import (
    AttemptReturned,
    AttemptStarted,
    Entry,
    ErrorInfo,
    GateOpened,
    NodeCancelled,
    NodeInDoubt,
    NodeSettled,
    RunEvent,
    SignalReceived,
    Value,
)
from interlock.plan import Plan
from interlock.replay import call_of_node
from interlock.values import Json, Path, RunId, paths

INSIDE_SHOWN_MAX = 20
NEAR_MAX = 3
GOOD = ("succeeded", "skipped")
GOING_ON = ("in doubt", "waiting")
VALUE_LINES_MAX = 20
ERROR_CHARS_MAX = 2000


@dataclass(frozen=True, kw_only=True)
class NodeView:
    """What is known of one node."""

    path: Path
    run: RunView
    moments: tuple[Moment, ...]
    action: Manifest | None
    args: Value | None
    output: Value | None
    error: ErrorInfo | None
    status: str
    inside: dict[Path, str]


def node_view(run: RunView, told: str) -> NodeView:
    """Gather what is known of a node, or of the item of a map.

    Raises:
        UsageError: the run has no such node.
    """
    path = Path(told)
    paths.parse(path)
    moments = story(run.entries, path)
    inside = _inside(run, path) | _open_inside(run, path)
    if not moments and not inside:
        check_node(run.head.run, path, plan=run.plan, entries=run.entries)
    ends = [
        m.entry.event
        for m in moments
        if isinstance(m.entry.event, NodeSettled) and m.entry.event.path == path
    ]
    raw = [m.entry.event for m in moments if isinstance(m.entry.event, AttemptReturned)]
    return NodeView(
        path=path,
        run=run,
        moments=moments,
        action=action_at(run.plan, path, run.entries),
        args=_args(run, moments, path),
        output=ends[-1].output if ends else raw[-1].output if raw else None,
        error=ends[-1].error if ends else None,
        status=_status_inside(run, inside)
        if inside and (is_part(path) or not (moments or path in run.plan.root.positions))
        else _status(run, moments, path),
        inside=inside,
    )


def _status(run: RunView, moments: tuple[Moment, ...], path: Path) -> str:
    for entry in reversed([each.entry for each in moments]):
        if isinstance(entry.event, NodeSettled) and entry.event.path == path:
            return "undone" if path in undone_in(run.entries) else entry.event.status
        if isinstance(entry.event, NodeInDoubt):
            return "in doubt"
    if path in run.board.asleep:
        return asleep_words(run.board.asleep[path], run.now_ms)
    events = [moment.entry.event for moment in moments]
    has_begun = any(not isinstance(event, SignalReceived | NodeCancelled) for event in events)
    if not has_begun and any(isinstance(event, NodeCancelled) for event in events):
        return "cancelled before it begins"
    if not has_begun and paths.parent(path):
        return "not begun"
    position = run.plan.root.positions.get(paths.parse(path)[0].node)
    return "running" if has_begun or position is None else run.board.rows[position].status


def _status_inside(run: RunView, inside: dict[Path, str]) -> str:
    """Sum up an item or a turn, which has no end of its own: what goes on in it counts first."""
    going_on = [status for status in inside.values() if status in GOING_ON]
    if going_on:
        return min(going_on, key=GOING_ON.index)
    bad = [status for status in inside.values() if status not in GOOD]
    if bad:
        return bad[0]
    return "succeeded so far" if run.head.execution is None else "succeeded"


def is_part(path: Path) -> bool:
    """Whether a path names an item of a map or a turn, and no node."""
    last = paths.parse(path)[-1:]
    return any(each.item is not None or each.turn is not None for each in last)


def _args(run: RunView, moments: tuple[Moment, ...], path: Path) -> Value | None:
    for entry in reversed([each.entry for each in moments]):
        if isinstance(entry.event, AttemptStarted):
            return entry.event.args
    try:
        call = call_of_node(run.head.run, run.entries, path)
    except InterlockError:
        return None  # A journal that diverges is still worth looking at; `replay` says where.
    return call.args if call is not None else None


def _inside(run: RunView, path: Path) -> dict[Path, str]:
    """The ends of what ran inside a node or an item."""
    ends = (entry.event for entry in run.entries)
    return {
        end.path: end.status
        for end in ends
        if isinstance(end, NodeSettled) and _is_within(end.path, path)
    }


def _open_inside(run: RunView, path: Path) -> dict[Path, str]:
    """What waits for somebody inside a node or an item, and what is in doubt."""
    asleep = {each: "waiting" for each in run.board.asleep if _is_within(each, path)}
    return asleep | {each: "in doubt" for each in run.board.in_doubt if _is_within(each, path)}


def _is_within(path: Path, node: Path) -> bool:
    return path != node and is_inside(path, node)


def check_node(run: RunId, path: Path, *, plan: Plan, entries: Iterable[Entry]) -> None:
    """Check that a run has a node, or has had one that was proposed.

    Raises:
        UsageError: it has none; says which one may be meant.
    """
    known = dict.fromkeys([*plan.root.positions, *_paths(entries)])
    if path not in known and node_at(plan, path) is None:
        inside = [each for each in known if each.endswith(f"/{path}")][:NEAR_MAX]
        near = inside or difflib.get_close_matches(path, known, n=1)
        meant = " or ".join(f"`{each}`" for each in near)
        hint = f"did you mean {meant}?" if near else f"there are: {listed(plan.root.positions)}"
        raise UsageError(f"run {run} has no node `{path}`", hint=hint)


def _paths(entries: Iterable[Entry]) -> Iterator[str]:
    for entry in entries:
        event = entry.event
        if not isinstance(event, RunEvent):
            yield event.path


def node_lines(view: NodeView) -> Iterator[str]:
    """Render a node as text."""
    yield f"Node {click.style(view.path, bold=True)} of run {view.run.head.run}  {view.status}"
    action = view.action
    if action is not None:
        node = node_at(view.run.plan, view.path)
        means = promise(action, node.undo if node is not None else None)
        yield f"  action  {action.name}, {action.effect}{f', {means}' if means else ''}"
        yield f"  code    {action.fingerprint or f'version {action.version}'}"
    asked = [m.entry.event for m in view.moments if isinstance(m.entry.event, GateOpened)]
    yield from whole_gate(asked[-1], view.run.plan, view.run.journal.roles) if asked else ()
    if view.args is not None:
        yield from _value_lines("args", view.args)
    if view.output is not None:
        yield from _value_lines("output", view.output)
    yield from _error_lines(view)
    if view.moments:
        yield ""
        yield f"  {moment(view.moments[0].entry.at_ms).partition(' ')[0]}, UTC"
        rows = [(clock(m.entry.at_ms), f"#{m.entry.seq}") for m in view.moments]
        for start, each in zip(aligned(rows), view.moments, strict=True):
            yield one_line_keeping(f"{start}  ", each.text)
    yield from _inside_lines(view)
    if view.path in view.run.board.asleep:
        asleep = view.run.board.asleep[view.path]
        node = node_at(view.run.plan, view.path)
        yield ""
        for command in answer_commands(
            view.run.journal, view.run.head.run, view.path, asleep=asleep, node=node
        ):
            yield f"  {command}"
    if view.path in view.run.board.in_doubt:
        yield ""
        yield from doubt_lines(
            view.run.journal,
            view.run.head.run,
            view.run.plan,
            entries=view.run.entries,
            in_doubt=[view.path],
        )


def _value_lines(name: str, value: Value) -> Iterator[str]:
    whole = json_text(value.json)
    if len(whole) <= width() - 10:
        yield f"  {name:<7} {whole}"
        return
    lines = json_text(value.json, indent=2).splitlines()
    for index, line in enumerate(lines[:VALUE_LINES_MAX]):
        yield one_width(f"  {'' if index else name:<7} {line}")
    if len(lines) > VALUE_LINES_MAX:
        yield f"          … {counted(len(lines) - VALUE_LINES_MAX, 'more line')}, see --json"


def _error_lines(view: NodeView) -> Iterator[str]:
    """Show all of what went wrong: the story has it in one line."""
    error = view.error if view.status in BAD else None
    if error is not None:
        yield from _wrapped_lines("error", f"{error.code}: {error.message}")
        yield from _wrapped_lines("hint", error.hint)


def _wrapped_lines(name: str, text: str) -> Iterator[str]:
    for index, line in enumerate(wrap(one_line(text, ERROR_CHARS_MAX), width() - 10)):
        yield f"  {'' if index else name:<7} {line}"


def _inside_lines(view: NodeView) -> Iterator[str]:
    if not view.inside:
        return
    yield ""
    rows = [(path, status) for path, status in view.inside.items()]
    yield from aligned(rows[:INSIDE_SHOWN_MAX])
    if len(rows) > INSIDE_SHOWN_MAX:
        yield f"  and {len(rows) - INSIDE_SHOWN_MAX} more, see --json"


def node_json(view: NodeView) -> dict[str, Json]:
    """Return a node as JSON data."""
    moments: list[Json] = [_moment_json(each.entry, each.text) for each in view.moments]
    action = view.action
    asleep = {p: each for p, each in view.run.board.asleep.items() if p == view.path}
    waiting = asleep_json(view.run.journal, view.run.head.run, asleep)
    return {
        "run": view.run.head.run,
        "path": view.path,
        "status": view.status,
        "action": action.to_json() if action is not None else None,
        "args": view.args.json if view.args is not None else None,
        "output": view.output.json if view.output is not None else None,
        "error": view.error.to_json() if view.error is not None else None,
        "story": moments,
        "inside": {**view.inside},
        "waiting_for": waiting[0] if waiting else None,
    }


def _moment_json(entry: Entry, text: str) -> dict[str, Json]:
    return {
        "seq": entry.seq,
        "at_ms": entry.at_ms,
        "type": entry.event.type,
        "actor": entry.actor,
        "text": text,
    }
