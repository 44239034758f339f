"""How the runs of a worker stand: the worst counts, the newest word about a run holds."""

import pytest

from interlock.cli.running import standing
from interlock.cli.running.standing import Standing
from interlock.cli.terminal.exits import Exit
from interlock.journal import RunHead
from interlock.runtime import RunResult
from interlock.values import Digest, Path, RunId

WORSE = (
    (RunResult(run=RunId("R1"), status="waiting"), Exit.OPEN),
    (RunResult(run=RunId("R2"), status="failed"), Exit.FAILED),
    (RunResult(run=RunId("R3"), status="in_doubt"), Exit.IN_DOUBT),
    (RunResult(run=RunId("R4"), status="succeeded"), Exit.IN_DOUBT),
)


def head(run: str) -> RunHead:
    return RunHead(
        run=RunId(run),
        graph="mail",
        plan=Digest(f"sha256:{'0' * 64}"),
        status="running",
        created_ms=0,
        updated_ms=0,
    )


def test_the_run_that_stands_worst_counts():
    found = Standing()
    for result, code in WORSE:
        found.note(head(result.run), result)
        assert found.code is code


def test_what_was_said_of_a_run_last_holds():
    found = Standing()
    run = RunId("R1")
    found.note(head(run), RunResult(run=run, status="in_doubt", in_doubt=(Path("send"),)))
    assert list(found.for_persons()) == [run]
    found.note(head(run), RunResult(run=run, status="succeeded"))
    assert (found.code, found.for_persons()) == (Exit.OK, {})


def test_of_too_many_runs_the_worst_counts_all_the_same(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(standing, "NOTED_MAX", 2)
    found = Standing()
    for name in ("R1", "R2", "R3", "R4"):
        is_last = name == "R4"
        found.note(
            head(name),
            RunResult(run=RunId(name), status="in_doubt" if is_last else "failed"),
        )
    assert (len(found.left), found.code) == (2, Exit.IN_DOUBT)
