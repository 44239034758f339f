"""Round trips of generated graphs, and texts of every kind: one exception, never another."""

import json

import pytest
import yaml
from hypothesis import given, strategies as st

from interlock.errors import CODES, DocumentInvalid, render_all
from interlock.graph import (
    document_schema,
    document_text,
    format_document,
    load,
    read_graph,
    read_text,
    to_document,
)
from interlock.values import Checker, canonical
from unit.graph.graphs import DOCUMENT, documents, edited, graphs, odd_documents


@given(graphs())
def test_a_graph_survives_its_document(graph):
    document = to_document(graph)
    assert read_graph(document) == (graph, ())
    assert canonical(to_document(load(json.dumps(document)).graph)) == canonical(document)


@given(graphs())
def test_a_graph_survives_its_text(graph):
    text = document_text(to_document(graph))
    assert load(text).graph == graph
    assert format_document(text) == text


@given(graphs())
def test_the_schema_accepts_every_canonical_document(graph):
    assert Checker(document_schema()).problems(to_document(graph)) == ()


@given(documents)
def test_every_tree_has_a_text(tree):
    text = document_text(tree)
    found, _ = read_text(text)
    assert json.dumps(found) == json.dumps(tree)
    assert format_document(text) == text


@given(documents)
def test_json_text_reads_as_json(tree):
    for text in (json.dumps(tree), json.dumps(tree, ensure_ascii=False, indent=2)):
        assert json.dumps(read_text(text)[0]) == json.dumps(tree)


# --- broken texts


def only_diagnostics(data: bytes | str) -> None:
    error = None
    try:
        load(data, file="x.yaml", load_file=refuse)
    except DocumentInvalid as caught:
        error = caught
    if error is not None:
        assert error.diagnostics
        assert {problem.code for problem in error.diagnostics} <= CODES.keys()
        assert render_all(error.diagnostics, error.source)


def refuse(path: str) -> bytes:
    raise FileNotFoundError(2, "No such file", path)


@given(st.binary(max_size=200))
def test_bytes_give_a_graph_or_diagnostics(data):
    only_diagnostics(data)


@given(st.text(st.sampled_from("ab01 \n\t:-{}[],'\"#&*!|>%@`$?\\~=<\r.\x00\x85é"), max_size=60))
def test_punctuation_gives_a_graph_or_diagnostics(text):
    only_diagnostics(text)


@given(edited())
def test_an_edited_document_gives_a_graph_or_diagnostics(text):
    only_diagnostics(text)
    only_diagnostics(text.encode())


@given(edited())
def test_the_parser_in_python_gives_a_graph_or_diagnostics(text):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yaml, "__with_libyaml__", False)
        only_diagnostics(text)


@given(odd_documents)
def test_any_tree_gives_a_graph_or_diagnostics(tree):
    graph, problems = read_graph(tree)
    errors = [problem for problem in problems if problem.severity == "error"]
    assert (graph is None) == bool(errors)
    if graph is not None:
        assert read_graph(to_document(graph)) == (graph, problems)


# --- layout


def test_the_document_of_the_edits_is_good():
    assert load(DOCUMENT).warnings == ()


@given(edited())
def test_layout_changes_nothing_and_is_stable(text):
    try:
        tree, _ = read_text(text)
    except DocumentInvalid:
        return
    laid_out = format_document(text)
    assert json.dumps(read_text(laid_out)[0]) == json.dumps(tree)
    assert format_document(laid_out) == laid_out
