"""The repository as the tidy tests see it: its files, and what is exempt from a rule."""

import datetime
import subprocess
import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import pytest

from tidy.rules import Problem, Source

ROOT = Path(__file__).resolve().parents[2]
EXEMPTIONS = Path(__file__).with_name("exemptions.toml")
PYTHON_FOLDERS = ("src/", "tests/", "examples/", "benchmarks/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemption:
    """One entry of `exemptions.toml`; `place` may have `*`."""

    rule: str
    place: str
    reason: str
    date: datetime.date

    def covers(self, problem: Problem) -> bool:
        return self.rule == problem.rule and fnmatchcase(problem.place, self.place)


@cache
def text_sources() -> tuple[Source, ...]:
    """All text files that git knows or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    ).stdout.decode()
    paths = [ROOT / name for name in sorted(listed.split("\0")) if name]
    return tuple(read(path) for path in paths if path.is_file() and is_text(path))


@cache
def python_sources() -> tuple[Source, ...]:
    """The Python files among them that are ours."""
    return tuple(
        source
        for source in text_sources()
        if source.path.endswith(".py") and source.path.startswith(PYTHON_FOLDERS)
    )


def read(path: Path) -> Source:
    return Source(path=path.relative_to(ROOT).as_posix(), text=path.read_text(encoding="utf-8"))


def is_text(path: Path) -> bool:
    try:
        path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return False
    return True


@cache
def exemptions() -> tuple[Exemption, ...]:
    entries = tomllib.loads(EXEMPTIONS.read_text(encoding="utf-8")).get("exempt", [])
    return tuple(Exemption(**entry) for entry in entries)


def refuse(problems: list[Problem]) -> None:
    """Fail with the problems that no exemption covers, one a line."""
    left = [str(p) for p in problems if not any(e.covers(p) for e in exemptions())]
    if left:
        pytest.fail("\n".join(left), pytrace=False)
