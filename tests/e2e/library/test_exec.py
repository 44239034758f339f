"""Real programs: what is started can be ended, and what they say is told as it is."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from e2e.library.running import lone, run
from interlock.actions import Registry
from interlock.journal import AttemptFailed, NodeInDoubt
from interlock.library import exec_run, library

PYTHON = sys.executable


def program(*argv: str, **more: Any) -> dict[str, Any]:
    return lone("exec.run", {"argv": [*argv], **more})


async def wait_until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - the processes of others tell nobody
            await asyncio.sleep(0.005)


def alive(pid: int) -> bool:
    """Whether a process runs; one that nobody has waited for yet has ended all the same."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


async def test_a_program_has_an_exit_code_and_two_streams():
    result = await run(program("sh", "-c", "echo out; echo err >&2"))
    assert result.output == {
        "exit_code": 0,
        "stdout": "out\n",
        "stderr": "err\n",
        "truncated": False,
    }


async def test_no_shell_reads_the_arguments():
    hostile = ["$(id)", "`id`", "; id", "| id", "&& id", "* ? [a]", "-n", "\n", "", "é\u202e"]
    code = "import sys, json; print(json.dumps(sys.argv[1:]))"
    result = await run(
        {
            "nodes": {"it": {"call": "exec.run", "with": {"argv": [PYTHON, "-c", code, *hostile]}}},
            "outputs": {"result": "${{ it.stdout }}"},
        }
    )
    assert eval(str(result.output)) == hostile


async def test_input_is_given_and_need_not_be_read():
    text = "zeile\n" * 50_000
    assert (await run(program("wc", "-c", stdin=text))).output["stdout"].strip() == "300000"
    assert (await run(program("true", stdin=text))).status == "succeeded"


async def test_a_program_sees_only_what_is_allowed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "leak")
    monkeypatch.setenv("COLOUR", "blue")
    monkeypatch.setenv("TZ", "UTC")
    result = await run(program("/usr/bin/env", env={"OWN": "1"}))
    names = {line.partition("=")[0] for line in result.output["stdout"].splitlines()}
    assert {"OWN", "PATH", "TZ"} <= names
    assert not names & {"AWS_SECRET_ACCESS_KEY", "COLOUR"}
    result = await run(program("/usr/bin/env", env_allow=["COLOUR", "NOT_SET"]))
    assert result.output["stdout"] == "COLOUR=blue\n"


async def test_a_secret_is_given_to_the_program_and_masked_in_what_it_says():
    graph = program("sh", "-c", "echo $TOKEN; echo $TOKEN >&2", env_secret={"TOKEN": "github"})
    result = await run(graph, secrets={"github": "s3cr3t-value"})
    assert result.output == {
        "exit_code": 0,
        "stdout": "***\n",
        "stderr": "***\n",
        "truncated": False,
    }
    assert "s3cr3t-value" not in repr(result.journal)


async def test_a_failing_program_cannot_tell_a_secret():
    graph = program("sh", "-c", "echo $TOKEN >&2; exit 3", env_secret={"TOKEN": "github"})
    result = await run(graph, secrets={"github": "s3cr3t-value"})
    assert result.status == "in_doubt"
    assert "stderr ends: ***" in result.events(NodeInDoubt)[0].error.message
    assert "s3cr3t-value" not in repr(result.journal)


@pytest.mark.parametrize(
    "given, told",
    [
        ({"argv": []}, "`argv` is empty"),
        ({"argv": ["no-such-program"]}, "cannot start `no-such-program`: No such file"),
        ({"argv": ["/etc/passwd"]}, "cannot start `/etc/passwd`: Permission denied"),
        ({"argv": ["a\0b"]}, "embedded null byte"),
        ({"argv": ["true"], "env": {"A=B": "x"}}, "cannot start `true`"),
        ({"argv": ["true"], "cwd": ".."}, "has `..` in it"),
        ({"argv": ["true"], "cwd": "/"}, "is absolute"),
        ({"argv": ["true"], "cwd": "nowhere"}, "`nowhere`: No such file"),
        ({"argv": ["true"], "env_secret": {"A": "missing"}}, "no secret `missing` is configured"),
        ({"argv": ["true"], "env_allow": ["INTERLOCK_SECRET_X"]}, "holds a secret"),
    ],
)
async def test_what_was_not_started_did_not_happen(given: dict[str, Any], told: str):
    """The one certainty that lets a write fail: no byte of the program ran."""
    result = await run(lone("exec.run", given))
    assert result.status == "failed"
    assert result.failure.startswith("IL6009")
    assert told in result.failure


async def test_a_write_that_failed_is_in_doubt():
    result = await run(program("sh", "-c", "echo half done >&2; exit 7"))
    assert result.status == "in_doubt"
    told = result.events(NodeInDoubt)[0].error.message
    assert "`sh` ended with exit code 7; its stderr ends: half done" in told


async def test_other_codes_can_be_results():
    result = await run(program("sh", "-c", "exit 7", ok_codes=[0, 7]))
    assert result.output["exit_code"] == 7
    result = await run(program("sh", "-c", "kill -9 $$", ok_codes=None))
    assert result.output["exit_code"] == -9


async def test_a_derived_read_fails_and_is_tried_again(tmp_path: Path):
    flag = tmp_path / "flag"
    script = f"test -e {flag} || {{ touch {flag}; echo flaky >&2; exit 1; }}; echo good"
    check = exec_run.derive("ci.test", effect="read", argv=["sh", "-c", script])
    document = lone("ci.test", {}, retry={"attempts": 3, "delay": "1ms"})
    result = await run(document, registry=Registry([check]))
    assert result.output["stdout"] == "good\n"
    failed = result.events(AttemptFailed)
    assert [event.error.code for event in failed] == ["IL6001"]
    assert "flaky" in failed[0].error.message


async def test_output_over_the_limit_is_cut():
    script = "yes o | head -n 100000; yes e | head -n 100000 >&2; echo END >&2"
    result = await run(program("sh", "-c", script, output_bytes_max=1001))
    assert isinstance(result.output, dict)
    assert result.output["truncated"] is True
    assert result.output["stdout"] == "o\n" * 500 + "o"
    assert str(result.output["stderr"]).endswith("e\ne\nEND\n")
    assert len(str(result.output["stderr"])) == 1001
    assert (await run(program("echo", "x", output_bytes_max=0))).output == {
        "exit_code": 0,
        "stdout": "",
        "stderr": "",
        "truncated": True,
    }


async def test_bytes_that_are_no_text_are_shown_as_such():
    result = await run(program("printf", r"a\377\200b\000\033[31m"))
    assert result.output["stdout"] == "a\ufffd\ufffdb\0\x1b[31m"


async def test_nothing_of_a_program_outlives_it(tmp_path: Path):
    """A child in the background holds the streams: it is ended, and nobody waits for it."""
    result = await run(program("sh", "-c", "sleep 600 & echo $!"))
    pid = int(result.output["stdout"])
    await wait_until(lambda: not alive(pid))
    assert result.status == "succeeded"


@pytest.mark.parametrize("trap", ["", "trap '' TERM; "])
@pytest.mark.slow
async def test_a_timeout_ends_the_whole_group(tmp_path: Path, trap: str):
    pids = tmp_path / "pids"
    script = f"{trap}sleep 600 & echo $! >> {pids}; echo $$ >> {pids}; wait; sleep 600"
    document = lone("exec.run", {"argv": ["sh", "-c", script]}, timeout="300ms")
    result = await run(document)
    assert result.status == "in_doubt"
    assert result.events(NodeInDoubt)[0].error.code == "IL6002"
    started = [int(line) for line in pids.read_text(encoding="utf-8").split()]
    assert len(started) == 2
    await wait_until(lambda: not any(alive(pid) for pid in started))


async def test_cancelling_a_run_ends_its_programs(tmp_path: Path):
    pids = tmp_path / "pids"
    script = f"sleep 600 & echo $! $$ > {pids}.new; mv {pids}.new {pids}; wait"
    task = asyncio.create_task(run(program("sh", "-c", script)))
    await wait_until(pids.exists)
    started = [int(part) for part in pids.read_text(encoding="utf-8").split()]
    assert all(alive(pid) for pid in started)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await wait_until(lambda: not any(alive(pid) for pid in started))


async def test_a_program_starts_below_the_root(tmp_path: Path):
    (tmp_path / "inner").mkdir()
    (tmp_path / "away").symlink_to("/")
    registry = library(tmp_path)
    result = await run(program("pwd", "-L", cwd="inner"), registry=registry)
    assert result.output["stdout"] == f"{tmp_path}/inner\n"
    result = await run(program("pwd", cwd="away"), registry=registry)
    assert "goes through a link" in result.failure
