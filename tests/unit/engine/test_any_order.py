"""Whatever comes first, and however often a process dies: the same happened."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest

from interlock.graph import AnyNode, ProposeNode
from interlock.journal import GateVerdict
from interlock.plan import Limits, Plan
from interlock.values import Json, NodeId
from sim.generator import Chances, Generator, Mix
from unit.engine.driving import INTEGER, Driven, call, plan_of
from unit.engine.making import body, each, first_of, gate, repeat, sub, wait
from unit.engine.playing import Outside, Player, calls

HOUR_MS = 3_600_000
LIMITS = Limits(crashes_max=10_000)


def passing(id_: str, action: str, *values: str, **options: object) -> AnyNode:
    """A call that is given expressions."""
    given: list[Json] = [f"${{{{ {value} }}}}" for value in values]
    return call(id_, action, with_={"label": id_, "values": given}, **options)


def asking() -> Plan:
    """Gates of every form beside each other, over writes of every safety."""
    return plan_of(
        gate("plain", ask="Read ${{ look }}?", needs=("look",)),
        gate("two", quorum=2, expires_ms=1_000 * HOUR_MS),
        gate("no", on_refused="continue"),
        gate("late", on_refused="continue", expires_ms=HOUR_MS),
        gate("bounding", bounds={"bounded": "args.values[0] >= 0"}),
        passing("look", "read"),
        passing("written", "write", "look", needs=("plain",)),
        passing("keyed", "keyed", needs=("plain", "two")),
        passing("probed", "probed", needs=("two",)),
        passing("never", "keyed", needs=("no",)),
        passing("bounded", "safest", "look", needs=("bounding",)),
        passing("told", "read", after=("no", "late"), when="nodes.no.status == 'refused'"),
        first_of("never", "keyed", "told"),
        outputs={"first": "${{ f }}"},
        limits=LIMITS,
    )


def waiting() -> Plan:
    """Waits that are independent of each other, and what comes after them."""
    return plan_of(
        wait("short", for_ms=HOUR_MS),
        wait("long", for_ms=2 * HOUR_MS),
        wait("paid", signal="paid", returns=INTEGER),
        wait("posted", signal="posted", for_ms=9 * HOUR_MS),
        wait("silent", signal="paid", for_ms=9 * HOUR_MS, needs=("paid",)),
        passing("after_short", "keyed", needs=("short",)),
        passing("after_paid", "write", "paid", needs=("long",)),
        passing("last", "metered", "after_paid", after=("silent", "posted")),
        limits=LIMITS,
    )


def nesting() -> Plan:
    """Gates and waits in turns in items in a proposal's neighbourhood."""
    turn = body(
        gate(ask="${{ inputs.n }}?"),
        passing("act", "keyed", "inputs.n", needs=("g",)),
        wait(signal="seen", after=("act",)),
        inputs={"n": INTEGER},
        outputs={"n": "${{ inputs.n }}"},
        name="turn",
    )
    item = body(
        repeat(
            "result.n >= 2",
            graph="turn",
            with_={"n": "${{ inputs.n }}"},
            carry={"n": "${{ result.n + 1 }}"},
        ),
        inputs={"n": INTEGER},
        outputs={"n": "${{ r.turns }}"},
        name="item",
    )
    return plan_of(
        each("[0, 1, 2]", graph="item", limit=2, with_={"n": "${{ item }}"}),
        gate("whole"),
        sub("again", "item", with_={"n": 1}, needs=("whole",)),
        ProposeNode(id=NodeId("plan"), action="propose", with_={"label": "plan", "values": []}),
        wait("end", for_ms=HOUR_MS, needs=("each", "plan")),
        graphs={"turn": turn, "item": item},
        outputs={"turns": "${{ each.results }}"},
        limits=LIMITS,
    )


PROPOSAL: Json = {
    "interlock": 1,
    "name": "proposed",
    "nodes": {
        "ok": {"gate": {"ask": "Really?"}},
        "go": {"wait": {"signal": "go"}, "needs": ["ok"]},
        "act": {"call": "keyed", "with": {"label": "done", "values": []}, "needs": ["go"]},
        "round": {"repeat": "one", "until": "true", "max": 2},
    },
    "graphs": {"one": {"nodes": {"w": {"wait": {"for": "1h"}}}}},
}

CASES: dict[str, tuple[Callable[[], Plan], Outside]] = {
    "asking": (
        asking,
        Outside(rejected=frozenset({"no"}), undecided=frozenset({"late"})),
    ),
    "asking, refused": (asking, Outside(rejected=frozenset({"no", "two"}))),
    "asking, failing": (asking, Outside(failing=frozenset({"keyed", "look"}))),
    "waiting": (waiting, Outside()),
    "waiting, failing": (waiting, Outside(failing=frozenset({"last"}))),
    "nesting": (nesting, Outside(proposals={"plan": PROPOSAL})),
    "nesting, refused": (
        nesting,
        Outside(proposals={"plan": PROPOSAL}, rejected=frozenset({"plan/ok", "whole"})),
    ),
}


def played(name: str, seed: int, **likely: Any) -> Driven:
    make, outside = CASES[name]
    run = Driven(make())
    Player(run=run, outside=outside, chance=Random(seed), **likely).play()
    return run


@pytest.mark.parametrize("name", CASES)
def test_what_happened_does_not_depend_on_the_order(name: str):
    runs = [played(name, seed) for seed in range(12)]
    assert len({(run.state.status, run.state.execution) for run in runs}) == 1
    orders = {tuple(run.settled()) for run in runs}
    assert len(orders) > 6, "the orders differed"
    assert all(max(calls(run).values()) == 1 for run in runs)


@pytest.mark.parametrize("name", CASES)
def test_what_happened_does_not_depend_on_recoveries_and_pauses(name: str):
    baseline = played(name, 0)
    for seed in range(12):
        run = played(name, seed, recovers=0.2, pauses=0.1)
        assert run.state.execution == baseline.state.execution, seed
        assert run.result().output == baseline.result().output


@pytest.mark.parametrize("name", CASES)
def test_a_recovery_after_every_event_changes_nothing(name: str):
    baseline = played(name, 0)
    run = played(name, 0, recovers=1.0)
    assert run.state.execution == baseline.state.execution


@pytest.mark.parametrize("seed", range(10))
def test_whatever_the_graph_is(seed: int):
    def run(order: int, **likely: Any) -> Driven:
        driven = Driven(case.plan, case.inputs)
        Player(run=driven, outside=outside, chance=Random(order), **likely).play()
        return driven

    for number in range(4):
        chance = Random(f"{seed}/{number}")
        case = Generator(choices=chance, mix=Mix(flowing=0.5)).case()
        outside = Chanced(seed=seed, rejecting=0.3 * (number % 2))
        baseline = run(0)
        for order in range(1, 4):
            again = run(order, recovers=0.1, pauses=0.05)
            assert again.state.execution == baseline.state.execution, (number, order)


@dataclass(kw_only=True)
class Chanced(Outside):
    """Persons and proposals by chance; the same for the same path."""

    seed: int
    rejecting: float

    def proposal(self, path: str) -> Json:
        return Chances(seed=self.seed, delays=0, mix=Mix()).proposal(path, 1)

    def verdict(self, path: str) -> GateVerdict:
        chance = Random(f"{self.seed}/{path}").random()
        return "rejected" if chance < self.rejecting else "approved"
