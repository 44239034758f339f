"""Receipts on the command line, and the verifier that is handed to others."""

import json
import shlex
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

from e2e.cli.project import Shell
from e2e.notary.tsa import Authority, make_authority
from interlock.audit import Disclosure, build_receipt, cosign
from unit.audit.logs import LOG_KEY, OTHER_KEY, WITNESS, WITNESS_KEY, a_log

NODE = shutil.which("node")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
HEADLESS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"),
    "--virtual-time-budget=5000",
)
PLACE = "$.leaves[2].disclosed.verdict"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("tsa"))


@pytest.fixture
def handed(empty: Shell, authority: Authority) -> Shell:
    """A folder with a receipt, a copy that was tampered with, and the log's public key."""
    data = build_receipt(a_log().evidence(), Disclosure())
    (empty.folder / "receipt.json").write_bytes(data)
    (empty.folder / "tampered.json").write_bytes(data.replace(b'"approved"}', b'"rejected"}'))
    receipt = json.loads(data)
    by_log, *_ = receipt["checkpoint"].partition("\u2014 witness.example")
    (empty.folder / "alone.json").write_text(json.dumps({**receipt, "checkpoint": by_log}))
    (empty.folder / "bare.json").write_text(json.dumps({**receipt, "stamps": []}))
    receipt["leaves"][-1]["index"] = 10**6
    (empty.folder / "beyond.json").write_text(json.dumps(receipt))
    (empty.folder / "log.pub").write_text(f"# the log\n{LOG_KEY}\n")
    (empty.folder / "nobody.pub").touch()
    (empty.folder / "root.pem").write_bytes(authority.certificates)
    (empty.folder / "binary").write_bytes(bytes(range(256)))
    return empty


def test_a_receipt_is_checked_with_a_key_from_a_file_or_as_it_is(handed: Shell):
    of_file = handed("interlock audit check receipt.json --key log.pub")
    as_text = handed(f"interlock audit check receipt.json --key {LOG_KEY} --witness {WITNESS_KEY}")
    assert of_file.code == as_text.code == 0
    assert "witnessed by  nobody that was asked for" in of_file.out
    assert "witnessed by  witness.example at 2026-" in as_text.out
    assert handed("interlock audit check receipt.json --key log.pub --json").json["verdict"] == (
        "verified"
    )


def test_a_tampered_copy_is_refused_with_its_place(handed: Shell):
    done = handed("interlock audit check tampered.json --key log.pub --json")
    assert done.code == 6
    assert (done.json["code"], done.json["place"]) == ("IL8543", PLACE)
    assert f"place: {PLACE}\nhint: the file was changed or damaged: ask for it again" in done.err


@pytest.mark.parametrize(
    "line,code,words",
    [
        ("interlock audit check nothing.json --key log.pub", 2, "there is no file `nothing.json`"),
        ("interlock audit check receipt.json --key nothing.pub", 2, "no public key"),
        ("interlock audit check receipt.json", 2, "missing option '--key'"),
        (f"interlock audit check receipt.json --key {OTHER_KEY}", 6, "IL8507"),
        (
            f"interlock audit check receipt.json --key {WITNESS_KEY}",
            6,
            "NAME+ID+KEY, as `interlock audit init`",
        ),
        (
            f"interlock audit check alone.json --key {LOG_KEY} --witness {WITNESS_KEY}",
            6,
            "hint: ask for a receipt against a checkpoint that this witness has cosigned",
        ),
        (f"interlock audit check beyond.json --key {LOG_KEY}", 6, "and this says that it is leaf"),
        ("interlock audit check log.pub --key log.pub", 6, "IL8540"),
        ("interlock audit check receipt.json --key receipt.json", 6, "IL8505"),
        ("interlock audit check receipt.json --key binary", 6, "IL8505"),
        ("interlock audit check receipt.json --key nobody.pub", 6, "`nobody.pub` has no public"),
        (f"interlock audit check receipt.json --key {LOG_KEY} --witness nobody.pub", 6, "IL8505"),
        (
            "interlock audit check bare.json --key log.pub --stamp-certificates root.pem",
            6,
            "place: $.stamps\nhint: ask for a receipt against a checkpoint that was stamped",
        ),
        (
            "interlock audit check receipt.json --key log.pub --stamp-certificates none.pem",
            2,
            "there is no file `none.pem`",
        ),
        (
            "interlock audit check receipt.json --key log.pub --stamp-certificates log.pub",
            2,
            "`log.pub` has no certificates that could be read\nhint: give the path of certificates",
        ),
        ("interlock audit verifier verify.txt", 2, "neither a .html nor a .mjs"),
    ],
)
def test_what_is_wrong_is_said(handed: Shell, line: str, code: int, words: str):
    done = handed(line)
    assert (done.code, words in done.err) == (code, True), done.err


@pytest.mark.skipif(NODE is None, reason="there is no Node: https://nodejs.org")
def test_the_verifier_for_node_says_what_check_says(handed: Shell):
    assert handed("interlock audit verifier verify.mjs").code == 0
    for file in ("receipt.json", "tampered.json", "beyond.json"):
        for form in ([], ["--json"]):
            line = [str(NODE), "verify.mjs", file, "--key", "log.pub", *form]
            theirs = subprocess.run(line, cwd=handed.folder, capture_output=True, check=False)
            ours = handed(f"interlock audit check {file} --key log.pub {' '.join(form)}")
            assert theirs.returncode == ours.code, theirs.stderr
            if form:
                assert json.loads(theirs.stdout) == ours.json
            else:
                assert theirs.stdout.decode() == ours.out
                assert theirs.stderr.decode() == ours.err
    for option in ("--key", "--witness"):
        both_say(handed, f"receipt.json --key log.pub {option} nobody.pub")


def both_say(shell: Shell, line: str) -> None:
    """Hold the verifier for Node to what `interlock audit check` says of a call that fails."""
    command = [str(NODE), "verify.mjs", *shlex.split(line)]
    theirs = subprocess.run(command, cwd=shell.folder, capture_output=True, check=False)
    ours = shell(f"interlock audit check {line}")
    assert (theirs.returncode, theirs.stderr.decode()) == (ours.code, ours.err)
    assert ours.code != 0


@pytest.mark.skipif(NODE is None, reason="there is no Node: https://nodejs.org")
def test_the_verifier_for_node_fails_as_check_fails(handed: Shell):
    assert handed("interlock audit verifier verify.mjs").code == 0
    future = cosign(a_log().checkpoint().partition("\n\n")[0] + "\n", WITNESS, time_s=3_976_214_400)
    receipt = json.loads((handed.folder / "alone.json").read_text())
    receipt["checkpoint"] += future.line()
    (handed.folder / "future.json").write_text(json.dumps(receipt))
    long = f"{'n' * 300}+00000000+AA=="
    for line in (
        "nothing.json --key log.pub",
        "receipt.json --key nothing.pub",
        f"receipt.json --key {OTHER_KEY}",
        f"receipt.json --key {WITNESS_KEY}",
        "receipt.json --key a+b+c",
        f"receipt.json --key {long}",
        f"receipt.json --key log.pub --witness {WITNESS_KEY} --witness {WITNESS_KEY}",
        f"alone.json --key log.pub --witness {WITNESS_KEY}",
        f"future.json --key log.pub --witness {WITNESS_KEY}",
        "log.pub --key log.pub",
        "receipt.json --key receipt.json",
        ". --key log.pub",
    ):
        both_say(handed, line)


@pytest.mark.skipif(NODE is None, reason="there is no Node: https://nodejs.org")
@pytest.mark.parametrize(
    "line, code, words",
    [
        ("--help", 0, "usage: node interlock-verify.mjs"),
        ("", 2, "one receipt has to be given"),
        ("receipt.json", 2, "a public key of the log has to be given"),
        ("receipt.json --key log.pub --keys x", 2, "Unknown option"),
        ("receipt.json --key log.pub --stamp-certificates x", 2, "who gave a time stamp is not"),
    ],
)
def test_the_verifier_for_node_says_how_it_is_called(
    handed: Shell, line: str, code: int, words: str
):
    assert handed("interlock audit verifier verify.mjs").code == 0
    command = [str(NODE), "verify.mjs", *line.split()]
    done = subprocess.run(command, cwd=handed.folder, capture_output=True, check=False, text=True)
    assert (done.returncode, words in done.stdout + done.stderr) == (code, True), done.stderr
    assert (done.stderr.startswith("error[IL9001]: ")) == bool(code)


def test_time_stamps_are_checked_with_the_certificates_of_their_server(
    handed: Shell, authority: Authority, tmp_path: Path
):
    evidence = a_log().evidence()
    text = evidence.checkpoint.partition("\n\n")[0] + "\n"
    query = TimestampRequestBuilder(data=text.encode(), hash_algorithm=HashAlgorithm.SHA256)
    stamp = authority.stamp(query.build().as_bytes())
    data = build_receipt(replace(evidence, stamps=[stamp]), Disclosure())
    (handed.folder / "stamped.json").write_bytes(data)
    (handed.folder / "other.pem").write_bytes(make_authority(tmp_path / "b").certificates)
    check = "interlock audit check stamped.json --key log.pub"
    assert "time stamp    1 in the file; not counted: who gave it" in handed(check).out
    assert "UTC by CN=clock" in handed(f"{check} --stamp-certificates root.pem").out
    done = handed(f"{check} --stamp-certificates other.pem")
    assert (done.code, "IL8533" in done.err, "place: $.stamps[0]" in done.err) == (6, True, True)


DROP = """
<script type="module">
const answer = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const dropped = new Event("drop", { bubbles: true, cancelable: true });
dropped.dataTransfer = new DataTransfer();
dropped.dataTransfer.items.add(new File([answer("FILE")], "receipt.json"));
document.getElementById("keys").value = "KEYS";
document.dispatchEvent(dropped);
</script></body>"""


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium to open the page in")
def test_the_page_checks_what_is_dropped_on_it_without_a_network(handed: Shell, tmp_path: Path):
    from base64 import b64encode

    assert handed("interlock audit verifier verify.html").code == 0
    page = (handed.folder / "verify.html").read_text()
    assert "http://" not in page
    assert "https://" not in page
    for file, keys, words in (
        ("receipt.json", str(LOG_KEY), "verified: run"),
        ("tampered.json", str(LOG_KEY), PLACE),
        ("receipt.json", "", "Paste the public key of the log to check receipt.json"),
    ):
        data = b64encode((handed.folder / file).read_bytes()).decode()
        opened = tmp_path / f"{file}.html"
        drop = DROP.replace("FILE", data).replace("KEYS", keys)
        opened.write_text(page.replace("</body>", drop))
        shown = subprocess.run(
            [str(CHROMIUM), *HEADLESS, opened.as_uri()],
            capture_output=True,
            check=False,
            timeout=120,
        ).stdout.decode()
        assert words in shown.partition('id="verdict"')[2].partition("</section>")[0]
