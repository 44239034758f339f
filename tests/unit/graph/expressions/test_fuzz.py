"""Nothing that an author writes, and no scope, raises anything but what is promised."""

from collections.abc import Callable

from hypothesis import given, strategies as st

from interlock.errors import Diagnostic, ExpressionFailed
from interlock.graph.expressions import (
    Expression,
    Scope,
    Template,
    parse_expression,
    parse_template,
    type_of,
)
from interlock.values import Json, Schema
from unit.values.strategies import SCHEMAS

# Pieces of CEL: random rows of them are often nearly right.
_PIECES = """
a b inputs nodes x result secrets . . . .? ( ) [ ] { } , : ? ?. + - * / % < > == != && || ! in
1 0 2.5 1u -1 9223372036854775807 true false null 'x' "y" b'z' r'q' '' has( size( .map( .all(
.exists( .filter( x, k, .?b .orValue( optional.of( cel.bind( timestamp( .getHours( 'UTC' math.
greatest( string( int( dyn( type( ${{ }} $${{ // é 😀 \\ `
"""
PIECES = [*_PIECES.split(), "\n", " "]
SOURCES = st.lists(st.sampled_from(PIECES), max_size=20).map(" ".join) | st.lists(
    st.sampled_from(PIECES), max_size=20
).map("".join)
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=3)
    | st.binary(max_size=2)
    | st.dates()
    | st.just(object()),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner)
        | st.dictionaries(st.sampled_from(["a", "b", "x"]) | st.integers(), inner, max_size=3)
    ),
    max_leaves=6,
)
NAMES = frozenset({"result", "x"})


def failure(run: Callable[[Scope], object], scope: Scope) -> ExpressionFailed | None:
    """Run, and catch nothing but what is promised."""
    try:
        run(scope)
    except ExpressionFailed as failed:
        return failed
    return None


def assert_diagnostics(problems: object, source: str) -> None:
    assert isinstance(problems, tuple)
    assert problems
    for each in problems:
        assert isinstance(each, Diagnostic)
        assert each.code.startswith("IL22")
        assert each.message
        assert each.hint
        start, end = each.span or (0, 0)
        assert 0 <= start <= end <= len(source)


@given(SOURCES | st.text(st.characters(), max_size=30))
def test_random_sources_give_an_expression_or_diagnostics(source: str):
    parsed = parse_expression(source, names=NAMES)
    if not isinstance(parsed, Expression):
        assert_diagnostics(parsed, source)
        return
    assert parsed.source == source
    for each in parsed.references:
        start, end = each.span
        assert 0 <= start < end <= len(source)


@given(SOURCES, st.dictionaries(st.sampled_from(["a", "b", "inputs", "x"]), ANYTHING))
def test_random_scopes_only_make_expressions_fail(source: str, scope: dict[str, Json]):
    parsed = parse_expression(source, names=NAMES)
    if isinstance(parsed, Expression):
        for run in (parsed.evaluate, parsed.condition):
            failed = failure(run, scope)
            assert failed is None or (failed.message and failed.hint)


@given(SOURCES, st.dictionaries(st.sampled_from(["a", "b", "inputs", "x"]), SCHEMAS))
def test_random_schemas_give_findings(source: str, schemas: dict[str, Schema]):
    parsed = parse_expression(source, names=NAMES)
    if isinstance(parsed, Expression):
        schema, findings = type_of(parsed, schemas)
        assert isinstance(schema, (bool, dict))
        for each in findings:
            start, end = each.span
            assert 0 <= start <= end <= len(source)
            assert each.message
            assert each.hint


TEXTS = st.lists(
    st.sampled_from(["$", "{", "}", "a", "'", '"', "\\", " ", "${{", "}}", "1", "r'"])
).map("".join)


@given(TEXTS)
def test_random_text_gives_a_template_or_diagnostics(text: str):
    parsed = parse_template([text])
    if isinstance(parsed, Template):
        assert parsed.is_literal or "${{" in text
        failed = failure(parsed.evaluate, {"a": 1})
        assert failed is None or failed.message
        return
    for each in parsed:
        assert each.pointer == "/0"
        start, end = each.span or (0, 0)
        assert 0 <= start <= end <= len(text)


@given(st.text(st.characters(exclude_characters="$")))
def test_text_without_a_dollar_is_itself(text: str):
    parsed = parse_template(text)
    assert isinstance(parsed, Template)
    assert parsed.is_literal
    assert parsed.evaluate({}) == text
