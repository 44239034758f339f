"""Programs that the demo starts: git, Python, an installer; without settings of the user."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

TIMEOUT_S = 120
SAID_CHARS_MAX = 2_000
KEPT = ("PATH", "TMPDIR", "TEMP", "TMP", "LD_LIBRARY_PATH")


class ProgramFailed(Exception):
    """A program could not be started, or ended with another code than zero."""


def run(
    argv: Sequence[str], *, folder: Path, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run a program to its end, whatever its code is.

    Raises:
        ProgramFailed: it cannot be started, or takes too long.
    """
    environment = {name: os.environ[name] for name in KEPT if name in os.environ}
    try:
        return subprocess.run(
            [*argv],
            cwd=folder,
            env={**environment, "LANG": "C.UTF-8", "HOME": str(folder), **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
            # Ctrl-C is for us: what is under way may end.
            start_new_session=True,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ProgramFailed(f"{argv[0]}: {error}") from error


def output(argv: Sequence[str], *, folder: Path, env: Mapping[str, str] | None = None) -> bytes:
    """Run a program, and return what it wrote to stdout.

    Raises:
        ProgramFailed: it ended with another code than zero; has the end of what it said.
    """
    done = run(argv, folder=folder, env=env)
    if done.returncode != 0:
        raise ProgramFailed(f"{Path(argv[0]).name} ended with {done.returncode}: {said(done)}")
    return done.stdout


def said(done: subprocess.CompletedProcess[bytes]) -> str:
    """Return the end of what a program said."""
    text = (done.stderr or done.stdout).decode("utf-8", "replace").strip()
    return text[-SAID_CHARS_MAX:]
