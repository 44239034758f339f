"""In-toto statements in DSSE envelopes."""

import json
from base64 import b64decode, b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from interlock.audit import (
    Disclosure,
    Trust,
    build_receipt,
    check_receipt,
    open_statement,
    pae,
    receipt_statement,
    sign_statement,
)
from interlock.errors import EvidenceRefused
from interlock.values import canonical
from unit.audit.logs import LOG, LOG_KEY, NOW_MS, OTHER, OTHER_KEY, RUN, a_log

VECTORS = Path(__file__).parents[3] / "../shared/data/tlog/dsse_vectors.json"


def envelope() -> bytes:
    receipt = build_receipt(a_log().evidence(), Disclosure())
    return sign_statement(receipt_statement(receipt), [LOG])


@pytest.mark.skipif(not VECTORS.exists(), reason="there are no DSSE vectors")
def test_the_bytes_that_are_signed_are_those_of_the_protocol():
    vector = json.loads(VECTORS.read_bytes())
    assert pae(vector["payloadType"], vector["payload"].encode()) == vector["pae"].encode()


def test_a_statement_holds_the_receipt_and_its_digest():
    statement = json.loads(open_statement(envelope(), [OTHER_KEY, LOG_KEY]))
    receipt = statement["predicate"]
    (subject,) = statement["subject"]
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert subject["name"] == f"receipt of run {RUN}"
    assert subject["digest"]["sha256"] == sha256(canonical(receipt)).hexdigest()
    assert check_receipt(canonical(receipt), Trust(keys=[LOG_KEY], now_ms=NOW_MS))["run"] == RUN


def test_what_no_given_key_signed_is_refused():
    with pytest.raises(EvidenceRefused) as caught:
        open_statement(envelope(), [OTHER_KEY])
    assert caught.value.code == "IL8507"
    other = sign_statement(b"{}", [OTHER])
    assert open_statement(other, [OTHER_KEY]) == b"{}"


def test_a_changed_payload_is_refused():
    tree = json.loads(envelope())
    payload = b64decode(tree["payload"]).replace(b"succeeded", b"cancelled")
    tree["payload"] = b64encode(payload).decode()
    with pytest.raises(EvidenceRefused) as caught:
        open_statement(json.dumps(tree).encode(), [LOG_KEY])
    assert caught.value.code == "IL8507"


@pytest.mark.parametrize(
    "tree",
    [
        *(None, [], {}, {"payload": 1}, {"payloadType": "x", "payload": "", "signatures": 3}),
        {"payloadType": "x", "payload": "?", "signatures": []},
        {"payloadType": "x", "payload": "", "signatures": [{"sig": None}]},
        {"payloadType": "x", "payload": "", "signatures": ["x"]},
    ],
)
def test_what_is_no_envelope_is_refused(tree: Any):
    with pytest.raises(EvidenceRefused) as caught:
        open_statement(json.dumps(tree).encode(), [LOG_KEY])
    assert caught.value.code == "IL8542"


def test_what_is_no_receipt_has_no_statement():
    with pytest.raises(EvidenceRefused) as caught:
        receipt_statement(b"[]")
    assert caught.value.code == "IL8542"
