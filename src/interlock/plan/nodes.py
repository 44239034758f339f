"""The second pass over a node: its types are checked, and it is put together."""

from dataclasses import replace
from functools import lru_cache
from typing import assert_never

from interlock.graph import (
    CallNode,
    Expression,
    FirstOfNode,
    GateNode,
    GraphNode,
    MapNode,
    ProposeNode,
    RepeatNode,
    WaitNode,
    without_subject,
)
from interlock.plan.arguments import check_arguments
from interlock.plan.binding import Bound
from interlock.plan.edges import Edge, check_edge
from interlock.plan.flow import compile_first_of, compile_gate, compile_repeat, compile_wait
from interlock.plan.model import (
    AnyCompiledNode,
    CompiledCall,
    CompiledGraphNode,
    CompiledMap,
    CompiledPropose,
    RunTimeCheck,
)
from interlock.plan.parts import (
    body_of,
    check_alone,
    checked_arguments,
    common_of,
    lens_of,
    note_absence,
    returned,
)
from interlock.plan.reading import Lens, Source
from interlock.plan.schemas import map_yields
from interlock.plan.site import Site
from interlock.plan.subjects import output_subject
from interlock.plan.target import Target
from interlock.plan.undoing import compile_undo
from interlock.values import Schema, select

ARRAY: Schema = {"type": "array"}
SOURCES_MAX = 1_000
KEY: Schema = {"type": ["string", "integer"]}


def compile_node(site: Site, bound: Bound) -> AnyCompiledNode | None:
    """Compile a node whose dependencies have been compiled; None when it names nothing known."""
    node, subject = _compile(site, bound), output_subject(site, bound)
    return node if node is None or subject is None else replace(node, subject=subject)


def _compile(site: Site, bound: Bound) -> AnyCompiledNode | None:
    note_absence(site, bound)
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
        case RepeatNode():
            return compile_repeat(site, bound, node)
        case WaitNode():
            return compile_wait(site, bound, node)
        case GateNode():
            return compile_gate(site, bound, node)
        case FirstOfNode():
            return compile_first_of(site, bound, node)
        case _:
            assert_never(node)


# --- kinds


def _calling(
    site: Site, bound: Bound, node: CallNode | ProposeNode
) -> CompiledCall | CompiledPropose | None:
    manifest = bound.manifest
    if manifest is None:
        check_alone(site, bound)
        return None
    site.sources[node.id] = _returning(manifest.name)
    target = site.around.catalog.target(manifest)
    checks = checked_arguments(site, bound, target)
    is_proven = site.around.is_checked and not checks
    accepts = None if is_proven else site.around.memory.checker(target.schema)
    if isinstance(node, ProposeNode):
        common = common_of(site, bound, returns=returned(site, bound, True), unproven=checks)
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
    returns = returned(site, bound, without_subject(manifest.returns))
    common = common_of(site, bound, returns=returns, unproven=checks)
    common["undo"] = compile_undo(site, bound, returns=returns)
    return CompiledCall(**common, action=manifest, accepts=accepts, ahead=manifest.runs_ahead)


@lru_cache(maxsize=SOURCES_MAX)
def _returning(action: str) -> Source:
    return Source(name=f"`{action}`", verb="returns")


def _subgraph(site: Site, bound: Bound, node: GraphNode) -> CompiledGraphNode | None:
    body = body_of(site, bound, node)
    if body is None:
        check_alone(site, bound)
        return None
    target = Target(words=f"graph `{node.graph}`", schema=body.inputs_schema, noun="input")
    checks = checked_arguments(site, bound, target)
    site.sources[node.id] = Source(name=f"graph `{node.graph}`", verb="yields")
    returns = returned(site, bound, body.outputs_schema)
    common = common_of(site, bound, returns=returns, unproven=checks)
    common["undo"] = compile_undo(site, bound, returns=returns)
    return CompiledGraphNode(**common, body=body)


def _map(site: Site, bound: Bound, node: MapNode) -> CompiledMap | None:
    body = body_of(site, bound, node)
    lens, checks = lens_of(site, bound), list[RunTimeCheck]()
    if site.around.is_checked:
        item, checks = _check_over(bound, lens)
        lens = lens.naming(**{node.as_: item})
        if body is not None:
            target = Target(words=f"graph `{node.graph}`", schema=body.inputs_schema, noun="input")
            checks += check_arguments(target, bound.given, lens)
        checks += _check_key(bound, lens)
    if body is None:
        check_alone(site, bound, lens)
        return None
    site.sources[node.id] = Source(name="a `map`", verb="yields")
    returns = returned(site, bound, map_yields(body.outputs_schema))
    common = common_of(site, bound, returns=returns, unproven=tuple(checks))
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
