"""A witness: what it cosigns, and that no log can make it forget."""

import pytest
from hypothesis import given, strategies as st

from interlock.audit import (
    EMPTY_ROOT,
    Algorithm,
    Checkpoint,
    Frontier,
    TreeHead,
    WitnessRequest,
    cosign,
    judge,
    leaf_hash,
    open_checkpoint,
    parse_request,
    prove_consistency,
    sign_checkpoint,
    signer_from_seed,
)
from interlock.errors import EvidenceRefused, WitnessBehind

LOG = signer_from_seed("example.com/log", bytes(range(32)))
WITNESS = signer_from_seed("witness.example/w1", bytes(range(1, 33)))
KEYS = [LOG.verifier()]
LEAVES = [leaf_hash(bytes([number])) for number in range(30)]
FORK = [*LEAVES[:9], leaf_hash(b"another"), *LEAVES[10:]]


def subtrees(leaves: list[bytes], height: int, index: int) -> bytes:
    part = Frontier()
    part.extend(leaves[index << height : (index + 1) << height])
    return part.root()


def head(size: int, leaves: list[bytes] = LEAVES) -> TreeHead:
    frontier = Frontier()
    frontier.extend(leaves[:size])
    return TreeHead(size=size, root=frontier.root())


def request(old: int, new: int, leaves: list[bytes] = LEAVES) -> WitnessRequest:
    checkpoint = Checkpoint(origin="example.com/log", tree=head(new, leaves))
    is_first = old == 0 or old > new
    proof = (
        []
        if is_first
        else prove_consistency(old, new, lambda height, index: subtrees(leaves, height, index))
    )
    return WitnessRequest(old_size=old, proof=tuple(proof), note=sign_checkpoint(checkpoint, [LOG]))


@pytest.mark.parametrize("old, new", [(0, 0), (0, 1), (0, 30), (1, 2), (7, 30), (16, 17), (9, 9)])
def test_a_tree_that_only_grew_is_cosigned(old: int, new: int):
    seen = head(old) if old else None
    asked = parse_request(request(old, new).to_bytes())
    assert judge(asked, keys=KEYS, seen=seen).tree == head(new)


def test_the_empty_tree_may_have_been_seen():
    assert judge(request(0, 5), keys=KEYS, seen=TreeHead(size=0, root=EMPTY_ROOT)).tree == head(5)


def test_who_cosigned_is_known_by_the_log():
    asked = request(7, 30)
    judge(asked, keys=KEYS, seen=head(7))
    cosigned = asked.note.signed(cosign(asked.note.text, WITNESS, time_s=1_700_000_000))
    witness = WITNESS.verifier(Algorithm.COSIGNATURE)
    opened = open_checkpoint(
        str(cosigned).encode(), origin="example.com/log", keys=[*KEYS, witness]
    )
    assert [verified.time_s for verified in opened.verified] == [None, 1_700_000_000]


@pytest.mark.parametrize("new, code", [(12, "IL8530"), (30, "IL8503")])
def test_a_fork_is_refused(new: int, code: str):
    with pytest.raises(EvidenceRefused) as caught:
        judge(request(12, new, FORK), keys=KEYS, seen=head(12))
    assert caught.value.code == code


def test_a_log_that_was_put_back_is_told_what_the_witness_has():
    for old in (0, 5):
        with pytest.raises(WitnessBehind) as caught:
            judge(request(old, 8), keys=KEYS, seen=head(12))
        assert (caught.value.size, caught.value.code) == (12, "IL8511")
    with pytest.raises(EvidenceRefused):
        judge(request(12, 8), keys=KEYS, seen=head(12))


def test_a_log_new_to_the_witness_starts_at_nothing():
    with pytest.raises(WitnessBehind) as caught:
        judge(request(5, 8), keys=KEYS, seen=None)
    assert caught.value.size == 0
    first = request(0, 8)
    extra = WitnessRequest(old_size=0, proof=(LEAVES[0],), note=first.note)
    with pytest.raises(EvidenceRefused) as refused:
        judge(extra, keys=KEYS, seen=None)
    assert refused.value.code == "IL8503"


def test_a_checkpoint_of_who_does_not_speak_for_the_log_is_refused():
    with pytest.raises(EvidenceRefused) as caught:
        judge(request(0, 8), keys=[WITNESS.verifier()], seen=None)
    assert caught.value.code == "IL8507"


@pytest.mark.parametrize(
    "old, lines, end",
    [
        ("", "", "\n"),
        ("old", "", "\n"),
        ("old 01\n", "", "\n"),
        ("old -1\n", "", "\n"),
        ("old 1 \n", "", "\n"),
        ("new 1\n", "", "\n"),
        ("old 1\n", "AAAA\n", "\n"),
        ("old 1\n", "x" * 44 + "\n", "\n"),
        ("old 1\n", "", ""),
        ("old 1\n", ("A" * 43 + "=\n") * 64, "\n"),
        ("old 1\r\n", "", "\n"),
        ("old 1\n", "\u00e9\n", "\n"),
        ("old " + "9" * 5000 + "\n", "", "\n"),
    ],
)
def test_what_is_no_request(old: str, lines: str, end: str):
    note = str(request(0, 8).note)
    with pytest.raises(EvidenceRefused):
        parse_request(f"{old}{lines}{end}{note}".encode())


def test_a_request_has_a_limit():
    with pytest.raises(EvidenceRefused, match="at most"):
        parse_request(b"old 1\n" + b"A" * 300_000)


@given(data=st.binary())
def test_any_bytes_are_a_request_or_refused_with_our_error(data: bytes):
    with pytest.raises(EvidenceRefused):
        parse_request(b"old 0\n" + data)


@given(data=st.data())
def test_no_single_bit_of_a_request_can_be_changed(data: st.DataObject):
    body = bytearray(request(7, 30).to_bytes())
    bit = data.draw(st.integers(0, 8 * len(body) - 1))
    body[bit // 8] ^= 1 << bit % 8
    with pytest.raises(EvidenceRefused):
        judge(parse_request(bytes(body)), keys=KEYS, seen=head(7))
