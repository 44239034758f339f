"""The log's side: whatever a witness knows or answers, asking it ends, and says how."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from interlock.audit import (
    CLOCK_SLACK_MS,
    Algorithm,
    Prove,
    Signature,
    WitnessAnswer,
    ask_witness,
    cosign,
    count_witnesses,
    signer_from_seed,
)
from interlock.errors import EvidenceRefused, WitnessBehind
from interlock.notary import Memory, Witness, create_memory
from unit.notary.logs import LOG, WITNESS, asking, checkpoint, leaves, proof

KEY = WITNESS.verifier(Algorithm.COSIGNATURE)
GENUINE = leaves(40)
FORK = [*GENUINE[:9], *leaves(31, "another")]
NOTE = checkpoint(GENUINE, 20)
NOW_MS = 60_000

Answering = Callable[[bytes], WitnessAnswer]


def proven(old: int) -> Sequence[bytes]:
    return proof(GENUINE, old, 20)


def ask(answering: Answering, *, known: int = 0, prove: Prove = proven) -> tuple[Signature, int]:
    """Drive a request to its end; gives the cosignature, and how many requests it took."""
    flow = ask_witness(NOTE, KEY, known=known, prove=prove, now_ms=NOW_MS)
    body, count = next(flow), 1
    try:
        while True:
            body = flow.send(answering(body))
            count += 1
    except StopIteration as end:
        return end.value, count


@pytest.fixture
def witness() -> Iterator[Witness]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "seen.json")
        create_memory(path)
        with Memory(path) as memory:
            yield Witness([WITNESS], logs=[LOG.verifier()], memory=memory, now_s=lambda: 1)


def told_by(witness: Witness) -> Answering:
    def answering(body: bytes) -> WitnessAnswer:
        answer = witness.add_checkpoint(body)
        return WitnessAnswer(status=answer.status, body=answer.text.encode())

    return answering


@pytest.mark.parametrize(
    "seen, known, requests",
    [(0, 0, 1), (7, 7, 1), (20, 20, 1), (7, 0, 2), (7, 9, 2), (0, 7, 2), (20, 7, 2), (7, 30, 2)],
)
def test_a_witness_is_asked_from_the_size_that_it_knows(
    witness: Witness, seen: int, known: int, requests: int
):
    witness.add_checkpoint(asking(GENUINE, 0, seen).to_bytes())
    signature, count = ask(told_by(witness), known=min(known, 20))
    assert (signature.name, count) == (WITNESS.name, requests)


def test_a_witness_that_knows_more_shows_that_the_log_lost_events(witness: Witness):
    witness.add_checkpoint(asking(GENUINE, 0, 30).to_bytes())
    with pytest.raises(WitnessBehind) as caught:
        ask(told_by(witness))
    assert (caught.value.size, caught.value.code) == (30, "IL8511")


@pytest.mark.parametrize("seen, code", [(12, "IL8503"), (20, "IL8530")])
def test_a_witness_that_knows_another_history_is_believed(witness: Witness, seen: int, code: str):
    witness.add_checkpoint(asking(FORK, 0, seen).to_bytes())
    with pytest.raises(EvidenceRefused) as caught:
        ask(told_by(witness))
    assert caught.value.code == code


def test_a_witness_that_does_not_know_the_log_says_so():
    refusing = told_by(Witness([WITNESS], logs=[], memory=None, now_s=lambda: 1))  # pyright: ignore[reportArgumentType] - is not asked
    with pytest.raises(EvidenceRefused, match="404 this log is not watched here") as caught:
        ask(refusing)
    assert caught.value.code == "IL8531"


def lines(*signatures: Signature) -> bytes:
    return "".join(signature.line() for signature in signatures).encode()


OTHER = signer_from_seed("witness.example/w2", bytes(32))
RIGHT = cosign(NOTE.text, WITNESS, time_s=5)


def test_lines_by_other_keys_are_ignored():
    foreign = cosign(NOTE.text, OTHER, time_s=7)
    body = lines(foreign, RIGHT)
    assert ask(lambda _: WitnessAnswer(status=200, body=body)) == (RIGHT, 1)


@pytest.mark.parametrize(
    "status, body",
    [
        (200, b""),
        (200, b"thank you\n"),
        (200, lines(cosign(NOTE.text, OTHER, time_s=7))),
        (200, lines(cosign(checkpoint(GENUINE, 19).text, WITNESS, time_s=7))),
        (200, lines(RIGHT)[:-1]),
        (200, b"\xff\xfe\n"),
        (409, b"many\n"),
        (409, b"0\n"),
        (409, b"007\n"),
        (409, b"99999999999999999999\n"),
        (500, b"\x1b[31mboo\xff\n"),
        (302, b""),
    ],
)
def test_what_makes_no_sense_is_no_cosignature(status: int, body: bytes):
    with pytest.raises(EvidenceRefused) as caught:
        ask(lambda _: WitnessAnswer(status=status, body=body))
    assert caught.value.code == "IL8531"
    assert caught.value.message.isprintable()


def test_a_witness_that_changes_its_mind_is_left_alone():
    sizes = iter((5, 6, 7, 8))
    with pytest.raises(EvidenceRefused, match="3 times"):
        ask(lambda _: WitnessAnswer(status=409, body=f"{next(sizes)}\n".encode()))


@given(answers=st.lists(st.tuples(st.sampled_from([200, 400, 409, 422]), st.binary()), min_size=3))
def test_any_answer_ends_in_a_cosignature_or_our_error(answers: list[tuple[int, bytes]]):
    coming = iter(answers)

    def answering(_: bytes) -> WitnessAnswer:
        status, body = next(coming)
        return WitnessAnswer(status=status, body=body)

    with pytest.raises(EvidenceRefused):
        ask(answering)


def test_no_proof_is_made_from_nothing_or_from_the_same_tree(witness: Witness):
    def never(old: int) -> list[bytes]:
        raise AssertionError(old)

    for _ in range(2):
        assert ask(told_by(witness), prove=never)[0].name == WITNESS.name


# --- counting: each witness counts once, whatever it is called


def test_two_witnesses_count_as_two():
    note = NOTE.signed(RIGHT, cosign(NOTE.text, OTHER, time_s=7))
    keys = [KEY, OTHER.verifier(Algorithm.COSIGNATURE)]
    counted = count_witnesses(note, keys, log=[LOG.verifier()], now_ms=NOW_MS)
    assert [verified.time_s for verified in counted] == [5, 7]
    assert len(count_witnesses(note, keys[:1], log=[LOG.verifier()], now_ms=NOW_MS)) == 1


def test_one_pair_of_keys_under_two_names_counts_once():
    alias = signer_from_seed("witness.example/alias", bytes(range(1, 33)))
    note = NOTE.signed(RIGHT, cosign(NOTE.text, alias, time_s=7))
    keys = [KEY, alias.verifier(Algorithm.COSIGNATURE)]
    assert len(count_witnesses(note, keys, log=[LOG.verifier()], now_ms=NOW_MS)) == 1


def test_a_log_does_not_count_as_its_own_witness():
    note = NOTE.signed(cosign(NOTE.text, LOG, time_s=7))
    keys = [LOG.verifier(Algorithm.COSIGNATURE), LOG.verifier()]
    assert count_witnesses(note, keys, log=[LOG.verifier()], now_ms=NOW_MS) == ()


def test_a_spoiled_cosignature_is_not_passed_over():
    spoiled = cosign(checkpoint(GENUINE, 19).text, WITNESS, time_s=7)
    with pytest.raises(EvidenceRefused) as caught:
        count_witnesses(NOTE.signed(spoiled), [KEY], log=[LOG.verifier()], now_ms=NOW_MS)
    assert caught.value.code == "IL8506"


def test_a_cosignature_from_the_future_is_refused_and_counts_for_nothing():
    slack_s = CLOCK_SLACK_MS // 1_000
    in_time = cosign(NOTE.text, WITNESS, time_s=NOW_MS // 1_000 + slack_s)
    signature, _ = ask(lambda _: WitnessAnswer(status=200, body=lines(in_time)))
    assert signature == in_time
    later = cosign(NOTE.text, WITNESS, time_s=NOW_MS // 1_000 + slack_s + 1)
    with pytest.raises(EvidenceRefused, match=r"1970-01-01 00:06:01\.000 UTC") as caught:
        ask(lambda _: WitnessAnswer(status=200, body=lines(later)))
    assert caught.value.code == "IL8531"
    with pytest.raises(EvidenceRefused, match="still to come") as caught:
        count_witnesses(NOTE.signed(later), [KEY], log=[LOG.verifier()], now_ms=NOW_MS)
    assert caught.value.code == "IL8549"
