"""A server for time stamps on this machine: `openssl ts` behind HTTP."""

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from e2e.library.servers import Received, Reply

CONFIGURATION = """\
[req]
distinguished_name = dn
prompt = no
[dn]
CN = any
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
subjectKeyIdentifier = hash
[stamping]
basicConstraints = CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
[tsa]
serial = ./serial
signer_cert = ./tsa.pem
signer_key = ./tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
tsa_name = yes
ess_cert_id_alg = sha256
"""
KEY = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -config tsa.cnf"


@dataclass(frozen=True, kw_only=True)
class Authority:
    """A folder with keys and certificates, in which `openssl ts` stamps."""

    folder: Path

    @property
    def certificates(self) -> bytes:
        return (self.folder / "root.pem").read_bytes()

    def openssl(self, arguments: str) -> subprocess.CompletedProcess[bytes]:
        words = ["openssl", *arguments.split()]
        return subprocess.run(words, cwd=self.folder, capture_output=True, check=False, timeout=30)

    def stamp(self, query: bytes) -> bytes:
        (self.folder / "query.tsq").write_bytes(query)
        made = self.openssl(
            "ts -reply -config tsa.cnf -section tsa -queryfile query.tsq -out r.tsr"
        )
        assert made.returncode == 0, made.stderr
        return (self.folder / "r.tsr").read_bytes()

    def verifies(self, stamp: bytes, text: bytes) -> bool:
        """Let `openssl` verify what we keep, as anybody could."""
        (self.folder / "kept.tsr").write_bytes(stamp)
        (self.folder / "text").write_bytes(text)
        told = self.openssl("ts -verify -data text -in kept.tsr -CAfile root.pem")
        return told.returncode == 0 and b"Verification: OK" in told.stdout + told.stderr

    def answering(self) -> Callable[[Received], Reply]:
        def answer(request: Received) -> Reply:
            assert request.headers["content-type"] == "application/timestamp-query"
            return reply(self.stamp(request.body))

        return answer


def reply(body: bytes, *, status: int = 200, kind: str = "application/timestamp-reply") -> Reply:
    return Reply(status=status, body=body, headers=(("content-type", kind),))


def make_authority(folder: Path) -> Authority:
    """Make the keys and certificates of an authority; skips where `openssl` is not installed."""
    if shutil.which("openssl") is None:
        pytest.skip("no `openssl`: install it from your system's packages")
    folder.mkdir(exist_ok=True)
    authority = Authority(folder=folder)
    (folder / "tsa.cnf").write_text(CONFIGURATION, encoding="utf-8")
    (folder / "serial").write_text("01\n", encoding="utf-8")
    issued = "-CA root.pem -CAkey root.key -CAcreateserial -days 30 -extfile tsa.cnf"
    for line in (
        f"req -x509 {KEY} -keyout root.key -out root.pem -days 30 -subj /CN=root -extensions root",
        f"req {KEY} -keyout tsa.key -out tsa.csr -subj /CN=clock",
        f"x509 -req -in tsa.csr {issued} -extensions stamping -out tsa.pem",
    ):
        told = authority.openssl(line)
        assert told.returncode == 0, told.stderr
    return authority
