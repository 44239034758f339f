"""What graphs may say and the engine cannot execute yet."""

from collections.abc import Iterable, Iterator

from interlock.graph import (
    AnyNode,
    FirstOfNode,
    GateNode,
    RepeatNode,
    WaitNode,
)
from interlock.plan.problems import Problems

NOT_YET = frozenset({"undo"})
"""Taken out one by one as the engine learns them."""


def refuse_unexecutable(nodes: Iterable[AnyNode], problems: Problems) -> None:
    """Report what of a graph cannot be executed; to be asked when nothing else is wrong with it."""
    for node in nodes:
        for field, word in _uses(node):
            if word not in NOT_YET:
                continue
            problems.error(
                "IL1110",
                f"node `{node.id}` has `{word}`, which this version of Interlock cannot execute",
                at=f"/nodes/{node.id}/{field}",
                on_key=True,
                hint="remove it",
            )


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
