"""References inside of strings: found again, kept apart from text, and never forged."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, strategies as st

from interlock.errors import UsageError
from interlock.graph import Template, parse_template, verbatim
from interlock.graph.trace.markers import Markers
from interlock.graph.trace.terms import Term
from interlock.values import Json
from unit.graph.graphs import texts
from unit.graph.trace.world import given_to, graph_of, keep


def text_of(build: Callable[..., object]) -> Json:
    """Give the text that a function of two inputs becomes."""

    def body(a: Any, b: Any) -> None:
        kept = keep(build(a, b))
        del kept

    return given_to(graph_of(body), "kept")


def evaluated(tree: Json, **inputs: Json) -> Json:
    parsed = parse_template(tree)
    assert isinstance(parsed, Template), parsed
    return parsed.evaluate({"inputs": inputs})


def test_f_strings_become_templates():
    assert text_of(lambda a, b: f"{a.n} words by {b + 1}") == (
        "${{ inputs.a.n }} words by ${{ inputs.b + 1 }}"
    )
    formatted = text_of(lambda a, b: "{} {x}".format(a, x=b))  # noqa: UP032
    assert formatted == "${{ inputs.a }} ${{ inputs.b }}"
    assert text_of(lambda a, b: " ".join([f"{a}", "x"])) == "${{ inputs.a }} x"


def test_one_reference_alone_in_a_text_is_text():
    assert evaluated(text_of(lambda a, b: f"{a}"), a=3) == "3"
    assert evaluated(text_of(lambda a, b: a), a=3) == 3


def test_dollars_before_a_reference_stay_dollars():
    tree = text_of(lambda a, b: f"costs ${a} or $${b}$")
    assert evaluated(tree, a=3, b=4) == "costs $3 or $$4$"


@given(st.lists(texts | st.sampled_from(["${{", "$", "{{", "}}", "$${{ a }}"]) | st.none()))
def test_text_around_references_stays_as_it_is(parts: list[str | None]):
    tree = text_of(lambda a, b: "".join(f"{a}" if part is None else part for part in parts))
    assert evaluated(tree, a="<a>") == "".join("<a>" if part is None else part for part in parts)


@given(texts)
def test_a_constant_text_stays_as_it_is(text: str):
    assert evaluated(text_of(lambda a, b: {"x": [text]})) == {"x": [text]}


def test_text_of_a_document_is_taken_as_it_is():
    assert text_of(lambda a, b: verbatim("${{inputs.a}}!")) == "${{inputs.a}}!"


def test_text_cannot_forge_a_marker():
    """What a file holds was written before this process drew its number."""
    program = (
        "from interlock.graph.trace.markers import Markers\n"
        "from interlock.graph.trace.terms import Term\n"
        "print(ascii(Markers().mark(Term(('x',)))))"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-R", "-c", program], check=True, capture_output=True, text=True
        ).stdout
        for _ in range(2)
    }
    assert len(seen) == 2


def test_markers_of_one_trace_mean_nothing_in_another():
    first, second = Markers(), Markers()
    term = Term(("x",))
    marker = first.mark(term)
    assert first.split(f"a {marker}!") == ("a ", term, "!")
    second.mark(Term(("y",)))
    assert marker != second.mark(Term(("z",)))


@given(st.text(st.sampled_from(["\ufdd0", "\ufdd1", "0", "1", "a", "9"])) | texts)
def test_any_text_that_is_no_marker_is_just_text(text: str):
    markers = Markers()
    markers.mark(Term(("x",)))
    assert markers.split(text) == ((text,) if text else ())


@given(st.data())
def test_what_is_left_of_a_marker_is_refused(data: st.DataObject):
    markers = Markers()
    marker = [markers.mark(Term(("x",))) for _ in range(data.draw(st.integers(1, 12)))][-1]
    kept = data.draw(st.integers(5, len(marker) - 1))
    left = marker[:kept] if data.draw(st.booleans()) else marker[-max(kept, 7) :]
    with pytest.raises(UsageError, match="parts of a reference"):
        markers.split(f"a{left}b")


def test_a_marker_of_another_trace_is_refused():
    other = Markers().mark(Term(("x",)))
    with pytest.raises(UsageError, match="no whole one of this graph"):
        Markers().refuse(f"a {other}!")


def test_no_two_traces_have_the_same_markers():
    """Not even where one is gone, and the next has its address."""
    assert len({Markers().mark(Term(("x",))) for _ in range(50)}) == 50
