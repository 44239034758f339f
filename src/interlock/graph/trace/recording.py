"""Recording nodes: a call, its options and its place become a node of the graph."""

import re
from collections.abc import Callable, Mapping
from typing import cast, final

from interlock.actions import TRACER, Action, AnyAction
from interlock.errors import UsageError
from interlock.graph.bodies import WithBody
from interlock.graph.identifiers import free_id, id_problem
from interlock.graph.kinds import KINDS, kind_of_node
from interlock.graph.model import AnyNode, CallNode
from interlock.graph.trace.arguments import arguments, bind, hints_of
from interlock.graph.trace.callers import Caller
from interlock.graph.trace.options import Options, Settings
from interlock.graph.trace.references import TracedReference
from interlock.graph.trace.terms import Path
from interlock.graph.trace.tracing import Tracing
from interlock.values import NodeId, Schema, immutable


@immutable()
class Site:
    """A call that becomes a node: its id, its options, and where it stands."""

    id: NodeId
    settings: Settings
    caller: Caller
    given: frozenset[str]


@final
class Recorder:
    """What actions find when they are called in a graph (see `interlock.actions.Tracer`)."""

    def __init__(self, tracing: Tracing) -> None:
        self.tracing = tracing

    def call(
        self,
        action: "Action[..., object]",
        args: tuple[object, ...],
        kwargs: Mapping[str, object],
        *,
        options: Mapping[str, object],
    ) -> object:
        """Record a call of an action and return the reference to its output."""
        tracing, words = self.tracing, f"`{action.name}`"
        hints = hints_of(action)
        how = f'{action.__name__}.using(id="{{}}")(...)'
        site = open_site(tracing, options, words=words, short=action.name, how=how)
        given = bind(tuple(hints), args, kwargs, words=words)
        node = CallNode(
            id=site.id,
            action=action.name,
            with_=arguments(given, tracing, words=words, hints=hints),
            **site.settings,
        )
        tracing.actions.append(cast(AnyAction, action))
        return record(tracing, site, node, schema=lambda: action.manifest.returns)


def current(what: str) -> Tracing:
    """Give the graph that is being traced.

    Raises:
        UsageError: there is none, or only expressions are allowed now.
    """
    recorder = TRACER.get()
    if not isinstance(recorder, Recorder):
        raise UsageError(
            f"{what} has a meaning only while a graph is traced",
            hint="use it inside of a `@graph` function",
        )
    return recorder.tracing


def open_site(
    tracing: Tracing, options: Mapping[str, object], *, words: str, short: str, how: str
) -> Site:
    """Begin a node: find its place, its id and its options.

    Args:
        tracing: the graph that it belongs to.
        options: as the author gave them.
        words: what messages call it.
        short: the name that it gets when its result is not assigned to a name at once.
        how: how to give it an id, with `{}` for the id.
    """
    if tracing.quiet is not None:
        raise UsageError(
            f"{words} is called in {tracing.quiet}, which holds an expression only",
            hint="call it before, and use its result here",
            code="IL1153",
        )
    caller = tracing.callers.find()
    settings = Options(options, words, tracing).read()
    id_ = _id(tracing, options.get("id"), caller, short=short, how=how)
    given = frozenset(name for name, value in options.items() if value is not None)
    return Site(id=id_, settings=settings, caller=caller, given=given)


def _refuse_unfit(site: Site, node: AnyNode) -> None:
    """Refuse options that have no meaning for nodes of this kind."""
    kind = kind_of_node(node)
    for name in KINDS[kind].without:
        if name in site.given:
            body = node.graph if isinstance(node, WithBody) else "..."
            raise UsageError(
                f"`{name}` has no meaning for a node of kind `{kind}`",
                hint=KINDS[kind].instead.format(name, body=body),
                code="IL1131",
            )


def _id(tracing: Tracing, given: object, caller: Caller, *, short: str, how: str) -> NodeId:
    named = caller.name if caller.name and caller.name.strip("_") else None
    word = str(given) if given is not None else named or re.split(r"[.\-/]", short)[-1]
    taken = tracing.nodes.keys() | tracing.items
    problem = id_problem(word, pointer="", taken=taken)
    if problem is not None:
        code, told = problem.code, problem.message
    elif word in tracing.nodes:
        code, told = "IL1152", f"graph `{tracing.name}` has a node `{word}` already"
    elif word in tracing.items:
        code, told = "IL1123", f"`{word}` is what an `each` calls its items, so no node can be"
    else:
        return NodeId(word)
    hint = how.format(free_id(word, taken))
    raise UsageError(told, hint=f"give it an id of its own: {hint}", code=code)


def record(
    tracing: Tracing, site: Site, node: AnyNode, *, schema: Callable[[], Schema]
) -> TracedReference:
    """Add a node to the graph, and return the reference to its output."""
    _refuse_unfit(site, node)
    tracing.nodes[node.id] = node
    tracing.places[f"/nodes/{node.id}"] = site.caller
    returns = node.returns
    tracing.schemas[node.id] = schema if returns is None else lambda: returns
    return tracing.reference(Path(owner=tracing, kind="node", root=node.id))
