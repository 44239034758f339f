"""`undo`: what takes the effect of a node back, compiled as a call of its own."""

from typing import cast

from interlock.actions import Manifest
from interlock.graph import CallNode, OnError, Retry, Template, parse_template
from interlock.plan.arguments import check_arguments, check_expressions
from interlock.plan.binding import ARGS, EMPTY, RESULT, Bound, BoundUndo, references_in
from interlock.plan.model import CompiledCall, RunTimeCheck
from interlock.plan.parts import args_of, lens_of
from interlock.plan.site import Site
from interlock.plan.subjects import action_subject
from interlock.plan.target import Target
from interlock.values import Json, NodeId, Schema

FAIL: OnError = "fail"

ATTEMPTS = 5
"""Of an undo, unless the graph says otherwise: what is left undone needs a person."""


def compile_undo(site: Site, bound: Bound, *, returns: Schema) -> CompiledCall | None:
    """Compile the `undo` of a node, or else that of its action; None when there is none."""
    if bound.undo is not None:
        return _own(site, bound, bound.undo, returns=returns)
    declared = bound.manifest.undo if bound.manifest is not None else None
    if declared is None or not isinstance(bound.node, CallNode):
        return None
    tree = {name: _passed(name) for name in _taken(declared, bound)}
    parsed = parse_template(tree, names=ARGS | RESULT) if tree else EMPTY
    return _call(site, bound, declared, arguments=cast(Template, parsed))


def _taken(undo: Manifest, bound: Bound) -> list[str]:
    """List the arguments of an action's undo: those that its action is given, and `result`."""
    given = bound.arguments.tree
    there = {*given, "result"} if isinstance(given, dict) else {"result"}
    return [name for name in Target(words="", schema=undo.arguments).properties if name in there]


def _passed(name: str) -> Json:
    return "${{ result }}" if name == "result" else f"${{{{ args['{name}'] }}}}"


def _own(site: Site, bound: Bound, undo: BoundUndo, *, returns: Schema) -> CompiledCall | None:
    lens = lens_of(site, bound).naming(result=returns, args=args_of(bound))
    lens = lens.naming(**{str(bound.node.id): returns})
    if undo.manifest is None:
        check_expressions(undo.given, lens)
        return None
    checks: tuple[RunTimeCheck, ...] = ()
    if site.around.is_checked:
        target = site.around.catalog.target(undo.manifest)
        checks = tuple(check_arguments(target, undo.given, lens))
    arguments = undo.given.template
    return _call(site, bound, undo.manifest, arguments=arguments, unproven=checks)


def _call(
    site: Site,
    bound: Bound,
    manifest: Manifest,
    *,
    arguments: Template,
    unproven: tuple[RunTimeCheck, ...] = (),
) -> CompiledCall:
    memory, defaults = site.around.memory, site.graph.defaults
    persistent = Retry(attempts=min(ATTEMPTS, site.around.limits.attempts_max))
    reads = references_in(bound.undo.parts) if bound.undo is not None else []
    return CompiledCall(
        id=NodeId(f"{bound.node.id}!undo"),
        index=site.positions[bound.node.id],
        strict=(),
        lenient=(),
        dependents=(),
        roots=_roots(site, {each.node for each in reads if each.root == "node"}),
        status_roots=_roots(site, {each.node for each in reads if each.root == "nodes"}),
        arguments=arguments,
        when=None,
        require=(),
        ensure=(),
        retry=defaults.retry or persistent,
        timeout_ms=(
            defaults.timeout_ms or manifest.timeout_ms_max or site.around.limits.timeout_ms_default
        ),
        deadline_ms=None,
        on_error=FAIL,
        returns_schema=manifest.returns,
        returns=memory.checker(manifest.returns),
        decode=memory.decoder(manifest.returns),
        unproven=unproven,
        action=manifest,
        accepts=memory.checker(manifest.arguments),
        ahead=False,
        subject=action_subject(site, bound.node.id, manifest, at=f"{bound.home}/undo/call"),
    )


def _roots(site: Site, ids: set[NodeId | None]) -> tuple[tuple[str, int], ...]:
    known = sorted(id_ for id_ in ids if id_ is not None and id_ in site.positions)
    return tuple((id_, site.positions[id_]) for id_ in known)
