"""The first in the author's order that succeeded, whatever ended first."""

from itertools import permutations, product
from typing import Any

import pytest

from unit.engine.driving import INTEGER, Driven, call, failure, plan_of, types
from unit.engine.making import first_of, gate, wait


def choosing(*nodes: Any, of: tuple[str, ...] = ("a", "b", "c"), **options: Any) -> Driven:
    nodes = nodes or tuple(call(id_, "read", on_error="continue") for id_ in ("a", "b", "c"))
    return Driven(plan_of(*nodes, first_of(*of, **options), outputs={"f": "${{ f }}"}))


@pytest.mark.parametrize("order", list(permutations("abc")))
def test_the_authors_order_decides_and_not_the_order_of_completion(order: tuple[str, ...]):
    run = choosing(of=("c", "b", "a"))
    for id_ in order:
        assert run.state.status is None
        run.end(id_, failure() if id_ == "c" else "abc".index(id_))
    assert run.output() == {"f": 1}
    run.check()


@pytest.mark.parametrize("works", list(product([False, True], repeat=3)))
def test_the_first_that_succeeded_is_taken(works: tuple[bool, ...]):
    run = choosing()
    for index, id_ in enumerate("abc"):
        run.end(id_, index if works[index] else failure())
    if any(works):
        assert run.output() == {"f": works.index(True)}
    else:
        assert run.error("f").code == "IL6025"
        assert run.result().status == "failed"
    run.check()


def test_a_null_is_an_output():
    run = choosing(wait("a", for_ms=1), call("b", "read"), of=("a", "b"))
    run.end("b", 1)
    run.now_ms += 1
    run.fire("a")
    assert run.output() == {"f": None}
    run.check()


def test_when_all_were_skipped_it_is_skipped():
    nodes = [call(id_, "read", when="false") for id_ in "ab"]
    run = Driven(plan_of(*nodes, first_of("a", "b"), call("z", "read", needs=("f",))))
    assert run.settled() == {"a": "skipped", "b": "skipped", "f": "skipped", "z": "skipped"}
    assert run.result().status == "succeeded"
    run.check()


def test_when_some_were_skipped_and_the_rest_failed_it_fails():
    run = choosing(
        call("a", "read", when="false"), call("b", "read", on_error="continue"), of=("a", "b")
    )
    run.end("b", failure())
    assert run.settled()["f"] == "failed"
    run.check()


def test_what_a_person_refused_is_passed_over():
    run = choosing(
        gate(on_refused="continue"),
        call("a", "keyed", needs=("g",)),
        call("b", "read"),
        of=("a", "b"),
    )
    run.decide("g", "rejected")
    assert types(run.orders) == ["start b 1"]
    run.end("b", 5)
    assert run.output() == {"f": 5}
    run.check()


def test_a_refused_gate_alone_leaves_nothing_to_take():
    run = choosing(
        gate("a", on_refused="continue"), gate("b", on_refused="continue"), of=("a", "b")
    )
    run.decide("a", "rejected")
    run.decide("b", "rejected")
    assert run.error("f").code == "IL6025"
    run.check()


def test_the_choice_is_judged():
    run = choosing(
        call("a", "read"), call("b", "read"), of=("a", "b"), returns=INTEGER, ensure=("result > 3",)
    )
    run.end("a", 1)
    run.end("b", 9)
    assert run.error("f").code == "IL6005"
    run.check()
