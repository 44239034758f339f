"""The model form offers what documents have: a new kind or field of nodes needs its place here."""

from typing import Any, cast

from interlock.graph import document_schema, model_schema
from interlock.graph.kinds import COMMON, KINDS as DOCUMENT_KINDS
from interlock.graph.modelform.schema import KINDS

SCHEMA = cast("dict[str, Any]", model_schema({}))
DOCUMENT = cast("dict[str, Any]", document_schema())


def test_all_kinds_can_be_written():
    built = ("call", "graph", "map", "propose")
    assert {kind: (*fields,) for kind, fields in KINDS.items()} == {
        kind: DOCUMENT_KINDS[kind].own for kind in built
    }


def test_all_options_of_a_node_can_be_written():
    offered = {next(iter(each["properties"])) for each in SCHEMA["$defs"]["option"]["anyOf"]}
    known = set(DOCUMENT["$defs"]["call"]["properties"]) - {"call", "with", "undo"}
    assert offered == known
    assert known <= set(COMMON)


def test_all_fields_of_a_graph_can_be_written():
    assert set(SCHEMA["properties"]) == set(DOCUMENT["properties"])
    assert set(SCHEMA["$defs"]["graph"]["properties"]) == set(DOCUMENT["properties"]) - {
        "interlock"
    }
