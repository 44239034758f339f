"""The schema for models keeps the rules of strict output; what it lets through is a graph."""

from typing import Any, cast

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from interlock.actions import Manifest, Registry, action
from interlock.errors import UsageError
from interlock.graph import from_model_form, model_schema, read_graph, read_proposal
from interlock.graph.modelform.shapes import shape_of
from interlock.library import library
from interlock.values import Json
from unit.graph.modelform.strict import broken_rules, made_sound, values_of


@action(effect="read")
def find(
    text: str,
    kind: str | None = None,
    limits: dict[str, int] | None = None,
    near: tuple[float, float] | None = None,
) -> list[str]:
    """Find something."""
    return [text]


MANIFESTS = {
    **(library() | Registry([find])).manifests,
    "odd/name-1": Manifest(name="odd/name-1", arguments=True),
    "deep": Manifest(
        name="deep",
        arguments={
            "type": "object",
            "$defs": {
                "tree": {
                    "type": "object",
                    "properties": {"left": {"$ref": "#/$defs/tree"}, "tag": {"const": "t"}},
                    "additionalProperties": False,
                }
            },
            "properties": {
                "tree": {"$ref": "#/$defs/tree"},
                "mixed": {"enum": ["a", 1, None, True, "${{ x"]},
                "objects": {
                    "anyOf": [
                        {
                            "type": "object",
                            "properties": {"a": {"type": "string"}},
                            "additionalProperties": False,
                        },
                        {
                            "type": "object",
                            "properties": {"b": {"type": "string"}},
                            "additionalProperties": False,
                        },
                    ]
                },
                "never": False,
                "open": {"type": "object", "properties": {"a": True}},
                "pairs": {"prefixItems": [{"type": "string"}], "type": "array"},
                "ref": {"type": "string"},
            },
            "required": ["tree", "ref"],
        },
    ),
}
SCHEMA = cast("dict[str, Any]", model_schema(MANIFESTS))
INSTANCES = values_of(SCHEMA, SCHEMA).map(made_sound)
VALIDATOR = jsonschema_rs.Draft202012Validator(SCHEMA)


def test_the_schema_keeps_the_rules_of_strict_output():
    assert broken_rules(SCHEMA) == []
    assert broken_rules(cast("dict[str, Any]", model_schema({}))) == []
    assert broken_rules(cast("dict[str, Any]", model_schema(MANIFESTS, inputs=["goal"]))) == []


@pytest.mark.parametrize(
    "schema, told",
    [
        ({"type": "object", "properties": {"a": {"type": "string"}}, "required": []}, "required"),
        ({"type": "object", "properties": {}, "required": [], "patternProperties": {}}, "keywords"),
        ({"type": "array", "items": {"type": "string"}}, "root"),
        (
            {
                "type": "object",
                "properties": {"a": {"$ref": "#/$defs/x", "description": "y"}},
                "required": ["a"],
                "additionalProperties": False,
            },
            r"beside \$ref",
        ),
    ],
)
def test_the_rules_can_be_broken(schema: dict[str, Any], told: str):
    with pytest.raises(AssertionError, match=told):
        assert not broken_rules(schema), "; ".join(broken_rules(schema))


def test_the_schema_is_a_schema():
    jsonschema_rs.meta.validate(SCHEMA)
    assert not VALIDATOR.is_valid({"interlock": 1})


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(INSTANCES)
def test_whatever_it_lets_through_is_a_graph(instance: dict[str, Json]):
    assert VALIDATOR.is_valid(instance)
    graph, diagnostics = read_graph(from_model_form(instance))
    assert graph is not None, diagnostics
    assert read_proposal(instance)[0] == graph


def node(call: str, **given: Json) -> dict[str, Json]:
    schema = SCHEMA["$defs"][f"call.{call}"]["properties"]["with"]["properties"]
    return {
        "interlock": 1,
        "name": "x",
        "description": "",
        "types": [],
        "inputs": [],
        "defaults": None,
        "graphs": [],
        "nodes": [
            {
                "call": call,
                "id": "a",
                "with": {**dict.fromkeys(schema), **given},
                "options": [],
            }
        ],
        "outputs": [],
    }


@pytest.mark.parametrize(
    "call, given, good",
    [
        ("http.get", {"url": "https://example.org"}, True),
        ("http.get", {"url": {"ref": "inputs.url"}}, True),
        ("http.get", {"url": {"fields": {}}}, False),
        ("http.get", {"url": 3}, False),
        ("http.get", {}, False),
        ("http.get", {"url": "x", "uri": "x"}, False),
        ("http.get", {"url": "x", "redirects_max": 3}, True),
        ("http.get", {"url": "x", "redirects_max": "3"}, False),
        ("http.get", {"url": "x", "expect": ["2xx", 404]}, True),
        ("http.get", {"url": "x", "expect": ["9xx"]}, False),
        ("http.get", {"url": "x", "headers": {"map": [{"key": "a", "value": "b"}]}}, True),
        ("http.get", {"url": "x", "headers": {"a": "b"}}, False),
        ("http.request", {"url": "x", "method": "POST", "json": {"map": []}}, True),
        ("http.request", {"url": "x", "method": "post"}, False),
        ("exec.run", {"argv": ["ls", {"ref": "inputs.x"}]}, True),
        ("exec.run", {"argv": "ls"}, False),
        ("exec.run", {"argv": ["ls"], "ok_codes": {"null": True}}, True),
        ("http.got", {"url": "x"}, False),
    ],
)
def test_arguments_are_typed_as_literal_or_reference(
    call: str, given: dict[str, Json], *, good: bool
):
    known = call if f"call.{call}" in SCHEMA["$defs"] else "http.get"
    form = node(known, **given)
    cast("list[dict[str, Json]]", form["nodes"])[0]["call"] = call
    assert VALIDATOR.is_valid(form) is good


def test_inputs_can_be_limited_to_what_is_given():
    schema = model_schema({}, inputs=["goal", "day"])
    form = {**node("http.get", url="x"), "nodes": []}
    for name, good in (("day", True), ("night", False)):
        form["inputs"] = [{"name": name, "type": "string"}]
        assert jsonschema_rs.is_valid(schema, form) is good


def test_too_many_arguments_are_refused_with_the_cure():
    arguments: Json = {
        "type": "object",
        "properties": {f"a{number}": {"type": "string"} for number in range(1_001)},
    }
    many = {f"x{n}": Manifest(name=f"x{n}", arguments=arguments) for n in range(5)}
    with pytest.raises(UsageError, match="5,005 arguments") as caught:
        model_schema(many)
    assert "offer fewer actions" in caught.value.hint


@given(st.recursive(st.booleans(), lambda inner: st.fixed_dictionaries({"items": inner})))
def test_a_shape_is_made_of_any_schema(schema: Json):
    assert shape_of(schema, cast("Any", schema)).schema()
