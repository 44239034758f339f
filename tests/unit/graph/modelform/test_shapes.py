"""Arguments of an action: how each is offered, and how values of a document are written."""

from typing import Any, cast

import jsonschema_rs
import pytest

from interlock.actions import Manifest
from interlock.graph import model_schema, read_proposal, to_document, to_model_form
from interlock.values import Json

STRING: Json = {"type": "string"}
ITEM: Json = {
    "type": "object",
    "properties": {"id": STRING, "size": {"type": "integer"}},
    "required": ["id"],
    "additionalProperties": False,
}
PROPERTIES: dict[str, Json] = {
    "text": STRING,
    "count": {"type": "integer", "minimum": 1},
    "ratio": {"type": "number"},
    "flag": {"type": "boolean"},
    "nothing": {"type": "null"},
    "maybe": {"type": ["string", "null"]},
    "level": {"enum": ["low", "high", 3, None, True, 2.5]},
    "fixed": {"const": "a${{b"},
    "many": {"enum": list(range(101))},
    "rich": {"enum": [{"a": 1}]},
    "items": {"type": "array", "items": ITEM},
    "pair": {"type": "array", "prefixItems": [STRING], "items": False},
    "item": {"anyOf": [ITEM, {"type": "null"}]},
    "env": {"type": "object", "additionalProperties": {"type": "integer"}},
    "any": True,
    "open": {"type": "object", "properties": {"a": STRING}},
    "either": {"oneOf": [{"type": "integer"}, {"type": "array", "items": STRING}]},
    "patterned": {
        "type": "object",
        "patternProperties": {"^x": STRING},
        "additionalProperties": False,
    },
}
MANIFEST = Manifest(
    name="do",
    arguments={"type": "object", "properties": PROPERTIES, "additionalProperties": False},
)
OPEN = Manifest(name="do", arguments={"type": "object", "properties": {"text": STRING}})
MAP: Json = {"map": [{"key": "a", "value": 1}]}


def written(given: dict[str, Json], manifest: Manifest = MANIFEST) -> tuple[Json, bool, Json]:
    """Give the arguments as written, whether the schema takes them, and what comes back."""
    document: Json = {"interlock": 1, "name": "x", "nodes": {"a": {"call": "do", "with": given}}}
    form = cast("dict[str, Any]", to_model_form(document, {"do": manifest}))
    graph, _ = read_proposal(form)
    assert graph is not None
    back = cast("dict[str, Any]", to_document(graph))["nodes"]["a"].get("with", {})
    good = jsonschema_rs.is_valid(model_schema({"do": manifest}), form)
    return form["nodes"][0]["with"], good, back


@pytest.mark.parametrize(
    "name, value, form",
    [
        ("text", "a", "a"),
        ("text", "a ${{ inputs.b }}", "a ${{ inputs.b }}"),
        ("text", "${{ inputs.b }}", {"ref": "inputs.b"}),
        ("count", 3, 3),
        ("count", "${{ inputs.b }}", {"ref": "inputs.b"}),
        ("ratio", 1, 1),
        ("ratio", 2.5, 2.5),
        ("flag", False, False),
        ("nothing", None, {"null": True}),
        ("maybe", None, {"null": True}),
        ("maybe", "a", "a"),
        ("level", "low", "low"),
        ("level", 3, 3),
        ("level", True, True),
        ("level", 2.5, 2.5),
        ("level", None, {"null": True}),
        ("fixed", "a$${{b", "a$${{b"),
        ("many", 7, 7),
        ("rich", {"a": 1}, MAP),
        ("items", [], []),
        ("items", [{"id": "a"}], [{"fields": {"id": "a", "size": None}}]),
        (
            "items",
            ["${{ inputs.b }}", {"id": "${{ inputs.b }}", "size": 1}],
            [{"ref": "inputs.b"}, {"fields": {"id": {"ref": "inputs.b"}, "size": 1}}],
        ),
        ("pair", ["a"], ["a"]),
        ("item", None, {"null": True}),
        ("item", {"id": "a", "size": 1}, {"fields": {"id": "a", "size": 1}}),
        ("env", {"a": 1}, MAP),
        ("any", {"a": [None]}, {"map": [{"key": "a", "value": [{"null": True}]}]}),
        ("open", {"a": 1}, MAP),
        ("open", {"a": "x"}, {"fields": {"a": "x"}}),
        ("open", {}, {"fields": {"a": None}}),
        ("open", {"b": 1}, {"map": [{"key": "b", "value": 1}]}),
        ("either", 1, 1),
        ("either", ["a"], ["a"]),
        ("patterned", {"a": 1}, MAP),
    ],
)
def test_a_value_is_written_in_the_shape_of_its_argument(name: str, value: Json, form: Json):
    found, good, back = written({name: value})
    assert cast("dict[str, Json]", found) == {**dict.fromkeys(PROPERTIES), name: form}
    assert good
    assert back == {name: value}


@pytest.mark.parametrize(
    "name, value",
    [
        ("text", 3),
        ("count", True),
        ("count", "3"),
        ("count", 2.5),
        ("flag", 1),
        ("nothing", "a"),
        ("level", "middle"),
        ("level", False),
        ("items", {"id": "a"}),
        ("items", [{"size": 1}]),
        ("items", [{"id": "a", "more": 1}]),
        ("env", [1]),
        ("env", {"a": "b"}),
        ("either", True),
        ("unknown", 1),
    ],
)
def test_a_value_of_another_shape_is_written_by_name_and_not_lost(name: str, value: Json):
    found, good, back = written({name: value})
    assert isinstance(found, list)
    assert not good
    assert back == {name: value}


def test_an_open_action_takes_more_arguments_by_name():
    found, good, back = written({"text": "a", "more": {"b": 1}}, OPEN)
    assert found == {"text": "a"}
    assert good
    assert back == {"text": "a", "more": {"b": 1}}


def test_an_argument_is_given_once():
    form = {
        "interlock": 1,
        "name": "x",
        "nodes": [
            {"call": "do", "id": "a", "with": {"b": 1}, "with_more": [{"name": "b", "value": 2}]}
        ],
    }
    _, diagnostics = read_proposal(cast("Json", form))
    assert [(each.pointer, each.code) for each in diagnostics] == [("/nodes/0/with_more", "IL1114")]
