"""`interlock run --queue`, and a run for each line of a file."""

import json

from e2e.cli.project import Done, Shell

LINE = '{"service": "api", "version": "%s"}\n'


def rows(done: Done) -> list[dict[str, object]]:
    return [json.loads(line) for line in done.out.splitlines()]


def test_a_run_is_left_to_a_worker(shell: Shell):
    given = "release.yaml -i service=api -i version=1.0"
    done = shell(f"interlock run {given} --queue --priority 5 --key k")
    assert done.code == 0
    run = done.out.strip()
    assert "queued: 1 run\nto drive what is queued: interlock worker" in done.err
    shown = shell(f"interlock show {run} --json").json
    assert shown["status"] == "queued"
    again = shell(f"interlock run {given} --queue --key k")
    assert (again.code, again.out.strip()) == (0, run)
    assert "queued: 0 runs, 1 run with these keys before" in again.err
    other = shell("interlock run release.yaml -i service=api -i version=2 --queue --key k")
    assert other.code == 2
    assert "has other inputs" in other.err
    assert shell(f"interlock resume {run}").json == {"url": "https://prod.example"}


def test_each_line_is_a_run(shell: Shell):
    shell.write("services.jsonl", LINE % "1" + "\n" + LINE % "2")
    done = shell("interlock run release.yaml -i dry=true --inputs-from services.jsonl --json")
    found = rows(done)
    assert [(row["line"], row["is_new"], row["key"]) for row in found] == [
        (1, True, None),
        (3, True, None),
    ]
    listed = shell("interlock runs --status queued --json").json
    assert [row["run"] for row in listed] == [found[1]["run"], found[0]["run"]]
    first = shell(f"interlock show {found[0]['run']} --json").json
    assert first["inputs"] == {"service": "api", "version": "1", "dry": True}


def test_a_list_that_is_cut_says_so(shell: Shell):
    shell.write("services.jsonl", LINE % "1" + LINE % "2")
    shell("interlock run release.yaml --inputs-from services.jsonl")
    cut, whole = shell("interlock runs --limit 1"), shell("interlock runs --limit 2")
    assert len(cut.out.splitlines()) == 2
    assert cut.err == "There are more: these are the newest, see --limit\n"
    assert len(whole.out.splitlines()) == 3
    assert whole.err == ""
    assert len(shell("interlock runs --limit 1 --json").json) == 1


def test_lines_may_come_from_another_program(shell: Shell):
    done = shell("interlock run release.yaml --inputs-from -", stdin=LINE % "1")
    assert (done.code, len(done.out.splitlines())) == (0, 1)


def test_with_a_key_the_same_command_may_be_repeated(shell: Shell):
    queue = "interlock run release.yaml --inputs-from services.jsonl --key nightly --json"
    shell.write("services.jsonl", LINE % "1" + LINE % "2" + '{"service": "api"}\n')
    done = shell(queue)
    assert done.code == 3
    assert [row["key"] for row in rows(done)] == ["nightly-1", "nightly-2"]
    assert "services.jsonl:3: inputs of `release`: 'version' is missing" in done.err
    assert "2 runs of the lines before are queued; the same command queues the rest" in done.err
    shell.write("services.jsonl", LINE % "1" + LINE % "2" + LINE % "3")
    again = shell(queue)
    assert [row["is_new"] for row in rows(again)] == [False, False, True]
    assert [row["run"] for row in rows(again)[:2]] == [row["run"] for row in rows(done)]
    shell.write("services.jsonl", LINE % "1" + LINE % "changed")
    changed = shell(queue)
    assert changed.code == 2
    assert "services.jsonl:2: the key belongs to run" in changed.err
    assert len(shell("interlock runs --json").json) == 3


def test_a_line_that_is_wrong_is_named(shell: Shell):
    cases = {
        "{'service': 'api'}\n": "services.jsonl:2: `{'service': 'api'}` is no JSON",
        '["api"]\n': 'services.jsonl:2: `["api"]` is no JSON object',
        '{"service": 5, "version": "1"}\n': "services.jsonl:2: inputs of `release`: 5 is not",
        '{"x": "' + "x" * (1 << 20) + '"}\n': "services.jsonl:2: the line is over the limit of",
    }
    for number, (line, told) in enumerate(cases.items(), start=1):
        shell.write("services.jsonl", LINE % "1" + line + LINE % "2")
        done = shell("interlock run release.yaml --inputs-from services.jsonl")
        assert done.code == 3, line
        assert told in done.err
        assert "1 run of the lines before is queued: leave their lines out" in done.err
        assert len(shell("interlock runs --json").json) == number


def test_what_cannot_be_read_is_refused(shell: Shell):
    assert "cannot be read" in shell("interlock run release.yaml --inputs-from gone.jsonl").err
    assert shell("interlock run release.yaml --inputs - --inputs-from -").code == 2
    assert shell("interlock run release.yaml --inputs-from -", stdin="").code == 0
    assert "No run was queued" in shell("interlock run release.yaml --inputs-from -", stdin="5").err
