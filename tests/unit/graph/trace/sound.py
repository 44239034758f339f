"""Hypothesis strategies for graphs that compile, and the actions that they use."""

from typing import Any

from hypothesis import strategies as st

from interlock.actions import Registry, action
from interlock.graph import (
    CallNode,
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
from interlock.values import Json, NodeId, Schema


@action(effect="pure")
def load(n: int, label: str = "") -> dict[str, Any]:
    raise NotImplementedError(n, label)


@action("notes.add")
def note(text: object, extra: object = None) -> str:
    raise NotImplementedError(text, extra)


@action("numbers.sum-up", effect="pure")
def sum_up(values: list[int], factor: float = 1.0) -> int:
    raise NotImplementedError(values, factor)


@action(effect="read")
def suggest(goal: str) -> dict[str, Any]:
    raise NotImplementedError(goal)


REGISTRY = Registry([load, note, sum_up, suggest])

IDS = ["n", "text", "load", "size", "page_2", "async", "when", "graph", "x"]
texts = st.text(st.sampled_from("ab $}{'\"\\\n🙂#%é"), max_size=6).filter(lambda t: "${{" not in t)
integers = st.sampled_from(
    ["inputs.n", "inputs.n + 1", "-inputs.n * (3 - inputs.n)", "7", "size(inputs.day) % 2"]
)
conditions = st.sampled_from(
    [
        "inputs.n >= 3",
        "inputs.n > 1 && inputs.n < 5",
        "!(inputs.n == 2 || inputs.day != 'mon')",
        'inputs.day == "a\\"b" || inputs.n == -4',
        "inputs.n in [1, 2]",
        "(inputs.n > 1) == true",
        "true",
    ]
)


@st.composite
def templates(draw: st.DrawFn, before: list[str]) -> str:
    """Make text with expressions in it, spelled in one way or another."""
    sources = ["inputs.day", "inputs.n", "inputs.n + 2", *before]
    parts = draw(st.lists(st.sampled_from(sources) | texts, min_size=1, max_size=4))
    shown = [
        draw(st.sampled_from(["${{ %s }}", "${{%s}}"])) % part if part in sources else part
        for part in parts
    ]
    # Apart, so that `$` and `{{` of two parts never open an expression.
    return " ".join(shown).replace("$$", "$") or "a"


@st.composite
def calls(draw: st.DrawFn, id_: NodeId, before: list[str]) -> CallNode:
    common: dict[str, Any] = {
        "id": id_,
        "needs": tuple(NodeId(one) for one in draw(st.sets(st.sampled_from(before), max_size=2)))
        if before
        else (),
        "when": draw(st.none() | conditions),
        "retry": draw(st.none() | st.just(Retry(attempts=3)) | st.just(Retry(delay_ms=5))),
        "timeout_ms": draw(st.none() | st.just(1500)),
        "on_error": draw(st.sampled_from(["fail", "continue", "undo"])),
        "undo": draw(undos),
    }
    match draw(st.integers(0, 2)):
        case 0:
            value: Json = f"${{{{ {draw(integers)} }}}}"
            given: dict[str, Json] = {"n": draw(st.integers(-3, 3) | st.just(value))}
            return CallNode(**common, action="load", with_=given, ensure=("size(result) > 0",))
        case 1:
            lenient = [f"nodes.{one}.status" for one in before]
            extras: list[Json] = [None, {"a": ["${{ inputs }}", 1.5]}, "${{ inputs.n == 1 }}"]
            extras += [f"${{{{ {one} }}}}" for one in lenient]
            extra = draw(st.sampled_from(extras))
            given = {"text": draw(templates(before=lenient)), "extra": extra}
            return CallNode(**common, action="notes.add", with_=given)
        case _:
            return CallNode(
                **common, action="numbers.sum-up", with_={"values": [1, "${{ inputs.n }}"]}
            )


OBJECT: Schema = {"type": "object"}
undos = st.sampled_from(
    [
        None,
        Undo(action="load", with_={"n": "${{ inputs.n }}"}),
        Undo(
            action="notes.add", with_={"text": "undo ${{ inputs.day }}", "extra": "${{ result }}"}
        ),
    ]
)


@st.composite
def flows(draw: st.DrawFn, id_: NodeId, before: list[str]) -> WaitNode | GateNode | FirstOfNode:
    """Make a node that waits, asks or chooses."""
    common: dict[str, Any] = {
        "id": id_,
        "after": tuple(NodeId(one) for one in before[:1]),
        "when": draw(st.none() | conditions),
        "on_error": draw(st.sampled_from(["fail", "continue"])),
    }
    kind = draw(st.sampled_from(["wait", "gate", "first_of"]))
    if kind == "gate":
        return GateNode(
            **common,
            ask=draw(templates(before=[f"nodes.{one}.status" for one in before])) + "?",
            to=tuple(draw(st.sets(st.sampled_from(["ops", "a b"])).map(sorted))),
            quorum=draw(st.integers(1, 2)),
            expires_ms=draw(st.none() | st.just(1500)),
            on_refused=draw(st.sampled_from(["fail", "continue"])),
        )
    if kind == "wait" or not before:
        signal = draw(st.none() | st.just("paid"))
        return WaitNode(
            **common,
            signal=signal,
            for_ms=draw(st.just(90_000) if signal is None else st.none() | st.just(90_000)),
            returns=None if signal is None else draw(st.none() | st.just(OBJECT)),
        )
    return FirstOfNode(**common, of=tuple(NodeId(one) for one in before[:2]))


@st.composite
def sound_graphs(draw: st.DrawFn, depth: int = 0) -> Graph:
    """Make a graph that compiles against `REGISTRY`."""
    nodes: dict[NodeId, Any] = {}
    bodies: dict[str, Graph] = {}
    for name in draw(st.lists(st.sampled_from(IDS), unique=True, max_size=5)):
        id_ = NodeId(name)
        # What a gate allows cannot read the gate, nor what comes after it.
        before = [str(one) for one, node in nodes.items() if not isinstance(node, GateNode)]
        kind = draw(st.sampled_from(["call", "call", "body", "map", "repeat", "propose", "flow"]))
        if kind == "call" or (depth > 1 and kind in ("body", "map", "repeat")):
            nodes[id_] = draw(calls(id_, before))
        elif kind == "flow":
            nodes[id_] = draw(flows(id_, before))
        elif kind == "propose":
            nodes[id_] = ProposeNode(
                id=id_, action="suggest", with_={"goal": "${{ inputs.day }}!"}, repairs_max=1
            )
        else:
            entry = draw(st.sampled_from(["one", "two-b", "graph", "Any"]))
            if entry not in bodies:
                bodies[entry] = draw(sound_graphs(depth=depth + 1))
            used: dict[str, Json] = {"n": "${{ inputs.n }}", "day": "x${{ inputs.day }}"}
            if kind == "body":
                nodes[id_] = GraphNode(id=id_, graph=entry, with_=used, undo=draw(undos))
            elif kind == "repeat":
                nodes[id_] = RepeatNode(
                    id=id_,
                    graph=entry,
                    with_=used,
                    carry=draw(st.sampled_from([{}, {"n": "${{ size(result) }}"}])),
                    until="size(result) > 3 || inputs.n == 2",
                    max=draw(st.integers(1, 9)),
                    on_max=draw(st.sampled_from(["fail", "last"])),
                )
            else:
                item = draw(st.sampled_from(["item", "one", "class", "each"]))
                nodes[id_] = MapNode(
                    id=id_,
                    graph=entry,
                    over="[1, 2, 3]",
                    as_=item,
                    limit=draw(st.none() | st.just(2)),
                    key=draw(st.none() | st.just(f"string({item})")),
                    with_={**used, "n": f"${{{{ {item} }}}}"},
                )
    outputs: dict[str, Json] = {f"of_{one}": f"${{{{ nodes.{one}.status }}}}" for one in nodes}
    if draw(st.booleans()):
        outputs = {
            "result": draw(st.sampled_from(["${{ inputs.day }}", "at ${{ inputs.day }}", 1]))
        }
    return Graph(
        name=draw(st.sampled_from(["report", "night-ly", "graph", "Any", "x"])),
        description=draw(st.sampled_from(["", "What it does", 'It "does"'])),
        inputs={
            "n": {"type": "integer"},
            "day": draw(
                st.sampled_from(
                    [
                        {"type": "string"},
                        {"type": "string", "format": "date"},
                        {"type": "string", "default": "mon"},
                    ]
                )
            ),
        },
        nodes=nodes,
        graphs=bodies,
        outputs=outputs,
    )
