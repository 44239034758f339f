"""The model form offers what documents have: a new kind or field of nodes needs its place here."""

from typing import Any, cast

from interlock.graph import document_schema, model_schema
from interlock.graph.kinds import (
    COMMON,
    GATE as DOCUMENT_GATE,
    KINDS as DOCUMENT_KINDS,
    WAIT as DOCUMENT_WAIT,
)
from interlock.graph.modelform.schema import GATE, KINDS, WAIT

SCHEMA = cast("dict[str, Any]", model_schema({}))
DOCUMENT = cast("dict[str, Any]", document_schema())


def test_all_kinds_can_be_written():
    assert {kind: (*fields,) for kind, fields in KINDS.items()} == {
        kind: known.own for kind, known in DOCUMENT_KINDS.items()
    }
    assert (*WAIT,) == DOCUMENT_WAIT
    assert {*GATE} == {*DOCUMENT_GATE}


def test_all_options_of_a_node_can_be_written():
    offered = {next(iter(each["properties"])) for each in SCHEMA["$defs"]["option"]["anyOf"]}
    known = set(DOCUMENT["$defs"]["call"]["properties"]) - {"call", "with"}
    assert offered == known
    assert known <= set(COMMON)


def test_all_fields_of_a_graph_can_be_written():
    assert set(SCHEMA["properties"]) == set(DOCUMENT["properties"])
    assert set(SCHEMA["$defs"]["graph"]["properties"]) == set(DOCUMENT["properties"]) - {
        "interlock"
    }
