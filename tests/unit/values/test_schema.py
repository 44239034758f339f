"""References of schemas: found, followed, carried along."""

from typing import Any

import pytest
from hypothesis import given

from interlock.errors import UsageError
from interlock.values import (
    Checker,
    Schema,
    json_pointer,
    references,
    resolve,
    target,
    without_null,
)
from interlock.values.examples import examples
from interlock.values.schema import essence, standing_alone
from unit.values.strategies import INTEGER, NULL, SCHEMAS, STRING, array, either, record, tree


def test_references_are_found_where_schemas_stand():
    ref: Schema = {"$ref": "#/x"}
    schema: Any = {
        "$ref": "#/y",
        "properties": {"$ref": ref, "a": {"items": ref}},
        "anyOf": [True, ref],
        "if": {"not": ref},
        "const": {"$ref": "#/data"},
        "enum": [{"$ref": "#/data"}],
        "default": {"$ref": "#/data"},
    }
    assert references(schema) == (
        ("/$ref", "#/y"),
        ("/properties/$ref/$ref", "#/x"),
        ("/properties/a/items/$ref", "#/x"),
        ("/anyOf/1/$ref", "#/x"),
        ("/if/not/$ref", "#/x"),
    )


def test_json_pointers_are_escaped():
    assert json_pointer(()) == ""
    assert json_pointer(("a/b", 0, "~", "")) == "/a~1b/0/~0/"


@pytest.mark.parametrize(
    "ref,found",
    [
        ("#/$defs/a", INTEGER),
        ("#/$defs/b~1c", STRING),
        ("#/$defs/d%20e%25", STRING),
        ("#/$defs/100%", STRING),
        ("#/anyOf/1", False),
        ("#/anyOf/2", None),
        ("#/$defs/none", None),
        ("#/$defs", {"a": INTEGER, "b/c": STRING, "d e%": STRING, "100%": STRING}),
        ("#/title", None),
        ("#anchor", None),
        ("http://example.com/x", None),
    ],
)
def test_targets(ref: str, found: Schema | None):
    definitions: dict[str, Any] = {"a": INTEGER, "b/c": STRING, "d e%": STRING, "100%": STRING}
    root: Schema = {"$defs": definitions, "anyOf": [True, False], "title": "t"}
    assert target(root, ref) == found
    assert target(root, "#") is root


def test_essence_leaves_no_annotation_but_keeps_fields_of_that_name():
    schema = record("title", title={"type": "string", "title": "T", "default": ""})
    schema["description"] = "d"
    assert essence(schema) == record("title", title=STRING)


def test_a_part_takes_only_the_definitions_it_reaches():
    root = tree(INTEGER)
    root["$defs"] = {**target_of(root, "#/$defs"), "Unused": STRING}
    part = target_of(root, "#/$defs/Node/properties/kids")
    alone = standing_alone(part, root)
    assert alone == {**array({"$ref": "#/$defs/Node"}), "$defs": tree(INTEGER)["$defs"]}
    assert Checker(alone).accepts([{"value": 1, "kids": [{"value": 2}]}])
    assert not Checker(alone).accepts([{"value": 1, "kids": [{"value": "x"}]}])


def target_of(root: Schema, ref: str) -> dict[str, Any]:
    found = target(root, ref)
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    "ref", ["#", "#/properties/b", "#/$defs/n/properties/x", "#/definitions/d"]
)
def test_a_part_that_refers_elsewhere_takes_the_whole(ref: str):
    root: Schema = {
        **record("a", a={"items": {"$ref": ref}}, b=INTEGER),
        "$defs": {"n": record(x={"type": "integer"}), "whole": STRING},
        "definitions": {"d": {"type": "object"}},
    }
    part = standing_alone(target_of(root, "#/properties/a"), root)
    values: list[Any] = [[], [1], [{}], [{"a": []}], [{"a": [1]}], ["x"]]
    for value in values:
        assert Checker(part).accepts(value) == Checker(root).accepts({"a": value})


DOC: Schema = record("id", id=STRING, next={"$ref": "#/types/doc"}, size={"$ref": "#/types/size"})


def test_types_move_into_definitions():
    resolved = resolve(
        array({"$ref": "#/types/doc"}), {"doc": DOC, "size": INTEGER, "other": STRING}
    )
    assert resolved == {
        **array({"$ref": "#/$defs/doc"}),
        "$defs": {
            "doc": record(
                "id", id=STRING, next={"$ref": "#/$defs/doc"}, size={"$ref": "#/$defs/size"}
            ),
            "size": INTEGER,
        },
    }
    assert not Checker(resolved).accepts([{"id": "a", "next": {"id": "b", "size": "large"}}])


def test_a_type_keeps_definitions_of_its_own():
    pasted: Schema = {
        "$ref": "#/$defs/In",
        "$defs": {"In": record("me", me={"$ref": "#/$defs/X"}), "X": INTEGER},
    }
    resolved = resolve({"$ref": "#/types/pasted"}, {"pasted": pasted})
    assert Checker(resolved).accepts({"me": 1})
    assert not Checker(resolved).accepts({"me": "x"})


def test_a_type_does_not_hide_a_definition_of_the_same_name():
    schema: Schema = {
        **record("a b", a={"$ref": "#/$defs/doc"}, b={"$ref": "#/types/doc"}),
        "$defs": {"doc": INTEGER},
    }
    resolved = resolve(schema, {"doc": STRING})
    assert Checker(resolved).accepts({"a": 1, "b": "x"})
    assert not Checker(resolved).accepts({"a": 1, "b": 1})
    assert not Checker(resolved).accepts({"a": "x", "b": "x"})


def test_a_part_of_a_type_can_be_meant():
    resolved = resolve({"$ref": "#/types/doc/properties/id"}, {"doc": DOC, "size": INTEGER})
    assert Checker(resolved).accepts("x")
    assert not Checker(resolved).accepts(1)


@pytest.mark.parametrize("schema", [True, False, {}, STRING, tree(INTEGER)])
def test_schemas_without_types_stay(schema: Schema):
    assert resolve(schema, {"doc": DOC}) == schema


def test_an_unknown_type_is_named():
    with pytest.raises(UsageError, match="there is no type `dok`") as caught:
        resolve(array({"$ref": "#/types/dok"}), {"doc": DOC})
    assert caught.value.hint == "did you mean `doc`?"
    with pytest.raises(UsageError) as caught:
        resolve({"$ref": "#/types/zebra"}, {"doc": DOC})
    assert caught.value.hint == "declare it under `types`; known: `doc`"


@pytest.mark.parametrize(
    "schema,rest",
    [
        (either(STRING, NULL), STRING),
        ({"anyOf": [STRING, NULL], "title": "T"}, STRING),
        (either(STRING, INTEGER, NULL), either(STRING, INTEGER)),
        ({"type": ["string", "null"], "maxLength": 3}, {"type": "string", "maxLength": 3}),
        ({"type": ["string", "null", "integer"]}, {"type": ["string", "integer"]}),
        ({"enum": ["a", None]}, {"enum": ["a"]}),
        ({**either({"$ref": "#/$defs/a"}, NULL), "$defs": {"a": STRING}},
         {"$ref": "#/$defs/a", "$defs": {"a": STRING}}),
        (NULL, NULL),
        (either(NULL), NULL),
        (STRING, STRING),
        (True, True),
    ],
)  # fmt: skip
def test_null_is_left_out(schema: Schema, rest: Schema):
    assert without_null(schema) == rest


@given(SCHEMAS)
def test_only_null_is_left_out(schema: Any):
    rest = Checker(without_null(schema))
    for value in examples(schema):
        if value is not None:
            assert rest.accepts(value) == Checker(schema).accepts(value)
