"""Proposed graphs.

Compiled under the same rules as an author's, and narrower ones where the parent says so.
"""

from interlock.errors import Diagnostic, DocumentInvalid
from interlock.graph import read_proposal, to_document
from interlock.journal import Value
from interlock.plan.bodies import Compiler
from interlock.plan.catalog import Catalog
from interlock.plan.compiler import graph_digest_of
from interlock.plan.fitting import fits
from interlock.plan.model import CompiledPropose, Limits, Proposal
from interlock.plan.problems import Problems, pointer
from interlock.values import Json, describe


def compile_proposal(
    document: Json, *, node: CompiledPropose, limits: Limits, depth: int
) -> Proposal:
    """Compile what an action proposed, in the ordinary form or in the model form.

    Raises:
        DocumentInvalid: with all diagnostics; they are feedback for the next attempt.
    """
    if depth > limits.depth_max:
        hint = "let the proposal call actions directly"
        told = f"proposals are nested deeper than depth_max = {limits.depth_max}"
        raise DocumentInvalid((Diagnostic(code="IL5101", message=told, hint=hint),))
    graph, diagnostics = read_proposal(document)
    if graph is None:
        raise DocumentInvalid(diagnostics)
    problems = Problems()
    problems.take(diagnostics, at="")
    catalog = Catalog.of(node.allowed, proposal=True)
    compiled = Compiler(catalog=catalog, limits=limits, problems=problems).graph(graph)
    given = node.arguments.tree if isinstance(node.arguments.tree, dict) else {}
    for name, schema in graph.inputs.items():
        if name not in given and not (isinstance(schema, dict) and "default" in schema):
            problems.error(
                "IL2016",
                f"the proposal takes the input `{name}`, which `{node.id}` does not give it",
                at=pointer("inputs", name),
                on_key=True,
                hint=f"`{node.id}` gives: {', '.join(given) or 'nothing'}",
            )
    if compiled is not None and fits(node.returns_schema, compiled.outputs_schema) == "no":
        problems.error(
            "IL2016",
            f"the outputs of the proposal are {describe(compiled.outputs_schema)},"
            f" but `{node.id}` must return {describe(node.returns_schema)}",
            at="/outputs",
            hint="add the outputs that are missing",
        )
    if compiled is None or problems.has_errors:
        raise DocumentInvalid(tuple(problems.found))
    normal = to_document(graph)
    return Proposal(
        digest=graph_digest_of(normal, catalog.used),
        document=Value.of(normal),
        graph=compiled,
        inputs=frozenset(graph.inputs),
    )
