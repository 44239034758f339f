"""The return annotation of a graph function is held against what the graph yields."""

from typing import Any, Literal, NotRequired

import pytest
from pydantic import BaseModel
from typing_extensions import TypedDict

from interlock.actions import action
from interlock.errors import DocumentInvalid, UsageError
from interlock.graph import GraphFunction, Mapped, choose, each, graph, optional, when
from interlock.plan import compile as compile_graph


class Report(BaseModel):
    size: int
    note: str = ""


class Row(TypedDict):
    size: int
    note: NotRequired[str]


@action(effect="pure")
def count(text: str) -> int:
    return len(text)


@action(effect="pure")
def describe(text: str) -> Report:
    return Report(size=len(text))


@action(effect="pure")
def anything(text: str) -> Any:
    return text


@graph
def plain(text: str) -> int:
    return count(text)


@graph
def wider(text: str) -> float | None:
    return count(text)


@graph
def nothing(text: str) -> None:
    describe(text)


@graph
def model(text: str) -> Report:
    return describe(text)


@graph
def model_in_parts(text: str) -> Report:
    return {"size": count(text)}  # type: ignore[return-value]


@graph
def typed_dict(text: str) -> Row:
    return {"size": count(text)}


@graph
def table(text: str) -> dict[str, object]:
    return {"size": count(text), "text": text}


@graph
def computed(text: str) -> Literal["long", "short"]:
    return choose(count(text) > 3, "long", "short")  # type: ignore[return-value]


@graph
def unknown(text: str) -> list[str]:
    return anything(text)  # type: ignore[no-any-return]


@graph
def perhaps(text: str) -> int | None:
    with when(text != ""):
        n = count(text)
    return optional(n)


@graph
def mapped(texts: list[str]) -> Mapped[int]:
    return each(count, texts)


@graph
def unannotated(text: str):  # type: ignore[no-untyped-def]
    return count(text)


RIGHT: list[GraphFunction[..., Any]] = [
    *(plain, wider, nothing, model, model_in_parts, typed_dict, table, computed, unknown, perhaps),
    *(mapped, unannotated),
]


@pytest.mark.parametrize("function", RIGHT, ids=lambda one: one.name)
def test_what_is_returned_is_what_is_annotated(function: GraphFunction[..., Any]):
    assert not [one for one in compile_graph(function).diagnostics if one.code == "IL2008"]


@graph
def wrong(text: str) -> str:
    return count(text)  # type: ignore[return-value]


@graph
def too_much(text: str) -> None:
    return count(text)  # type: ignore[return-value]


@graph
def too_little(text: str) -> int:  # type: ignore[return]
    describe(text)


@graph
def may_be_absent(text: str) -> int:
    with when(text != ""):
        n = count(text)
    return optional(n)  # type: ignore[return-value]


@graph
def text_of(text: str) -> int:
    return f"{text}!"  # type: ignore[return-value]


@graph
def wrong_field(text: str) -> Row:
    return {"size": text, "note": text}  # type: ignore[typeddict-item]


@graph
def no_such_field(text: str) -> Row:
    return {"size": count(text), "sise": 1}  # type: ignore[typeddict-unknown-key]


@graph
def field_missing(text: str) -> Row:
    return {"note": text}  # type: ignore[typeddict-item]


WRONG: list[tuple[GraphFunction[..., Any], str, str]] = [
    (wrong, "`-> str`, but what it returns is integer", "annotate it `-> int`"),
    (too_much, "`-> None`, but what it returns is integer", "annotate it `-> int`"),
    (too_little, "`-> int`, but returns nothing", "annotate it `-> None`"),
    (may_be_absent, "`-> int`, but what it returns is integer or null", "correct the annotation"),
    (text_of, "`-> int`, but what it returns is string", "annotate it `-> str`"),
    (wrong_field, "`-> Row`, but its output `size` is string, and not integer", "correct the"),
    (no_such_field, "`-> Row`, but returns object with size, sise", "correct the annotation"),
    (field_missing, "`-> Row`, but returns object with note", "correct the annotation"),
]


@pytest.mark.parametrize("function, told, hint", WRONG, ids=lambda one: getattr(one, "name", ""))
def test_what_is_not_as_annotated_is_refused(
    function: GraphFunction[..., Any], told: str, hint: str
):
    with pytest.raises(DocumentInvalid) as caught:
        compile_graph(function)
    (found,) = caught.value.diagnostics
    assert (found.code, found.message) == (
        "IL2008",
        f"`{function.name}` is annotated {told}",
    )
    assert found.hint.startswith(hint)
    assert f"def {function.name}(" in str(caught.value)


def test_inner_graphs_and_bodies_are_held_to_their_own():
    def one(text: str) -> str:
        return count(text)  # type: ignore[return-value]

    @graph
    def outer(texts: list[str]) -> object:
        return {"each": each(one, texts).results, "inner": wrong(texts[0])}

    with pytest.raises(DocumentInvalid) as caught:
        compile_graph(outer)
    told = [one.message for one in caught.value.diagnostics]
    assert told == [
        "`wrong` is annotated `-> str`, but what it returns is integer",
        "`one` is annotated `-> str`, but what it returns is integer",
    ]
    assert "def one(text" in str(caught.value)
    assert "def wrong(text" in str(caught.value)


def test_a_type_without_json_form_is_refused():
    @graph
    def sets(text: str) -> set[str]:
        return anything(text)  # type: ignore[no-any-return]

    with pytest.raises(UsageError, match=r"`sets` cannot be a graph: .*`-> set\[str\]`") as caught:
        compile_graph(sets)
    assert (caught.value.code, caught.value.hint) == ("IL1156", "use a list, sorted")
