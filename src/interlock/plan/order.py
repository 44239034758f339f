"""The canonical order of a graph: topological, ties broken by id.

It never depends on a document's layout. Kahn's algorithm (A. B. Kahn, 1962) with a heap.
"""

import heapq
from collections.abc import Mapping, Set as AbstractSet

from interlock.values import NodeId

CYCLES_MAX = 10

Cycle = list[NodeId]
"""Ids that wait for each other: each for the next, the last for the first."""


def canonical_order(
    waits: Mapping[NodeId, AbstractSet[NodeId]],
) -> tuple[list[NodeId], list[Cycle]]:
    """Order all nodes; where they wait in a circle, tell the circle and go on as if it were cut.

    Beyond `CYCLES_MAX` circles, what is left is ordered by id.
    """
    left = {node: len(ids) for node, ids in waits.items()}
    dependents: dict[NodeId, list[NodeId]] = {node: [] for node in waits}
    for node, ids in waits.items():
        for other in ids:
            dependents[other].append(node)
    ready = [node for node, count in left.items() if count == 0]
    heapq.heapify(ready)
    order: list[NodeId] = []
    cycles: list[Cycle] = []
    cut: set[tuple[NodeId, NodeId]] = set()
    while left:
        while ready:
            node = heapq.heappop(ready)
            del left[node]
            order.append(node)
            for dependent in dependents[node]:
                if (dependent, node) not in cut:
                    left[dependent] -= 1
                    if left[dependent] == 0:
                        heapq.heappush(ready, dependent)
        if left and len(cycles) == CYCLES_MAX:
            return order + sorted(left), cycles
        if left:
            stuck = {node: {one for one in waits[node] if (node, one) not in cut} for node in left}
            first, second, *_ = cycle = find_cycle(stuck)
            cycles.append(cycle)
            cut.add((first, second))
            left[first] -= 1
            ready = [first] if left[first] == 0 else []
    return order, cycles


def find_cycle(stuck: Mapping[NodeId, AbstractSet[NodeId]]) -> Cycle:
    """Follow the first dependency that is stuck too, until a node comes again."""
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
