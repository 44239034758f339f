"""`compile`.

Graph + registry -> plan. Nothing runs before it is well-formed and typed; all problems come at
once.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, TypeAlias

from interlock.actions import Manifest, Registry
from interlock.errors import (
    Diagnostic,
    DocumentInvalid,
    SourceMap,
    UsageError,
    ValueRefused,
    render,
)
from interlock.graph import (
    DocumentLimits,
    Draft,
    Graph,
    read_draft,
    to_document,
)
from interlock.journal import Value
from interlock.plan.bodies import Compiler
from interlock.plan.catalog import Catalog
from interlock.plan.given import expect_graph
from interlock.plan.model import Limits, Plan
from interlock.plan.problems import Problems, in_order
from interlock.values import Digest, Json, canonical, digest, digest_canonical

if TYPE_CHECKING:
    from interlock.graph import AnyGraphFunction

Actions: TypeAlias = Registry | Mapping[str, Manifest]


def compile(  # noqa: A001 - the word for it, as in `re.compile`
    graph: "Graph | Draft | AnyGraphFunction",
    actions: Actions | None = None,
    *,
    limits: Limits | None = None,
    source: SourceMap | None = None,
) -> Plan:
    """Compile a graph against the actions it may use.

    Args:
        graph: the graph; its files have been loaded. Or a draft, which may be wrong: its problems
            are told together with those found here. Or a `@graph` function.
        actions: a registry, or manifests by name. A `@graph` function brings its own, unless given.
        limits: what bounds the runs of the plan.
        source: where the graph stands in a text, for the places in diagnostics. A draft and a
            function bring their own.

    Raises:
        DocumentInvalid: with all diagnostics at once.
        UsageError: it is no graph, or one that is no `@graph` function comes without actions.
    """
    expect_graph(graph)
    if not isinstance(graph, Graph | Draft):
        actions = graph.registry if actions is None else actions
        graph = graph.draft
    if actions is None:
        raise UsageError(
            "a graph is compiled without actions",
            hint="pass the registry of its actions: `compile(graph, registry)`",
        )
    limits = limits or Limits()
    document = None
    if isinstance(graph, Graph):
        document = document_of(graph, source)
        graph = _draft(graph, document, source=source, limits=limits)
    return plan_of(graph, document, actions=Catalog.of(actions), limits=limits)


def plan_of(
    draft: Draft,
    document: Value | None = None,
    *,
    actions: Catalog,
    limits: Limits,
    is_checked: bool = True,
) -> Plan:
    """Compile a draft; types are checked unless they have been.

    Args:
        draft: the graph, and what is wrong with its document.
        document: the canonical document, if it is at hand.
        actions: what it may use.
        limits: what bounds the runs of the plan.
        is_checked: whether types are checked.

    Raises:
        DocumentInvalid: with all diagnostics at once.
    """
    graph, source = draft.graph, draft.source
    if graph is None:
        raise DocumentInvalid(draft.diagnostics, source)
    is_python = source is not None and source.is_python
    problems = Problems(broken=draft.broken or None, is_python=is_python)
    compiler = Compiler(catalog=actions, limits=limits, is_checked=is_checked, claims=draft.claims)
    root = compiler.graph(graph, problems)
    refuse(draft, problems)
    document = document or document_of(graph, source)
    found = (*draft.diagnostics, *problems.found) if is_checked else ()
    warnings = in_order(found, document=document.json, source=source)
    used = {name: actions.used[name] for name in sorted(actions.used)}
    graph_digest = graph_digest_of(document.data, used)
    return Plan(
        name=graph.name,
        digest=digest("plan", [graph_digest, None, *_own(limits)]),
        graph_digest=graph_digest,
        graph=graph,
        root=root,
        document=document,
        manifests=_pinned(used, limits),
        actions=used,
        limits=limits,
        diagnostics=warnings,
        warnings=tuple(render(each, source) for each in warnings),
    )


def refuse(draft: Draft, problems: Problems) -> None:
    """Refuse a graph that has errors, with those of its document and its own together.

    Raises:
        DocumentInvalid: with all diagnostics at once.
    """
    if draft.is_valid and not problems.has_errors:
        return
    errors = [each for each in problems.found if each.severity == "error"]
    told = in_order((*draft.diagnostics, *errors), document=draft.tree, source=draft.source)
    raise DocumentInvalid(told, draft.source)


def document_of(graph: Graph, source: SourceMap | None = None) -> Value:
    """Write the canonical document.

    Raises:
        DocumentInvalid: it is too large or too deep, which each file by itself may not be.
    """
    try:
        return Value.of(to_document(graph))
    except ValueRefused as error:
        hint = error.hint or "make the document smaller; move what is large into inputs"
        problem = Diagnostic(code="IL1100", message=error.message, hint=hint)
        raise DocumentInvalid((problem,), source) from error


def _draft(graph: Graph, document: Value, *, source: SourceMap | None, limits: Limits) -> Draft:
    """Take a graph that was read from a text as it is.

    One that was made in Python is read as its document: what is checked is what is pinned.
    """
    if source is not None:
        return Draft(graph=graph, source=source, tree=document.json)
    return read_draft(document.json, limits=DocumentLimits(nodes_max=limits.nodes_max))


def _own(limits: Limits) -> list[Json]:
    """List the limits that are not the usual ones: a plan with others is another plan."""
    usual = asdict(Limits())
    own: dict[str, Json] = {
        name: value for name, value in asdict(limits).items() if value != usual[name]
    }
    return [own] if own else []


def _pinned(used: Mapping[str, Manifest], limits: Limits) -> Value:
    """Make what a run pins beside the document: the actions, and limits of its own."""
    manifests: list[Json] = [manifest.to_json() for manifest in used.values()]
    own = _own(limits)
    return Value.of({"actions": manifests, "limits": own[0]} if own else manifests)


def graph_digest_of(document: bytes, used: Mapping[str, Manifest]) -> Digest:
    """The graph digest: canonical document and the digests of its actions."""
    actions = canonical({name: used[name].digest for name in used})
    return digest_canonical("graph", b"[" + document + b"," + actions + b"]")
