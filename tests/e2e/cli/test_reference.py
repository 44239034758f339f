"""What is documented is what is there: commands, options, exit codes; and the examples work."""

import os
import re
from pathlib import Path

import pytest

from e2e.cli.project import Shell
from e2e.cli.reference import built, reference

DOCS = Path(__file__).parents[3] / "docs" / "reference"
BUILT = {each.words: each.command for each in built() if each.words != "demo"}


def test_the_reference_is_what_the_program_says():
    page = DOCS / "cli.md"
    if os.environ.get("UPDATE_GOLDEN"):
        page.write_text(reference(), encoding="utf-8")
    assert page.read_text(encoding="utf-8") == reference(), "write it anew with UPDATE_GOLDEN=1"


def test_every_exit_code_is_documented_as_the_help_says_it(empty: Shell):
    told = dict(re.findall(r"^ +(\d+)  (.+)$", empty("interlock --help").out, re.MULTILINE))
    page = (DOCS / "exit-codes.md").read_text(encoding="utf-8")
    documented = dict(re.findall(r"^\| (\d+) \| (.+?) \|", page, re.MULTILINE))
    assert told == documented


@pytest.mark.parametrize("name", BUILT)
def test_every_command_has_a_help_with_an_example(empty: Shell, name: str):
    done = empty(f"interlock {name} --help")
    assert done.code == 0
    assert f"  Example:\n    interlock {name}" in done.out
    assert all(len(line) <= 100 for line in done.out.splitlines())


@pytest.mark.parametrize("name", BUILT)
def test_the_list_of_commands_says_what_each_command_says(name: str):
    assert BUILT[name].name == name.rsplit(maxsplit=1)[-1]
    assert BUILT[name].help


def examples() -> list[str]:
    found: list[str] = []
    for command in BUILT.values():
        text = (command.epilog or "").partition("Example:\n")[2]
        found += [line.strip() for line in text.splitlines()]
    return found


DECIDING = {"approve", "reject", "signal", "cancel", "pause", "retry", "resolve"}
NOT_TO_BE_DECIDED = ("IL7002", "has no node", "has ended")


def test_the_examples_work_in_a_new_project(
    empty: Shell, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """In the order of the list: `init` first. What decides about a run is shown to parse."""
    codes: dict[str, int] = {}
    for line in examples():
        for part in line.split(" && "):
            command, _, file = part.partition(" > ")
            if part.startswith("cd "):
                monkeypatch.chdir(empty.folder / part.removeprefix("cd "))
                empty.folder = empty.folder / part.removeprefix("cd ")
            else:
                codes[command] = empty(command).code
            if file:
                (empty.folder / file).write_text(empty.done[-1].out)
    wrong = {line: code for line, code in codes.items() if code}
    assert list(wrong.values()) == [2] * len(wrong)
    assert {line.split()[1] for line in wrong} == DECIDING
    for done in empty.done:
        if done.line in wrong:
            assert any(words in done.err for words in NOT_TO_BE_DECIDED), done.err
