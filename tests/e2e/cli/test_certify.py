"""`interlock certify`: a graph is proven, or it is said what is wrong and how to see it."""

import json

from e2e.cli.project import Shell

INPUTS = "-i service=api -i version=2.4.1"
ANSWERS = """\
ci.build: {output: {ref: 'registry/api:2.4.1'}}
tests:
  - {error: connection reset}
  - {output: true}
prod: {output: {id: d-7, url: 'https://prod.example'}}
"""


def test_certify(shell: Shell):
    shell.write("answers.yaml", ANSWERS)
    shell(f"interlock certify release.yaml {INPUTS} --answers answers.yaml --seed 7 --quick")
    shell("interlock certify batch.yaml -i 'numbers=[4, 2]' --seed 7 --quick --only crash --at 3")
    shell.write("answers.yaml", "prd: {output: 1}\n")
    shell(f"interlock certify release.yaml {INPUTS} --answers answers.yaml")
    shell(f"interlock certify release.yaml {INPUTS} --only crashes")
    shell(f"interlock certify release.yaml {INPUTS} --at 3")
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
