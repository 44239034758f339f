"""`interlock audit erase`: what is asked for goes with every copy, and every proof still holds."""

from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import pytest

from e2e.cli.project import Done, Shell
from interlock.errors import StoreFailed
from interlock.journal import Message, OwnerId, principal_of
from interlock.store import open_store

SECRET = "ada_lovelace_1815"
INIT = "interlock audit init --key keys/log.key"
ERASE = "interlock audit erase --run last --reason 'they asked' --rule 'GDPR Art. 17' --yes"
DRY = "interlock audit erase --run last --reason 'they asked' --dry-run"
LIMITS = "not covered:"
EVE = principal_of("eve")


@pytest.fixture
def greeted(shell: Shell) -> Shell:
    """A project with a run that has a secret."""
    assert shell(f"interlock run release.yaml -i service={SECRET} -i version=1.0").code == 0
    return shell


def events_of(shell: Shell) -> list[str]:
    return shell("interlock show last --events").out.splitlines()


def traces(shell: Shell, *, text: str = SECRET) -> list[str]:
    """Name the files of the project that have a text: journal, its log, what we publish."""
    files = [path for path in shell.folder.rglob("*") if path.is_file()]
    return [
        str(path.relative_to(shell.folder)) for path in files if text.encode() in path.read_bytes()
    ]


def refs_in(shell: Shell) -> list[str]:
    """The digests of the values and calls of the run with the secret."""
    shown = shell("interlock show last --json").json
    return [node["call_key"].removeprefix("sha256:") for node in shown["nodes"]]


@pytest.mark.slow
def test_nothing_of_it_is_left_and_every_proof_holds(greeted: Shell):
    (greeted.folder / "log.pub").write_text(greeted(INIT).out)
    greeted("interlock audit publish published --key keys/log.key")
    greeted("interlock audit receipt last --key keys/log.key --output before.json")
    keys = refs_in(greeted)
    assert traces(greeted) == [".interlock/journal.db"]
    assert all(traces(greeted, text=key) for key in keys)
    done = greeted(f"{ERASE} --path .inputs")
    assert (done.code, done.err.count("\n")) == (0, 1), done.err
    assert "event 10 of the run tells of it" in done.out
    assert traces(greeted) == []
    assert [key for key in keys if traces(greeted, text=key)] == []
    assert greeted("interlock audit verify --published published --key log.pub").code == 0
    assert greeted("interlock audit check before.json --key log.pub").code == 0
    after = greeted("interlock audit receipt last --key keys/log.key --output after.json")
    assert after.code == 0, after.err
    assert greeted("interlock audit check after.json --key log.pub").code == 0
    assert "GDPR Art. 17" in (greeted.folder / "after.json").read_text()


def test_a_receipt_tells_what_was_erased_from_what_is_withheld(greeted: Shell):
    (greeted.folder / "log.pub").write_text(greeted(INIT).out)
    assert greeted("interlock audit checkpoint --key keys/log.key").code == 0
    (greeted.folder / "then").write_bytes((greeted.folder / "keys/log.key.checkpoint").read_bytes())
    assert greeted(f"{ERASE} --path .inputs").code == 0
    receipt = "interlock audit receipt last --key keys/log.key --output receipt.json"
    check = "interlock audit check receipt.json --key log.pub"
    for options in ("", "--event 1"):
        made = greeted(f"{receipt} {options}")
        assert made.err == "receipt  receipt.json\n"
        told = greeted(check).out
        assert "  erasure       leaf 9 (event 10), rule: GDPR Art. 17; by " in told
        assert "  erased        event 1, the run, inputs: by the erasure at leaf 9\n" in told
        assert "withheld" in told
        assert "inputs" not in told.partition("withheld")[2]
    older = greeted(f"{receipt} --checkpoint then")
    assert "were erased or pruned after this checkpoint: without --checkpoint" in older.err
    assert "inputs (1)" in greeted(check).out.partition("withheld")[2]


def test_a_dry_run_says_what_goes_and_changes_nothing(greeted: Shell):
    before = (greeted.folder / ".interlock/journal.db").read_bytes()
    told = greeted(f"{DRY} --path .inputs")
    as_json = greeted(f"{DRY} --path .inputs --json").json
    assert (greeted.folder / ".interlock/journal.db").read_bytes() == before
    done = greeted(f"{ERASE} --path .inputs --json").json
    assert {**done, "dry_run": True, "erased_by_event": None} == as_json
    assert (done["dry_run"], done["erased_by_event"]) == (False, 10)
    assert {"event": 1, "type": "RunStarted", "path": None, "parts": ["inputs"]} in done["parts"]
    assert f"{done['values']} values of {done['bytes']} bytes" in told.out
    assert LIMITS in told.out
    assert SECRET not in told.out


def test_what_was_erased_is_nothing_to_erase(greeted: Shell):
    assert greeted(f"{ERASE} --path .inputs").code == 0
    before = events_of(greeted)
    again = greeted(f"{ERASE} --path .inputs")
    assert (again.code, again.out.split(":")[0]) == (0, "nothing to erase")
    assert greeted(f"{ERASE} --path .inputs --json").json["erased_by_event"] is None
    assert greeted(f"{DRY} --path .inputs").out.startswith("nothing to erase")
    assert events_of(greeted) == before


def parts_of(done: Done) -> set[str]:
    return {part for each in done.json["parts"] for part in each["parts"]}


def test_all_spares_who_did_it_what_it_cost_and_the_plan(greeted: Shell):
    gone = parts_of(greeted(f"{DRY} --path all --json"))
    assert gone == {"args", "call_key", "execution", "inputs", "output"}
    gone = parts_of(greeted(f"{DRY} --path all.actor --path .document --json"))
    assert gone >= {"actor", "principal", "document"}


def test_a_node_goes_with_all_inside_it(shell: Shell):
    shell("""interlock run batch.yaml -i 'numbers=[2, 44444]'""")
    done = shell(f"{DRY} --path halves --json").json
    assert {each["path"] for each in done["parts"] if each["path"]} >= {"halves[1]/value", "halves"}


WRONG = [
    ("--path .inputs --reason x", "say of which run"),
    ("--run last --reason x", "say what to erase"),
    ("--run last --path .inputs", "say why"),
    ("--run nope --path .inputs --reason x", "IL7001"),
    ("--run last --path .input --reason x", "there are: `"),
    ("--run last --path prot.output --reason x", "did you mean `prod`?"),
    ("--run last --path '' --reason x", "--path is empty"),
    ("--run last --path .inputs --reason x", "there is nobody to ask"),
    (f"--run last --path .inputs --yes --reason {SECRET}", "say it in other words"),
    (f"--run last --path .inputs --yes --reason x --as {SECRET}", "the name has a text"),
    ("--finish --run last", "use it alone"),
    ("--run last --path .inputs --reason x --yes --store no.db", "IL7020"),
]


def test_what_cannot_be_done_is_said_and_changes_nothing(greeted: Shell):
    before = events_of(greeted)
    for options, words in WRONG:
        done = greeted(f"interlock audit erase {options}")
        assert (done.code, words in done.err) == (2, True), done.err
    assert events_of(greeted) == before


def test_a_run_that_waits_is_not_erased(gated: Shell):
    gated("interlock run release.yaml -i version=1.0")
    done = gated(f"{ERASE} --path .inputs")
    assert (done.code, "has not ended: it is waiting" in done.err) == (2, True), done.err
    gated("interlock cancel last")
    assert gated(f"{ERASE} --path .inputs").code == 0


def test_a_file_that_can_only_be_read_can_be_looked_at(
    greeted: Shell, monkeypatch: pytest.MonkeyPatch
):
    def refuse(path: Path) -> None:
        raise StoreFailed("it can only be read", code="IL7013")

    monkeypatch.setattr("interlock.store.sqlite.opening.check_place", refuse)
    monkeypatch.setattr("interlock.store.sqlite.store.check_place", refuse, raising=False)
    assert greeted(f"{DRY} --path .inputs").code == 0
    assert greeted(f"{ERASE} --path .inputs").code == 7


def test_without_room_for_a_copy_nothing_is_erased(greeted: Shell, monkeypatch: pytest.MonkeyPatch):
    class Usage:
        free = 1000

    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage)
    before = (greeted.folder / ".interlock/journal.db").read_bytes()
    done = greeted(f"{ERASE} --path .inputs")
    assert (done.code, "IL7017" in done.err, "nothing was erased" in done.err) == (7, True, True)
    assert (greeted.folder / ".interlock/journal.db").read_bytes() == before


def store_kind(shell: Shell) -> type:
    with closing(open_store(str(shell.folder / ".interlock/journal.db"))) as store:
        return type(store)


def crash(*_: Any) -> None:
    raise KeyboardInterrupt


@pytest.mark.slow
def test_wherever_it_is_stopped_it_can_be_done_again(
    greeted: Shell, monkeypatch: pytest.MonkeyPatch
):
    before = (greeted.folder / ".interlock/journal.db").read_bytes()
    kind = store_kind(greeted)
    for at in ("lease", "erase", "release", "scrub", "rebuild"):
        (greeted.folder / ".interlock/journal.db").write_bytes(before)
        with monkeypatch.context() as patched:
            if at == "rebuild":  # the file is new, and nobody knows
                patched.setattr("interlock.store.sqlite.writer.Writer.note_scrubbed", crash)
            else:
                patched.setattr(kind, at, crash)
            assert greeted(f"{ERASE} --path .inputs").code != 0
        assert traces(greeted) == ([] if at == "rebuild" else [".interlock/journal.db"])
        is_erased = at in {"release", "scrub", "rebuild"}
        assert len(events_of(greeted)) == (10 if is_erased else 9)
        doctor = greeted("interlock doctor")
        assert ("traces of 1 erasure may be read off the file" in doctor.out) == is_erased
        assert (doctor.code, "audit erase --finish" in doctor.out) == (int(is_erased), is_erased)
        command = "interlock audit erase --finish" if is_erased else f"{ERASE} --path .inputs"
        assert greeted(command).code == 0
        assert traces(greeted) == []
    assert greeted("interlock doctor").code == 0
    assert greeted("interlock audit verify").code == 0


def test_the_same_command_finishes_what_was_begun(greeted: Shell, monkeypatch: pytest.MonkeyPatch):
    with monkeypatch.context() as patched:
        patched.setattr(store_kind(greeted), "scrub", crash)
        greeted(f"{ERASE} --path .inputs")
    assert greeted(f"{ERASE} --path .inputs").out.startswith("nothing to erase")
    assert traces(greeted) == []


def test_a_reader_that_holds_the_file_is_told_of(greeted: Shell, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("interlock.store.sqlite.opening.BUSY_MS", 10)
    reader = apsw.Connection(str(greeted.folder / ".interlock/journal.db"))
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM event").fetchall()
    done = greeted(f"{ERASE} --path .inputs")
    assert (done.code, "IL7016" in done.err, "it is erased, and traces" in done.err) == (
        7,
        True,
        True,
    )
    reader.execute("COMMIT")
    reader.close()
    assert greeted("interlock audit erase --finish").code == 0
    assert traces(greeted) == []


def test_a_disk_that_fills_meanwhile_is_told_of(greeted: Shell, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: Any) -> bool:
        raise StoreFailed("the disk is full", code="IL7017")

    with monkeypatch.context() as patched:
        patched.setattr(store_kind(greeted), "scrub", refuse)
        done = greeted(f"{ERASE} --path .inputs")
    assert (done.code, "the disk is full" in done.err) == (7, True)
    assert "it is erased, and traces of it are still" in done.err
    assert greeted("interlock audit erase --finish").code == 0
    assert traces(greeted) == []


def test_a_run_that_somebody_drives_is_left_alone(greeted: Shell):
    run = greeted("interlock show last --json").json["run"]
    store = open_store(str(greeted.folder / ".interlock/journal.db"))
    store.lease(run, OwnerId("somebody-1-00"), now_ms=0, life_ms=10**13)
    done = greeted(f"{ERASE} --path .inputs")
    assert (done.code, "IL7006" in done.err) == (7, True), done.err
    store.close()
    assert greeted(f"{ERASE} --path .inputs").code == 0


def test_what_has_come_since_it_was_shown_is_not_erased_with_it(
    greeted: Shell, monkeypatch: pytest.MonkeyPatch
):
    run = greeted("interlock show last --json").json["run"]

    def post(_: Path) -> None:
        with closing(open_store(str(greeted.folder / ".interlock/journal.db"))) as store:
            late = Message(
                id="m", run=run, kind="signal", body=b'{"name":"x"}', actor=EVE.actor, created_ms=0
            )
            assert store.post(late)

    before = events_of(greeted)
    with monkeypatch.context() as patched:
        patched.setattr("interlock.cli.commands.audit.erase.require_room", post)
        done = greeted(f"{ERASE} --path .inputs")
    assert (done.code, "has changed since it was looked at" in done.err) == (2, True), done.err
    assert events_of(greeted) == before
    assert greeted(f"{ERASE} --path .inputs").code == 0


PLACE = "(erased, see event 10)"


def test_what_is_left_of_a_run_is_shown(greeted: Shell):
    greeted(f"{ERASE} --path .inputs")
    shown = greeted("interlock show last")
    assert shown.code == 0
    assert "ada (unauthenticated) had" in shown.out
    assert f'inputs     "{PLACE}"' in shown.out
    assert f"execution  {PLACE}" in shown.out
    assert "✓ image" in shown.out
    data = greeted("interlock show last --json").json
    assert (data["inputs"], data["execution"], data["erased"]["1.inputs"]) == (PLACE, None, 10)
    node = greeted("interlock show last image")
    assert (node.code, f'output  "{PLACE}"' in node.out) == (0, True), node.out
    assert greeted("interlock show last image --json").json["output"] == PLACE


def test_who_was_erased_is_shown_as_that(greeted: Shell):
    assert greeted(f"{ERASE} --as eve --path all.actor").code == 0
    assert "by (erased, see event 10)" in greeted("interlock show last").out
    assert "(erased)" in greeted("interlock runs").out
    report = greeted("interlock audit report --since 1d --json").json
    assert report["runs"][0]["principal"]["kind"] == "erased"
    (line,) = report["parts"]["erased"]["lines"]
    assert (line["proof"]["seq"], line["actor"]["name"]) == (10, "eve")
    assert line["facts"]["rule"] == "GDPR Art. 17"
    replayed = greeted("interlock replay last")
    assert (replayed.code, "equal, succeeded, 10 events" in replayed.out) == (0, True)


def test_a_replay_verifies_what_is_left(greeted: Shell):
    greeted(f"{ERASE} --path tests.output")
    done = greeted("interlock replay last")
    assert (done.code, "cannot be verified: parts of it were erased" in done.out) == (8, True)
    (found,) = greeted("interlock replay last --json").json
    assert (found["ok"], found["verdict"], found["status"]) == (None, "erased", "succeeded")
    assert (found["events"], found["error"]["code"]) == (10, "IL8550")
    assert found["derived"] > 2, "what came before it is derived again"
    assert greeted("interlock audit verify").code == 0


def changed(shell: Shell, statement: str) -> None:
    database = apsw.Connection(str(shell.folder / ".interlock/journal.db"))
    database.execute(statement)
    database.close()


@pytest.mark.parametrize(
    "statement",
    [
        "update event set body = cast(replace(body, 'they', 'them') as blob) where seq = 10",
        "update head set execution = 'sha256:00'",
        "delete from event where seq = 9",
    ],
)
def test_what_was_changed_beside_it_is_found(greeted: Shell, statement: str):
    greeted(f"{ERASE} --path .inputs")
    changed(greeted, statement)
    done = greeted("interlock replay last")
    assert (done.code, "error[IL" in done.err) == (6, True), done.err


def test_a_run_that_has_lost_parts_does_not_go_on(shell: Shell):
    shell("interlock run release.yaml -i service=silent -i version=1.0 --key one")
    shell("interlock resolve last prod --failed")
    assert shell(f"{ERASE} --path .inputs").code == 0
    before = events_of(shell)
    again = "run release.yaml -i service=silent -i version=1.0 --key one"
    for command in ("resume last", "retry last", "cancel last", again):
        done = shell(f"interlock {command}")
        assert (done.code, "error[IL8550]" in done.err) == (8, True), (command, done.err)
    assert events_of(shell) == before
    assert "to go on" not in shell("interlock show last").out


def test_without_its_plan_nothing_of_a_run_can_be_shown_but_its_events(greeted: Shell):
    assert greeted(f"{ERASE} --path .document").code == 0
    done = greeted("interlock show last")
    assert (done.code, "the plan of run" in done.err) == (8, True), done.err
    assert len(events_of(greeted)) == 10
    assert greeted("interlock runs").code == 0
