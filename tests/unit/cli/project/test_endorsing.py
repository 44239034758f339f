"""Settings of who speaks for a log: read as they stand, refused with their place."""

from pathlib import Path
from typing import Any

import pytest

from interlock.audit import Algorithm, signer_from_seed
from interlock.cli.project.endorsing import project_endorsers
from interlock.cli.project.pyproject import Project
from interlock.errors import UsageError
from unit.cli.certificates import a_certificate

WITNESS = signer_from_seed("witness.example/w1", bytes(32))
KEY = str(WITNESS.verifier(Algorithm.COSIGNATURE))
URL = "https://witness.example"


def project(folder: Path, **audit: Any) -> Project:
    return Project(folder=folder, file=folder / "pyproject.toml", audit=audit)


def test_nobody_is_asked_unless_told(tmp_path: Path):
    found = project_endorsers(project(tmp_path))
    assert (found.witnesses, found.stamps) == ((), None)


def test_certificates_that_are_none_are_named(tmp_path: Path):
    (tmp_path / "tsa.pem").write_bytes(b"PEM")
    audit = {"timestamp_url": URL, "timestamp_certificates": "tsa.pem"}
    with pytest.raises(UsageError, match=r"tsa\.pem: no certificates that can be read"):
        project_endorsers(project(tmp_path, **audit))


def test_witnesses_and_a_server_for_stamps_are_read(tmp_path: Path):
    pytest.importorskip("rfc3161_client", reason="pip install 'interlock[timestamps]'")
    certificate = a_certificate()
    (tmp_path / "tsa.pem").write_bytes(certificate)
    audit = {
        "witnesses": [{"url": URL, "key": KEY}],
        "timestamp_url": "http://time.example",
        "timestamp_certificates": "tsa.pem",
    }
    found = project_endorsers(project(tmp_path, **audit))
    assert [(each.url, str(each.key)) for each in found.witnesses] == [(URL, KEY)]
    assert found.stamps is not None
    assert (found.stamps.url, found.stamps.certificates) == ("http://time.example", certificate)


@pytest.mark.parametrize(
    "audit, told",
    [
        ({"witnesses": URL}, "is no list"),
        ({"witnesses": [URL]}, "is not `url`, `key`"),
        ({"witnesses": [{"url": URL}]}, "is not `url`, `key`"),
        ({"witnesses": [{"url": URL, "key": KEY, "name": "w1"}]}, "is not `url`, `key`"),
        ({"witnesses": [{"url": URL, "key": 7}]}, "is not `url`, `key`"),
        ({"witnesses": [{"url": "witness.example", "key": KEY}]}, "no address"),
        ({"witnesses": [{"url": URL, "key": KEY[:-1]}]}, "NAME\\+ID\\+KEY"),
        ({"witnesses": [{"url": URL, "key": str(WITNESS.verifier())}]}, "none that cosigns"),
        ({"witnesses": [{"url": URL, "key": KEY}] * 2}, "names one key twice"),
        ({"timestamp_url": URL}, "one of `timestamp_url` and"),
        ({"timestamp_certificates": "tsa.pem"}, "one of `timestamp_url` and"),
        ({"timestamp_url": 7, "timestamp_certificates": "tsa.pem"}, "`timestamp_url`"),
        ({"timestamp_url": URL, "timestamp_certificates": "tsa.pem"}, "No such file"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, audit: dict[str, Any], told: str):
    with pytest.raises(UsageError, match=told):
        project_endorsers(project(tmp_path, **audit))
