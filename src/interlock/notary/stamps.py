"""Time stamps of RFC 3161: an outsider's word that a checkpoint was there at a time.

What is stamped is the text of the checkpoint, without signatures: they may come later, and then
the stamp still holds. `openssl ts -verify` checks a kept stamp as well as we do.

`rfc3161-client`, of the extra `timestamps`, is imported when a stamp is asked for or verified.
"""

import asyncio
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, final

from interlock.audit import Note, require_past
from interlock.errors import EvidenceRefused, ExtraMissing
from interlock.notary.posting import NotAnswered, post, require_url

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from rfc3161_client import TimeStampResponse

QUERY_TYPE = "application/timestamp-query"
REPLY_TYPE = "application/timestamp-reply"
STAMP_BYTES_MAX = 64 * 1024
CERTIFICATES_BYTES_MAX = 1 << 20
TIMEOUT_S = 15.0
GRANTED = 0


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class StampServer:
    """A server that stamps, and whose stamps hold.

    Attributes:
        url: where it is asked.
        certificates: PEM: those that answer for the server's own.

    Raises:
        UsageError: the address is none.
        ExtraMissing: the extra `timestamps` is not installed; better known before anything is done.
    """

    url: str
    certificates: bytes = field(repr=False)

    def __post_init__(self) -> None:
        _require_library()
        require_url(self.url, what="`timestamp_url`")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """A time stamp that holds.

    Attributes:
        data: the server's response as it came, in DER: what is kept.
        time_ms: when the server saw the text, in milliseconds since 1970.
        authority: whom the certificate that signed it names.
    """

    data: bytes = field(repr=False)
    time_ms: int
    authority: str


async def request_stamp(
    note: Note, server: StampServer, *, now_ms: int, timeout_s: float = TIMEOUT_S
) -> Stamp:
    """Have a checkpoint stamped, and verify what comes back.

    Raises:
        EvidenceRefused: the server gave no stamp, or one that does not hold or is dated after now.
    """
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

    text = note.text.encode()
    builder = TimestampRequestBuilder(data=text, hash_algorithm=HashAlgorithm.SHA256)
    query = builder.build()
    try:
        async with asyncio.timeout(timeout_s):
            answer = await post(server.url, query.as_bytes(), content_type=QUERY_TYPE)
    except TimeoutError as error:
        raise _not_stamped(f"no answer within {timeout_s:g} s") from error
    except NotAnswered as error:
        raise _not_stamped(f"{error}") from error
    if answer.status != 200 or answer.type != REPLY_TYPE:
        raise _not_stamped(f"it answered {answer.status} {answer.type[:60]!r}")
    stamp = _verified(answer.body, text, certificates=server.certificates, nonce=query.nonce)
    require_past(stamp.time_ms, now_ms=now_ms, what="the time stamp")
    return stamp


def verify_stamp(data: bytes, note: Note, *, certificates: bytes, now_ms: int) -> Stamp:
    """Check a kept stamp of a checkpoint, offline.

    The certificates need to have been valid at the time of the stamp, and not today.

    Args:
        data: the response of the server, in DER.
        note: the checkpoint that was stamped; its signatures do not count.
        certificates: PEM: those that answer for the server's own.
        now_ms: what the clock says.

    Raises:
        EvidenceRefused: it is no stamp, of another text, not by a server that is answered for, or
            dated after now.
        ExtraMissing: the extra `timestamps` is not installed.
    """
    stamp = _verified(data, note.text.encode(), certificates=certificates, nonce=None)
    require_past(stamp.time_ms, now_ms=now_ms, what="the time stamp")
    return stamp


def _verified(data: bytes, text: bytes, *, certificates: bytes, nonce: int | None) -> Stamp:
    _require_library()
    from rfc3161_client import VerificationError, VerifierBuilder

    roots = _certificates(certificates)
    response = _decoded(data)
    try:
        verifier = VerifierBuilder(roots=roots, nonce=nonce).build()
        verifier.verify_message(response, text)
        return Stamp(data=data, time_ms=_time_ms(response), authority=_authority(response))
    except (VerificationError, ValueError, TypeError) as error:
        raise _refused(_words(error)) from error


def _decoded(data: bytes) -> "TimeStampResponse":
    from rfc3161_client import decode_timestamp_response

    if len(data) > STAMP_BYTES_MAX:
        raise _refused(f"it has {len(data)} bytes; at most {STAMP_BYTES_MAX} are read")
    try:
        response = decode_timestamp_response(data)
    except ValueError as error:
        raise _refused(f"it cannot be read: {_words(error)}") from error
    if response.status != GRANTED:
        told = ", ".join(response.status_string)[:200]
        raise _not_stamped(f"it says no: status {response.status} {told!r}")
    return response


def require_certificates(pem: bytes) -> None:
    """Refuse what cannot answer for a server of time stamps.

    Raises:
        EvidenceRefused: these are no certificates.
    """
    _certificates(pem)


def _certificates(pem: bytes) -> "list[Certificate]":
    from cryptography.x509 import load_pem_x509_certificates

    if len(pem) > CERTIFICATES_BYTES_MAX:
        raise _refused(f"the certificates have more than {CERTIFICATES_BYTES_MAX:,} bytes")
    try:
        return load_pem_x509_certificates(pem)
    except ValueError as error:
        # The library speaks of itself, and of where its questions are answered.
        raise _refused("the certificates cannot be read as PEM") from error


def _time_ms(response: "TimeStampResponse") -> int:
    return round(response.tst_info.gen_time.timestamp() * 1000)


def _authority(response: "TimeStampResponse") -> str:
    """Name who signed. The certificate is there: the verifier has found it by the same words."""
    from cryptography.x509 import load_der_x509_certificate

    (signer,) = response.signed_data.signer_infos
    certificates = map(load_der_x509_certificate, response.signed_data.certificates)
    return next(
        certificate.subject.rfc4514_string()
        for certificate in certificates
        if (certificate.issuer, certificate.serial_number) == (signer.issuer, signer.serial_number)
    )


def _require_library() -> None:
    if find_spec("rfc3161_client") is None:
        raise ExtraMissing(
            "time stamps need the library `rfc3161-client`, which is not installed",
            hint="pip install 'interlock[timestamps]'",
        )


def _words(error: Exception) -> str:
    told = " ".join(f"{error}".split())[:200]
    return "".join(char if char.isprintable() else "?" for char in told) or type(error).__name__


def _refused(why: str) -> EvidenceRefused:
    return EvidenceRefused(
        f"the time stamp does not hold: {why}",
        code="IL8533",
        hint="compare checkpoint, stamp and certificates with those that were published",
    )


def _not_stamped(why: str) -> EvidenceRefused:
    return EvidenceRefused(
        f"the server for time stamps gave none: {why}",
        code="IL8534",
        hint="the checkpoint holds without it; the next one asks again",
    )
