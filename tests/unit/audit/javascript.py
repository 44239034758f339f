"""The verifier in JavaScript, driven from tests: one process of Node for many tasks."""

import json
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

VERIFIER = Path(__file__).parents[3] / "src/interlock/audit/verifier/interlock-verify.mjs"
BATCH = Path(__file__).with_name("batch.mjs")
NODE = shutil.which("node")

needs_node = pytest.mark.skipif(
    NODE is None, reason="the verifier in JavaScript needs Node 18 or newer: https://nodejs.org"
)


def answers(tasks: Iterable[dict[str, Any]]) -> list[Any]:
    """Do each task; a refusal is an object with `code`, `place`, `message` and `hint`."""
    assert NODE is not None
    done = subprocess.run(
        [NODE, BATCH, VERIFIER],
        input="\n".join(json.dumps(task) for task in tasks),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return [answer.get("value", answer) for answer in json.loads(done.stdout)]
