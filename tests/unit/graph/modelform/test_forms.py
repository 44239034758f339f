"""Both forms of a graph are one document, one digest."""

from typing import Any, cast

import jsonschema_rs
import pytest
from hypothesis import given, strategies as st

from interlock.actions import Manifest
from interlock.errors import DocumentInvalid
from interlock.graph import (
    Graph,
    from_model_form,
    model_schema,
    read_graph,
    read_proposal,
    to_document,
    to_model_form,
)
from interlock.graph.fields import Problems
from interlock.graph.limits import DocumentLimits
from interlock.graph.modelform.types import read_type, type_form
from interlock.graph.modelform.values import read_value, value_form
from interlock.library import library
from interlock.values import Json, canonical, digest
from unit.graph.graphs import graphs, json_values, trees

MANIFESTS = library().manifests


def same(one: Json, other: Json) -> bool:
    return canonical(one) == canonical(other)


@given(graphs())
def test_a_graph_comes_back_from_the_model_form(graph: Graph):
    document = to_document(graph)
    form = to_model_form(document, MANIFESTS)
    read, diagnostics = read_proposal(form)
    assert read is not None, diagnostics
    assert digest("graph", to_document(read)) == digest("graph", document)


@given(graphs())
def test_what_is_written_satisfies_the_schema(graph: Graph):
    """Actions that no manifest is known of are offered as taking anything."""
    document = to_document(graph)
    form = to_model_form(document, {})
    known = {name: Manifest(name=name, arguments=True) for name in named(form)}
    schema = model_schema(known)
    again = to_model_form(document, known)
    assert list(jsonschema_rs.iter_errors(schema, again)) == []


def named(form: Any) -> set[str]:
    if isinstance(form, list):
        return set[str]().union(*(named(part) for part in form))
    if not isinstance(form, dict):
        return set()
    own = {form[kind] for kind in ("call", "propose") if isinstance(form.get(kind), str)}
    return own.union(*(named(part) for part in form.values()))


@given(json_values)
def test_a_value_comes_back(value: Json):
    problems = Problems(DocumentLimits())
    assert same(read_value(value_form(value), "", problems), value)
    assert problems.found == []


@given(st.one_of(trees, json_values))
def test_a_type_comes_back(schema: Json):
    problems = Problems(DocumentLimits())
    assert same(read_type(type_form(schema), "", problems), schema)
    assert problems.found == []


@given(trees)
def test_any_tree_is_read_or_refused_with_reasons(tree: Json):
    graph, diagnostics = read_proposal(tree)
    assert graph is not None or any(each.severity == "error" for each in diagnostics)
    as_form = {
        "interlock": 1,
        "name": "x",
        **(tree if isinstance(tree, dict) else {"nodes": [tree]}),
    }
    as_form.setdefault("nodes", [])
    graph, diagnostics = read_proposal(as_form)
    assert graph is not None or any(each.severity == "error" for each in diagnostics)


@pytest.mark.parametrize(
    "text, form",
    [
        ("${{ inputs.day }}", {"ref": "inputs.day"}),
        ("${{inputs.day}}", "${{inputs.day}}"),
        ("${{ a }}-${{ b }}", "${{ a }}-${{ b }}"),
        ("$${{ a }}", "$${{ a }}"),
        ("", ""),
    ],
)
def test_a_text_that_is_one_expression_is_a_reference(text: str, form: Json):
    assert value_form(text) == form


@pytest.mark.parametrize(
    "source", ["inputs.day", " inputs.day ", "${{ inputs.day }}", "${{inputs.day}}"]
)
def test_a_model_may_wrap_a_reference(source: str):
    problems = Problems(DocumentLimits())
    assert read_value({"ref": source}, "", problems) == "${{ inputs.day }}"


TYPED = {
    "interlock": 1,
    "name": "fetch",
    "inputs": {"url": {"type": "string"}, "tags": {"type": "array", "items": {"type": "string"}}},
    "types": {
        "doc": {
            "type": "object",
            "properties": {"id": {"type": "string"}, "size": {"type": "integer"}},
            "required": ["id"],
        }
    },
    "graphs": {
        "one": {
            "inputs": {"url": True},
            "nodes": {"page": {"call": "http.get", "with": {"url": "${{ inputs.url }}"}}},
            "outputs": {"body": "${{ page.body }}"},
        }
    },
    "nodes": {
        "page": {
            "call": "http.get",
            "with": {
                "url": "https://example.org/${{ inputs.url }}",
                "headers": {"accept": "text/html"},
                "expect": ["2xx", 404],
            },
            "retry": {"attempts": 3, "feedback": True},
            "when": "size(inputs.tags) > 0",
            "ensure": ["result.status == 200", "result.encoding == 'text'"],
            "returns": {"type": "object", "minProperties": 1},
        },
        "echo": {
            "call": "exec.run",
            "with": {"argv": ["echo", "${{ page.body }}"], "env": {"A": "${{ inputs.url }}"}},
            "needs": ["page"],
            "timeout": "30s",
        },
        "each": {"map": "one", "over": "inputs.tags", "with": {"url": "${{ item }}"}, "limit": 3},
        "more": {
            "propose": "llm.graph",
            "with": {"goal": "do it", "day": 3},
            "actions": ["http.*"],
            "repairs_max": 2,
        },
    },
    "outputs": {
        "out": "${{ echo.stdout }}",
        "maybe": {"value": "${{ nodes.page.output }}", "optional": True},
    },
}


def test_a_typed_graph_is_written_as_its_actions_ask():
    document = cast("Json", TYPED)
    form = to_model_form(document, MANIFESTS)
    assert list(jsonschema_rs.iter_errors(model_schema(MANIFESTS), form)) == []
    nodes = cast("list[dict[str, Any]]", form["nodes"])
    assert nodes[0]["with"]["headers"] == {"map": [{"key": "accept", "value": "text/html"}]}
    assert nodes[0]["with"]["query"] is None
    assert nodes[1]["with"]["argv"] == ["echo", {"ref": "page.body"}]
    graph, _ = read_graph(document)
    assert read_proposal(form)[0] == graph


def test_arguments_that_do_not_fit_are_written_by_name():
    """The plan says what is wrong with them; here nothing is lost."""
    document: Json = {
        "interlock": 1,
        "name": "x",
        "nodes": {"a": {"call": "http.get", "with": {"url": 3, "uri": None}}},
    }
    form = to_model_form(document, MANIFESTS)
    assert to_document(cast("Graph", read_proposal(form)[0])) == document


def test_a_document_that_is_none_is_refused():
    with pytest.raises(DocumentInvalid, match="has no `nodes`"):
        to_model_form({"interlock": 1, "name": "x"}, {})


FORM: dict[str, Json] = {
    "interlock": 1,
    "name": "x",
    "nodes": [{"call": "a.b", "id": "one", "with": {}, "options": []}],
}


@pytest.mark.parametrize(
    "change, place, told",
    [
        ({"nodes": [{"call": "a"}]}, "/nodes/0", "entry 1 of `nodes` has no `id`"),
        ({"nodes": [3]}, "/nodes/0", "entry 1 of `nodes` is `3`, but must be an object"),
        (
            {"nodes": [{"id": "a", "call": "b"}, {"id": "a", "call": "b"}]},
            "/nodes/1/id",
            "`a` is given twice",
        ),
        (
            {"nodes": [{"id": "a", "call": "b", "with": {"x": {"reff": "y"}}}]},
            "/nodes/0/with/x",
            "a mapping is no value of the model form",
        ),
        (
            {"nodes": [{"id": "a", "call": "b", "with": {"x": {"ref": " "}}}]},
            "/nodes/0/with/x",
            "a mapping is no value of the model form",
        ),
        (
            {"nodes": [{"id": "a", "call": "b", "with": [{"name": "x", "value": {"map": [1]}}]}]},
            "/nodes/0/with/0/value/map/0",
            "`1` is no value of the model form",
        ),
        (
            {"nodes": [{"id": "a", "call": "b", "with": 3}]},
            "/nodes/0/with",
            "`with` of entry 1 of `nodes` is `3`, but must be an object",
        ),
        (
            {
                "nodes": [
                    {"id": "a", "call": "b", "options": [{"timeout": "1s"}, {"timeout": "2s"}]}
                ]
            },
            "/nodes/0/options/1",
            "`timeout` is given twice",
        ),
        (
            {"nodes": [{"id": "a", "call": "b", "options": [{"timeout": "1s", "when": "x"}]}]},
            "/nodes/0/options/0",
            "a mapping is no option of a node",
        ),
        (
            {"inputs": [{"name": "a", "type": {"listof": "string"}}]},
            "/inputs/0/type",
            "a mapping is no type of the model form",
        ),
        (
            {"inputs": [{"name": "a", "type": {"json_schema": "{type: string}"}}]},
            "/inputs/0/type/json_schema",
            "the schema is no JSON",
        ),
        ({"inputs": {"a": "string"}}, "/inputs", "must be a list"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(change: dict[str, Json], place: str, told: str):
    with pytest.raises(DocumentInvalid) as caught:
        from_model_form({**FORM, **change})
    diagnostic = caught.value.diagnostics[0]
    assert diagnostic.pointer == place
    assert told in diagnostic.message
    assert diagnostic.hint


def test_fields_of_the_document_are_judged_by_its_reader():
    form = {**FORM, "nodes": [{"call": "a.b", "id": "one", "options": [{"tiemout": "3s"}]}]}
    _, diagnostics = read_proposal(form)
    assert [(each.pointer, each.hint) for each in diagnostics] == [
        ("/nodes/one/tiemout", "did you mean `timeout`?")
    ]


def test_an_answer_that_is_no_json_is_refused():
    graph, diagnostics = read_proposal("I would call http.get first")
    assert graph is None
    assert "begins: 'I would call" in diagnostics[0].message


def test_a_value_that_is_nested_too_deep_is_refused():
    form: Json = 1
    for _ in range(120):
        form = [form]
    problems = Problems(DocumentLimits())
    read_value(form, "", problems)
    assert "nest values at most 100 levels" in problems.found[0].hint
