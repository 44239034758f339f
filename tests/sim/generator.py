"""Random graphs over every kind of node, and random worlds for them; the same for the same seed."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from interlock.graph import (
    AnyNode,
    FirstOfNode,
    GateNode,
    Graph,
    GraphNode,
    MapNode,
    ProposeNode,
    RepeatNode,
    Retry,
    Undo,
    WaitNode,
)
from interlock.testing import Does, Scripted, World
from interlock.values import Json, NodeId, Schema
from sim.graphs import INTEGER, INTEGERS, WRONG, Case, call, graph

CALLS = ("pure", "read", "metered", "write", "keyed", "probed", "safest")
WRITES = frozenset(("write", "keyed", "probed", "safest", "booked"))
NAME: Schema = {"type": "string"}
DEPTH_MAX = 2
FAR_MS = 1_000 * 3_600_000
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
    """What a generated world is like.

    Attributes:
        flowing: how likely a node is one that waits, asks, repeats or chooses.
        waiting: whether some of these do wait: for persons, times and signals.
        undoing: how likely a write declares an undo, or a node that what fails undoes the others.
        calls: the actions that are called.
    """

    failing: float = 0.0
    flowing: float = 0.0
    waiting: bool = True
    undoing: float = 0.0
    calls: tuple[str, ...] = CALLS
    guarded: float = 0.2
    delay_ms_max: int = 50


@dataclass(kw_only=True)
class Made:
    """What of a graph is there already.

    `reads` are expressions of integers, `integers` the nodes whose outputs are integers. A gate
    knows the `bounds` of what it covers when all of its graph is there.
    """

    inner: bool
    depth: int
    nodes: list[AnyNode] = field(default_factory=list[AnyNode])
    reads: list[str] = field(default_factory=list[str])
    integers: list[NodeId] = field(default_factory=list[NodeId])
    bounds: dict[NodeId, dict[NodeId, str]] = field(default_factory=dict[NodeId, dict[NodeId, str]])

    @property
    def prefix(self) -> str:
        """What makes a label unique in a run."""
        return "${{ inputs.name }}-" if self.inner else ""

    @property
    def gates(self) -> list[NodeId]:
        return [node.id for node in self.nodes if isinstance(node, GateNode)]

    @property
    def others(self) -> list[NodeId]:
        return [node.id for node in self.nodes if not isinstance(node, GateNode)]

    def add(self, node: AnyNode, read: str | None) -> None:
        """Add a node, and the expression of an integer that others may read of it."""
        self.nodes.append(node)
        if read is not None:
            self.reads.append(read)
        if read == node.id:
            self.integers.append(node.id)

    def finished(self) -> list[AnyNode]:
        return [
            replace(node, bounds=self.bounds.get(node.id, {}))
            if isinstance(node, GateNode)
            else node
            for node in self.nodes
        ]


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
        made = Made(inner="n" in inputs, depth=depth)
        if made.inner:
            made.reads.append("inputs.n")
        for index in range(self.choices.randint(1, nodes_max)):
            made.add(*self._node(f"{index}", made))
        chosen = self._some(made.reads, 3)
        outputs: dict[str, Json] = {"values": [f"${{{{ {read} }}}}" for read in chosen]}
        return graph(
            name,
            *made.finished(),
            outputs=outputs | ({"n": "${{ inputs.n }}"} if made.inner else {}),
            optional=frozenset(("values",)),
            inputs=inputs,
        )

    def _some(self, reads: Sequence[str], most: int) -> list[str]:
        return self.choices.sample(reads, min(len(reads), self.choices.randint(0, most)))

    def _node(self, suffix: str, made: Made) -> tuple[AnyNode, str | None]:
        """A node, and the expression of an integer that others may read of it."""
        is_deep = made.depth >= DEPTH_MAX
        if self.mix.flowing and self.choices.random() < self.mix.flowing:
            return self._flowing(suffix, made, is_deep=is_deep)
        kind = self.choices.choice(["call"] * 6 + ([] if is_deep else ["graph", "map", "propose"]))
        options = self._options(made)
        match kind:
            case "call":
                return self._call(suffix, made, options=options)
            case "graph":
                id_ = NodeId(f"sub_{suffix}")
                values = self._values(made, id_, options)
                body = self._body(made.depth)
                given: dict[str, Json] = {"name": made.prefix + id_, "n": _first(values)}
                return GraphNode(id=id_, graph=body, with_=given, **options), f"{id_}.n"
            case "map":
                id_, body = f"each_{suffix}", self._body(made.depth)
                name = f"{made.prefix}{id_}-${{{{ item }}}}-{suffix}"
                node = MapNode(
                    id=NodeId(id_),
                    graph=body,
                    over="[1, 2, 3]" if made.inner else "inputs.items",
                    as_="item",
                    limit=self.choices.choice([None, 1, 2]),
                    failures_max=self.choices.choice([0, 0, 1, 9]),
                    with_={"name": name, "n": "${{ item }}"},
                    **options,
                )
                return node, f"{id_}.count"
            case _:
                return self._propose(suffix, made, options=options)

    def _values(
        self, made: Made, id_: NodeId, options: dict[str, Any], *, acts: bool = True
    ) -> list[str]:
        """What a node reads; of one that a gate covers, nothing or within a bound."""
        values = self._some(made.reads, 2)
        gates = [gate for gate in options.get("needs", ()) if gate in made.gates]
        if not gates or not acts:
            return values
        if self.choices.random() < 0.5:
            return []
        for gate in gates:
            made.bounds.setdefault(gate, {})[id_] = "size(args) > 0"
        return values

    def _call(
        self, suffix: str, made: Made, *, options: dict[str, Any]
    ) -> tuple[AnyNode, str | None]:
        action = self.choices.choice(self.mix.calls)
        id_ = f"{action}_{suffix}"
        values = self._values(made, NodeId(id_), options, acts=action in WRITES)
        if self.choices.random() < 0.5:
            options["retry"] = Retry(
                attempts=self.choices.randint(1, 4), delay_ms=self.choices.choice([0, 10])
            )
        # While nobody drives a run its deadlines pass all the same.
        if self.mix.failing and self.choices.random() < 0.1:
            options["deadline_ms"] = 1_500
        if self.choices.random() < 0.3:
            options["ensure"] = ("result >= 0",)
        if self.mix.undoing and action in WRITES and self.choices.random() < self.mix.undoing:
            options["undo"] = self._undo(action, made.prefix + id_)
        node = call(id_, action, *values, label=made.prefix + id_, timeout_ms=1_000, **options)
        return node, id_

    def _undo(self, action: str, label: str) -> Undo:
        """The same action takes it back, or another one."""
        other = self.choices.choice([name for name in self.mix.calls if name in WRITES])
        given: dict[str, Json] = {"label": f"{label}-undo", "values": ["${{ result }}"]}
        return Undo(action=self.choices.choice((action, other)), with_=given)

    def _propose(
        self, suffix: str, made: Made, *, options: dict[str, Any]
    ) -> tuple[AnyNode, str | None]:
        id_ = NodeId(f"propose_{suffix}")
        values = self._values(made, id_, options)
        given: list[Json] = [f"${{{{ {value} }}}}" for value in values]
        node = ProposeNode(
            id=id_,
            action="propose",
            repairs_max=self.choices.randint(0, 1),
            returns={"type": "object", "properties": {"n": INTEGER}, "required": ["n"]},
            with_={"label": made.prefix + id_, "values": given},
            **options,
        )
        return node, f"{id_}.n"

    def _flowing(self, suffix: str, made: Made, *, is_deep: bool) -> tuple[AnyNode, str | None]:
        kinds = ["gate", "gate", "time", "signal"] if self.mix.waiting else []
        kinds += ["first_of"] if made.integers else []
        kinds += ["repeat", "repeat"] if not (is_deep and kinds) else []
        options = self._options(made)
        far_ms = self.choices.choice([None, FAR_MS])
        match self.choices.choice(kinds):
            case "gate":
                return GateNode(
                    id=NodeId(f"gate_{suffix}"),
                    ask=f"{made.prefix}gate?",
                    quorum=self.choices.randint(1, 2),
                    expires_ms=far_ms,
                    on_refused=self.choices.choice(("fail", "continue")),
                    **options,
                ), None
            case "time":
                for_ms = self.choices.randint(1, 60_000)
                return WaitNode(id=NodeId(f"time_{suffix}"), for_ms=for_ms, **options), None
            case "signal":
                id_ = NodeId(f"signal_{suffix}")
                node = WaitNode(id=id_, signal="go", for_ms=far_ms, returns=INTEGER, **options)
                return node, id_
            case "first_of":
                most = min(3, len(made.integers))
                of = self.choices.sample(made.integers, self.choices.randint(1, most))
                id_ = NodeId(f"first_{suffix}")
                return FirstOfNode(id=id_, of=tuple(of), **options), id_
            case _:
                return self._repeat(suffix, made, options=options)

    def _repeat(
        self, suffix: str, made: Made, *, options: dict[str, Any]
    ) -> tuple[AnyNode, str | None]:
        id_ = NodeId(f"again_{suffix}")
        values, name = self._values(made, id_, options), f"{made.prefix}{id_}-"
        node = RepeatNode(
            id=id_,
            graph=self._body(made.depth),
            with_={"name": f"{name}0", "n": _first(values)},
            # `n` grows, so that each turn has a name of its own.
            carry={"name": f"{name}${{{{ result.n }}}}", "n": "${{ result.n + 1 }}"},
            until="result.n % 3 == 0",
            max=self.choices.randint(1, 3),
            on_max="last",
            **options,
        )
        return node, f"{id_}.turns"

    def _body(self, depth: int) -> str:
        name = f"body_{len(self.bodies)}"
        self.bodies[name] = graph(name, call("pure_0", "pure"), outputs={})
        self.bodies[name] = self._graph(
            name, depth=depth + 1, nodes_max=3, inputs={"name": NAME, "n": INTEGER}
        )
        return name

    def _options(self, made: Made) -> dict[str, Any]:
        options: dict[str, Any] = {}
        chance = self.choices.random
        ids, needs = made.others, list[NodeId]()
        if ids and chance() < 0.2:
            needs.append(self.choices.choice(ids))
        if made.gates and chance() < 0.5:
            needs.append(self.choices.choice(made.gates))
        if needs:
            options["needs"] = tuple(needs)
        if made.nodes and chance() < 0.2:
            after = self.choices.choice(made.nodes).id
            options.update({"after": (after,)} if after not in needs else {})
        if made.reads and chance() < self.mix.guarded:
            options["when"] = f"{self.choices.choice(made.reads)} % 2 == 0"
        elif ids and chance() < self.mix.guarded / 2:
            options["when"] = f"nodes.{self.choices.choice(ids)}.status != 'succeeded'"
        if chance() < 0.3:
            options["on_error"] = "continue"
        elif self.mix.undoing and chance() < self.mix.undoing:
            options["on_error"] = "undo"
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
        return World(self._outcome, proposals=self.proposal)

    def _outcome(self, label: str, number: int) -> Scripted:
        delay_ms = Random(f"{self.delays}/{label}/{number}").randrange(self.mix.delay_ms_max)
        chance = Random(f"{self.seed}/{label}/{number}")
        if chance.random() >= self.mix.failing:
            return Scripted(delay_ms=delay_ms)
        return Scripted(
            does=chance.choice(FAILURES), delay_ms=delay_ms, applies=chance.random() < 0.5
        )

    def proposal(self, label: str, number: int) -> Json:
        """What the n-th call with a label proposes."""
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
