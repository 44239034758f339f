"""Runs that get another version of their graph, at any time, however often."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import pytest

from interlock.engine import differences
from interlock.errors import DocumentInvalid
from interlock.graph import AnyNode, CallNode, FirstOfNode, GateNode, Graph, MapNode, RepeatNode
from interlock.journal import RunMigrated
from interlock.plan import Plan, compile as compile_graph
from interlock.testing import World
from interlock.values import Json, NodeId, Path
from sim.generator import Generator, Mix
from unit.engine.driving import Driven, call
from unit.engine.playing import Outside, Player
from unit.engine.test_any_order import CASES, Chanced

Nodes = dict[NodeId, AnyNode]


def longer(plan: Plan, name: str) -> Plan:
    """The plan with a write that nothing waits for."""
    more = call(name, "keyed")
    graph = replace(plan.graph, nodes={**plan.graph.nodes, more.id: more})
    return compile_graph(graph, World().registry, limits=plan.limits)


def happened(run: Driven) -> dict[Path, tuple[object, object]]:
    """What came of each node. A gate keeps the binding of the plan that it asked under."""
    return {path: (one[0], one[2]) for path, one in run.state.outcomes.items()}


def check_migrated(plan: Plan, inputs: Mapping[str, Json], outside: Outside, *, orders: int) -> int:
    """Play a run under one version and another: it ends as one that had its last one alone."""

    def run(plan: Plan, order: int, **likely: Any) -> Driven:
        driven = Driven(plan, inputs)
        Player(run=driven, outside=outside, chance=Random(order), **likely).play()
        return driven

    versions = [plan, longer(plan, "more"), longer(plan, "other")]
    alone = {version.digest: happened(run(version, 0)) for version in versions}
    count = 0
    for order in range(1, orders):
        played = run(plan, order, recovers=0.05, pauses=0.05, migrates=0.2, versions=versions)
        assert happened(played) == alone[played.state.plan.digest], order
        count += sum(isinstance(entry.event, RunMigrated) for entry in played.entries)
    return count


@pytest.mark.parametrize("name", CASES)
def test_what_happened_does_not_depend_on_the_versions_before(name: str):
    make, outside = CASES[name]
    assert check_migrated(make(), {}, outside, orders=6) > 0


@pytest.mark.parametrize("seed", range(4))
def test_whatever_the_graph_is_it_may_have_another_version(seed: int):
    count = 0
    for number in range(4):
        chance = Random(f"{seed}/{number}")
        case = Generator(choices=chance, mix=Mix(flowing=0.5)).case()
        outside = Chanced(seed=seed, rejecting=0.3 * (number % 2))
        count += check_migrated(case.plan, case.inputs, outside, orders=4)
    assert count > 0


# --- versions that differ in what was executed, too


@dataclass(kw_only=True)
class Editor(Player):
    """Changes something in the graph now and then; a person accepts whatever may be accepted."""

    accepted: int = 0

    def migrate(self) -> None:
        state = self.run.state
        try:
            graph = edited(state.plan.graph, self.chance)
            new = compile_graph(graph, World().registry, limits=state.plan.limits)
        except DocumentInvalid:
            return
        found = differences(state, new)
        if new.digest != state.plan.digest and all(one.acceptable for one in found):
            self.accepted += bool(found)
            self.run.migrate(new, *(one.path for one in found))


def edited(graph: Graph, chance: Random) -> Graph:
    """Change one node of a graph, or of a graph in it."""
    if graph.graphs and chance.random() < 0.4:
        name = chance.choice(sorted(graph.graphs))
        inner = graph.graphs[name]
        body = replace(inner, nodes=_with_edit(inner, chance))
        return replace(graph, graphs={**graph.graphs, name: body})
    return replace(graph, nodes=_with_edit(graph, chance))


def _with_edit(graph: Graph, chance: Random) -> Nodes:
    nodes: Nodes = dict(graph.nodes)
    if nodes:
        chance.choice(EDITS)(nodes, chance.choice(list(nodes)), chance)
    return nodes


def _relabel(nodes: Nodes, id_: NodeId, _: Random) -> None:
    node = nodes[id_]
    if isinstance(node, CallNode):
        given = node.with_ if isinstance(node.with_, Mapping) else {}
        nodes[id_] = replace(node, with_={**given, "label": f"{given.get('label')}x"})


def _order(nodes: Nodes, id_: NodeId, chance: Random) -> None:
    if not isinstance(nodes[id_], FirstOfNode):
        after = tuple(chance.sample([one for one in nodes if one != id_], min(1, len(nodes) - 1)))
        nodes[id_] = replace(nodes[id_], after=chance.choice([after, ()]))


def _condition(nodes: Nodes, id_: NodeId, chance: Random) -> None:
    nodes[id_] = replace(nodes[id_], when=chance.choice([None, "true", "1 < 2"]))


def _remove(nodes: Nodes, id_: NodeId, _: Random) -> None:
    del nodes[id_]


def _add(nodes: Nodes, id_: NodeId, chance: Random) -> None:
    action = chance.choice(["pure", "read", "write", "keyed"])
    more = call(f"more_{chance.randrange(100)}", action, after=chance.choice([(), (id_,)]))
    nodes[more.id] = more


def _bound(nodes: Nodes, id_: NodeId, chance: Random) -> None:
    match nodes[id_]:
        case GateNode() as node:
            nodes[id_] = replace(node, quorum=chance.randint(1, 2), ask=chance.choice("ab"))
        case RepeatNode() as node:
            nodes[id_] = replace(node, max=chance.randint(1, 4))
        case MapNode() as node:
            nodes[id_] = replace(node, limit=chance.randint(1, 4))
        case _:
            pass


EDITS: list[Callable[[Nodes, NodeId, Random], None]] = [
    _relabel,
    _order,
    _condition,
    _remove,
    _add,
    _bound,
]


@pytest.mark.parametrize("seed", range(6))
def test_whatever_is_accepted_the_run_is_sound_and_ends(seed: int):
    accepted = 0
    for number in range(3):
        case = Generator(choices=Random(f"{seed}/{number}"), mix=Mix(flowing=0.5)).case()
        outside = Chanced(seed=seed, rejecting=0.3 * (number % 2))
        for order in range(3):
            editor = Editor(
                run=Driven(case.plan, case.inputs),
                outside=outside,
                chance=Random(order),
                recovers=0.05,
                pauses=0.05,
                migrates=0.4,
            )
            editor.play()
            accepted += editor.accepted
    assert accepted > 0
