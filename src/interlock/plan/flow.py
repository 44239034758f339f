"""The second pass over nodes that go round, wait, ask and choose."""

from interlock.graph import FirstOfNode, GateNode, RepeatNode, Template, WaitNode, parse_template
from interlock.plan.arguments import check_arguments
from interlock.plan.binding import RESULT, Bound
from interlock.plan.edges import Edge, check_edge, check_text
from interlock.plan.model import (
    CompiledFirstOf,
    CompiledGate,
    CompiledGraph,
    CompiledRepeat,
    CompiledWait,
)
from interlock.plan.parts import (
    Checks,
    body_of,
    check_alone,
    checked_arguments,
    common_of,
    lens_of,
    returned,
)
from interlock.plan.reading import Source
from interlock.plan.schemas import STRING, one_of_yields, record, repeat_yields
from interlock.plan.site import Site
from interlock.plan.target import Target
from interlock.values import Schema

VERDICT: Schema = record({"verdict": STRING}, required=["verdict"])
NOTHING: Schema = {"type": "null"}
TURNS = "turns"


# --- repeat


def compile_repeat(site: Site, bound: Bound, node: RepeatNode) -> CompiledRepeat | None:
    """Compile a `repeat`: `carry` becomes all inputs of the next turn."""
    body = body_of(site, bound, node)
    _check_bounds(site, bound, node, body=body)
    if body is None:
        check_alone(site, bound)
        return None
    target = Target(words=f"graph `{node.graph}`", schema=body.inputs_schema, noun="input")
    checks = _check_turns(site, bound, target, body=body) if site.around.is_checked else ()
    site.sources[node.id] = Source(name="a `repeat`", verb="yields")
    returns = returned(site, bound, repeat_yields(body.outputs_schema))
    common = common_of(site, bound, returns=returns, unproven=checks)
    carry = _next_inputs(bound)
    if bound.until is None or carry is None:
        return None
    return CompiledRepeat(
        **common,
        body=body,
        carry=carry,
        until=bound.until.expression,
        max=node.max,
        on_max=node.on_max,
    )


def _next_inputs(bound: Bound) -> Template | None:
    """Lay `carry` over `with`: what it does not name stays as it was."""
    inputs = {**bound.given.values, **(bound.carry.values if bound.carry is not None else {})}
    found = parse_template(inputs, names=RESULT)
    return found if isinstance(found, Template) else None


def _check_bounds(
    site: Site, bound: Bound, node: RepeatNode, *, body: CompiledGraph | None
) -> None:
    most = site.around.limits.turns_max
    if node.max > most:
        site.problems.error(
            "IL5105",
            f"`{node.id}` may go round {node.max:,} times; `turns_max` is {most:,}",
            at=f"{bound.home}/max",
            hint="lower `max`, or raise `turns_max` of Limits",
        )
    if body is not None and any(each.name == TURNS for each in body.outputs):
        site.problems.error(
            "IL1133",
            f"graph `{node.graph}` has an output `{TURNS}`, which `{node.id}` yields itself",
            at=f"{bound.home}/repeat",
            hint="give that output another name",
        )


def _check_turns(site: Site, bound: Bound, target: Target, *, body: CompiledGraph) -> Checks:
    """Check the inputs of the first turn, and what is said of a turn that has ended."""
    checks = checked_arguments(site, bound, target)
    after = lens_of(site, bound).naming(result=body.outputs_schema)
    if bound.until is not None:
        after.test(bound.until)
    carry = () if bound.carry is None else check_arguments(target, bound.carry, after)
    return (*checks, *carry)


# --- the others


def compile_wait(site: Site, bound: Bound, node: WaitNode) -> CompiledWait:
    """Compile a `wait`: the payload of its signal is the output."""
    name = "a `wait`" if node.signal is None else f"the signal `{node.signal}`"
    site.sources[node.id] = Source(name=name, verb="yields")
    returns = returned(site, bound, NOTHING if node.signal is None else True)
    common = common_of(site, bound, returns=returns, unproven=())
    return CompiledWait(**common, signal=node.signal, for_ms=node.for_ms)


def compile_gate(site: Site, bound: Bound, node: GateNode) -> CompiledGate | None:
    """Compile a `gate`; what it covers is known when all nodes are compiled (see `cover`)."""
    site.sources[node.id] = Source(name="a `gate`", verb="yields")
    common = common_of(site, bound, returns=VERDICT, unproven=_check_ask(site, bound))
    if bound.ask is None:
        return None
    return CompiledGate(
        **common,
        ask=bound.ask,
        to=node.to,
        covers=(),
        quorum=node.quorum,
        expires_ms=node.expires_ms,
        on_refused=node.on_refused,
    )


def _check_ask(site: Site, bound: Bound) -> Checks:
    """Check that what persons see is text."""
    if bound.ask is None or not site.around.is_checked:
        return ()
    lens, at = lens_of(site, bound), f"{bound.home}/gate/ask"
    checks: Checks = ()
    for placed in bound.ask.placed:
        produced = lens.infer(placed.expression, at=at, offset=placed.span[0])
        if produced is None:
            continue
        if not placed.whole:
            check_text(placed, produced, lens, at=at, steps=("ask",))
            continue
        edge = Edge(
            node=bound.node.id,
            expression=placed.expression,
            at=at,
            offset=placed.span[0],
            wanted=STRING,
            steps=("ask",),
        )
        left = check_edge(edge, produced, lens)
        checks += () if left is None else (left,)
    return checks


def compile_first_of(site: Site, bound: Bound, node: FirstOfNode) -> CompiledFirstOf:
    """Compile a `first_of`: it yields what one of its nodes does."""
    known = [one for one in node.of if one in site.positions and one != node.id]
    site.sources[node.id] = Source(name="one of its nodes", verb="yields")
    # One that could not be read, or is not there, may yield anything.
    returns = returned(site, bound, one_of_yields([site.schemas.get(one, True) for one in node.of]))
    common = common_of(site, bound, returns=returns, unproven=())
    return CompiledFirstOf(**common, of=tuple(site.positions[one] for one in known))
