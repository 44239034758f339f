"""`compile`.

Graph + registry -> plan. Nothing runs before it is well-formed and typed; all problems come at
once.
"""

from collections.abc import Mapping
from typing import TypeAlias

from interlock.actions import Manifest, Registry
from interlock.errors import DocumentInvalid, SourceMap, UsageError, render
from interlock.graph import AnyGraphFunction, Graph, GraphFunction, to_document
from interlock.journal import Value
from interlock.plan.bodies import Compiler
from interlock.plan.catalog import Catalog
from interlock.plan.model import Limits, Plan
from interlock.plan.problems import Problems
from interlock.values import Digest, Json, digest

Actions: TypeAlias = Registry | Mapping[str, Manifest]


def compile(  # noqa: A001 - the word for it, as in `re.compile`
    graph: Graph | AnyGraphFunction,
    actions: Actions | None = None,
    *,
    limits: Limits | None = None,
    source: SourceMap | None = None,
) -> Plan:
    """Compile a graph against the actions it may use.

    Args:
        graph: the graph; its files have been loaded. Or a `@graph` function.
        actions: a registry, or manifests by name. A `@graph` function brings its own, unless given.
        limits: what bounds the runs of the plan.
        source: where the graph stands in a text, for the places in diagnostics.

    Raises:
        DocumentInvalid: with all diagnostics at once.
        UsageError: a graph that is no `@graph` function comes without actions.
    """
    if isinstance(graph, GraphFunction):
        actions = graph.registry if actions is None else actions
        source = source or graph.source
        graph = graph.graph
    if actions is None:
        raise UsageError(
            f"graph `{graph.name}` is compiled without actions",
            hint="pass the registry of its actions: `compile(graph, registry)`",
        )
    limits = limits or Limits()
    problems = Problems()
    catalog = Catalog.of(actions)
    root = Compiler(catalog=catalog, limits=limits, problems=problems).graph(graph)
    if problems.has_errors or root is None:
        raise DocumentInvalid(tuple(problems.found), source)
    document = to_document(graph)
    graph_digest = graph_digest_of(document, catalog.used)
    return Plan(
        name=graph.name,
        digest=digest("plan", [graph_digest, None]),
        graph_digest=graph_digest,
        graph=graph,
        root=root,
        document=Value.of(document),
        manifests=Value.of([catalog.used[name].to_json() for name in sorted(catalog.used)]),
        actions=dict(catalog.used),
        limits=limits,
        warnings=tuple(render(each, source) for each in problems.found),
    )


def graph_digest_of(document: dict[str, Json], used: Mapping[str, Manifest]) -> Digest:
    """The graph digest: canonical document and the digests of its actions."""
    return digest("graph", [document, {name: used[name].digest for name in sorted(used)}])
