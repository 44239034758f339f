"""Answers that are wrong, through the whole program: refused, and nothing runs.

All two hundred of them take the same way, up to the plan, in `tests/unit/cli/demo`.
"""

import re
from pathlib import Path

import pytest

from e2e.demo.process import ANSWERS, Shown, show_demo
from interlock.errors import CODES
from unit.cli.demo.mutations import mutation

SECOND = (ANSWERS / "second.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("seed", [0, 5, 14, 23, 36, 61])
def test_a_wrong_answer_is_refused_and_nothing_runs(seed: int, shelf: Path, tmp_path: Path):
    operator, text = mutation(SECOND, seed)
    for name in ("first.yaml", "second.yaml"):
        (shelf / name).write_text(text, encoding="utf-8")
    shown = show_demo(tmp_path, "--answers", str(shelf))
    assert shown.code == 3, f"{operator}\n{shown.text}"
    assert "Traceback" not in shown.text
    codes = re.findall(r"^error\[(IL\d{4})\]: ", shown.text, re.MULTILINE)
    assert codes
    assert set(codes) <= set(CODES)
    assert "so nothing was run" in shown.text
    assert not (shown.workspace / "journal.db").exists()
    assert (shown.workspace / "index" / "log.jsonl").read_bytes() == b""


def test_an_answer_that_still_compiles_is_another_plan(shown: Shown, shelf: Path, tmp_path: Path):
    text = SECOND.replace("retry: {attempts: 2}", "retry: {attempts: 3}")
    (shelf / "second.yaml").write_text(text, encoding="utf-8")
    changed = show_demo(tmp_path, "--answers", str(shelf))
    assert changed.code == 0
    assert changed.plan != shown.plan


def test_an_answer_that_is_no_text_is_refused_like_any_other(shelf: Path, tmp_path: Path):
    for name in ("first.yaml", "second.yaml"):
        (shelf / name).write_bytes(b"\xff\xfe\x00interlock: 1")
    shown = show_demo(tmp_path, "--answers", str(shelf))
    assert shown.code == 3, shown.text
    assert shown.text.count("error[IL1001]: the document is UTF-16, not UTF-8") == 2
    assert shown.text.count("answers again") == 1
    assert "so nothing was run" in shown.text
