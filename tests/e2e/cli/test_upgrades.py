"""Runs that are taken up by other code: what `upgrade --check` says, and what `resume` does."""

from pathlib import Path

import pytest

from e2e.cli.project import Done, Shell


@pytest.fixture
def stopped(gated: Shell) -> Shell:
    """A shell in which a run was stopped by Ctrl-C after two of its three nodes."""
    assert gated("interlock run stops.yaml").code == 5
    return gated


def change(shell: Shell, old: str, new: str) -> None:
    file = Path(shell.folder / "actions.py")
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def answers(done: Done) -> list[str]:
    return [each["answer"] for each in done.json]


def test_the_same_code_says_so(stopped: Shell):
    done = stopped("interlock upgrade --check --json")
    assert (done.code, answers(done)) == (0, ["same"])


def test_what_has_not_run_may_change(stopped: Shell):
    change(stopped, "n + 1", "n + 2")
    done = stopped("interlock upgrade --check --json")
    assert (done.code, answers(done)) == (0, ["compatible"])
    assert done.json[0]["actions"] == ["num.add"]
    resumed = stopped("interlock resume last")
    assert resumed.json == {"n": 3}
    assert "the code has changed: the run goes on under plan" in resumed.err


def test_what_has_run_asks_for_a_person(stopped: Shell):
    change(stopped, '"deployed"', '"put"')
    done = stopped("interlock upgrade --check --json")
    assert (done.code, answers(done)) == (1, ["different"])
    (found,) = done.json[0]["differences"]
    assert found == {
        "path": "first",
        "what": "calls deploy.apply, which has changed",
        "acceptable": True,
    }
    refused = stopped("interlock resume last")
    assert refused.code == 3
    assert "IL7022" in refused.err
    assert "`first` calls deploy.apply, which has changed" in refused.err


def test_a_failed_run_goes_on_with_the_code_that_was_mended(gated: Shell):
    gated.write("ill", "")
    assert gated("interlock run release.yaml -i version=7").code == 1
    change(gated, 'return 500 if Path("ill").exists() else 200', "return 200")
    retried = gated("interlock retry last")
    assert (retried.code, "the code has changed: the run goes on" in retried.err) == (5, True)
    assert gated("interlock approve last signoff").json == {"url": "https://prod.example"}
    assert gated("interlock replay last").code == 0


def test_a_failed_run_of_which_the_past_has_changed_asks_a_person(gated: Shell):
    gated.write("ill", "")
    assert gated("interlock run release.yaml -i version=7").code == 1
    (gated.folder / "ill").unlink()
    change(gated, '"deployed"', '"put"')
    refused = gated("interlock retry last")
    assert (refused.code, "IL7022" in refused.err) == (3, True)
    assert "The decision is kept" in refused.err
    resumed = gated("interlock resume last --migrate")
    assert (resumed.code, "has ended before" in resumed.err) == (5, False)
    assert gated("interlock approve last signoff").code == 0
    assert gated("interlock replay last").code == 0


@pytest.mark.parametrize("option", ["--pin", "--migrate"])
def test_a_person_chooses_how_to_go_on(stopped: Shell, option: str):
    change(stopped, '"deployed"', '"put"')
    (answer,) = stopped("interlock upgrade --check --json").json
    (command,) = [each for each in answer["commands"] if option in each]
    assert stopped(command).json == {"n": 2}
    assert (stopped.folder / "log.txt").read_text() == "deployed a to test\n"
    verified = stopped("interlock replay last --json")
    assert verified.code == 0
    shown = stopped("interlock show last --json").json
    assert (shown["plan"] == answer["new_plan"]) == (option == "--migrate")


def test_a_graph_that_does_not_compile_any_more_can_only_be_pinned(stopped: Shell):
    change(stopped, "def add(n: int) -> int", "def add(m: int) -> int")
    done = stopped("interlock upgrade --check --json")
    assert (done.code, answers(done)) == (1, ["refused"])
    assert [each.partition(" --")[2] for each in done.json[0]["commands"]] == ["pin"]
    refused = stopped("interlock resume last --migrate")
    assert (refused.code, "--pin` goes on" in refused.err) == (3, True)
    assert "--migrate" not in refused.err.partition("hint:")[2]


def test_a_run_of_which_an_action_is_gone_is_offered_no_way_that_there_is_not(stopped: Shell):
    change(stopped, ", add])", "])")
    done = stopped("interlock upgrade --check")
    assert done.code == 1
    assert "it cannot go on without `num.add`: put back what it needs" in done.out
    assert "--pin" not in done.out
    assert stopped("interlock upgrade --check --json").json[0]["commands"] == []
    assert stopped("interlock resume last --pin").code == 2


def test_only_the_runs_of_a_graph_are_asked_about(stopped: Shell):
    assert stopped("interlock upgrade --check loop.yaml --json").json == []
    assert len(stopped("interlock upgrade --check stops.yaml --json").json) == 1


def test_what_people_see(stopped: Shell):
    stopped("interlock upgrade")
    stopped("interlock upgrade --check")
    change(stopped, "n + 1", "n + 2")
    stopped("interlock upgrade --check")
    change(stopped, '"deployed"', '"put"')
    stopped("interlock upgrade --check")
    stopped("interlock resume last --pin --migrate")
    stopped("interlock resume last")
    stopped("interlock resume last --migrate")
    stopped("interlock upgrade --check")
    stopped.check("upgrade")
