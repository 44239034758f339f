"""Nodes that go round, wait, ask and choose: what they are compiled to."""

import pytest

from interlock.actions import Registry, action
from interlock.errors import DocumentInvalid
from interlock.graph import load
from interlock.plan import (
    AnyCompiledNode,
    CompiledFirstOf,
    CompiledGate,
    CompiledRepeat,
    CompiledWait,
    Plan,
    compile as compile_graph,
    restore,
)
from interlock.values import NodeId, covers
from unit.plan.world import ACTIONS

HEAD = """
interlock: 1
name: flow
inputs: {day: {type: string, format: date}}
graphs:
  one:
    inputs: {url: {type: string, format: uri}, tries: {type: integer, default: 3}}
    nodes:
      page: {call: page.size, with: {url: '${{ inputs.url }}'}}
    outputs: {size: '${{ page.size }}', next: 'https://b.example'}
nodes:
  batch: {call: s3.list, with: {day: '${{ inputs.day }}'}}
"""


def plan_of(text: str) -> Plan:
    plan = compile_graph(load(HEAD + text).graph, ACTIONS)
    again = restore(plan.document, plan.manifests)
    assert (again.digest, again.root.positions) == (plan.digest, plan.root.positions)
    return plan


def node_of(plan: Plan, id_: str) -> AnyCompiledNode:
    return plan.root.nodes[plan.root.positions[NodeId(id_)]]


def test_a_repeat_carries_what_it_does_not_name():
    plan = plan_of(
        """
  round:
    repeat: one
    with: {url: 'https://a.example', tries: '${{ size(batch.docs) }}'}
    carry: {url: '${{ result.next }}'}
    until: result.size > 3
    max: 4
    on_max: last
outputs: {size: '${{ round.size }}', turns: '${{ round.turns }}'}
"""
    )
    node = node_of(plan, "round")
    assert isinstance(node, CompiledRepeat)
    assert (node.max, node.on_max, node.body.name) == (4, "last", "one")
    assert node.arguments.tree == {
        "url": "https://a.example",
        "tries": "${{ size(batch.docs) }}",
    }
    assert node.carry.tree == {"url": "${{ result.next }}", "tries": "${{ size(batch.docs) }}"}
    assert node.carry.evaluate({"result": {"next": "x"}, "batch": {"docs": []}})
    assert node.until.condition({"result": {"size": 4}})
    assert node.strict == (plan.root.positions[NodeId("batch")],)
    assert plan.root.depth == 1
    turns = {"type": "object", "properties": {"turns": {"type": "integer"}}, "required": ["turns"]}
    assert covers(turns, plan.root.outputs_schema) == "yes"


def test_a_repeat_waits_for_what_its_carry_and_until_read():
    plan = plan_of(
        """
  other: {call: s3.list, with: {day: '${{ inputs.day }}'}}
  round:
    repeat: one
    with: {url: 'https://a.example'}
    carry: {tries: '${{ size(batch.docs) }}'}
    until: result.size > 3 || nodes.other.status == 'failed'
    max: 4
"""
    )
    node = node_of(plan, "round")
    assert node.roots == (("batch", node_of(plan, "batch").index),)
    assert node.status_roots == (("other", node_of(plan, "other").index),)


def test_waits():
    plan = plan_of(
        """
  pause: {wait: {for: 3d}}
  paid:
    wait:
      signal: paid
      for: 1h
      returns: {type: object, properties: {cents: {type: integer}}, required: [cents]}
    needs: [pause]
outputs: {cents: '${{ paid.cents }}', nothing: '${{ pause }}'}
"""
    )
    pause, paid = node_of(plan, "pause"), node_of(plan, "paid")
    assert isinstance(pause, CompiledWait)
    assert isinstance(paid, CompiledWait)
    assert (pause.signal, pause.for_ms) == (None, 3 * 86_400_000)
    assert (paid.signal, paid.for_ms, paid.strict) == ("paid", 3_600_000, (pause.index,))
    assert pause.returns is not None
    assert not pause.returns.accepts(1)
    assert paid.returns is not None
    assert not paid.returns.accepts({"cents": "1"})


def test_a_gate_covers_the_writes_and_scopes_that_need_it():
    plan = plan_of(
        """
  ok: {gate: {ask: 'Ship ${{ size(batch.docs) }}?', to: [ops], quorum: 2, expires: 4h}}
  write: {call: db.load, with: {rows: []}, needs: [ok]}
  read: {call: s3.list, with: {day: '${{ inputs.day }}'}, needs: [ok]}
  inner: {graph: one, with: {url: '${{ batch.docs[0].url }}'}, needs: [ok]}
  later: {call: db.load, with: {rows: []}, needs: [write]}
"""
    )
    gate = node_of(plan, "ok")
    assert isinstance(gate, CompiledGate)
    assert (gate.to, gate.quorum, gate.expires_ms) == (("ops",), 2, 4 * 3_600_000)
    assert gate.on_refused == "fail"
    covered = [plan.root.nodes[each.index].id for each in gate.covers]
    assert covered == ["inner", "write"]
    assert {node.id for node in plan.root.nodes if node.gates} == {"inner", "write"}
    assert node_of(plan, "write").gates == (gate.index,)
    assert gate.ask.evaluate({"batch": {"docs": [1]}}) == "Ship 1?"


def test_a_gate_covers_what_it_names_and_bounds():
    plan = plan_of(
        """
  first: {gate: {ask: 'Ship?', for: [late, read], bounds: {late: 'size(args.url) < 90'}}}
  second: {gate: {ask: 'Really?', for: [late], bounds: {late: 'inputs.day != args.url'}}}
  read: {call: s3.list, with: {day: '${{ inputs.day }}'}, needs: [first, second]}
  late: {graph: one, with: {url: '${{ read.docs[0].url }}'}}
"""
    )
    first, second, late = node_of(plan, "first"), node_of(plan, "second"), node_of(plan, "late")
    assert isinstance(first, CompiledGate)
    assert isinstance(second, CompiledGate)
    assert late.gates == (first.index, second.index)
    bounds = {str(plan.root.nodes[each.index].id): each.bound for each in first.covers}
    assert bounds["read"] is None
    assert bounds["late"] is not None
    assert bounds["late"].condition({"args": {"url": "x"}})


REFUSED = """
  ok: {gate: {ask: 'Ship?'}, on_refused: %s}
  write: {call: db.load, with: {rows: []}, needs: [ok]}
outputs: {verdict: '${{ ok.verdict }}', write: '${{ write }}'}
"""


def test_a_refused_gate_that_lets_go_on_makes_what_needs_it_optional():
    plan_of(REFUSED % "fail")
    with pytest.raises(DocumentInvalid) as caught:
        plan_of(REFUSED % "continue")
    whole = "may be refused: it has `on_refused: continue`"
    assert [each.message for each in caught.value.diagnostics] == [
        f"output `verdict` needs `ok`, which {whole}",
        f"output `write` needs `write`, which needs `ok`, which {whole}",
    ]


def test_a_first_of_reads_leniently_and_yields_any():
    plan = plan_of(
        """
  fast: {graph: one, with: {url: 'https://a.example'}, on_error: continue}
  slow: {graph: one, with: {url: 'https://b.example'}, when: inputs.day != '', on_error: continue}
  other: {wait: {for: 1s}}
  found: {first_of: [slow, fast]}
  mixed: {first_of: [slow, other]}
outputs: {size: '${{ found.size }}', mixed: '${{ mixed }}'}
"""
    )
    found, mixed = node_of(plan, "found"), node_of(plan, "mixed")
    assert isinstance(found, CompiledFirstOf)
    slow, fast = node_of(plan, "slow").index, node_of(plan, "fast").index
    assert (found.of, found.strict, set(found.lenient)) == ((slow, fast), (), {slow, fast})
    assert covers({"type": "object"}, found.returns_schema) == "yes"
    assert covers({"type": ["object", "null"]}, mixed.returns_schema) == "yes"
    assert covers({"type": "object"}, mixed.returns_schema) != "yes"


def test_an_undo_reads_its_node_and_what_that_waits_for():
    plan = plan_of(
        """
  load:
    call: db.load
    with: {rows: []}
    on_error: undo
    undo:
      call: db.load
      with: {rows: "${{ batch.docs.map(d, {'id': d.id, 'size': load.rows + result.rows}) }}"}
  sub:
    graph: one
    with: {url: 'https://a.example'}
    undo: {call: any.echo, with: {x: '${{ result }}'}}
"""
    )
    load, sub = node_of(plan, "load"), node_of(plan, "sub")
    batch = node_of(plan, "batch").index
    assert load.strict == (batch,)
    assert load.undo is not None
    assert (load.undo.id, load.undo.index) == ("load!undo", load.index)
    assert load.undo.roots == (("batch", batch), ("load", load.index))
    assert (load.undo.action.name, load.undo.ahead) == ("db.load", False)
    assert load.on_error == "undo"
    assert sub.undo is not None
    assert sub.undo.arguments.evaluate({"result": {"size": 3}}) == {"x": {"size": 3}}
    assert plan.root.undoable
    assert set(plan.actions) == {"any.echo", "db.load", "page.size", "s3.list"}


def unpay(account: str, result: str, reason: str = "undone") -> None: ...


@action(effect="write", undo=unpay)
def pay(account: str, cents: int = 5) -> str:
    return f"{account}{cents}"


@pytest.mark.parametrize("restored", [False, True])
def test_the_undo_of_an_action_undoes_its_nodes(restored):
    text = "interlock: 1\nname: x\nnodes: {pay: {call: pay, with: {account: a}}}"
    plan = compile_graph(load(text).graph, Registry([pay]))
    plan = restore(plan.document, plan.manifests) if restored else plan
    undo = plan.root.nodes[0].undo
    assert undo is not None
    assert undo.action.name == "pay.undo"
    scope = {"result": "r", "args": {"account": "a", "cents": 5}}
    assert undo.arguments.evaluate(scope) == {"account": "a", "result": "r"}
    assert plan.root.undoable
