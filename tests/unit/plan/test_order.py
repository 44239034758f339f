"""The canonical order: topological, independent of layout, and complete even with cycles."""

import random

import pytest
from hypothesis import given, strategies as st

from interlock.plan.order import CYCLES_MAX, canonical_order
from interlock.values import NodeId

Waits = dict[NodeId, set[NodeId]]


def waits_of(text: str) -> Waits:
    """`b:a c:a,b` says that b waits for a, and c for a and b."""
    found: Waits = {}
    for part in text.split():
        name, _, others = part.partition(":")
        found[NodeId(name)] = {NodeId(other) for other in others.split(",") if other}
    return found


@st.composite
def any_waits(draw: st.DrawFn) -> Waits:
    names = [NodeId(f"n{number}") for number in range(draw(st.integers(1, 8)))]
    return {name: draw(st.sets(st.sampled_from(names))) - {name} for name in names}


@st.composite
def acyclic(draw: st.DrawFn) -> Waits:
    names = draw(st.permutations([NodeId(f"n{number}") for number in range(8)]))
    return {
        name: draw(st.sets(st.sampled_from(names[:rank]))) if rank else set()
        for rank, name in enumerate(names)
    }


@pytest.mark.parametrize(
    "waits,order",
    [
        ("c b a", "a b c"),
        ("a:b b:c c", "c b a"),
        ("z a:z m", "m z a"),
        ("d:b,c c:a b:a a", "a b c d"),
        ("a b:a c:a d:b e:c,d", "a b c d e"),
    ],
)
def test_ties_are_broken_by_id(waits: str, order: str):
    assert canonical_order(waits_of(waits)) == (order.split(), [])


@pytest.mark.parametrize(
    "waits,cycles",
    [
        ("a:b b:a", [["a", "b"]]),
        ("a:c b:a c:b", [["a", "c", "b"]]),
        ("a:b b:a c:d d:c", [["a", "b"], ["c", "d"]]),
        ("s a:s,b b:a t:b", [["a", "b"]]),
        ("a:b,c b:a c:a", [["a", "b"], ["a", "c"]]),
    ],
)
def test_each_cycle_is_told_from_its_first_id(waits: str, cycles: list[list[str]]):
    order, found = canonical_order(waits_of(waits))
    assert found == cycles
    assert sorted(order) == sorted(waits_of(waits))


@given(acyclic(), st.randoms())
def test_the_order_does_not_depend_on_the_layout(waits: Waits, chance: random.Random):
    shuffled = list(waits.items())
    chance.shuffle(shuffled)
    order, cycles = canonical_order(waits)
    assert canonical_order(dict(shuffled)) == (order, cycles)
    assert cycles == []
    places = {name: place for place, name in enumerate(order)}
    assert all(places[other] < places[name] for name, others in waits.items() for other in others)


@given(acyclic())
def test_each_place_has_the_first_id_that_is_free(waits: Waits):
    order, _ = canonical_order(waits)
    for place, name in enumerate(order):
        done = set(order[:place])
        free = [other for other in order[place:] if waits[other] <= done]
        assert name == min(free)


@given(any_waits())
def test_every_cycle_is_one_and_every_node_is_ordered(waits: Waits):
    order, cycles = canonical_order(waits)
    assert sorted(order) == sorted(waits)
    for cycle in cycles:
        assert len(cycle) == len(set(cycle))
        for name, other in zip(cycle, [*cycle[1:], cycle[0]], strict=True):
            assert other in waits[name]


@given(any_waits())
def test_a_graph_without_told_cycles_has_none(waits: Waits):
    order, cycles = canonical_order(waits)
    places = {name: place for place, name in enumerate(order)}
    is_topological = all(
        places[other] < places[name] for name, others in waits.items() for other in others
    )
    assert is_topological == (not cycles)


def test_very_many_cycles_end():
    pairs = {
        NodeId(f"{side}{n}"): {NodeId(f"{'ba'[side == 'b']}{n}")}
        for n in range(3_000)
        for side in "ab"
    }
    order, cycles = canonical_order(pairs)
    assert len(cycles) == CYCLES_MAX
    assert len(order) == len(pairs)
