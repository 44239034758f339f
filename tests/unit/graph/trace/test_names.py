"""The id of a node is the name that its output is assigned to."""

import dis
import functools
from collections.abc import Callable
from typing import Any

import pytest

from interlock.actions import action
from interlock.graph import each, graph
from interlock.graph.trace.callers import assigned_names
from unit.graph.trace.world import graph_of, page


@action("ci.build-image")
def build(tag: str = "") -> dict[str, Any]:
    raise NotImplementedError(tag)


def helper(text: str) -> str:
    inner = page(text)
    return inner  # noqa: RET504 - the name is what is tested


def local() -> None:
    first = page("ann")
    del first


def annotated() -> None:
    first: str = page("ann")
    del first


def walrus() -> None:
    if (first := page("ann")) is None:
        raise ValueError(first)


def chained() -> None:
    first = second = page("ann")
    del first, second


def captured() -> object:
    first = page("ann")
    return lambda: first


def with_options() -> None:
    first = page.using(retry=3)("ann")
    del first


def many_lines() -> None:
    first = page(
        "ann",
        text="b",
    )
    del first


def in_a_comprehension() -> None:
    first = each(page, ["a"])
    del first


def through_a_partial() -> None:
    first = functools.partial(page, "ann")()
    del first


def in_a_helper() -> None:
    outer = helper("ann")
    del outer


@pytest.mark.parametrize(
    "body, id_",
    [
        (local, "first"),
        (annotated, "first"),
        (walrus, "first"),
        (chained, "first"),
        (captured, "first"),
        (with_options, "first"),
        (many_lines, "first"),
        (in_a_comprehension, "first"),
        (through_a_partial, "first"),
        (in_a_helper, "inner"),
        (build, "image"),
        (lambda: build()["ref"], "image"),
        (lambda: (page("ann"), build()), "page"),
        (lambda: page.using(id="call")("ann"), "call"),
    ],
)
def test_a_node_is_named(body: Callable[..., object], id_: str):
    def wrapper() -> None:
        body()

    assert next(iter(graph_of(wrapper).nodes)) == id_


def test_an_underscore_is_no_name():
    def body() -> None:
        _ = page("ann")

    assert list(graph_of(body).nodes) == ["page"]


def test_parts_of_an_output_are_no_nodes():
    def body() -> dict[str, Any]:
        reference = build()["ref"]
        first, second = build.using(id="a")(), build.using(id="b")()
        return {"x": reference, "y": [first, second]}

    assert list(graph_of(body).nodes) == ["image", "a", "b"]


def test_a_program_at_the_top_names_its_nodes():
    """A notebook's cell has global names and no file."""
    found: dict[str, Any] = {"graph": graph, "page": page, "__name__": "cell"}
    body = "    global first\n    first = page(text)\n    return first\n"
    exec(f"@graph\ndef one(text: str) -> str:\n{body}", found)
    assert list(found["one"].graph.nodes) == ["first"]
    assert found["one"].source is None


def instruction(opname: str, offset: int, argval: object = None) -> dis.Instruction:
    fields: dict[str, Any] = dict.fromkeys(dis.Instruction._fields)
    fields |= {"opname": opname, "offset": offset, "argval": argval}
    return dis.Instruction(**fields)


def test_stores_of_newer_pythons_are_read():
    """Python 3.12 and later join instructions, and put others between a call and its store."""
    found = assigned_names(
        [
            instruction("CALL", 0),
            instruction("STORE_FAST_LOAD_FAST", 8, ("first", "other")),
            instruction("CALL_KW", 10),
            instruction("NOT_TAKEN", 18),
            instruction("STORE_FAST_STORE_FAST", 20, ("second", "third")),
            instruction("CALL", 22),
            instruction("LOAD_ATTR", 30, "ref"),
            instruction("STORE_FAST", 32, "fourth"),
            instruction("CALL", 34),
            instruction("EXTENDED_ARG", 42),
            instruction("STORE_GLOBAL", 44, "fifth"),
        ]
    )
    assert found == {
        **dict.fromkeys((0, 2, 4, 6), "first"),
        **dict.fromkeys((10, 12, 14, 16), "second"),
        **dict.fromkeys((34, 36, 38, 40), "fifth"),
    }
