"""`interlock certify`: a graph is proven, or it is said what is wrong and how to see it."""

import json

import pytest

from e2e.cli.project import Shell

INPUTS = "-i service=api -i version=2.4.1"
ANSWERS = """\
ci.build: {output: {ref: 'registry/api:2.4.1'}}
tests:
  - {error: connection reset}
  - {output: true}
prod: {output: {id: d-7, url: 'https://prod.example'}}
"""

ASKED = """\
interlock: 1
name: asked
nodes:
  price: {wait: {signal: price, returns: {type: integer}}}
  ok:
    gate: {ask: 'Pay ${{ price }}?', quorum: 2, expires: 3d}
    needs: [price]
    on_refused: continue
  rest: {wait: {for: 2d}, needs: [price]}
outputs: {price: '${{ price }}'}
"""


def test_certify(shell: Shell):
    shell.write("answers.yaml", ANSWERS)
    shell(f"interlock certify release.yaml {INPUTS} --answers answers.yaml --seed 7 --quick")
    shell("interlock certify batch.yaml -i 'numbers=[4, 2]' --seed 7 --quick --only crash --at 3")
    shell.write("answers.yaml", "prd: {output: 1}\n")
    shell(f"interlock certify release.yaml {INPUTS} --answers answers.yaml")
    shell(f"interlock certify release.yaml {INPUTS} --only crashes")
    shell(f"interlock certify release.yaml {INPUTS} --at 3")
    shell.write("asked.yaml", ASKED)
    shell.write(
        "answers.yaml", "ok: [{decide: approved}, {decide: rejected}]\nprice: {output: 40}\n"
    )
    shell("interlock certify asked.yaml --answers answers.yaml --quick")
    shell.write("answers.yaml", "price: {decide: nobody}\n")
    shell("interlock certify asked.yaml --answers answers.yaml --quick")
    shell("interlock certify wrong.yaml")
    shell.check("certify")


def test_a_certificate_says_what_was_proven_and_is_the_same_again(shell: Shell):
    shell.write("answers.yaml", ANSWERS)
    line = f"interlock certify release.yaml {INPUTS} --answers answers.yaml --seed 7 --quick"
    assert shell(f"{line} --out one.json").code == 0
    found = shell(f"{line} --out two.json --json").json
    one, two = ((shell.folder / name).read_bytes() for name in ("one.json", "two.json"))
    assert one == two
    certificate = json.loads(one)
    assert certificate == found["certificate"]
    assert certificate["plan"] == shell("interlock plan release.yaml --json").json["plan"]
    assert certificate["seed"] == 7
    assert certificate["passed"] is True
    kinds = certificate["kinds"]
    assert kinds["crash"]["tried"] == kinds["crash"]["of"] > 10
    assert all(kind["failed"] == 0 and kind["tried"] > 0 for kind in kinds.values())


def test_recorded_outputs_are_the_answers_of_a_later_certification(shell: Shell):
    run = shell(f"interlock run release.yaml {INPUTS} --json").json
    done = shell(f"interlock certify release.yaml --from-run {run['run']} --quick --json")
    assert done.code == 0, done.err
    assert done.json["baseline"]["execution"] == run["execution"]


def test_the_command_of_a_failure_shows_it_again(shell: Shell, monkeypatch: pytest.MonkeyPatch):
    """As it stands: whoever pastes it sees the same course fail in the same way, alone."""
    monkeypatch.setattr("interlock.engine.kinds.attempts.within_window", lambda *_, **__: True)
    shell.write("it's.yaml", ANSWERS)
    line = f'interlock certify release.yaml {INPUTS} --answers "it\'s.yaml" --seed 7 --quick'
    failed = shell(f"{line} --only crash --json")
    assert failed.code == 1
    first = failed.json["failures"][0]
    assert first["command"].endswith(f"--seed 7 --only crash --at {first['number']}")
    again = shell(f"{first['command']} --json")
    assert again.code == 1
    assert again.json["failures"] == [first]
    shown = shell(first["command"])
    assert shown.code == 1
    assert f"error: crash {first['number']}: {first['what']}" in shown.out
    assert f"  {first['command']}" in shown.out.splitlines()


def test_a_failure_of_recorded_answers_names_their_run(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
):
    run = shell(f"interlock run release.yaml {INPUTS} --json").json["run"]
    monkeypatch.setattr("interlock.engine.kinds.attempts.within_window", lambda *_, **__: True)
    line = "interlock certify release.yaml --from-run last --quick --only crash --json"
    failed = shell(line).json
    assert f"--from-run {run} " in failed["failures"][0]["command"]
