"""From a Graph to its canonical document: what is usual is left out, and the order is fixed.

Reading the document gives the same graph; equal graphs give equal documents, whatever they were
written as.
"""

from collections.abc import Mapping

from interlock.graph.model import (
    AnyNode,
    CallNode,
    Defaults,
    FirstOfNode,
    GateNode,
    Graph,
    GraphNode,
    MapNode,
    ProposeNode,
    RepeatNode,
    Retry,
    Undo,
    WaitNode,
)
from interlock.graph.reader import VERSION, is_declaration
from interlock.values import Json, Schema, duration_text


def to_document(graph: Graph) -> dict[str, Json]:
    """Write a graph as the tree of its canonical document."""
    return {"interlock": VERSION, "name": graph.name, **_body(graph)}


def _body(graph: Graph) -> dict[str, Json]:
    found: dict[str, Json] = {
        "description": graph.description,
        "types": _schemas(graph.types),
        "inputs": _schemas(graph.inputs),
        "defaults": _defaults(graph.defaults),
        "graphs": {name: _local(name, body) for name, body in graph.graphs.items()},
    }
    found = {key: value for key, value in found.items() if value}
    found["nodes"] = {id_: _node(node) for id_, node in graph.nodes.items()}
    if graph.outputs:
        found["outputs"] = {name: _output(graph, name) for name in graph.outputs}
    return found


def _local(name: str, body: Graph) -> dict[str, Json]:
    own: dict[str, Json] = {} if body.name == name else {"name": body.name}
    return {**own, **_body(body)}


def _schemas(schemas: Mapping[str, Schema]) -> dict[str, Json]:
    return dict(schemas)


def _defaults(defaults: Defaults) -> dict[str, Json]:
    found: dict[str, Json] = {}
    if defaults.timeout_ms is not None:
        found["timeout"] = duration_text(defaults.timeout_ms)
    if defaults.retry is not None:
        found["retry"] = _retry(defaults.retry)
    return found


def _output(graph: Graph, name: str) -> Json:
    value = graph.outputs[name]
    if name in graph.optional:
        return {"value": value, "optional": True}
    # A template of this shape would be read as a declaration.
    return {"value": value, "optional": False} if is_declaration(value) else value


def _node(node: AnyNode) -> dict[str, Json]:
    return _given({**_kind(node), **_common(node)})


def _kind(node: AnyNode) -> dict[str, Json]:
    if isinstance(node, CallNode):
        return {"call": node.action}
    if isinstance(node, GraphNode):
        return {"graph": node.graph}
    if isinstance(node, MapNode):
        return {
            "map": node.graph,
            "over": node.over,
            "as": None if node.as_ == "item" else node.as_,
            "key": node.key,
            "limit": node.limit,
            "failures_max": node.failures_max or None,
        }
    if isinstance(node, ProposeNode):
        return {
            "propose": node.action,
            "actions": list(node.actions) or None,
            "repairs_max": node.repairs_max or None,
        }
    return _waiting(node)


def _waiting(node: RepeatNode | WaitNode | GateNode | FirstOfNode) -> dict[str, Json]:
    match node:
        case RepeatNode():
            return {
                "repeat": node.graph,
                "carry": dict(node.carry) or None,
                "until": node.until,
                "max": node.max,
                "on_max": None if node.on_max == "fail" else node.on_max,
            }
        case WaitNode():
            return {"wait": _wait(node)}
        case GateNode():
            refused = None if node.on_refused == "fail" else node.on_refused
            return {"gate": _gate(node), "on_refused": refused}
        case FirstOfNode():
            return {"first_of": list(node.of)}


def _wait(node: WaitNode) -> dict[str, Json]:
    return _given({"signal": node.signal, "for": _duration(node.for_ms), "returns": node.returns})


def _gate(node: GateNode) -> dict[str, Json]:
    return _given(
        {
            "to": list(node.to) or None,
            "ask": node.ask,
            "for": list(node.covers) or None,
            "bounds": {str(id_): bound for id_, bound in node.bounds.items()} or None,
            "quorum": None if node.quorum == 1 else node.quorum,
            "expires": _duration(node.expires_ms),
        }
    )


def _undo(undo: Undo | None) -> Json:
    if undo is None:
        return None
    return {"call": undo.action, **({"with": dict(undo.with_)} if undo.with_ else {})}


def _duration(ms: int | None) -> str | None:
    return None if ms is None else duration_text(ms)


def _given(found: dict[str, Json]) -> dict[str, Json]:
    return {key: value for key, value in found.items() if value is not None}


def _common(node: AnyNode) -> dict[str, Json]:
    return {
        "with": dict(node.with_) or None,
        "needs": list(node.needs) or None,
        "after": list(node.after) or None,
        "when": node.when,
        "require": _conditions(node.require),
        "ensure": _conditions(node.ensure),
        "retry": None if node.retry is None else _retry(node.retry),
        "timeout": _duration(node.timeout_ms),
        "deadline": _duration(node.deadline_ms),
        "on_error": None if node.on_error == "fail" else node.on_error,
        "returns": None if isinstance(node, WaitNode) else node.returns,
        "undo": _undo(node.undo),
    }


def _conditions(conditions: tuple[str, ...]) -> Json:
    return conditions[0] if len(conditions) == 1 else list(conditions) or None


def _retry(retry: Retry) -> dict[str, Json]:
    usual = Retry()
    found: dict[str, Json] = {}
    if retry.attempts != usual.attempts:
        found["attempts"] = retry.attempts
    if retry.delay_ms != usual.delay_ms:
        found["delay"] = duration_text(retry.delay_ms)
    if retry.backoff != usual.backoff:
        found["backoff"] = retry.backoff
    if retry.delay_max_ms != usual.delay_max_ms:
        found["delay_max"] = duration_text(retry.delay_max_ms)
    if retry.feedback:
        found["feedback"] = True
    return found
