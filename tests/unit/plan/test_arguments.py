"""Arguments of actions: defaults stand for what is not given, and are called as they are."""

from typing import Any

import pytest

from interlock.actions import Action, Context, Registry, action, declare
from interlock.errors import DocumentInvalid, UsageError
from interlock.graph import CallNode, Graph
from interlock.plan import CompiledCall, compile as compile_graph
from interlock.values import Json, NodeId, Schema


def called(arguments: Schema, **given: Json) -> CompiledCall:
    """The compiled call of an action with these arguments."""
    made = declare("a.b", lambda **_: None, effect="pure", arguments=arguments)
    node = CallNode(id=NodeId("x"), action="a.b", with_=given)
    (compiled,) = compile_graph(Graph(name="g", nodes={node.id: node}), Registry([made])).root.nodes
    assert isinstance(compiled, CompiledCall)
    return compiled


def takes(**properties: Schema) -> Schema:
    return {"type": "object", "properties": dict(properties), "additionalProperties": False}


def test_a_default_stands_for_what_is_not_given():
    schema = takes(a={"default": 1}, b={"default": 2}, c={"type": "integer"})
    assert called(schema, b=3).arguments.evaluate({}) == {"a": 1, "b": 3}


def test_a_null_that_is_given_is_no_default():
    assert called(takes(a={"default": 1}), a=None).arguments.evaluate({}) == {"a": None}


@pytest.mark.parametrize(
    "default",
    ["${{ x }}", "$${{ x", ["${{"], {"a": {"b": "${{ 1 + 1 }}"}}, "", None, [], {"secret": "S"}],
)
def test_a_default_is_called_as_it_is(default: Json):
    arguments = called(takes(a={"default": default})).arguments
    assert arguments.evaluate({}) == {"a": default}
    assert arguments.is_literal


def test_defaults_of_a_python_function_are_filled_in():
    @action(effect="pure")
    def shout(text: str, times: int = 2, mark: str = "!") -> str:
        return text * times + mark

    node = CallNode(id=NodeId("x"), action="shout", with_={"text": "a"})
    plan = compile_graph(Graph(name="g", nodes={node.id: node}), Registry([shout]))
    assert plan.root.nodes[0].arguments.evaluate({}) == {"text": "a", "times": 2, "mark": "!"}


def test_a_context_is_no_argument():
    @action(effect="pure")
    def now(context: Context) -> int:
        return context.now()

    made: Action[..., Any] = now
    node = CallNode(id=NodeId("x"), action="now", with_={"context": 1})
    with pytest.raises(DocumentInvalid, match="takes no argument `context`"):
        compile_graph(Graph(name="g", nodes={node.id: node}), Registry([made]))


ONE_OF: Schema = {
    "type": "object",
    "properties": {"a": {"type": "string"}, "b": {"type": "string"}, "n": {"type": "integer"}},
    "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
}


def test_arguments_are_checked_together_too():
    assert called(ONE_OF, a="x").accepts is None
    for given in ({}, {"a": "x", "b": "x"}):
        with pytest.raises(DocumentInvalid) as caught:
            called(ONE_OF, **given)
        assert [(one.code, one.pointer) for one in caught.value.diagnostics] == [
            ("IL2006", "/nodes/x/with")
        ]


def test_arguments_of_any_name_are_held_to_their_schema():
    schema: Schema = {"type": "object", "additionalProperties": {"type": "integer"}}
    assert called(schema, anything=1).arguments.evaluate({}) == {"anything": 1}
    with pytest.raises(DocumentInvalid, match="'one' is not of type 'integer'"):
        called(schema, anything="one")


def test_a_graph_needs_actions():
    with pytest.raises(UsageError, match="is compiled without actions"):
        compile_graph(Graph(name="g"))


@pytest.mark.parametrize("condition", ["args.a == 'x'", "args.n > 1"])
def test_conditions_know_which_arguments_are_given(condition: str):
    schema = takes(a={"type": "string"}, b={"type": "string"}, n={"type": "integer", "default": 2})
    made = declare("a.b", lambda **_: None, effect="pure", arguments=schema)
    node = CallNode(id=NodeId("x"), action="a.b", with_={"a": "x"}, require=(condition,))
    compile_graph(Graph(name="g", nodes={node.id: node}), Registry([made]))
    absent = CallNode(id=NodeId("x"), action="a.b", with_={"a": "x"}, require=("args.b == 'x'",))
    with pytest.raises(DocumentInvalid, match=r"`args\.b` may be absent"):
        compile_graph(Graph(name="g", nodes={absent.id: absent}), Registry([made]))
