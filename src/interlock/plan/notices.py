"""Warnings: a plan can run, and yet its author probably means something else."""

from interlock.plan.binding import Bound
from interlock.plan.site import Site

SAFE = ("one effect", "exactly once")


def notice(site: Site) -> None:
    """Warn of what has no effect."""
    used = _used(site)
    for id_ in site.graph.nodes:
        bound = site.bound[id_]
        _idle_after(site, bound)
        _useless_retry(site, bound)
        if id_ not in used:
            _unused(site, bound)


def _idle_after(site: Site, bound: Bound) -> None:
    for index, other in enumerate(bound.node.after):
        if other in bound.strict:
            site.problems.warning(
                "IL4001",
                f"`after: [{other}]` of `{bound.node.id}` has no effect: it needs `{other}` too",
                at=f"{bound.home}/after/{index}",
                hint="take it out; or, if it may start when that one fails, read"
                f" `nodes.{other}.output`",
            )


def _useless_retry(site: Site, bound: Bound) -> None:
    """A write that is not safe to repeat is tried again only when it says that nothing happened."""
    retry, manifest = bound.node.retry, bound.manifest
    if retry is None or retry.attempts == 1 or manifest is None:
        return
    if manifest.effect == "write" and manifest.guarantee not in SAFE:
        site.problems.warning(
            "IL4002",
            f"`{bound.node.id}` is tried again only if `{manifest.name}` raises `NotApplied`:"
            " it is a write that may have happened",
            at=f"{bound.home}/retry",
            on_key=True,
            hint=f"declare a `key` or a `probe` for `{manifest.name}`, and it can be repeated",
        )


def _unused(site: Site, bound: Bound) -> None:
    """A pure function whose output nobody reads does nothing."""
    manifest = bound.manifest
    if manifest is not None and manifest.effect == "pure" and not bound.node.ensure:
        site.problems.warning(
            "IL4003",
            f"nothing reads `{bound.node.id}`, and `{manifest.name}` has no effect",
            at=bound.home,
            on_key=True,
            hint="take the node out, or read its output",
        )


def _used(site: Site) -> set[str]:
    """Nodes that others wait for, or that outputs read."""
    waited = {str(id_) for id_, dependents in site.dependents.items() if dependents}
    return waited | site.told
