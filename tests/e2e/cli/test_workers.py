"""`interlock worker` as people use it, and several of them as processes over one file.

What took place is counted outside: a file for each idempotency key, which only the first who sends
the key can make, and a line for each request.
"""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from e2e.cli.project import Shell
from interlock.replay import verify
from interlock.runtime import read_entries
from interlock.store import open_store

RUNS = 200
KILLED_AFTER = 20

ACTIONS = '''\
import asyncio
import os
from pathlib import Path

from interlock import Context, NotApplied, Registry, action


@action("mail.send", effect="write", key="Context.idempotency_key")
async def send(to: str, ctx: Context) -> str:
    """Send once by key, and note each request."""
    with open("requests.txt", "a", encoding="utf-8") as requests:
        requests.write(f"{ctx.idempotency_key}\\n")
    try:
        os.close(os.open(f"sent/{ctx.idempotency_key[-40:]}", os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        pass
    await asyncio.sleep(0.02)
    return to


@action("gate.pass", effect="read")
def pass_gate() -> str:
    Path("arrived").write_text("here")
    return Path("gate").read_text()


@action("line.send", effect="write")
def send_by_line(to: str) -> str:
    if to == "nowhere":
        raise NotApplied("no such place")
    raise ConnectionError("the line went dead")


registry = Registry([send, send_by_line, pass_gate])
'''

FILES = {
    "pyproject.toml": '[tool.interlock]\napp = "actions:registry"\n',
    "actions.py": ACTIONS,
    "mail.yaml": """interlock: 1
name: mail
inputs: {to: {type: string}}
nodes:
  send: {call: mail.send, with: {to: '${{ inputs.to }}'}}
  again: {call: mail.send, with: {to: '${{ send }}'}}
""",
    "gate.yaml": """interlock: 1
name: gate
nodes:
  gate: {call: gate.pass}
""",
    "line.yaml": """interlock: 1
name: line
inputs: {to: {type: string, default: ada}}
nodes:
  send: {call: line.send, with: {to: '${{ inputs.to }}'}}
""",
    "asked.yaml": """interlock: 1
name: asked
nodes:
  signoff: {gate: {ask: Go on?}}
""",
}


@pytest.fixture
def mails(empty: Shell) -> Shell:
    """A project, and a receiver in it."""
    for name, text in FILES.items():
        empty.write(name, text)
    (empty.folder / "sent").mkdir()
    return empty


@pytest.fixture
def workers(mails: Shell) -> Iterator["Workers"]:
    found = Workers(mails.folder)
    yield found
    for process in found.started:
        process.kill()
        process.communicate()


class Workers:
    """Worker processes of one project."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.started: list[subprocess.Popen[str]] = []

    def start(self, *options: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-m", "interlock", "worker", "--json", *options],
            cwd=self.folder,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.started.append(process)
        return process


def queued(shell: Shell, count: int) -> list[str]:
    shell.write("to.jsonl", "".join(json.dumps({"to": f"n{n}"}) + "\n" for n in range(count)))
    return shell("interlock run mail.yaml --inputs-from to.jsonl").out.split()


def events(text: str, kind: str) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in text.splitlines()]
    return [row for row in rows if row["event"] == kind]


def test_a_worker_says_what_became_of_runs(mails: Shell):
    runs = queued(mails, 2)
    asked = mails("interlock run asked.yaml --queue").out.strip()
    done = mails("interlock worker --until-idle")
    assert done.code == 5, "a gate is open"
    assert done.out == ""
    assert all(f"{run}  mail  succeeded in" in done.err for run in runs)
    assert f"{asked}  asked  waits for a person: interlock show {asked}\n" in done.err
    assert done.err.endswith(
        "ended: 2 runs ended here\n"
        "for a person to decide:\n"
        f"  {asked}  asked  waits: signoff  interlock show {asked}\n"
    )
    approved = mails("interlock approve last signoff --json").json
    assert approved["status"] == "succeeded"


def test_a_worker_tells_programs_a_line_for_each_event(mails: Shell):
    (run,) = queued(mails, 1)
    out = mails("interlock worker --until-idle --json").out
    assert [json.loads(line)["event"] for line in out.splitlines()] == [
        *("begun", "taken_up", "let_go", "ended"),
    ]
    (ended,) = events(out, "let_go")
    assert (ended["run"], ended["status"], ended["graph"]) == (run, "succeeded", "mail")


def test_scripts_learn_from_a_worker_how_the_runs_stand_that_stand_worst(mails: Shell):
    queued(mails, 1)
    assert mails("interlock worker --until-idle").code == 0
    failed = mails("interlock run line.yaml -i to=nowhere --queue").out.strip()
    mails("interlock run asked.yaml --queue")
    after_failing = mails("interlock worker --until-idle")
    assert after_failing.code == 1
    assert f"{failed}  line  failed after" in after_failing.err
    assert "ended: 1 run ended here, 1 without success\n" in after_failing.err
    mails("interlock run line.yaml -i to=nowhere --queue")
    doubtful = mails("interlock run line.yaml --queue").out.strip()
    after_doubt = mails("interlock worker --until-idle")
    assert after_doubt.code == 4
    look = f"interlock show {doubtful}"
    assert f"  {doubtful}  line  is in doubt: send  {look}\n" in after_doubt.err
    assert mails("interlock worker --until-idle").code == 0, "nothing was ready any more"


def test_programs_learn_from_a_worker_which_runs_wait_for_a_person(mails: Shell):
    asked = mails("interlock run asked.yaml --queue").out.strip()
    doubtful = mails("interlock run line.yaml --queue").out.strip()
    done = mails("interlock worker --until-idle --json")
    (end,) = events(done.out, "ended")
    assert (done.code, end["left"]) == (4, {"in_doubt": 1, "waiting": 1})
    assert sorted(end["for_persons"], key=lambda each: each["status"]) == [
        {"run": doubtful, "graph": "line", "status": "in_doubt", "paths": ["send"]},
        {"run": asked, "graph": "asked", "status": "waiting", "paths": ["signoff"]},
    ]


def test_what_cannot_be_driven_is_told_once_and_the_rest_is_driven(mails: Shell):
    gate = mails("interlock run gate.yaml --queue").out.strip()
    runs = queued(mails, 2)
    mails.write("actions.py", ACTIONS.replace("send_by_line, pass_gate]", "send_by_line]"))
    done = mails("interlock worker --until-idle")
    assert done.code == 5
    assert done.err.count("set aside") == 2, "once, and in the summary"
    assert f"error[IL7022]: set aside: run {gate}" in done.err
    assert all(f"{run}  mail  succeeded in" in done.err for run in runs)
    assert mails(f"interlock show {gate} --json").json["status"] == "queued"


def test_two_workers_of_which_one_is_killed_send_everything_once(mails: Shell, workers: Workers):
    runs = queued(mails, RUNS)
    options = ("--until-idle", "--runs-max", "10")
    dying, other = workers.start(*options), workers.start(*options)
    assert dying.stdout is not None
    ended = 0
    while ended < KILLED_AFTER:
        line = dying.stdout.readline()
        assert line, "it was to be killed, and has ended"
        ended += json.loads(line)["event"] == "let_go"
    dying.send_signal(signal.SIGKILL)
    out, err = other.communicate(timeout=60)
    assert other.returncode == 0, err
    assert len(list((mails.folder / "sent").iterdir())) == 2 * RUNS
    requests = Counter((mails.folder / "requests.txt").read_text().split())
    assert len(requests) == 2 * RUNS
    assert max(requests.values()) <= 2
    store = open_store(str(mails.folder / ".interlock" / "journal.db"))
    for run in store.heads(limit=RUNS + 1):
        assert verify(run.run, read_entries(store, run.run)).status == "succeeded"
    assert sorted(head.run for head in store.heads(limit=RUNS + 1)) == sorted(runs)
    store.close()
    assert len(events(out, "let_go")) <= RUNS - KILLED_AFTER


def test_the_first_signal_lets_what_is_under_way_end(mails: Shell, workers: Workers):
    for name in ("arrived", "gate"):
        os.mkfifo(mails.folder / name)
    mails("interlock run gate.yaml --queue")
    queued(mails, 3)
    worker = workers.start("--runs-max", "1")
    assert (mails.folder / "arrived").read_text() == "here"
    worker.send_signal(signal.SIGTERM)
    assert worker.stderr is not None
    assert worker.stderr.readline().startswith("Stopping: ")
    (mails.folder / "gate").write_text("open")
    out, err = worker.communicate(timeout=20)
    assert (worker.returncode, err) == (0, "")
    assert len(events(out, "let_go")) == len(events(out, "taken_up")) == 1
    assert len(mails("interlock runs --status queued --json").json) == 3


def test_the_second_signal_ends_a_worker_at_once(mails: Shell, workers: Workers):
    for name in ("arrived", "gate"):
        os.mkfifo(mails.folder / name)
    run = mails("interlock run gate.yaml --queue").out.strip()
    worker = workers.start()
    assert (mails.folder / "arrived").read_text() == "here"
    worker.send_signal(signal.SIGINT)
    assert worker.stderr is not None
    assert worker.stderr.readline().startswith("Stopping: ")
    worker.send_signal(signal.SIGINT)
    _, err = worker.communicate(timeout=20)
    assert worker.returncode == 5
    assert "Stopped at once. Another worker takes up what was under way" in err
    left = mails(f"interlock show {run} --json").json
    assert (left["status"], left["events"]) == ("queued", 1), "a read that was lost leaves no trace"
