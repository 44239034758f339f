"""`interlock audit report`: the same figures in every form, and a journal that stays as it was."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw
import pytest

from e2e.cli.project import Shell
from interlock.notary import sign_log
from interlock.store import open_to_read

JOURNAL = ".interlock/journal.db"
SHOWN = re.compile(r"^  (.+?) {2,}([\d,]+)(?:  |$)", re.MULTILINE)


@pytest.fixture
def decided(gated: Shell) -> Shell:
    """A project with a run that was approved, one that was rejected, one in doubt, one undone."""
    gated("interlock run release.yaml -i version=1.0")
    gated("interlock approve last signoff --reason 'the tests are green'")
    gated("interlock run release.yaml -i version=1.1")
    gated("interlock reject last signoff --reason '<b>no</b>'")
    (gated.folder / "broken").touch()
    gated("interlock run release.yaml -i version=1.2")
    gated("interlock resolve last staging --failed --reason 'it is not there'")
    gated("interlock run release.yaml -i version=1.3")
    return gated


def lines_of(data: Any, part: str) -> list[Any]:
    return data["parts"][part]["lines"]


def test_who_decided_what_and_why_and_which_event_proves_it(decided: Shell):
    data = decided("interlock audit report --json").json
    gates = [(one["what"], one["why"]) for one in lines_of(data, "gates")]
    assert gates == [
        ("asked", "Ship 1.0?"),
        ("approved", "the tests are green"),
        ("approval used", ""),
        ("asked", "Ship 1.1?"),
        ("rejected", "<b>no</b>"),
    ]
    assert [one["binding"] for one in lines_of(data, "gates")[:3]] == [
        lines_of(data, "gates")[0]["binding"]
    ] * 3
    resolved = lines_of(data, "resolved")
    assert [(one["what"], one["why"]) for one in resolved] == [
        ("resolved as failed", "it is not there")
    ]
    assert [one["path"] for one in lines_of(data, "in_doubt")] == ["staging", "staging"]
    assert data["totals"]["standings"] == {"failed": 1, "in_doubt": 1, "refused": 1, "succeeded": 1}
    assert lines_of(data, "policy") == lines_of(data, "erased") == []
    line = lines_of(data, "gates")[1]
    events = decided(f"interlock show {line['proof']['run']} --events").out.splitlines()
    assert '"type": "GateDecided"' in events[line["proof"]["seq"] - 1]


def test_every_form_has_the_same_figures_and_the_journal_is_only_read(decided: Shell):
    before = (decided.folder / JOURNAL).read_bytes()
    data = decided("interlock audit report --json").json
    done = decided("interlock audit report --html report.html")
    assert (done.code, done.err) == (0, "report  report.html\n")
    shown = dict(SHOWN.findall(done.out))
    for part in data["parts"].values():
        assert shown[part["title"].lower()] == f"{len(part['lines']):,}"
    assert shown["all"] == f"{data['totals']['runs']:,}"
    page = (decided.folder / "report.html").read_text(encoding="utf-8")
    assert "&lt;b&gt;no&lt;/b&gt;" in page
    assert page.endswith("</body>\n</html>\n")
    assert (decided.folder / JOURNAL).read_bytes() == before
    assert not (decided.folder / f"{JOURNAL}-wal").exists()


def test_a_report_is_not_written_over_a_journal(gated: Shell):
    gated("interlock run loop.yaml")
    before = (gated.folder / JOURNAL).read_bytes()
    assert gated(f"interlock audit report --html {JOURNAL}").code == 2
    assert (gated.folder / JOURNAL).read_bytes() == before


def test_only_the_graphs_and_the_period_that_were_named(decided: Shell):
    decided("interlock run loop.yaml")
    data = decided("interlock audit report --graph loop --json").json
    assert data["graphs"] == ["loop"]
    assert [row["graph"] for row in data["by_graph"]] == ["loop"]
    done = decided("interlock audit report --graph relaese")
    assert done.code == 2
    early = decided("interlock audit report --since 2020-01-01 --until 2020-02-01 --json").json
    assert early["period"]["since"] == "2020-01-01 00:00:00 UTC"
    assert (early["totals"]["runs"], early["runs"]) == (0, [])
    assert "did you mean `release`?" in done.err


@pytest.mark.parametrize(
    "options, words",
    [
        ("--since yesterday", "is no time"),
        ("--since 2026-11-31", "is no time"),
        ("--since 1901-01-01", "before 1970"),
        ("--since 2026-12-01 --until 2026-11-01", "begins at"),
        ("--since 1h --until 2h", "begins at"),
    ],
)
def test_a_wrong_period_is_refused(gated: Shell, options: str, words: str):
    gated("interlock run loop.yaml")
    done = gated(f"interlock audit report {options}")
    assert (done.code, words in done.err) == (2, True)


def test_leaves_and_the_checkpoint_that_covers_them(
    gated: Shell, tmp_path_factory: pytest.TempPathFactory
):
    """Signed between two runs: it covers all of the first and nothing of the second."""
    keys = tmp_path_factory.mktemp("keys")
    gated("interlock run loop.yaml")
    made = gated(f"interlock audit init --name log --key {keys}/log.key")
    store = open_to_read(str(gated.folder / JOURNAL))
    signed = sign_log(store, keys / "log.key")
    store.close()
    gated("interlock run loop.yaml")
    (keys / "checkpoint").write_text(str(signed.note), encoding="utf-8")
    (keys / "log.pub").write_text(made.out, encoding="utf-8")
    options = f"--checkpoint {keys}/checkpoint --key {keys}/log.pub"
    data = gated(f"interlock audit report {options} --json").json
    size = signed.checkpoint.tree.size
    first, second = data["runs"]
    assert (first["start"]["leaf"], first["start"]["checkpoint"]) == (0, size)
    assert (first["end"]["leaf"], first["end"]["checkpoint"]) == (size - 1, size)
    assert (second["start"]["leaf"], second["start"]["checkpoint"]) == (size, None)
    assert data["making"]["checkpoint"]["signed_by"] == [made.out.strip()]
    assert (
        f"it covers {size} events, 2 of 4 named here"
        in gated(f"interlock audit report {options}").out
    )
    assert gated(f"interlock audit report --key {keys}/log.pub").code == 2


def test_the_newest_checkpoint_of_the_project_is_found(gated: Shell):
    gated("interlock run loop.yaml")
    assert gated("interlock audit report --json").json["making"]["checkpoint"] is None
    key = gated("interlock audit init --name log").out.strip()
    gated("interlock audit checkpoint")
    first = gated("interlock audit report --json").json["making"]["checkpoint"]
    assert (first["origin"], first["signed_by"]) == ("log", [key])
    gated("interlock run loop.yaml")
    gated("interlock audit checkpoint")
    second = gated("interlock audit report --json").json["making"]["checkpoint"]
    assert second["size"] == 2 * first["size"]
    other = gated(f"interlock audit report --store {JOURNAL} --json").json
    assert other["making"]["checkpoint"] is None


def test_a_checkpoint_of_other_events_is_no_checkpoint_of_this_journal(
    gated: Shell, tmp_path_factory: pytest.TempPathFactory
):
    keys = tmp_path_factory.mktemp("keys")
    gated("interlock run loop.yaml")
    gated(f"interlock audit init --name log --key {keys}/log.key")
    store = open_to_read(str(gated.folder / JOURNAL))
    signed = sign_log(store, keys / "log.key")
    store.close()
    (gated.folder / JOURNAL).unlink()
    gated("interlock run loop.yaml")
    (keys / "checkpoint").write_text(str(signed.note), encoding="utf-8")
    done = gated(f"interlock audit report --checkpoint {keys}/checkpoint --html r.html")
    assert done.code == 6
    assert "does not extend" in done.err
    assert not (gated.folder / "r.html").exists()


@contextmanager
def edited(path: Path) -> Iterator[apsw.Cursor]:
    connection = apsw.Connection(str(path))
    yield connection.cursor()
    connection.close()


def test_a_run_that_cannot_be_read_is_named_and_the_rest_reported(decided: Shell):
    run = decided("interlock runs --json").json[1]["run"]
    with edited(decided.folder / JOURNAL) as cursor:
        cursor.execute("UPDATE event SET body = X'7b7d' WHERE run = ? AND seq = 2", (run,))
    done = decided("interlock audit report --json --html r.html")
    assert done.code == 6
    assert [each["run"] for each in done.json["unreadable"]] == [run]
    assert done.json["totals"]["runs"] == 3
    assert run in (decided.folder / "r.html").read_text(encoding="utf-8")
    assert f"{run} cannot be read" in decided("interlock audit report").out


def test_what_somebody_else_wrote_into_the_journal_is_not_reported(decided: Shell):
    """The words of the person who approved are changed, and nothing else."""
    with edited(decided.folder / JOURNAL) as cursor:
        cursor.execute(
            "UPDATE event SET body = CAST(replace(CAST(body AS TEXT), 'are green', 'are red')"
            " AS BLOB) WHERE instr(CAST(body AS TEXT), 'are green')"
        )
    done = decided("interlock audit report --json")
    assert done.code == 6
    assert "are red" not in done.out
    assert ["not the one that was logged" in one["message"] for one in done.json["unreadable"]] == [
        True
    ]
