"""Operators on references become CEL that means what Python means."""

import operator
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest
from hypothesis import given, strategies as st

from interlock.graph import (
    Expression,
    cel,
    choose,
    contains,
    parse_expression,
    size,
)
from interlock.values import Json
from unit.graph.graphs import json_values
from unit.graph.trace.world import Alert, fetch_alert, given_to, graph_of, keep


def source_of(build: Callable[..., object]) -> str:
    """Give the CEL that a function of three inputs builds."""

    def body(a: Any, b: Any, c: Any) -> None:
        kept = keep(build(a, b, c))
        del kept

    text = given_to(graph_of(body), "kept")
    assert isinstance(text, str)
    assert text.startswith("${{ ")
    assert text.endswith(" }}")
    return text[4:-3]


def evaluated(source: str, **inputs: Json) -> Json:
    parsed = parse_expression(source)
    assert isinstance(parsed, Expression), parsed
    return parsed.evaluate({"inputs": inputs})


class Env(Enum):
    PROD = "prod"


@pytest.mark.parametrize(
    "build, source",
    [
        (lambda a, b, c: a.severity >= 3, "inputs.a.severity >= 3"),
        (lambda a, b, c: 3 <= a, "inputs.a >= 3"),  # noqa: SIM300
        (lambda a, b, c: a["content-type"][0].x, 'inputs.a["content-type"][0].x'),
        (lambda a, b, c: a["in"], 'inputs.a["in"]'),
        (lambda a, b, c: a['q"\\'], 'inputs.a["q\\"\\\\"]'),
        (lambda a, b, c: a["_id"], "inputs.a._id"),
        (lambda a, b, c: a[b.i], "inputs.a[inputs.b.i]"),
        (lambda a, b, c: a[b][0].x, "inputs.a[inputs.b][0].x"),
        (lambda a, b, c: (a + b) * c, "(inputs.a + inputs.b) * inputs.c"),
        (lambda a, b, c: a + b * c, "inputs.a + inputs.b * inputs.c"),
        (lambda a, b, c: a - (b - c), "inputs.a - (inputs.b - inputs.c)"),
        (lambda a, b, c: a - b - c, "inputs.a - inputs.b - inputs.c"),
        (lambda a, b, c: 1 - a / 2 % b, "1 - inputs.a / 2 % inputs.b"),
        (lambda a, b, c: -(a + b), "-(inputs.a + inputs.b)"),
        (lambda a, b, c: -(-a), "-(-inputs.a)"),  # noqa: B002
        (lambda a, b, c: a - -1, "inputs.a - -1"),
        (lambda a, b, c: ~a & ~(b | c), "!inputs.a && !(inputs.b || inputs.c)"),
        (lambda a, b, c: (a > 1) & (b < 2) | c, "inputs.a > 1 && inputs.b < 2 || inputs.c"),
        (lambda a, b, c: True & a, "true && inputs.a"),
        (lambda a, b, c: (a == b) == c, "(inputs.a == inputs.b) == inputs.c"),
        (lambda a, b, c: a == None, "inputs.a == null"),  # noqa: E711
        (lambda a, b, c: a != 'it\'s "x"\n', 'inputs.a != "it\'s \\"x\\"\\n"'),
        (lambda a, b, c: "v" + a + "-x", '"v" + inputs.a + "-x"'),
        (lambda a, b, c: a == [1, {"k": b}], 'inputs.a == [1, {"k": inputs.b}]'),
        (lambda a, b, c: a == (), "inputs.a == []"),
        (lambda a, b, c: a == date(2026, 11, 23), 'inputs.a == "2026-11-23"'),
        (lambda a, b, c: a == Env.PROD, 'inputs.a == "prod"'),
        (lambda a, b, c: a == Decimal("1.5"), 'inputs.a == "1.5"'),
        (lambda a, b, c: a == 1.5e-300, "inputs.a == 1.5e-300"),
        (lambda a, b, c: a.title.startswith("x"), 'inputs.a.title.startsWith("x")'),
        (lambda a, b, c: a.title.contains(b), "inputs.a.title.contains(inputs.b)"),
        (lambda a, b, c: size(a) > 0, "size(inputs.a) > 0"),
        (lambda a, b, c: contains(a, 1), "1 in inputs.a"),
        (lambda a, b, c: contains(["x", b], a), 'inputs.a in ["x", inputs.b]'),
        (lambda a, b, c: contains("abc", a), '"abc".contains(inputs.a)'),
        (lambda a, b, c: ~contains(a, b + 1), "!(inputs.b + 1 in inputs.a)"),
        (choose, "inputs.a ? inputs.b : inputs.c"),
        (lambda a, b, c: choose(a, choose(b, 1, 2), c), "inputs.a ? (inputs.b ? 1 : 2) : inputs.c"),
        (lambda a, b, c: choose(a, 1, choose(b, 2, c)), "inputs.a ? 1 : inputs.b ? 2 : inputs.c"),
        (lambda a, b, c: choose("b.x", "x", a) + c, '((b.x) ? "x" : inputs.a) + inputs.c'),
        (lambda a, b, c: cel(f"has({a.x}) || {-b} > 2"), "has(inputs.a.x) || (-inputs.b) > 2"),
        (lambda a, b, c: cel("a || b") & c, "(a || b) && inputs.c"),
        (lambda a, b, c: cel(" inputs.a "), "inputs.a"),
        (lambda a, b, c: cel("inputs.a").x, "(inputs.a).x"),
        (lambda a, b, c: (a + b).x, "(inputs.a + inputs.b).x"),
        (lambda a, b, c: (a + b)[0], "(inputs.a + inputs.b)[0]"),
    ],
)  # fmt: skip
def test_python_becomes_cel(build: Callable[..., object], source: str):
    assert source_of(build) == source


def test_a_text_that_is_declared_is_asked_for_a_part():
    def body(alert_id: str) -> None:
        alert = fetch_alert(alert_id)
        first = keep(contains(alert.owner, "x"))
        second = keep(contains(alert.tags, "x"))
        del first, second

    traced = graph_of(body)
    assert given_to(traced, "first") == '${{ alert.owner.contains("x") }}'
    assert given_to(traced, "second") == '${{ "x" in alert.tags }}'


ARITHMETIC = [operator.add, operator.sub, operator.mul]
COMPARISONS = [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne]
Built = Callable[[Any, Any, Any], Any]


def numbers() -> st.SearchStrategy[Built]:
    leaves: st.SearchStrategy[Built] = st.one_of(
        st.sampled_from([lambda a, b, c: a, lambda a, b, c: b]),
        st.integers(-5, 5).map(lambda n: lambda a, b, c: n),
    )
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds(joined, st.sampled_from(ARITHMETIC), inner, inner),
            inner.map(lambda one: lambda a, b, c: -one(a, b, c)),
        ),
        max_leaves=8,
    )


def joined(sign: Callable[..., Any], left: Built, right: Built) -> Built:
    return lambda a, b, c: sign(left(a, b, c), right(a, b, c))


def conditions() -> st.SearchStrategy[Built]:
    # Beginning with a reference, so that Python alone never decides.
    compared = st.builds(joined, st.sampled_from(COMPARISONS), numbers().map(with_a), numbers())
    return st.recursive(
        st.one_of(compared, st.just(lambda a, b, c: c)),
        lambda inner: st.one_of(
            st.builds(joined, st.sampled_from([operator.and_, operator.or_]), inner, inner),
            inner.map(lambda one: lambda a, b, c: inverted(one(a, b, c))),
        ),
        max_leaves=6,
    )


def with_a(number: Built) -> Built:
    return lambda a, b, c: a + number(a, b, c)


def inverted(value: Any) -> Any:
    return not value if isinstance(value, bool) else ~value


@given(build=conditions(), a=st.integers(-9, 9), b=st.integers(-9, 9), c=st.booleans())
def test_cel_means_what_python_means(build: Built, a: int, b: int, *, c: bool):
    assert evaluated(source_of(build), a=a, b=b, c=c) == build(a, b, c)


@given(json_values)
def test_constants_are_quoted(value: Json):
    source = source_of(lambda a, b, c: choose(c, value, a))
    assert evaluated(source, a=0, b=0, c=True) == value


def test_references_are_not_changed_by_copies():
    from copy import copy, deepcopy
    from dataclasses import asdict, replace

    def body(alert_id: str) -> None:
        alert = Alert(severity=1, owner=alert_id, tags=[])
        one = keep(
            [copy(alert_id), deepcopy([alert_id]), asdict(alert), replace(alert, tags=["x"])]
        )
        del one

    text = "${{ inputs.alert_id }}"
    rest: dict[str, Json] = {"severity": 1, "owner": text, "score": 0.5, "note": None}
    assert given_to(graph_of(body), "one") == [
        text,
        [text],
        {**rest, "tags": []},
        {**rest, "tags": ["x"]},
    ]
