"""The project that the demo releases: a small Python package, as files at each of its versions."""

from collections.abc import Mapping
from dataclasses import dataclass

NAME = "railsignals"


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """The files of one commit. `tag` is set on it when it was released before the demo began."""

    message: str
    date: str
    files: Mapping[str, str]
    version: str
    tag: str = ""


PYPROJECT = """\
[project]
name = "railsignals"
version = "{version}"
description = "Which aspect a railway signal shows."
requires-python = ">=3.9"
"""

MODULE = '''\
"""Which aspect a railway signal shows."""

__version__ = "{version}"


def aspect(blocks_free: int) -> str:
    """Say which aspect is shown for the number of free blocks ahead."""
    if blocks_free {comparison} 0:
        return "red"
    return "yellow" if blocks_free == 1 else "green"
'''

SPEED = '''

def speed(blocks_free: int) -> int:
    """Say how fast a train may pass, in km/h."""
    return {"red": 0, "yellow": 60, "green": 160}[aspect(blocks_free)]
'''

TESTS = """\
import unittest

import railsignals


class AspectTest(unittest.TestCase):
    def test_red(self):
        self.assertEqual(railsignals.aspect(0), "red")

    def test_yellow(self):
        self.assertEqual(railsignals.aspect(1), "yellow")

    def test_green(self):
        self.assertEqual(railsignals.aspect(2), "green")
"""

SPEED_TEST = """
    def test_speed(self):
        self.assertEqual([railsignals.speed(n) for n in range(3)], [0, 60, 160])
"""

NEGATIVE_TEST = """
    def test_a_wrong_count_is_red(self):
        self.assertEqual(railsignals.aspect(-1), "red")
"""

CHANGES = "# Changes\n\n## 1.2.0\n\n- Red, yellow and green.\n"
CHANGES_1_3_0 = CHANGES.replace("## 1.2.0", "## 1.3.0\n\n- Speeds.\n\n## 1.2.0")
CHANGES_1_3_1 = CHANGES_1_3_0.replace(
    "## 1.3.0", "## 1.3.1\n\n- Red, not green, when the count is negative.\n\n## 1.3.0"
)


def _files(version: str, *, comparison: str, more: str, tests: str, changes: str) -> dict[str, str]:
    return {
        "pyproject.toml": PYPROJECT.format(version=version),
        f"{NAME}/__init__.py": MODULE.format(version=version, comparison=comparison) + more,
        "tests/test_railsignals.py": TESTS + tests,
        "CHANGES.md": changes,
    }


HISTORY = (
    Revision(
        message="Show red, yellow and green",
        date="2026-11-02T09:00:00+00:00",
        files=_files("1.2.0", comparison="==", more="", tests="", changes=CHANGES),
        version="1.2.0",
        tag="v1.2.0",
    ),
    Revision(
        message="Say how fast a train may pass",
        date="2026-11-16T09:00:00+00:00",
        files=_files("1.3.0", comparison="==", more=SPEED, tests=SPEED_TEST, changes=CHANGES_1_3_0),
        version="1.3.0",
    ),
)

FIX = Revision(
    message="Show red when the count of free blocks is negative",
    date="2026-11-23T09:00:00+00:00",
    files=_files(
        "1.3.1",
        comparison="<=",
        more=SPEED,
        tests=SPEED_TEST + NEGATIVE_TEST,
        changes=CHANGES_1_3_1,
    ),
    version="1.3.1",
)
