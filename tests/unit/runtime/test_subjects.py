"""Values of data subjects in runs: what is made of them is theirs, and kept under their keys."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Annotated, Any, cast

import pytest
from pydantic import Field

from interlock.actions import Context, Registry, action
from interlock.errors import (
    Divergence,
    DocumentInvalid,
    InputsInvalid,
    InterlockError,
    RunNotResumable,
)
from interlock.graph import load
from interlock.journal import (
    AttemptReturned,
    Entry,
    GateDecided,
    GateOpened,
    NodeSettled,
    Value,
    open_envelope,
    principal_of,
    refs_of,
)
from interlock.plan import Plan, compile as compile_graph
from interlock.replay import verify
from interlock.runtime import (
    Erased,
    RunResult,
    Runtime,
    erase,
    forget,
    forgetting_of,
    overwrite,
    read_entries,
)
from interlock.store import MemoryStore, Store, open_store
from interlock.values import Path, RunId, is_keyed

NAME, MAIL = "Ada Lovelace", "ada@example.org"
CANARIES = (b"Lovelace", b"ada@", b"er 4711", b"Babbage")
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


@action("crm.owner", effect="read")
def owner(
    number: str,
) -> Annotated[dict[str, Any], Field(json_schema_extra={"subject": "value.name"})]:
    """Find whose an order is; what it returns is theirs, in every graph."""
    return {"name": f"owner of {number}"}


@action("llm.owner", effect="read")
def propose_owner() -> dict[str, Any]:
    """Propose a graph that calls an action which says whose its output is."""
    found = {"call": "crm.owner", "with": {"number": "7"}}
    said = {"call": "text.plain", "with": {"text": "${{ found.name }}"}}
    return {
        "interlock": 1,
        "name": "fix",
        "nodes": {"found": found, "said": said},
        "outputs": {"said": "${{ said }}"},
    }


REGISTRY = Registry([find, log, unlog, plain, fails, shouts, propose, owner, propose_owner])
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
        await runtime.approve(run, Path("ok"), reason="go on")
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


def test_a_queued_run_is_taken_up_by_a_worker_with_the_keys_of_its_inputs():
    store, plan = MemoryStore(), planned(EVERYTHING)

    async def main() -> str:
        async with Runtime(store, REGISTRY) as runtime:
            queued = await runtime.enqueue(plan, {"customer": "customer 4711"})
            run = queued.run
            (record,) = store.read(run)
            (ref,) = [ref for ref in refs_of(record.body) if is_keyed(ref)]
            assert b"4711" not in store.values(run, [ref])[ref]
            return (await runtime.resume(run)).status

    assert asyncio.run(main()) == "waiting"


NAMELESS = """
interlock: 1
name: nameless
nodes:
  found:
    call: crm.find
    with: {number: '7'}
    returns: {type: object, subject: value.nobody}
  noted:
    call: crm.log
    with: {text: x}
    returns: {type: object, subject: value.nobody}
outputs: {}
"""


OWNER = """
interlock: 1
name: owner
nodes:
  found: {call: crm.owner, with: {number: '7'}}
outputs: {name: '${{ found.name }}'}
"""
PROPOSED = """
interlock: 1
name: proposed
nodes:
  fix: {propose: llm.owner, actions: ['crm.*', 'text.*'], returns: {type: object}}
outputs: {said: '${{ fix.said }}'}
"""


@pytest.mark.parametrize("text", [OWNER, PROPOSED], ids=["called", "proposed"])
def test_an_action_may_say_whose_it_is_what_it_returns(text: str):
    store = MemoryStore()
    result = asyncio.run(run_of(store, planned(text)))
    assert result.status == "succeeded"
    assert store.subjects.find(names=["owner of 7"])
    assert not [event for event in store.read(result.run) if b"owner of" in event.body]
    entries = list(read_entries(store, result.run))
    for entry in entries:
        for _, value in values_in(entry):
            assert is_keyed(value.ref) or b"owner of" not in value.data
    assert verify(result.run, entries).status == "succeeded"


def test_a_transactional_write_names_nobody():
    text = OWNER.replace("crm.owner", "crm.pay")

    @action("crm.pay", effect="write", transactional=True)
    def pay(
        number: str, ctx: Context
    ) -> Annotated[str, Field(json_schema_extra={"subject": "value"})]:
        """Pay, in a transaction of the journal."""
        assert ctx.transaction
        return number

    with pytest.raises(DocumentInvalid, match=r"IL1124.*transactional"):
        compile_graph(load(text).graph, Registry([pay]))


def test_what_an_action_returns_that_names_nobody_is_not_kept():
    store = MemoryStore()
    result = asyncio.run(run_of(store, planned(NAMELESS)))
    ends = {
        entry.event.path: entry.event
        for entry in read_entries(store, result.run)
        if isinstance(entry.event, NodeSettled)
    }
    assert [ends[Path(name)].status for name in ("found", "noted")] == ["failed", "violated"]
    assert all(end.output is None and end.error for end in ends.values())
    assert not [event for event in store.read(result.run) if MAIL.encode() in event.body]


@action("crm.lost", effect="write")
def lost(text: str) -> str:
    """Write a note, and get no answer."""
    raise ConnectionError


def test_what_a_person_says_of_a_write_in_doubt_is_theirs_whose_values_were_sent():
    store, registry = MemoryStore(), Registry([*REGISTRY, lost])
    text = FREE.replace("text: {type: string}", "text: {type: string, subject: value}")
    plan = compile_graph(load(text.replace("crm.log", "crm.lost")).graph, registry)

    async def main() -> RunResult:
        async with Runtime(store, registry) as runtime:
            asked = await runtime.run(plan, {"text": NAME})
            assert asked.status == "in_doubt"
            output = f"noted for {NAME}"
            return await runtime.resolve(asked.run, Path("noted"), "succeeded", output=output)

    result = asyncio.run(main())
    assert result.status == "succeeded"
    events = store.read(result.run)
    refs = {ref for event in events for ref in refs_of(event.body)}
    stored = [*(event.body for event in events), *store.values(result.run, refs).values()]
    assert not [data for data in stored if NAME.encode() in data]


async def run_of(store: Store, plan: Plan, **inputs: str) -> RunResult:
    async with Runtime(store, REGISTRY) as runtime:
        return await runtime.run(plan, inputs)


def test_inputs_that_name_nobody_start_no_run():
    store = MemoryStore()
    with pytest.raises(InputsInvalid, match="whose `customer` is") as caught:
        asyncio.run(run_of(store, planned(EVERYTHING), customer=" "))
    assert caught.value.hint
    assert store.heads() == []


def test_a_list_without_names_belongs_to_nobody():
    store = MemoryStore()
    text = FREE.replace("text: {type: string}", "text: {type: string, subject: '[]'}")
    result = asyncio.run(run_of(store, planned(text), text="Ada"))
    assert not [event for event in store.read(result.run) if b"hmac-" in event.body]


def test_a_run_without_subjects_is_as_it_was():
    store = MemoryStore()
    result = asyncio.run(run_of(store, planned(FREE), text="Ada"))
    assert not [event for event in store.read(result.run) if b"hmac-" in event.body]
    assert not any(
        value.subjects for e in read_entries(store, result.run) for _, value in values_in(e)
    )


def test_what_says_that_it_is_nobodys_is_refused(everything: tuple[Store, RunId]):
    store, run = everything
    entries = list(read_entries(store, run))
    at = next(at for at, entry in enumerate(entries) if isinstance(entry.event, AttemptReturned))
    returned = cast(AttemptReturned, entries[at].event)
    plain = replace(returned, output=Value.of(returned.output.json))
    entries[at] = replace(entries[at], event=plain)
    with pytest.raises(Divergence, match="belongs to those of its arguments") as caught:
        verify(run, entries)
    assert caught.value.seq == at + 1


def test_a_subject_that_is_on_hold_or_in_an_open_run_is_not_erased():
    store = MemoryStore()
    result = asyncio.run(run_of(store, planned(EVERYTHING), customer="customer 4711"))
    assert result.status == "waiting"
    with pytest.raises(RunNotResumable, match="have not ended"):
        forget(store, "customer 4711", by=BY, rule="", reason="they asked")
    assert store.subjects.find(names=["customer 4711"])
    assert forget(store, "nobody", by=BY, rule="", reason="they asked").key_id is None


def test_without_words_that_were_erased_a_run_is_derived_again(tmp_path: FilePath):
    with closing(open_store(str(tmp_path / "j.db"))) as store:
        run = asyncio.run(lived(store, planned(EVERYTHING)))
        seq = next(
            entry.seq for entry in read_entries(store, run) if isinstance(entry.event, GateDecided)
        )
        done = erase(store, run, {seq: ["reason"]}, by=BY, rule="x", reason="y")
        assert done.event is not None
        assert verify(run, read_entries(store, run)).status == "failed"


@pytest.mark.parametrize("name", ["a\x00b", "a\nb", "x" * 257, "\u00a0"])
def test_a_name_that_cannot_be_one_is_refused_and_not_told(name: str):
    store = MemoryStore()
    with pytest.raises(InputsInvalid, match="gives no name") as caught:
        asyncio.run(run_of(store, planned(EVERYTHING), customer=name))
    assert name not in caught.value.message
