"""The program starts fast: a command imports what it needs, `--help` next to nothing."""

import subprocess
import sys
import time

import pytest

HEAVY = (
    *("apsw", "asyncio", "cel_expr_python", "google.protobuf", "httpx2", "jsonschema_rs"),
    *("pydantic", "rich", "yaml"),
)
HELP_SECONDS_MAX = 0.2
TRIES = 5
PROGRAM = """
import sys
try:
    from interlock.cli import main
    main()
finally:
    print(*sys.modules, file=sys.stderr)
"""


def imported_by(*words: str) -> set[str]:
    """The modules that a command imports."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words], capture_output=True, text=True, check=True
    )
    return set(done.stderr.split())


@pytest.mark.parametrize("words", [("--help",), ("--version",)])
def test_help_imports_nothing_heavy(words: tuple[str, ...]):
    found = imported_by(*words)
    assert "click" in found
    assert not found & set(HEAVY)
    assert not [name for name in found if name.startswith("interlock.cli.commands.")]


def test_explain_needs_no_engine():
    found = imported_by("explain", "IL2003")
    assert not found & {*HEAVY, "interlock.plan", "interlock.engine", "interlock.runtime"}


def test_help_takes_less_than_200_ms():
    assert min(seconds_of_help() for _ in range(TRIES)) < HELP_SECONDS_MAX


def seconds_of_help() -> float:
    before = time.perf_counter()  # noqa: TID251 - measures a process
    subprocess.run([sys.executable, "-m", "interlock", "--help"], capture_output=True, check=True)
    return time.perf_counter() - before  # noqa: TID251 - measures a process
