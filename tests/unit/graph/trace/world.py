"""Actions for tests, and ways to look at what a graph function has become."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from interlock.actions import action
from interlock.graph import CallNode, Graph, GraphFunction, graph
from interlock.values import Json, NodeId


@dataclass
class Alert:
    severity: int
    owner: str
    tags: list[str]
    score: float = 0.5
    note: str | None = None


@action(effect="read")
async def fetch_alert(alert_id: str) -> Alert:
    return Alert(severity=len(alert_id), owner=alert_id, tags=list(alert_id))


@action("oncall.page")
def page(who: str, text: str = "wake up") -> str:
    return f"{who}: {text}"


@action(effect="pure")
def keep(value: Any = None, other: Any = None) -> Any:
    return [value, other]


@action(effect="pure")
def total(values: list[int]) -> int:
    return sum(values)


def graph_of(func: Callable[..., object]) -> Graph:
    """Trace a function."""
    made: GraphFunction[..., object] = graph(func)
    return made.graph


def given_to(traced: Graph, id_: str) -> Json:
    """Give what the argument `value` of a node has become."""
    return traced.nodes[NodeId(id_)].with_["value"]


def only_call(traced: Graph) -> CallNode:
    """Give the only node of a graph."""
    (node,) = traced.nodes.values()
    assert isinstance(node, CallNode)
    return node
