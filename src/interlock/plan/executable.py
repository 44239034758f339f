"""What graphs may say and the engine cannot execute yet."""

from collections.abc import Iterator

from interlock.graph import (
    AnyNode,
    FirstOfNode,
    GateNode,
    RepeatNode,
    WaitNode,
)
from interlock.plan.problems import Problems

NOT_YET = frozenset({"repeat", "wait", "gate", "first_of", "undo"})
"""Taken out one by one as the engine learns them."""


def refuse_unexecutable(node: AnyNode, problems: Problems) -> bool:
    """Report what of a node cannot be executed; say whether there is such a thing."""
    found = [(field, word) for field, word in _uses(node) if word in NOT_YET]
    for field, word in found:
        problems.error(
            "IL1110",
            f"node `{node.id}` has `{word}`, which this version of Interlock cannot execute",
            at=f"/nodes/{node.id}/{field}",
            on_key=True,
            hint="remove it",
        )
    return bool(found)


def _uses(node: AnyNode) -> Iterator[tuple[str, str]]:
    match node:
        case RepeatNode():
            yield "repeat", "repeat"
        case WaitNode():
            yield "wait", "wait"
        case GateNode():
            yield "gate", "gate"
        case FirstOfNode():
            yield "first_of", "first_of"
        case _:
            pass
    if node.undo is not None:
        yield "undo", "undo"
    if node.on_error == "undo":
        yield "on_error", "undo"
