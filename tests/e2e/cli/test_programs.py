"""What programs get: valid JSON on stdout, the rest on stderr, and exit codes that tell."""

import json
import re

import apsw
import pytest

from e2e.cli.project import RUN_ID, Shell

RUN = "interlock run release.yaml -i service=api -i version=2.4.1"
JSON_COMMANDS = [
    "interlock check release.yaml wrong.yaml --json",
    "interlock plan release.yaml --json",
    "interlock plan batch.yaml --json -i numbers=[1]",
    "interlock schema",
    "interlock explain --json",
    "interlock explain IL2003 --json",
    "interlock doctor --json",
    "interlock runs --json",
    "interlock show last --json",
    "interlock show last prod --json",
    "interlock replay last --json",
    "interlock replay --all --json",
    "interlock resume last --json",
    f"{RUN} --json",
]


@pytest.mark.parametrize("line", JSON_COMMANDS)
def test_json_is_one_valid_value_on_stdout(shell: Shell, line: str):
    shell(RUN)
    assert isinstance(shell(line).json, dict | list)


def test_doctor_reads_values_and_its_advice_names_the_store_that_was_given(shell: Shell):
    shell(f"{RUN} --store mine.db")
    sound = shell("interlock doctor --store mine.db")
    assert re.search(r"each event and \d+ stored values are as they were written\n", sound.out)
    connection = apsw.Connection(str(shell.folder / "mine.db"))
    connection.execute("UPDATE value SET data = CAST(data || ' ' AS BLOB) WHERE rowid = 1")
    connection.execute("INSERT INTO unscrubbed VALUES (0)")
    connection.close()
    done = shell("interlock doctor --store mine.db")
    assert (done.code, "1 problem: value sha256:" in done.out) == (1, True)
    assert "overwrite them: interlock audit erase --finish --store mine.db\n" in done.out
    nowhere = shell("interlock doctor --store no/such.db")
    assert "`interlock run --store no/such.db` makes it" in nowhere.out


def test_commands_without_a_store_print_nothing_and_make_none(shell: Shell):
    done = shell("interlock runs --json")
    assert (done.out, done.code) == ("", 2)
    assert "IL7020" in done.err
    assert not (shell.folder / ".interlock").exists()


def test_json_of_a_check_has_the_place_of_each_problem(shell: Shell):
    done = shell("interlock check wrong.yaml --json")
    (found,) = done.json
    first = found["diagnostics"][0]
    assert (found["ok"], found["plan"], done.code) == (False, None, 3)
    assert (first["code"], first["severity"], first["file"]) == ("IL2001", "error", "wrong.yaml")
    assert (first["line"], first["column"], first["pointer"]) == (12, 11, "/nodes/tests/call")
    assert first["hint"] == "did you mean `ci.test`?"


def test_what_cannot_be_read_does_not_hide_what_is_wrong_elsewhere(shell: Shell):
    (shell.folder / "latin.yaml").write_bytes(b"name: \xe9\n")
    (shell.folder / "folder.yaml").mkdir()
    unread = "nowhere.yaml folder.yaml nomodule:graph"
    done = shell(f"interlock check release.yaml {unread} latin.yaml wrong.yaml")
    assert done.code == 2
    for told in (
        "`nowhere.yaml` cannot be read: No such file or directory",
        "`folder.yaml` cannot be read: Is a directory",
        "nomodule",
        "latin.yaml",
        "--> wrong.yaml:12:11",
    ):
        assert told in done.err
    assert done.out.startswith("release.yaml  ok")
    done = shell("interlock check release.yaml nowhere.yaml --json")
    assert [(each["graph"], each["ok"]) for each in done.json] == [
        ("release.yaml", True),
        ("nowhere.yaml", False),
    ]
    assert done.json[1]["diagnostics"][0]["code"] == "IL9001"
    assert shell("interlock check latin.yaml wrong.yaml").code == 3


def test_what_cannot_be_read_does_not_keep_the_rest_from_being_laid_out(shell: Shell):
    (shell.folder / "loose.yaml").write_text("interlock:   1\nname: a\nnodes: {}\n")
    done = shell("interlock fmt nowhere.yaml loose.yaml")
    assert done.code == 2
    assert "`nowhere.yaml` cannot be read" in done.err
    assert "1 file changed, 0 fine, 1 cannot be read" in done.err
    assert (shell.folder / "loose.yaml").read_text() == "interlock: 1\nname: a\nnodes: {}\n"


def test_json_of_a_run_in_doubt_says_where(shell: Shell):
    done = shell("interlock run release.yaml -i service=api -i version=silent --json")
    assert (done.code, done.json["status"], done.json["in_doubt"]) == (4, "in_doubt", ["prod"])
    shown = shell("interlock show last --json").json
    (doubt,) = shown["in_doubt"]
    assert doubt["path"] == "prod"
    assert doubt["commands"][1] == f"interlock resolve {shown['run']} prod --failed"


def test_the_journal_is_printed_as_json_lines(shell: Shell):
    shell(RUN)
    events = [json.loads(line) for line in shell("interlock show last --events").out.splitlines()]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert events[0]["type"] == "RunStarted"
    assert events[-1]["type"] == "RunSettled"


def test_what_actions_print_does_not_mix_with_the_outputs(shell: Shell):
    shell.write(
        "loud.py",
        "from interlock import Registry, action\n\nprint('importing')\n\n\n"
        "@action('say', effect='pure')\ndef say() -> int:\n    print('working')\n    return 7\n\n\n"
        "registry = Registry([say])\n",
    )
    shell.write(
        "loud.yaml", "interlock: 1\nname: loud\nnodes: {a: {call: say}}\noutputs: {n: '${{ a }}'}\n"
    )
    done = shell("interlock run loud.yaml --app loud:registry")
    assert done.json == {"n": 7}
    assert "importing" in done.err
    assert "working" in done.err


@pytest.mark.parametrize(
    "line, code",
    [
        (RUN, 0),
        ("interlock run release.yaml -i service=api -i version=broken", 1),
        ("interlock run release.yaml --nonsense", 2),
        ("interlock run absent.yaml", 2),
        ("interlock chekc", 2),
        ("interlock show last", 2),
        ("interlock run wrong.yaml", 3),
        ("interlock run release.yaml", 3),
        ("interlock run release.yaml -i service=api -i version=silent", 4),
        ("interlock run batch.yaml -i numbers=[] --store postgres://db", 2),
        ("interlock run batch.yaml -i numbers=[] --store actions.py", 7),
        ("interlock runs --store no/such/folder/journal.db", 2),
    ],
)
def test_exit_codes(shell: Shell, line: str, code: int):
    assert shell(line).code == code


def test_nothing_is_made_when_a_run_is_refused(shell: Shell):
    shell("interlock run release.yaml -i version=1")
    assert not (shell.folder / ".interlock").exists()


def test_the_journal_is_kept_out_of_git(shell: Shell):
    shell(RUN)
    assert (shell.folder / ".interlock" / ".gitignore").read_text(encoding="utf-8") == "*\n"


def test_the_store_is_the_option_then_the_environment_then_the_setting(shell: Shell):
    setting = '[tool.interlock]\napp = "actions:registry"\nstore = "set.db"\n'
    shell.write("pyproject.toml", setting)
    line = "interlock run batch.yaml -i numbers=[]"
    shell(line)
    assert (shell.folder / "set.db").exists()
    shell(line, env={"INTERLOCK_STORE": "env.db"})
    assert (shell.folder / "env.db").exists()
    shell(f"{line} --store option.db", env={"INTERLOCK_STORE": "env.db"})
    counts = [
        len(shell(f"interlock runs --json --store {name}.db").json)
        for name in ("set", "env", "option")
    ]
    assert counts == [1, 1, 1]


def test_a_subfolder_belongs_to_its_project(shell: Shell, monkeypatch: pytest.MonkeyPatch):
    shell(RUN)
    (shell.folder / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(shell.folder / "deep" / "er")
    assert len(shell("interlock runs --json").json) == 1
    assert shell("interlock check ../../release.yaml").code == 0


def test_inputs_come_from_a_file_or_from_stdin_and_options_win(shell: Shell):
    shell.write("inputs.yaml", "numbers: [2, 4]\n")
    assert shell("interlock run batch.yaml --inputs inputs.yaml").json == {
        "halves": [{"value": 1}, {"value": 2}]
    }
    line = "interlock run batch.yaml --inputs - -i numbers=[6]"
    assert shell(line, stdin='{"numbers": []}').json == {"halves": [{"value": 3}]}
    assert shell("interlock run - --inputs -", stdin="").code == 2


def test_text_inputs_stay_text(shell: Shell):
    done = shell("interlock run release.yaml -i service=5 -i version=1.10 --json")
    assert done.code == 0
    shown = shell("interlock show last --json").json
    assert shown["inputs"] == {"service": "5", "version": "1.10", "dry": False}


def test_a_graph_in_another_file_is_found_from_its_document(shell: Shell):
    (shell.folder / "lib").mkdir()
    shell.write(
        "lib/half.yaml",
        "interlock: 1\nname: half\ninputs: {number: {type: integer}}\n"
        "nodes: {v: {call: num.halve, with: {number: '${{ inputs.number }}'}}}\n"
        "outputs: {value: '${{ v }}'}\n",
    )
    shell.write(
        "lib/top.yaml",
        "interlock: 1\nname: top\nnodes: {x: {graph: ./half.yaml, with: {number: 4}}}\n"
        "outputs: {value: '${{ x.value }}'}\n",
    )
    assert shell("interlock run lib/top.yaml").json == {"value": 2}


def test_a_graph_object_in_a_module_runs(shell: Shell):
    shell.write(
        "graphs.py",
        "from pathlib import Path\n\nfrom interlock import load\n\n"
        "small = load(Path('batch.yaml').read_bytes()).graph\nother = 7\n",
    )
    assert shell("interlock run graphs:small -i numbers=[8]").json == {"halves": [{"value": 4}]}
    assert shell("interlock check graphs:other").code == 2


PYTHON_GRAPH = """\
from interlock import action, graph


@action(effect="pure")
def count_words(text: str) -> int:
    return len(text.split())


@action(effect="write")
def lose(words: int) -> int:
    raise ConnectionError("gone")


@graph
def report(text: str) -> str:
    n = count_words(text)
    return f"{n} words"


@graph
def lossy(text: str) -> int:
    return lose(count_words(text))
"""


def test_a_graph_function_runs_with_the_actions_it_uses(empty: Shell):
    empty.write("words.py", PYTHON_GRAPH)
    done = empty("interlock run words:report -i text='to be or not to be'")
    assert done.json == {"result": "6 words"}
    assert "count_words" in empty("interlock plan words:report").out


def test_commands_that_are_shown_find_the_actions_again(empty: Shell):
    empty.write("words.py", PYTHON_GRAPH)
    done = empty("interlock run words:lossy -i text='to be' --store here.db")
    (command,) = [line.strip() for line in done.err.splitlines() if " --failed " in line]
    assert command.endswith("lose --failed --app words:lossy --store here.db")
    assert empty(command).code == 1


def test_commands_in_hints_of_the_engine_find_the_store_again(empty: Shell):
    empty.write("words.py", PYTHON_GRAPH)
    empty("interlock run words:report -i text=x --store here.db")
    refused = empty("interlock pause last --app words:report --store here.db")
    (command,) = re.findall(r"`(interlock [^`]*)`", refused.err)[-1:]
    assert command.endswith("--store here.db")
    assert empty(command).code == 0


def test_without_an_app_the_built_in_actions_are_there(empty: Shell):
    empty.write("note.txt", "hello")
    empty.write(
        "read.yaml",
        "interlock: 1\nname: read\nnodes: {a: {call: files.read, with: {path: note.txt}}}\n"
        "outputs: {all: '${{ a }}'}\n",
    )
    assert "hello" in empty("interlock run read.yaml").out


def test_an_app_without_the_built_in_actions_is_told_how_to_add_them(empty: Shell):
    nodes = "{a: {call: files.read, with: {path: n}}, b: {call: ci.build}}"
    empty.write("both.yaml", f"interlock: 1\nname: both\nnodes: {nodes}\n")
    empty.write("ours.py", "from interlock import Registry\nregistry = Registry([])\n")
    done = empty("interlock plan both.yaml --app ours:registry")
    assert done.code == 3
    assert "Built in: `files.read`; an app adds what is built in with `from inter" in done.err
    lines = ["from interlock import Registry", "from interlock.library import library"]
    empty.write("more.py", "\n".join([*lines, "registry = library() | Registry([])\n"]))
    again = empty("interlock plan both.yaml --app more:registry")
    assert "Built in" not in again.err
    assert "`files.read`" not in again.err


def test_without_an_app_an_unknown_action_may_be_one_of_an_app(empty: Shell):
    empty.write("own.yaml", "interlock: 1\nname: own\nnodes: {a: {call: ci.build}}\n")
    empty.write("own.certificate.json", "{}")
    for command in ("plan", "check"):
        done = empty(f"interlock {command} own.yaml")
        assert done.code == 3
        assert "Only built-in actions are known: no app is named" in done.err
    empty.write("ours.py", "from interlock import Registry\nregistry = Registry([])\n")
    assert "Only built-in" not in empty("interlock plan own.yaml --app ours:registry").err
    assert "here are: own.yaml\n" in empty("interlock plan owm.yaml").err


def test_an_internal_error_is_told_without_a_traceback(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
):
    def broken() -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("interlock.cli.commands.schema.document_schema", broken)
    done = shell("interlock schema")
    assert done.code == 70
    assert done.err.startswith("error[IL9000]: RuntimeError: a bug\nhint: ")
    assert "Traceback" not in done.err
    assert "Traceback" in shell("interlock schema", env={"INTERLOCK_DEBUG": "1"}).err


def test_a_key_starts_one_run(shell: Shell):
    first = shell(f"{RUN} --key once --json").json
    second = shell(f"{RUN} --key once --json").json
    assert second["run"] == first["run"]
    assert len(shell("interlock runs --json").json) == 1


def test_terminals_are_safe_from_outputs(shell: Shell):
    shell.write(
        "evil.yaml", 'interlock: 1\nname: evil\nnodes: {}\noutputs: {x: "a\\x1b[2Jb\\u202ec"}\n'
    )
    done = shell("interlock run evil.yaml")
    shown = shell("interlock show last")
    for text in (done.out, done.err, shown.out):
        assert "\x1b" not in text
        assert "\u202e" not in text


def test_runs_are_named_by_full_ids(shell: Shell):
    done = shell(RUN)
    assert RUN_ID.search(done.err)


@pytest.mark.parametrize(
    "typed, meant",
    [("rum", "run"), ("audit reciept last", "receipt"), ("retention statsu", "status")],
)
def test_a_misspelled_command_is_answered_with_the_one_meant(empty: Shell, typed: str, meant: str):
    done = empty(f"interlock {typed}")
    assert done.code == 2
    assert f"hint: did you mean `{meant}`?" in done.err
