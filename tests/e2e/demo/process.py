"""The demo as a process: how it is called, and what can be read off its screen."""

import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import interlock.cli

ANSWERS = Path(interlock.cli.__file__).parent / "demo" / "answers"
DEMO = [sys.executable, "-m", "interlock", "demo"]
RUN_ID = re.compile(r"\b01[0-9A-HJKMNP-TV-Z]{24}\b")
DIGESTS = re.compile(r"  recorded +(sha256:\w{64})\n  replayed +(sha256:\w{64})  (\w+)\n")
TIMEOUT_S = 60


def environment(folder: Path, **more: str) -> dict[str, str]:
    """What a CI job may have: no home, no model, nothing of the user's."""
    dropped = ("OPENAI", "INTERLOCK", "GIT_", "HOME", "NO_COLOR", "FORCE_COLOR", "TERM")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    return {**kept, "TMPDIR": str(folder), **more}


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A demo that has ended, with what it showed."""

    code: int
    text: str
    folder: Path

    @cached_property
    def workspace(self) -> Path:
        """The folder that the demo worked in."""
        (place,) = self.folder.glob("interlock-demo-*")
        return place

    @property
    def digests(self) -> list[tuple[str, str, str]]:
        """The execution digest of each run, that of its replay, and the verdict."""
        return DIGESTS.findall(self.text)

    @property
    def plan(self) -> str:
        """The digest of the plan that compiled."""
        return re.findall(r"^  plan +(sha256:\w{64})$", self.text, re.MULTILINE)[-1]

    @property
    def commands(self) -> list[str]:
        """The commands that are printed to try next."""
        closing = self.text.partition("left for you to look at")[2].splitlines()
        return [line.strip() for line in closing if re.match(r"  (/|cd |cat |interlock )", line)]


def show_demo(folder: Path, *options: str, **more: str) -> Shown:
    """Run the demo in a pipe to its end."""
    done = subprocess.run(
        [*DEMO, *options],
        cwd=folder,
        env=environment(folder, **more),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=TIMEOUT_S,
        check=False,
    )
    return Shown(code=done.returncode, text=done.stdout, folder=folder)


def stopped_at(place: str, folder: Path, *options: str) -> str:
    """Type Ctrl-C at a place: the whole group of processes gets it, as from a terminal."""
    with subprocess.Popen(
        [*DEMO, *options],
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        lines: list[str] = []
        for line in process.stdout:
            lines.append(line)
            if place in line and place not in "".join(lines[:-1]):
                os.killpg(process.pid, signal.SIGINT)
    text = "".join(lines)
    assert process.returncode == 130, text
    assert "Traceback" not in text
    return text
