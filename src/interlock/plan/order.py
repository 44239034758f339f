"""The canonical order of a graph: topological, ties broken by id.

It never depends on a document's layout. Kahn's algorithm (A. B. Kahn, 1962) with a heap.
"""

import heapq
from collections.abc import Mapping, Set as AbstractSet

from interlock.plan.problems import Problems, pointer
from interlock.values import NodeId


def canonical_order(
    waits: Mapping[NodeId, AbstractSet[NodeId]], problems: Problems
) -> list[NodeId]:
    """Order the nodes; reports a cycle by name and leaves its nodes, and what needs them, out."""
    left = {node: len(ids) for node, ids in waits.items()}
    dependents: dict[NodeId, list[NodeId]] = {node: [] for node in waits}
    for node, ids in waits.items():
        for other in ids:
            dependents[other].append(node)
    ready = [node for node, count in left.items() if count == 0]
    heapq.heapify(ready)
    order: list[NodeId] = []
    while ready:
        node = heapq.heappop(ready)
        order.append(node)
        for dependent in dependents[node]:
            left[dependent] -= 1
            if left[dependent] == 0:
                heapq.heappush(ready, dependent)
    if len(order) < len(waits):
        _report_cycle({node: waits[node] for node in waits if left[node] > 0}, problems)
    return order


def _report_cycle(stuck: Mapping[NodeId, AbstractSet[NodeId]], problems: Problems) -> None:
    cycle = find_cycle(stuck)
    shown = " -> ".join([*cycle, cycle[0]])
    problems.error(
        "IL1130",
        f"`{cycle[0]}` waits for itself: {shown}",
        at=pointer("nodes", cycle[0]),
        on_key=True,
        hint="take one of the references or `needs` out;"
        f" `{cycle[0]}` reads or needs `{cycle[1 % len(cycle)]}`",
    )


def find_cycle(stuck: Mapping[NodeId, AbstractSet[NodeId]]) -> list[NodeId]:
    """Follow the first dependency that is stuck too, until a node comes again.

    Each step waits for the next.
    """
    node = min(stuck)
    seen: dict[NodeId, int] = {}
    walked: list[NodeId] = []
    while node not in seen:
        seen[node] = len(walked)
        walked.append(node)
        node = min(other for other in stuck[node] if other in stuck)
    cycle = walked[seen[node] :]
    start = cycle.index(min(cycle))
    return cycle[start:] + cycle[:start]
