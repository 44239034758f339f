"""Proposed graphs.

Compiled under the same rules as an author's, and narrower ones where the parent says so.
"""

from typing import cast

from interlock.errors import Diagnostic, DocumentInvalid
from interlock.graph import Graph
from interlock.plan.bodies import Compiler
from interlock.plan.catalog import Catalog
from interlock.plan.compiler import document_of, graph_digest_of, refuse
from interlock.plan.fitting import fit
from interlock.plan.model import CompiledGraph, CompiledPropose, Limits, Proposal
from interlock.plan.problems import Problems, pointer
from interlock.plan.schemas import has_default
from interlock.plan.words import words
from interlock.values import Json, Schema, counterexample, describe


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
    # Late: most runs propose nothing, and need not know the form for models.
    from interlock.graph import draft_proposal

    draft = draft_proposal(document)
    if draft.graph is None:
        raise DocumentInvalid(draft.diagnostics)
    problems = Problems(broken=draft.broken or None)
    catalog = Catalog.of(node.allowed, proposal=True)
    compiled = Compiler(catalog=catalog, limits=limits).graph(draft.graph, problems)
    _check_inputs(draft.graph, node, problems)
    _check_outputs(compiled, node, problems)
    refuse(draft, problems)
    normal = document_of(draft.graph)
    return Proposal(
        digest=graph_digest_of(normal.data, catalog.used),
        document=normal,
        graph=compiled,
        inputs=frozenset(draft.graph.inputs),
    )


def _check_inputs(graph: Graph, node: CompiledPropose, problems: Problems) -> None:
    """A proposal takes its inputs from the arguments of the node that proposes it."""
    given = node.arguments.tree if isinstance(node.arguments.tree, dict) else {}
    for name, schema in graph.inputs.items():
        if name not in given and not has_default(schema):
            problems.error(
                "IL2016",
                f"the proposal takes the input `{name}`, which `{node.id}` does not give it",
                at=pointer("inputs", name),
                on_key=True,
                hint=f"`{node.id}` gives: {', '.join(given) or 'nothing'}",
            )


def _check_outputs(compiled: CompiledGraph, node: CompiledPropose, problems: Problems) -> None:
    found = fit(node.returns_schema, compiled.outputs_schema)
    if found.verdict != "no":
        return
    example = counterexample(node.returns_schema, found.assumed)
    problems.error(
        "IL2016",
        f"the proposal yields {_fields(compiled.outputs_schema)},"
        f" but `{node.id}` must return {_fields(node.returns_schema)}",
        at="/outputs",
        notes=(f"for example, {example}",) if example is not None else (),
        hint="give exactly these outputs, of these types",
    )


def _fields(schema: Schema) -> str:
    """Describe outputs by name, each with its type."""
    properties = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(properties, dict) or not properties:
        return describe(schema)
    return ", ".join(f"{name} ({words(cast(Schema, one))})" for name, one in properties.items())
