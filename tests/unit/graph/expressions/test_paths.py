"""Plain paths mean what they mean in CEL, and never load it."""

import json
import subprocess
import sys

import pytest
from hypothesis import example, given, strategies as st

from interlock.errors import ExpressionFailed
from interlock.graph.expressions import Expression, Scope, parse_expression
from interlock.values import Json

SCOPE: Scope = {
    "a": {
        "b": {"c": 1, "loop": True, "int": "i"},
        "list": [1, [2, 3], {"k": "v"}],
        "x-y": [{"b": 1.5}],
        "text": "str",
        "none": None,
        "": "empty",
        "é😀": "unicode",
        "0": "zero",
    },
    "inputs": {"day": "monday"},
}

TABLE = [
    "a",
    "a.b.c",
    "  a.b.c\n",
    "a.b.loop",
    "a.b.int",
    "a.list",
    "a.list[0]",
    "a.list[1][1]",
    "a.list[2].k",
    'a["list"][2]["k"]',
    "a['x-y'][0].b",
    "a['']",
    "a['é😀']",
    "a['0']",
    "a.none",
    "inputs.day",
    # what cannot be read
    "a.b.z",
    "a.b.c.d",
    "a.list[3]",
    "a.list.k",
    "a.list['0']",
    "a.text[0]",
    "a.text.size",
    "a.none.x",
    "a.none[0]",
    "a[0]",
    "z",
    "z.a",
]

# Fields and texts from a small set, so that random paths often lead somewhere.
NAMES = ["a", "b", "c", "x-y", "é"]
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(-1e6, 1e6, allow_nan=False)
    | st.sampled_from(["", "a", "bc"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
    ),
    max_leaves=12,
)
STEPS = st.sampled_from([".a", ".b", ".c", "[0]", "[1]", "['a']", '["x-y"]', "['é']", "[7]"])
PATHS = st.builds(
    lambda root, steps: root + "".join(steps),
    st.sampled_from(["a", "b"]),
    st.lists(STEPS, max_size=6),
)


def parsed(source: str) -> Expression:
    expression = parse_expression(source)
    assert isinstance(expression, Expression), expression
    return expression


def outcome(expression: Expression, scope: Scope) -> str:
    """What comes out, told apart by type; "failed" where nothing does."""
    try:
        return json.dumps(expression.evaluate(scope), sort_keys=True)
    except ExpressionFailed:
        return "failed"


@pytest.mark.parametrize("source", TABLE)
def test_a_plain_path_agrees_with_cel(source: str):
    plain, through_cel = parsed(source), parsed(f"({source})")
    assert plain.plain
    assert not through_cel.plain
    assert outcome(plain, SCOPE) == outcome(through_cel, SCOPE)
    assert [r.path for r in plain.references] == [r.path for r in through_cel.references]


@given(st.dictionaries(st.sampled_from("ab"), VALUES), PATHS)
@example({"a": "text"}, "a[0]")
@example({"a": [1]}, "a['a']")
def test_random_paths_agree_with_cel(scope: dict[str, Json], source: str):
    plain = parsed(source)
    if plain.plain:
        assert outcome(plain, scope) == outcome(parsed(f"({source})"), scope)


@pytest.mark.parametrize(
    "source",
    ["a.?b", "a[?0]", "a[-1]", "a[01]", "a.b()", "(a)", "a . b", "a[b]", "a.`x-y`", "'a'", "1",
     "true", "int", "a['\\n']", "a['it''s']", ".a", "a[99999999999999999999]"],
)  # fmt: skip
def test_everything_else_is_for_cel(source: str):
    expression = parse_expression(source)
    assert not (isinstance(expression, Expression) and expression.plain)


def test_a_path_as_deep_as_cel_reads_is_plain_and_a_deeper_one_is_refused():
    assert parsed("a" + ".b" * 31).plain
    problems = parse_expression("a" + ".b" * 32)
    assert isinstance(problems, tuple)
    assert problems[0].code == "IL2202"


@pytest.mark.parametrize(
    "source, message",
    [
        ("a.b.d", "`a.b.d`: no such field `d`; there are: c, int, loop"),
        ("a.list[9]", "`a.list[9]`: `a.list` has 3 items, so there is no [9]"),
        ("a.text.x", "`a.text.x`: `a.text` is a string, which has no field `x`"),
        ("a.text[0]", "`a.text[0]`: `a.text` is a string, which has no index [0]"),
        ("a.none.x", "`a.none.x`: `a.none` is null, which has no field `x`"),
        ("a.b.c.x", "`a.b.c.x`: `a.b.c` is an integer, which has no field `x`"),
        ("a.b.loop.x", "`a.b.loop.x`: `a.b.loop` is a boolean, which has no field `x`"),
        (
            "a['x-y'][0].b.c",
            '`a["x-y"][0].b.c`: `a["x-y"][0].b` is a number, which has no field `c`',
        ),
        ("a.list.x", "`a.list.x`: `a.list` is a list, which has no field `x`"),
        ("a[0]", "`a[0]`: `a` is an object, which has no index [0]"),
        ("image.ref", "`image.ref`: `image` has no value here"),
        ('a["x-y"][0]["c d"]', '`a["x-y"][0]["c d"]`: no such field `c d`; there are: b'),
    ],
)
def test_a_path_that_fails_says_what_there_is(source: str, message: str):
    with pytest.raises(ExpressionFailed) as caught:
        parsed(source).evaluate(SCOPE)
    assert message in caught.value.message
    assert caught.value.code == "IL6007"
    assert "orValue" in caught.value.hint


def test_an_object_without_fields_says_so():
    with pytest.raises(ExpressionFailed, match="no such field `x`; there are none"):
        parsed("a.x").evaluate({"a": {}})


def test_many_fields_are_not_all_listed():
    with pytest.raises(ExpressionFailed, match="k09 and 90 more"):
        parsed("a.x").evaluate({"a": {f"k{n:02}": n for n in range(100)}})


def test_a_plain_path_returns_the_value_itself():
    value: Json = [1, 2]
    assert parsed("a.list").evaluate({"a": {"list": value}}) is value


def test_plain_paths_never_load_the_engine():
    code = """
import sys
from interlock.graph.expressions import parse_expression, parse_template, type_of
expression = parse_expression("a.b['c'][0]")
assert expression.evaluate({"a": {"b": {"c": [1]}}}) == 1
try:
    expression.evaluate({})
except Exception as failed:
    assert "no value here" in str(failed)
template = parse_template({"x": ["${{ a.b }}", "text ${{ a.n }}"]})
assert template.evaluate({"a": {"b": 1, "n": 2}}) == {"x": [1, "text 2"]}
assert type_of(expression, {"a": {"type": "object"}})[0] is True
loaded = [name for name in sys.modules if name.startswith(("cel_expr_python", "google."))]
assert not loaded, loaded
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
