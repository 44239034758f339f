"""What a run waits for: whose decision or which signal, until when, and what exactly is asked.

What a gate allows is shown from the arguments that its binding covers: those bytes are what runs.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from interlock.cli.project.roles import who_may
from interlock.cli.project.stores import Journal
from interlock.cli.terminal.console import aligned, counted, json_text, one_line, one_width, width
from interlock.cli.terminal.times import moment, span
from interlock.cli.views.board import Asleep
from interlock.cli.views.doubts import INDENT, node_at, skeleton
from interlock.cli.views.planview import what
from interlock.journal import GateOpened, WaitOpened, Who
from interlock.plan import (
    AnyCompiledNode,
    CompiledCall,
    CompiledGraph,
    CompiledGraphNode,
    CompiledMap,
    CompiledRepeat,
    Plan,
)
from interlock.runtime import Roles, deciders
from interlock.store import ReadStore
from interlock.values import Json, Path, RunId, paths

GLYPH = "◌"
SHOWN_MAX = 10
ASK_CHARS_MAX = 400


@dataclass(frozen=True, slots=True)
class Allowed:
    """A node that an approval lets run: with these arguments, or within a bound."""

    path: str
    action: str
    args: Json
    bound: str | None

    @property
    def words(self) -> str:
        """What it runs with."""
        return f"within {self.bound}" if self.bound is not None else json_text(self.args)


def allowed_by(opened: GateOpened, plan: Plan) -> list[Allowed]:
    """List what an approval of a gate lets run; of a node with a graph, what it writes."""
    entries = cast(Sequence[Mapping[str, Json]], opened.covers.json)
    return [
        Allowed(
            path=str(entry["path"]),
            action=str(entry.get("action") or _inner_words(plan, Path(str(entry["path"])))),
            args=entry.get("args"),
            bound=str(entry["bound"]) if "bound" in entry else None,
        )
        for entry in entries
    ]


def _inner_words(plan: Plan, path: Path) -> str:
    node = node_at(plan, path)
    if not isinstance(node, CompiledGraphNode | CompiledMap | CompiledRepeat):
        return ""
    writes = dict.fromkeys(_writes_in(node.body))
    return f"{what(node)}, which writes by {', '.join(writes)}" if writes else what(node)


def _writes_in(graph: CompiledGraph) -> Iterator[str]:
    for node in graph.nodes:
        if isinstance(node, CompiledCall) and node.action.effect == "write":
            yield node.action.name
        elif isinstance(node, CompiledGraphNode | CompiledMap | CompiledRepeat):
            yield from _writes_in(node.body)


def asleep_words(asleep: Asleep, now_ms: int) -> str:
    """Say what is waited for, and how long at most."""
    opened = asleep.opened
    if isinstance(opened, GateOpened):
        who = ", ".join(opened.to) or "anybody's decision"
        agreed = f", {len(asleep.approvers)} of {opened.quorum} approved"
        until = _until(opened.expires_at_ms, now_ms, before="expires in", after="has expired")
        return f"waiting for {who}{agreed if opened.quorum > 1 else ''}{until}"
    if opened.signal is None:
        at = f" until {moment(opened.until_ms)}" if opened.until_ms is not None else ""
        return f"waiting{at}{_until(opened.until_ms, now_ms, before='in', after='it is time')}"
    until = _until(opened.until_ms, now_ms, before="gives up in", after="its time is up")
    return f"waiting for signal {opened.signal}{until}"


def _until(at_ms: int | None, now_ms: int, *, before: str, after: str) -> str:
    if at_ms is None:
        return ""
    return f", {before} {span(at_ms - now_ms)}" if at_ms > now_ms else f", {after}"


def answer_commands(
    journal: Journal[ReadStore],
    run: RunId,
    path: Path,
    *,
    asleep: Asleep,
    node: AnyCompiledNode | None = None,
) -> tuple[str, ...]:
    """Write the commands that end a wait, or decide; none for what waits for its time alone."""
    opened = asleep.opened
    if isinstance(opened, GateOpened):
        return (
            journal.command("approve", run, path),
            journal.command("reject", run, path, "--reason", "…"),
        )
    if opened.signal is None:
        return ()
    payload = skeleton(node.returns_schema) if node is not None else "…"
    inside = ["--node", path] if paths.parent(path) else []
    return (journal.command("signal", run, opened.signal, "--payload", payload, *inside),)


def asleep_lines(
    journal: Journal[ReadStore],
    run: RunId,
    found: Mapping[Path, Asleep],
    *,
    plan: Plan,
    now_ms: int,
) -> Iterator[str]:
    """Say all that helps to decide about each open gate, and to end each wait."""
    for path, asleep in list(found.items())[:SHOWN_MAX]:
        start = f"  {GLYPH} {path:<10} "
        yield start + one_line(asleep_words(asleep, now_ms), max(30, width() - len(start)))
        if isinstance(asleep.opened, GateOpened):
            roles = who_may(asleep.opened.to, journal.roles)
            allowed = allowed_by(asleep.opened, plan)
            for line in _asked(asleep.opened, path, allowed=allowed, roles=roles):
                yield INDENT + line
        due = due_ms(asleep)
        if due is not None and due <= now_ms:
            yield f"{INDENT}it is too late to answer; to go on: {journal.command('resume', run)}"
            continue
        node = node_at(plan, path)
        for command in answer_commands(journal, run, path, asleep=asleep, node=node):
            yield f"{INDENT}  {command}"
    if len(found) > SHOWN_MAX:
        yield f"    and {len(found) - SHOWN_MAX:,} more, see --json"


def _asked(
    opened: GateOpened, path: Path, *, allowed: Sequence[Allowed], roles: str
) -> Iterator[str]:
    room = width() - len(INDENT)
    yield one_line(f"{opened.ask.json}", min(room, ASK_CHARS_MAX))
    if roles:
        yield one_line(roles, room)
    if not allowed:
        return
    yield "approved, this runs once, exactly so:"
    rows = [(each.path, each.action, one_line(each.words)) for each in allowed[:SHOWN_MAX]]
    lines = aligned(rows, chars=room)
    yield from lines
    if len(allowed) > SHOWN_MAX or any(line.endswith("…") for line in lines):
        yield f"there is more of it: see `interlock show` with {path}"


def whole_gate(opened: GateOpened, plan: Plan, roles: Roles) -> Iterator[str]:
    """Show all of what a gate asks, nothing left out: a person decides about these bytes."""
    yield f"  asks    {one_line(str(opened.ask.json), 10_000)}"
    yield f"  of      {', '.join(opened.to) or 'anybody'}, {_quorum(opened)}"
    may = who_may(opened.to, roles)
    if may:
        yield one_width(f"  who     {may}")
    for index, each in enumerate(allowed_by(opened, plan)):
        yield one_width(f"  {'' if index else 'allows':<7} {each.path}  {each.action}".rstrip())
        text = each.words if each.bound is not None else json_text(each.args, indent=2)
        yield from (f"          {line}" for line in text.splitlines())
    yield f"  binding {opened.binding}"


def _quorum(opened: GateOpened) -> str:
    many = counted(opened.quorum, "approval")
    end = f", by {moment(opened.expires_at_ms)}" if opened.expires_at_ms is not None else ""
    return f"{many} needed{end}"


def asleep_json(
    journal: Journal[ReadStore], run: RunId, asleep: Mapping[Path, Asleep]
) -> list[Json]:
    """Return what is waited for as JSON data."""
    found: list[Json] = []
    for path, each in asleep.items():
        commands: list[Json] = [*answer_commands(journal, run, path, asleep=each)]
        found.append({"path": path, **_asleep_json(each, journal.roles), "commands": commands})
    return found


def _asleep_json(asleep: Asleep, roles: Roles) -> dict[str, Json]:
    opened = asleep.opened
    to: list[Json] = [*opened.to] if isinstance(opened, GateOpened) else []
    approved_by: list[Json] = [*sorted(asleep.approvers.values())]
    data: dict[str, Json] = {"since_ms": asleep.at_ms}
    if isinstance(opened, WaitOpened):
        return {**data, "kind": "wait", "signal": opened.signal, "until_ms": opened.until_ms}
    allowed = deciders(opened.to, roles)
    return {
        **data,
        "kind": "gate",
        "ask": opened.ask.json,
        "to": to,
        "deciders": None
        if allowed is None
        else [_member_json(one) for one in sorted(allowed, key=str)],
        "quorum": opened.quorum,
        "approved_by": approved_by,
        "expires_at_ms": opened.expires_at_ms,
        "covers": opened.covers.json,
        "binding": opened.binding,
    }


def _member_json(who: Who) -> Json:
    if isinstance(who, str):
        return who
    return {"name": who.name, "authenticated_by": who.authenticated_by}


def due_ms(asleep: Asleep) -> int | None:
    """When time alone ends it; None when only a person or a signal does."""
    opened = asleep.opened
    return opened.expires_at_ms if isinstance(opened, GateOpened) else opened.until_ms


def waiting_for(asleep: Iterable[Asleep]) -> str:
    """Count what a run waits for: `1 gate, 2 signals`."""
    counts = {"gate": 0, "signal": 0, "timer": 0}
    for each in asleep:
        opened = each.opened
        is_gate = isinstance(opened, GateOpened)
        counts["gate" if is_gate else "signal" if opened.signal is not None else "timer"] += 1
    return ", ".join(counted(count, word) for word, count in counts.items() if count)
