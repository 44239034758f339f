"""`[tool.interlock.notify]`: a program or a web address is told that a gate is open."""

import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from e2e.cli.project import Shell
from e2e.library.servers import Reply, serving

ASKED = """interlock: 1
name: asked
inputs: {who: {type: string, default: you}}
nodes:
  signoff: {gate: {to: [managers], ask: 'May ${{ inputs.who }}?', expires: 4h}}
  write:
    call: files.write
    with: {path: approved.txt, content: '${{ inputs.who }}'}
    needs: [signoff]
"""

TRIES = 3
"""As `docs/reference/limits.md` says."""

KEEP = "import sys; open('told.jsonl', 'ab').write(sys.stdin.buffer.read() + b'\\n')"


@pytest.fixture
def asking(empty: Shell, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A project with a gate; tries follow one another fast."""
    monkeypatch.setattr("interlock.cli.project.notifying.PAUSE_S", 0.01)
    empty.write("asked.yaml", ASKED)
    return empty


def settings(shell: Shell, **given: object) -> None:
    lines = "".join(f"{name} = {json.dumps(value)}\n" for name, value in given.items())
    shell.write("pyproject.toml", f"[tool.interlock.notify]\n{lines}")


def program(code: str) -> Sequence[str]:
    return [sys.executable, "-c", code]


def told(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "told.jsonl").read_text().splitlines()]


def test_a_program_is_told_all_that_it_takes_to_decide(asking: Shell):
    settings(asking, command=program(KEEP))
    done = asking("interlock run asked.yaml -i who=ada")
    assert done.code == 5
    assert "was not told" not in done.err
    (notice,) = told(asking.folder)
    assert (notice["event"], notice["graph"], notice["path"]) == ("gate_opened", "asked", "signoff")
    assert (notice["ask"], notice["to"], notice["quorum"]) == ("May ada?", ["managers"], 1)
    assert notice["expires_at"].endswith(" UTC")
    (covered,) = notice["covers"]
    assert (covered["action"], covered["args"]["content"]) == ("files.write", "ada")
    assert notice["binding"] in notice["commands"]["approve"]
    assert asking(notice["commands"]["show"]).code == 0
    assert asking(notice["commands"]["approve"]).code == 0
    assert (asking.folder / "approved.txt").read_text() == "ada"
    assert len(told(asking.folder)) == 1


def test_a_worker_tells_as_well(asking: Shell):
    settings(asking, command=program(KEEP))
    asking("interlock run asked.yaml --queue")
    assert not (asking.folder / "told.jsonl").exists()
    assert asking("interlock worker --until-idle").code == 5
    assert asking("interlock worker --until-idle").code == 0, "nothing was ready any more"
    assert len(told(asking.folder)) == 1


def test_a_web_address_is_told_with_one_key_for_all_tries(asking: Shell):
    answers = [Reply(status=500), Reply(status=429), Reply(status=204)]
    with serving(lambda _: answers.pop(0)) as server:
        settings(asking, webhook=f"{server.url}/hook")
        done = asking("interlock run asked.yaml")
    assert (done.code, answers) == (5, [])
    assert "was not told" not in done.err
    assert {each.headers["idempotency-key"] for each in server.received} == {
        server.received[0].json["id"]
    }
    assert {each.path for each in server.received} == {"/hook"}


def test_an_address_may_be_a_secret(asking: Shell):
    with serving(lambda _: Reply(status=403)) as server:
        settings(asking, webhook="env:HOOK")
        done = asking("interlock run asked.yaml", env={"HOOK": f"{server.url}/secret"})
    assert "and env:HOOK was not told: it answered 403" in done.err
    assert "secret" not in done.err
    assert len(server.received) == 1, "what is refused is not tried again"
    unset = asking("interlock run asked.yaml")
    assert unset.code == 5
    assert "was not told: the variable is not set to an address on the web" in unset.err


def test_who_waits_for_a_slow_program_hears_what_for_and_how_long(
    asking: Shell, monkeypatch: pytest.MonkeyPatch
):
    """The program goes on once the person was told, which is read from its end of a pipe."""
    monkeypatch.setattr("interlock.cli.project.notifying.PATIENCE_S", 0.01)
    monkeypatch.setattr("interlock.cli.project.notifying.PAUSE_S", 1.0)
    os.mkfifo(asking.folder / "said")
    monkeypatch.setattr("interlock.cli.project.notifying.err", saying(asking.folder / "said"))
    settings(asking, command=program("open('said').read()"))
    done = asking("interlock run asked.yaml")
    assert done.code == 5
    assert f"telling `{sys.executable}` that gate `signoff` of run 01" in done.err
    assert "is open: this may take 33 s\n" in done.err


def saying(pipe: Path) -> Callable[[str], None]:
    """Say it on stderr, and to who reads the pipe."""

    def say(text: str) -> None:
        sys.stderr.write(f"{text}\n")
        pipe.write_text(text)

    return say


def test_who_is_told_at_once_costs_no_word(asking: Shell):
    settings(asking, command=program("pass"))
    assert "telling" not in asking("interlock run asked.yaml").err


def test_who_cannot_be_told_does_not_fail_the_run(asking: Shell):
    failing = "import sys; open('told.jsonl', 'a').write('{}\\n'); sys.exit('no route')"
    cases = {
        ("command", tuple(program(failing))): "it ended with 1: no route",
        ("command", ("./nobody",)): "cannot start `./nobody`",
        ("command", tuple(program("import time; time.sleep(60)"))): "no answer within 0.2 s",
        ("webhook", "http://127.0.0.1:1/hook"): "ConnectError",
    }
    for (name, value), why in cases.items():
        settings(asking, **{name: value, "timeout": "200ms" if "time" in value[-1] else "10s"})
        done = asking("interlock run asked.yaml")
        assert done.code == 5, name
        assert done.err.count("was not told") == 1
        assert why in done.err
    assert len(told(asking.folder)) == TRIES
    assert [row["status"] for row in asking("interlock runs --json").json] == ["waiting"] * 4


def test_wrong_settings_are_named(asking: Shell):
    cases: list[tuple[dict[str, object], str]] = [
        ({"comand": ["x"]}, "did you mean `command`?"),
        ({"command": "./notify.sh"}, "no list of arguments"),
        ({"command": [5]}, "no list of arguments"),
        ({"webhook": "ftp://example.org"}, "no address on the web"),
        ({"webhook": 5}, "write it in quotes"),
        (
            {"command": ["x"], "timeout": "soon"},
            "`timeout` of [tool.interlock.notify] in pyproject.toml: `soon` is no",
        ),
    ]
    for given, why in cases:
        settings(asking, **given)
        done = asking("interlock run asked.yaml")
        assert (done.code, why in done.err) == (2, True), done.err
    asking.write("pyproject.toml", "[tool.interlock]\nnotify = 5\n")
    assert "`notify` of [tool.interlock]" in asking("interlock run asked.yaml").err
    asking.write("pyproject.toml", "")
    assert asking("interlock runs").err == "There are no runs yet\n"
