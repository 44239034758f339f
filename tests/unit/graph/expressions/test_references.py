"""What an expression reads is found without running it."""

from typing import Any

import pytest

from interlock.graph.expressions import Expression, Reference, parse_expression

NAMES = frozenset({"result", "args", "doc"})


def references(source: str) -> tuple[Reference, ...]:
    expression = parse_expression(source, names=NAMES)
    assert isinstance(expression, Expression), expression
    return expression.references


def seen(source: str) -> list[tuple[Any, ...]]:
    """Root, path and marked text of each reference."""
    return [(r.root, r.path, source[slice(*r.span)]) for r in references(source)]


@pytest.mark.parametrize(
    "source, expected",
    [
        ("inputs.day", [("inputs", ("day",), "inputs.day")]),
        ("image.ref", [("node", ("ref",), "image.ref")]),
        ("nodes.x.status", [("nodes", ("status",), "nodes.x.status")]),
        ("result.ok && args.n > 1", [("result", ("ok",), "result.ok"), ("args", ("n",), "args.n")]),
        ("doc.id + ''", [("item", ("id",), "doc.id")]),
        ("a.l.map(x, x.y + b.z)", [("node", ("l",), "a.l"), ("node", ("z",), "b.z")]),
        ("a.l[i.n].z", [("node", ("l",), "a.l"), ("node", ("n",), "i.n")]),
        ("a['x-y'][0].b == 1", [("node", ("x-y", 0, "b"), "a['x-y'][0].b")]),
        ("a.`x-y` == 1", [("node", ("x-y",), "a")]),
        ("[1].exists(a, a == b)", [("node", (), "b")]),
        ("[[1]].map(x, x.map(y, y + z)) == x", [("node", (), "z"), ("node", (), "x")]),
        ("cel.bind(v, a.b, v + v + c)", [("node", ("b",), "a.b"), ("node", (), "c")]),
        ("a.?b.optMap(v, v + c).orValue(d)",
         [("node", ("b",), "a.?b"), ("node", (), "c"), ("node", (), "d")]),
        ("'é😀' + a.b", [("node", ("b",), "a.b")]),
        ("1 +\n  a.b", [("node", ("b",), "a.b")]),
        ("math.greatest(a.b, optional.of(c).value())",
         [("node", ("b",), "a.b"), ("node", (), "c")]),
        ("math.x + base64.y", [("node", ("x",), "math.x"), ("node", ("y",), "base64.y")]),
        ("type(a) == google.protobuf.Timestamp || type(a) == int", [("node", (), "a")] * 2),
        ("{'k': a.b}[c]", [("node", ("b",), "a.b"), ("node", (), "c")]),
        ("a.b[-1]", [("node", ("b",), "a.b")]),
        ("a.startsWith('b')", [("node", (), "a")]),
        (".a.b == 1", [("node", ("b",), "a.b")]),
        (". a == 1", [("node", (), "a")]),
        ("[1].map(a, .a.b)", [("node", ("b",), "a.b")]),
        (".inputs.x + 1", [("inputs", ("x",), "inputs.x")]),
        ("1 + 2", []),
    ],
)  # fmt: skip
def test_references_are_found(source: str, expected: list[tuple[Any, ...]]):
    assert seen(source) == expected


def test_a_lenient_reference_names_its_node():
    (reference,) = references("nodes.x.output.size > 1")
    assert (reference.node, reference.path) == ("x", ("output", "size"))
    assert reference.address == ("x", "output", "size")


@pytest.mark.parametrize(
    "source, optional_from",
    [
        ("a.b.c", None),
        ("has(a.b.c)", 1),
        ("a.?b.c.orValue(1)", 0),
        ("a.b[?'c'].orValue(1)", 1),
        ("a.b.?c.orValue(1)", 1),
        ("nodes.x.?output.v.orValue(1)", 0),
    ],
)
def test_the_step_that_may_be_absent_is_known(source: str, optional_from: int | None):
    assert [each.optional_from for each in references(source)] == [optional_from]


@pytest.mark.parametrize(
    "source, uses",
    [
        ("a", ["value"]),
        ("a + 1", ["operand"]),
        ("a != null && a > 1", ["null_test", "operand"]),
        ("null == a", ["null_test"]),
        ("a == 1", ["value"]),
        ("a ? b : c", ["operand", "value", "value"]),
        ("[a, {'k': b}]", ["value", "value"]),
        ("size(a)", ["operand"]),
        ("a.trim()", ["operand"]),
        ("a.map(x, x)", ["operand"]),
        ("a.?b.orValue(c)", ["value", "value"]),
    ],
)
def test_it_is_known_whether_null_would_do(source: str, uses: list[str]):
    assert [each.use for each in references(source)] == uses


@pytest.mark.parametrize(
    "source, code, marked",
    [
        ("secrets.token", "IL2205", "secrets.token"),
        ("'x' + secrets.token", "IL2205", "secrets.token"),
        ("inputs.a + result.b", None, ""),
        (".secrets.token", "IL2205", "secrets.token"),
        ("nodes", "IL2207", "nodes"),
        ("nodes.x", "IL2207", "nodes.x"),
        ("nodes.x.result", "IL2207", "nodes.x.result"),
        ("nodes[inputs.id].status", "IL2207", "nodes"),
        ("nodes.?x.status", "IL2207", "nodes.?x.status"),
        ("nodes[0].status", "IL2207", "nodes[0].status"),
    ],
)
def test_roots_are_checked(source: str, code: str | None, marked: str):
    problems = parse_expression(source, names=NAMES)
    if code is None:
        assert isinstance(problems, Expression)
        return
    assert isinstance(problems, tuple)
    assert [(each.code, source[slice(*(each.span or (0, 0)))]) for each in problems] == [
        (code, marked)
    ]


def test_result_and_args_have_a_meaning_only_where_they_are_given():
    problems = parse_expression("result.x > args.y")
    assert isinstance(problems, tuple)
    assert [each.code for each in problems] == ["IL2206", "IL2206"]


def test_a_name_that_is_given_hides_a_node():
    expression = parse_expression("doc.id", names=frozenset({"doc"}))
    assert isinstance(expression, Expression)
    assert expression.references[0].root == "item"
    assert expression.references[0].node is None
