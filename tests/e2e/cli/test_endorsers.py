"""Who speaks for the log of a project, on the command line."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from e2e.cli.project import PYPROJECT, Shell
from e2e.library.servers import serving
from e2e.notary.tsa import make_authority
from interlock.audit import (
    Algorithm,
    VerifierKey,
    count_witnesses,
    parse_key,
    parse_note,
    signer_from_seed,
)
from interlock.notary import verify_stamp
from interlock.runtime import SystemClock

KEY = signer_from_seed("witness.example/w1", bytes(32)).verifier(Algorithm.COSIGNATURE)


def settings(shell: Shell, lines: str, *, app: bool = False) -> None:
    shell.write("pyproject.toml", f"{PYPROJECT if app else ''}[tool.interlock.audit]\n{lines}\n")


def test_doctor_says_who_is_asked(empty: Shell):
    assert " audit " not in empty("interlock doctor").out
    settings(empty, f'witnesses = [{{url = "https://witness.example", key = "{KEY}"}}]')
    assert "checkpoints are shown to 1 witness\n" in empty("interlock doctor").out


@pytest.mark.parametrize(
    "lines, told",
    [
        ('witnesses = [{url = "https://witness.example"}]', "is not `url`, `key`"),
        ('timestamp_url = "http://time.example"', "`timestamp_certificates`"),
    ],
)
def test_doctor_names_what_is_wrong(empty: Shell, lines: str, told: str):
    settings(empty, lines)
    done = empty("interlock doctor")
    assert done.code == 1
    assert told in done.out


RUN = "interlock run batch.yaml -i numbers=[2,4]"


@pytest.fixture
def keyed(shell: Shell) -> Shell:
    """A project with a key and one run."""
    shell("interlock audit init --name example.com/log")
    shell(RUN)
    return shell


def log_keys(shell: Shell) -> list[VerifierKey]:
    return [parse_key(each["public"]) for each in shell("interlock audit keys --json").json["keys"]]


@contextmanager
def witnessing(shell: Shell, folder: Path) -> Iterator[tuple[str, VerifierKey]]:
    """A witness of the project's log, in a process of its own: its address and key."""
    made = shell(f"interlock audit witness {folder} --init witness.example/{folder.name}")
    log = str(log_keys(shell)[0])
    command = (sys.executable, "-m", "interlock", "audit", "witness", str(folder), "--log", log)
    with subprocess.Popen(
        [*command, "--listen", "127.0.0.1:0"], stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr is not None
            found = (re.match(r"listens +(\S+)", line) for line in process.stderr)
            yield next(each[1] for each in found if each), parse_key(made.out.strip())
        finally:
            process.terminate()


def counted(shell: Shell, text: str, witnesses: list[VerifierKey]) -> int:
    note = parse_note(text.encode())
    return len(count_witnesses(note, witnesses, log=log_keys(shell), now_ms=SystemClock().now_ms()))


def test_witnesses_of_the_project_cosign_what_is_signed_and_published(keyed: Shell, tmp_path: Path):
    with (
        witnessing(keyed, tmp_path / "w1") as (url, key),
        witnessing(keyed, tmp_path / "w2") as (other_url, other),
    ):
        settings(
            keyed,
            f'witnesses = [{{url = "{url}", key = "{key}"}},'
            f' {{url = "{other_url}", key = "{other}"}}]',
            app=True,
        )
        signed = keyed("interlock audit checkpoint")
        assert "cosigned by witness.example/w1\ncosigned by witness.example/w2\n" in signed.err
        assert counted(keyed, signed.out, [key, other]) == 2
        keyed(RUN)
        published = keyed("interlock audit publish public")
        assert published.code == 0
        verified = keyed("interlock audit verify --published public")
        assert "witnessed by 2: `witness.example/w1`, `witness.example/w2`" in verified.out
        twice = keyed(f"interlock audit verify --published public --witness {key} --witness {key}")
        assert "IL8505" in twice.err
    text = (keyed.folder / "public" / "checkpoint").read_text(encoding="utf-8")
    assert counted(keyed, text, [key, other]) == 2
    keyed(RUN)
    alone = keyed("interlock audit checkpoint")
    assert alone.code == 0
    assert alone.err.count("warning[IL8531]: the witness `witness.example/w") == 2


def test_a_checkpoint_is_stamped_and_the_stamp_is_published(keyed: Shell, tmp_path: Path):
    pytest.importorskip("rfc3161_client", reason="pip install 'interlock[timestamps]'")
    authority = make_authority(tmp_path / "tsa")
    with serving(authority.answering()) as server:
        settings(
            keyed,
            f'timestamp_url = "{server.url}"\n'
            f'timestamp_certificates = "{authority.folder / "root.pem"}"',
            app=True,
        )
        done = keyed("interlock audit publish public")
    assert "stamped by CN=clock\n" in done.err
    verified = keyed("interlock audit verify --published public")
    assert "time-stamped by `CN=clock`" in verified.out
    keyed.write("pyproject.toml", PYPROJECT)
    assert "time-stamped" not in keyed("interlock audit verify --published public").out
    verify = "interlock audit verify --published public --stamp-certificates"
    assert "time-stamped by `CN=clock`" in keyed(f"{verify} {authority.folder}/root.pem").out
    other = make_authority(tmp_path / "other")
    assert "IL8533" in keyed(f"{verify} {other.folder}/root.pem").err
    stamp = (keyed.folder / "public" / "checkpoint.tsr").read_bytes()
    note = parse_note((keyed.folder / "public" / "checkpoint").read_bytes())
    assert (
        verify_stamp(
            stamp, note, certificates=authority.certificates, now_ms=SystemClock().now_ms()
        ).authority
        == "CN=clock"
    )
