"""Whatever graph comes: it compiles, or it is refused with diagnostics; and always the same way."""

import copy
import random
from typing import Any

from hypothesis import assume, event, given, strategies as st

from interlock.errors import CODES, DocumentInvalid
from interlock.graph import Graph, read_graph
from interlock.journal import Value
from interlock.plan import (
    AnyCompiledNode,
    CompiledCall,
    CompiledGraph,
    CompiledGraphNode,
    CompiledMap,
    Plan,
    compile as compile_graph,
    restore,
)
from interlock.values import Json
from unit.graph.graphs import graphs
from unit.plan.typed_graphs import Case, cases, without
from unit.plan.world import ACTIONS

REPAIRS_MAX = 30


def outcome(case: Case, document: Json) -> Plan | tuple[str, ...]:
    """The plan, or the codes and places of what is wrong; nothing else may happen."""
    graph, problems = read_graph(document)
    if graph is None:
        return tuple(f"{one.code} {one.pointer}" for one in problems)
    try:
        return compile_graph(graph, case.actions)
    except DocumentInvalid as error:
        for one in error.diagnostics:
            assert one.code in CODES
            assert one.hint
            assert one.severity == "error"
        return tuple(f"{one.code} {one.pointer}" for one in error.diagnostics)


def repaired(case: Case) -> Plan | None:
    """Take out what is refused, until the rest compiles; None when nothing is left."""
    document = copy.deepcopy(case.document)
    for _ in range(REPAIRS_MAX):
        found = outcome(case, document)
        if isinstance(found, Plan):
            return found
        pointers = [one.partition(" ")[2] for one in found]
        if not [pointer for pointer in pointers if without(document, pointer)]:
            return None
    return None


def shuffled(tree: Json, chance: random.Random) -> Json:
    """The same data in another layout."""
    if isinstance(tree, dict):
        items = [(key, shuffled(value, chance)) for key, value in tree.items()]
        chance.shuffle(items)
        return dict(items)
    return [shuffled(one, chance) for one in tree] if isinstance(tree, list) else tree


def anatomy(graph: CompiledGraph) -> Json:
    """All that a compiled graph says, as data. What only a first compile knows is left out."""
    return {
        "name": graph.name,
        "inputs": graph.inputs_schema,
        "outputs": graph.outputs_schema,
        "defaults": dict(graph.defaults),
        "decode": graph.decode is not None,
        "told": [
            [one.name, one.template.tree, list(one.strict), one.optional, repr(one.status_roots)]
            for one in graph.outputs
        ],
        "nodes": [node_anatomy(node) for node in graph.nodes],
    }


def node_anatomy(node: AnyCompiledNode) -> Json:
    found: dict[str, Json] = {
        "id": node.id,
        "index": node.index,
        "waits": [list(node.strict), list(node.lenient), list(node.dependents)],
        "roots": repr((node.roots, node.status_roots)),
        "arguments": node.arguments.tree,
        "conditions": repr((node.when, node.require, node.ensure)),
        "options": repr((node.retry, node.timeout_ms, node.deadline_ms, node.on_error)),
        "returns": node.returns_schema,
        "checked": node.returns is not None,
        "decode": node.decode is not None,
    }
    if isinstance(node, CompiledCall):
        found["action"] = node.action.digest
    if isinstance(node, CompiledGraphNode | CompiledMap):
        found["body"] = anatomy(node.body)
    return found


@given(cases(), st.randoms(use_true_random=False))
def test_the_layout_of_a_document_does_not_matter(case: Case, chance: random.Random):
    first = outcome(case, case.document)
    second = outcome(case, shuffled(case.document, chance))
    if isinstance(first, tuple) or isinstance(second, tuple):
        event("refused")
        assert isinstance(first, tuple)
        assert isinstance(second, tuple)
        assert sorted(first) == sorted(second)
    else:
        event("compiled")
        assert first.digest == second.digest
        assert anatomy(first.root) == anatomy(second.root)


@given(cases(), st.randoms(use_true_random=False))
def test_what_compiled_is_restored_as_it_was(case: Case, chance: random.Random):
    plan = repaired(case)
    event(f"compiled: {plan is not None}")
    assume(plan is not None and plan.root.nodes)
    assert plan is not None
    again = restore(Value.from_bytes(plan.document.data), Value.from_bytes(plan.manifests.data))
    assert again.digest == plan.digest
    assert anatomy(again.root) == anatomy(plan.root)
    assert (again.document, again.manifests) == (plan.document, plan.manifests)
    moved = outcome(case, shuffled(plan.document.json, chance))
    assert isinstance(moved, Plan)
    assert moved.digest == plan.digest
    assert anatomy(moved.root) == anatomy(plan.root)


@given(graphs())
def test_any_readable_graph_compiles_or_is_refused(graph: Graph):
    problems = ()
    try:
        compile_graph(graph, ACTIONS)
        event("compiled")
    except DocumentInvalid as error:
        problems = error.diagnostics
    assert all(one.code in CODES and one.hint and one.severity == "error" for one in problems)


@given(
    st.recursive(
        st.none() | st.text(max_size=5),
        lambda one: (
            st.lists(one) | st.dictionaries(st.sampled_from(["nodes", "call", "with", "a"]), one)
        ),
        max_leaves=9,
    )
)
def test_any_data_is_read_or_refused(tree: Any):
    document = {
        "interlock": 1,
        "name": "x",
        "nodes": {"a": {"call": "any.echo", "with": {"x": tree}}},
    }
    graph, problems = read_graph(document)
    assert graph is not None or problems
    if graph is not None:
        compile_graph(graph, ACTIONS)
