"""What compile calls proven is so: no value of the producer is refused by the consumer."""

import contextlib
from typing import Any

import pytest
from hypothesis import assume, event, given, strategies as st

from interlock.actions import Manifest
from interlock.errors import DocumentInvalid, ExpressionFailed
from interlock.graph import read_graph
from interlock.plan import CompiledCall, Plan, compile as compile_graph
from interlock.values import Checker, Json, Schema, canonical, decode, select
from interlock.values.examples import examples
from unit.plan.typed_graphs import paths_into
from unit.values.strategies import INTEGER, NULL, SCHEMAS, STRING, array, either, record, values_of

FORMS: list[Json] = [
    "${{ <> }}",
    "${{ <> }}",
    "a${{ <> }}",
    "${{ [<>] }}",
    "${{ {'a': <>} }}",
    "${{ <> == null ? 'b' : 'a' }}",
    "${{ string(<>) }}",
    "${{ <> != null ? <> : 'a' }}",
    "${{ <> == null ? <> : 'a' }}",
    "${{ <>.map(x, x) }}",
    "${{ <>.map(x, x != null, {'a': x}) }}",
    "${{ <>.filter(x, x == x) }}",
    ["${{ <> }}", 1],
    [{"a": "${{ <> }}"}],
    {"a": "${{ <> }}", "b": 1},
]


def filled(form: Json, path: str) -> Json:
    """Write a path into a form."""
    if isinstance(form, str):
        return form.replace("<>", path)
    if isinstance(form, list):
        return [filled(one, path) for one in form]
    return {k: filled(v, path) for k, v in form.items()} if isinstance(form, dict) else form


def plan_of(produced: Schema, wanted: Schema, argument: Json) -> Plan | None:
    """Compile one producer and one consumer; None when they are refused."""
    takes: Schema = {
        "type": "object",
        "properties": {"x": wanted},
        "required": ["x"],
        "additionalProperties": False,
    }
    makes: Schema = {"type": "object", "properties": {}, "additionalProperties": False}
    actions = [
        Manifest(name="make", effect="pure", arguments=makes, returns=produced),
        Manifest(name="take", effect="pure", arguments=takes),
    ]
    nodes: Json = {"p": {"call": "make"}, "c": {"call": "take", "with": {"x": argument}}}
    graph, problems = read_graph({"interlock": 1, "name": "g", "nodes": nodes})
    assert graph is not None, problems
    try:
        return compile_graph(graph, {one.name: one for one in actions})
    except DocumentInvalid:
        return None


def argument_for(plan: Plan, output: Json) -> Json:
    """What the consumer is called with when the producer returns this."""
    producer, consumer = plan.root.nodes
    seen = producer.decode(output) if producer.decode is not None else output
    found = consumer.arguments.evaluate({"p": seen})
    return decode(canonical(found))


def related(schema: Schema) -> list[Schema]:
    """Schemas that what yields this one may well satisfy."""
    nullable = either(schema, {"type": "null"})
    return [schema, nullable, array(schema), record("a", a=schema), record(a=nullable), STRING]


@given(SCHEMAS, st.data())
def test_no_value_of_a_proven_edge_is_refused(produced: Any, data: st.DataObject):
    path = data.draw(st.sampled_from(paths_into(produced)))
    at_path = select(produced, (0,) if path == "[0]" else tuple(path.split(".")[1:])).schema
    wanted = data.draw(st.sampled_from(related(at_path)) | SCHEMAS)
    plan = plan_of(produced, wanted, filled(data.draw(st.sampled_from(FORMS)), f"p{path}"))
    if plan is None:
        event("refused")
        return
    consumer = plan.root.nodes[1]
    assert isinstance(consumer, CompiledCall)
    event("proven" if consumer.accepts is None else "left to run time")
    assert (consumer.accepts is None) == (not plan.run_time_checks)
    if consumer.accepts is None:
        takes = Checker(consumer.action.arguments)
        likely = data.draw(values_of(produced) | st.sampled_from([*examples(produced), None]))
        for value in [likely, *examples(produced)]:
            if Checker(produced).accepts(value):
                # How long a list is, and which of several types comes, is not proven: then the
                # expression fails, and nothing reaches the consumer.
                with contextlib.suppress(ExpressionFailed):
                    assert takes.accepts(argument_for(plan, value))


def test_what_takes_nothing_is_given_nothing():
    assert plan_of(STRING, False, "${{ p }}") is None
    assert plan_of(STRING, record("a", a=False), {"a": "${{ p }}"}) is None
    assert plan_of(STRING, False, 1) is None


@given(SCHEMAS, st.data())
def test_a_schema_passed_on_as_it_is_is_proven(schema: Any, data: st.DataObject):
    assume(any(Checker(schema).accepts(one) for one in examples(schema)))
    plan = plan_of(schema, schema, "${{ p }}")
    assert plan is not None
    assert plan.run_time_checks == ()


@pytest.mark.parametrize(
    "produced,wanted,argument",
    [
        # A list of what is there, and a field more.
        (record("a", a=STRING), record("a b", a=STRING, b=INTEGER), {"a": "${{ p.a }}", "b": 1}),
        (STRING, array(STRING), ["${{ p }}", "x"]),
        (array(STRING), array(STRING), "${{ p }}"),
        (record("a", a=either(STRING, {"type": "null"})), STRING, "${{ p.a == null ? '' : 'x' }}"),
        (INTEGER, STRING, "number ${{ p }}"),
        (INTEGER, record("n", n=INTEGER), "${{ {'n': p} }}"),
        (array(INTEGER), array(record("n", n=INTEGER)), "${{ p.map(x, {'n': x}) }}"),
        (
            array(record("a b", a=INTEGER, b=STRING)),
            array(array(STRING)),
            "${{ p.filter(x, x.a > 1).map(x, [x.b, string(x.a)]) }}",
        ),
    ],
)
def test_proofs_reach_into_arguments(produced: Schema, wanted: Schema, argument: Json):
    plan = plan_of(produced, wanted, argument)
    assert plan is not None
    assert plan.run_time_checks == ()


@pytest.mark.parametrize(
    "produced,wanted,argument,place",
    [
        (True, STRING, "${{ p }}", "x"),
        # What a test guards is not looked at.
        (either(STRING, NULL), STRING, "${{ p != null ? p : '' }}", "x"),
        (either(STRING, NULL), array(STRING), ["${{ p == null ? p : '' }}"], "x[0]"),
        # CEL knows a map that it computes by its values alone.
        (array(STRING), record("a", a=STRING), "${{ {p[0]: p[1]} }}", "x"),
        ({"type": "object"}, STRING, "${{ p.name }}", "x"),
        (STRING, {"type": "string", "maxLength": 3}, "a${{ p }}", "x"),
        (True, array(record("n", n=INTEGER)), [{"n": "${{ p }}"}], "x[0].n"),
        (True, array(array(INTEGER)), [[1, "${{ p }}"]], "x[0][1]"),
        (STRING, array({"type": "string", "maxLength": 3}), ["a${{ p }}"], "x"),
    ],
)
def test_what_is_left_to_run_time_is_told(
    produced: Schema, wanted: Schema, argument: Json, place: str
):
    plan = plan_of(produced, wanted, argument)
    assert plan is not None
    (check,) = plan.run_time_checks
    assert (check.node, check.place) == ("c", place)
    assert "p" in check.source
    assert select(wanted, ()).schema is not None
