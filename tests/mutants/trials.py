"""One trial: the tests against one deliberate bug, in a copy of the repository.

Which tests, and in which order, depends on the package of the changed file alone: its own unit
tests first, then the same list for all. The first test that fails catches the bug, if it fails
again and passes without the bug; else it proves nothing, and is left out.
"""

import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from compileall import compile_dir
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from mutants.catalogue import Mutant

ROOT = Path(__file__).parents[2]
TESTS = (
    "conformance/test_stores.py",
    "conformance/test_agreement.py",
    "unit/journal",
    "unit/replay",
    "unit/values",
    "unit/audit",
    "unit/notary",
    "e2e/notary",
    "unit/reports",
    "unit/engine",
    "unit/store",
    "unit/runtime",
    "unit/plan",
    "unit/testing",
    "unit/cli",
    "sim",
    "certify",
    "proofs",
    "e2e/runtime",
    "e2e/cli",
    "e2e/hostile",
)
"""What may catch a bug, as `make test` runs it: near the code first, whole processes last."""
OPTIONS = (
    *("-x", "-v", "-n0", "-p", "no:randomly", "-p", "no:cacheprovider", "-rfE", "--tb=no"),
    *("-m", "not slow and not bench", "--hypothesis-seed=0", "--timeout-method=thread"),
)
TEST_S_MAX = 60
STAGE_S_MAX = 1_800
MEMORY_BYTES_MAX = 8 << 30
"""A bug may make a loop that never ends and keeps all that it makes."""
LEFT_OUT_MAX = 10
PASSED = (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
FAILED = re.compile(r"^(?:FAILED|ERROR) (tests/.+?)(?: - .*)?$", re.MULTILINE)
ENDLESS = re.compile(r"^(tests/.+?::.+?) *\n?\++ Timeout \++$", re.MULTILINE)
NOT_COPIED = shutil.ignore_patterns(
    ".git", ".venv", ".cache", ".hypothesis", ".*_cache", "site", "*.db*", "target"
)


@dataclass(slots=True, kw_only=True)
class Trial:
    """What came of the tests against a bug. Nothing in `by`: it survived all of them.

    Tests in `left_out` prove nothing here: they fail without the bug, too, or only now and then.
    """

    name: str
    by: str = ""
    how: str = ""
    seconds: float = 0.0
    left_out: list[str] = field(default_factory=list)


class Copies:
    """Copies of the repository, each for one trial; the checkout is only read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._whole = folder / "whole"
        shutil.copytree(ROOT, self._whole, ignore=NOT_COPIED, symlinks=True)
        # Compiled once: a copy keeps the times by which Python knows that this still fits.
        for part in ("src", "tests"):
            compile_dir(self._whole / part, quiet=2)

    def copy(self) -> "TemporaryDirectory[str]":
        """Make a copy that is removed when it is left."""
        made = TemporaryDirectory(dir=self._folder, prefix="trial-", ignore_cleanup_errors=True)
        shutil.copytree(self._whole, made.name, symlinks=True, dirs_exist_ok=True)
        return made


def try_mutant(mutant: Mutant, copies: Copies) -> Trial:
    """Put a bug into a copy, and run the tests until one of them catches it."""
    began = now_s()
    trial = Trial(name=mutant.name)
    with copies.copy() as folder, copies.copy() as without:
        root, control = Path(folder), Path(without)
        path = mutant.path_in(root)
        path.write_text(mutant.applied(path.read_text(encoding="utf-8")), encoding="utf-8")
        for compiled in path.parent.glob(f"__pycache__/{path.stem}.*.pyc"):
            compiled.unlink()
        for stage in stages(mutant.package):
            trial.by, trial.how = caught_in(root, stage, trial.left_out, control=control)
            if trial.by:
                break
    trial.seconds = round(now_s() - began, 1)
    return trial


def stages(package: str) -> Iterator[str]:
    """The tests in their order for a bug in a package: its own first."""
    near = f"unit/{package}"
    yield from sorted(TESTS, key=lambda path: path != near)


def caught_in(root: Path, stage: str, left_out: list[str], *, control: Path) -> tuple[str, str]:
    """Run some tests; the one that catches a bug, and how. Nothing when none does.

    Tests that fail in a copy without the bug, too, or do not fail again, are `left_out`.
    """
    for _ in range(LEFT_OUT_MAX):
        deselected = [f"--deselect={test}" for test in left_out]
        failed = first_failure(root, f"tests/{stage}", *deselected)
        if failed is None:
            return "", ""
        test, how = failed
        if first_failure(root, test) is not None and first_failure(control, test) is None:
            return test, how
        left_out.append(test)
    return "", ""


def first_failure(root: Path, *arguments: str) -> tuple[str, str] | None:
    """Run tests in a copy; the first one that fails, or the path when no end of it is seen."""
    environment = {
        **{name: value for name, value in os.environ.items() if name not in LEFT_UNSET},
        "PYTHONPATH": f"{root / 'src'}{os.pathsep}{root / 'tests'}",
        "HYPOTHESIS_PROFILE": "dev",
    }
    command = (sys.executable, "-m", "pytest", *arguments, *OPTIONS, f"--timeout={TEST_S_MAX}")
    with subprocess.Popen(
        command,
        cwd=root,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        RUNNING.add(process)
        resource.prlimit(process.pid, resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
        try:
            told = process.communicate(timeout=STAGE_S_MAX)[0].decode(errors="replace")
        except subprocess.TimeoutExpired:
            return arguments[0], f"did not end in {STAGE_S_MAX} s"
        finally:
            end(process)
            RUNNING.discard(process)
    if process.returncode in PASSED:
        return None
    if found := FAILED.search(told):
        return found[1], "failed"
    if found := ENDLESS.search(told):
        return found[1], f"did not end in {TEST_S_MAX} s"
    return arguments[0], f"ended with {process.returncode}: {told.strip()[-200:]}"


def end(process: "subprocess.Popen[bytes]") -> None:
    """End tests that run, and what they have started and left behind."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def end_all() -> None:
    """End all tests that run."""
    for process in list(RUNNING):
        end(process)


RUNNING = set["subprocess.Popen[bytes]"]()
LEFT_UNSET = ("CI", "UPDATE_GOLDEN", "PYTEST_ADDOPTS", "PYTHONPATH", "INTERLOCK_SIM_SEED")


def now_s() -> float:
    """How long trials take is measured, not tested."""
    return time.monotonic()  # noqa: TID251
