"""What people see, command by command, beside golden transcripts in `tests/golden/cli`.

`UPDATE_GOLDEN=1 pytest` writes them anew; look at the difference before you commit it.
"""

import re
import sqlite3

from e2e.cli.project import RUN_ID, Shell

INPUTS = "-i service=api -i version"


def test_check(shell: Shell):
    shell("interlock check release.yaml batch.yaml")
    shell("interlock check wrong.yaml release.yaml")
    shell("interlock check relaese.yaml")
    shell("interlock check -", stdin="interlock: 1\nnodes: {a: {cal: x}}\n")
    shell("interlock check")
    shell.check("check")


def test_plan(shell: Shell):
    shell("interlock plan release.yaml")
    shell(f"interlock plan release.yaml {INPUTS}=2.4.1")
    shell("interlock plan batch.yaml")
    shell("interlock plan release.yaml -i servce=api -i version='a b' -i dry=perhaps")
    shell("interlock plan batch.yaml -i 'numbers=[1, \"x\"'")
    shell("interlock plan batch.yaml -i 'numbers=[1, \"x\"]'")
    shell("interlock plan wrong.yaml")
    shell.check("plan")


def test_a_run_that_succeeds(shell: Shell):
    shell("interlock runs")
    shell(f"interlock run release.yaml {INPUTS}=2.4.1 --key nightly-1")
    shell("interlock runs")
    shell("interlock show last")
    shell("interlock show last prod")
    shell("interlock show last tests")
    shell("interlock replay last")
    shell("interlock resume last")
    shell(f"interlock run release.yaml {INPUTS}=2.4.1 --key nightly-1")
    shell(f"interlock run release.yaml {INPUTS}=2.4.2 --key nightly-1")
    shell.check("run_succeeds")


def test_a_run_that_fails(shell: Shell):
    shell(f"interlock run release.yaml {INPUTS}=broken")
    shell("interlock show last")
    shell("interlock show last tests")
    shell(f"interlock run release.yaml {INPUTS}=refused")
    shell.check("run_fails")


def test_a_run_in_doubt(shell: Shell):
    shell(f"interlock run release.yaml {INPUTS}=silent")
    shell("interlock show last")
    shell("interlock show last prod")
    shell("interlock runs --status in_doubt")
    shell("interlock resolve last prod")
    shell("interlock resolve last prod --succeeded 'id: 7'")
    shell("""interlock resolve last prod --succeeded '{"id": 7}'""")
    shell("interlock resolve last tests --failed")
    done = """{"id": "d-1", "url": "https://prod.example"}"""
    shell(f"interlock resolve last prod --succeeded '{done}' --reason 'saw it'")
    shell("interlock show last prod")
    shell(f"interlock resolve last prod --succeeded '{done}'")
    shell("interlock replay --all")
    shell.check("run_in_doubt")


def test_a_map_with_a_failed_item(shell: Shell):
    shell("interlock run batch.yaml -i 'numbers=[2, 3, 4]'")
    shell("interlock show last")
    shell("interlock show last halves")
    shell("interlock show last 'halves[1]'")
    shell("interlock show last 'halves[1]/value'")
    shell("interlock show last 'halves[1]/valeu'")
    shell("interlock show last 'halves[1'")
    shell("interlock run batch.yaml -i 'numbers=[1, 3]'")
    shell("interlock show last")
    shell.check("map")


def test_a_proposed_graph(shell: Shell):
    shell("interlock plan agent.yaml")
    shell("interlock run agent.yaml -i goal=fine")
    shell("interlock run agent.yaml -i goal=silent")
    shell("interlock show last")
    shell("interlock show last fix")
    shell("interlock show last fix/step_1")
    shell("interlock resolve last fix/step_1 --failed")
    shell("interlock show last")
    shell.check("proposal")


def test_fmt(shell: Shell):
    shell.write("loose.yaml", "interlock: 1\nname:   loose # a name\nnodes: {a: {call: b}}\n")
    shell("interlock fmt --check loose.yaml")
    shell("interlock fmt --diff loose.yaml")
    shell("interlock fmt loose.yaml")
    shell("interlock fmt --check loose.yaml")
    shell("interlock fmt -", stdin="interlock: 1\nname: a\nnodes: {}\n")
    shell.write("broken.yaml", "interlock: [1\n")
    shell("interlock fmt broken.yaml")
    shell("interlock fmt absent.yaml")
    shell.check("fmt")


def test_explain(shell: Shell):
    shell("interlock explain IL2003")
    shell("interlock explain 2003")
    shell("interlock explain IL2033")
    shell.check("explain")


def test_init(empty: Shell):
    empty("interlock init hello")
    empty("interlock init hello")
    empty.write("hello.yaml", "")
    empty("interlock init")
    empty.check("init")


def test_doctor(shell: Shell):
    """Which Python it is and which extras are installed is left out, and how wide that makes it."""
    shell("interlock doctor --app nowhere:registry")
    assert "fail" in shell.done[-1].out
    shell("interlock doctor --store actions.py")
    shell.done[:] = [
        type(done)(
            line=done.line,
            code=done.code,
            err=done.err,
            out="\n".join(
                re.sub(" {2,}", "  ", line)
                for line in done.out.splitlines()
                if not re.search(" python | extra ", line)
            ),
        )
        for done in shell.done
    ]
    shell.check("doctor")


def test_what_runs_are_called(shell: Shell):
    shell("interlock show last")
    shell("interlock run batch.yaml -i numbers=[]")
    shell("interlock run batch.yaml -i numbers=[2]")
    first, second = dict.fromkeys(RUN_ID.findall(shell.done[1].err + shell.done[2].err))
    assert shell(f"interlock show {first} --json").json["run"] == first
    assert shell(f"interlock show {second.lower()} --json").json["run"] == second
    shell.done[3:] = []
    shell("interlock show 01")
    shell("interlock show 02")
    shell("interlock show ''")
    shell("interlock show last nothing")
    shell.check("names")


def test_apps_that_cannot_be_loaded(shell: Shell):
    shell("interlock check release.yaml --app nowhere:registry")
    shell("interlock check release.yaml --app actions:registri")
    shell("interlock check release.yaml --app actions")
    shell("interlock check release.yaml --app actions:Image")
    shell.write(
        "raises.py", "from actions import registry\n\n\ndef boom():\n    1 / 0\n\n\nboom()\n"
    )
    shell("interlock check release.yaml --app raises:registry")
    shell.write("needs.py", "import numpie\n")
    shell("interlock check release.yaml --app needs:registry")
    shell.write("syntax.py", "registry = [\n")
    shell("interlock check release.yaml --app syntax:registry")
    shell.write("exits.py", "import sys\n\nsys.exit('no licence')\n")
    shell("interlock check release.yaml --app exits:registry")
    shell.write("listed.py", "from actions import *\n\nactions = [build, check, apply]\n")
    shell("interlock check release.yaml --app listed:actions")
    shell.write("pyproject.toml", '[tool.interlock]\nap = "actions:registry"\n')
    shell("interlock check release.yaml")
    shell.write("pyproject.toml", "[tool.interlock\n")
    shell("interlock check release.yaml")
    shell.check("apps")


LIMITS_TABLE = '[tool.interlock]\napp = "actions:registry"\n\n[tool.interlock.limits]\n'


def test_limits_of_a_project(shell: Shell):
    def run(limits: str) -> None:
        shell.write("pyproject.toml", LIMITS_TABLE + limits + "\n")
        shell("interlock run batch.yaml -i numbers=[2]")

    run("wrong = 8")
    run('"ci.build" = {concurrency = 8}')
    run('"ci.build" = {concurrency_max = "8"}')
    run('"ci.build" = {concurrency_max = 0}')
    run('"ci.build" = {rate_per_s = true}')
    run('"ci.biuld" = {rate_per_s = 5}')
    run('"ci.build" = [{rate_per_s = 500}, {concurrency_max = 2, by = "verison"}]')
    shell.write("pyproject.toml", "[tool.interlock]\nlimits = 8\n")
    shell("interlock runs")
    run('"*" = [{rate_per_s = 500}, {concurrency_max = 2}]')
    shell.check("limits")
    assert "2 limits" in shell("interlock doctor").out


def test_a_run_that_waits(gated: Shell):
    gated("interlock plan release.yaml")
    gated("interlock run release.yaml -i version=7")
    gated("interlock show last")
    gated("interlock show last signoff")
    gated("interlock plan order.yaml")
    gated("interlock run order.yaml")
    gated("interlock show last")
    gated("interlock show last paid")
    gated.check("waiting")


def test_what_is_taken_back(gated: Shell):
    gated.write("ill", "")
    gated("interlock plan back.yaml")
    gated("interlock run back.yaml")
    gated("interlock show last")
    gated("interlock show last staging")
    gated("interlock show last 'staging!undo'")
    gated.check("undo")


def test_turns_and_choices(gated: Shell):
    gated("interlock plan loop.yaml")
    gated("interlock run loop.yaml")
    gated("interlock show last")
    gated("interlock show last count")
    gated.check("loop")


def test_a_journal_that_was_changed(shell: Shell):
    shell("interlock run batch.yaml -i numbers=[2]")
    with sqlite3.connect(shell.folder / ".interlock" / "journal.db") as database:
        database.execute(
            "UPDATE event SET body = CAST(replace(body, 'succeeded', 'cancelled') AS BLOB)"
        )
    database.close()
    shell("interlock replay last")
    shell("interlock replay --all --json")
    shell.check("changed_journal")
