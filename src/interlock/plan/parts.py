"""What the second pass does for every kind of node."""

from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import NotRequired, TypeAlias, TypedDict

from interlock.graph import (
    CallNode,
    Expression,
    FirstOfNode,
    GateNode,
    OnError,
    Retry,
    Template,
    WithBody,
    body_kind,
    without_subject,
)
from interlock.plan.arguments import check_arguments, check_expressions
from interlock.plan.binding import NO_IDS, Bound
from interlock.plan.model import CompiledCall, CompiledGraph, Decoder, RunTimeCheck
from interlock.plan.narrowing import narrowed
from interlock.plan.reading import Lens, Source
from interlock.plan.site import Site
from interlock.plan.target import Target
from interlock.values import Checker, NodeId, Schema, describe, resolve

ONCE = Retry()
MAY_FAIL = "may fail: it has `on_error: continue`"
Checks: TypeAlias = tuple[RunTimeCheck, ...]


class Common(TypedDict):
    """The fields of every compiled node (see `CompiledNode`)."""

    id: NodeId
    index: int
    strict: tuple[int, ...]
    lenient: tuple[int, ...]
    dependents: tuple[int, ...]
    roots: tuple[tuple[str, int], ...]
    status_roots: tuple[tuple[str, int], ...]
    arguments: Template
    when: Expression | None
    require: tuple[Expression, ...]
    ensure: tuple[Expression, ...]
    retry: Retry
    timeout_ms: int
    deadline_ms: int | None
    on_error: OnError
    returns_schema: Schema
    returns: Checker | None
    decode: Decoder | None
    unproven: Checks
    undo: NotRequired[CompiledCall | None]


def note_absence(site: Site, bound: Bound) -> None:
    """Remember why a node may not succeed in a run that succeeds, and whether it may be skipped."""
    node = bound.node
    if not site.absent and node.when is None and isinstance(node, CallNode):
        if node.on_error == "continue":
            site.absent[node.id] = MAY_FAIL
        return
    absent = bound.strict & site.absent.keys() if site.absent else NO_IDS
    chosen = node.of if isinstance(node, FirstOfNode) else ()
    none_chosen = bool(chosen) and all(one in site.skippable for one in chosen)
    if node.when is not None or absent or none_chosen:
        site.skippable.add(node.id)
    if node.when is not None:
        site.absent[node.id] = "may be skipped: it has `when`"
    elif node.on_error == "continue":
        site.absent[node.id] = MAY_FAIL
    elif isinstance(node, GateNode) and node.on_refused == "continue":
        site.absent[node.id] = "may be refused: it has `on_refused: continue`"
    elif none_chosen:
        site.absent[node.id] = "may be skipped: each node that it chooses from may be"
    elif absent:
        other = min(absent)
        why = site.absent[other]
        site.absent[node.id] = why if why.startswith("needs") else f"needs `{other}`, which {why}"


def body_of(site: Site, bound: Bound, node: WithBody) -> CompiledGraph | None:
    """Give the compiled body of a node."""
    at = f"{bound.home}/{body_kind(node)}"
    return None if site.problems.is_damaged(at) else site.around.body(node, at=at)


def check_alone(site: Site, bound: Bound, lens: Lens | None = None) -> None:
    """Check what can be checked of a node that runs nothing known."""
    if site.around.is_checked:
        check_expressions(bound.given, lens or lens_of(site, bound))
        _check_guards(site, bound, True)


def lens_of(site: Site, bound: Bound) -> Lens:
    """What the expressions of a node may read; its guard has been tested before the others."""
    lens = site.lens(f"`{bound.node.id}`", lenient=bound.viewed)
    if bound.when is None:
        return lens
    return replace(lens, tested=bound.when.expression.references)


def checked_arguments(site: Site, bound: Bound, target: Target) -> Checks:
    """Check `with`, unless types have been checked; return what is left to check at run time."""
    if not site.around.is_checked:
        return ()
    return tuple(check_arguments(target, bound.given, lens_of(site, bound)))


def returned(site: Site, bound: Bound, declared: Schema) -> Schema:
    """`returns` narrows what is declared."""
    returns = bound.node.returns
    if site.problems.broken is not None and site.problems.is_damaged(f"{bound.home}/returns"):
        return True
    if returns is None:
        return declared
    found = narrowed(declared, resolve(without_subject(returns), site.around.types()))
    source = site.sources[bound.node.id]
    if found is not None:
        name = f"`returns` of `{bound.node.id}`"
        site.sources[bound.node.id] = Source(name=name, verb="declares")
        return found
    site.problems.error(
        "IL2018",
        f"`returns` of `{bound.node.id}` is {describe(without_subject(returns))},"
        f" but {source.name} {source.verb} {describe(declared)}: nothing is both",
        at=f"{bound.home}/returns",
        hint="`returns` can only narrow what is declared; declare less, or correct the action",
    )
    return True


def common_of(site: Site, bound: Bound, *, returns: Schema, unproven: Checks) -> Common:
    """Put together what every compiled node has."""
    node, memory, defaults = bound.node, site.around.memory, site.graph.defaults
    if site.around.is_checked:
        _check_guards(site, bound, returns)
    site.schemas[node.id] = returns
    roots = _roots(site, bound.read)
    # A literal: calling the type makes the dict twice.
    return {
        "id": node.id,
        "index": site.positions[node.id],
        "strict": site.places(bound.strict)
        if node.needs
        else tuple(sorted([at for _, at in roots])),
        "lenient": site.places(bound.lenient) if bound.lenient else (),
        "dependents": tuple(site.dependents[node.id]),
        "roots": roots,
        "status_roots": _roots(site, bound.viewed) if bound.viewed else (),
        "arguments": bound.given.template,
        "when": bound.when.expression if bound.when is not None else None,
        "require": tuple([guard.expression for guard in bound.require]) if bound.require else (),
        "ensure": tuple([guard.expression for guard in bound.ensure]) if bound.ensure else (),
        "retry": _own_retry(site, bound, node.retry) if node.retry else defaults.retry or ONCE,
        "timeout_ms": node.timeout_ms or defaults.timeout_ms or _usual_timeout_ms(site, bound),
        "deadline_ms": node.deadline_ms,
        "on_error": node.on_error,
        "returns_schema": returns,
        "returns": memory.checker(returns),
        "decode": memory.decoder(returns),
        "unproven": unproven,
    }


def _check_guards(site: Site, bound: Bound, returns: Schema) -> None:
    if bound.when is None and not bound.require and not bound.ensure:
        return
    lens = lens_of(site, bound)
    if bound.when is not None:
        replace(lens, tested=()).test(bound.when)
    before = lens.naming(args=args_of(bound))
    for guard in bound.require:
        before.test(guard)
    after = before.naming(result=returns)
    for guard in bound.ensure:
        after.test(guard)


def args_of(bound: Bound) -> Schema:
    """The schema of `args`: what is given, or has a default, is there."""
    takes: Schema = True if bound.manifest is None else bound.manifest.arguments
    given = bound.arguments.tree
    if isinstance(takes, bool) or not isinstance(given, dict):
        return takes
    return {**takes, "required": list(given)}


def _roots(site: Site, read: AbstractSet[NodeId]) -> tuple[tuple[str, int], ...]:
    if not read:
        return ()
    positions = site.positions
    return tuple([(id_, positions[id_]) for id_ in sorted(read)])


def _own_retry(site: Site, bound: Bound, retry: Retry) -> Retry:
    words, at = f"`{bound.node.id}`", f"{bound.home}/retry/attempts"
    check_attempts(site, retry, words=words, at=at)
    return retry


def check_attempts(site: Site, retry: Retry, *, words: str, at: str) -> None:
    """Check that a node is not tried too often."""
    most = site.around.limits.attempts_max
    if retry.attempts > most:
        site.problems.error(
            "IL5104",
            f"{words} may be tried {retry.attempts} times; `attempts_max` is {most}",
            at=at,
            hint="lower `attempts`, or raise `attempts_max` of Limits",
        )


def _usual_timeout_ms(site: Site, bound: Bound) -> int:
    declared = bound.manifest.timeout_ms_max if bound.manifest is not None else None
    return declared or site.around.limits.timeout_ms_default
