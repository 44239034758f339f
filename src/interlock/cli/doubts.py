"""What is shown of a node in doubt: what was sent when, why it is not repeated, and the commands that decide."""

import json
from collections.abc import Iterable, Iterator, Sequence
from shlex import quote

from interlock.actions import Manifest
from interlock.cli.console import one_line
from interlock.cli.times import moment
from interlock.engine import doubt_of, story
from interlock.journal import Entry, ProposalAccepted
from interlock.plan import CompiledCall, CompiledGraph, CompiledGraphNode, CompiledMap, Plan
from interlock.values import Json, NodeId, Path, RunId, paths

INDENT = " " * 15
SKELETON_FIELDS_MAX = 6


def doubt_lines(
    run: RunId, plan: Plan, entries: Sequence[Entry], in_doubt: Iterable[Path]
) -> Iterator[str]:
    """Say all that helps to decide about each node in doubt."""
    for path in sorted(in_doubt):
        action = action_at(plan, path, entries)
        doubt = doubt_of(story(entries, path), action) if action is not None else None
        if doubt is None or action is None:
            yield f"  ? {path}  in doubt"
        else:
            told = f"in doubt: sent at {moment(doubt.sent_ms)}, {one_line(doubt.what, 300)}"
            yield f"  ? {path:<10} {told}"
            yield INDENT + one_line(doubt.why, 300)
        yield INDENT + "look at the target, then one of:"
        shown = skeleton(action.returns if action is not None else True)
        start = f"interlock resolve {run} {quote(path)}"
        yield f"{INDENT}  {start} --succeeded {quote(shown)}"
        yield f"{INDENT}  {start} --failed"


def action_at(plan: Plan, path: Path, entries: Iterable[Entry]) -> Manifest | None:
    """Find the action that the node of a path calls; in a proposed graph by what the proposal may use."""
    graph: CompiledGraph | None = plan.root
    segments = paths.parse(path)
    for segment in segments[:-1]:
        index = graph.positions.get(segment.node) if graph is not None else None
        node = graph.nodes[index] if graph is not None and index is not None else None
        graph = node.body if isinstance(node, CompiledGraphNode | CompiledMap) else None
        if graph is None:
            return _proposed_action(plan, path, entries)
    index = graph.positions.get(segments[-1].node) if graph is not None else None
    node = graph.nodes[index] if graph is not None and index is not None else None
    return node.action if isinstance(node, CompiledCall) else None


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
