"""What goes through CEL: results, failures, and what is refused before anything runs."""

import re
import subprocess
import sys
from importlib.metadata import version

import pytest

from interlock.errors import ExpressionFailed
from interlock.graph.expressions import ENGINE, Expression, Scope, functions, parse_expression
from interlock.graph.expressions.cel import ITERATIONS_MAX, engine
from interlock.values import Json

SCOPE: Scope = {
    "a": {
        "n": 3, "f": 1.5, "s": "text", "none": None, "ok": True, "list": [3, 1, 2],
        "map": {"x": 1, "y": 2}, "docs": [{"id": "d1", "v": 1}, {"id": "d2", "v": 5}],
    },
    "inputs": {"day": "monday"},
    "nodes": {"x": {"status": "failed", "output": None}},
}  # fmt: skip


def parsed(source: str) -> Expression:
    expression = parse_expression(source)
    assert isinstance(expression, Expression), expression
    return expression


def evaluate(source: str, scope: Scope = SCOPE) -> Json:
    return parsed(source).evaluate(scope)


def refusal(source: str, scope: Scope = SCOPE) -> str:
    with pytest.raises(ExpressionFailed) as caught:
        evaluate(source, scope)
    assert caught.value.code == "IL6007"
    assert caught.value.hint
    return caught.value.message


def test_the_engine_is_the_one_that_is_named():
    assert f"cel-expr-python {version('cel-expr-python')}" == ENGINE


@pytest.mark.parametrize(
    "source, expected",
    [
        ("a.n + 1", 4),
        ("a.f * 2.0", 3.0),
        ("a.n > 2.5", True),
        ("a.s + '!'", "text!"),
        ("a.ok ? a.n : 0", 3),
        ("has(a.zz) ? a.zz : 'none'", "none"),
        ("a.?zz.?y.orValue(7)", 7),
        ("a.list.map(x, x * 2)", [6, 2, 4]),
        ("a.list.filter(x, x > 1)", [3, 2]),
        ("a.list.exists_one(x, x == 3)", True),
        ("a.docs.filter(d, d.v > 1).map(d, d.id)", ["d2"]),
        ("a.map.all(k, k < 'z')", True),
        ("a.map.exists(k, a.map[k] == 2)", True),
        ("{'b': a.n, 'a': [a.f, null]}", {"a": [1.5, None], "b": 3}),
        ("size('é😀')", 2),
        ("9223372036854775807", 2**63 - 1),
        ("[1].map(a, .a.n)", [3]),
        ("a.none == null", True),
        ("nodes.x.status == 'failed'", True),
        ("timestamp('2026-01-02T03:04:05Z').getHours('+02:00')", 5),
        ("string(duration('90s'))", "90s"),
        ("a.s.matches('^t.*t$')", True),
        ("'%s is %.1f'.format([a.s, a.f])", "text is 1.5"),
        ("math.greatest(a.n, 7)", 7),
        ("cel.bind(v, a.n, v * v)", 9),
        ("base64.encode(b'hi')", "aGk="),
        ("false && a.zz.y", False),
        ("a.zz.y || true", True),
    ],
)
def test_results(source: str, expected: Json):
    result = evaluate(source)
    assert result == expected
    assert type(result) is type(expected)


def test_the_fields_of_a_result_are_in_order():
    source = "{" + ", ".join(f"'k{n}': {n}" for n in (3, 1, 4, 5, 9, 2, 6)) + "}"
    result = evaluate(source)
    assert isinstance(result, dict)
    assert list(result) == sorted(result)


@pytest.mark.parametrize(
    "source, message",
    [
        ("a.zz > 1", "no such field `zz`; there are: docs, f, list, map, n, none, ok, s"),
        ("a.docs[9].id == ''", "there is no [9] in a list of 2 items"),
        ("a.s.x == ''", "`a.s` is a string, which has no field `x`"),
        ("zz.y > 1", "`zz` has no value here"),
        ("(has(a.zz) && a.zz > 1) || a.n.y > 1", "`a.n` is an integer, which has no field `y`"),
        ("a.list.map(x, [x.y])", "a field is read from a value that has no fields"),
        ("a.docs.map(d, [d.w])", "no such field `w`"),
        ("a.s + 1", "`+` does not work on string and integer"),
        ("a.n.startsWith('x')", "`startsWith` does not work on integer and string"),
        ("a.list < a.list", "`<` does not work on list and list"),
        ("-a.s", "`-` does not work on string"),
        ("a.s.size(1)", "`size` does not work on string and integer"),
        ("a.none > 1", "`>` does not work on null and integer"),
        ("a.n && true", "`&&`"),
        ("a.n ? 1 : 2", "a condition is neither true nor false"),
        ("a.n / 0", "division by zero"),
        ("9223372036854775807 + a.n", "integer overflow"),
        ("int(a.s)", "cannot convert string to int"),
        ("a.s.map(x, [x])", "`map`, `filter` and `exists_one` go over a list, not string"),
        ("a.n.all(x, x)", "`all` and `exists` go over a list or an object, not integer"),
        ("a.map.map(k, [k])", "go over a list, not object"),
        ("a.map.filter(k, true)", "go over a list, not object"),
        ("a.map.exists_one(k, k == 'x')", "go over a list, not object"),
        ("a.list.all(x, x > 'a')", "`>` does not work on integer and string"),
        ("a.map.all(k, k > 1)", "an error inside `all` or `exists` over an object"),
        ("a.?n", "the result is an optional value"),
        ("0.0 / 0.0", "the result is nan"),
        ("1.0 / 0.0", "the result is inf"),
        ("1e300", "beyond 2^53"),
        ("b'x'", "the result is bytes"),
        ("[b'x']", "the result is bytes"),
        ("timestamp('2026-01-01T00:00:00Z')", "the result is a timestamp"),
        ("duration('1s')", "the result is a duration"),
        ("type(1)", "the result is a type"),
        ("{1: 2}", "the result is a map with the key 1"),
        ("{'a': 1, 'a': 2}", "duplicate key"),
        ("'a'.matches('(')", "invalid regular expression"),
    ],
)
def test_failures(source: str, message: str):
    told = refusal(source)
    assert message in told
    assert told.startswith(f"`{source}`")


def test_a_scope_that_is_no_json_data_is_told():
    assert "`a` is a Python set" in refusal("a.b", {"a": {1, 2}})  # type: ignore[dict-item]
    assert "set" in refusal("a.b == 1", {"a": {"b": {1, 2}}})  # type: ignore[dict-item]


def test_a_loop_has_a_limit():
    source = "a.all(x, x >= 0)"
    assert evaluate(source, {"a": list(range(ITERATIONS_MAX))}) is True
    assert "more than 9,999 items" in refusal(source, {"a": list(range(ITERATIONS_MAX + 1))})


def test_a_condition_is_a_boolean_and_nothing_that_is_like_one():
    assert parsed("a.n > 1").condition(SCOPE) is True
    assert parsed("a.ok").condition(SCOPE) is True
    for source in ("a.n", "a.s", "a.list + []", "a.none", "'false'"):
        with pytest.raises(ExpressionFailed, match="a condition is true or false"):
            parsed(source).condition(SCOPE)


def test_an_error_is_never_taken_for_true():
    with pytest.raises(ExpressionFailed, match="no such field"):
        parsed("a.zz == 1").condition(SCOPE)


@pytest.mark.parametrize(
    "source, code, marked",
    [
        ("", "IL2200", ""),
        ("1 +", "IL2200", "+"),
        ("a b", "IL2200", "b"),
        ("loop", "IL2200", "loop"),
        ("a.in", "IL2200", "in"),
        ("'abc", "IL2200", "'"),
        ("é + 1", "IL2200", "é"),
        ("a ==\n  == b", "IL2200", "=="),
        ("'\ud800'", "IL2200", None),
        ("a" * 5000, "IL2201", None),
        ("(" * 40 + "1" + ")" * 40, "IL2202", None),
        ("+".join(["a"] * 40), "IL2202", None),
        ("[1].map(x, " * 20 + "x" + ")" * 20, "IL2202", None),
        ("a" + ".map(x, x)" * 25, "IL2202", None),
        ("(a", "IL2200", "a"),
        ("'\u2028' + // \u2028\n ]", "IL2200", "]"),
        ("{'a' 1}", "IL2200", "1"),
        ("has(a)", "IL2200", "a"),
        ("9223372036854775808", "IL2200", "9223372036854775808"),
        ("foo(a)", "IL2203", "foo"),
        ("a.foo()", "IL2203", "foo"),
        ("a.startWith('x')", "IL2203", "startWith"),
        ("uuid()", "IL2203", "uuid"),
        ("now()", "IL2203", "now"),
        ("[1].all(i, v, v > 0)", "IL2203", "all"),
        ("{'a': 1}.map(k, k)", "IL2204", "("),
        ("1u", "IL2208", "1u"),
        ("uint(a)", "IL2208", "("),
        ("timestamp(a).getHours('Europe/Berlin')", "IL2209", "'Europe/Berlin'"),
        ("timestamp(a).getHours(b)", "IL2209", "b"),
        ("msg{f: 1}", "IL2210", "msg"),
        ("google.protobuf.Int64Value{value: 1}", "IL2210", "google"),
    ],
)
def test_what_is_refused_before_anything_runs(source: str, code: str, marked: str | None):
    problems = parse_expression(source)
    assert isinstance(problems, tuple)
    (problem,) = problems
    assert problem.code == code
    assert problem.hint
    assert problem.message
    assert (problem.span and source[slice(*problem.span)]) == marked


def test_all_problems_come_at_once_in_the_order_of_the_text():
    problems = parse_expression("foo(1u) + secrets.x + result.y")
    assert isinstance(problems, tuple)
    assert [each.code for each in problems] == ["IL2203", "IL2208", "IL2205", "IL2206"]


def test_an_unknown_function_is_corrected():
    problems = parse_expression("a.startWith('x')")
    assert isinstance(problems, tuple)
    assert problems[0].hint == "did you mean `startsWith`?"


# One call of each function in a form that the engine's type checker accepts.
_CALLS = """
    bool('true') bytes('a') double(1) duration('1s') dyn(1) int('1') matches('a','b') size('a')
    string(1) timestamp('2026-01-01T00:00:00Z') type(1) 'a'.charAt(0) 'a'.contains('b')
    'a'.endsWith('b') [1].first() '%d'.format([1]) 'a'.indexOf('b') ['a'].join() [1].last()
    'a'.lastIndexOf('b') 'a'.lowerAscii() 'a'.matches('b') optional.of(1).hasValue()
    optional.of(1).or(optional.none()) optional.of(1).orValue(2) 'a'.replace('b','c')
    'a'.reverse() 'a'.size() 'a'.split('b') 'a'.startsWith('b') 'a'.substring(0) 'a'.trim()
    'a'.upperAscii() optional.of(1).value() base64.decode('aa==') base64.encode(b'a')
    optional.ofNonZeroValue(1) strings.quote('a') math.abs(1) math.bitAnd(1,1) math.bitNot(1)
    math.bitOr(1,1) math.bitShiftLeft(1,1) math.bitShiftRight(1,1) math.bitXor(1,1)
    math.ceil(1.0) math.floor(1.0) math.greatest(1,2) math.isFinite(1.0) math.isInf(1.0)
    math.isNaN(1.0) math.least(1,2) math.round(1.0) math.sign(1) math.sqrt(1.0) math.trunc(1.0)
"""
CALLS = _CALLS.split() + [
    f"timestamp('2026-01-01T00:00:00Z').{name}()" for name in sorted(functions.ZONED)
]


@pytest.mark.parametrize("call", CALLS)
def test_each_function_of_the_table_is_the_engine_s(call: str):
    engine().base.compile(call)  # raises for a function that the engine does not know
    assert isinstance(parse_expression(call), Expression)


def test_each_function_of_the_table_is_called_above():
    table = functions.GLOBALS | functions.METHODS
    table |= {name for names in functions.NAMESPACES.values() for name in names}
    called = {word for call in CALLS for word in re.findall(r"\w+(?=\()", call)}
    assert table == called


def test_the_order_of_a_map_reaches_nobody():
    """Each process has its own order of maps; what comes out must be the same."""
    code = """
from interlock.graph.expressions import parse_expression
scope = {"m": {f"k{n}": n for n in range(20)}}
for source in (
    "m.map(k, [k])", "m.all(k, m[k].x == k)", "{'q': m}", "m.exists(k, k > 1)",
    "'%s'.format([m])", "m.filter(k, true)",
):
    try:
        print(parse_expression(source).evaluate(scope))
    except Exception as failed:
        print(failed)
"""
    runs = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": str(seed)},
        ).stdout
        for seed in range(2)
    }
    assert len(runs) == 1
