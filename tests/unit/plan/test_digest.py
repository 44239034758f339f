"""The digest of a plan: changes of meaning change it, changes of layout do not."""

from typing import Any

import pytest

from interlock.actions import Manifest
from interlock.graph import format_document, load, read_graph
from interlock.plan import Limits, Plan, compile as compile_graph
from unit.plan.world import ACTIONS

TEXT = """\
interlock: 1
name: release
types:
  doc: {type: object, properties: {id: {type: string}}, required: [id]}
inputs:
  day: {type: string, format: date}
  rest: {type: integer, default: 3}
defaults: {timeout: 30s}
graphs:
  one:
    inputs: {url: {type: string, format: uri}}
    nodes:
      page: {call: page.size, with: {url: '${{ inputs.url }}'}}
    outputs: {size: '${{ page.size }}'}
nodes:
  batch: {call: s3.list, with: {day: '${{ inputs.day }}'}, retry: {attempts: 3}}
  docs:
    map: one
    over: batch.docs
    as: doc
    key: doc.id
    limit: 5
    with: {url: '${{ doc.url }}'}
    needs: [gate]
  gate: {call: db.count, when: inputs.rest > 1, ensure: [result >= 0, result < 100]}
  fix: {propose: llm.graph, with: {goal: work}, actions: ['k8s.*'], repairs_max: 1}
  note: {call: any.echo, with: {n: 1, list: [1, 2], text: '${{ docs.count }}'}, after: [fix]}
outputs:
  count: {value: '${{ docs.count }}', optional: true}
  one: {value: 1, optional: false}
"""


def plan_of(text: str) -> Plan:
    loaded = load(text)
    return compile_graph(loaded.graph, ACTIONS, source=loaded.source)


PLAN = plan_of(TEXT)

SAME = {
    "a default of `optional`": ("{value: 1, optional: false}", "1"),
    "a comment": ("name: release", "name: release  # the big one"),
    "block style": ("defaults: {timeout: 30s}", "defaults:\n  timeout: 30s"),
    "another unit": ("timeout: 30s", "timeout: 30000ms"),
    "quotes": ("goal: work", "goal: 'work'"),
    "an expression in braces": ("over: batch.docs", "over: '${{ batch.docs }}'"),
    "a default of `on_error`": ("after: [fix]", "after: [fix], on_error: fail"),
    "a default of `failures_max`": ("limit: 5", "limit: 5\n    failures_max: 0"),
    "a default of `retry`": ("attempts: 3}", "attempts: 3, delay: 100ms, backoff: 2}"),
    "an empty list": ("after: [fix]", "after: [fix], needs: []"),
    "a list of one condition": ("when: inputs.rest > 1", "when: '${{ inputs.rest > 1 }}'"),
    "a float that is whole": ("n: 1,", "n: 1.0,"),
}

OTHER = {
    "the name": ("name: release", "name: releases"),
    "an action": ("call: db.count", "call: any.echo"),
    "an argument": ("n: 1,", "n: 2,"),
    "the type of an argument": ("n: 1,", "n: '1',"),
    "the order of a list": ("[1, 2]", "[2, 1]"),
    "an expression": ("docs.count }}'}, after", "docs.failed }}'}, after"),
    "a condition": ("inputs.rest > 1", "inputs.rest >= 1"),
    "the order of conditions": ("result >= 0, result < 100", "result < 100, result >= 0"),
    "one condition less": ("[result >= 0, result < 100]", "[result >= 0]"),
    "`needs`": ("    needs: [gate]\n", ""),
    "`after`": (", after: [fix]", ""),
    "`after` that becomes `needs`": ("after: [fix]", "needs: [fix]"),
    "retries": ("attempts: 3", "attempts: 4"),
    "a timeout": ("timeout: 30s", "timeout: 31s"),
    "`on_error`": ("after: [fix]", "after: [fix], on_error: continue"),
    "a limit": ("limit: 5", "limit: 6"),
    "a key": ("key: doc.id", "key: doc.url"),
    "`as`": ("as: doc", "as: doc_2"),
    "patterns": ("'k8s.*'", "'k8s.get_*'"),
    "repairs": ("repairs_max: 1", "repairs_max: 2"),
    "the schema of an input": ("format: date}", "format: date, maxLength: 10}"),
    "a default of an input": ("default: 3", "default: 4"),
    "a body": ("'${{ page.size }}'", "'${{ page.id }}'"),
    "an output": ("count: {value", "counts: {value"),
    "`optional`": ("optional: false", "optional: true"),
    "`returns`": ("after: [fix]", "after: [fix], returns: {type: object}"),
    "a node": ("  note:", "  more: {call: db.count}\n  note:"),
    "an id": ("  note:", "  notes:"),
}


@pytest.mark.parametrize("old,new", SAME.values(), ids=SAME.keys())
def test_layout_does_not_count(old: str, new: str):
    assert TEXT.count(old) == 1
    assert plan_of(TEXT.replace(old, new)).digest == PLAN.digest


@pytest.mark.parametrize("old,new", OTHER.values(), ids=OTHER.keys())
def test_meaning_counts(old: str, new: str):
    assert TEXT.count(old) == 1
    text = TEXT.replace(old, new).replace("doc.", "doc_2." if "doc_2" in new else "doc.")
    changed = plan_of(text)
    assert changed.digest != PLAN.digest
    assert changed.graph_digest != PLAN.graph_digest


def test_the_canonical_layout_is_the_same_plan():
    assert plan_of(format_document(TEXT)).digest == PLAN.digest
    graph, _ = read_graph(PLAN.document.json)
    assert graph is not None
    assert compile_graph(graph, ACTIONS).digest == PLAN.digest


def test_the_order_of_nodes_does_not_count():
    tree: Any = load(TEXT).tree
    tree["nodes"] = dict(reversed(tree["nodes"].items()))
    graph, _ = read_graph(tree)
    assert graph is not None
    assert compile_graph(graph, ACTIONS).digest == PLAN.digest


def manifests_with(name: str, **changed: Any) -> dict[str, Manifest]:
    manifests = dict(ACTIONS.manifests)
    known = {**manifests[name].to_json(), **changed}
    return {**manifests, name: Manifest(**known)}


@pytest.mark.parametrize(
    "changed",
    [
        {"version": "2"},
        {"effect": "write"},
        {"returns": {"type": "integer", "minimum": 0}},
        {"description": "d"},
    ],
)
def test_another_manifest_of_an_action_in_use_is_another_plan(changed: dict[str, Any]):
    graph = load(TEXT).graph
    assert compile_graph(graph, manifests_with("db.count", **changed)).digest != PLAN.digest


def test_an_action_that_is_not_used_does_not_count():
    graph = load(TEXT).graph
    assert compile_graph(graph, manifests_with("mail.send", version="2")).digest == PLAN.digest


def test_an_action_that_a_proposal_may_use_counts():
    graph = load(TEXT).graph
    assert compile_graph(graph, manifests_with("k8s.get_logs", version="2")).digest != PLAN.digest


def test_other_limits_are_another_plan():
    graph = load(TEXT).graph
    assert compile_graph(graph, ACTIONS, limits=Limits()).digest == PLAN.digest
    assert compile_graph(graph, ACTIONS, limits=Limits(items_max=5)).digest != PLAN.digest
