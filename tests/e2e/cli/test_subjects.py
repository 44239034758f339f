"""Data subjects from the command line: whose a value is, and that it can be erased."""

from contextlib import closing

import apsw
import pytest

from e2e.cli.project import Shell
from interlock.store import open_store

NAME = "ada_lovelace_1815"
GRAPH = """
interlock: 1
name: letter
inputs:
  who: {type: string, subject: value}
graphs:
  one:
    inputs: {who: {type: string}}
    nodes:
      image: {call: ci.build, with: {service: '${{ inputs.who }}', version: '1'}}
    outputs: {ref: '${{ image.ref }}'}
nodes:
  many: {map: one, over: '[inputs.who]', key: item, with: {who: '${{ item }}'}}
  prod: {call: deploy.apply, with: {image: '${{ many.results[0].ref }}', env: prod}}
outputs: {url: '${{ prod.url }}'}
"""
ERASE = "interlock audit erase --reason 'they asked' --rule 'GDPR Art. 17' --subject"


@pytest.fixture
def written(shell: Shell) -> Shell:
    """A project with a run that has values of a data subject."""
    (shell.folder / "letter.yaml").write_text(GRAPH)
    done = shell(f"interlock run letter.yaml -i who={NAME}")
    assert done.code == 0, done.err
    return shell


def traces(shell: Shell, text: str = NAME) -> list[str]:
    """Name the files of the project that have a text."""
    files = [path for path in shell.folder.rglob("*") if path.is_file()]
    return [path.name for path in files if text.encode() in path.read_bytes()]


def test_what_belongs_to_somebody_is_shown_and_derived_again(written: Shell):
    assert NAME in written("interlock show last").out
    assert written("interlock replay last").code == 0
    nodes = written("interlock show last --json").json["nodes"]
    assert all(node["call_key"].startswith("hmac-") for node in nodes if node["call_key"])


@pytest.mark.slow
def test_a_subject_is_erased_and_every_proof_holds(written: Shell):
    (written.folder / "log.pub").write_text(written("interlock audit init --key keys/log.key").out)
    written("interlock audit publish published --key keys/log.key")
    assert traces(written) == ["journal.db"]
    dry = written(f"{ERASE} {NAME} --dry-run")
    assert (dry.code, NAME in dry.out) == (0, False), dry.err
    assert traces(written) == ["journal.db"]
    done = written(f"{ERASE} {NAME} --yes")
    assert done.code == 0, done.err
    assert traces(written) == []
    assert written("interlock audit verify --published published --key log.pub").code == 0
    assert "nothing to erase" in written(f"{ERASE} {NAME} --yes").out
    assert NAME not in written("interlock show last").out
    assert written("interlock replay last").code != 0


def crash(*_: object) -> None:
    raise KeyboardInterrupt


def test_the_same_command_finishes_what_was_begun(written: Shell, monkeypatch: pytest.MonkeyPatch):
    with closing(open_store(str(written.folder / ".interlock/journal.db"))) as store:
        kind = type(store)
    with monkeypatch.context() as patched:
        patched.setattr(kind, "scrub", crash)
        assert written(f"{ERASE} {NAME} --yes").code != 0
    assert traces(written) == ["journal.db"]
    again = written(f"{ERASE} {NAME} --yes")
    assert (again.code, "nothing to erase" in again.out) == (0, True), again.err
    assert traces(written) == []


@pytest.mark.slow
def test_a_receipt_shows_a_value_and_what_opens_it(written: Shell):
    (written.folder / "log.pub").write_text(written("interlock audit init --key keys/log.key").out)
    receipt = "interlock audit receipt last --key keys/log.key"
    quiet = written(f"{receipt} --output quiet.json")
    told = written(f"{receipt} --disclose .inputs --output told.json")
    assert (quiet.code, told.code) == (0, 0), told.err
    assert NAME not in (written.folder / "quiet.json").read_text()
    assert NAME in (written.folder / "told.json").read_text()
    for name in ("quiet", "told"):
        assert written(f"interlock audit check {name}.json --key log.pub").code == 0
    written(f"{ERASE} {NAME} --yes")
    again = written(f"{receipt} --output again.json")
    assert again.code == 0, again.err
    for name in ("quiet", "told", "again"):
        assert written(f"interlock audit check {name}.json --key log.pub").code == 0


OF_SUBJECT = "WHERE CAST(ref AS TEXT) LIKE 'ref hmac-%'"
CHANGES = {
    "value_changed": (
        f"UPDATE value SET data = zeroblob(length(data)) {OF_SUBJECT}",
        f"UPDATE value SET data = randomblob(length(data)) {OF_SUBJECT}",
    ),
    "misnamed": (
        "UPDATE subject SET key = zeroblob(32)",
        "UPDATE subject SET name = 'eve'",
    ),
    "value_missing": (f"DELETE FROM value {OF_SUBJECT}", "DELETE FROM subject"),
}


@pytest.mark.parametrize(
    "kind, change", [(kind, change) for kind in CHANGES for change in CHANGES[kind]]
)
def test_a_value_that_cannot_be_opened_any_more_is_found(written: Shell, kind: str, change: str):
    assert written("interlock audit verify").code == 0
    with closing(apsw.Connection(str(written.folder / ".interlock" / "journal.db"))) as file:
        file.execute(change)
        assert file.changes() > 0
    done = written("interlock audit verify --json")
    found = done.json["findings"]
    assert (done.code, {each["kind"] for each in found}, found[0]["seq"]) == (6, {kind}, 1)


def test_a_key_that_was_put_to_another_name_erases_nobody(written: Shell):
    assert written("interlock run letter.yaml -i who=bob").code == 0
    file = written.folder / ".interlock" / "journal.db"
    with closing(apsw.Connection(str(file))) as connection:
        for name, to in ((NAME, "-"), ("bob", NAME), ("-", "bob")):
            connection.execute("UPDATE subject SET name = ? WHERE name = ?", (to, name))
    told = written("interlock audit verify")
    assert (told.code, told.err.count("error: a false name: event 1 of run")) == (6, 2), told.err
    for options in ("--dry-run", "--yes"):
        for name in (NAME, "bob", "eve"):
            done = written(f"{ERASE} {name} {options}")
            assert (done.code, "error[IL7025]: the row of data subject" in done.err) == (6, True)
    assert written("interlock run letter.yaml -i who=bob").code != 0
    assert traces(written) == ["journal.db"]


def test_a_subject_on_hold_is_kept_until_it_is_released(written: Shell):
    assert written("interlock run letter.yaml -i who=bob").code == 0
    place = "interlock retention hold place --reason 'case 7' --as eve --subject"
    placed = written(f"{place} {NAME}")
    assert (placed.code, "it has 1 of the runs so far" in placed.out) == (0, True), placed.err
    listed = written("interlock retention hold list")
    assert f"1 run so far; the subject is `{NAME}`" in listed.out
    for options in ("--dry-run", "--yes"):
        done = written(f"{ERASE} {NAME} {options}")
        assert (done.code, "error[IL8603]: data subject" in done.err) == (3, True), done.err
    held = written("interlock retention hold list --json").json[0]["subject"]
    kept = written("interlock audit report --json").json["parts"]["kept"]["lines"]
    assert kept[0]["facts"]["subject"] == held
    assert written(f"{ERASE} bob --yes").code == 0
    assert written("interlock retention hold release 1 --reason closed").code == 0
    assert written(f"{ERASE} {NAME} --yes").code == 0
    assert traces(written) == []
    assert held in written("interlock retention hold list --all").out
    assert written("interlock audit verify").code == 0
    unknown = written(f"{place} {NAME}")
    assert (unknown.code, "no value in this store" in unknown.err) == (2, True)


def test_whose_key_is_missing_is_not_told_that_there_was_nothing(written: Shell):
    assert written("interlock run letter.yaml -i who=bob").code == 0
    file = written.folder / ".interlock" / "journal.db"
    with closing(apsw.Connection(str(file))) as connection:
        connection.execute("DELETE FROM subject WHERE name = ?", (NAME,))
    done = written(f"{ERASE} {NAME} --yes")
    assert (done.code, "error[IL7025]: no subject of this name" in done.err) == (6, True), done.err
    done = written(f"{ERASE} bob --yes")
    assert done.code == 0, done.err
    assert "nobody can tell whose 1 key" in done.out


def test_why_something_was_erased_before_stays(written: Shell):
    of_run = "interlock audit erase --run last --path prod.output --reason 'they asked' --yes"
    assert written(of_run).code == 0
    done = written(f"{ERASE} {NAME} --yes")
    assert done.code == 0, done.err
    lines = written("interlock audit report --json").json["parts"]["erased"]["lines"]
    assert [line["why"] for line in lines] == ["they asked", "they asked"]
    assert traces(written) == []


def test_who_is_erased_is_not_named_in_the_reason(written: Shell):
    done = written(f"interlock audit erase --subject {NAME} --reason 'for {NAME}' --yes")
    assert done.code != 0
    assert "other words" in done.err
    assert traces(written) == ["journal.db"]


def test_a_run_that_has_not_ended_keeps_what_it_needs(shell: Shell):
    waiting = GRAPH.replace("\nnodes:", "\nnodes:\n  heard: {wait: {signal: paid}}")
    (shell.folder / "letter.yaml").write_text(waiting)
    shell(f"interlock run letter.yaml -i who={NAME}")
    done = shell(f"{ERASE} {NAME} --yes")
    assert done.code != 0
    assert "have not ended" in done.err


def test_a_value_without_an_owner_does_not_start(shell: Shell):
    (shell.folder / "letter.yaml").write_text(GRAPH)
    done = shell("interlock run letter.yaml -i who=")
    assert done.code != 0
    assert "whose `who` is: `subject` gives no name" in done.err
    assert shell("interlock runs --json").json == []
