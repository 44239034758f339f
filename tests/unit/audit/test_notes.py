"""Signed notes: the vectors of golang.org/x/mod and C2SP, every bit, every limit."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, strategies as st

from interlock.audit import (
    NOTE_BYTES_MAX,
    Algorithm,
    Note,
    Verified,
    cosign,
    parse_key,
    parse_note,
    sign,
    signer_from_seed,
    verified_signatures,
    verify_note,
)
from interlock.errors import EvidenceRefused

VECTORS = Path(__file__).parents[3] / "../shared/data/tlog/signed_note_vectors.json"
LOG = signer_from_seed("example.com/log", bytes(range(32)))
WITNESS = signer_from_seed("witness.example/w1", bytes(range(1, 33)))
STRANGER = signer_from_seed("stranger", bytes(range(2, 34)))
TEXT = "first line\n\nthird line, with ü\n"


def signed(text: str = TEXT) -> Note:
    return Note(text=text, signatures=(sign(text, LOG),))


def vectors() -> dict[str, Any]:
    if not VECTORS.exists():
        pytest.skip("no test vectors of signed notes at hand")
    return json.loads(VECTORS.read_bytes())


def test_published_notes_are_verified():
    for vector in vectors()["good"]:
        key = parse_key(vector["vkey"])
        note = parse_note(vector["note"].encode())
        assert verify_note(note, [key]) == (Verified(key=key, time_s=None),)
        assert str(note) == vector["note"]


def test_published_bad_notes_are_refused():
    for vector in vectors()["bad"]:
        encoding = "latin-1" if "latin-1" in vector["why"] else "utf-8"
        key = parse_key(vector["vkey"])
        with pytest.raises(EvidenceRefused):
            verify_note(parse_note(vector["note"].encode(encoding, "replace")), [key])


@given(data=st.data())
def test_no_single_bit_of_a_note_can_be_changed(data: st.DataObject):
    whole = str(signed()).encode()
    bit = data.draw(st.integers(0, 8 * len(whole) - 1))
    changed = bytearray(whole)
    changed[bit // 8] ^= 1 << bit % 8
    refused(bytes(changed))


@given(data=st.data())
def test_no_single_bit_of_a_cosignature_can_be_changed(data: st.DataObject):
    made = cosign(TEXT, WITNESS, time_s=1_700_000_000)
    start = len(str(signed()).encode())
    changed = bytearray(str(signed().signed(made)).encode())
    bit = data.draw(st.integers(8 * start, 8 * len(changed) - 1))
    changed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(EvidenceRefused):
        verify_note(parse_note(bytes(changed)), [WITNESS.verifier(Algorithm.COSIGNATURE)])


def test_nothing_can_be_cut_off_or_added():
    whole = str(signed()).encode()
    for end in range(len(whole)):
        refused(whole[:end])
    for more in (b"\n", b"x", b" ", b"\r\n", b"\xe2\x80\x94 \n"):
        refused(whole + more)
        refused(more + whole)


def refused(data: bytes) -> None:
    with pytest.raises(EvidenceRefused):
        verify_note(parse_note(data), [LOG.verifier()])


@given(data=st.binary() | st.text().map(lambda text: text.encode("utf-8", "replace")))
@example(b"\n\n\xe2\x80\x94 a AAAAAAA=\n")
def test_any_bytes_are_a_note_or_refused_with_our_error(data: bytes):
    try:
        note = parse_note(data)
    except EvidenceRefused:
        return
    assert str(note).encode() == data


@pytest.mark.parametrize(
    "line",
    [
        "\u2014  AAAAAAA=",
        "\u2014 name",
        "\u2014 name ",
        "\u2014 name AAAA",
        "\u2014 name AAAAAAB=",
        "\u2014 name AAAA AAA=",
        "\u2014 na+me AAAAAAA=",
        "\u2014 na\u00a0me AAAAAAA=",
        "\u2014name AAAAAAA=",
        "- name AAAAAAA=",
        " \u2014 name AAAAAAA=",
        "\u2014 name AAAAAAA=\r",
        "\u2014 name A\u0100AAAAA=",
    ],
)
def test_lines_that_are_no_signature_are_named(line: str):
    with pytest.raises(EvidenceRefused) as caught:
        parse_note(f"text\n\n\u2014 name AAAAAAA=\n{line}\n".encode())
    assert "line 4" in caught.value.message or "control character" in caught.value.message


def test_notes_have_limits():
    line = "\u2014 name AAAAAAA=\n"
    assert len(parse_note(f"text\n\n{line * 64}".encode()).signatures) == 64
    with pytest.raises(EvidenceRefused, match="65 signatures"):
        parse_note(f"text\n\n{line * 65}".encode())
    with pytest.raises(EvidenceRefused, match="at most"):
        parse_note(("x" * NOTE_BYTES_MAX + f"\n\n{line}").encode())


# --- Whose signatures count


def test_strangers_do_no_harm_and_no_good():
    note = signed().signed(sign(TEXT, STRANGER))
    assert verify_note(note, [LOG.verifier()])[0].key == LOG.verifier()
    with pytest.raises(EvidenceRefused) as caught:
        verify_note(signed(), [STRANGER.verifier()])
    assert caught.value.code == "IL8507"
    assert verified_signatures(signed(), [STRANGER.verifier()]) == ()


def test_one_false_signature_of_a_trusted_key_spoils_the_note():
    other = sign("other text\n", WITNESS)
    note = signed().signed(other)
    with pytest.raises(EvidenceRefused) as caught:
        verify_note(note, [LOG.verifier(), WITNESS.verifier()])
    assert caught.value.code == "IL8506"
    assert verify_note(note, [LOG.verifier()])


def test_a_second_false_signature_of_the_same_key_is_not_hidden_by_the_first():
    other = sign("other text\n", LOG)
    note = Note(text=TEXT, signatures=(sign(TEXT, LOG), other))
    with pytest.raises(EvidenceRefused):
        verify_note(note, [LOG.verifier()])


def test_a_key_that_signed_twice_counts_once():
    note = Note(text=TEXT, signatures=(sign(TEXT, LOG), sign(TEXT, LOG)))
    assert len(verify_note(note, [LOG.verifier(), LOG.verifier()])) == 1


def test_a_cosignature_tells_its_time_and_is_no_plain_signature():
    made = cosign(TEXT, WITNESS, time_s=1_679_315_147)
    note = Note(text=TEXT, signatures=(made,))
    witness = WITNESS.verifier(Algorithm.COSIGNATURE)
    assert verify_note(note, [witness]) == (Verified(key=witness, time_s=1_679_315_147),)
    assert verified_signatures(note, [WITNESS.verifier()]) == ()


def test_a_signature_is_replaced_by_a_later_one_of_the_same_key():
    early, late = (cosign(TEXT, WITNESS, time_s=time_s) for time_s in (1, 2))
    assert signed().signed(early).signed(late).signatures == (sign(TEXT, LOG), late)


def test_the_cosignature_of_the_specification_is_over_the_lines_it_names():
    made = cosign(TEXT, WITNESS, time_s=1_679_315_147)
    message = f"cosignature/v1\ntime 1679315147\n{TEXT}".encode()
    assert made.data == (1_679_315_147).to_bytes(8) + WITNESS.sign(message)
    encoded = base64.b64decode(made.line().split()[-1])
    assert encoded == WITNESS.verifier(Algorithm.COSIGNATURE).id.to_bytes(4) + made.data
