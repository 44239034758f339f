"""Random graphs over every kind of node, and random worlds for them; the same for the same seed."""

from dataclasses import dataclass, field
from random import Random
from typing import Any

from interlock.graph import AnyNode, Graph, GraphNode, MapNode, ProposeNode, Retry
from interlock.testing import Does, Scripted, World
from interlock.values import Json, NodeId, Schema
from sim.graphs import INTEGER, INTEGERS, WRONG, Case, call, graph

CALLS = ("pure", "read", "metered", "write", "keyed", "probed", "safest")
WRITES = frozenset(("write", "keyed", "probed", "safest"))
NAME: Schema = {"type": "string"}
DEPTH_MAX = 2
FAILURES: tuple[Does, ...] = (
    "raise",
    "not_applied",
    "permanent",
    "hang",
    "wrong_type",
    "no_json",
    "nan",
)


@dataclass(frozen=True, kw_only=True)
class Mix:
    """What a generated world is like."""

    failing: float = 0.0
    guarded: float = 0.2
    delay_ms_max: int = 50


@dataclass(kw_only=True)
class Generator:
    """Makes one case; `Chances` make the world that it meets."""

    choices: Random
    mix: Mix = Mix()
    bodies: dict[str, Graph] = field(default_factory=dict[str, Graph])

    def case(self) -> Case:
        made = self._graph("main", depth=0, nodes_max=8, inputs={"items": INTEGERS})
        items: list[Json] = [*self.choices.sample(range(100), self.choices.randrange(5))]
        whole = Graph(
            name=made.name,
            inputs=made.inputs,
            nodes=made.nodes,
            outputs=made.outputs,
            optional=made.optional,
            graphs=self.bodies,
        )
        return Case(graph=whole, inputs={"items": items})

    def _graph(self, name: str, *, depth: int, nodes_max: int, inputs: dict[str, Schema]) -> Graph:
        nodes: list[AnyNode] = []
        reads: list[str] = ["inputs.n"] if "n" in inputs else []
        for index in range(self.choices.randint(1, nodes_max)):
            node, read = self._node(f"{index}", reads, depth=depth, inner="n" in inputs)
            nodes.append(node)
            reads.append(read)
        chosen = self._some(reads, 3)
        outputs: dict[str, Json] = {"values": [f"${{{{ {read} }}}}" for read in chosen]}
        return graph(
            name,
            *nodes,
            outputs=outputs | ({"n": "${{ inputs.n }}"} if "n" in inputs else {}),
            optional=frozenset(("values",)),
            inputs=inputs,
        )

    def _some(self, reads: list[str], most: int) -> list[str]:
        return self.choices.sample(reads, min(len(reads), self.choices.randint(0, most)))

    def _node(
        self, suffix: str, reads: list[str], *, depth: int, inner: bool
    ) -> tuple[AnyNode, str]:
        """A node, and the expression of an integer that others may read of it."""
        kind = self.choices.choice(
            ["call"] * 6 + (["graph", "map", "propose"] if depth < DEPTH_MAX else [])
        )
        values = self._some(reads, 2)
        options = self._options(reads)
        prefix = "${{ inputs.name }}-" if inner else ""
        match kind:
            case "call":
                return self._call(suffix, values, prefix=prefix, options=options)
            case "graph":
                id_, body = f"sub_{suffix}", self._body(depth)
                given: dict[str, Json] = {"name": prefix + id_, "n": _first(values)}
                return GraphNode(id=NodeId(id_), graph=body, with_=given, **options), f"{id_}.n"
            case "map":
                id_, body = f"each_{suffix}", self._body(depth)
                node = MapNode(
                    id=NodeId(id_),
                    graph=body,
                    over="[1, 2, 3]" if inner else "inputs.items",
                    as_="item",
                    limit=self.choices.choice([None, 1, 2]),
                    failures_max=self.choices.choice([0, 0, 1, 9]),
                    with_={"name": f"{prefix}{id_}-${{{{ item }}}}-{suffix}", "n": "${{ item }}"},
                    **options,
                )
                return node, f"{id_}.count"
            case _:
                return self._propose(suffix, values, prefix=prefix, options=options)

    def _call(
        self, suffix: str, values: list[str], *, prefix: str, options: dict[str, Any]
    ) -> tuple[AnyNode, str]:
        action = self.choices.choice(CALLS)
        id_ = f"{action}_{suffix}"
        if self.choices.random() < 0.5:
            options["retry"] = Retry(
                attempts=self.choices.randint(1, 4), delay_ms=self.choices.choice([0, 10])
            )
        # While nobody drives a run its deadlines pass all the same.
        if self.mix.failing and self.choices.random() < 0.1:
            options["deadline_ms"] = 1_500
        if self.choices.random() < 0.3:
            options["ensure"] = ("result >= 0",)
        node = call(id_, action, *values, label=prefix + id_, timeout_ms=1_000, **options)
        return node, id_

    def _propose(
        self, suffix: str, values: list[str], *, prefix: str, options: dict[str, Any]
    ) -> tuple[AnyNode, str]:
        id_ = f"propose_{suffix}"
        given: list[Json] = [f"${{{{ {value} }}}}" for value in values]
        node = ProposeNode(
            id=NodeId(id_),
            action="propose",
            repairs_max=self.choices.randint(0, 1),
            returns={"type": "object", "properties": {"n": INTEGER}, "required": ["n"]},
            with_={"label": prefix + id_, "values": given},
            **options,
        )
        return node, f"{id_}.n"

    def _body(self, depth: int) -> str:
        name = f"body_{len(self.bodies)}"
        self.bodies[name] = graph(name, call("pure_0", "pure"), outputs={})
        self.bodies[name] = self._graph(
            name, depth=depth + 1, nodes_max=3, inputs={"name": NAME, "n": INTEGER}
        )
        return name

    def _options(self, reads: list[str]) -> dict[str, Any]:
        options: dict[str, Any] = {}
        chance = self.choices.random
        ids = sorted({read.partition(".")[0] for read in reads if not read.startswith("inputs")})
        if ids and chance() < 0.2:
            options["needs"] = (NodeId(self.choices.choice(ids)),)
        if ids and chance() < 0.2:
            options["after"] = (NodeId(self.choices.choice(ids)),)
        if reads and chance() < self.mix.guarded:
            options["when"] = f"{self.choices.choice(reads)} % 2 == 0"
        elif ids and chance() < self.mix.guarded / 2:
            options["when"] = f"nodes.{self.choices.choice(ids)}.status != 'succeeded'"
        if chance() < 0.3:
            options["on_error"] = "continue"
        return options


def _first(values: list[str]) -> Json:
    return f"${{{{ {values[0]} }}}}" if values else 1


@dataclass(frozen=True, kw_only=True)
class Chances:
    """What the calls of a world do. The outcome of a call depends on the seed, its label and how
    often the label was called: never on the order in which calls end. Delays have a seed of their
    own, and make that order.
    """

    seed: int
    delays: int
    mix: Mix

    def world(self) -> World:
        return World(self._outcome, proposals=self._proposal)

    def _outcome(self, label: str, number: int) -> Scripted:
        delay_ms = Random(f"{self.delays}/{label}/{number}").randrange(self.mix.delay_ms_max)
        chance = Random(f"{self.seed}/{label}/{number}")
        if chance.random() >= self.mix.failing:
            return Scripted(delay_ms=delay_ms)
        return Scripted(
            does=chance.choice(FAILURES), delay_ms=delay_ms, applies=chance.random() < 0.5
        )

    def _proposal(self, label: str, number: int) -> Json:
        chance = Random(f"{self.seed}/{label}/{number}")
        if chance.random() < self.mix.failing:
            return chance.choice([WRONG, 7, {}, {"interlock": 1, "name": "x", "nodes": {}}])
        chance = Random(f"{self.seed}/{label}")
        nodes: dict[str, Json] = {}
        read = "1"
        for index in range(chance.randint(1, 3)):
            action = chance.choice(CALLS)
            with_: Json = {
                "label": f"${{{{ inputs.label }}}}-{index}",
                "values": [f"${{{{ {read} }}}}"],
            }
            nodes[f"{action}_{index}"] = {"call": action, "with": with_}
            read = f"{action}_{index}"
        return {
            "interlock": 1,
            "name": "proposed",
            "inputs": {"label": {"type": "string"}},
            "nodes": nodes,
            "outputs": {"n": f"${{{{ {read} }}}}"},
        }
