"""Templates: expressions inside JSON data."""

import pytest

from interlock.errors import ExpressionFailed
from interlock.graph.expressions import Scope, Template, parse_template
from interlock.values import Json

SCOPE: Scope = {
    "a": {"n": 3, "f": 1.5, "s": "text", "none": None, "ok": True, "list": [1], "map": {"x": 1}},
    "inputs": {"day": "monday"},
}


def template(tree: Json) -> Template:
    parsed = parse_template(tree)
    assert isinstance(parsed, Template), parsed
    return parsed


@pytest.mark.parametrize(
    "tree, expected",
    [
        ("${{ a.n }}", 3),
        ("${{a.list}}", [1]),
        ("${{ a.none }}", None),
        ("${{ a.n + 1 }}", 4),
        ("n=${{ a.n }}", "n=3"),
        ("${{ a.n }}${{ a.n }}", "33"),
        ("${{ a.s }} ${{ a.f }} ${{ a.ok }}", "text 1.5 true"),
        ("${{ 10.0 }}!", "10!"),
        ("${{ 19999999.99 }}!", "19999999.99!"),
        ("${{ a.n }} ", "3 "),
        ("${{ {'x': {'y': a.n}} }}", {"x": {"y": 3}}),
        ("${{ '}}' }}", "}}"),
        ("${{ \"}}\" + '''}}'x'''}}", "}}}}'x"),
        ("${{ r'\\d}}' + 'a\\'}}'}}", "\\d}}a'}}"),
        ("$${{ a.n }}", "${{ a.n }}"),
        ("a $${{ b ${{ a.n }}", "a ${{ b 3"),
        ("{{ a.n }} $a {a}", "{{ a.n }} $a {a}"),
        ("", ""),
        ({"k": ["${{ a.n }}", 1, {"x": "lit"}], "l": None}, {"k": [3, 1, {"x": "lit"}], "l": None}),
    ],
)
def test_evaluation(tree: Json, expected: Json):
    result = template(tree).evaluate(SCOPE)
    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize("source", ["a.none", "a.list", "a.map"])
def test_null_lists_and_objects_have_no_form_inside_text(source: str):
    with pytest.raises(ExpressionFailed, match="no form inside text"):
        template(f"x ${{{{ {source} }}}}").evaluate(SCOPE)


def test_literals_are_kept_as_they_are():
    tree: Json = {"a": [1, "x"], "b": {"c": None}}
    literal = template(tree)
    assert literal.is_literal
    assert literal.evaluate({}) is tree
    assert literal.references == ()
    assert not template("${{ a.n }}").is_literal


def test_an_escaped_text_is_literal_and_unescaped():
    escaped = template(["$${{ x }}", 1])
    assert escaped.is_literal
    assert escaped.evaluate({}) == ["${{ x }}", 1]


def test_references_say_where_they_stand():
    tree: Json = {"a/b": ["x ${{ a.n }} ${{ a.s + inputs.day }}"], "~": "${{ a.ok }}"}
    found = template(tree).references
    assert [(pointer, each.path, each.span) for pointer, each in found] == [
        ("/a~1b/0", ("n",), (6, 9)),
        ("/a~1b/0", ("s",), (17, 20)),
        ("/a~1b/0", ("day",), (23, 33)),
        ("/~0", ("ok",), (4, 8)),
    ]
    assert [each.whole for each in template(tree).placed] == [False, False, True]
    assert [each.source for each in template(tree).expressions()] == [
        " a.n ",
        " a.s + inputs.day ",
        " a.ok ",
    ]


def test_all_problems_come_at_once_with_pointer_and_span():
    tree: Json = {
        "a": "x ${{ 1 + }}",
        "b": ["${{ foo(a) }}", "${{ a.n"],
        "${{ k }}": 1,
        "c": "${{ secrets.x }}",
    }
    problems = parse_template(tree)
    assert isinstance(problems, tuple)
    assert [(each.code, each.pointer, each.span) for each in problems] == [
        ("IL2200", "/a", (9, 10)),
        ("IL2203", "/b/0", (4, 7)),
        ("IL2211", "/b/1", (0, 7)),
        ("IL2212", "/${{ k }}", None),
        ("IL2205", "/c", (4, 13)),
    ]


def test_names_reach_the_expressions():
    parsed = parse_template({"x": "${{ doc.id }}"}, names=frozenset({"doc"}))
    assert isinstance(parsed, Template)
    assert parsed.references[0][1].root == "item"
    assert parsed.evaluate({"doc": {"id": "d"}}) == {"x": "d"}


def test_a_tree_that_is_too_deep_is_refused():
    tree: Json = "${{ a.n }}"
    for _ in range(101):
        tree = [tree]
    problems = parse_template(tree)
    assert isinstance(problems, tuple)
    assert [each.code for each in problems] == ["IL2213"]
