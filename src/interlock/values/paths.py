"""Paths name nodes and scopes: `docs[3]/fetch`, `docs["a7"]/fetch`, `loop_1#2/act`, `load!undo`.

A scope is where nodes stand. The root scope is the empty path; a `map` opens one scope an item, a
`repeat` one a turn, a sub-graph the scope of its own path. A node's path is its scope and its id.
Each path has one spelling.
"""

import re

import orjson

from interlock.errors import UsageError, ValueRefused
from interlock.values.immutable import immutable
from interlock.values.names import NodeId, Path

ROOT = Path("")

SEGMENT = re.compile(
    r"""
    (?P<node> [a-z][a-z0-9_]* (?: ! [a-z][a-z0-9_]* )? )        # `load`, `load!undo`
    (?: \[ (?P<index> 0 | [1-9][0-9]* ) \]                      # `docs[3]`
      | \[ (?P<key> " (?: [^"\\] | \\. )* " ) \]                # `docs["a7"]`
      | \# (?P<turn> [1-9][0-9]* )                              # `loop_1#2`
    )?
    """,
    re.VERBOSE | re.ASCII,
)


@immutable()
class Segment:
    """One step of a path: a node, and the item or turn of it if the path goes inside."""

    node: NodeId
    item: str | int | None = None
    turn: int | None = None


def child(scope: Path, node: NodeId) -> Path:
    """Name a node of a scope."""
    return Path(f"{scope}/{node}") if scope else Path(node)


def item(path: Path, key: str | int) -> Path:
    """Name the scope of one item of a `map` node, by its key or its index.

    Raises:
        ValueRefused: the key has a lone surrogate.
    """
    if isinstance(key, int):
        return Path(f"{path}[{key}]")
    try:
        return Path(f"{path}[{orjson.dumps(key).decode()}]")
    except TypeError:
        raise ValueRefused(
            f"the key {key!a} of an item has a lone surrogate",
            hint="choose another `key` for the items of the map",
        ) from None


def turn(path: Path, number: int) -> Path:
    """Name the scope of one turn of a `repeat` node; turns count from 1."""
    return Path(f"{path}#{number}")


def parent(path: Path) -> Path:
    """Go one step up: from a node to its scope, from the scope of an item or a turn to its node.

    The root scope is its own parent.

    Raises:
        UsageError: the text is not a path.
    """
    if '"' not in path and path[-1:] not in DIGITS_AND_BRACKET:
        return Path(path.rpartition("/")[0])
    *outer, last = parse(path) if path else (Segment(node=NodeId("")),)
    scope = ROOT
    for segment in outer:
        scope = _extended(scope, segment)
    return scope if last.item is None and last.turn is None else child(scope, last.node)


DIGITS_AND_BRACKET = frozenset("0123456789]")


def _extended(scope: Path, segment: Segment) -> Path:
    """Append a segment to a scope."""
    path = child(scope, segment.node)
    if segment.item is not None:
        return item(path, segment.item)
    return path if segment.turn is None else turn(path, segment.turn)


def parse(path: str) -> tuple[Segment, ...]:
    """Take a path apart; the root scope has no segments.

    Raises:
        UsageError: the text is not a path.
    """
    segments: list[Segment] = []
    at = 0
    while at < len(path):
        found = SEGMENT.match(path, at)
        segment = _read_segment(found) if found else None
        if found is None or segment is None or path[found.end() : found.end() + 1] not in {"", "/"}:
            raise _not_a_path(path, at)
        segments.append(segment)
        at = found.end() + 1
    if path.endswith("/"):
        raise _not_a_path(path, len(path))
    return tuple(segments)


def _read_segment(found: re.Match[str]) -> Segment | None:
    node = NodeId(found["node"])
    if found["index"]:
        return Segment(node=node, item=int(found["index"]))
    if found["turn"]:
        return Segment(node=node, turn=int(found["turn"]))
    if not found["key"]:
        return Segment(node=node)
    try:
        key = orjson.loads(found["key"])
    except orjson.JSONDecodeError:
        return None
    # A key has one spelling: `"\\u0061"` is refused where `"a"` is meant.
    return Segment(node=node, item=key) if orjson.dumps(key).decode() == found["key"] else None


def _not_a_path(path: str, at: int) -> UsageError:
    return UsageError(
        f"`{path}` is not the path of a node: character {at + 1} is not understood",
        hint='paths look like `fetch`, `docs[3]/fetch`, `docs["a7"]/fetch`, `loop_1#2/act`',
    )
