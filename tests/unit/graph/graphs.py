"""Hypothesis strategies for graphs, and for texts of documents that are good, odd or broken."""

from typing import Any

from hypothesis import strategies as st

from interlock.graph import (
    RESERVED,
    CallNode,
    Defaults,
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

texts = st.text(
    st.one_of(
        st.sampled_from("abc \n'\"#:-{}[],&*!|>%@`$?\\~=<\t\x00\x85\u2028😀é.019"),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=12,
)
numbers = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False).filter(
        lambda number: abs(number) <= 2**53 or not number.is_integer()
    ),
)
json_values: st.SearchStrategy[Json] = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=12,
)
documents = st.dictionaries(texts, json_values, min_size=1, max_size=5)

ids = st.from_regex(r"[a-z][a-z0-9_]{0,5}", fullmatch=True).filter(
    lambda word: word not in RESERVED
)
names = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,5}", fullmatch=True)
fields = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,5}", fullmatch=True)
actions = st.from_regex(r"[a-z][a-z0-9_]{0,5}(\.[a-z0-9_]{1,5}){0,2}", fullmatch=True)
expressions = texts.map(lambda text: text.strip().replace("${{", "")).filter(
    lambda text: bool(text.strip()) and text == text.strip()
)
durations = st.integers(1, 3650 * 86_400_000)
SCHEMAS: list[Schema] = [True, False, {}, {"type": ["integer", "null"], "default": 1}]
schemas = st.sampled_from(SCHEMAS)
arguments = st.dictionaries(texts.filter(bool), json_values, max_size=3)
retries = st.builds(
    Retry,
    attempts=st.integers(1, 100),
    delay_ms=st.integers(0, 10**9),
    backoff=st.floats(1, 100),
    delay_max_ms=st.integers(0, 10**9),
    feedback=st.booleans(),
)


def ids_of(available: list[str]):
    return st.lists(st.sampled_from(available), unique=True, max_size=3).map(tuple)


def common(draw: st.DrawFn, id_: str, available: list[str], *, without: str = "") -> dict[str, Any]:
    """Draw what all kinds have, but for the fields that a kind has not."""
    found: dict[str, Any] = {
        "needs": draw(ids_of(available)),
        "after": draw(ids_of(available)),
        "when": draw(st.none() | expressions),
        "require": draw(st.lists(expressions, max_size=2).map(tuple)),
        "ensure": draw(st.lists(expressions, max_size=2).map(tuple)),
        "retry": draw(st.none() | retries),
        "timeout_ms": draw(st.none() | durations),
        "deadline_ms": draw(st.none() | durations),
        "on_error": draw(st.sampled_from(["fail", "continue", "undo"])),
        "with_": draw(arguments),
        "returns": draw(st.none() | schemas),
        "undo": draw(st.none() | undos),
    }
    return {"id": NodeId(id_), **{k: v for k, v in found.items() if k not in without.split()}}


undos = st.builds(Undo, action=actions, with_=arguments)
ATTEMPTS = "retry timeout_ms deadline_ms"


@st.composite
def nodes(draw: st.DrawFn, id_: str, available: list[str], bodies: list[str]):
    kinds = ["call", "propose", "wait", "gate", "first_of"]
    kinds += ["graph", "map", "repeat"] if bodies else []
    kind = draw(st.sampled_from(kinds))
    body = draw(st.sampled_from(bodies)) if bodies else ""
    if kind == "call":
        return CallNode(**common(draw, id_, available), action=draw(actions))
    if kind == "propose":
        patterns = st.lists(st.sampled_from(["k8s.*", "*", "a.b", "db.read_*"]), unique=True)
        return ProposeNode(
            **common(draw, id_, available, without="undo"),
            action=draw(actions),
            actions=tuple(draw(patterns)),
            repairs_max=draw(st.integers(0, 25)),
        )
    if kind == "graph":
        return GraphNode(**common(draw, id_, available, without=ATTEMPTS), graph=body)
    if kind == "map":
        return MapNode(
            **common(draw, id_, available, without=f"{ATTEMPTS} undo"),
            graph=body,
            over=draw(expressions),
            as_=draw(ids.filter(lambda word: word not in available)),
            key=draw(st.none() | expressions),
            limit=draw(st.none() | st.integers(1, 10_000)),
            failures_max=draw(st.integers(0, 1000)),
        )
    return draw(waiting_nodes(kind, id_, available, body))


@st.composite
def waiting_nodes(draw: st.DrawFn, kind: str, id_: str, available: list[str], body: str):
    without = f"{ATTEMPTS} with_ undo"
    if kind == "repeat":
        return RepeatNode(
            **common(draw, id_, available, without=f"{ATTEMPTS} undo"),
            graph=body,
            carry=draw(arguments),
            until=draw(expressions),
            max=draw(st.integers(1, 1_000_000)),
            on_max=draw(st.sampled_from(["fail", "last"])),
        )
    if kind == "wait":
        signal = draw(st.none() | ids)
        return WaitNode(
            **common(draw, id_, available, without=f"{without} returns"),
            signal=signal,
            for_ms=draw(durations if signal is None else st.none() | durations),
            returns=None if signal is None else draw(st.none() | schemas),
        )
    if kind == "gate":
        return GateNode(
            **common(draw, id_, available, without=f"{without} returns ensure"),
            ask=draw(texts.filter(lambda text: bool(text.strip()))),
            to=tuple(draw(st.lists(texts.filter(bool), unique=True, max_size=2))),
            covers=tuple(NodeId(one) for one in draw(ids_of(available))),
            bounds=draw(st.dictionaries(ids.map(NodeId), expressions, max_size=2)),
            quorum=draw(st.integers(1, 100)),
            expires_ms=draw(st.none() | durations),
            on_refused=draw(st.sampled_from(["fail", "continue"])),
        )
    of = draw(st.lists(ids, unique=True, min_size=1, max_size=3))
    return FirstOfNode(
        **common(draw, id_, available, without=without), of=tuple(NodeId(one) for one in of)
    )


@st.composite
def graphs(draw: st.DrawFn, depth: int = 0) -> Graph:
    """Make a graph; bodies only use bodies that come before them, so that there is no circle."""
    bodies: dict[str, Graph] = {}
    if depth < 2:
        for name in draw(st.lists(names, unique=True, max_size=2)):
            bodies[name] = draw(graphs(depth=depth + 1))
    available = draw(st.lists(ids, unique=True, max_size=4))
    outputs = draw(st.dictionaries(fields, json_values, max_size=3))
    optional = draw(st.sets(st.sampled_from(sorted(outputs)))) if outputs else set()
    return Graph(
        name=draw(names),
        description=draw(st.just("") | expressions),
        inputs=draw(st.dictionaries(fields, schemas, max_size=2)),
        types=draw(st.dictionaries(names, schemas, max_size=2)),
        defaults=Defaults(timeout_ms=draw(st.none() | durations), retry=draw(st.none() | retries)),
        graphs=bodies,
        nodes={NodeId(id_): draw(nodes(id_, available, list(bodies))) for id_ in available},
        outputs=outputs,
        optional=frozenset(optional),
    )


WORDS = """
interlock name nodes graphs types inputs outputs defaults call map over as key with needs retry
timeout returns propose actions graph when attempts delay value optional a b $ref properties type
secret required minLength repeat carry until max on_max wait for signal gate ask to bounds quorum
expires on_refused first_of undo on_error
"""
trees = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-5, 5), texts, st.floats(-5, 5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(WORDS.split()), inner, max_size=6),
    ),
    max_leaves=30,
)
odd_documents = trees.map(
    lambda tree: {
        "interlock": 1,
        "name": "x",
        **(tree if isinstance(tree, dict) else {"nodes": tree}),
    }
)

DOCUMENT = """\
# A document with everything that can be hard to lay out.
interlock: 1   # the version

name: nightly
types:
    doc: {type: object, properties: {id: {type: string}}, required: [id]}   # types
inputs: {day: {type: string, format: date}}


defaults: &d {timeout: 60s,
  retry: {attempts: 3}}
graphs:   # local
  one:
     inputs: {url: {type: string}}
     # before nodes
     nodes:
        page: {call: http.get, with: {url: '${{ inputs.url }}'}, returns: {type: object}}
        # after page
     outputs: {size: '${{ page.size }}'}
nodes:
  batch:
    call: s3.list
    with:
      day: "${{ inputs.day }}"
      text: |
         # no comment
         two

      folded: >-
        a
        b
      list:
      - a   # la
      - - b
        - {c: d,   # inside
           e: [f]}
      -
        g: 'h
          i'
    when: a > 1
       && b   # continued
  docs:
    map: one
    over: '${{ batch.docs }}'
    key: item.id
# the end of nodes
outputs: {rows: '${{ docs.results }}', maybe: {value: 1, optional: true}}
# last
"""
PIECES = [
    "\n", "  ", " ", "# c\n", "  # c\n", ": ", "- ", "{", "}", "[", "]", ", ", "'", '"',
    "|\n", ">-\n", "|2-\n", "&a ", "*a", "!!str ", "${{ ", " }}", "a: b\n", "\t", "? ",
    "---\n", "...\n", "%YAML 1.2\n", "\\", "\u0000", "é", "\r", "1e9", "null", "<<: ",
    "\u2028", "\ufeff", "key:\n", "- - - x\n", "#",
]  # fmt: skip


@st.composite
def edited(draw: st.DrawFn, base: str = DOCUMENT) -> str:
    """Make a text by a few edits to a good document."""
    text = base
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        cut = draw(st.integers(0, 12))
        text = text[:at] + draw(st.sampled_from(["", *PIECES])) + text[at + cut :]
    return text
