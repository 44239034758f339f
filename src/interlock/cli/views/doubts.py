"""A node in doubt: what was sent when, why it is not repeated, and the commands that decide."""

import json
from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap

from interlock.actions import Manifest
from interlock.cli.project.stores import Journal
from interlock.cli.terminal.console import one_line, width
from interlock.cli.terminal.times import moment
from interlock.engine import doubt_of, story
from interlock.journal import Entry, ProposalAccepted
from interlock.plan import (
    AnyCompiledNode,
    CompiledCall,
    CompiledGraph,
    CompiledGraphNode,
    CompiledMap,
    CompiledRepeat,
    Plan,
)
from interlock.store import ReadStore
from interlock.values import Json, NodeId, Path, RunId, paths

INDENT = " " * 15
TOLD_CHARS_MAX = 400
SKELETON_FIELDS_MAX = 6


def doubt_lines(
    journal: Journal[ReadStore],
    run: RunId,
    plan: Plan,
    *,
    entries: Sequence[Entry],
    in_doubt: Iterable[Path],
) -> Iterator[str]:
    """Say all that helps to decide about each node in doubt."""
    for path in sorted(in_doubt):
        action = action_at(plan, path, entries)
        moments = story(entries, path)
        doubt = doubt_of(moments, action) if action is not None else None
        if doubt is None:
            yield f"  ? {path}  in doubt"
        else:
            told = f"in doubt: sent at {moment(doubt.sent_ms)}, {doubt.what}"
            yield f"  ? {path:<10} " + f"\n{INDENT}".join(_wrapped(told))
            yield INDENT + f"\n{INDENT}".join(_wrapped(doubt.why))
        yield INDENT + "look at the target, then one of:"
        for command in resolve_commands(journal, run, path, action=action):
            yield f"{INDENT}  {command}"


def _wrapped(text: str) -> list[str]:
    return wrap(one_line(text, TOLD_CHARS_MAX), width() - len(INDENT))


def resolve_commands(
    journal: Journal[ReadStore], run: RunId, path: Path, *, action: Manifest | None
) -> list[str]:
    """Write the commands that decide about a node in doubt."""
    output = skeleton(action.returns if action is not None else True)
    ways = [["--succeeded", output], ["--failed"], ["--retry"]]
    if action is not None and action.probe:
        ways.append(["--ask"])
    return [journal.command("resolve", run, path, *way) for way in ways]


def action_at(plan: Plan, path: Path, entries: Iterable[Entry]) -> Manifest | None:
    """Find the action that the node of a path calls, in a proposed graph too."""
    node = node_at(plan, path)
    if node is not None:
        return node.action if isinstance(node, CompiledCall) else None
    return _proposed_action(plan, path, entries)


def node_at(plan: Plan, path: Path) -> AnyCompiledNode | None:
    """Find the node of a path, or what undoes it; None in a graph that was proposed."""
    graph = plan.root
    *outer, last = paths.parse(path)
    for segment in outer:
        node = _node(graph, segment.node)
        if not isinstance(node, CompiledGraphNode | CompiledMap | CompiledRepeat):
            return None
        graph = node.body
    id_, _, added = last.node.partition("!")
    node = _node(graph, NodeId(id_))
    return node.undo if added == "undo" and node is not None else node


def _node(graph: CompiledGraph, name: NodeId) -> AnyCompiledNode | None:
    index = graph.positions.get(name)
    return None if index is None else graph.nodes[index]


def _proposed_action(plan: Plan, path: Path, entries: Iterable[Entry]) -> Manifest | None:
    scope = paths.parent(path)
    node = paths.parse(path)[-1].node
    for entry in entries:
        event = entry.event
        if isinstance(event, ProposalAccepted) and event.path == scope:
            name = _called_by(event.document.json, node)
            return plan.actions.get(name) if name is not None else None
    return None


def _called_by(document: Json, node: NodeId) -> str | None:
    nodes = document.get("nodes") if isinstance(document, dict) else None
    found = nodes.get(node) if isinstance(nodes, dict) else None
    called = found.get("call") if isinstance(found, dict) else None
    return called if isinstance(called, str) else None


def skeleton(schema: Json) -> str:
    """Write the shape of an output for a person to fill in: `{"id": …}`."""
    if not isinstance(schema, dict) or schema.get("type") != "object":
        words = {"string": '"…"', "boolean": "true", "array": "[…]", "null": "null"}
        kind = schema.get("type") if isinstance(schema, dict) else None
        return words.get(kind, "…") if isinstance(kind, str) else "…"
    required = schema.get("required")
    names = (
        [name for name in required if isinstance(name, str)] if isinstance(required, list) else []
    )
    parts = [f"{json.dumps(name)}: …" for name in names[:SKELETON_FIELDS_MAX]]
    more = ["…"] if len(names) > SKELETON_FIELDS_MAX else []
    return "{" + ", ".join([*parts, *more]) + "}"
