"""Who speaks for the log of a project, on the command line."""

import pytest

from e2e.cli.project import Shell
from interlock.audit import Algorithm, signer_from_seed

KEY = signer_from_seed("witness.example/w1", bytes(32)).verifier(Algorithm.COSIGNATURE)


def settings(shell: Shell, lines: str) -> None:
    shell.write("pyproject.toml", f"[tool.interlock.audit]\n{lines}\n")


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
