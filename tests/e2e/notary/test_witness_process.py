"""A witness as people start it: a log grows before it, it dies, a fork of the log comes by."""

import asyncio
import re
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from pathlib import Path

import pytest

from interlock.audit import Algorithm, VerifierKey, count_witnesses, parse_key
from interlock.notary import Collected, WitnessAddress, collect_cosignatures, create_memory
from interlock.runtime import SystemClock
from unit.notary.logs import LOG, WITNESS, checkpoint, leaves, proof

COMMAND = (sys.executable, "-m", "interlock", "audit", "witness")
NAME = "witness.example/w1"
GENUINE = leaves(40)
FORK = [*GENUINE[:9], *leaves(31, "another")]


async def make(folder: Path) -> VerifierKey:
    code, stdout, stderr = await ran(str(folder), "--init", NAME)
    assert code == 0, stderr
    return parse_key(stdout.strip())


async def ran(*arguments: str) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(*COMMAND, *arguments, stdout=PIPE, stderr=PIPE)
    stdout, stderr = await process.communicate()
    return process.returncode, stdout.decode(), stderr.decode()


async def started(folder: Path) -> tuple[Process, str]:
    """Start a witness on a free port; gives its address."""
    arguments = ("--log", str(LOG.verifier()), "--listen", "127.0.0.1:0")
    process = await asyncio.create_subprocess_exec(*COMMAND, str(folder), *arguments, stderr=PIPE)
    assert process.stderr is not None
    async for line in process.stderr:
        if found := re.match(r"listens +(\S+)", line.decode()):
            return process, found[1]
    raise AssertionError("it has ended")


async def ended(process: Process, number: signal.Signals) -> tuple[int, str]:
    assert process.stderr is not None
    process.send_signal(number)
    told = (await process.stderr.read()).decode()
    return await process.wait(), told


async def collect(witness: WitnessAddress, size: int, log: Sequence[bytes] = GENUINE) -> Collected:
    return await collect_cosignatures(
        checkpoint(log, size),
        [witness],
        prove=lambda old: proof(log, old, size),
        now_ms=SystemClock().now_ms(),
    )


async def test_a_witness_that_was_killed_still_refuses_a_fork(tmp_path: Path):
    folder = tmp_path / "w1"
    key = await make(folder)
    assert (key.name, key.algorithm) == (NAME, Algorithm.COSIGNATURE)

    process, url = await started(folder)
    for size in (1, 7, 12):
        collected = await collect(WitnessAddress(url=url, key=key), size)
        assert (
            len(
                count_witnesses(
                    collected.note, [key], log=[LOG.verifier()], now_ms=SystemClock().now_ms()
                )
            )
            == 1
        )
    _, told = await ended(process, signal.SIGKILL)
    assert "cosigned `example.com/log` at 12 events" in told

    process, url = await started(folder)
    witness = WitnessAddress(url=url, key=key)
    forked = await collect(witness, 20, FORK)
    same_size = await collect(witness, 12, FORK)
    cut = await collect(witness, 11)
    grown = await collect(witness, 20)
    code, told = await ended(process, signal.SIGTERM)
    errors = [each.asked[0].error for each in (forked, same_size, cut, grown)]
    assert [error.code if error else "" for error in errors] == ["IL8503", "IL8530", "IL8511", ""]
    assert code == 0
    assert "refused `example.com/log`: IL8530: the log has signed two trees of 12 leaves" in told


async def test_a_witness_is_made_once_and_served_once(tmp_path: Path):
    folder = tmp_path / "w1"
    await make(folder)
    code, _, stderr = await ran(str(folder), "--init", NAME)
    assert (code, "a witness in" in stderr) == (2, True)
    process, _ = await started(folder)
    code, _, stderr = await ran(str(folder), "--log", str(LOG.verifier()))
    assert (code, "another process" in stderr) == (2, True)
    assert (await ended(process, signal.SIGINT))[0] == 0


async def test_a_witness_that_has_lost_its_memory_does_not_start(tmp_path: Path):
    folder = tmp_path / "w1"
    await make(folder)
    (folder / "seen.json").unlink()
    code, _, stderr = await ran(str(folder), "--log", str(LOG.verifier()))
    assert (code, "nobody knows" in stderr) == (2, True)
    code, _, stderr = await ran(str(folder), "--init", NAME)
    assert (code, "a witness in" in stderr) == (2, True)
    assert not (folder / "seen.json").exists()


async def test_making_a_witness_can_be_done_again_when_it_stopped_before_the_key(tmp_path: Path):
    create_memory(tmp_path / "seen.json")
    assert (await make(tmp_path)).name == NAME


async def test_a_log_is_no_witness_of_itself(tmp_path: Path):
    folder = tmp_path / "w1"
    key = await make(folder)
    same = VerifierKey(name="example.com/log", public=key.public)
    code, _, stderr = await ran(str(folder), "--log", str(same))
    assert (code, "signs with the key of this witness" in stderr) == (2, True)


@pytest.mark.parametrize(
    "arguments, told",
    [
        ((), "no log is named"),
        (("--log", "x"), "IL8505"),
        (("--log", str(WITNESS.verifier(Algorithm.COSIGNATURE))), "is the key of a witness"),
        (("--log", str(LOG.verifier()), "--listen", "7470"), "is no HOST:PORT"),
        (("--log", str(LOG.verifier()), "--listen", "0.0.0.0:0"), "no name is given for it"),
        (("--log", str(LOG.verifier())), "no key file"),
    ],
)
async def test_what_is_refused_is_named(tmp_path: Path, arguments: tuple[str, ...], told: str):
    code, _, stderr = await ran(str(tmp_path / "w1"), *arguments)
    assert code not in (0, None)
    assert told in stderr
    assert "Traceback" not in stderr
