"""The demo from its first line to its last, as a process; what it says is held against the disk."""

import json
import os
import pty
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from e2e.demo.process import DEMO, RUN_ID, Shown, environment, show_demo, stopped_at


def log_of(workspace: Path) -> list[dict[str, object]]:
    lines = (workspace / "index" / "log.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_it_ends_well_and_in_time(shown: Shown):
    # `show_demo` gives up after 60 s.
    assert shown.code == 0
    assert "Traceback" not in shown.text


def test_the_first_answer_is_refused_with_all_diagnostics_at_once(shown: Shown):
    refused, _, rest = shown.text.partition("Refused before anything ran")
    assert "there is no action `index.upload`" in refused
    assert "`checksum` reads `wheel.path`, but `wheel.build` returns no field `path`" in refused
    assert "3 errors" in refused
    assert "succeeded" in rest
    assert "✓" not in refused


def test_what_stands_in_for_a_model_is_marked(shown: Shown):
    assert shown.text.count("a file that stands in for a model's answer") == 2
    assert "answers/first.yaml" in shown.text
    assert "answers/second.yaml" in shown.text


def test_the_plan_shows_order_effects_and_guarantees(shown: Shown):
    lines = shown.text.splitlines()
    rows = {line.split()[0]: line for line in lines if line.startswith("  ") and line.split()}
    assert "write   one effect (key, 24 h)" in rows["publish"]
    assert "propose agent.checks" in rows["checks"]
    assert lines.index(rows["wheel"]) < lines.index(rows["publish"]) < lines.index(rows["verify"])


def test_the_second_run_is_killed_between_intent_and_outcome_of_publish(shown: Shown):
    act = shown.text.partition("== A fix is committed")[2].partition("== Resume")[0]
    assert "is the intent of `publish`; there is no outcome" in act
    assert "✓ tests" in act
    assert "✓ publish" not in act
    resumed = shown.text.partition("== Resume")[2].partition("== Replay")[0]
    assert "✓ publish" in resumed
    assert "✓ tests" not in resumed


def test_nothing_is_published_twice(shown: Shown):
    log = log_of(shown.workspace)
    assert [line["reply"] for line in log] == ["published", "published", "seen before"]
    assert log[1]["key"] == log[2]["key"] != log[0]["key"]
    assert "2 releases, 2 publications: nothing was published twice" in shown.text
    published = sorted(path.name for path in (shown.workspace / "index" / "files").iterdir())
    assert published == sorted(str(line["file"]) for line in log[:2])


def test_each_replay_is_equal_and_asks_the_index_nothing(shown: Shown):
    assert len(shown.digests) == 2
    assert all(recorded == replayed for recorded, replayed, _ in shown.digests)
    assert [verdict for _, _, verdict in shown.digests] == ["equal", "equal"]
    assert "the index was asked 0 times" in shown.text


def test_the_printed_commands_work_when_they_are_pasted(shown: Shown, tmp_path: Path):
    assert len(shown.commands) >= 5
    outputs = [pasted(command, tmp_path) for command in shown.commands]
    together = "\n".join(outputs)
    runs = set(RUN_ID.findall(shown.text))
    assert runs == set(RUN_ID.findall(outputs[0]))
    assert "equal, succeeded" in together
    assert shown.plan in together
    assert "seen before" in together


def pasted(command: str, folder: Path) -> str:
    """Paste a command into a shell that has nothing but a path, in another folder."""
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", **kept("PYTHONPATH")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stderr}"
    assert done.stdout
    return done.stdout


def kept(*names: str) -> dict[str, str]:
    return {name: os.environ[name] for name in names if name in os.environ}


@pytest.mark.slow
def test_the_same_release_has_the_same_execution_digest_everywhere(shown: Shown, tmp_path: Path):
    again = show_demo(tmp_path, "--folder", str(tmp_path / "interlock-demo-of my own"))
    assert again.code == 0
    assert again.digests == shown.digests


def test_a_pipe_gets_no_escapes_and_a_terminal_gets_colour(shown: Shown, tmp_path: Path):
    assert "\x1b" not in shown.text
    text = on_terminal(tmp_path)
    assert "\x1b[32m" in text
    assert "nothing was published twice" in text
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h")


def on_terminal(folder: Path) -> str:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        DEMO,
        cwd=folder,
        env=environment(folder, TERM="xterm-256color", COLUMNS="100", LINES="40"),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    parts: list[bytes] = []
    with suppress(OSError):  # the terminal is gone when the last process that had it is
        while part := os.read(ours, 1 << 16):
            parts.append(part)
    os.close(ours)
    assert process.wait() == 0
    return b"".join(parts).decode("utf-8", "replace")


@pytest.mark.slow
def test_the_oldest_locale_is_no_error(tmp_path: Path):
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    shown = show_demo(tmp_path, **plain)
    assert shown.code == 0
    assert "nothing was published twice" in shown.text


# Where it is stopped, and how many runs are open then.
PLACES = {"3 errors": 0, "✓ repo": 1, "✓ publish": 0, "  | Run": 1, "What the index logged": 0}


@pytest.mark.slow
@pytest.mark.parametrize("place", PLACES)
def test_ctrl_c_ends_the_demo_and_says_how_to_go_on(place: str, tmp_path: Path):
    text = stopped_at(place, tmp_path)
    _, _, left = text.partition("== Stopped; this is left\n")
    resuming = [line.strip() for line in left.splitlines() if " resume " in line]
    assert len(resuming) == PLACES[place]
    for command in resuming:
        assert "1.3." in pasted(command, tmp_path)
    (workspace,) = tmp_path.glob("interlock-demo-*")
    (cleaning,) = (line.strip() for line in left.splitlines() if "rm -r" in line)
    subprocess.run(["bash", "-c", cleaning], check=True)
    assert not workspace.exists()


def test_without_git_it_says_what_is_missing_and_how_to_get_it(tmp_path: Path):
    shown = show_demo(tmp_path, PATH=str(tmp_path))
    assert shown.code == 2
    assert "there is no `git` here" in shown.text
    assert "apt install git" in shown.text
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path: Path):
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    shown = show_demo(tmp_path, "--folder", str(tmp_path))
    assert shown.code == 2
    assert "is not empty" in shown.text
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_editing_the_answers_changes_what_happens(shown: Shown, shelf: Path, tmp_path: Path):
    second = shelf / "second.yaml"
    text = second.read_text(encoding="utf-8")
    (shelf / "first.yaml").write_text(text.replace("timeout: 2m", "timeout: 3m"), encoding="utf-8")
    second.unlink()
    second.write_text("no graph", encoding="utf-8")
    edited = show_demo(tmp_path, "--answers", str(shelf))
    assert edited.code == 0
    assert "Refused" not in edited.text
    assert edited.plan != shown.plan


@pytest.mark.parametrize("name", ["first.yaml", "second.yaml", "checks.yaml"])
def test_a_missing_answer_is_named(name: str, shelf: Path, tmp_path: Path):
    (shelf / name).unlink()
    shown = show_demo(tmp_path, "--answers", str(shelf))
    assert shown.code == 2
    assert name in shown.text


@pytest.mark.slow
def test_a_release_whose_tests_fail_is_not_published(shelf: Path, tmp_path: Path):
    text = (shelf / "second.yaml").read_text(encoding="utf-8")
    stricter = text.replace("result.ran > 0", "result.ran > 100")
    (shelf / "second.yaml").write_text(stricter, encoding="utf-8")
    shown = show_demo(tmp_path, "--answers", str(shelf))
    assert shown.code == 1
    assert "`ensure` was false" in shown.text
    assert log_of(shown.workspace) == []


@pytest.mark.slow
def test_a_proposal_that_reaches_for_more_than_it_may_is_refused(shelf: Path, tmp_path: Path):
    checks = shelf / "checks.yaml"
    text = checks.read_text(encoding="utf-8")
    checks.write_text(text.replace("check.syntax", "tests.run"), encoding="utf-8")
    shown = show_demo(tmp_path, "--answers", str(shelf))
    assert shown.code == 1
    assert "IL2014" in shown.text
    assert log_of(shown.workspace) == []


def test_module_and_script_are_both_named_so_that_they_can_be_called(shown: Shown):
    program = Path(sys.executable).with_name("interlock")
    if program.exists():
        assert all(f"{program} " in command for command in shown.commands[:4])


# What differs between two demos: places, times, numbers, and digests that cover our own code.
VARIES = re.compile(r"\S*/answers/| +[\d.]+ m?s\b|\bevent \d+|\bprocess \d+|sha256:\w+")


def test_the_picture_in_the_readme_is_true(shown: Shown):
    page = Path(__file__).parents[3] / "README.md"
    section = page.read_text(encoding="utf-8").partition("### What you see")[2]
    picture = section.partition("```text\n")[2].partition("```")[0]
    real = [line.strip() for line in VARIES.sub("~", shown.text).splitlines()]
    said = [line.strip() for line in VARIES.sub("~", picture).splitlines() if line]
    assert len(said) > 20
    lines = iter(real)
    # In this order, too: each line is looked for after the one before it.
    assert [line for line in said if line not in lines] == []
