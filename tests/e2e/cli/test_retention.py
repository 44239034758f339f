"""`interlock retention`: what is over goes, what is held stays, and every proof still holds."""

from collections.abc import Callable
from contextlib import closing

import apsw
import pytest

from e2e.cli.project import PYPROJECT, Shell
from interlock.runtime import SystemClock
from interlock.store import open_store

DAY = 86_400_000
SECRET = "ada_lovelace_1815"
INIT = "interlock audit init --key keys/log.key"
RUN = f"interlock run release.yaml -i service={SECRET} -i version=1.0"
PRUNE = "interlock retention prune --yes"
SETTINGS = 'profile = "eu-ai-act"\nvalues = "200d"\nevents = "2y"'

Later = Callable[[int], None]


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Later:
    """Move the clock of the machine by days."""
    real = SystemClock.now_ms

    def move(days: int) -> None:
        def now_ms(clock: SystemClock) -> int:
            return real(clock) + days * DAY

        monkeypatch.setattr(SystemClock, "now_ms", now_ms)

    return move


def keep(shell: Shell, settings: str = SETTINGS) -> Shell:
    shell.write("pyproject.toml", f"{PYPROJECT}\n[tool.interlock.retention]\n{settings}\n")
    return shell


def traces(shell: Shell) -> list[str]:
    files = [path for path in shell.folder.rglob("*") if path.is_file()]
    return [path.name for path in files if SECRET.encode() in path.read_bytes()]


@pytest.mark.slow
def test_what_is_over_goes_and_every_proof_holds(shell: Shell, later: Later):
    keep(shell)
    assert shell(RUN).code == 0
    (shell.folder / "log.pub").write_text(shell(INIT).out)
    shell("interlock audit publish published --key keys/log.key")
    shell("interlock audit receipt last --key keys/log.key --output before.json")
    later(300)
    done = shell(PRUNE)
    assert (done.code, done.out.splitlines()[0]) == (0, "pruned   values of 1 run")
    assert traces(shell) == []
    assert shell("interlock audit receipt last --key keys/log.key --output r2.json").code == 0
    assert shell("interlock audit check r2.json --key log.pub").code == 0
    later(900)
    assert shell(PRUNE).out.startswith("pruned   events of 1 run: ")
    verified = shell("interlock audit verify --published published --key log.pub")
    assert (verified.code, verified.out.count("unverifiable because pruned")) == (0, 2)
    assert shell("interlock audit check before.json --key log.pub").code == 0
    assert shell("interlock audit publish published --key keys/log.key").code == 0
    assert shell("interlock doctor").code == 0


def test_what_was_pruned_is_told_with_a_code_of_its_own(shell: Shell, later: Later):
    keep(shell)
    shell(RUN)
    shell(INIT)
    later(900)
    assert shell(PRUNE).code == 0
    shown = shell("interlock show last")
    assert (shown.code, "under the rule `events = 2y, profile eu-ai-act`" in shown.out) == (8, True)
    assert shell("interlock show last --json").json["events_left"] == 2
    events = shell("interlock show last --events")
    assert (events.code, events.out.count('"pruned": true')) == (8, events.out.count("\n") - 2)
    for command in (
        "show last image",
        "resume last",
        "replay last",
        "audit receipt last --key keys/log.key --event 3",
    ):
        done = shell(f"interlock {command}")
        assert (done.code, "was pruned" in done.out + done.err) == (8, True), command
    assert shell("interlock replay --all").code == 0
    assert shell("interlock replay --all --json").json[0]["ok"] is None
    assert "succeeded, pruned" in shell("interlock runs").out
    assert shell("interlock runs --json").json[0]["pruned"] == "events"
    report = shell("interlock audit report --since 2000d")
    assert (report.code, " pruned: IL8604 " in report.out) == (0, True)
    erased = shell("interlock audit erase --run last --path .inputs --reason r --rule r --yes")
    assert (erased.code, "IL8604" in erased.err) == (8, True)
    assert shell(RUN).code == 0


def test_a_receipt_of_a_run_that_was_pruned_proves_the_pruning(shell: Shell, later: Later):
    keep(shell)
    shell(RUN)
    (shell.folder / "log.pub").write_text(shell(INIT).out)
    receipt = "interlock audit receipt last --key keys/log.key"
    check = "interlock audit check receipt.json --key log.pub"
    assert shell("interlock audit checkpoint --key keys/log.key").code == 0
    (shell.folder / "then").write_bytes((shell.folder / "keys/log.key.checkpoint").read_bytes())
    later(300)
    assert shell(PRUNE).code == 0
    assert shell(f"{receipt} --output receipt.json").err == "receipt  receipt.json\n"
    assert "pruned        values: by the pruning at leaf 9, rule: values = 200d" in shell(check).out
    later(900)
    assert shell(PRUNE).code == 0
    made = shell(f"{receipt} --output receipt.json")
    assert "7 of 9 events were pruned, the receipt proves when" in made.err
    checked = shell(check)
    assert (checked.code, "2 of the run, from 1 to 9" in checked.out) == (0, True)
    assert "pruned        events (7): by the pruning at leaf 10, rule: events = 2y" in checked.out
    assert "ended         succeeded at" in checked.out
    assert "withheld      document (1)\n" in checked.out
    older = shell(f"{receipt} --checkpoint then --output receipt.json")
    assert "this checkpoint is older: without --checkpoint, the receipt tells of it" in older.err
    assert "pruned" not in shell(check).out


def change(shell: Shell, statement: str) -> None:
    with closing(apsw.Connection(str(shell.folder / ".interlock" / "journal.db"))) as file:
        file.execute(statement)
        assert file.changes() > 0


def test_a_listing_that_lies_about_a_run_that_was_pruned_is_found(shell: Shell, later: Later):
    keep(shell)
    shell(f"{RUN} --key nightly")
    later(900)
    shell(PRUNE)
    assert shell("interlock audit verify").code == 0
    change(shell, "UPDATE head SET status = 'failed'")
    done = shell("interlock audit verify")
    assert (done.code, "status failed, its events say succeeded" in done.err) == (6, True)


@pytest.mark.parametrize("word", ["runs", "period_ms", "RunsPruned"])
def test_an_event_that_tells_of_pruning_and_makes_no_sense_is_named(
    shell: Shell, later: Later, word: str
):
    keep(shell)
    shell(RUN)
    later(900)
    shell(PRUNE)
    text = f"replace(CAST(body AS TEXT), '\"{word}\"', '\"x\"')"
    change(shell, f"UPDATE event SET body = CAST({text} AS BLOB) WHERE run = 'store' AND seq = 2")
    done = shell("interlock audit verify --json")
    kinds = [(each["kind"], each["run"]) for each in done.json["findings"]]
    assert (done.code, ("edited", "store") in kinds) == (6, True), done.err
    assert {kind for kind, _ in kinds} == {"edited", "falsely_pruned"}


def test_a_key_still_names_a_run_that_was_pruned(shell: Shell, later: Later):
    keep(shell)
    shell(f"{RUN} --key nightly")
    later(900)
    shell(PRUNE)
    again = shell(f"{RUN} --key nightly")
    assert (again.code, len(shell("interlock runs --json").json)) == (8, 1)


def test_a_hold_keeps_a_run_from_pruning_and_erasing(shell: Shell, later: Later):
    keep(shell)
    shell(RUN)
    placed = shell("interlock retention hold place --graph release --reason 'case 7' --as eve")
    assert placed.out == "hold 1 placed on graph release: it has 1 of the runs so far\n"
    later(900)
    assert "on hold `1`, and kept: 1 run" in shell("interlock retention prune --dry-run").out
    assert shell(PRUNE).out == "nothing was pruned\nkept     1 run: on hold\n"
    for option in ("--yes", "--dry-run"):
        erase = f"interlock audit erase --run last --path .inputs --reason r --rule r {option}"
        erased = shell(erase)
        assert (erased.code, "IL8603" in erased.err, "case 7" in erased.err) == (3, True, True)
    listed = shell("interlock retention hold list").out
    assert "graph release" in listed
    assert "eve (unauthenticated)" in listed
    told = shell("interlock audit report --since 2000d --json").json["parts"]["kept"]["lines"]
    assert [(line["what"], line["why"], line["facts"]["graph"]) for line in told] == [
        ("put on hold", "case 7", "release")
    ]
    released = shell("interlock retention hold release 1 --reason closed --as bob")
    assert released.out == "hold 1 on graph release released\n"
    assert shell("interlock retention hold release 1 --reason closed").code == 2
    assert shell("interlock retention hold list").out == "no hold is in force\n"
    listed = shell("interlock retention hold list --all").out.splitlines()
    assert [line.split(" by ")[-1] for line in listed[1:]] == [
        "eve (unauthenticated): case 7",
        "bob (unauthenticated): closed",
    ]
    assert "pruned   values" in shell(PRUNE).out
    shell("interlock audit report --since 2000d --html report.html")
    page = (shell.folder / "report.html").read_text()
    for what in ("put on hold", "hold released", "values pruned", "events pruned"):
        assert f"<td>{what}</td>" in page
    kept = shell("interlock audit report --since 2000d --json --graph release").json["parts"][
        "kept"
    ]
    assert [line["actor"]["name"] for line in kept["lines"][:2]] == ["eve", "bob"]
    assert kept["lines"][2]["facts"]["rule"] == "values = 200d, profile eu-ai-act"
    assert shell("interlock audit verify").code == 0


def test_a_dry_run_and_a_question_change_nothing(shell: Shell, later: Later):
    keep(shell)
    shell(RUN)
    later(300)
    before = (shell.folder / ".interlock/journal.db").read_bytes()
    told = shell("interlock retention prune --dry-run")
    assert told.out.startswith("would go:\nvalues of 1 run:\n")
    as_json = shell("interlock retention prune --dry-run --json").json
    assert (len(as_json["values"]), as_json["events"], as_json["held"]) == (1, [], {})
    asked = shell("interlock retention prune")
    assert (asked.code, "there is nobody to ask" in asked.err) == (2, True)
    assert shell("interlock retention status").out.splitlines()[4].endswith("1 run")
    assert (shell.folder / ".interlock/journal.db").read_bytes() == before
    done = shell(f"{PRUNE} --json").json
    assert (done["values"], done["kept"]) == (as_json["values"], {})


@pytest.mark.parametrize(
    "settings, code, told",
    [
        ('profile = "eu-ai-act"\nvalues = "182d"', "IL8601", "Articles 19(1) and 26(6)"),
        ('profile = "eu-ai-act"\nevents = "4w"', "IL8601", "`events` is 28d"),
        ('values = "3y"\nevents = "2y"', "IL8602", "means nothing without its event"),
        ('values = "90"', "IL8600", "`90` is no period"),
        ('values = "0d"', "IL8600", "`0d` is no period"),
        ('values = "101y"', "IL8600", "`101y` is no period"),
        ("values = 90", "IL8600", 'write a period in quotes: values = "400d"'),
        ('profile = "gdpr"', "IL8600", "there are: eu-ai-act"),
        ('cache = "1d"', "IL8600", "there is no cache in this version"),
        ('evnts = "1d"', "IL8600", "there are: profile, values, events"),
    ],
)
def test_settings_that_make_no_sense_are_refused(shell: Shell, settings: str, code: str, told: str):
    keep(shell, settings)
    shell(RUN)
    for command in ("retention status", "retention prune --yes", "audit verify"):
        done = shell(f"interlock {command}")
        assert (done.code, f"error[{code}]" in done.err) == (2, True), command
        assert "[tool.interlock.retention] in pyproject.toml" in done.err
        assert told in done.err
    assert code in shell("interlock doctor").out


def test_a_floor_and_nothing_less_is_allowed(shell: Shell):
    keep(shell, 'profile = "eu-ai-act"\nvalues = "183d"\nevents = "183d"')
    shell(RUN)
    status = shell("interlock retention status --json").json
    assert status["profile"]["floor_ms"] == 183 * DAY
    assert status["classes"]["values"]["period_ms"] == 183 * DAY


def test_without_settings_everything_is_kept_for_ever(shell: Shell, later: Later):
    shell(RUN)
    later(30_000)
    assert "everything is kept for ever" in shell("interlock retention prune --dry-run").out
    assert shell(PRUNE).out == "nothing was pruned\n"
    assert "for ever" in shell("interlock retention status").out


def test_a_hold_says_what_it_is_on_and_why(shell: Shell):
    shell(RUN)
    place = "interlock retention hold place"
    for wrong in (f"{place} --reason r", f"{place} --everything --run last --reason r"):
        assert shell(wrong).code == 2
    assert shell(f"{place} --everything").code == 2
    assert shell(f"{place} --everything --reason ' '").code == 2
    assert shell(f"{place} --run 01NOSUCH --reason r").code == 2
    assert shell(f"{place} --before tomorrow --reason r").code == 2
    assert "no run is of graph `pay`" in shell(f"{place} --graph pay --reason r").err
    shell(f"{place} --run last --reason 'a \x1b[31mb'")
    erase = shell("interlock audit erase --run last --path all --reason r --rule r --yes").err
    assert "'a \\x1b[31mb'" in erase
    assert "\\x1b[31mb" in shell("interlock retention hold list").out
    span = shell(f"{place} --before 2026-07-01 --after 2026-01-01 --reason r").out
    assert span.startswith("hold 3 placed on begun before 2026-07-01, not ended before 2026-01-01")


def test_what_was_emptied_by_hand_is_found(shell: Shell):
    shell(RUN)
    path = str(shell.folder / ".interlock/journal.db")
    connection = apsw.Connection(path)
    connection.execute("UPDATE event SET body = x'', salts = x'' WHERE seq = 3")
    connection.close()
    done = shell("interlock audit verify")
    assert (done.code, "taken away without right: event 3" in done.err) == (6, True)
    assert shell("interlock show last").code == 6
    with closing(open_store(path)) as store:
        assert not store.read(store.heads()[0].run)[2].body


def test_what_a_pruning_of_values_leaves_has_to_be_there(shell: Shell, later: Later):
    keep(shell)
    assert shell(RUN).code == 0
    later(300)
    assert shell(PRUNE).code == 0
    assert shell("interlock audit verify").code == 0
    with closing(apsw.Connection(str(shell.folder / ".interlock" / "journal.db"))) as file:
        file.execute("DELETE FROM blob")
    refused = shell("interlock audit verify --json").json["findings"]
    assert [(each["kind"], each["seq"]) for each in refused] == [("value_missing", 1)]
