"""Runs whose graph has a new version: they keep their own, unless a person gives them that one."""

import json

import pytest

from e2e.cli.gated import ORDER, RELEASE, STOPS
from e2e.cli.project import Shell

LONGER = STOPS.replace("n: '${{ last }}'", "n: '${{ more }}'").replace(
    "outputs:", "  more: {call: num.add, with: {n: '${{ last }}'}}\noutputs:"
)
OTHER = STOPS.replace("image: a", "image: b")
WITHOUT = STOPS.replace("second: {call: stop.here, needs: [first]}", "second: {call: stop.here}")
WITHOUT = WITHOUT.replace("  first: {call: deploy.apply, with: {image: a, env: test}}\n", "")


@pytest.fixture
def stopped(gated: Shell) -> Shell:
    """A shell in which a run was stopped by Ctrl-C after two of its three nodes."""
    assert gated("interlock run stops.yaml").code == 5
    return gated


def test_a_run_keeps_the_version_that_it_was_started_with(stopped: Shell):
    stopped.write("stops.yaml", LONGER)
    assert stopped("interlock upgrade --check --json").json[0]["answer"] == "same"
    assert stopped("interlock resume last").json == {"n": 2}


def test_a_run_goes_on_with_a_new_version_in_which_what_was_executed_is_the_same(stopped: Shell):
    stopped.write("stops.yaml", LONGER)
    done = stopped("interlock upgrade --check stops.yaml --json")
    (answer,) = done.json
    new = answer["new_version"]
    assert (done.code, answer["answer"], new["answer"]) == (0, "same", "compatible")
    (command,) = new["commands"]
    resumed = stopped(command + " --json --as ada")
    assert (resumed.code, resumed.json["outputs"]) == (0, {"n": 3})
    assert resumed.json["plan"] == new["new_plan"]
    assert "the graph has changed: the run goes on under plan" in resumed.err
    assert (stopped.folder / "log.txt").read_text() == "deployed a to test\n"
    assert stopped("interlock replay last").code == 0
    assert stopped("interlock show last --json").json["plan"] == new["new_plan"]
    events = [json.loads(line) for line in stopped("interlock show last --events").out.splitlines()]
    (told,) = [event for event in events if event["type"] == "RunMigrated"]
    assert told["actor"] == "unauthenticated:ada"


def test_what_was_executed_and_is_different_is_named_and_a_person_chooses(stopped: Shell):
    stopped.write("stops.yaml", OTHER)
    done = stopped("interlock upgrade --check stops.yaml --json")
    new = done.json[0]["new_version"]
    assert (done.code, new["answer"]) == (1, "different")
    assert new["differences"] == [
        {"path": "first", "what": "has other arguments", "acceptable": True}
    ]
    refused = stopped("interlock resume last --graph stops.yaml")
    assert (refused.code, "IL7022" in refused.err) == (3, True)
    assert "`first` has other arguments" in refused.err
    assert stopped("interlock show last --json").json["plan"] == done.json[0]["plan"]
    (command,) = new["commands"]
    assert stopped(command).json == {"n": 2}
    assert (stopped.folder / "log.txt").read_text() == "deployed a to test\n"
    assert stopped("interlock replay last").code == 0


def test_a_node_that_was_executed_and_is_gone_is_never_accepted(stopped: Shell):
    stopped.write("stops.yaml", WITHOUT)
    new = stopped("interlock upgrade --check stops.yaml --json").json[0]["new_version"]
    assert (new["answer"], new["commands"]) == ("different", [])
    refused = stopped("interlock resume last --migrate --graph stops.yaml")
    assert refused.code == 3
    assert "`first` is not in the new plan" in refused.err
    assert "--migrate" not in refused.err.partition("hint:")[2]
    assert stopped("interlock resume last").json == {"n": 2}


def test_a_paused_run_goes_on_with_a_new_version(gated: Shell):
    assert gated("interlock run release.yaml -i version=7").code == 5
    assert gated("interlock pause last").code == 0
    gated.write("release.yaml", RELEASE.replace("Ship", "Really ship"))
    other = RELEASE.replace("env: staging", "env: stage")
    gated.write("other.yaml", other)
    assert gated("interlock resume last --graph other.yaml").code == 3
    assert gated("interlock show last --json").json["status"] == "paused"


def test_a_gate_that_asks_something_else_asks_anew_and_says_so(gated: Shell):
    two = RELEASE.replace("gate: {", "gate: {quorum: 2, ")
    gated.write("release.yaml", two)
    assert gated("interlock run release.yaml -i version=7").code == 5
    assert gated("interlock approve last signoff --as ada").code == 5
    gated.write("release.yaml", two.replace("Ship", "Really ship"))
    taken = gated("interlock resume last --graph release.yaml")
    assert (taken.code, "Really ship 7?" in taken.err) == (5, True)
    assert "signoff asks anew: what was approved before counts for nothing" in taken.err
    shown = gated("interlock show last signoff").out
    assert "what was approved before counts for nothing: asked release-managers" in shown
    assert gated("interlock approve last signoff --as bob").code == 5, "ada's does not count"
    assert gated("interlock approve last signoff --as ada").code == 0
    assert gated("interlock replay last").code == 0
    lines = gated("interlock audit report --json").json["parts"]["gates"]["lines"]
    assert [line["what"] for line in lines] == [
        *("asked", "approved", "asked anew", "approved", "approved", "approval used"),
    ]
    assert lines[2]["facts"]["voids"] == [lines[1]["proof"]["seq"]]


def test_a_gate_that_waits_again_is_not_shown_as_open(gated: Shell):
    assert gated("interlock run release.yaml -i version=7").code == 5
    first = "  before: {gate: {ask: Before?}}\n  signoff:"
    later = RELEASE.replace("  signoff:", first).replace("needs: [smoke]", "needs: [smoke, before]")
    gated.write("release.yaml", later)
    assert gated("interlock resume last --graph release.yaml").code == 5
    shown = gated("interlock show last --json").json
    assert {node["path"]: node["status"] for node in shown["nodes"]}["signoff"] == "waiting"
    assert gated("interlock approve last signoff").code == 2
    assert gated("interlock approve last before").code == 5
    assert gated("interlock approve last signoff").json == {"url": "https://prod.example"}
    assert gated("interlock replay last").code == 0


def test_a_failed_run_goes_on_with_a_mended_version(gated: Shell):
    gated.write("ill", "")
    assert gated("interlock run release.yaml -i version=7").code == 1
    gated.write("release.yaml", RELEASE.replace("result == 200", "result == 500"))
    assert gated("interlock retry last --migrate").code == 2
    retried = gated("interlock retry last --graph release.yaml")
    assert (retried.code, "the graph has changed: the run goes on" in retried.err) == (5, True)
    assert gated("interlock approve last signoff").json == {"url": "https://prod.example"}
    assert (gated.folder / "log.txt").read_text().count("to staging") == 1
    assert gated("interlock replay last").code == 0


def test_a_failed_run_is_not_opened_with_a_version_that_is_refused(gated: Shell):
    gated.write("ill", "")
    assert gated("interlock run release.yaml -i version=7").code == 1
    gated.write("release.yaml", RELEASE.replace("env: staging", "env: stage"))
    refused = gated("interlock retry last --graph release.yaml")
    assert (refused.code, "`staging` has other arguments" in refused.err) == (3, True)
    assert "The decision is kept" not in refused.err
    assert gated("interlock show last --json").json["status"] == "failed"
    assert gated("interlock retry last --graph release.yaml --migrate").code == 1, "still ill"


def test_other_graphs_and_runs_that_have_ended_are_refused(stopped: Shell):
    refused = stopped("interlock resume last --graph loop.yaml")
    assert (refused.code, "is of graph `stops`, and not of `loop`" in refused.err) == (2, True)
    stopped.write("other.yaml", OTHER)
    both = stopped("interlock upgrade --check stops.yaml other.yaml")
    assert (both.code, "are both graph `stops`" in both.err) == (2, True)
    assert stopped("interlock resume last --pin --graph stops.yaml").code == 2
    assert stopped("interlock resume last").code == 0
    ended = stopped("interlock resume last --graph stops.yaml")
    assert (ended.code, "has ended" in ended.err) == (2, True)


def test_several_graphs_are_asked_about_at_once(stopped: Shell):
    assert stopped("interlock run order.yaml").code == 5
    stopped.write("order.yaml", ORDER.replace("1h", "2h"))
    done = stopped("interlock upgrade --check stops.yaml order.yaml loop.yaml --json")
    found = {each["graph"]: each["new_version"]["answer"] for each in done.json}
    assert (done.code, found) == (1, {"order": "different", "stops": "same"})


def test_what_people_see(stopped: Shell):
    stopped("interlock upgrade --check stops.yaml")
    stopped.write("stops.yaml", OTHER)
    stopped("interlock upgrade --check stops.yaml")
    stopped("interlock resume last --graph stops.yaml")
    stopped.write("stops.yaml", LONGER)
    stopped("interlock upgrade --check stops.yaml")
    stopped("interlock resume last --graph stops.yaml")
    stopped("interlock resume last --graph stops.yaml")
    stopped.check("new-version")
