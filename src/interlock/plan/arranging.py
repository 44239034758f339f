"""The canonical order of the nodes of one graph, and the cycles in it told with their causes."""

from collections.abc import Mapping

from interlock.errors import InternalError
from interlock.graph import FirstOfNode
from interlock.plan.binding import Bound
from interlock.plan.order import Cycle, canonical_order
from interlock.plan.problems import Problems
from interlock.values import NodeId


def arrange(bound: Mapping[NodeId, Bound], problems: Problems) -> dict[NodeId, int]:
    """Give each node its position; reports every cycle."""
    order, cycles = canonical_order({id_: one.waits for id_, one in bound.items()})
    for cycle in cycles:
        _report(cycle, bound, problems)
    return {id_: index for index, id_ in enumerate(order)}


def _report(cycle: Cycle, bound: Mapping[NodeId, Bound], problems: Problems) -> None:
    steps = [
        _cause(bound[one], other) for one, other in zip(cycle, [*cycle[1:], cycle[0]], strict=True)
    ]
    _, at, span = steps[0]
    problems.error(
        "IL1130",
        f"`{cycle[0]}` waits for itself: {' -> '.join([*cycle, cycle[0]])}",
        at=at,
        span=span,
        notes=tuple(step[0] for step in steps),
        hint="take one of these out",
    )


def _cause(bound: Bound, other: NodeId) -> tuple[str, str, tuple[int, int] | None]:
    """Say why a node waits for another one, and where."""
    node = bound.node
    for read in bound.reads():
        if read.reference.node == other:
            return f"`{node.id}` reads `{read.text}`", read.at, read.span
    of = node.of if isinstance(node, FirstOfNode) else ()
    lists = (
        ("needs", "needs", node.needs),
        ("after", "comes after", node.after),
        ("first_of", "chooses from", of),
    )
    for name, verb, ids in lists:
        if other in ids:
            return f"`{node.id}` {verb} `{other}`", f"{bound.home}/{name}/{ids.index(other)}", None
    raise InternalError(f"`{node.id}` does not wait for `{other}`")
