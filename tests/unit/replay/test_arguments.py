"""What a node was called with is derived again: without intents, in closed scopes."""

from interlock.actions import Registry, action
from interlock.graph import load
from interlock.plan import compile as compile_graph
from interlock.replay import call_of_node
from interlock.runtime import Runtime, read_entries
from interlock.store import MemoryStore
from interlock.values import Path

DOCUMENT = """
interlock: 1
name: g
graphs:
  item:
    inputs: {n: {type: integer}}
    nodes: {a: {call: add, with: {n: '${{ inputs.n }}'}}}
    outputs: {n: '${{ a }}'}
nodes:
  all: {map: item, over: '${{ [5, 6] }}', as: n, with: {n: '${{ n }}'}}
  off: {call: add, with: {n: 1}, when: 'false'}
"""


@action(effect="pure")
def add(n: int) -> int:
    return n + 1


async def test_arguments_of_a_node_that_ran_ahead_in_a_scope_that_has_ended():
    registry = Registry([add])
    store = MemoryStore()
    async with Runtime(store, registry) as runtime:
        run = (await runtime.run(compile_graph(load(DOCUMENT).graph, registry))).run
    found = {
        path: call.args.json if call is not None else None
        for path in ("all[0]/a", "all[1]/a", "off", "all", "absent")
        for call in [call_of_node(run, read_entries(store, run), Path(path))]
    }
    assert found == {
        "all[0]/a": {"n": 5},
        "all[1]/a": {"n": 6},
        "off": None,
        "all": None,
        "absent": None,
    }
