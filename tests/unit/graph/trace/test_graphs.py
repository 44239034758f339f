"""What a graph function can be asked, and when it is traced."""

import subprocess
import sys
from datetime import date
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field

import interlock
from interlock.actions import action
from interlock.errors import ActionInvalid, DocumentInvalid, InputsInvalid, UsageError
from interlock.graph import Defaults, GraphFunction, Retry, graph, read_graph, to_document
from interlock.plan import compile as compile_graph
from interlock.values import digest
from unit.graph.trace.world import Alert, fetch_alert, graph_of, keep, only_call, page


class Order(BaseModel):
    number: int = Field(alias="no")
    due: date


@graph
def report(day: date, order: Order, note: str | None = None, sizes: list[int] = [1]) -> str:  # noqa: B006
    """Report a day.

    And more.
    """
    text = keep([day, order.no, note], sizes)  # type: ignore[attr-defined]
    return f"{text[0]}"


def test_it_is_traced_once_and_late():
    runs: list[str] = []

    @graph
    def one(text: str) -> str:
        runs.append(text)
        return page(text)

    assert runs == []
    assert one.graph is one.graph
    assert one.document == to_document(one.graph)
    assert len(one.registry) == 1
    assert len(runs) == 1


def test_inputs_come_from_annotations():
    found = report.graph
    assert found.name == "report"
    assert found.description == "Report a day."
    assert found.inputs["day"] == {"type": "string", "format": "date"}
    order = found.inputs["order"]
    assert isinstance(order, dict)
    assert order["required"] == ["no", "due"]
    nullable = {"anyOf": [{"type": "string"}, {"type": "null"}]}
    assert found.inputs["note"] == {**nullable, "default": None}
    assert found.inputs["sizes"] == {"type": "array", "items": {"type": "integer"}, "default": [1]}


def test_inputs_are_written_by_annotations():
    order = Order(no=7, due=date(2026, 11, 23))
    assert report.encode({"day": date(2026, 1, 2), "order": order, "unknown": (1, 2)}) == {
        "day": "2026-01-02",
        "order": {"no": 7, "due": "2026-11-23"},
        "unknown": [1, 2],
    }
    with pytest.raises(InputsInvalid, match="input `note` of `report`"):
        report.encode({"note": object()})


def test_options_of_the_decorator():
    @graph(
        "other-name",
        description="What it does",
        inputs={"n": {"type": "integer", "minimum": 1}, "class": True},
        types={"doc": {"type": "object"}},
        timeout="5s",
        retry=2,
    )
    def body(n: int) -> Any:
        """Not this."""
        return n

    found = body.graph
    assert (found.name, found.description) == ("other-name", "What it does")
    assert found.inputs == {"n": {"type": "integer", "minimum": 1}, "class": True}
    assert found.types == {"doc": {"type": "object"}}
    assert found.defaults == Defaults(timeout_ms=5000, retry=Retry(attempts=2))


def test_constraints_of_annotations_hold():
    def body(n: Annotated[int, Field(ge=1, description="how many")]) -> None:
        keep(n)

    expected = {"type": "integer", "minimum": 1, "description": "how many"}
    assert graph_of(body).inputs == {"n": expected}


def test_arguments_are_written_by_annotations():
    @action(effect="pure")
    def take(day: date, alert: Alert, order: Order, rest: Any = None) -> None:
        raise NotImplementedError(day, alert, order, rest)

    def body(owner: str) -> None:
        take(
            date(2026, 1, 2),
            Alert(severity=1, owner=f"${{{{ {owner}", tags=[owner]),
            Order(no=1, due=date(2026, 1, 2)),
            rest={
                "when": date(2026, 1, 3),
                "text": "${{ x }}",
                "order": [Order(no=2, due=date(2026, 1, 4))],
            },
        )

    assert only_call(graph_of(body)).with_ == {
        "day": "2026-01-02",
        "alert": {
            "severity": 1,
            "owner": "$${{ ${{ inputs.owner }}",
            "tags": ["${{ inputs.owner }}"],
            "score": 0.5,
            "note": None,
        },
        "order": {"no": 1, "due": "2026-01-02"},
        "rest": {
            "when": "2026-01-03",
            "text": "$${{ x }}",
            "order": [{"no": 2, "due": "2026-01-04"}],
        },
    }


def test_text_inside_of_models_is_escaped():
    class Note(BaseModel):
        text: str

    def body() -> None:
        keep(Note(text="${{ x }}"), [Note(text="a")])

    assert only_call(graph_of(body)).with_ == {
        "value": {"text": "$${{ x }}"},
        "other": [{"text": "a"}],
    }


def test_a_failed_trace_is_tried_again():
    broken = [True]

    @graph
    def one() -> None:
        if broken[0]:
            raise LookupError
        page("ann")

    with pytest.raises(LookupError):
        _ = one.graph
    broken[0] = False
    assert list(one.graph.nodes) == ["page"]
    with pytest.raises(UsageError, match="called outside of a graph"):
        one()


def test_two_actions_of_one_name_are_refused():
    @action("oncall.page")
    def other(who: str) -> str:
        return who

    @graph
    def both() -> None:
        page.using(id="a")("ann")
        other.using(id="b")("ann")

    with pytest.raises(ActionInvalid, match=r"two actions are named `oncall\.page`"):
        _ = both.registry


def test_a_graph_of_graphs_is_checked_as_a_document():
    @graph
    def inner(text: str) -> str:
        return page(text)

    @graph
    def outer(text: str) -> str:
        first = inner(text)
        return inner.using(id="second")(first)

    read, problems = read_graph(outer.document)
    assert (read, problems) == (outer.graph, ())
    assert outer.graph.graphs == {"inner": inner.graph}
    assert set(outer.registry) == {page}
    assert digest("graph", outer.document) == digest("graph", to_document(outer.graph))


def test_problems_are_told_with_the_line():
    @graph
    def wrong(alert_id: str) -> None:
        alert = fetch_alert(alert_id)
        page(alert.ownr)  # type: ignore[attr-defined]

    with pytest.raises(DocumentInvalid) as caught:
        compile_graph(wrong)
    assert "test_graphs.py:" in caught.value.message
    assert "        page(alert.ownr)" in caught.value.message
    assert "        ^^^^^^^^^^^^^^^^" in caught.value.message


def test_problems_inside_of_bodies_are_told_with_the_line():
    @graph
    def inner(alert_id: str) -> None:
        page(fetch_alert(alert_id).ownr)  # type: ignore[attr-defined]

    @graph
    def outer(alert_id: str) -> None:
        inner(alert_id)

    with pytest.raises(DocumentInvalid) as caught:
        compile_graph(outer)
    assert "page(fetch_alert(alert_id).ownr)" in caught.value.message


@pytest.mark.parametrize(
    "program",
    [
        "from interlock import graph",
        "import interlock.graph\nfrom interlock import graph",
        "from interlock import Graph, graph",
        "from interlock.graph import graph",
        "import interlock\ngraph = interlock.graph",
        "import interlock.graph as graph",
    ],
)
def test_the_decorator_is_found_whatever_was_imported_before(program: str):
    check = (
        "\n@graph\ndef one(text: str) -> str: return text"
        "\n@graph('other', timeout='1s')\ndef two(text: str) -> str: return text"
        "\nimport interlock.graph\nassert type(one) is type(two) is interlock.graph.GraphFunction"
        "\nassert (one.name, two.name) == ('one', 'other')"
    )
    done = subprocess.run([sys.executable, "-c", program + check], check=False)
    assert done.returncode == 0


def test_the_front_door_has_the_decorator():
    assert isinstance(interlock.graph("named")(lambda: None), GraphFunction)
