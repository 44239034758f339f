"""Pages as people follow them: files are written, commands are typed, output is compared.

In a `console` block a line that begins with `$ ` is a command, `> ` continues it, and the lines
below are what a terminal shows: what differs between two runs (ids, times, digests) may be
anything, a line `...` stands for any lines, and a command with nothing below it is not compared.
A block with a title, such as `yaml title="hello.yaml"`, is a file where the page then stands.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tidy.pages import Block, Page

# Tasks of this repository and installers are named on pages, and tested elsewhere.
NOT_RUN = ("make ", "pip ", "uv ", "git ")
SKIP = "..."
KILLED = "Killed"
TIMEOUT_S = 50
MARK = "<<<interlock page>>>"

NORMAL = (
    (re.compile(r"\x1b\[[0-9;]*m"), ""),
    (re.compile(r"\b01[0-9A-HJKMNP-TV-Z]{24}\b"), "RUN"),
    (re.compile(r"sha256:[0-9a-f]{6,64}…?"), "DIGEST"),
    (re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? UTC"), "TIME"),
    (re.compile(r"\b\d{4}-\d\d-\d\d(?=, UTC)"), "DATE"),
    (re.compile(r"\b\d\d:\d\d:\d\d(\.\d+)?( UTC)?"), "TIME"),
    (re.compile(r"\b\d+(\.\d)? (ms|s)\b"), "TOOK"),
    (re.compile(r"\b[\w.-]+-\d+-[0-9a-f]{8}\b"), "OWNER"),
    (re.compile(r"\b[0-9a-f]{8,64}\b"), "HEX"),
    (re.compile(r"^(?:\S+: line \d+: +\d+ |)Killed\b.*$"), KILLED),
    (re.compile(r" by (unauthenticated:)?\w+$"), " by USER"),
    (re.compile(r"\s+"), " "),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command of a page, and the lines that it should show; none: whatever it likes."""

    text: str
    shown: tuple[str, ...]
    line: int

    @property
    def runs(self) -> bool:
        return not self.text.startswith(NOT_RUN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A file that a page shows."""

    path: str
    text: str


def steps(page: Page) -> Iterator[Command | Written]:
    """What the reader of a page does, in order."""
    for block in page.blocks:
        if block.title:
            yield Written(path=block.title, text=block.text)
        elif block.language == "console":
            yield from commands(block)


def commands(block: Block) -> Iterator[Command]:
    text, shown, line = "", list[str](), block.line
    for number, row in enumerate(block.text.splitlines(), start=block.line + 1):
        if row.startswith("$ "):
            if text:
                yield Command(text=text, shown=tuple(shown), line=line)
            text, shown, line = row[2:], [], number
        elif row.startswith("> ") and not shown:
            text += "\n" + row[2:]
        else:
            shown.append(row)
    if text:
        yield Command(text=text, shown=tuple(shown), line=line)


def differences(page: Page, folder: Path) -> list[str]:
    """Follow a page in an empty folder; tell what is shown there and did not come."""
    todo = list(steps(page))
    typed = [step for step in todo if isinstance(step, Command) and step.runs]
    told = typed_in_a_shell(script(todo), folder)
    outputs = told.split(MARK + "\n")
    assert len(outputs) == len(typed) + 1, told
    found: list[str] = []
    for command, output in zip(typed, outputs, strict=False):
        if command.shown and not matches(command.shown, output.splitlines()):
            place = f"{page.source.path}:{command.line}"
            found.append(f"{place}: `{command.text}` shows\n{output}")
    return found


def typed_in_a_shell(text: str, folder: Path) -> str:
    """Run a script, and end all that it started: a page may leave something in the background."""
    shell = subprocess.Popen(
        ["bash", "-c", text],
        cwd=folder,
        env=environment(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        return shell.communicate(timeout=TIMEOUT_S)[0]
    except subprocess.TimeoutExpired:
        os.killpg(shell.pid, signal.SIGKILL)
        return f"{shell.communicate()[0]}\nstopped after {TIMEOUT_S} s"


def script(todo: list[Command | Written]) -> str:
    """One shell for the whole page, so that `cd` and variables hold."""
    parts: list[str] = []
    for step in todo:
        match step:
            case Written():
                parts.append(f"cat > '{step.path}' <<'{MARK}'\n{step.text}{MARK}")
            case Command() if step.runs:
                parts.append(f"{step.text}\ncode=$?\necho '{MARK}'\n(exit $code)")
            case Command():
                pass
    return "\n".join(parts) + "\n"


def environment(folder: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("LANG", "PYTHONPATH", "TZ") if name in os.environ}
    return {
        **kept,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(folder),
        "LOGNAME": "ada",
        "COLUMNS": "100",
        # Pages change files faster than the clock of the compiler's cache ticks.
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def matches(shown: tuple[str, ...], output: list[str]) -> bool:
    """Compare line by line; `...` stands for any lines, blank lines at the ends do not count."""
    wanted, got = list(normal(shown)), list(normal(output))
    if KILLED not in wanted:
        # When the shell tells of a background process that was killed is a matter of chance.
        got = [line for line in got if line != KILLED]
    pattern = "".join(r"(?:.*\n)*?" if line == SKIP else re.escape(line) + r"\n" for line in wanted)
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in got)) is not None


def normal(lines: tuple[str, ...] | list[str]) -> Iterator[str]:
    text = "\n".join(lines).strip("\n")
    for line in text.splitlines():
        same = line
        for pattern, name in NORMAL:
            same = pattern.sub(name, same)
        yield same.rstrip()
