"""`repeat`, `wait`, `gate` and `first_of`."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any, ParamSpec, TypeVar, Unpack, cast

from interlock.actions import CommonOptions
from interlock.errors import UsageError
from interlock.graph.model import FirstOfNode, GateNode, OnMax, OnRefused, RepeatNode, WaitNode
from interlock.graph.trace.arguments import arguments, bind, template
from interlock.graph.trace.graphs import Enclosing
from interlock.graph.trace.mapping import name_of, parameters_of, trace_body
from interlock.graph.trace.options import (
    Options,
    read_arguments,
    read_duration_option,
    read_nodes,
    read_returns,
)
from interlock.graph.trace.recording import current, open_site, record
from interlock.graph.trace.references import TracedReference
from interlock.graph.trace.results import LONE
from interlock.graph.trace.tracing import Tracing
from interlock.values import Json, NodeId, Schema

P = ParamSpec("P")
T = TypeVar("T")

VERDICT: Schema = {"type": "object", "properties": {"verdict": {"type": "string"}}}


def repeat(
    body: Callable[P, Any] | Enclosing,
    /,
    *,
    until: Callable[[Any], object] | str,
    max: int,  # noqa: A002 - the word of documents
    carry: Callable[[Any], Mapping[str, Any]] | Mapping[str, Any] | None = None,
    on_max: OnMax = "fail",
    **options: Unpack[CommonOptions],
) -> Callable[P, Any]:
    """Run a body again and again, until a condition over what it returned holds.

    Call what this returns with the inputs of the first turn:
    `repeat(improve, until=lambda text: size(text) < 400, max=5)(text=draft)`. It yields what the
    last turn returned (`.result`, where the body returns a single value) and `.turns`.

    Args:
        body: a graph function, an action, or a function. What it reads of the graph around it
            becomes its inputs.
        until: a function of what a turn returned, or CEL over `result`.
        max: how many turns there are at most.
        carry: inputs of the next turn: a function of what the last one returned. Others stay.
        on_max: `last` yields what the last turn returned, instead of failing.
        options: the options of any node.
    """
    settings = cast(Mapping[str, object], options)

    def call(*args: P.args, **kwargs: P.kwargs) -> Any:
        words = "`repeat`"
        tracing = current(words)
        how = 'repeat(..., id="{}")'
        site = open_site(tracing, settings, words=words, short=name_of(body), how=how)
        used = trace_body(body, tracing, id_=site.id, item=None)
        given = bind(parameters_of(body), args, kwargs, words=words)
        node = RepeatNode(
            id=site.id,
            graph=used.name,
            with_={**arguments(given, tracing, words=words), **used.captured},
            carry=_carry(carry, tracing, lone=used.lone),
            until=_until(until, tracing, lone=used.lone),
            max=max,
            on_max=on_max,
            **site.settings,
        )
        return record(tracing, site, node, schema=lambda: True)

    return call


def _returned(tracing: Tracing, *, lone: bool) -> TracedReference:
    """Give what a turn returned, as expressions of the node see it."""
    result = tracing.local("result")
    return result[LONE] if lone else result


def _carry(carry: object, tracing: Tracing, *, lone: bool) -> dict[str, Json]:
    if carry is None:
        return {}
    use = "`carry` of `repeat`"
    if not inspect.isfunction(carry):
        return read_arguments(carry, tracing, roots=("result",), use=use)
    with tracing.seeing("result"):
        found = tracing.expressions(use, carry, _returned(tracing, lone=lone))
    return read_arguments(found, tracing, roots=("result",), use=use)


def _until(until: object, tracing: Tracing, *, lone: bool) -> str:
    with tracing.seeing("result"):
        found = until
        if inspect.isfunction(until):
            found = tracing.expressions("`until`", until, _returned(tracing, lone=lone))
        return tracing.write(tracing.condition(found))


def wait(
    for_: str | timedelta | None = None,
    /,
    *,
    signal: str | None = None,
    returns: type[Any] | Mapping[str, Any] | bool | None = None,
    **options: Unpack[CommonOptions],
) -> Any:
    """Wait for a time, or for a signal, with that time as its deadline.

    Args:
        for_: how long, such as `3d`.
        signal: the name of a signal. Its payload is what this returns.
        returns: what the payload must be: a type, or a JSON Schema.
        options: the options of any node.
    """
    words = "`wait`"
    tracing = current(words)
    settings = cast(Mapping[str, object], options)
    site = open_site(
        tracing, settings, words=words, short=signal or "wait", how='wait(..., id="{}")'
    )
    site.settings["returns"] = read_returns(returns, words=words)
    for_ms = read_duration_option("for", for_, words=words)
    if for_ms is None and signal is None:
        raise UsageError(
            "`wait` does not say for what",
            hint='write `wait("10m")`, or `wait("3d", signal="paid")`',
            code="IL1153",
        )
    node = WaitNode(id=site.id, signal=signal, for_ms=for_ms, **site.settings)
    return record(tracing, site, node, schema=lambda: True)


def gate(
    ask: str,
    /,
    *,
    to: str | Iterable[str] = (),
    covers: object = None,
    bounds: Mapping[str, Callable[[Any], object] | str] | None = None,
    quorum: int = 1,
    expires: str | timedelta | None = None,
    on_refused: OnRefused = "fail",
    **options: Unpack[CommonOptions],
) -> Any:
    """Ask persons; what needs this runs only if they agree.

    ```python
    ok = gate(f"Ship {version}?", to="release-managers", expires="4h")
    ship.using(needs=ok)(version)
    ```

    Args:
        ask: the text that they see; references stand in it through an f-string.
        to: the roles or persons that may decide; anybody, unless given.
        covers: ids of the nodes that it allows; unless given, the writes and graphs that need it.
        bounds: conditions over `args`, by the id of a node whose arguments come later.
        quorum: how many different persons must agree.
        expires: how long it stays open, such as `4h`.
        on_refused: `continue` lets the graph go on without what needs this.
        options: the options of any node.
    """
    words = "`gate`"
    tracing = current(words)
    settings = cast(Mapping[str, object], options)
    site = open_site(tracing, settings, words=words, short="gate", how='gate(..., id="{}")')
    conditions = Options({}, words, tracing)
    node = GateNode(
        id=site.id,
        ask=str(template(ask, tracing, place="`ask` of `gate`")),
        to=(to,) if isinstance(to, str) else tuple(to),
        covers=read_nodes(covers, tracing, use="`covers`"),
        bounds={
            NodeId(id_): conditions.condition("bounds", one, ("args",))
            for id_, one in (bounds or {}).items()
        },
        quorum=quorum,
        expires_ms=read_duration_option("expires", expires, words=words),
        on_refused=on_refused,
        **site.settings,
    )
    return record(tracing, site, node, schema=lambda: VERDICT)


def first_of(*nodes: T, **options: Unpack[CommonOptions]) -> T:
    """Take the output of the first of some nodes, in this order, that succeeded."""
    words = "`first_of`"
    tracing = current(words)
    settings = cast(Mapping[str, object], options)
    site = open_site(tracing, settings, words=words, short="first_of", how='first_of(..., id="{}")')
    of = read_nodes(list(nodes), tracing, use=words)
    node = FirstOfNode(id=site.id, of=of, **site.settings)
    return cast(T, record(tracing, site, node, schema=lambda: True))
