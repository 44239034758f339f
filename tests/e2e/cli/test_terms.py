"""On which terms a run is started: its deadline and its priority."""

from e2e.cli.project import Shell


def test_what_has_not_settled_by_the_deadline_is_cancelled(gated: Shell):
    done = gated("interlock run endless.yaml --deadline 50ms --json")
    assert (done.code, done.json["status"]) == (1, "cancelled")
    nodes = {n["path"]: n for n in gated("interlock show last --json").json["nodes"]}
    assert (nodes["first"]["status"], nodes["hang"]["status"]) == ("succeeded", "cancelled")
    assert nodes["hang"]["error"]["code"] == "IL6026"
    assert gated("interlock replay last").code == 0


def test_a_run_that_ends_in_time_does_not_notice_its_deadline(gated: Shell):
    assert gated("interlock run loop.yaml --deadline 1h --priority 7").json == {"any": 4}


def test_wrong_terms_start_nothing(gated: Shell):
    for options in ("--deadline soon", "--deadline 5", "--priority 101", "--priority high"):
        assert gated(f"interlock run loop.yaml {options}").code == 2
    assert gated("interlock runs --json").json == []
