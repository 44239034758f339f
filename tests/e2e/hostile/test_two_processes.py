"""Two processes on one journal: a run has one driver, and who was followed appends nothing."""

import signal
import sqlite3
from collections import Counter
from contextlib import closing

import pytest

from e2e.hostile.world import Turn, World

ACTIONS = """\
from interlock import Registry, action


@action("step.write", effect="write")
def write(name: str) -> str:
    note(f"{name} began")
    said = gate(name)
    note(f"{name} done")
    return said


@action("step.keyed", effect="write", key="name")
def keyed(name: str) -> str:
    note(f"{name} began")
    return gate(name)


@action("item.write", effect="write")
def item(number: int) -> int:
    note(f"{number}", "items")
    return number


registry = Registry([write, keyed, item])
"""

GRAPH = """interlock: 1
name: steps
nodes:
  first: {call: step.write, with: {name: first}}
  second: {call: step.write, with: {name: second}, needs: [first]}
outputs: {said: '${{ second }}'}
"""

BATCH = """interlock: 1
name: batch
inputs: {gate: {type: string}, numbers: {type: array, items: {type: integer}}}
graphs:
  each:
    inputs: {number: {type: integer}}
    nodes: {a: {call: item.write, with: {number: '${{ inputs.number }}'}}}
nodes:
  begin: {call: step.write, with: {name: '${{ inputs.gate }}'}}
  items:
    map: each
    over: '${{ inputs.numbers }}'
    as: number
    with: {number: '${{ number }}'}
    needs: [begin]
"""


@pytest.fixture
def steps(world: World) -> World:
    world.actions(ACTIONS)
    world.write("steps.yaml", GRAPH)
    world.write("batch.yaml", BATCH)
    world.make_gates("first", "second")
    return world


def test_a_run_that_a_living_process_drives_is_left_to_it(steps: World):
    process = steps.start("run", "steps.yaml", "--key", "k")
    steps.until_began("first")
    refused = steps.run("resume", "last")
    refused.check_refused(7, "IL7006", says="is driven by ")
    assert f"`kill {process.pid}`" in refused.err
    assert refused.out == ""
    second = steps.start("run", "steps.yaml", "--key", "k")
    assert second.stderr is not None
    assert f"goes on: process {process.pid} on " in second.stderr.readline()
    # A decision needs no lease: it is held against where the run stands.
    refused = steps.run("resolve", "last", "first", "--failed")
    refused.check_refused(2, "IL7002", says="is not in doubt")
    steps.check_sound()
    steps.let_go("first")
    steps.until_began("second")
    steps.let_go("second", "second")
    assert steps.end(process).code == 0
    waited = steps.end(second)
    again = steps.run("run", "steps.yaml", "--key", "k")
    assert (waited.code, waited.json) == (again.code, again.json) == (0, {"said": "second"})
    assert steps.lines() == ["first began", "first done", "second began", "second done"]
    steps.check_sound()


def test_two_processes_run_side_by_side_and_all_verifies(steps: World):
    numbers = {"first": range(40), "second": range(40, 80)}
    processes = [
        steps.start("run", "batch.yaml", "-i", f"gate={name}", "-i", f"numbers={[*those]}")
        for name, those in numbers.items()
    ]
    for name in numbers:
        steps.until_began(name)
    for name in numbers:
        steps.let_go(name)
    for process in processes:
        ended = steps.end(process)
        ended.check_words()
        assert ended.code == 0
    assert Counter(steps.lines("items")) == Counter(str(number) for number in range(80))
    verified = steps.run("replay", "--all")
    assert verified.code == 0
    assert verified.out.count("equal, succeeded") == 2


def test_of_two_that_start_the_same_key_one_runs(steps: World):
    processes = [steps.start("run", "steps.yaml", "--key", "k") for _ in range(2)]
    steps.until_began("first")
    steps.let_go("first")
    steps.until_began("second")
    steps.let_go("second", "two")
    codes = sorted(steps.end(process).code for process in processes)
    assert codes == [0, 0]
    assert steps.lines() == ["first began", "first done", "second began", "second done"]
    assert len(steps.run("runs", "--json").json) == 1
    steps.check_sound()


def test_of_two_that_resume_the_same_run_one_goes_on(steps: World):
    steps.write("one.yaml", GRAPH.replace("step.write", "step.keyed"))
    process = steps.start("run", "one.yaml")
    steps.until_began("first")
    process.kill()
    process.wait()
    resuming = [steps.start("resume", "last") for _ in range(2)]
    steps.until_began("first")
    steps.let_go("first")
    steps.until_began("second")
    steps.let_go("second")
    codes = sorted(steps.end(process).code for process in resuming)
    assert codes in ([0, 0], [0, 7])
    assert Counter(steps.lines()) == {"first began": 2, "second began": 1}
    steps.check_sound()


def expire_leases(world: World) -> None:
    """Let a minute pass, as far as leases are concerned."""
    with closing(sqlite3.connect(world.journal)) as connection, connection:
        connection.execute("UPDATE lease SET expires_ms = 1")


def test_who_was_stopped_too_long_appends_nothing_and_says_so(steps: World):
    process = steps.start("run", "steps.yaml")
    steps.until_began("first")
    process.send_signal(signal.SIGSTOP)
    held = steps.run("resume", "last")
    held.check_refused(7, "IL7006", says=f"`kill {process.pid}`")
    expire_leases(steps)
    taken = steps.run("resume", "last")
    taken.check_words()
    assert taken.code == 4
    before = steps.run("show", "last", "--events").out
    process.send_signal(signal.SIGCONT)
    steps.let_go("first", "too late")
    late = steps.end(process)
    late.check_refused(7, "IL7007", says="was taken over by another owner")
    assert late.out == ""
    assert steps.lines() == ["first began", "first done"]
    assert steps.run("show", "last", "--events").out == before
    steps.check_sound()
    # What it did has happened all the same; a person who sees that says so, and the run ends.
    deciding = steps.start("resolve", "last", "first", "--succeeded", '"too late"')
    steps.until_began("second")
    steps.let_go("second", "two")
    ended = steps.end(deciding)
    assert (ended.code, ended.json) == (0, {"said": "two"})
    steps.check_sound()


def test_who_is_stopped_in_the_queue_keeps_nobody_from_looking(steps: World):
    """A process that waits for its turn with an answer in hand is stopped for a while."""
    process = steps.start("run", "steps.yaml")
    steps.until_began("first")
    with Turn(steps.journal) as turn:
        steps.let_go("first", "in hand")
        turn.until_wanted(process)
        process.send_signal(signal.SIGSTOP)
    # It stands in the way of all who would write, and of nobody who looks.
    looked = {node["path"]: node["status"] for node in steps.show()["nodes"]}
    assert looked == {"first": "running", "second": "waiting"}
    process.send_signal(signal.SIGCONT)
    steps.until_began("second")
    steps.let_go("second", "two")
    ended = steps.end(process)
    assert (ended.code, ended.json) == (0, {"said": "two"})
    assert steps.lines() == ["first began", "first done", "second began", "second done"]
    steps.check_sound()
