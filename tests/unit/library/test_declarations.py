"""Schemas and functions are written apart; here they are held together."""

import inspect
import subprocess
import sys
from typing import Any, cast

import jsonschema_rs
import pytest

from interlock.actions import AnyAction, Context
from interlock.errors import ActionInvalid
from interlock.graph import model_schema
from interlock.library import exec_run, http_request, library

REGISTRY = library()
ACTIONS = list(REGISTRY)
EFFECTS = {
    "exec.run": "at most once",
    "files.list": "repeatable",
    "files.read": "repeatable",
    "files.write": "one effect",
    "http.get": "repeatable",
    "http.request": "at most once",
    "llm.graph": "repeatable",
    "llm.json": "repeatable",
}


def test_the_library_has_these_actions_with_these_guarantees():
    assert {n: m.guarantee for n, m in REGISTRY.manifests.items()} == EFFECTS


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_a_function_takes_what_its_schema_says(action: AnyAction):
    schema = cast("dict[str, Any]", action.manifest.arguments)
    jsonschema_rs.meta.validate(schema)
    jsonschema_rs.meta.validate(action.manifest.returns)
    taken = {
        each.name: each.default
        for each in inspect.signature(action.func).parameters.values()
        if each.annotation is not Context and each.kind is each.KEYWORD_ONLY
    }
    assert taken.keys() == schema["properties"].keys()
    for name, part in schema["properties"].items():
        if taken[name] is inspect.Parameter.empty:
            assert name in schema["required"]
            continue
        assert jsonschema_rs.is_valid(part, part["default"])
        # A mutable default is None in Python, and empty in the schema.
        expected = {} if taken[name] is None and part["default"] == {} else taken[name]
        assert part["default"] == (list(expected) if isinstance(expected, tuple) else expected)


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_an_action_says_what_it_is(action: AnyAction):
    manifest = action.manifest
    assert manifest.description.endswith(".")
    assert manifest.version == "1"
    assert manifest.metered is action.name.startswith("llm.")
    assert manifest.runs_ahead is (manifest.effect == "read" and not manifest.metered)


def test_all_actions_are_offered_to_models():
    schema = cast("dict[str, Any]", model_schema(REGISTRY.manifests))
    assert {f"call.{name}" for name in EFFECTS} <= schema["$defs"].keys()


def test_a_program_becomes_an_action_of_its_own():
    test = exec_run.derive("ci.test", effect="read", argv=["pytest"])
    schema = cast("dict[str, Any]", test.manifest.arguments)
    assert (test.manifest.effect, test.manifest.guarantee) == ("read", "repeatable")
    assert "argv" not in schema["properties"]
    assert schema["required"] == []
    assert test.decode(b'{"cwd":"."}')["argv"] == ["pytest"]
    other = exec_run.derive("ci.test", effect="read", argv=["ls"])
    assert test.manifest.digest != other.manifest.digest


def test_an_argument_that_does_not_exist_cannot_be_fixed():
    with pytest.raises(ActionInvalid, match="cannot fix 'args'"):
        _ = exec_run.derive("x", args=["ls"]).manifest


def test_what_must_be_imported_late_is_imported_late():
    code = (
        "import sys; from interlock.library import library; library().manifests;"
        "late = ('httpx2', 'pydantic', 'jsonschema_rs', 'cel_expr_python');"
        "print([name for name in late if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert told.stdout.strip() == "[]"


def test_a_request_is_safe_only_where_a_registry_says_so():
    assert http_request.manifest.key is None


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_texts_are_taken_from_anywhere(action: AnyAction):
    """A bound on a text would refuse every text that is computed: `compile` wants a proof."""
    schema = cast("dict[str, Any]", action.manifest.arguments)
    texts = [part for part in schema["properties"].values() if part.get("type") == "string"]
    bounds = {"minLength", "maxLength", "pattern", "format"}
    assert not any(part.keys() & bounds for part in texts)
