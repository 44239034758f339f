"""Graphs inside graphs: names and types mean what stands around them, as in most languages."""

from typing import Any

import pytest

from interlock.errors import DocumentInvalid
from interlock.graph import load
from interlock.plan import (
    CompiledCall,
    CompiledGraph,
    CompiledGraphNode,
    Limits,
    Plan,
    compile as compile_graph,
)
from unit.plan.world import ACTIONS


def plan_of(text: str, **limits: Any) -> Plan:
    loaded = load("interlock: 1\nname: root\n" + text)
    return compile_graph(loaded.graph, ACTIONS, source=loaded.source, limits=Limits(**limits))


def calls(graph: CompiledGraph) -> list[str]:
    """The actions that a graph calls, with those of graphs inside it."""
    found: list[str] = []
    for node in graph.nodes:
        if isinstance(node, CompiledCall):
            found.append(node.action.name)
        elif isinstance(node, CompiledGraphNode):
            found += calls(node.body)
    return found


def test_a_name_means_the_nearest_graph_around_the_node():
    plan = plan_of("""
graphs:
  one: {nodes: {x: {call: db.count}}}
  two:
    graphs:
      one: {nodes: {x: {call: k8s.get_pods, with: {namespace: a}}}}
    nodes: {x: {graph: one}}
nodes: {a: {graph: one}, b: {graph: two}}
""")
    assert calls(plan.root) == ["db.count", "k8s.get_pods"]


def test_a_body_does_not_see_the_graphs_of_who_uses_it():
    with pytest.raises(DocumentInvalid, match="there is no graph `helper`"):
        plan_of("""
graphs:
  user:
    graphs: {helper: {nodes: {x: {call: db.count}}}}
    nodes: {x: {graph: used}}
  used: {nodes: {x: {graph: helper}}}
nodes: {a: {graph: user}}
""")


def test_a_helper_of_who_uses_a_body_does_not_replace_its_own():
    plan = plan_of("""
graphs:
  user:
    graphs: {helper: {nodes: {x: {call: k8s.get_pods, with: {namespace: a}}}}}
    nodes: {x: {graph: used}}
  used: {nodes: {x: {graph: helper}}}
  helper: {nodes: {x: {call: db.count}}}
nodes: {a: {graph: user}}
""")
    assert calls(plan.root) == ["db.count"]


def test_a_graph_may_hold_another_of_its_name():
    plan = plan_of("""
graphs:
  one:
    graphs: {one: {nodes: {x: {call: db.count}}}}
    nodes: {x: {graph: one}}
nodes: {a: {graph: one}}
""")
    assert calls(plan.root) == ["db.count"]
    assert plan.root.depth == 2


def test_a_body_is_compiled_once():
    plan = plan_of("""
graphs: {one: {nodes: {x: {call: db.count}}}}
nodes: {a: {graph: one}, b: {graph: one}}
""")
    bodies = [node.body for node in plan.root.nodes if isinstance(node, CompiledGraphNode)]
    assert bodies[0] is bodies[1]


def test_problems_of_a_body_are_told_once_and_in_unused_bodies_too():
    with pytest.raises(DocumentInvalid) as caught:
        plan_of("""
graphs:
  one: {nodes: {x: {call: db.cont}}}
  idle: {nodes: {x: {call: db.cnt}}}
nodes: {a: {graph: one}, b: {graph: one}}
""")
    assert [one.pointer for one in caught.value.diagnostics] == [
        "/graphs/one/nodes/x/call",
        "/graphs/idle/nodes/x/call",
    ]


TYPES = """
types: {key: {type: string}, row: {type: object, properties: {id: {$ref: '#/types/key'}}}}
"""


def test_types_mean_what_stands_around_the_graph():
    plan = plan_of(
        TYPES
        + """
graphs:
  inner:
    types: {key: {type: integer}}
    inputs: {key: {$ref: '#/types/key'}, row: {$ref: '#/types/row'}}
    nodes: {x: {call: any.echo, with: {key: '${{ inputs.key }}'}}}
    outputs: {key: '${{ inputs.key }}', row: '${{ inputs.row }}'}
inputs:
  key: {$ref: '#/types/key'}
  row: {$ref: '#/types/row'}
  rows: {type: array, items: {$ref: '#/types/row'}}
nodes:
  a: {graph: inner, with: {key: 1, row: {id: 1}}}
outputs: {row: '${{ a.row }}', rows: '${{ inputs.rows }}'}
"""
    )
    assert plan.root.accepts.accepts({"key": "a", "row": {"id": "x"}, "rows": [{"id": "x"}]})
    assert not plan.root.accepts.accepts({"key": 1, "row": {}, "rows": []})
    assert not plan.root.accepts.accepts({"key": "a", "row": {}, "rows": [{"id": 1}]})
    (node,) = plan.root.nodes
    assert isinstance(node, CompiledGraphNode)
    assert node.body.accepts.accepts({"key": 1, "row": {"id": 2}})
    assert not node.body.accepts.accepts({"key": "a", "row": {}})
    assert not node.body.accepts.accepts({"key": 1, "row": {"id": "x"}})


def test_types_are_checked_along_edges_into_a_body():
    with pytest.raises(DocumentInvalid, match=r"takes integer, but `inputs.key` is string"):
        plan_of(
            TYPES
            + """
graphs:
  inner:
    inputs: {n: {type: integer}}
    nodes: {x: {call: any.echo, with: {n: '${{ inputs.n }}'}}}
inputs: {key: {$ref: '#/types/key'}}
nodes: {a: {graph: inner, with: {n: '${{ inputs.key }}'}}}
"""
        )


def test_a_body_may_be_as_deep_as_the_limit_says():
    text = """
graphs:
  a: {nodes: {x: {call: db.count}}}
  b: {nodes: {x: {graph: a}}}
nodes: {x: {graph: b}}
"""
    assert plan_of(text, depth_max=2).root.depth == 2
    with pytest.raises(DocumentInvalid, match="`depth_max` is 1"):
        plan_of(text, depth_max=1)
