"""Warnings of graphs that undo: what could not be taken back."""

from collections.abc import Sequence

from interlock.graph import CallNode
from interlock.plan.binding import Bound
from interlock.plan.model import AnyCompiledNode
from interlock.plan.site import Site
from interlock.values import NodeId


def warn_of_undo(site: Site, nodes: Sequence[AnyCompiledNode], *, undoable: bool) -> None:
    """Warn of `on_error: undo` that takes nothing back, or not all that it could."""
    undoing = [id_ for id_ in site.graph.nodes if site.graph.nodes[id_].on_error == "undo"]
    if not undoing:
        return
    if not undoable:
        site.problems.warning(
            "IL4004",
            f"`{undoing[0]}` has `on_error: undo`, but nothing here has an `undo`",
            at=f"{site.bound[undoing[0]].home}/on_error",
            on_key=True,
            hint="say what takes a node back: `undo: {call: ACTION, with: {...}}`, or"
            " `@action(undo=...)`",
        )
        return
    taken_back = {node.id for node in nodes if node.undo is not None}
    for id_, bound in site.bound.items():
        if id_ not in taken_back and _is_write(bound):
            _warn_of_early(site, id_, undoing)


def _is_write(bound: Bound) -> bool:
    manifest = bound.manifest
    return isinstance(bound.node, CallNode) and manifest is not None and manifest.effect == "write"


def _warn_of_early(site: Site, write: NodeId, undoing: Sequence[NodeId]) -> None:
    """Warn of a write that may happen before a node fails that needs nothing of it."""
    before = _behind(site, write, reading=False)
    for other in undoing:
        if other in (write, *before) or write in _behind(site, other, reading=True):
            continue
        site.problems.warning(
            "IL4005",
            f"`{write}` cannot be taken back, and `{other}` may fail after it",
            at=site.bound[write].home,
            on_key=True,
            hint=f"let it come later: {_later(site, write, other)}; or give it an `undo`",
        )
        return


def _later(site: Site, write: NodeId, other: NodeId) -> str:
    turned = " and not the other way round" if write in _behind(site, other, reading=False) else ""
    return f"`needs: [{other}]` in `{write}`{turned}"


def _behind(site: Site, id_: NodeId, *, reading: bool) -> set[NodeId]:
    """Find the nodes that come before one; with `reading`, only for what is read of them."""
    found: set[NodeId] = set()
    waiting = [id_]
    while waiting:
        bound = site.bound[waiting.pop()]
        more = (bound.read | bound.viewed if reading else bound.waits) - found
        found |= more
        waiting += more
    return found
