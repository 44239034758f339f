"""How long a graph may wait for persons, signals and times, at most: along its longest path."""

from collections.abc import Iterator

from interlock.cli.terminal.times import whole_span
from interlock.plan import (
    AnyCompiledNode,
    CompiledGate,
    CompiledGraph,
    CompiledGraphNode,
    CompiledMap,
    CompiledRepeat,
    CompiledWait,
)


def waiting_words(graph: CompiledGraph) -> str:
    """Say how long a graph may wait; nothing where it never does."""
    most, endless = longest_wait_ms(graph), list(_endless(graph))
    if endless:
        return f"without a bound at {', '.join(f'`{name}`' for name in endless)}"
    return f"up to {whole_span(most)}" if most else ""


def longest_wait_ms(graph: CompiledGraph) -> int:
    """Add up the waits along the longest path; those without a bound count nothing."""
    ends: list[int] = []
    for node in graph.nodes:
        before = max((ends[index] for index in (*node.strict, *node.lenient)), default=0)
        ends.append(before + _own_ms(node))
    return max(ends, default=0)


def _own_ms(node: AnyCompiledNode) -> int:
    match node:
        case CompiledGate():
            return node.expires_ms or 0
        case CompiledWait():
            return node.for_ms or 0
        case CompiledGraphNode():
            return longest_wait_ms(node.body)
        case CompiledRepeat():
            return node.max * longest_wait_ms(node.body)
        case _:
            return 0


def _endless(graph: CompiledGraph, prefix: str = "") -> Iterator[str]:
    """Name what may wait for ever; in a map, how many items wait after each other is not known."""
    for node in graph.nodes:
        name = f"{prefix}{node.id}"
        match node:
            case CompiledGate(expires_ms=None) | CompiledWait(for_ms=None):
                yield name
            case CompiledMap() if longest_wait_ms(node.body):
                yield name
            case CompiledMap() | CompiledGraphNode() | CompiledRepeat():
                yield from _endless(node.body, f"{name}/")
            case _:
                pass
