"""The typed check: what the schemas say against an expression, and what it yields."""

from typing import Any

import pytest
from hypothesis import given, strategies as st

from interlock.graph.expressions import Expression, Finding, parse_expression, type_of
from interlock.graph.expressions.shapes import FIELDS_MAX
from interlock.values import Checker, Json, Schema, numbers, resolve
from unit.values.strategies import (
    BOOLEAN,
    INTEGER,
    NULL,
    NUMBER,
    STRING,
    array,
    either,
    record,
    table,
)

SUB = record("v kids", v=INTEGER, kids=array({"$ref": "#/$defs/Sub"}))
DASHED: dict[str, Any] = {"x-y": STRING}
IMAGE: Schema = {
    **record(
        "id n price ok label sub nsub subs any counts kind open words fooBar foo_bar x-y",
        id=STRING,
        n=INTEGER,
        price=NUMBER,
        ok=BOOLEAN,
        label=either(STRING, NULL),
        note=STRING,
        sub={"$ref": "#/$defs/Sub"},
        nsub=either({"$ref": "#/$defs/Sub"}, NULL),
        subs=array({"$ref": "#/$defs/Sub"}),
        any=True,
        counts=table(INTEGER),
        kind={"enum": ["a", "b"]},
        open={**record("p", p=INTEGER), "additionalProperties": True},
        words=array(STRING),
        fooBar=STRING,
        foo_bar=STRING,
        **DASHED,
    ),
    "$defs": {"Sub": SUB},
}
NODE = record("status", status={"enum": ["succeeded", "failed"]}, output=IMAGE)
SCHEMAS: dict[str, Schema] = {
    "image": IMAGE,
    "inputs": record("day", day=STRING, limit=INTEGER),
    "nodes": {**record("x", x=NODE), "$defs": {"Sub": SUB}},
    "nullable": record("nullish list", nullish=BOOLEAN, list=array(array(INTEGER))),
    "text": STRING,
    "deep": array(table(True)),
    "maybe": either(STRING, NULL),
    "some": either(record("v", v=INTEGER), NULL),
    "closed": record("y", closed=True, y=STRING),
}


def parsed(source: str) -> Expression:
    expression = parse_expression(source, names=frozenset({"result"}))
    assert isinstance(expression, Expression), expression
    return expression


def check(source: str, **more: Any) -> tuple[Schema, tuple[Finding, ...]]:
    return type_of(parsed(source), SCHEMAS, **more)


@pytest.mark.parametrize(
    "source, schema",
    [
        ("image.id", STRING),
        ("image.kind", {"enum": ["a", "b"]}),
        (".image.kind == 'a' ? .image.id : ''", either(STRING, {"const": ""})),
        ("image.price * 2.0", NUMBER),
        ("image.n + 1", INTEGER),
        ("image.n > 1 && inputs.day == 'x'", BOOLEAN),
        ("size(image.words)", INTEGER),
        ("image.words.map(w, size(w))", array(INTEGER)),
        ("image.subs.map(s, s.v)", array(INTEGER)),
        ("image.subs.map(s, {'v': s.v})", array(record("v", closed=True, v=INTEGER))),
        ("image.subs.map(s, s.v > 1, [s.v])", array(array(INTEGER, minItems=1))),
        ("image.subs.map(s, image.words.map(s, s))", array(array(STRING))),
        ("image.words.filter(w, w != '').map(w, w)", array(STRING)),
        ("image.words.map(w, .image.n)", array(INTEGER)),
        ("nullable.list.map(l, l.map(n, [n]))", array(array(array(INTEGER, minItems=1)))),
        ("image.words[0]", STRING),
        ("string(image.n) + image.id", STRING),
        ("image.any", True),
        ("image.any.what.ever", True),
        ("image.any > 1", BOOLEAN),
        ("image.open.p", INTEGER),
        ("image.open.q", True),
        ("image.fooBar + image.foo_bar", STRING),
        ("image['x-y']", STRING),
        ("image.ok ? 'prod' : 'dev'", either({"const": "prod"}, {"const": "dev"})),
        ("image.?note.orValue('')", either(STRING, {"const": ""})),
        ("image.?note.orValue(image.id)", STRING),
        ("{'id': image.id, 'n': [image.n, 1]}",
         {**record("id n", closed=True, id=STRING,
                   n=array(either(INTEGER, {"const": 1}), minItems=2))}),
        ("null", NULL),
        ("[]", array(True)),
        ("[?image.?note]", array(STRING)),
        ("{?'a': image.?note}", table(STRING)),
        ("{1: 'a'}.size()", INTEGER),
        ("{image.id: 1.5}", table(NUMBER)),
        ("[true, false]", array(BOOLEAN, minItems=2)),
        ("image.label.size() > 0 || image.label == null", BOOLEAN),
        ("[image.label].map(x, x)", array(either(STRING, NULL))),
        ("[image.any, 1]", array(True, minItems=2)),
        ("optional.of(1).orValue(2)", INTEGER),
        ("image.counts.?foo.value()", True),
        ("dyn(image.n)", INTEGER),
        ("maybe == null ? '' : maybe + 'x'", either({"const": ""}, STRING)),
        ("maybe != null ? maybe : 'x'", either(STRING, {"const": "x"})),
        ("[maybe != null, maybe]", array(either(BOOLEAN, STRING), minItems=2)),
        ("some != null ? some.v : 1", either(INTEGER, {"const": 1})),
        ("some == null ? 0 : some.v + 1", either({"const": 0}, INTEGER)),
        ("nullable.nullish ? 1 : 2", either({"const": 1}, {"const": 2})),
        ("nullable.list.size()", INTEGER),
        ("text + 'x'", STRING),
        ("size(deep[0].words)", INTEGER),
        ("[optional.none().orValue(null)]", array(NULL, minItems=1)),
        ("[image.sub].map(s, s)[0].v", INTEGER),
        ("nodes.x.status", {"enum": ["succeeded", "failed"]}),
        ("result.anything > 1", BOOLEAN),
        ("'id' in image", BOOLEAN),
        ("size(image) > 1 && image == {'x': 1}", BOOLEAN),
        ("image.all(k, k != '')", BOOLEAN),
        ("dyn(image.n) == 'x'", BOOLEAN),
    ],
)  # fmt: skip
def test_what_an_expression_yields(source: str, schema: Schema):
    assert check(source) == (schema, ())


@pytest.mark.parametrize("source", ["[image.sub]", "image.subs.filter(s, s.v > 1)"])
def test_a_record_is_yielded_with_its_definitions(source: str):
    schema, findings = check(source)
    assert findings == ()
    checker = Checker(schema)
    assert checker.accepts([{"v": 1, "kids": [{"v": 2, "kids": []}]}])
    assert not checker.accepts([{"v": 1, "kids": [{"v": "2", "kids": []}]}])


@pytest.mark.parametrize(
    "source, kind, message, hint",
    [
        ("image.idd", "no_field", "`image` has no field `idd`", "did you mean `image.id`?"),
        ("image.sub.w", "no_field", "`image.sub` has no field `w`; there are: kids, v", "declare"),
        ("image.idd + 'x'", "no_field", "`image` has no field `idd`", "`image.id`"),
        ("has(image.idd)", "no_field", "`image` has no field `idd`", "`image.id`"),
        ("image.?idd.orValue('')", "no_field", "`image` has no field `idd`", "`image.id`"),
        ("image['x-z'] + ''", "no_field", "no field `x-z`", '`image["x-y"]`'),
        ("image.subs.map(s, s.w)", "no_field", "no field `w`; there are: kids, v", "declare"),
        ("image.subs[0].kids[1].w", "no_field", "`image.subs[0].kids[1]` has no field", "declare"),
        ("nodes.y.status", "no_field", "`nodes` has no field `y`; there are: x", "declare"),
        ("image.id.x", "no_field", "`image.id` is of type string", "declare"),
        ("image.id.x + ''", "no_field", "`image.id` is of type string", "declare"),
        ("image.words.map(w, w.x)", "type", "a field is read from string", "declare"),
        ("closed.x", "no_field", "`closed` has no field `x`; there are: y", "declare"),
        ("image.note", "may_be_absent", "`image.note` may be absent", "has(image.note)"),
        ("image.note + ''", "may_be_absent", "`image.note` may be absent", "image.?note.orValue"),
        ("nodes.x.output.id", "may_be_absent", "`nodes.x.output` may be absent",
         "`nodes.x.?output.id.orValue(…)`"),
        ("image.counts.foo", "may_be_absent", "`image.counts.foo` may be absent", "has("),
        ("image.counts['a b']", "may_be_absent", "may be absent", "'a b' in image.counts"),
        ("image.label + ''", "may_be_null", "`image.label` may be null", "image.label != null"),
        ("image.nsub.v", "may_be_null", "`image.nsub` may be null", "image.nsub != null"),
        ("image.nsub.v > 1", "may_be_null", "`image.nsub` may be null", "image.nsub != null"),
        ("image.price > 1", "type", "`>` does not work on number and integer", "write `1.0`"),
        ("image.price * 20", "type", "`*` does not work on number and integer", "write `20.0`"),
        ("image.price + image.n", "type", "number and integer", "double(…)"),
        ("image.n > 1.5", "type", "integer and number", "double(…)"),
        ("image.n + image.id", "type", "integer and string", "convert"),
        ("image.id == null", "type", "string and null", "never null"),
        ("image.ok ? 1 : 'x'", "type", "`? :` has integer in one branch and string", "dyn(…)"),
        ("image.id && true", "type", "`&&` does not work on string and boolean", "schemas"),
        ("image.subs.exists(s, s.v == 'x')", "type", "integer and string", "convert"),
        ("image.id.startsWith(1)", "type", "`startsWith` does not work on", "convert"),
        ("image.words + 1", "type", "`+` does not work on list of string and integer", "schemas"),
        ("[image.label] + 1", "type", "on list of string or null and integer", "schemas"),
        ("image + image", "type", "`+` does not work on object and object", "schemas"),
        ("image.counts.map(k, k)", "map_order", "order of a map", "all"),
        ("image.map(k, k)", "map_order", "order of a map", "all"),
        ("timestamp(inputs.day)", "result", "the result is a timestamp", "string(…)"),
        ("image.?note", "result", "an optional value", "orValue"),
        ("bytes(image.id)", "result", "bytes", "base64"),
        ("type(image.id)", "result", "a type", "return"),
    ],
)  # fmt: skip
def test_what_is_found(source: str, kind: str, message: str, hint: str):
    schema, (finding,) = check(source)
    assert finding.kind == kind
    assert message in finding.message
    assert hint in finding.hint
    assert source[slice(*finding.span)].strip()
    assert schema is True or kind not in ("type", "result")


@pytest.mark.parametrize(
    "source",
    [
        "has(image.note) ? image.note : ''",
        "has(image.note) && image.note == 'x'",
        "image.label != null && image.label + '' == 'x'",
        "image.label == null ? '' : image.label + 'x'",
        "image.nsub != null && image.nsub.v > 1",
        "image.label == 'x'",
        "image.label",
        "[image.label]",
        "has(nodes.x.output) ? nodes.x.output.id : ''",
        "image.counts.?foo.orValue(0) + 1",
        "image.words[7]",
    ],
)
def test_a_test_in_the_same_expression_is_enough(source: str):
    assert check(source)[1] == ()


def test_what_a_guard_tests_need_not_be_tested_again():
    guard = parsed("has(image.note) && image.nsub != null").references
    assert check("image.note", tested=guard)[1] == ()
    assert check("image.nsub.v", tested=guard)[1] == ()
    assert check("image.counts.foo", tested=guard)[1] != ()


def test_a_finding_is_structured():
    _, (finding,) = check("1 + size(image.sub.kidz)")
    assert (finding.code, finding.at, finding.fields, finding.near) == (
        "IL2003", 1, ("v", "kids"), "kids",
    )  # fmt: skip
    assert finding.reference is not None
    assert finding.reference.path == ("sub", "kidz")
    diagnostic = finding.diagnostic(pointer="/nodes/x/when", offset=10)
    assert diagnostic.pointer == "/nodes/x/when"
    assert diagnostic.span == (19, 33)


def test_several_findings_come_at_once_and_each_once():
    _, found = check("image.zz + image.zz > 1 && image.note == image.note && image.price > 1")
    assert [each.kind for each in found] == ["no_field", "may_be_absent", "type"]


@pytest.mark.parametrize(
    "source, kinds",
    [
        ("image.ok", []),
        ("image.n > 1", []),
        ("image.any", []),
        ("image.n", ["condition"]),
        ("image.label", ["condition"]),
        ("size(image.id)", ["condition"]),
        ("image.zz", ["no_field"]),
    ],
)
def test_a_condition_must_be_boolean(source: str, kinds: list[str]):
    assert [each.kind for each in check(source, condition=True)[1]] == kinds


def test_schemas_with_odd_names_and_shapes_are_no_obstacle(capfd: pytest.CaptureFixture[str]):
    names = ["fooBar", "foo_bar", "FooBar", "a-b", "é", "loop", "in", "message", "1x", "", "_"]
    fields: dict[str, Any] = dict.fromkeys(names, STRING)
    schema = record(" ".join(names), **fields)
    schemas: dict[str, Schema] = {"a": schema, "b": array(array(schema)), "c": {"type": "object"}}
    source = "a.fooBar + a.foo_bar + a.loop + a.message + b[0][0].FooBar + c.x"
    assert type_of(parsed(source), schemas) == (STRING, ())
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("count, kinds", [(FIELDS_MAX, ["type"]), (FIELDS_MAX + 1, [])])
def test_a_record_with_too_many_fields_is_left_open(count: int, kinds: list[str]):
    fields: dict[str, Any] = {f"f{n}": INTEGER for n in range(count)}
    schemas: dict[str, Schema] = {"a": record(" ".join(fields), **fields)}
    assert [each.kind for each in type_of(parsed("a.f7 == 'x'"), schemas)[1]] == kinds
    assert type_of(parsed("a.f7"), schemas) == (INTEGER, ())


def test_types_of_the_document_are_followed_once_resolved():
    types: dict[str, Schema] = {"doc": record("id", id=STRING)}
    schema = resolve(array({"$ref": "#/types/doc"}), types)
    assert type_of(parsed("docs.map(d, d.id)"), {"docs": schema}) == (array(STRING), ())
    (finding,) = type_of(parsed("docs.map(d, d.idd)"), {"docs": schema})[1]
    assert finding.near == "id"


def test_definitions_of_one_name_and_two_meanings_are_left_open():
    other: Schema = {"$ref": "#/$defs/Sub", "$defs": {"Sub": STRING}}
    schemas: dict[str, Schema] = {"image": IMAGE, "other": other}
    expression = parsed("{'a': image.sub, 'b': other}")
    schema, findings = type_of(expression, schemas)
    assert findings == ()
    assert Checker(schema).accepts({"a": {"v": 1, "kids": []}, "b": "text"})
    assert not Checker(schema).accepts({"a": 1, "b": "text"})


def test_references_to_other_places_are_left_open():
    schema: Schema = {**record("me", me={"$ref": "#"}), "required": []}
    assert type_of(parsed("[a]"), {"a": schema}) == (array(True, minItems=1), ())


# Expressions that are well typed and that no value of the schema can make fail.
SAFE = [
    "image.id + '!'",
    "image.price * 2.0 > 1.0",
    "image.n > 100 ? 'many' : 'few'",
    "image.label == null ? '' : image.label + 'x'",
    "image.nsub != null && image.nsub.v > 1",
    "has(image.note) ? image.note + '' : image.id",
    "image.?note.orValue('none')",
    "image.subs.map(s, s.v)",
    "image.subs.filter(s, s.v > 1).map(s, s.kids)",
    "image.subs.all(s, s.kids.exists(k, k.v == 1))",
    "image.counts.?foo.orValue(0) >= 0",
    "image.counts.all(k, image.counts[k] != 7)",
    "image.words.exists(w, w == image.id)",
    "{'a': image.sub, 'b': [image.nsub, image.label]}",
    "[image.kind, image.ok ? 'x' : image.id]",
    "size(image.words) + size(image.subs)",
    "image.kind in ['a'] || image.id.startsWith(image.kind)",
    "image.sub",
    "image.nsub",
    "image.counts",
]
INTEGERS = st.integers(-(2**31), 2**31)
TEXTS = st.sampled_from(["", "a", "x", "text"])
SUBS = st.recursive(
    st.fixed_dictionaries({"v": INTEGERS, "kids": st.just([])}),
    lambda inner: st.fixed_dictionaries({"v": INTEGERS, "kids": st.lists(inner, max_size=2)}),
    max_leaves=3,
)
ANY = st.none() | TEXTS | INTEGERS
IMAGES: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {
        "id": TEXTS,
        "n": INTEGERS,
        "price": st.integers(-1000, 1000) | st.floats(-1e6, 1e6),
        "ok": st.booleans(),
        "label": st.none() | TEXTS,
        "sub": SUBS,
        "nsub": st.none() | SUBS,
        "subs": st.lists(SUBS, max_size=3),
        "any": ANY,
        "counts": st.dictionaries(st.sampled_from(["foo", "b", "a b"]), INTEGERS),
        "kind": st.sampled_from(["a", "b"]),
        "open": st.fixed_dictionaries({"p": INTEGERS}, optional={"q": ANY}),
        "words": st.lists(TEXTS, max_size=3),
        "fooBar": TEXTS,
        "foo_bar": TEXTS,
        "x-y": TEXTS,
    },
    optional={"note": TEXTS},
)


@pytest.mark.parametrize("source", SAFE)
def test_safe_expressions_have_no_findings(source: str):
    assert check(source)[1] == ()


@given(IMAGES, st.sampled_from(SAFE))
def test_no_findings_mean_no_failure_and_a_result_of_the_schema(value: Json, source: str):
    decode = numbers(IMAGE)
    assert decode is not None
    assert Checker(IMAGE).accepts(value)
    schema, _ = check(source)
    result = parsed(source).evaluate({"image": decode(value)})
    assert Checker(schema).problems(result) == ()


LENIENT: dict[str, Schema] = {
    "nodes": record("x", x=record("status output", status=STRING, output=either(INTEGER, NULL)))
}


def test_who_reads_the_status_knows_whether_there_is_an_output():
    guard = parsed("nodes.x.status == 'succeeded'").references
    output = parsed("nodes.x.output")
    assert type_of(output, LENIENT) == (either(INTEGER, NULL), ())
    assert type_of(output, LENIENT, tested=guard) == (INTEGER, ())
    assert type_of(parsed("nodes.x.output + 1"), LENIENT, tested=guard) == (INTEGER, ())
    (finding,) = type_of(parsed("nodes.x.output + 1"), LENIENT)[1]
    assert finding.hint == "test `nodes.x.status == 'succeeded'` before"
