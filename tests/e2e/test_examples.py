"""The programs in `examples/` run as they stand, and print what is written here."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"

PRINTED = {
    "hello.py": """\
succeeded
6 words: Dear Ada, the line is clear.
""",
    "fan_out.py": """\
succeeded
https://example.org/0 0
https://example.org/1 1
https://example.org/2 2
https://example.org/3 3
https://example.org/4 4
https://example.org/5 5
https://example.org/6 6
https://example.org/8 8
https://example.org/9 9
failed: 1
""",
    "payment.py": """\
by_key succeeded payments: ['rent']
by_probe succeeded payments: ['rent']
by_hand in_doubt payments: ['rent'] at: payment
by_hand succeeded payments: ['rent']
""",
    "agent.py": """\
the model is told: IL2014 at /nodes/did/call: a proposed graph may not use the action `docs.delete`
succeeded
How fast is CEL? CEL evaluates in linear time.
""",
}


def python(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("name", PRINTED)
def test_a_program_prints_what_it_should(name: str, tmp_path: Path):
    done = python(str(EXAMPLES / name), cwd=tmp_path)
    assert (done.stdout, done.stderr) == (PRINTED[name], "")


def test_every_program_is_tested():
    assert {path.name for path in EXAMPLES.glob("*.py")} == PRINTED.keys()


def test_the_document_runs_on_the_command_line(tmp_path: Path):
    store = str(tmp_path / "journal.db")
    command = ("-m", "interlock", "run", "hello.yaml", "-i", "name=Ada", "--store", store)
    done = python(*command, cwd=EXAMPLES / "hello")
    assert done.returncode == 0, done.stderr
    assert done.stdout == '{\n  "text": "Hello, Ada! (2 words)"\n}\n'


def test_a_release_is_approved_and_a_bad_one_is_taken_back(tmp_path: Path):
    folder = tmp_path / "release"
    shutil.copytree(EXAMPLES / "release", folder, ignore=shutil.ignore_patterns("target", ".*"))

    def interlock(*words: str) -> subprocess.CompletedProcess[str]:
        return python("-m", "interlock", *words, cwd=folder)

    def running(env: str) -> str:
        file = folder / "target" / env / "current.json"
        return json.loads(file.read_text())["image"][:13] if file.exists() else ""

    def release(version: str) -> None:
        done = interlock(
            *("run", "release.yaml", "-i", "service=service", "-i", f"version={version}")
        )
        assert done.returncode == 5, done.stderr
        assert f"Ship service {version}?" in done.stderr

    release("1.0.0")
    assert (running("staging"), running("prod")) == ("service-1.0.0", "")
    done = interlock("approve", "last", "signoff")
    assert (done.returncode, json.loads(done.stdout)) == (0, {"url": "file://prod"})
    assert running("prod") == "service-1.0.0"
    release("1.1.0")
    # What production runs is damaged: the check after the release fails, and all is taken back.
    image = next((folder / "target" / "registry").glob("service-1.1.0-*.zip"))
    image.write_bytes(image.read_bytes().replace(b"Hello", b"Hullo"))
    done = interlock("approve", "last", "signoff")
    assert done.returncode == 1, done.stderr
    assert (running("staging"), running("prod")) == ("service-1.0.0", "service-1.0.0")
