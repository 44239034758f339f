"""Ctrl-C once and twice, SIGTERM and SIGKILL: the run stays open, and what is typed next ends it.

Each place where a run can be is reached by a gate or by a lock that the test holds, and left by a
signal. Commands that a message shows are typed as they stand there.
"""

import json
import re
import signal
import subprocess

import pytest

from e2e.hostile.world import Turn, World, read_until

ACTIONS = """\
import asyncio
import os

from interlock import Registry, action

if "WAIT_TO_LOAD" in os.environ:
    gate("load")


@action("step.write", effect="write")
def write(name: str) -> str:
    note(name)
    return gate(name)


@action("step.keyed", effect="write", key="name")
def keyed(name: str) -> str:
    note(name)
    return gate(name)


@action("step.block", effect="write")
async def block(name: str) -> str:
    note(name)
    return gate(name)


@action("step.deaf", effect="write")
async def deaf(name: str) -> str:
    note(name)
    await asyncio.to_thread(gate, name)
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            note("cancelled")


async def find(name: str) -> str:
    return await asyncio.to_thread(gate, name)


@action("step.probed", effect="write", probe=find)
def probed(name: str) -> str:
    note(name)
    os.kill(os.getpid(), 9)


@action("step.flaky", effect="read")
def flaky(name: str) -> str:
    note(name)
    if len(open("ran").readlines()) > 1:
        return "at last"
    gate(name)
    raise ValueError("not today")


@action("step.interrupt", effect="write")
async def interrupt(name: str) -> str:
    note(name)
    raise KeyboardInterrupt


@action("step.exit", effect="read", cost_usd_max=1)
async def leave(name: str) -> str:
    async def child():
        raise SystemExit(3)

    await asyncio.gather(child())


registry = Registry([write, keyed, block, deaf, probed, flaky, interrupt, leave])
"""

GRAPH = """interlock: 1
name: steps
nodes:
  first: {call: step.write, with: {name: first}}
  second: {call: step.write, with: {name: second}, needs: [first]}
outputs: {said: '${{ second }}'}
"""

RESUME = re.compile(r"interlock resume 01\w{24}(?: --\S+ \S+)*$", re.MULTILINE)


@pytest.fixture
def steps(world: World) -> World:
    world.actions(ACTIONS)
    world.write("steps.yaml", GRAPH)
    world.make_gates("first", "second")
    return world


def command_in(text: str) -> str:
    found = RESUME.findall(text)
    assert len(found) == 1, text
    return found[0]


def one(action: str) -> str:
    return f"interlock: 1\nname: one\nnodes: {{first: {{call: {action}, with: {{name: first}}}}}}\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_once_drains_and_the_command_that_is_shown_ends_the_run(
    steps: World, number: signal.Signals
):
    process = steps.start("run", "steps.yaml")
    steps.until_began("first")
    process.send_signal(number)
    assert "10 s" in read_until(process, "Stopping")
    steps.let_go("first", "one")
    stopped = steps.end(process)
    stopped.check_words()
    assert (stopped.code, stopped.out) == (5, "")
    assert steps.lines() == ["first"]
    steps.check_sound()
    resumed = steps.start(*command_in(stopped.err).split()[1:])
    steps.until_began("second")
    steps.let_go("second", "two")
    ended = steps.end(resumed)
    assert (ended.code, json.loads(ended.out)) == (0, {"said": "two"})
    assert steps.lines() == ["first", "second"]
    steps.check_sound()


def test_twice_ends_at_once_and_a_person_decides_about_the_write(steps: World):
    process = steps.start("run", "steps.yaml")
    steps.until_began("first")
    process.send_signal(signal.SIGINT)
    read_until(process, "Stopping")
    process.send_signal(signal.SIGINT)
    stopped = steps.end(process)
    stopped.check_words()
    assert stopped.code == 5
    assert "Stopped at once. The run is open. To go on: " in stopped.err
    steps.check_sound()
    resumed = steps.type(command_in(stopped.err))
    resumed.check_words()
    assert resumed.code == 4
    assert steps.lines() == ["first"]


@pytest.mark.parametrize("verdict", ["--succeeded", "--failed"])
def test_killed_in_a_write_with_nothing_declared_a_person_decides(steps: World, verdict: str):
    process = steps.start("run", "steps.yaml")
    steps.until_began("first")
    process.kill()
    process.wait()
    steps.check_sound()
    resumed = steps.run("resume", "last")
    resumed.check_words()
    assert resumed.code == 4
    assert "no answer before the process died" in resumed.err
    assert "declares no key and no probe" in resumed.err
    shown = [line.strip() for line in resumed.err.splitlines() if verdict in line]
    assert len(shown) == 1
    deciding = shown[0].replace("…", "one")
    words = deciding.replace("interlock ", "").replace("'", "").split()
    steps.check_sound()
    if verdict == "--failed":
        decided = steps.run(*words, "--reason", "the log has nothing")
        assert decided.code == 1
        assert "the log has nothing" in steps.run("show", "last", "first").out
        assert steps.lines() == ["first"]
    else:
        going_on = steps.start(*words)
        steps.until_began("second")
        steps.let_go("second", "two")
        decided = steps.end(going_on)
        assert (decided.code, json.loads(decided.out)) == (0, {"said": "two"})
        assert steps.lines() == ["first", "second"]
    decided.check_words()
    steps.check_sound()
    again = steps.run(*words)
    again.check_refused(2, "IL7002", says="is not in doubt")


def test_killed_in_a_write_with_a_key_it_is_sent_again(steps: World):
    steps.write("one.yaml", one("step.keyed"))
    process = steps.start("run", "one.yaml")
    steps.until_began("first")
    process.kill()
    process.wait()
    resumed = steps.start("resume", "last")
    steps.until_began("first")
    steps.let_go("first")
    assert steps.end(resumed).code == 0
    assert steps.lines() == ["first", "first"]
    steps.check_sound()


def test_an_action_that_blocks_all_others_does_not_make_ctrl_c_dumb(steps: World):
    steps.write("one.yaml", one("step.block"))
    process = steps.start("run", "one.yaml")
    steps.until_began("first")
    process.send_signal(signal.SIGINT)
    assert "Ctrl-C again" in read_until(process, "Stopping")
    process.send_signal(signal.SIGINT)
    stopped = steps.end(process)
    assert stopped.code == 5
    assert steps.type(command_in(stopped.err)).code == 4
    steps.check_sound()


def test_an_action_that_swallows_its_cancellation_does_not_keep_the_process(steps: World):
    steps.write("one.yaml", one("step.deaf").replace("}}}", "}, timeout: 300ms}}"))
    process = steps.start("run", "one.yaml")
    steps.until_began("first")
    steps.let_go("first")
    ended = steps.end(process)
    ended.check_words()
    assert ended.code == 4
    assert "it was cancelled, and goes on" in " ".join(ended.err.split())
    assert "cancelled" in steps.lines()
    steps.check_sound()


def test_an_action_that_interrupts_its_process_is_in_doubt_and_stops_nothing(steps: World):
    steps.write(
        "two.yaml",
        """interlock: 1
name: two
nodes:
  first: {call: step.interrupt, with: {name: first}}
  second: {call: step.keyed, with: {name: second}}
""",
    )
    process = steps.start("run", "two.yaml")
    steps.until_began("second")
    steps.let_go("second")
    ended = steps.end(process)
    ended.check_words()
    assert ended.code == 4
    assert "KeyboardInterrupt; it may have happened all the same" in " ".join(ended.err.split())
    found = {node["path"]: node["status"] for node in steps.show()["nodes"]}
    assert found == {"first": "in_doubt", "second": "succeeded"}
    assert sorted(steps.lines()) == ["first", "second"]
    steps.check_sound()


def test_an_exit_in_a_task_of_an_action_fails_its_node(steps: World):
    steps.write("one.yaml", one("step.exit"))
    ended = steps.run("run", "one.yaml")
    ended.check_refused(1, "IL6013", says="`first` failed: SystemExit: 3\nhint: `step.exit` cannot")
    steps.check_sound()


# --- the places where no action of the run is under way


def test_while_the_app_is_loaded_nothing_has_begun(steps: World):
    steps.make_gates("load")
    process = steps.start("run", "steps.yaml", env={"WAIT_TO_LOAD": "1"})
    steps.until_began("load")
    process.send_signal(signal.SIGINT)
    stopped = steps.end(process)
    assert (stopped.code, stopped.out, stopped.err.strip()) == (130, "", "Stopped.")
    assert not steps.journal.parent.exists()


def test_while_the_journal_is_not_free_nothing_has_begun(steps: World):
    steps.write("one.yaml", one("step.write"))
    process = steps.start("run", "steps.yaml")
    steps.until_began("first")
    with Turn(steps.journal) as turn:
        other = steps.start("run", "one.yaml")
        turn.until_wanted(other)
        other.send_signal(signal.SIGINT)
        stopped = steps.end(other)
    assert (stopped.code, stopped.out, stopped.err.strip()) == (130, "", "Stopped.")
    assert steps.lines() == ["first"]
    steps.let_go("first")
    steps.until_began("second")
    steps.let_go("second")
    assert steps.end(process).code == 0
    assert len(steps.run("runs", "--json").json) == 1
    steps.check_sound()


def test_while_a_retry_waits_nothing_is_waited_for(steps: World):
    """An hour is left of the delay, or the failure that begins it is on its way."""
    steps.write(
        "one.yaml", one("step.flaky").replace("}}}", "}, retry: {attempts: 2, delay: 1h}}}")
    )
    process = steps.start("run", "one.yaml")
    steps.until_began("first")
    steps.let_go("first")
    process.send_signal(signal.SIGINT)
    stopped = steps.end(process)
    stopped.check_words()
    assert stopped.code == 5
    assert command_in(stopped.err)
    assert steps.lines() == ["first"]
    steps.check_sound()


def test_while_a_probe_asks_its_answer_counts(steps: World):
    process = lose_the_answer(steps)
    process.send_signal(signal.SIGINT)
    read_until(process, "Stopping")
    steps.let_go("first", "found")
    ended = steps.end(process)
    assert ended.code == 0
    assert steps.show()["nodes"][0]["output"] == "found"
    assert steps.lines() == ["first"]
    steps.check_sound()


def test_twice_while_a_probe_asks_and_it_is_asked_again(steps: World):
    process = lose_the_answer(steps)
    process.send_signal(signal.SIGINT)
    read_until(process, "Stopping")
    process.send_signal(signal.SIGINT)
    stopped = steps.end(process)
    assert stopped.code == 5
    steps.check_sound()
    again = steps.start(*command_in(stopped.err).split()[1:])
    steps.until_began("first")
    steps.let_go("first", "found")
    assert steps.end(again).code == 0
    assert steps.lines() == ["first"]
    steps.check_sound()


def lose_the_answer(steps: World) -> "subprocess.Popen[str]":
    """Kill a process in a write that can be asked for, and resume it up to the question.

    The question waits until the write cannot be sent any more: as long as its timeout.
    """
    steps.write("one.yaml", one("step.probed").replace("}}}", "}, timeout: 3s}}"))
    assert steps.run("run", "one.yaml").code == -signal.SIGKILL
    process = steps.start("resume", "last")
    steps.until_began("first")
    return process


def test_while_an_outcome_is_written_the_run_ends(steps: World):
    process = hold_the_outcome(steps, signals=1)
    ended = steps.end(process)
    assert (ended.code, ended.json) == (0, {"said": "kept"})
    steps.check_sound()


def test_twice_while_an_outcome_is_written_and_it_is_in_doubt(steps: World):
    process = hold_the_outcome(steps, signals=2)
    stopped = steps.end(process)
    assert stopped.code == 5
    assert steps.type(command_in(stopped.err)).code == 4
    assert steps.lines() == ["first"]
    steps.check_sound()


def hold_the_outcome(steps: World, *, signals: int) -> "subprocess.Popen[str]":
    """Send signals while the outcome of a write cannot be written; then let it be written."""
    text = one("step.write") + "outputs: {said: '${{ first }}'}\n"
    steps.write("one.yaml", text)
    process = steps.start("run", "one.yaml")
    steps.until_began("first")
    with Turn(steps.journal) as turn:
        steps.let_go("first", "kept")
        turn.until_wanted(process)
        process.send_signal(signal.SIGINT)
        read_until(process, "Stopping")
        if signals == 2:
            process.send_signal(signal.SIGINT)
            process.wait()
    return process
