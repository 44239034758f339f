"""Small graphs that together use every kind of node, effect, safety and option."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from interlock.graph import AnyNode, CallNode, Graph, GraphNode, MapNode, ProposeNode, Retry
from interlock.plan import Plan, compile as compile_graph
from interlock.testing import Scripted, World
from interlock.values import Json, NodeId, Schema

INTEGER: Schema = {"type": "integer"}
INTEGERS: Schema = {"type": "array", "items": INTEGER}


def call(
    id_: str, action: str, *values: str, label: str | None = None, **options: object
) -> CallNode:
    """A call of an action of `World`; values are expressions."""
    given: list[Json] = [f"${{{{ {value} }}}}" for value in values]
    with_: dict[str, Json] = {"label": label or id_, "values": given}
    return CallNode(id=NodeId(id_), action=action, with_=with_, **options)  # type: ignore[arg-type]


def graph(name: str, *nodes: AnyNode, outputs: Mapping[str, Json], **rest: object) -> Graph:
    return Graph(name=name, nodes={node.id: node for node in nodes}, outputs=outputs, **rest)  # type: ignore[arg-type]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A graph, its inputs, and what its world does."""

    graph: Graph
    inputs: Mapping[str, Json] = field(default_factory=dict[str, Json])
    script: Mapping[str, list[Scripted]] = field(default_factory=dict[str, list[Scripted]])
    proposals: Mapping[str, list[Json]] = field(default_factory=dict[str, list[Json]])

    def world(self) -> World:
        return World(self.script, proposals=self.proposals)

    @cached_property
    def plan(self) -> Plan:
        return compile_graph(self.graph, World().registry)


QUICK = Retry(attempts=3, delay_ms=20)

CHAIN = Case(
    graph=graph(
        "chain",
        call("a", "pure"),
        call("b", "read", "a"),
        call("c", "metered", "b"),
        call("d", "write", "c"),
        call("e", "pure", "d", "a"),
        outputs={"result": "${{ e }}"},
    )
)

SAFETIES = Case(
    graph=graph(
        "safeties",
        call("first", "read"),
        call("keyed", "keyed", "first"),
        call("probed", "probed", "first"),
        call("safest", "safest", "first"),
        call("write", "write", "first"),
        call("metered", "metered", "keyed", "probed", "safest", "write"),
        outputs={"result": "${{ metered }}"},
    )
)

INNER = graph(
    "inner",
    CallNode(
        id=NodeId("look"),
        action="read",
        with_={"label": "${{ inputs.name }}-look", "values": ["${{ inputs.n }}"]},
    ),
    CallNode(
        id=NodeId("act"),
        action="keyed",
        with_={"label": "${{ inputs.name }}-act", "values": ["${{ look }}"]},
    ),
    outputs={"n": "${{ act }}"},
    inputs={"name": {"type": "string"}, "n": INTEGER},
)
PLAIN = graph(
    "plain",
    CallNode(
        id=NodeId("act"),
        action="write",
        with_={"label": "${{ inputs.name }}-act", "values": ["${{ inputs.n }}"]},
    ),
    outputs={"n": "${{ act }}"},
    inputs={"name": {"type": "string"}, "n": INTEGER},
)

NESTED = Case(
    graph=graph(
        "nested",
        GraphNode(
            id=NodeId("sub"), graph="plain", with_={"name": "sub", "n": "${{ inputs.items[0] }}"}
        ),
        MapNode(
            id=NodeId("each"),
            graph="inner",
            over="inputs.items",
            as_="item",
            limit=2,
            needs=(NodeId("sub"),),
            with_={"name": "item-${{ item }}", "n": "${{ item }}"},
        ),
        call("last", "pure", "sub.n", "each.count"),
        outputs={"result": "${{ last }}", "all": "${{ each.results }}"},
        inputs={"items": INTEGERS},
        graphs={"inner": INNER, "plain": PLAIN},
    ),
    inputs={"items": [3, 1, 2]},
)

KEYED_MAP = Case(
    graph=graph(
        "keyed_map",
        MapNode(
            id=NodeId("each"),
            graph="plain",
            over="inputs.items",
            as_="item",
            key="item.id",
            with_={"name": "${{ item.id }}", "n": "${{ item.n }}"},
        ),
        outputs={"result": "${{ each.results }}"},
        inputs={
            "items": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"id": {"type": "string"}, "n": INTEGER},
                    "required": ["id", "n"],
                },
            }
        },
        graphs={"plain": PLAIN},
    ),
    inputs={"items": [{"id": "a/b", "n": 1}, {"id": 'ü"]', "n": 2}]},
)

PROPOSAL: Json = {
    "interlock": 1,
    "name": "proposed",
    "inputs": {"values": {"type": "array", "items": {"type": "integer"}}},
    "nodes": {
        "read_1": {"call": "read", "with": {"label": "seen", "values": "${{ inputs.values }}"}},
        "keyed_1": {"call": "keyed", "with": {"label": "done", "values": ["${{ read_1 }}"]}},
    },
    "outputs": {"n": "${{ keyed_1 }}"},
}
WRONG: Json = {"interlock": 1, "name": "proposed", "nodes": {"x": {"call": "write"}}}

PROPOSED = Case(
    graph=graph(
        "proposed_outer",
        call("a", "read"),
        ProposeNode(
            id=NodeId("plan"),
            action="propose",
            actions=("read", "keyed"),
            repairs_max=1,
            with_={"label": "plan", "values": ["${{ a }}"]},
            returns={"type": "object", "properties": {"n": INTEGER}, "required": ["n"]},
        ),
        call("z", "pure", "plan.n"),
        outputs={"result": "${{ z }}"},
    ),
    proposals={"plan": [WRONG, PROPOSAL]},
)

RETRIES = Case(
    graph=graph(
        "retries",
        call("pure", "pure", retry=QUICK),
        call("read", "read", "pure", retry=QUICK, ensure=("result >= 0",)),
        call("metered", "metered", "pure", retry=QUICK),
        call("write", "write", "read", retry=QUICK),
        call("keyed", "keyed", "read", retry=QUICK),
        call("probed", "probed", "metered", retry=QUICK),
        call("safest", "safest", "metered", retry=QUICK, timeout_ms=1_000),
        outputs={"result": ["${{ write }}", "${{ keyed }}", "${{ probed }}", "${{ safest }}"]},
    ),
    script={
        "pure": [Scripted(does="raise")],
        "read": [Scripted(does="wrong_type"), Scripted(does="nan")],
        "metered": [Scripted(does="no_json"), Scripted(does="raise", delay_ms=7)],
        "write": [Scripted(does="not_applied", delay_ms=3)],
        "keyed": [Scripted(does="raise"), Scripted(does="raise", applies=False)],
        "probed": [Scripted(does="raise", applies=False)],
        "safest": [Scripted(does="hang"), Scripted(delay_ms=5)],
    },
)

GUARDS = Case(
    graph=graph(
        "guards",
        call("a", "read"),
        call("never", "write", "a", when="a < 0"),
        call("after_never", "write", "never"),
        call("always", "write", "a", when="a >= 0", require=("size(args.values) == 1",)),
        call("bad", "read", on_error="continue", ensure=("result < 0",)),
        call("lenient", "keyed", "a", after=(NodeId("bad"),), when="nodes.bad.status == 'failed'"),
        outputs={
            "result": ["${{ always }}", "${{ lenient }}"],
            "skipped": "${{ nodes.never.status }}",
        },
        optional=frozenset({"result"}),
    ),
)

OWNED = Case(
    graph=graph(
        "owned",
        call("a", "read", "inputs.n", returns={**INTEGER, "subject": "'bob'"}),
        call("b", "probed", "a"),
        call("c", "keyed", "b"),
        MapNode(
            id=NodeId("each"),
            graph="inner",
            over="[a, c]",
            as_="n",
            with_={"n": "${{ n }}", "name": "at-${{ n }}"},
        ),
        call("d", "write", "c", returns={**INTEGER, "subject": "['eve', 'ada']"}),
        outputs={"result": "${{ d }}", "each": "${{ each.count }}"},
        inputs={"n": {**INTEGER, "subject": "'ada'"}},
        graphs={"inner": INNER},
    ),
    inputs={"n": 7},
)

CASES: Mapping[str, Case] = {
    case.graph.name: case
    for case in (CHAIN, SAFETIES, NESTED, KEYED_MAP, PROPOSED, RETRIES, GUARDS, OWNED)
}
