"""Documents to graphs: what each field means."""

import pytest
from cel_expr_python import cel

from interlock.errors import Diagnostic, DocumentInvalid
from interlock.graph import (
    RESERVED,
    CallNode,
    Defaults,
    DocumentLimits,
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
    document_schema,
    find_body,
    load,
    read_graph,
    to_document,
    visible_types,
)
from interlock.values import Checker, Json, NodeId

HEAD = "interlock: 1\nname: example\n"


def node(text: str):
    graph = load(f"{HEAD}graphs: {{one: {{nodes: {{}}}}}}\nnodes:\n  a: {{{text}}}\n").graph
    return graph.nodes[NodeId("a")]


A = NodeId("a")
CALLS = [
    ("with: {x: '${{ y }}', z: [1]}", {"with_": {"x": "${{ y }}", "z": [1]}}),
    ("needs: [b, c], after: [d]", {"needs": ("b", "c"), "after": ("d",)}),
    ("when: x > 1", {"when": "x > 1"}),
    ("when: '  ${{  x > 1 }} '", {"when": "x > 1"}),
    ("when: false", {"when": "false"}),
    (
        "require: x, ensure: [y, '${{ z }}', true]",
        {"require": ("x",), "ensure": ("y", "z", "true")},
    ),
    ("timeout: 90s, deadline: 1.5h", {"timeout_ms": 90_000, "deadline_ms": 5_400_000}),
    ("on_error: continue", {"on_error": "continue"}),
    ("on_error: undo", {"on_error": "undo"}),
    ("undo: {call: a.c}", {"undo": Undo(action="a.c")}),
    ("undo: {call: a.c, with: {x: 1}}", {"undo": Undo(action="a.c", with_={"x": 1})}),
    ("retry: {}", {"retry": Retry()}),
    ("retry: {attempts: 3, delay: 0s}", {"retry": Retry(attempts=3, delay_ms=0)}),
    ("retry: {backoff: 1, delay_max: 1m}", {"retry": Retry(backoff=1.0, delay_max_ms=60_000)}),
    ("retry: {feedback: true}", {"retry": Retry(feedback=True)}),
    ("returns: {type: object}", {"returns": {"type": "object"}}),
    ("returns: true", {"returns": True}),
]


@pytest.mark.parametrize("text, fields", CALLS)
def test_fields_of_every_node(text, fields):
    assert node(f"call: a.b, {text}") == CallNode(id=A, action="a.b", **fields)
    if not fields.keys() & {"retry", "timeout_ms"}:
        assert node(f"graph: one, {text}") == GraphNode(id=A, graph="one", **fields)


MAPPED = "map: one, over: x, as: doc, key: doc.id, limit: 5, failures_max: 2"
PROPOSED = "propose: llm.graph, actions: ['k8s.get_*', db.read], repairs_max: 2"
GATE = (
    "gate: {to: [ops], ask: 'Ship?', for: [b], bounds: {b: args.n < 3}, quorum: 2, expires: 4h},"
    " on_refused: continue"
)
ALL_OF_A_GATE = GateNode(
    id=A,
    to=("ops",),
    ask="Ship?",
    covers=(NodeId("b"),),
    bounds={NodeId("b"): "args.n < 3"},
    quorum=2,
    expires_ms=4 * 3_600_000,
    on_refused="continue",
)
KINDS = [
    ("call: http.get", CallNode(id=A, action="http.get")),
    ("graph: one", GraphNode(id=A, graph="one")),
    ("map: one, over: '${{ inputs.x }}'", MapNode(id=A, graph="one", over="inputs.x")),
    (
        MAPPED,
        MapNode(id=A, graph="one", over="x", as_="doc", key="doc.id", limit=5, failures_max=2),
    ),
    ("propose: llm.graph", ProposeNode(id=A, action="llm.graph")),
    (
        PROPOSED,
        ProposeNode(id=A, action="llm.graph", actions=("k8s.get_*", "db.read"), repairs_max=2),
    ),
    (
        "repeat: one, until: result.x, max: 3",
        RepeatNode(id=A, graph="one", until="result.x", max=3),
    ),
    (
        "repeat: one, with: {u: a}, carry: {u: 1}, until: false, max: 3, on_max: last",
        RepeatNode(
            id=A,
            graph="one",
            with_={"u": "a"},
            carry={"u": 1},
            until="false",
            max=3,
            on_max="last",
        ),
    ),
    ("wait: {for: 3d}", WaitNode(id=A, for_ms=3 * 86_400_000)),
    ("wait: {signal: paid}", WaitNode(id=A, signal="paid")),
    (
        "wait: {signal: paid, for: 1m, returns: {type: object}}",
        WaitNode(id=A, signal="paid", for_ms=60_000, returns={"type": "object"}),
    ),
    ("gate: {ask: 'Ship?'}", GateNode(id=A, ask="Ship?")),
    (GATE, ALL_OF_A_GATE),
    ("first_of: [b, c]", FirstOfNode(id=A, of=(NodeId("b"), NodeId("c")))),
]


@pytest.mark.parametrize("text, expected", KINDS)
def test_fields_of_kinds(text, expected):
    assert node(text) == expected


def test_fields_of_graphs():
    graph = load(
        HEAD
        + """
description: what it is for
types: {doc: {type: object}}
inputs: {day: {type: string, default: today}, any: true}
defaults: {timeout: 60s, retry: {attempts: 3}}
nodes: {}
outputs:
  rows: '${{ load.rows }}'
  maybe: {value: '${{ load.rest }}', optional: true}
  sure: {value: 1, optional: false}
  plain: {value: 1}
"""
    ).graph
    assert graph == Graph(
        name="example",
        description="what it is for",
        types={"doc": {"type": "object"}},
        inputs={"day": {"type": "string", "default": "today"}, "any": True},
        defaults=Defaults(timeout_ms=60_000, retry=Retry(attempts=3)),
        outputs={
            "rows": "${{ load.rows }}",
            "maybe": "${{ load.rest }}",
            "sure": 1,
            "plain": {"value": 1},
        },
        optional=frozenset({"maybe"}),
    )


# --- names of bodies and types


BODIES = (
    HEAD
    + """
types: {t: {type: string}}
graphs:
  one: {nodes: {a: {graph: two}}}
  two:
    types: {t: {type: integer}}
    graphs: {one: {name: other, nodes: {}}}
    inputs: {x: {$ref: '#/types/t'}}
    nodes: {b: {graph: one}}
nodes: {start: {graph: one}}
"""
)


def test_a_name_means_the_nearest_graph():
    graph = load(BODIES).graph
    one = find_body("one", (graph,))
    assert one is not None
    two = find_body("two", one)
    assert two is not None
    inner = find_body("one", two)
    assert inner is not None
    assert [body.name for body in inner] == ["example", "two", "other"]
    assert find_body("three", two) is None


def test_inner_types_hide_outer_ones():
    graph = load(BODIES).graph
    assert visible_types((graph,)) == {"t": {"type": "string"}}
    assert visible_types((graph, graph.graphs["two"])) == {"t": {"type": "integer"}}


def test_many_uses_of_few_bodies_are_no_cycle_and_take_no_time():
    bodies = "".join(
        f"  g{n}: {{nodes: {{a: {{graph: g{n + 1}}}, b: {{graph: g{n + 1}}}}}}}\n"
        for n in range(60)
    )
    graph = load(
        f"{HEAD}graphs:\n{bodies}  g60: {{nodes: {{}}}}\nnodes: {{x: {{graph: g0}}}}\n"
    ).graph
    assert len(graph.graphs) == 61


# --- places of problems


@pytest.mark.parametrize(
    "line, pointer, length",
    [
        ("when: x.yy", "/nodes/a/when", 2),
        ("when: '${{ x.yy }}'", "/nodes/a/when", 2),
        ("when: '  ${{   x.yy   }}'", "/nodes/a/when", 2),
        ('require: [true, "  x.yy "]', "/nodes/a/require/1", 2),
    ],
)
def test_marks_fall_on_the_expression_inside_its_scalar(line, pointer, length):
    text = f"{HEAD}nodes:\n  a: {{call: a.b, {line}}}\n"
    source = load(text).source
    problem = Diagnostic(code="IL2003", message="", hint="", pointer=pointer, span=(2, 2 + length))
    place = source.place(problem)
    assert place is not None
    assert text.splitlines()[place.line - 1][place.column - 1 :][:2] == "yy"


def test_problems_come_in_the_order_of_the_text():
    with pytest.raises(DocumentInvalid) as caught:
        load(f"{HEAD}nodes:\n  b: {{x: 1}}\n  a: {{y: 1}}\nzz: 1\ntypes: 5\n")
    source = caught.value.source
    assert source is not None
    places = [source.place(problem) for problem in caught.value.diagnostics]
    lines = [place.line for place in places if place]
    assert lines == sorted(lines)
    assert len(lines) == 4


# --- limits


def test_too_many_nodes_are_refused_wherever_they_stand():
    limits = DocumentLimits(nodes_max=3)
    two = "{nodes: {a: {call: a.b}, b: {call: a.b}}}"
    load(f"{HEAD}graphs: {{x: {two}}}\nnodes: {{}}\n", limits=limits)
    with pytest.raises(DocumentInvalid, match="IL5005"):
        load(f"{HEAD}graphs: {{x: {two}, y: {two}}}\nnodes: {{}}\n", limits=limits)


def test_reading_stops_at_too_many_problems():
    nodes = "".join(f"  n{index}: {{cal: a.b}}\n" for index in range(50))
    with pytest.raises(DocumentInvalid) as caught:
        load(f"{HEAD}nodes:\n{nodes}", limits=DocumentLimits(problems_max=7))
    assert [problem.code for problem in caught.value.diagnostics].count("IL1104") == 7
    assert "IL5006" in {problem.code for problem in caught.value.diagnostics}


def test_warnings_alone_refuse_nothing():
    inputs = "".join(f"  i{index}: {{typ: string}}\n" for index in range(500))
    loaded = load(f"{HEAD}inputs:\n{inputs}nodes: {{}}\n")
    assert {problem.severity for problem in loaded.warnings} == {"warning"}
    assert len(loaded.warnings) <= DocumentLimits().problems_max


# --- the canonical document and its schema


def test_the_canonical_document_is_minimal():
    graph = load(
        HEAD
        + """
defaults: {}
graphs: {one: {name: one, nodes: {}}}
nodes:
  a:
    {call: a.b, with: {}, needs: [], when: '${{ x }}', require: [y], retry: {attempts: 1},
     timeout: 60000ms, on_error: fail}
  b: {map: one, over: '${{ x }}', as: item, failures_max: 0}
outputs: {}
"""
    ).graph
    assert to_document(graph) == {
        "interlock": 1,
        "name": "example",
        "graphs": {"one": {"nodes": {}}},
        "nodes": {
            "a": {"call": "a.b", "when": "x", "require": "y", "retry": {}, "timeout": "1m"},
            "b": {"map": "one", "over": "x"},
        },
    }


def test_an_output_that_looks_like_a_declaration_survives():
    graph = Graph(name="x", outputs={"a": {"value": 1, "optional": True}})
    again, problems = read_graph(to_document(graph))
    assert (again, problems) == (graph, ())


def test_the_schema_accepts_the_graph_of_the_tests():
    checker = Checker(document_schema())
    assert checker.problems(to_document(load(BODIES).graph)) == ()


@pytest.mark.parametrize(
    "change",
    [
        {"interlock": 2},
        {"name": "a b"},
        {"nodes": {"list": {"call": "a.b"}}},
        {"nodes": {"a": {}}},
        {"nodes": {"a": {"call": "a.b", "propose": "a.b"}}},
        {"nodes": {"a": {"call": "a.b", "over": "x"}}},
        {"nodes": {"a": {"map": "one"}}},
        {"nodes": {"a": {"call": "a.b", "timeout": "5"}}},
        {"nodes": {"a": {"gate": {}}}},
        {"steps": {}},
    ],
)
def test_the_schema_and_the_reader_refuse_the_same(change):
    tree = {"interlock": 1, "name": "example", "nodes": {}, **change}
    assert not Checker(document_schema()).accepts(tree)
    assert read_graph(tree)[0] is None


# --- reserved words


def usable(word: str) -> bool:
    """Say whether expressions can use a variable of this name."""
    env = cel.NewEnv(variables={word: cel.Type.DYN})
    found = env.compile(f"{word}.x.y == 3").eval(data={word: {"x": {"y": 3}}})
    return found.plain_value() is True


ENGINE_WORDS = sorted(RESERVED - {"args", "inputs", "nodes", "result", "secrets", "status"})


@pytest.mark.parametrize("word", [word for word in ENGINE_WORDS if word != "optional_type"])
def test_reserved_words_do_not_compile(word):
    # The engine has no error class of its own.
    with pytest.raises(Exception, match=r"reserved identifier|Syntax error|ALREADY_EXISTS|select"):
        usable(word)


@pytest.mark.parametrize(
    "word", ["size", "has", "all", "item", "output", "duration", "in_", "nodes2"]
)
def test_words_that_are_not_reserved_compile(word):
    assert word not in RESERVED
    assert usable(word)


@pytest.mark.parametrize("word", sorted(RESERVED))
def test_the_hint_proposes_an_id_that_is_free(word):
    page: Json = {"call": "a.b"}
    graph, problems = read_graph(
        {"interlock": 1, "name": "x", "nodes": {word: page, f"{word}_node": page}}
    )
    assert graph is None
    proposed = problems[0].hint.split("`")[1]
    assert proposed != f"{word}_node"
    nodes: Json = {proposed: page, f"{word}_node": page}
    assert read_graph({"interlock": 1, "name": "x", "nodes": nodes})[1] == ()
