"""The second pass over a node: its types are checked, and it is put together."""

from dataclasses import replace
from typing import TypeAlias, TypedDict, assert_never

from interlock.graph import (
    CallNode,
    Expression,
    FirstOfNode,
    GateNode,
    GraphNode,
    MapNode,
    OnError,
    ProposeNode,
    RepeatNode,
    Retry,
    Template,
    WaitNode,
)
from interlock.plan.arguments import check_arguments, check_expressions
from interlock.plan.binding import Bound
from interlock.plan.edges import Edge, check_edge
from interlock.plan.executable import refuse_unexecutable
from interlock.plan.model import (
    AnyCompiledNode,
    CompiledCall,
    CompiledGraph,
    CompiledGraphNode,
    CompiledMap,
    CompiledPropose,
    Decoder,
    RunTimeCheck,
)
from interlock.plan.narrowing import narrowed
from interlock.plan.reading import Lens, Source
from interlock.plan.schemas import map_yields
from interlock.plan.site import Site
from interlock.plan.target import Target
from interlock.values import Checker, NodeId, Schema, describe, resolve, select

ARRAY: Schema = {"type": "array"}
ONCE = Retry()
KEY: Schema = {"type": ["string", "integer"]}
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


def compile_node(site: Site, bound: Bound) -> AnyCompiledNode | None:
    """Compile a node whose dependencies have been compiled; None when it names nothing known."""
    _note_absence(site, bound)
    refuse_unexecutable(bound.node, site.problems)
    # Until it is compiled, whatever reads this node is not blamed for what is wrong with it.
    site.schemas[bound.node.id] = True
    node = bound.node
    match node:
        case CallNode() | ProposeNode():
            return _calling(site, bound, node)
        case GraphNode():
            return _subgraph(site, bound, node)
        case MapNode():
            return _map(site, bound, node)
        case RepeatNode() | WaitNode() | GateNode() | FirstOfNode():
            return None  # refused above
        case _:
            assert_never(node)


def _note_absence(site: Site, bound: Bound) -> None:
    """Remember why a node may not succeed in a run that succeeds."""
    node = bound.node
    if node.when is not None:
        site.absent[node.id] = "may be skipped: it has `when`"
    elif node.on_error == "continue":
        site.absent[node.id] = "may fail: it has `on_error: continue`"
    elif absent := bound.strict & site.absent.keys():
        other = min(absent)
        why = site.absent[other]
        site.absent[node.id] = why if why.startswith("needs") else f"needs `{other}`, which {why}"


# --- kinds


def _calling(
    site: Site, bound: Bound, node: CallNode | ProposeNode
) -> CompiledCall | CompiledPropose | None:
    manifest = bound.manifest
    if manifest is None:
        _check_alone(site, bound)
        return None
    site.sources[node.id] = Source(name=f"`{manifest.name}`", verb="returns")
    target = site.around.catalog.target(manifest)
    checks = _check_arguments(site, bound, target)
    is_proven = site.around.is_checked and not checks
    accepts = None if is_proven else site.around.memory.checker(target.schema)
    if isinstance(node, ProposeNode):
        common = _common(site, bound, returns=_returned(site, bound, True), unproven=checks)
        allowed = site.around.catalog.narrowed(
            node.actions, at=f"{bound.home}/actions", problems=site.problems
        )
        site.around.catalog.use_all(allowed)
        return CompiledPropose(
            **common,
            action=manifest,
            accepts=accepts,
            ahead=False,
            allowed=allowed,
            repairs_max=node.repairs_max,
        )
    returns = _returned(site, bound, manifest.returns)
    common = _common(site, bound, returns=returns, unproven=checks)
    return CompiledCall(**common, action=manifest, accepts=accepts, ahead=manifest.runs_ahead)


def _subgraph(site: Site, bound: Bound, node: GraphNode) -> CompiledGraphNode | None:
    body = _body_of(site, bound, node)
    if body is None:
        _check_alone(site, bound)
        return None
    target = Target(words=f"graph `{node.graph}`", schema=body.inputs_schema, noun="input")
    checks = _check_arguments(site, bound, target)
    site.sources[node.id] = Source(name=f"graph `{node.graph}`", verb="yields")
    returns = _returned(site, bound, body.outputs_schema)
    return CompiledGraphNode(**_common(site, bound, returns=returns, unproven=checks), body=body)


def _map(site: Site, bound: Bound, node: MapNode) -> CompiledMap | None:
    body = _body_of(site, bound, node)
    lens, checks = _lens(site, bound), list[RunTimeCheck]()
    if site.around.is_checked:
        item, checks = _check_over(bound, lens)
        lens = lens.naming(**{node.as_: item})
        if body is not None:
            target = Target(words=f"graph `{node.graph}`", schema=body.inputs_schema, noun="input")
            checks += check_arguments(target, bound, lens)
        checks += _check_key(bound, lens)
    if body is None:
        _check_alone(site, bound, lens)
        return None
    site.sources[node.id] = Source(name="a `map`", verb="yields")
    returns = _returned(site, bound, map_yields(body.outputs_schema))
    common = _common(site, bound, returns=returns, unproven=tuple(checks))
    if bound.over is None:
        return None
    return CompiledMap(
        **common,
        body=body,
        over=bound.over,
        item_name=node.as_,
        key=bound.key,
        limit=node.limit or site.around.limits.map_limit_default,
        failures_max=node.failures_max,
    )


def _check_alone(site: Site, bound: Bound, lens: Lens | None = None) -> None:
    """Check what can be checked of a node that runs nothing known."""
    if site.around.is_checked:
        check_expressions(bound, lens or _lens(site, bound))
        _check_guards(site, bound, True)


def _edge(bound: Bound, expression: Expression, *, name: str, wanted: Schema) -> Edge:
    return Edge(
        node=bound.node.id,
        expression=expression,
        at=f"{bound.home}/{name}",
        wanted=wanted,
        steps=(name,),
    )


def _check_over(bound: Bound, lens: Lens) -> tuple[Schema, list[RunTimeCheck]]:
    """Check that `over` is a list; return the schema of an item, and what is left to check."""
    produced = _own(bound, bound.over, lens, name="over")
    if bound.over is None or produced is None:
        return True, []
    check = check_edge(_edge(bound, bound.over, name="over", wanted=ARRAY), produced, lens)
    item = select(produced, (0,)).schema
    # What is no list has no items to be blamed for.
    return (True if item is False else item), [] if check is None else [check]


def _check_key(bound: Bound, lens: Lens) -> list[RunTimeCheck]:
    produced = _own(bound, bound.key, lens, name="key")
    if bound.key is None or produced is None:
        return []
    check = check_edge(_edge(bound, bound.key, name="key", wanted=KEY), produced, lens)
    return [] if check is None else [check]


def _own(bound: Bound, expression: Expression | None, lens: Lens, *, name: str) -> Schema | None:
    """Infer what `over` or `key` yields."""
    if expression is None or bound.is_unsure:
        return None
    return lens.infer(expression, at=f"{bound.home}/{name}")


def _body_of(site: Site, bound: Bound, node: GraphNode | MapNode) -> CompiledGraph | None:
    kind = "map" if isinstance(node, MapNode) else "graph"
    at = f"{bound.home}/{kind}"
    return None if site.problems.is_damaged(at) else site.around.body(node, at=at)


# --- what all kinds share


def _lens(site: Site, bound: Bound) -> Lens:
    """What the expressions of a node may read; its guard has been tested before the others."""
    lens = site.lens(f"`{bound.node.id}`", lenient=bound.viewed)
    if bound.when is None:
        return lens
    return replace(lens, tested=bound.when.expression.references)


def _check_arguments(site: Site, bound: Bound, target: Target) -> Checks:
    if not site.around.is_checked:
        return ()
    return tuple(check_arguments(target, bound, _lens(site, bound)))


def _returned(site: Site, bound: Bound, declared: Schema) -> Schema:
    """`returns` narrows what is declared."""
    if site.problems.is_damaged(f"{bound.home}/returns"):
        return True
    returns = bound.node.returns
    if returns is None:
        return declared
    found = narrowed(declared, resolve(returns, site.around.types()))
    source = site.sources[bound.node.id]
    if found is not None:
        name = f"`returns` of `{bound.node.id}`"
        site.sources[bound.node.id] = Source(name=name, verb="declares")
        return found
    site.problems.error(
        "IL2018",
        f"`returns` of `{bound.node.id}` is {describe(returns)},"
        f" but {source.name} {source.verb} {describe(declared)}: nothing is both",
        at=f"{bound.home}/returns",
        hint="`returns` can only narrow what is declared; declare less, or correct the action",
    )
    return True


def _common(site: Site, bound: Bound, *, returns: Schema, unproven: Checks) -> Common:
    node, memory = bound.node, site.around.memory
    if site.around.is_checked:
        _check_guards(site, bound, returns)
    site.schemas[node.id] = returns
    return Common(
        id=node.id,
        index=site.positions[node.id],
        strict=site.places(bound.strict),
        lenient=site.places(bound.lenient),
        dependents=tuple(site.dependents[node.id]),
        roots=_roots(site, bound.read),
        status_roots=_roots(site, bound.viewed),
        arguments=bound.arguments,
        when=bound.when.expression if bound.when is not None else None,
        require=tuple([guard.expression for guard in bound.require]),
        ensure=tuple([guard.expression for guard in bound.ensure]),
        retry=_retry(site, bound),
        timeout_ms=_timeout_ms(site, bound),
        deadline_ms=node.deadline_ms,
        on_error=node.on_error,
        returns_schema=returns,
        returns=memory.checker(returns),
        decode=memory.decoder(returns),
        unproven=unproven,
    )


def _check_guards(site: Site, bound: Bound, returns: Schema) -> None:
    if bound.when is None and not bound.require and not bound.ensure:
        return
    lens = _lens(site, bound)
    if bound.when is not None:
        replace(lens, tested=()).test(bound.when)
    before = lens.naming(args=_args(bound))
    for guard in bound.require:
        before.test(guard)
    after = before.naming(result=returns)
    for guard in bound.ensure:
        after.test(guard)


def _args(bound: Bound) -> Schema:
    """The schema of `args`: what is given, or has a default, is there."""
    takes: Schema = True if bound.manifest is None else bound.manifest.arguments
    given = bound.arguments.tree
    if isinstance(takes, bool) or not isinstance(given, dict):
        return takes
    return {**takes, "required": list(given)}


def _roots(site: Site, read: set[NodeId]) -> tuple[tuple[str, int], ...]:
    return tuple([(id_, site.positions[id_]) for id_ in sorted(read)])


def _retry(site: Site, bound: Bound) -> Retry:
    own = bound.node.retry
    if own is not None:
        words, at = f"`{bound.node.id}`", f"{bound.home}/retry/attempts"
        check_attempts(site, own, words=words, at=at)
    return own or site.graph.defaults.retry or ONCE


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


def _timeout_ms(site: Site, bound: Bound) -> int:
    declared = bound.manifest.timeout_ms_max if bound.manifest is not None else None
    return (
        bound.node.timeout_ms
        or site.graph.defaults.timeout_ms
        or declared
        or site.around.limits.timeout_ms_default
    )
