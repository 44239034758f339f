"""Text for people: safe, short, aligned; times in words."""

import io
import json
import sys

import click
import pytest
from hypothesis import given, strategies as st

from interlock.cli.commands.explain import family
from interlock.cli.terminal import console, times
from interlock.cli.views.planview import render_plan
from interlock.cli.views.rowtext import for_encoding
from interlock.errors import CODES
from interlock.graph import load
from interlock.library import library
from interlock.plan import compile as compile_graph
from interlock.values import Json


@pytest.mark.parametrize(
    "ms, words",
    [
        (-5, "0 ms"),
        (999, "999 ms"),
        (1_000, "1.0 s"),
        (59_999, "59.9 s"),
        (60_000, "1 min 0 s"),
        (192_000, "3 min 12 s"),
        (3_600_000, "1 h 0 min"),
        (90_000_000, "1 d 1 h"),
    ],
)
def test_durations(ms: int, words: str):
    assert times.span(ms) == words


@pytest.mark.parametrize(
    "ms, words",
    [
        (250, "250 ms"),
        (90_000, "90 s"),
        (86_400_000, "24 h"),
        (172_800_000, "2 d"),
        (1_500, "1500 ms"),
    ],
)
def test_declared_durations_keep_their_unit(ms: int, words: str):
    assert times.whole_span(ms) == words


def test_times_are_utc():
    assert times.moment(1_795_413_708_803) == "2026-11-23 06:01:48 UTC"
    assert times.clock(1_795_413_708_803) == "06:01:48.803"


@given(st.text())
def test_plain_text_cannot_drive_a_terminal(text: str):
    shown = console.plain(text)
    assert shown.replace("\n", "").isprintable()
    assert shown.encode("utf-8").decode("utf-8") == shown


@given(st.text(), st.integers(1, 40))
def test_one_line_is_one_line_of_at_most_so_many_characters(text: str, chars: int):
    line = console.one_line(text, chars)
    assert len(line) <= chars
    assert "\n" not in line


@given(st.recursive(st.none() | st.text() | st.integers(), lambda s: st.dictionaries(st.text(), s)))
def test_json_text_is_json_and_printable(value: Json):
    text = console.json_text(value, indent=2)
    assert text.replace("\n", "").isprintable()
    assert json.loads(text) == value


@pytest.mark.parametrize(
    "value, shown",
    [
        ({"url": "https://x"}, "https://x"),
        ({"a": {"b": 7}}, "7"),
        ({"a": 1, "b": 2}, '{"a": 1, "b": 2}'),
        (None, ""),
        ("x" * 30, "x" * 19 + "…"),
        ("a\x1b[2Jb", "a\\x1b[2Jb"),
    ],
)
def test_values_are_brief(value: Json, shown: str):
    assert console.brief(value, 20) == shown


def test_columns_without_text_are_left_out():
    assert console.aligned([("a", "", "x"), ("long", "", "y" * 10)], chars=12) == [
        "  a     x",
        "  long  yyy…",
    ]


def test_glyphs_give_way_where_they_cannot_be_written():
    assert for_encoding("✓ a…", "ascii") == "+ a..."
    assert for_encoding("✓ a…", "utf-8") == "✓ a…"


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("columns, used", [(20, 60), (80, 80), (120, 120), (400, 160)])
def test_a_terminal_is_filled_within_reason(
    columns: int, used: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("COLUMNS", str(columns))
    assert console.width() == 100
    monkeypatch.setattr(sys, "stdout", Terminal())
    assert console.width() == used
    assert len(console.one_line("x" * 999)) == used


def test_a_plan_on_a_narrow_terminal_keeps_what_is_promised(monkeypatch: pytest.MonkeyPatch):
    nodes = "".join(
        f"  node_{n}: {{call: files.write, with: {{path: a, content: b}}, needs: {needs}}}\n"
        for n, needs in enumerate(["[]", "[node_0]", "[node_0, node_1]"])
    )
    document = load(f"interlock: 1\nname: narrow\nnodes:\n{nodes}")
    plan = compile_graph(document.graph, library())
    assert "node_0, node_1" in render_plan(plan).splitlines()[5]
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr(sys, "stdout", Terminal())
    lines = click.unstyle(render_plan(plan)).splitlines()
    assert "    one effect (probe), after node_0, node_1" in lines
    assert [line for line in lines if len(line) > 60] == [f"  plan     {plan.digest}"]


def test_every_code_has_a_family_and_those_of_the_audit_trail_their_own():
    assert [code for code in CODES if family(code) == "other"] == []
    assert {family(code) for code in CODES if code.startswith("IL85")} == {"audit"}
    assert {family(code) for code in CODES if code.startswith("IL86")} == {"retention"}
    assert family("IL8001") == "replay"
