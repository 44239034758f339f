"""`interlock audit verify`: stores that somebody has changed, and those that nobody has."""

import os
import shutil
import sqlite3
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from e2e.cli.project import PYPROJECT, Shell
from interlock.audit import VerifierKey, cosign, leaf_hash, leaf_of, parse_note
from interlock.runtime import SystemClock
from unit.audit.logs import LOG_KEY, OTHER_KEY, WITNESS, WITNESS_KEY
from unit.cli.certificates import a_certificate

RUN = "interlock run batch.yaml -i numbers=[2,4]"
VERIFY = "interlock audit verify"


@pytest.fixture
def signed(shell: Shell) -> Shell:
    """A project with two runs, all of whose events are in a checkpoint."""
    shell("interlock audit init --name example.com/log")
    shell(RUN)
    shell(RUN)
    shell("interlock audit publish public")
    (shell.folder / "kept.txt").write_text(shell("interlock audit checkpoint").out)
    return shell


def changed(shell: Shell, *statements: str) -> None:
    """Change the store. Checksums are left alone: they say what a disk does, not people."""
    with sqlite3.connect(shell.folder / ".interlock" / "journal.db") as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def logged_anew(shell: Shell) -> None:
    """Make the log of a small store anew, so that nothing in the file gives a change away."""
    with sqlite3.connect(shell.folder / ".interlock" / "journal.db") as connection:
        in_order = "SELECT run, seq, body, salts FROM event ORDER BY leaf"
        rows = connection.execute(in_order).fetchall()
        connection.execute("UPDATE event SET leaf = -1 - leaf")
        hashes: list[bytes] = []
        for leaf, (run, seq, body, salts) in enumerate(rows):
            hashes.append(leaf_hash(leaf_of(body, salts)))
            connection.execute(
                "UPDATE event SET leaf = ? WHERE run = ? AND seq = ?", (leaf, run, seq)
            )
        connection.execute("DELETE FROM log_part")
        connection.execute("INSERT INTO log_part VALUES (0, 0, ?)", (b"".join(hashes),))
        connection.execute("UPDATE log_edge SET size = ?", (len(hashes),))
    connection.close()


AT = "body = CAST(replace(CAST(body AS TEXT), '\"at_ms\":1', '\"at_ms\":2') AS BLOB)"
CHANGES: dict[str, tuple[str, ...]] = {
    "edited": (f"UPDATE event SET {AT} WHERE leaf = 3",),
    "deleted": ("DELETE FROM event WHERE leaf = 3",),
    "cut": ("DELETE FROM event WHERE leaf >= 3",),
    "moved": (
        "UPDATE event SET leaf = -1 WHERE leaf = 3",
        "UPDATE event SET leaf = 3 WHERE leaf = 5",
        "UPDATE event SET leaf = 5 WHERE leaf = -1",
    ),
}


def findings(shell: Shell, options: str = "") -> list[dict[str, Any]]:
    done = shell(f"{VERIFY} --json {options}")
    assert done.code == 6, done
    assert done.json["verdict"] == "refused"
    return done.json["findings"]


def test_a_store_is_verified_and_what_is_only_local_is_told(signed: Shell):
    first = signed(VERIFY)
    assert (first.code, first.err) == (0, "")
    assert "signed by `example.com/log`" in first.out
    assert "only local" not in first.out
    signed(RUN)
    again = signed(f"{VERIFY} --json").json
    signed_part, local = again["covered"]
    assert signed_part["signed_by"] == ["example.com/log"]
    assert (local["signed_by"], local["first"]) == ([], signed_part["last"] + 1)
    assert local["last"] == again["events"] - 1
    assert "only local" in signed(VERIFY).out


def test_without_a_checkpoint_all_is_only_local(shell: Shell):
    shell(RUN)
    done = shell(VERIFY)
    assert (done.code, done.err) == (0, "")
    assert "only local" in done.out


@pytest.mark.parametrize("kind", CHANGES)
def test_what_was_done_to_events_is_named(signed: Shell, kind: str):
    changed(signed, *CHANGES[kind])
    (found,) = findings(signed)
    assert (found["kind"], found["index"]) == (kind, 3)
    told = signed(VERIFY)
    assert (told.code, told.out) == (6, "")
    assert "place 3" in told.err


SEQ = "CAST(replace(CAST(body AS TEXT), '\"seq\":' || seq, '\"seq\":' || (seq + 1)) AS BLOB)"


@pytest.mark.parametrize("leaf", [-1, (1 << 63) - 1])
def test_an_event_that_was_put_before_or_after_the_log_is_named(signed: Shell, leaf: int):
    """Whoever reads its run reads it, too."""
    row = f"SELECT run, seq + 1, epoch, {leaf}, sum, erased, salts, {SEQ} FROM event"
    columns = "run, seq, epoch, leaf, sum, erased, salts, body"
    changed(signed, f"INSERT INTO event ({columns}) {row} ORDER BY leaf DESC LIMIT 1")
    found = next(each for each in findings(signed) if each["kind"] == "inserted")
    assert (found["seq"], found["index"]) == (6, 0 if leaf < 0 else 10)


@pytest.mark.parametrize(
    "was,now",
    [
        ('"type":"', '"type":[],"x":"'),
        ('"at_ms":', '"at_ms":"x","x":'),
        ('"at_ms":', '"at_ms":18446744073709551615,"b":'),
        ('"epoch":', '"epoch":true,"f":'),
    ],
)
def test_an_event_of_other_types_is_named_and_no_bug(signed: Shell, was: str, now: str):
    body = f"CAST(replace(CAST(body AS TEXT), '{was}', '{now}') AS BLOB)"
    changed(signed, f"UPDATE event SET body = {body} WHERE leaf = 0")
    found = findings(signed)
    assert {("edited", 0)} == {(each["kind"], each["index"]) for each in found}


def test_an_emptied_event_of_the_journal_of_the_store_is_named(signed: Shell):
    assert signed("interlock retention hold place --everything --reason x").code == 0
    changed(signed, "UPDATE event SET body = x'', salts = x'' WHERE run = 'store'")
    found = findings(signed)
    assert [(each["kind"], each["run"], each["seq"]) for each in found] == [
        ("falsely_pruned", "store", 1)
    ]


@pytest.mark.parametrize("kind", ["edited", "deleted", "moved"])
def test_what_was_done_and_hidden_is_named_by_what_was_published(signed: Shell, kind: str):
    changed(signed, *CHANGES[kind])
    logged_anew(signed)
    found = findings(signed, "--published public")[0]
    assert (found["kind"], found["index"]) == (kind, 3)
    found = findings(signed, "--checkpoint kept.txt")
    assert {"forked", "rolled_back"} & {each["kind"] for each in found}


def test_an_older_copy_is_named(shell: Shell):
    shell("interlock audit init --name example.com/log")
    shell(RUN)
    shutil.copytree(shell.folder / ".interlock", shell.folder / "older")
    shell(RUN)
    (shell.folder / "kept.txt").write_text(shell("interlock audit checkpoint").out)
    shutil.rmtree(shell.folder / ".interlock")
    shutil.copytree(shell.folder / "older", shell.folder / ".interlock")
    assert {each["kind"] for each in findings(shell, "--checkpoint kept.txt")} == {"rolled_back"}


def test_a_checkpoint_without_its_signature_is_refused(signed: Shell):
    kept = signed.folder / "kept.txt"
    text, _, _ = kept.read_text().partition("\n\n")
    kept.write_text(f"{text}\n\n")
    done = signed(f"{VERIFY} --checkpoint kept.txt")
    assert (done.code, done.out) == (6, "")
    assert "error[IL85" in done.err
    assert "kept.txt" in done.err


def test_a_changed_value_and_a_missing_one_are_named(signed: Shell):
    changed(signed, "UPDATE value SET data = CAST('7' AS BLOB) WHERE rowid = 2")
    assert {each["kind"] for each in findings(signed)} == {"value_changed"}
    changed(signed, "DELETE FROM value WHERE rowid = 2")
    assert {each["kind"] for each in findings(signed)} == {"value_missing"}


HUGE_BYTES = 1 << 40


def test_of_a_file_without_end_only_the_beginning_is_read(signed: Shell):
    (signed.folder / "huge").touch()
    os.truncate(signed.folder / "huge", HUGE_BYTES)
    made = signed("interlock audit receipt last --checkpoint huge")
    assert (made.code, "IL8504" in made.err) == (6, True), made.err
    unstamped = signed(f"{VERIFY} --checkpoint kept.txt --stamp-certificates huge")
    assert (unstamped.code, "`huge` has no certificates" in unstamped.err) == (2, True)
    os.truncate(tile_of(signed), HUGE_BYTES)
    changed(signed, *CHANGES["edited"])
    logged_anew(signed)
    assert findings(signed, "--published public")[0]["kind"] == "edited"


@pytest.mark.parametrize(
    "options,code,words",
    [
        (f"--checkpoint kept.txt --witness {WITNESS_KEY}", 6, "IL8547]: the witness witness.exam"),
        (f"--witness {WITNESS_KEY}", 6, "it has cosigned none of the checkpoints"),
        ("--checkpoint kept.txt --witness nobody.pub", 6, "IL8505]: `nobody.pub` has no public"),
        ("--checkpoint kept.txt --key nobody.pub", 6, "IL8505]: `nobody.pub` has no public key"),
        ("--published public --stamp-certificates clock.pem", 6, "error[IL8548]: time stamp: none"),
        ("--stamp-certificates kept.txt", 2, "`kept.txt` has no certificates"),
        ("--stamp-certificates none.pem", 2, "there is no file `none.pem`"),
        (f"--key {LOG_KEY}", 2, "there is no checkpoint that could be checked"),
        ("--published nobody", 2, "there is no file nobody/checkpoint"),
    ],
)
def test_what_is_asked_for_and_is_not_there_does_not_pass(
    signed: Shell, options: str, code: int, words: str
):
    (signed.folder / "nobody.pub").write_text("# nobody\n")
    (signed.folder / "nobody").mkdir()
    (signed.folder / "clock.pem").write_bytes(a_certificate())
    done = signed(f"{VERIFY} {options}")
    assert (done.code, words in done.err, done.out) == (code, True, ""), done.err


def test_a_witness_that_is_asked_for_counts_by_its_key(signed: Shell):
    note = parse_note((signed.folder / "kept.txt").read_bytes())
    now_s = SystemClock().now_ms() // 1_000
    text = str(note.signed(cosign(note.text, WITNESS, time_s=now_s)))
    (signed.folder / "kept.txt").write_text(text)
    verify = f"{VERIFY} --checkpoint kept.txt --witness {WITNESS_KEY}"
    done = signed(verify)
    assert (done.code, "witnessed by 1: `witness.example`" in done.out) == (0, True), done.err
    twin = VerifierKey(
        name=WITNESS_KEY.name, public=OTHER_KEY.public, algorithm=WITNESS_KEY.algorithm
    )
    refused = signed(f"{verify} --witness {twin} --json")
    assert (refused.code, refused.json["verdict"]) == (6, "refused")


def test_a_cosignature_from_the_future_is_told_by_name(signed: Shell):
    note = parse_note((signed.folder / "kept.txt").read_bytes())
    text = str(note.signed(cosign(note.text, WITNESS, time_s=3_976_214_400)))
    (signed.folder / "kept.txt").write_text(text)
    done = signed(f"{VERIFY} --checkpoint kept.txt --witness {WITNESS_KEY}")
    assert (done.code, done.out) == (6, "")
    told = "the cosignature by `witness.example` is dated 2096-01-01 00:00:00.000 UTC, which is"
    assert f"error[IL8549]: kept.txt: {told} still to come\n" in done.err
    assert "error[IL8547]: the witness witness.example: it has cosigned none" in done.err


def test_a_checkpoint_needs_a_key(shell: Shell):
    shell(RUN)
    (shell.folder / "c.txt").write_text("x")
    done = shell(f"{VERIFY} --checkpoint c.txt")
    assert (done.code, "--key" in done.err) == (2, True)
    assert shell(f"{VERIFY} --checkpoint none.txt").code == 2


FIRST = "WHERE run = (SELECT min(run) FROM head)"
LISTINGS = {
    "status": f"UPDATE head SET status = 'failed' {FIRST}",
    "digest": f"UPDATE head SET execution = 'sha256:{'0' * 64}' {FIRST}",
    "time": f"UPDATE head SET updated_ms = updated_ms + 1000 {FIRST}",
    "missing": f"DELETE FROM head {FIRST}",
    "added": "INSERT INTO head SELECT substr(run, 1, 25) || '~', graph, plan, status, created_ms,"
    f" updated_ms, NULL, execution, wake_ms, priority, sum FROM head {FIRST}",
}


@pytest.mark.parametrize("change", LISTINGS)
def test_a_listing_that_lies_is_named(signed: Shell, change: str):
    changed(signed, LISTINGS[change])
    (found,) = findings(signed)
    assert found["kind"] == "misreported"
    told = signed(VERIFY)
    assert (told.code, told.out) == (6, "")
    assert "a false listing" in told.err


OTHER = {"status": "failed", "graph": "other", "updated_ms": "1", "execution": "sha256:0"}


@pytest.mark.parametrize("column", OTHER)
def test_a_listing_that_lies_about_what_is_left_of_a_run_is_named(signed: Shell, column: str):
    erase = "interlock audit erase --run last --reason r --rule r --as eve --yes --path"
    for path in ("all", "all.actor"):
        assert signed(f"{erase} {path}").code == 0
        assert signed(VERIFY).code == 0
    erased = "run = (SELECT run FROM event WHERE length(erased) > 0)"
    changed(signed, f"UPDATE head SET {column} = '{OTHER[column]}' WHERE {erased}")
    told = signed(VERIFY).err
    assert "a false listing: run 01" in told
    assert f"says {column} {OTHER[column]}" in told


def test_a_run_that_waits_for_a_worker_is_no_false_listing(shell: Shell):
    assert shell(f"{RUN} --queue").code == 0
    assert shell(VERIFY).code == 0
    assert shell("interlock worker --until-idle").code == 0
    assert shell(VERIFY).code == 0


def tile_of(shell: Shell) -> Path:
    (tile,) = (each for each in (shell.folder / "public" / "tile").rglob("*") if each.is_file())
    return tile


def spoil(tile: Path) -> None:
    data = tile.read_bytes()
    tile.write_bytes(data[: 5 * 32] + bytes(32) + data[6 * 32 :])


def pipe(tile: Path) -> None:
    tile.unlink()
    os.mkfifo(tile)


SPOILED = {
    "a pipe": (pipe, 0, "it is not there"),
    "changed": (spoil, 5, "hash 5 in it is not that of the log"),
    "missing": (Path.unlink, 0, "it is not there"),
    "shortened": (lambda tile: tile.write_bytes(tile.read_bytes()[:-32]), 0, "bytes instead of"),
}


@pytest.mark.parametrize("how", SPOILED)
def test_a_published_tile_that_is_not_of_the_log_is_named(signed: Shell, how: str):
    assert signed(f"{VERIFY} --published public").code == 0
    change, place, why = SPOILED[how]
    tile = tile_of(signed)
    change(tile)
    (found,) = findings(signed, "--published public")
    assert (found["kind"], found["index"]) == ("mispublished", place)
    told = signed(f"{VERIFY} --published public").err
    assert "the published log is damaged" in told
    assert f"{tile.relative_to(signed.folder / 'public')}: " in told
    assert why in told
    assert signed(VERIFY).code == 0


def test_nobody_waits_for_a_pipe_in_what_was_published(signed: Shell):
    os.mkfifo(signed.folder / "public" / "checkpoint.tsr")
    assert signed(f"{VERIFY} --published public").code == 0
    pipe(tile_of(signed))
    (signed.folder / "public" / "checkpoint").unlink()
    refused = signed("interlock audit publish public")
    assert (refused.code, "is a tile of another log" in refused.err) == (6, True), refused.err


def test_a_damaged_publication_hides_no_false_listing(signed: Shell):
    spoil(tile_of(signed))
    changed(signed, LISTINGS["status"])
    found = {each["kind"] for each in findings(signed, "--published public")}
    assert found == {"mispublished", "misreported"}


def test_a_log_that_has_grown_since_it_was_published_is_as_it_was_published(signed: Shell):
    signed(RUN)
    assert signed(f"{VERIFY} --published public").code == 0
    signed("interlock audit publish public")
    (signed.folder / "public" / "tile" / "0" / "notes.txt").write_text("no part of the log")
    assert signed(f"{VERIFY} --published public").code == 0


def test_what_was_published_names_an_event_though_more_was_signed_later(signed: Shell):
    signed(RUN)
    signed("interlock audit checkpoint")
    changed(signed, *CHANGES["edited"])
    logged_anew(signed)
    found = findings(signed, "--published public")[0]
    assert (found["kind"], found["index"]) == ("edited", 3)


def test_a_false_edge_of_the_log_is_named(signed: Shell):
    path = signed.folder / ".interlock" / "journal.db"
    with sqlite3.connect(path) as connection:
        (row,) = connection.execute("SELECT size, frontier FROM log_edge").fetchall()
        edge = row[1][:-1] + bytes([row[1][-1] ^ 1])
        mended = (edge, crc32(edge, crc32(b"%d " % row[0])))
        connection.execute("UPDATE log_edge SET frontier = ?, sum = ?", mended)
    connection.close()
    (found,) = findings(signed)
    assert found["kind"] == "relogged"
    assert "the edge of the log" in found["message"]


ALTERED = {
    "trigger `t` of `event`": "CREATE TRIGGER t AFTER INSERT ON event BEGIN DELETE FROM head; END",
    "index `i` of `head`": "CREATE INDEX i ON head (graph)",
    "index `event_by_run` of `event`": "DROP INDEX event_by_run",
    "table `head`": "ALTER TABLE head ADD COLUMN more TEXT",
    "table `value`": "DROP TABLE value",
    "table `event`": "DROP TABLE event",
    "table `log_part`": "INSERT INTO log_part VALUES (100000, 0, zeroblob(32))",
    "table `subject`": "INSERT INTO subject VALUES ('', 'ada', zeroblob(32), 0)",
}


@pytest.mark.parametrize("what", ALTERED)
def test_a_file_that_was_altered_is_named(signed: Shell, what: str):
    changed(signed, ALTERED[what])
    assert findings(signed)[0]["kind"] == "altered"
    told = signed(VERIFY)
    assert (told.code, told.out) == (6, "")
    assert told.err.startswith("error: the file was altered: ")
    assert what in told.err


def test_a_column_of_another_type_is_named_and_no_bug(signed: Shell):
    """What a damaged page can say, and a table of ours cannot hold: a number where hashes are."""
    path = signed.folder / ".interlock" / "journal.db"
    with sqlite3.connect(path) as connection:
        ((leaf,),) = connection.execute("SELECT leaf FROM log_part LIMIT 1").fetchall()
        where = "type = 'table' AND name = 'log_part'"
        ((sql,),) = connection.execute(f"SELECT sql FROM sqlite_schema WHERE {where}").fetchall()
        connection.execute("PRAGMA writable_schema = ON")
        loose = sql.replace(" STRICT", "").replace(" NOT NULL", "")
        connection.execute(f"UPDATE sqlite_schema SET sql = ? WHERE {where}", (loose,))
    connection.close()
    changed(signed, f"UPDATE log_part SET hashes = NULL WHERE leaf = {leaf}")
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(f"UPDATE sqlite_schema SET sql = ? WHERE {where}", (sql,))
    connection.close()
    assert [each["kind"] for each in findings(signed)] == ["altered"]


def test_an_altered_file_hides_no_event_that_was_changed(signed: Shell):
    changed(signed, "CREATE INDEX i ON head (graph)", *CHANGES["edited"])
    assert [each["kind"] for each in findings(signed)] == ["altered", "edited"]


def test_a_table_of_somebody_else_is_told(signed: Shell):
    changed(signed, "CREATE TABLE ledger (label TEXT)")
    told = signed(VERIFY)
    assert (told.code, told.err) == (0, "")
    assert "not Interlock's, and not verified: table `ledger`" in told.out
    assert signed(f"{VERIFY} --json").json["beside"] == ["table `ledger`"]


def test_a_command_that_meets_a_dropped_table_says_what_to_do(signed: Shell):
    changed(signed, "DROP TABLE head")
    told = signed("interlock runs")
    assert told.code == 6
    assert "error[IL7026]" in told.err
    assert "hint: keep the file" in told.err


def test_a_status_that_hides_a_doubt_is_named(shell: Shell):
    assert shell("interlock run release.yaml -i service=api -i version=silent").code == 4
    assert shell(VERIFY).code == 0
    for status in ("waiting", "queued", "unheard_of"):
        changed(shell, f"UPDATE head SET status = '{status}'")
        (found,) = findings(shell)
        assert (found["kind"], status in found["message"]) == ("misreported", True)


@pytest.mark.parametrize("line", [VERIFY, "interlock audit report --since 1d"])
def test_a_key_file_that_is_named_and_not_there_is_told(
    signed: Shell, line: str, monkeypatch: pytest.MonkeyPatch
):
    def refused(who: str) -> None:
        done = signed(line)
        told = f"{who} names the key file"
        assert (done.code, done.out, told in done.err) == (2, "", True), done.err
        assert "gone.key, and there is no such file\nhint: correct the name" in done.err
        doctor = signed("interlock doctor")
        assert (doctor.code, told in doctor.out) == (1, True), doctor.out

    monkeypatch.setenv("INTERLOCK_AUDIT_KEY", "../gone.key")
    refused("INTERLOCK_AUDIT_KEY")
    monkeypatch.delenv("INTERLOCK_AUDIT_KEY")
    settings = f"{PYPROJECT}[tool.interlock.audit]\n"
    signed.write("pyproject.toml", f'{settings}key = "../gone.key"\n')
    refused("`key` of [tool.interlock.audit] in pyproject.toml")
    signed.write("pyproject.toml", f"{settings}witnessed = []\n")
    done = signed(line)
    assert (done.code, "has no setting `witnessed`" in done.err) == (2, True), done.err


def test_with_public_keys_no_key_file_is_needed(signed: Shell, monkeypatch: pytest.MonkeyPatch):
    public = signed("interlock audit keys --json").json["keys"][0]["public"]
    monkeypatch.setenv("INTERLOCK_AUDIT_KEY", "../gone.key")
    done = signed(f"{VERIFY} --checkpoint kept.txt --key {public}")
    assert (done.code, "signed by `example.com/log`" in done.out) == (0, True), done.err
