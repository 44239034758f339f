"""The command line as a process: signals, crashes, pipes, terminals.

Barriers are FIFOs; nothing sleeps.
"""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.cli.project import FILES

GATES = '''\
from interlock import Registry, action


def held(name: str) -> str:
    """Say that the call has begun, then wait to be let go."""
    with open(f"{name}.began", "w", encoding="utf-8") as began:
        began.write("began")
    with open(f"{name}.go", encoding="utf-8") as go:
        return go.read()


@action("gate.write", effect="write")
def write(name: str) -> str:
    return held(name)


@action("gate.keyed", effect="write", key="Context.idempotency_key")
def keyed(name: str) -> str:
    return held(name)


registry = Registry([write, keyed])
'''

GATED = """interlock: 1
name: gated
inputs: {action: {type: string, default: gate.write}}
nodes:
  first: {call: gate.write, with: {name: first}, when: "inputs.action == 'gate.write'"}
  keyed: {call: gate.keyed, with: {name: keyed}, when: "inputs.action == 'gate.keyed'"}
  second: {call: gate.write, with: {name: second}, needs: [first]}
outputs:
  said: {value: '${{ second }}', optional: true}
"""

ASKED = """interlock: 1
name: asked
nodes:
  first: {call: gate.write, with: {name: first}}
  signoff: {gate: {ask: Go on?}}
  second: {call: gate.write, with: {name: second}, needs: [signoff]}
"""

LOOK_S = 0.1
"""How often a test that waits looks whether the process is still there."""


class Processes:
    """Processes of one project."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.started: list[subprocess.Popen[str]] = []

    def start(self, *words: str, **options: object) -> "subprocess.Popen[str]":
        streams: dict[str, object] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        process: subprocess.Popen[str] = subprocess.Popen(  # pyright: ignore[reportCallIssue, reportUnknownVariableType]
            [sys.executable, "-m", "interlock", *words],  # pyright: ignore[reportArgumentType]
            **{"cwd": self.folder, "text": True, "stdin": subprocess.DEVNULL, **streams, **options},
        )
        self.started.append(process)
        return process

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        process = self.start(*words)
        out, err = process.communicate()
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    def show(self) -> dict[str, object]:
        return json.loads(self.run("show", "last", "--json").stdout)

    def until_began(self, name: str) -> None:
        """Wait until an action has begun in one of the processes."""
        began = os.open(self.folder / f"{name}.began", os.O_RDONLY | os.O_NONBLOCK)
        try:
            while not select.select([began], [], [], LOOK_S)[0]:
                if all(process.poll() is not None for process in self.started):
                    pytest.fail(f"the process ended: {self.started[-1].communicate()}")
            assert os.read(began, 100) == b"began"
        finally:
            os.close(began)

    def let_go(self, name: str, text: str) -> None:
        (self.folder / f"{name}.go").write_text(text, encoding="utf-8")


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    for name, text in {
        **FILES,
        "actions.py": GATES,
        "gated.yaml": GATED,
        "asked.yaml": ASKED,
    }.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    for name in ("first", "second", "keyed"):
        os.mkfifo(tmp_path / f"{name}.began")
        os.mkfifo(tmp_path / f"{name}.go")
    found = Processes(tmp_path)
    yield found
    for process in found.started:
        process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def read_until(process: "subprocess.Popen[str]", words: str) -> str:
    """Read stderr up to a line with these words."""
    assert process.stderr is not None
    for line in process.stderr:
        if words in line:
            return line
    pytest.fail(f"the process ended before it said {words!r}")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_lets_what_is_under_way_end_and_leaves_the_run_open(
    processes: Processes, number: signal.Signals
):
    process = processes.start("run", "gated.yaml")
    processes.until_began("first")
    process.send_signal(number)
    read_until(process, "Stopping")
    processes.let_go("first", "one")
    line = read_until(process, "To go on")
    assert process.wait() == 5
    assert re.search(r"interlock resume 01\w{24}$", line.strip())
    shown = processes.show()
    assert (shown["status"], shown["driven_by"]) == ("running", None)
    resumed = processes.start("resume", "last")
    processes.until_began("second")
    processes.let_go("second", "two")
    out, _ = resumed.communicate()
    assert (resumed.returncode, json.loads(out)) == (0, {"said": "two"})


def test_decisions_reach_a_run_that_another_process_drives(processes: Processes):
    process = processes.start("run", "asked.yaml")
    processes.until_began("first")
    read_until(process, "waiting for anybody's decision")
    approved = processes.run("approve", "last", "signoff", "--reason", "go")
    assert approved.returncode == 0
    assert "kept: the process that drives the run takes it" in approved.stderr
    processes.until_began("second")
    processes.let_go("second", "two")
    processes.let_go("first", "one")
    assert process.wait() == 0
    story = processes.run("show", "last", "signoff").stdout
    assert re.search(r"\w+ \(unauthenticated\) approved it: go\n", story)
    assert processes.run("replay", "last").returncode == 0


def test_two_signals_end_the_process_at_once(processes: Processes):
    process = processes.start("run", "gated.yaml")
    processes.until_began("first")
    process.send_signal(signal.SIGINT)
    read_until(process, "Stopping")
    process.send_signal(signal.SIGINT)
    assert "interlock resume" in read_until(process, "Stopped at once")
    assert process.wait() == 5
    assert processes.run("resume", "last").returncode == 4


@pytest.mark.slow
def test_an_action_that_does_not_end_in_time_does_not_keep_the_process(processes: Processes):
    process = processes.start("run", "gated.yaml")
    processes.until_began("first")
    process.send_signal(signal.SIGINT)
    read_until(process, "To go on")
    assert process.wait() == 5


def test_a_process_that_is_killed_in_a_write_leaves_it_in_doubt(processes: Processes):
    process = processes.start("run", "gated.yaml")
    processes.until_began("first")
    process.kill()
    process.wait()
    assert "interrupted" in processes.run("runs").stdout
    told = processes.run("show", "last").stdout
    assert "no process drives it; to go on: interlock resume" in told
    resumed = processes.run("resume", "last")
    assert resumed.returncode == 4
    assert "no answer before the process died" in resumed.stderr
    settled = processes.run("resolve", "last", "first", "--failed", "--reason", "not there")
    assert settled.returncode == 1
    assert processes.run("replay", "last").returncode == 0


def test_a_process_that_is_killed_in_a_keyed_write_sends_it_again(processes: Processes):
    words = ("run", "gated.yaml", "-i", "action=gate.keyed")
    process = processes.start(*words)
    processes.until_began("keyed")
    process.kill()
    process.wait()
    resumed = processes.start("resume", "last")
    processes.until_began("keyed")
    processes.let_go("keyed", "done")
    resumed.communicate()
    assert resumed.returncode == 0


def test_a_run_has_one_driver(processes: Processes):
    process = processes.start("run", "gated.yaml")
    processes.until_began("first")
    shown = processes.show()
    assert shown["driven_by"] is not None
    refused = processes.run("resume", "last")
    assert refused.returncode == 7
    assert "\nerror[IL7006]" in refused.stderr
    processes.let_go("first", "one")
    processes.until_began("second")
    processes.let_go("second", "two")
    process.communicate()
    assert process.returncode == 0


def closed_pipe() -> int:
    """A pipe that nobody reads any more."""
    reader, writer = os.pipe()
    os.close(reader)
    return writer


@pytest.mark.parametrize("words", [("--help",), ("schema",), ("explain",), ("check", "gated.yaml")])
def test_a_reader_that_has_gone_is_no_error(processes: Processes, words: tuple[str, ...]):
    writer = closed_pipe()
    process = processes.start(*words, stdout=writer)
    os.close(writer)
    _, err = process.communicate()
    assert (process.returncode, err) == (0, "")


def test_a_run_goes_on_when_nobody_reads_its_progress(processes: Processes):
    writer = closed_pipe()
    process = processes.start("run", "gated.yaml", stderr=writer)
    os.close(writer)
    for name in ("first", "second"):
        processes.until_began(name)
        processes.let_go(name, name)
    out, _ = process.communicate()
    assert (process.returncode, json.loads(out)) == (0, {"said": "second"})


@pytest.mark.parametrize("stream", ["1", "2"])
def test_a_run_goes_on_when_a_stream_is_closed_or_full(processes: Processes, stream: str):
    plain = "interlock: 1\nname: plain\nnodes: {a: {call: gate.write, with: {name: x}}}\n"
    (processes.folder / "plain.yaml").write_text(plain, encoding="utf-8")
    for name in ("x.began", "x.go"):
        (processes.folder / name).write_text("text", encoding="utf-8")
    run = f"{sys.executable} -m interlock run plain.yaml"
    codes: list[int] = []
    for where in ("&-", "/dev/full"):
        shell = ["sh", "-c", f"{run} {stream}>{where}"]
        ended = subprocess.run(
            shell, cwd=processes.folder, capture_output=True, text=True, check=False
        )
        assert "Traceback" not in ended.stdout + ended.stderr
        codes.append(ended.returncode)
    assert codes == ([0, 2] if stream == "1" else [0, 0])
    runs = json.loads(processes.run("runs", "--json").stdout)
    assert [run["status"] for run in runs] == ["succeeded", "succeeded"]


def on_terminal(processes: Processes, *words: str, **environment: str) -> tuple[int, str]:
    """Run a command with stderr on a terminal; return its exit code and what it drew."""
    ours, theirs = pty.openpty()
    env = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", **environment}
    process = processes.start(*words, stderr=theirs, env=env)
    os.close(theirs)
    drawn = b""
    try:
        while part := os.read(ours, 65536):
            drawn += part
    except OSError:
        pass  # Linux reports the end of a terminal as an error.
    os.close(ours)
    process.communicate()
    return process.returncode, drawn.decode()


def test_progress_is_live_on_a_terminal(processes: Processes):
    (processes.folder / "plain.yaml").write_text(
        "interlock: 1\nname: plain\nnodes: {a: {call: gate.write, with: {name: x}}}\n", "utf-8"
    )
    for name in ("x.began", "x.go"):
        (processes.folder / name).write_text("text", encoding="utf-8")
    code, drawn = on_terminal(processes, "run", "plain.yaml")
    assert code == 0
    assert "✓" in drawn
    assert "\x1b[32m" in drawn
    assert drawn.count("\x1b[?25l") == drawn.count("\x1b[?25h") == 1


def test_no_color_is_honoured(processes: Processes):
    (processes.folder / "bad.yaml").write_text("interlock: 1\nnodes: {}\n", encoding="utf-8")
    _, coloured = on_terminal(processes, "check", "bad.yaml", NO_COLOR="")
    _, bare = on_terminal(processes, "check", "bad.yaml", NO_COLOR="1")
    _, dumb = on_terminal(processes, "check", "bad.yaml", NO_COLOR="", TERM="dumb")
    assert "\x1b[31m" in coloured
    assert "\x1b[" not in bare
    assert dumb == bare


@pytest.mark.parametrize("command", ["check absent.yaml", "show absent", "nonsense"])
def test_no_color_is_honoured_when_a_command_cannot_begin(processes: Processes, command: str):
    _, coloured = on_terminal(processes, *command.split(), NO_COLOR="")
    _, bare = on_terminal(processes, *command.split(), NO_COLOR="1")
    assert "\x1b[31m" in coloured
    assert "\x1b" not in bare


def test_json_stays_json_where_the_encoding_lacks_a_character(processes: Processes):
    name = "Zo\u00eb \U0001f682"
    (processes.folder / "named.yaml").write_text(
        "interlock: 1\nname: named\ninputs: {name: {type: string}}\n"
        "nodes: {a: {call: gate.write, with: {name: x}, when: 'false'}}\n"
        "outputs: {name: '${{ inputs.name }}'}\n",
        encoding="utf-8",
    )
    env = {**os.environ, "PYTHONIOENCODING": "ascii"}
    out, _ = processes.start("run", "named.yaml", "-i", f"name={name}", env=env).communicate()
    assert out.isascii()
    assert json.loads(out) == {"name": name}


def test_a_terminal_without_cursor_gets_plain_lines(processes: Processes):
    for name in ("first", "second"):
        for end in ("began", "go"):
            (processes.folder / f"{name}.{end}").unlink()
            (processes.folder / f"{name}.{end}").write_text(name, encoding="utf-8")
    _, drawn = on_terminal(processes, "run", "gated.yaml", TERM="dumb")
    assert "\x1b[?25l" not in drawn
    assert drawn.count("✓") == 2
