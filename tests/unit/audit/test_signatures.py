"""Keys and Ed25519, against Wycheproof and the encoded keys of golang.org/x/mod/sumdb/note."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from interlock.audit import (
    Algorithm,
    Signer,
    VerifierKey,
    cosign,
    parse_key,
    sign,
    signer_from_seed,
    verify_ed25519,
)
from interlock.errors import EvidenceRefused, InternalError

SHARED = Path(__file__).parents[3] / "../shared/data"
WYCHEPROOF = SHARED / "wycheproof/ed25519_test.json"
NOTES = SHARED / "tlog/signed_note_vectors.json"
NEARLY_KEYS = st.builds(
    lambda name, key_id, key: f"{name}+{key_id:08x}+{base64.b64encode(key).decode()}",
    st.sampled_from(("log", "a b", "")),
    st.integers(0, (1 << 32) - 1),
    st.binary(max_size=40),
)
LOG = signer_from_seed("example.com/log", bytes(range(32)))


def note_vectors() -> dict[str, Any]:
    if not NOTES.exists():
        pytest.skip("no test vectors of signed notes at hand")
    return json.loads(NOTES.read_bytes())


def test_wycheproof():
    if not WYCHEPROOF.exists():
        pytest.skip("no test vectors of Ed25519 at hand")
    suite = json.loads(WYCHEPROOF.read_bytes())
    checked = 0
    for group in suite["testGroups"]:
        public = bytes.fromhex(group["publicKey"]["pk"])
        for test in group["tests"]:
            holds = verify_ed25519(public, bytes.fromhex(test["msg"]), bytes.fromhex(test["sig"]))
            assert holds == (test["result"] == "valid"), test
            checked += 1
    assert checked == suite["numberOfTests"] == 151


def test_a_published_signature_is_made_again():
    vector = note_vectors()["sign"]
    name, _, encoded = vector["skey"].removeprefix("PRIVATE+KEY+").split("+", 2)
    seed = base64.b64decode(encoded)[1:]
    assert sign(vector["text"], signer_from_seed(name, seed)).line() == vector["signature_line"]


def test_published_keys_are_read_and_written():
    for vector in note_vectors()["good"]:
        assert str(parse_key(vector["vkey"])) == vector["vkey"]


def test_published_bad_keys_are_refused():
    for text in note_vectors()["bad_vkeys"]:
        refused_key(text)


def test_no_part_of_a_key_is_a_key_and_no_byte_can_be_counted_up():
    key = str(LOG.verifier())
    for start in range(len(key)):
        for end in range(start, len(key) + 1):
            if key[start:end] != key:
                refused_key(key[start:end])
    for place in range(len(key)):
        refused_key(key[:place] + chr(ord(key[place]) + 1) + key[place + 1 :])


@given(text=st.text() | NEARLY_KEYS)
def test_what_is_no_key_is_refused_with_our_error(text: str):
    refused_key(text)


def refused_key(text: str) -> None:
    with pytest.raises(EvidenceRefused) as caught:
        parse_key(text)
    assert caught.value.code == "IL8505"


@pytest.mark.parametrize(
    "name", ["", "two words", "a+b", "line\n", "tab\t", "nb\u00a0sp", "\u2003", "\ud800", "x" * 256]
)
def test_names_that_no_key_can_have(name: str):
    with pytest.raises(EvidenceRefused):
        VerifierKey(name=name, public=bytes(32))
    with pytest.raises(EvidenceRefused):
        signer_from_seed(name, bytes(32))


@pytest.mark.parametrize("length", [0, 31, 33])
def test_keys_have_32_bytes(length: int):
    with pytest.raises(EvidenceRefused):
        VerifierKey(name="log", public=bytes(length))
    with pytest.raises(EvidenceRefused):
        signer_from_seed("log", bytes(length))


def test_one_pair_of_keys_has_an_id_for_each_use():
    log, witness = LOG.verifier(), LOG.verifier(Algorithm.COSIGNATURE)
    assert log.public == witness.public
    assert log.id != witness.id
    assert parse_key(str(witness)) == witness


def test_a_signer_can_be_printed_and_tells_nothing():
    seed = bytes(range(32))
    shown = repr(LOG)
    assert "sign" not in shown.replace("Signer", "")
    assert seed.hex() not in shown
    assert base64.b64encode(seed).decode() not in shown


def test_a_signature_of_a_broken_device_never_leaves():
    broken = Signer(name="log", public=LOG.public, sign=lambda _: bytes(64))
    with pytest.raises(InternalError):
        sign("text\n", broken)
    with pytest.raises(InternalError):
        cosign("text\n", broken, time_s=1)


@pytest.mark.parametrize("time_s", [0, -1, 1 << 63])
def test_a_cosignature_has_a_time(time_s: int):
    with pytest.raises(InternalError):
        cosign("text\n", LOG, time_s=time_s)
