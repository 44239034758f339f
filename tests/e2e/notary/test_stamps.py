"""Time stamps of a real server for them: what holds is kept, and nothing else is believed."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from e2e.library.servers import Received, Reply, serving
from e2e.notary.tsa import Authority, make_authority, reply
from interlock.audit import Algorithm, cosign
from interlock.errors import EvidenceRefused, ExtraMissing, UsageError
from interlock.notary import Stamp, StampServer, request_stamp, verify_stamp
from interlock.runtime import SystemClock
from unit.notary.logs import WITNESS, checkpoint, leaves

NOTE = checkpoint(leaves(20), 20)
OTHER = checkpoint(leaves(20), 19)
MISSING = "no `rfc3161-client`: pip install 'interlock[timestamps]'"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    pytest.importorskip("rfc3161_client", reason=MISSING)
    return make_authority(tmp_path_factory.mktemp("tsa"))


async def stamped(authority: Authority, answer: Callable[[Received], Reply] | None = None) -> Stamp:
    with serving(answer or authority.answering()) as server:
        asked = StampServer(url=server.url, certificates=authority.certificates)
        return await request_stamp(NOTE, asked, now_ms=SystemClock().now_ms())


@pytest.fixture(scope="module")
def kept(authority: Authority) -> bytes:
    """A stamp of the checkpoint, made without HTTP."""
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

    text = NOTE.text.encode()
    query = TimestampRequestBuilder(data=text, hash_algorithm=HashAlgorithm.SHA256).build()
    return authority.stamp(query.as_bytes())


async def test_a_checkpoint_is_stamped_with_the_time(authority: Authority):
    before_s = SystemClock().now_ms() // 1000
    stamp = await stamped(authority)
    assert before_s * 1000 <= stamp.time_ms <= SystemClock().now_ms()
    assert stamp.authority == "CN=clock"
    assert (
        verify_stamp(
            stamp.data, NOTE, certificates=authority.certificates, now_ms=SystemClock().now_ms()
        )
        == stamp
    )


async def test_anybody_can_verify_it_without_us(authority: Authority):
    stamp = await stamped(authority)
    assert authority.verifies(stamp.data, NOTE.text.encode())
    assert not authority.verifies(stamp.data, OTHER.text.encode())


def test_a_stamp_holds_when_cosignatures_come_later(authority: Authority, kept: bytes):
    cosigned = NOTE.signed(cosign(NOTE.text, WITNESS, time_s=7))
    found = verify_stamp(
        kept, cosigned, certificates=authority.certificates, now_ms=SystemClock().now_ms()
    )
    assert WITNESS.verifier(Algorithm.COSIGNATURE).name in str(cosigned)
    assert found == verify_stamp(
        kept, NOTE, certificates=authority.certificates, now_ms=SystemClock().now_ms()
    )


def refused(stamp: bytes, certificates: bytes) -> EvidenceRefused:
    with pytest.raises(EvidenceRefused) as caught:
        verify_stamp(stamp, NOTE, certificates=certificates, now_ms=SystemClock().now_ms())
    return caught.value


def test_a_stamp_from_the_future_is_refused(authority: Authority, kept: bytes):
    stamped_ms = SystemClock().now_ms()
    with pytest.raises(
        EvidenceRefused, match=r"the time stamp is dated .* still to come"
    ) as caught:
        verify_stamp(kept, NOTE, certificates=authority.certificates, now_ms=stamped_ms - 3_600_000)
    assert caught.value.code == "IL8549"


def test_a_stamp_of_another_checkpoint_is_refused(authority: Authority, kept: bytes):
    with pytest.raises(EvidenceRefused) as caught:
        verify_stamp(
            kept, OTHER, certificates=authority.certificates, now_ms=SystemClock().now_ms()
        )
    assert caught.value.code == "IL8533"


def test_certificates_of_others_do_not_answer_for_it(kept: bytes, tmp_path: Path):
    other = make_authority(tmp_path)
    assert refused(kept, other.certificates).code == "IL8533"


@pytest.mark.parametrize(
    "pem", [b"", b"x", b"-----BEGIN CERTIFICATE-----\nAAAA\n", b"A" * 2_000_000]
)
def test_what_is_no_certificate_is_refused(kept: bytes, pem: bytes):
    assert "certificates" in refused(kept, pem).message


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_changed_stamp_never_tells_another_time(
    authority: Authority, kept: bytes, data: st.DataObject
):
    """Some bits mean nothing, such as those of optional parameters; none of them is the time."""
    changed = bytearray(kept)
    bit = data.draw(st.integers(0, 8 * len(kept) - 1))
    changed[bit // 8] ^= 1 << bit % 8
    genuine = verify_stamp(
        kept, NOTE, certificates=authority.certificates, now_ms=SystemClock().now_ms()
    )
    try:
        found = verify_stamp(
            bytes(changed),
            NOTE,
            certificates=authority.certificates,
            now_ms=SystemClock().now_ms(),
        )
    except EvidenceRefused as error:
        assert error.code in {"IL8533", "IL8534"}  # noqa: PT017 - either is right
    else:
        assert (found.time_ms, found.authority) == (genuine.time_ms, genuine.authority)


@pytest.mark.parametrize("data", [b"", b"x", b"0" * 70_000, b"\x30\x03\x02\x01\x02"])
def test_what_is_no_stamp_is_refused(authority: Authority, data: bytes):
    assert refused(data, authority.certificates).code == "IL8533"


async def test_an_old_answer_is_refused(authority: Authority, kept: bytes):
    """A server that repeats itself would stamp with the time of then."""
    with pytest.raises(EvidenceRefused, match="Nonce mismatch"):
        await stamped(authority, lambda _: reply(kept))


@pytest.mark.parametrize(
    "answer",
    [
        reply(b"", status=500),
        reply(b"<html>", kind="text/html"),
        reply(b"\x30\x05\x30\x03\x02\x01\x02"),
        Reply(raw=b"nonsense\r\n\r\n"),
    ],
)
async def test_a_server_that_gives_none_is_told_apart(authority: Authority, answer: Reply):
    with pytest.raises(EvidenceRefused) as caught:
        await stamped(authority, lambda _: answer)
    assert caught.value.code == "IL8534"


async def test_a_server_that_says_nothing_is_given_up():
    pytest.importorskip("rfc3161_client", reason=MISSING)
    with serving(lambda _: Reply(hang=True)) as server:
        silent = StampServer(url=server.url, certificates=b"")
        with pytest.raises(EvidenceRefused, match=r"no answer within 0\.05 s"):
            await request_stamp(NOTE, silent, now_ms=SystemClock().now_ms(), timeout_s=0.05)


def test_the_extra_is_named_when_it_is_missing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "rfc3161_client", None)
    with pytest.raises(ExtraMissing, match=r"interlock\[timestamps\]"):
        verify_stamp(b"", NOTE, certificates=b"", now_ms=SystemClock().now_ms())
    with pytest.raises(ExtraMissing, match=r"interlock\[timestamps\]"):
        StampServer(url="http://127.0.0.1:1", certificates=b"")


def test_an_address_that_is_none_is_refused():
    pytest.importorskip("rfc3161_client", reason=MISSING)
    with pytest.raises(UsageError, match="timestamp_url"):
        StampServer(url="time.example", certificates=b"")
