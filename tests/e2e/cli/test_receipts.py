"""Receipts from a journal: what is shown where it is asked for, and what cannot be made."""

import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import apsw
import pytest

from e2e.cli.project import Shell
from interlock.audit import cosign, parse_note
from unit.audit.logs import WITNESS, WITNESS_KEY

RECEIPT_BYTES_MAX = 100_000
INIT = "interlock audit init --key keys/log.key"
RECEIPT = "interlock audit receipt last --key keys/log.key"


@pytest.fixture
def signed(gated: Shell) -> Shell:
    """A project with a run that was approved, and a key for its log."""
    public = gated(INIT).out
    (gated.folder / "log.pub").write_text(public)
    gated("interlock run release.yaml -i version=1.0")
    gated("interlock approve last signoff --reason 'the tests are green'")
    return gated


def checked(shell: Shell, *options: str) -> dict[str, Any]:
    assert shell(" ".join([RECEIPT, "--output receipt.json", *options])).code == 0
    return shell("interlock audit check receipt.json --key log.pub --json").json


def test_a_receipt_shows_who_approved_and_none_of_the_values(signed: Shell):
    verdict = checked(signed)
    (approval,) = verdict["claims"]["approvals"]
    assert (approval["path"], approval["verdict"]) == ("signoff", "approved")
    assert verdict["whole"]
    assert verdict["claims"]["ended"]["status"] == "succeeded"
    assert verdict["claims"]["guarantees"]["deploy.apply"] == "at most once"
    text = (signed.folder / "receipt.json").read_text()
    assert [
        word for word in ("api:1.0", "staging.example", "the tests are green") if word in text
    ] == []


def test_all_of_a_run_can_be_shown_and_its_execution_digest_follows(signed: Shell):
    verdict = checked(signed, "--disclose all")
    assert verdict["withheld"] == {}
    assert verdict["execution_is_shown"]
    shown = signed("interlock show last --json").json
    assert verdict["claims"]["execution"] == shown["execution"]


@pytest.mark.parametrize(
    "asked,parts",
    [
        ("prod.output", {"output"}),
        ("prod", {"args", "output", "call_key"}),
        (".inputs", {"inputs"}),
        ("all.reason", {"reason"}),
    ],
)
def test_what_is_asked_for_is_shown(signed: Shell, asked: str, parts: set[str]):
    usual = checked(signed)["disclosed"]
    more = checked(signed, f"--disclose {asked}")["disclosed"]
    assert (
        parts
        <= {name for name in more if more[name] > usual.get(name, 0)}
        <= parts | {*("actor", "approval", "usage")}
    )


def test_one_event_and_less_than_usual(signed: Shell):
    verdict = checked(signed, "--event 4", "--withhold plan", "--withhold actor")
    assert verdict["events"] == {"shown": 2, "first": 1, "last": 4}
    assert verdict["claims"]["plans"] == [None]
    assert verdict["claims"]["started_by"] is None


def test_an_in_toto_statement_holds_the_receipt(signed: Shell):
    envelope = signed(f"{RECEIPT} --format in-toto").json
    statement = json.loads(b64decode(envelope["payload"]))
    assert statement["predicateType"] == "interlock:receipt/v1"
    (signed.folder / "inner.json").write_text(json.dumps(statement["predicate"]))
    assert signed("interlock audit check inner.json --key log.pub").code == 0


@pytest.mark.parametrize(
    "options,code,words",
    [
        ("--disclose prot.output", 2, "did you mean `prod`?"),
        ("--disclose prod.outputs", 2, "`output`"),
        ("--disclose ''", 2, "--disclose is empty"),
        ("--withhold output", 2, "`output` is not shown anyway"),
        ("--event 99", 2, "has no event 99"),
        ("--checkpoint log.pub", 6, "IL8504"),
    ],
)
def test_what_cannot_be_made_is_said(signed: Shell, options: str, code: int, words: str):
    done = signed(f"{RECEIPT} {options}")
    assert (done.code, words in done.err) == (code, True), done.err


def test_a_changed_journal_gives_no_receipt(signed: Shell):
    checked(signed)
    db = apsw.Connection(str(signed.folder / ".interlock/journal.db"))
    changed = "cast(replace(cast(body as text), 'succeeded', 'cancelled') as blob)"
    db.execute(f"update event set body = {changed}")
    db.close()
    done = signed(f"{RECEIPT} --output again.json")
    assert done.code in (6, 7)
    assert not (signed.folder / "again.json").exists()


def test_an_older_checkpoint_proves_what_it_has(signed: Shell):
    first = signed(f"{RECEIPT} --output first.json")
    assert first.code == 0
    note = json.loads((signed.folder / "first.json").read_text())["checkpoint"]
    (signed.folder / "then").write_text(note)
    signed("interlock run release.yaml -i version=1.1")
    done = signed(f"{RECEIPT} --checkpoint then")
    assert (done.code, "has no event in this checkpoint" in done.err) == (2, True)


def test_a_store_that_was_put_back_proves_nothing(signed: Shell):
    database = signed.folder / ".interlock/journal.db"
    older = database.read_bytes()
    signed("interlock run release.yaml -i version=1.1")
    assert signed("interlock audit checkpoint --key keys/log.key").code == 0
    database.write_bytes(older)
    done = signed(f"{RECEIPT} --output receipt.json")
    assert (done.code, "put back to an older copy" in done.err) == (6, True), done.err


def test_a_cosigned_checkpoint_goes_into_the_receipt(signed: Shell):
    assert signed("interlock audit checkpoint --key keys/log.key").code == 0
    kept = signed.folder / "keys/log.key.checkpoint"
    note = parse_note(kept.read_bytes())
    kept.write_text(str(note.signed(cosign(note.text, WITNESS, time_s=1_790_000_000))))
    assert signed(f"{RECEIPT} --output receipt.json").code == 0
    done = signed(f"interlock audit check receipt.json --key log.pub --witness {WITNESS_KEY}")
    assert "witnessed by  witness.example at 2026-09-21 14:13:20.000 UTC" in done.out


def fifty(folder: Path) -> None:
    nodes = "\n".join(
        f"  step_{number}: {{call: deploy.apply, with: {{image: a, env: e{number}}}}}"
        for number in range(50)
    )
    (folder / "fifty.yaml").write_text(f"interlock: 1\nname: fifty\nnodes:\n{nodes}\n")


def test_the_receipt_of_a_run_of_fifty_writes_is_small(signed: Shell):
    fifty(signed.folder)
    assert signed("interlock run fifty.yaml").code == 0
    assert checked(signed)["events"]["shown"] >= 152
    assert (signed.folder / "receipt.json").stat().st_size < RECEIPT_BYTES_MAX
