"""What is evaluated without the engine means what it means in CEL, and has no limit of items."""

import json
import time

import pytest
from hypothesis import example, given, strategies as st

from interlock.errors import ExpressionFailed
from interlock.graph.expressions import Expression, Scope, parse_expression
from interlock.graph.expressions.projection import read_projection
from interlock.values import Json

SCOPE: Scope = {
    "a": {
        "docs": [{"id": "d1", "x-y": [1]}, {"id": None, "x-y": [[2], 3]}],
        "mixed": [{"id": 1}, {"ID": 1}, 3],
        "lists": [[1, 2], [], [[3]]],
        "nulls": [None, None],
        "empty": [],
        "map": [{"map": 1}],
        "size": {"size": "é😀"},
        "n": 3, "f": 1.5, "ok": True, "none": None,
    },
    "l": [1, 2.5, "x", True, None, [], {}],
}  # fmt: skip

NATIVE = [
    "l.map(x, x)",
    "a.docs.map(d, d.id)",
    " a.docs.map( d,\n d['x-y'][0] ) ",
    'a["docs"].map(_d1, _d1["x-y"])',
    "a.docs[1]['x-y'].map(x, x[0])",
    "a.docs.map(inputs, inputs.id)",
    "a.docs.map(d, d.wrong)",
    "a.docs.map(d, d.id.wrong)",
    "a.docs.map(d, d['x-y'][1])",
    "a.mixed.map(m, m.id)",
    "a.lists.map(x, x)",
    "a.lists.map(x, x[0])",
    "a.nulls.map(x, x)",
    "a.nulls.map(x, x.y)",
    "a.nulls.map(x, x[0])",
    "a.empty.map(x, x.y)",
    "a.map.map(m, m.map)",
    "a.map(x, x)",
    "a.n.map(x, x)",
    "a.f.map(x, x)",
    "a.ok.map(x, x)",
    "a.none.map(x, x)",
    "a.size.size.map(x, x)",
    "a.wrong.map(x, x)",
    "a.n.wrong.map(x, x)",
    "a.docs[2].map(x, x)",
    "z.map(x, x)",
    "size(l)",
    "size( a.size )",
    "size(a.size.size)",
    "size(a.docs[0]['x-y'])",
    "size(a.empty)",
    "size(a.n)",
    "size(a.f)",
    "size(a.ok)",
    "size(a.none)",
    "size(a.wrong)",
    "size(z)",
]

FOR_CEL = [
    "(l.map(x, x))",
    "l.map(x, y)",
    "l.map(x, x + x)",
    "l.map(x, l.x)",
    "l.map(x, [x])",
    "l.map(x, -x)",
    "l.map(x, x.?y)",
    "l.map(x, has(x.y))",
    "l.map(x, true, x)",
    "l.map(x, .x)",
    "l.map(l, l)",
    "l.map(x, x).map(x, x)",
    "l.map(x, x.map(y, y))",
    "l.map(x, 'x')",
    "l.filter(x, x)",
    "[l].map(x, x)",
    "a.?l.map(x, x)",
    "l.map(x, x) + l.map(x, x)",
    "l.map(x, x['a'] + x['b'])",
    "l.map(string, string.x)",
    "size(l) + size(l)",
    "size(l + l)",
    "size('l')",
    "l.size()",
]

FIELDS = ["a", "b", "x-y"]
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(-1e6, 1e6, allow_nan=False)
    | st.sampled_from(["", "a", "é😀"])
)
ITEMS = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=3)
    ),
    max_leaves=6,
)
# Most lists hold like objects, so that random paths often lead somewhere in all of them.
LISTS = st.lists(st.fixed_dictionaries({"a": ITEMS, "b": LEAVES}), max_size=50) | st.lists(
    ITEMS, max_size=50
)
PATHS = st.lists(st.sampled_from([".a", ".b", "['x-y']", "[0]", "[1]"]), max_size=3).map("".join)


def parsed(source: str) -> Expression:
    expression = parse_expression(source)
    assert isinstance(expression, Expression), expression
    return expression


def outcome(source: str, scope: Scope) -> tuple[str, str]:
    """What comes out, told apart by type; or that it fails, and the message after the source."""
    try:
        return json.dumps(parsed(source).evaluate(scope), sort_keys=True), ""
    except ExpressionFailed as failed:
        return "failed", failed.message.partition("`: ")[2]


def assert_agrees_with_cel(source: str, scope: Scope) -> None:
    result, message = outcome(source, scope)
    by_cel, told = outcome(f"({source})", scope)
    assert result == by_cel
    if "go over a list" in told or "`size`" in told:
        assert message == told


@pytest.mark.parametrize("source", NATIVE)
def test_it_agrees_with_cel(source: str):
    assert read_projection(source) is not None
    assert read_projection(f"({source})") is None
    assert_agrees_with_cel(source, SCOPE)


@given(LISTS | ITEMS, PATHS, PATHS)
@example([{"a": "text"}], "", "['a'][0]")
@example([{"a": 1}] * 49 + [{"b": 1}], "", ".a")
def test_random_lists_agree_with_cel(value: Json, path: str, item: str):
    for source in (f"l{path}.map(x, x{item})", f"size(l{path})"):
        assert read_projection(source) is not None
        assert_agrees_with_cel(source, {"l": value})


@pytest.mark.parametrize("source", FOR_CEL)
def test_all_else_is_for_cel(source: str):
    assert isinstance(parse_expression(source), Expression)
    assert read_projection(source) is None


@pytest.mark.parametrize(
    "source, message",
    [
        ("a.docs.map(d, d.w)", "in item [0], no such field `w`; there are: id, x-y"),
        ("a.mixed.map(m, m.id)", "in item [1], no such field `id`; there are: ID"),
        ("l.map(x, x.y)", "in item [0], `x` is an integer, which has no field `y`"),
        ("a.lists.map(x, x[0])", "in item [1], `x` has 0 items, so there is no [0]"),
        ("a.wrong.map(x, x)", "no such field `wrong`; there are: docs"),
        ("a.n.map(x, x)", "`map`, `filter` and `exists_one` go over a list, not integer"),
        ("size(a.n)", "`size` does not work on integer"),
    ],
)
def test_a_failure_names_the_source_and_the_item(source: str, message: str):
    with pytest.raises(ExpressionFailed) as caught:
        parsed(source).evaluate(SCOPE)
    assert caught.value.message.startswith(f"`{source}`: {message}")
    assert caught.value.hint


def test_the_items_are_the_values_themselves():
    value: Json = {"k": 1}
    result = parsed("l.map(x, x.v)").evaluate({"l": [{"v": value}]})
    assert isinstance(result, list)
    assert result[0] is value


def test_many_items_take_linear_time_and_have_no_limit():
    items: Json = [{"result": n} for n in range(100_000)]
    scope: Scope = {"pages": {"results": items}}
    started = time.process_time()
    assert parsed("pages.results.map(each, each.result)").evaluate(scope) == list(range(100_000))
    assert parsed("size(pages.results)").evaluate(scope) == 100_000
    assert time.process_time() - started < 1
