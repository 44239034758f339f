"""A plan for people and for programs: what would run, what it promises, and how much at most."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from textwrap import wrap
from typing import TypeAlias

import click

from interlock.actions import Manifest
from interlock.cli.terminal.console import WIDTH, aligned, counted, listed, one_width, width
from interlock.cli.terminal.times import whole_span
from interlock.cli.views.waiting import waiting_words
from interlock.plan import (
    AnyCompiledNode,
    CompiledCall,
    CompiledFirstOf,
    CompiledGate,
    CompiledGraph,
    CompiledGraphNode,
    CompiledMap,
    CompiledPropose,
    CompiledRepeat,
    CompiledWait,
    Plan,
)
from interlock.values import Digest, Json, describe

HEADINGS = ("node", "action", "effect", "guarantee", "attempts", "after")
NARROW = HEADINGS.index("guarantee")
"""How many of them stand beside each other on a narrow terminal."""
DIGEST_CHARS = 17
_Write: TypeAlias = tuple[str, bool]


@dataclass(slots=True)
class Bounds:
    """How much a graph may do at most.

    `per_item` are maps, `proposed` are nodes whose graph is not known yet.
    """

    calls: int = 0
    writes: int = 0
    per_item: list[tuple[str, "Bounds"]] = field(default_factory=list)
    proposed: list[str] = field(default_factory=list)

    def add(self, other: "Bounds") -> None:
        """Count what another graph does too."""
        self.calls += other.calls
        self.writes += other.writes
        self.per_item += other.per_item
        self.proposed += other.proposed

    def times(self, turns: int) -> "Bounds":
        """Count a graph that is executed up to `turns` times."""
        return Bounds(
            calls=self.calls * turns,
            writes=self.writes * turns,
            per_item=self.per_item * turns,
            proposed=self.proposed,
        )


def bounds_of(graph: CompiledGraph, prefix: str = "") -> Bounds:
    """Count the calls and writes of a graph. A write counts once: attempts send the same again."""
    found = Bounds()
    for node in graph.nodes:
        name = f"{prefix}{node.id}"
        match node:
            case CompiledPropose() | CompiledCall():
                repairs = node.repairs_max if isinstance(node, CompiledPropose) else 0
                found.calls += node.retry.attempts + repairs
                found.writes += node.action.effect == "write"
                found.proposed += [name] if isinstance(node, CompiledPropose) else []
            case CompiledGraphNode():
                found.add(bounds_of(node.body, f"{name}/"))
            case CompiledMap():
                found.per_item.append((name, bounds_of(node.body, f"{name}/")))
            case CompiledRepeat():
                found.add(bounds_of(node.body, f"{name}/").times(node.max))
            case CompiledWait() | CompiledGate() | CompiledFirstOf():
                pass
    return found


def short(digest: Digest) -> str:
    """Abbreviate a digest for people."""
    return f"{digest[:DIGEST_CHARS]}…"


def promise(manifest: Manifest, undo: CompiledCall | None = None) -> str:
    """Say what is promised of an effect, and by what; nothing for what may be repeated.

    With what takes it back, when that is known.
    """
    if manifest.effect != "write":
        return ""
    if undo is not None:
        return f"{promise(manifest).removesuffix(', reversible')}, undo {undo.action.name}"
    means: list[str] = []
    if manifest.key is not None:
        window = f", {whole_span(manifest.window_ms)}" if manifest.window_ms else ""
        means.append(f"key{window}")
    if manifest.probe:
        means.append("probe")
    if means:
        return f"{manifest.guarantee} ({' and '.join(means)})"
    return manifest.guarantee


def render_plan(plan: Plan, *, given: Sequence[str] = ()) -> str:
    """Render a plan as text. `given` are the inputs whose values were checked."""
    table = _table([HEADINGS, *_rows(plan.root, items_max=plan.limits.items_max)])
    head = f"Plan {click.style(plan.name, bold=True)}  {short(plan.digest)}"
    body = [click.style(table[0], dim=True), *table[1:]] if plan.root.nodes else ["  no nodes"]
    facts = [fact for fact in _facts(plan, given) if fact[1]]
    return "\n".join(
        [
            *(head, "", *body, ""),
            *(one_width(f"  {name:<9}{text}") for name, text in facts),
            f"  {'plan':<9}{plan.digest}",
        ]
    )


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Lay out the nodes; on a narrow terminal with what is promised of them below them."""
    if width() >= WIDTH:
        return aligned(rows)
    table = aligned([row[:NARROW] for row in rows])
    lines = table[:1]
    for line, (*_, guarantee, attempts, after) in zip(table[1:], rows[1:], strict=True):
        lines.append(line)
        promises = (guarantee, attempts, f"after {after}" if after else "")
        told = ", ".join(filter(None, promises))
        lines += wrap(told, width(), initial_indent="    ", subsequent_indent="    ")
    return lines


def _facts(plan: Plan, given: Sequence[str]) -> Iterator[tuple[str, str]]:
    yield "inputs", ", ".join(_input_words(plan, given))
    yield (
        "outputs",
        ", ".join(f"{output.name}{'?' if output.optional else ''}" for output in plan.root.outputs),
    )
    yield "at most", _bound_words(bounds_of(plan.root))
    yield "waiting", waiting_words(plan.root)
    for index, words in enumerate(_gate_words(plan.root)):
        yield "" if index else "gates", words
    yield "undo", _undo_words(plan.root)
    for index, words in enumerate(run_time_checks(plan.root)):
        yield "" if index else "run time", words


def _gate_words(graph: CompiledGraph, prefix: str = "") -> Iterator[str]:
    """Say what each gate allows, and within which bounds."""
    for node in graph.nodes:
        name = f"{prefix}{node.id}"
        if isinstance(node, CompiledGate):
            allowed = [
                f"`{graph.nodes[one.index].id}`"
                + (f" within {one.bound.source}" if one.bound is not None else "")
                for one in node.covers
            ]
            yield f"`{name}` allows {', '.join(allowed) or 'nothing: no write needs it directly'}"
        elif isinstance(node, CompiledGraphNode | CompiledMap | CompiledRepeat):
            yield from _gate_words(node.body, f"{name}/")


def _undo_words(graph: CompiledGraph) -> str:
    """Say which writes can be taken back, where any can."""
    writes = list(_writes(graph))
    can = [name for name, is_undone in writes if is_undone]
    cannot = [name for name, is_undone in writes if not is_undone]
    if not can:
        return ""
    if not cannot:
        return "everything can be undone"
    return f"{listed(can)} can be undone; {listed(cannot)} cannot"


def _writes(graph: CompiledGraph, prefix: str = "", *, undone: bool = False) -> Iterator[_Write]:
    """List the writes of a graph, and whether they can be undone, with a graph around them too."""
    for node in graph.nodes:
        name, is_undone = f"{prefix}{node.id}", undone or node.undo is not None
        if isinstance(node, CompiledCall) and node.action.effect == "write":
            yield name, is_undone
        elif isinstance(node, CompiledGraphNode | CompiledMap | CompiledRepeat):
            yield from _writes(node.body, f"{name}/", undone=is_undone)


def _input_words(plan: Plan, given: Sequence[str]) -> list[str]:
    schema = plan.root.inputs_schema
    properties = schema.get("properties") if isinstance(schema, dict) else None
    words: list[str] = []
    for name, part in properties.items() if isinstance(properties, dict) else ():
        kind = describe(part) if isinstance(part, dict | bool) else "anything"
        state = " ✓" if name in given else " (default)" if name in plan.root.defaults else ""
        words.append(f"{name}: {kind}{state}")
    return words


def _bound_words(bounds: Bounds) -> str:
    parts = [f"{counted(bounds.calls, 'call')}, {counted(bounds.writes, 'write')}"]
    if not bounds.calls and bounds.per_item:
        parts = []
    parts += [f"for each item of `{name}` {_bound_words(each)}" for name, each in bounds.per_item]
    parts += [f"what `{name}` proposes" for name in bounds.proposed]
    return "; ".join(parts)


def run_time_checks(graph: CompiledGraph, prefix: str = "") -> list[str]:
    """Say what is checked when a node runs: what compile cannot prove, and what the author asks."""
    found: list[str] = []
    for node in graph.nodes:
        name = f"{prefix}{node.id}"
        parts: list[str] = []
        if isinstance(node, CompiledCall) and node.accepts is not None:
            parts.append("arguments")
        parts += ["`require`"] if node.require else []
        parts += ["`ensure`"] if node.ensure else []
        if parts:
            found.append(f"`{name}`: {', '.join(parts)}")
        if isinstance(node, CompiledGraphNode | CompiledMap | CompiledRepeat):
            found += run_time_checks(node.body, f"{name}/")
    return found


def _rows(graph: CompiledGraph, *, items_max: int, depth: int = 0) -> Iterator[tuple[str, ...]]:
    for node in graph.nodes:
        after = ", ".join(graph.nodes[i].id for i in (*node.strict, *node.lenient))
        effect, guarantee = "", _terms(node)
        if isinstance(node, CompiledCall):
            effect, guarantee = node.action.effect, promise(node.action, node.undo)
        yield (
            "  " * depth + node.id,
            what(node),
            effect,
            guarantee,
            _attempts(node, items_max),
            after,
        )
        if isinstance(node, CompiledGraphNode | CompiledMap | CompiledRepeat):
            yield from _rows(node.body, items_max=items_max, depth=depth + 1)


def _terms(node: AnyCompiledNode) -> str:
    """Say whom a gate asks and until when, what a wait waits for, and what undoes a graph."""
    match node:
        case CompiledGate():
            whom = ", ".join(node.to) or "anybody"
            many = f", {node.quorum} of them" if node.quorum > 1 else ""
            until = f", expires in {whole_span(node.expires_ms)}" if node.expires_ms else ""
            return f"asks {whom}{many}{until}"
        case CompiledWait(for_ms=int(most)):
            return (
                f"gives up after {whole_span(most)}" if node.signal else f"for {whole_span(most)}"
            )
        case _:
            return f"undo {node.undo.action.name}" if node.undo is not None else ""


def what(node: AnyCompiledNode) -> str:
    """Say what a node runs."""
    match node:
        case CompiledPropose():
            return f"propose {node.action.name}"
        case CompiledCall():
            return node.action.name
        case CompiledGraphNode():
            return f"graph {node.body.name}".rstrip()
        case CompiledMap():
            return f"map {node.body.name}".rstrip()
        case CompiledRepeat():
            return f"repeat {node.body.name}".rstrip()
        case CompiledWait():
            return f"wait for signal {node.signal}" if node.signal else "wait"
        case CompiledGate():
            return "gate"
        case CompiledFirstOf():
            return "first of"


def _attempts(node: AnyCompiledNode, items_max: int) -> str:
    words = [f"up to {node.retry.attempts}"] if node.retry.attempts > 1 else []
    if isinstance(node, CompiledPropose) and node.repairs_max:
        words.append(counted(node.repairs_max, "repair"))
    if isinstance(node, CompiledMap) and node.limit < items_max:
        words.append(f"{node.limit:,} at once")
    if isinstance(node, CompiledRepeat):
        words.append(f"up to {counted(node.max, 'turn')}")
    return ", ".join(words)


def plan_json(plan: Plan) -> dict[str, Json]:
    """Return a plan as JSON data."""
    outputs: list[Json] = [
        {"name": output.name, "optional": output.optional} for output in plan.root.outputs
    ]
    checked: list[Json] = [*run_time_checks(plan.root)]
    warnings: list[Json] = [*plan.warnings]
    return {
        "name": plan.name,
        "plan": plan.digest,
        "graph": plan.graph_digest,
        "inputs": plan.root.inputs_schema,
        "outputs": outputs,
        "nodes": _nodes_json(plan.root),
        "at_most": _bounds_json(bounds_of(plan.root)),
        "checked_at_run_time": checked,
        "actions": {name: manifest.to_json() for name, manifest in sorted(plan.actions.items())},
        "warnings": warnings,
    }


def _bounds_json(bounds: Bounds) -> dict[str, Json]:
    per_item: list[Json] = [{"node": n, **_bounds_json(each)} for n, each in bounds.per_item]
    proposed: list[Json] = [*bounds.proposed]
    return {
        "calls": bounds.calls,
        "writes": bounds.writes,
        "per_item": per_item,
        "proposed": proposed,
    }


def _nodes_json(graph: CompiledGraph) -> list[Json]:
    return [_node_json(graph, node) for node in graph.nodes]


def _node_json(graph: CompiledGraph, node: AnyCompiledNode) -> dict[str, Json]:
    data: dict[str, Json] = {
        "id": node.id,
        "runs": what(node),
        "needs": [graph.nodes[index].id for index in node.strict],
        "after": [graph.nodes[index].id for index in node.lenient],
        "attempts_max": node.retry.attempts,
        "timeout_ms": node.timeout_ms,
    }
    if isinstance(node, CompiledCall):
        data |= {"action": node.action.name, "action_digest": node.action.digest}
        data |= {"effect": node.action.effect, "guarantee": node.action.guarantee}
    if isinstance(node, CompiledPropose):
        data |= {"allowed": [*sorted(node.allowed)], "repairs_max": node.repairs_max}
    if isinstance(node, CompiledMap):
        data |= {"limit": node.limit, "failures_max": node.failures_max}
    if isinstance(node, CompiledGraphNode | CompiledMap | CompiledRepeat):
        data["nodes"] = _nodes_json(node.body)
    if node.undo is not None:
        data["undo"] = node.undo.action.name
    return data | _terms_json(graph, node)


def _terms_json(graph: CompiledGraph, node: AnyCompiledNode) -> dict[str, Json]:
    match node:
        case CompiledGate():
            to: list[Json] = [*node.to]
            covers: list[Json] = [graph.nodes[each.index].id for each in node.covers]
            return {
                "to": to,
                "covers": covers,
                "quorum": node.quorum,
                "expires_ms": node.expires_ms,
                "on_refused": node.on_refused,
            }
        case CompiledWait():
            return {"signal": node.signal, "for_ms": node.for_ms}
        case CompiledRepeat():
            return {"turns_max": node.max}
        case CompiledFirstOf():
            return {"first_of": [graph.nodes[index].id for index in node.of]}
        case _:
            return {}
