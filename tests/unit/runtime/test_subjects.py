"""Values of data subjects in runs: what is made of them is theirs, and kept under their keys."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path as FilePath
from typing import Any

import pytest

from interlock.actions import Context, Registry, action
from interlock.errors import InterlockError
from interlock.graph import load
from interlock.journal import Entry, GateOpened, NodeSettled, Value, open_envelope, principal_of
from interlock.plan import Plan, compile as compile_graph
from interlock.replay import verify
from interlock.runtime import Erased, Runtime, forget, forgetting_of, overwrite, read_entries
from interlock.store import MemoryStore, Store, open_store
from interlock.values import Path, RunId, is_keyed

NAME, MAIL = "Ada Lovelace", "ada@example.org"
CANARIES = (b"Lovelace", b"ada@", b"4711", b"Babbage")
PERSON = "{type: object, properties: {id: {type: string}, name: {type: string}}, required: [id]}"


@action("crm.find", effect="read")
def find(number: str) -> dict[str, Any]:
    """Find a customer."""
    return {"id": number, "name": NAME, "mail": MAIL}


@action("crm.log", effect="write")
def log(text: str) -> dict[str, Any]:
    """Write a note, and say it again."""
    return {"noted": text}


@action("crm.unlog", effect="write")
def unlog(text: str) -> None:
    """Take a note back."""


@action("text.plain", effect="pure")
def plain(text: str) -> str:
    """Give a text back."""
    return text


@action("text.fails", effect="read")
def fails(text: str) -> str:
    """Fail, and tell nothing."""
    raise ValueError


@action("llm.graph", effect="read")
def propose(goal: str, ctx: Context) -> dict[str, Any]:
    """Propose a graph that has the goal written out in it."""
    assert ctx.attempt_no
    return {
        "interlock": 1,
        "name": "fix",
        "nodes": {"said": {"call": "text.plain", "with": {"text": goal}}},
        "outputs": {"said": "${{ said }}"},
    }


@action("text.shouts", effect="read")
def shouts(text: str) -> str:
    """Fail, and tell all."""
    raise ValueError(text)


REGISTRY = Registry([find, log, unlog, plain, fails, shouts, propose])
EVERYTHING = """
interlock: 1
name: all
inputs:
  customer: {type: string, subject: value}
graphs:
  one:
    inputs: {text: {type: string}}
    nodes:
      said: {call: text.plain, with: {text: '${{ inputs.text }}'}}
    outputs: {text: '${{ said }}', done: true}
nodes:
  found:
    call: crm.find
    with: {number: '${{ inputs.customer }}'}
    returns:
      type: object
      properties: {name: {type: string}}
      required: [name]
      subject: value.name
  many: {map: one, over: '[found.name, "x"]', as: each, with: {text: '${{ each }}'}}
  again:
    repeat: one
    with: {text: '${{ found.name }}'}
    carry: {text: '${{ result.text }}'}
    until: result.text == 'never'
    max: 2
    on_max: last
  inner: {graph: one, with: {text: '${{ found.name }}'}}
  fix:
    propose: llm.graph
    with: {goal: '${{ found.name }}'}
    actions: ['text.*']
    returns: {type: object}
  broken: {call: text.fails, with: {text: '${{ found.name }}'}, on_error: continue}
  picked: {first_of: [broken, inner]}
  seen:
    call: text.plain
    with: {text: "${{ nodes.inner.status == 'succeeded' ? nodes.inner.output.text : '' }}"}
  ok: {gate: {for: [noted], ask: 'Write to ${{ found.name }}?'}}
  noted:
    call: crm.log
    with: {text: 'Dear ${{ found.name }}'}
    needs: [ok]
    undo: {call: crm.unlog, with: {text: '${{ result.noted }}'}}
  heard:
    wait:
      signal: paid
      returns:
        type: object
        properties: {by: {type: string}}
        required: [by]
        subject: value.by
  told: {call: text.plain, with: {text: '${{ heard.by }}'}}
  end: {call: text.fails, with: {text: '${{ told }}'}, needs: [noted], on_error: undo}
outputs: {}
"""
LOUD = EVERYTHING.replace("call: text.fails", "call: text.shouts").replace(
    "as: each", "as: each, key: each"
)
"""The same, with names in messages and in paths of items."""

FREE = """
interlock: 1
name: free
inputs: {text: {type: string}}
nodes:
  said: {call: text.plain, with: {text: '${{ inputs.text }}'}}
  noted: {call: crm.log, with: {text: '${{ said }}'}}
outputs: {said: '${{ said }}'}
"""


def planned(text: str) -> Plan:
    return compile_graph(load(text).graph, REGISTRY)


def values_in(entry: Entry) -> Iterator[tuple[str, Value]]:
    for name in ("inputs", "args", "output", "ask", "covers", "payload", "document"):
        value = getattr(entry.event, name, None)
        if isinstance(value, Value):
            yield name, value


async def lived(store: Store, plan: Plan, customer: str = "customer 4711") -> RunId:
    """Live a run to its end, with a person who approves and somebody who pays."""
    async with Runtime(store, REGISTRY) as runtime:
        found = await runtime.run(plan, {"customer": customer})
        run = found.run
        await runtime.approve(run, Path("ok"))
        await runtime.signal(run, "paid", {"by": "Charles Babbage"})
        return run


@pytest.fixture(scope="module")
def everything() -> tuple[Store, RunId]:
    store = MemoryStore()
    return store, asyncio.run(lived(store, planned(EVERYTHING)))


def test_all_that_is_made_of_their_values_is_kept_under_their_keys(
    everything: tuple[Store, RunId],
):
    store, run = everything
    entries = list(read_entries(store, run))
    assert {entry.event.type for entry in entries} >= {
        *("RunStarted", "NodeSettled", "AttemptStarted", "AttemptReturned", "AttemptFailed"),
        *("GateOpened", "SignalReceived", "ProposalAccepted", "RunSettled"),
    }
    for entry in entries:
        for name, value in values_in(entry):
            plain = not any(canary in value.data for canary in CANARIES)
            assert plain or is_keyed(value.ref), (entry.seq, name)


def test_nothing_of_them_is_stored_in_the_clear(everything: tuple[Store, RunId]):
    store, run = everything
    events = store.read(run)
    refs = {value.ref for entry in read_entries(store, run) for _, value in values_in(entry)}
    stored = [*(event.body for event in events), *store.values(run, refs).values()]
    assert not [data for data in stored for canary in CANARIES if canary in data]


def test_calls_with_their_values_have_keyed_digests(everything: tuple[Store, RunId]):
    store, run = everything
    entries = list(read_entries(store, run))
    keys = [key for entry in entries if (key := getattr(entry.event, "call_key", None))]
    assert len(keys) > 10
    events = [entry.event for entry in entries]
    gates = {event.binding for event in events if isinstance(event, GateOpened)}
    assert all(is_keyed(key) for key in set(keys) - gates)


def test_a_value_belongs_to_those_of_all_that_it_is_made_of(everything: tuple[Store, RunId]):
    store, run = everything
    names = ("customer 4711", NAME, "Charles Babbage")
    first, second, third = (store.subjects.find(names=[name])[0].id for name in names)
    settled = [entry.event for entry in read_entries(store, run)]
    owners = {
        event.path: set(event.output.subjects.keys)
        for event in settled
        if isinstance(event, NodeSettled) and event.output and event.output.subjects
    }
    assert owners[Path("found")] == {first, second}
    assert owners[Path("noted")] == {first, second}
    assert owners[Path("many[1]/said")] == {first, second}
    assert owners[Path("picked")] == {first, second}
    assert owners[Path("heard")] == {third}
    assert owners[Path("told")] == {first, third}


def test_it_is_derived_again_from_the_journal_and_not_without_a_key(
    everything: tuple[Store, RunId],
):
    store, run = everything
    assert verify(run, read_entries(store, run)).status == "failed"


def bytes_of(folder: FilePath) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


BY = principal_of("dpo")


def test_nothing_of_an_erased_subject_is_left(tmp_path: FilePath):
    store = open_store(str(tmp_path / "j.db"))
    with closing(store):
        run = asyncio.run(lived(store, planned(LOUD)))
        other = asyncio.run(lived(store, planned(EVERYTHING), customer="somebody else"))
        (key,) = store.subjects.find(names=["customer 4711"])
        (ada,) = store.subjects.find(names=[NAME])
        traces = [key.key, key.name.encode()]
        assert [event for event in store.read(run) if NAME.encode() in event.body]
        assert all(trace in bytes_of(tmp_path) for trace in traces)
        told = list[RunId]()
        forget(store, key.name, by=BY, rule="Art. 17", reason="they asked", tell=told_of(told))
        assert told == [run]
        assert overwrite(store)
        assert not [trace for trace in traces if trace in bytes_of(tmp_path)]
        assert verify(other, read_entries(store, other)).status == "failed"
        last = store.read(run)[-1]
        assert open_envelope(last.body)["type"] == "PartsErased"
        assert b"Art. 17" in last.body
        assert forgetting_of(store, key.name).key_id is None
        # What was made of both died with one of them; her name stays with her key, and in what
        # the other run has of her in words, until she is erased as well.
        assert not [event for event in store.read(run) if NAME.encode() in event.body]
        forget(store, NAME, by=BY, rule="Art. 17", reason="she asked", tell=told_of(told))
        assert told == [run, other]
        assert overwrite(store)
        traces += [ada.key, NAME.encode()]
        assert not [trace for trace in traces if trace in bytes_of(tmp_path)]
        with pytest.raises(InterlockError):
            verify(run, read_entries(store, run))
    assert not [trace for trace in traces if trace in bytes_of(tmp_path)]


def told_of(runs: list[RunId]) -> Callable[[Erased], None]:
    return lambda erased: runs.append(erased.removal.head.run)
