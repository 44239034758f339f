"""The verifier in JavaScript against vectors that we did not write, and against Python."""

import base64
import hashlib
import json
import math
import random
import struct
from pathlib import Path
from typing import Any

import pytest

from interlock.audit import leaf_hash, node_hash, prove_leaves
from interlock.errors import ValueRefused
from interlock.values import Json, canonical
from unit.audit.javascript import answers, needs_node

SHARED = Path(__file__).parents[3] / "../shared/data"
MERKLE = SHARED / "rfc6962-merkle/testdata"
TLOG = SHARED / "tlog"
WYCHEPROOF = SHARED / "wycheproof/ed25519_test.json"
JCS = SHARED / "rfc8785-jcs/testdata"

pytestmark = needs_node


def needs(path: Path) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not path.exists(), reason=f"there are no vectors at {path.name}")


def load(path: Path) -> Any:
    return json.loads(path.read_bytes())


def to_hex(encoded: str | None) -> str:
    return base64.b64decode(encoded or "").hex()


def test_hashes_are_those_of_the_standard_library():
    chance = random.Random(1)
    texts = [chance.randbytes(length) for length in (*range(300), 4_096, 100_001)]
    for name in ("sha256", "sha512"):
        tasks = [{"op": name, "data": text.hex()} for text in texts]
        assert answers(tasks) == [hashlib.new(name, text).hexdigest() for text in texts]


@needs(WYCHEPROOF)
def test_every_wycheproof_signature_has_the_right_verdict():
    tasks: list[dict[str, Any]] = []
    expected: list[bool] = []
    for group in load(WYCHEPROOF)["testGroups"]:
        for case in group["tests"]:
            key, message = group["publicKey"]["pk"], case["msg"]
            tasks.append(
                {"op": "ed25519", "key": key, "message": message, "signature": case["sig"]}
            )
            expected.append(case["result"] == "valid")
    assert len(tasks) == 151
    assert answers(tasks) == expected


def test_keys_that_are_no_point_or_of_small_order_are_refused():
    identity = (1).to_bytes(32, "little").hex()
    y_is_p = (2**255 - 19).to_bytes(32, "little").hex()
    no_point = (2).to_bytes(32, "little").hex()
    good = "58" + "66" * 31
    tasks = [{"op": "public_key", "key": key} for key in (identity, y_is_p, no_point, good)]
    assert answers(tasks) == [False, False, False, True]


@needs(MERKLE)
def test_published_proofs_have_the_right_verdict():
    cases = [load(path) for path in sorted(MERKLE.rglob("*.json"))]
    assert len(cases) == 196
    verdicts = answers(merkle_task(case) for case in cases)
    wrong = [
        case["desc"] for case, ok in zip(cases, verdicts, strict=True) if ok == case["wantErr"]
    ]
    assert wrong == []


def merkle_task(case: Any) -> dict[str, Any]:
    proof = [to_hex(part) for part in case["proof"] or []]
    if "leafIdx" in case:
        index, leaf, root = case["leafIdx"], to_hex(case["leafHash"]), to_hex(case["root"])
        size = case["treeSize"]
        return {"op": "inclusion", "index": str(index), "size": str(size), "leaf": leaf} | {
            "proof": proof,
            "root": root,
        }
    roots = {"old_root": to_hex(case["root1"]), "root": to_hex(case["root2"])}
    sizes = {"old": str(case["size1"]), "size": str(case["size2"])}
    return {"op": "consistency", "proof": proof} | sizes | roots


def test_proofs_of_many_leaves_lead_to_the_root_that_python_has():
    chance = random.Random(2)
    hashes = [leaf_hash(bytes([number])) for number in range(100)]

    def root(low: int, high: int) -> bytes:
        if high - low == 1:
            return hashes[low]
        half = 1 << ((high - low - 1).bit_length() - 1)
        return node_hash(root(low, low + half), root(low + half, high))

    def task(size: int) -> dict[str, Any]:
        indices = sorted(chance.sample(range(size), chance.randint(1, size)))
        proof = prove_leaves(indices, size, lambda h, i: root(i << h, (i + 1) << h))
        leaves = [[str(index), hashes[index].hex()] for index in indices]
        return {"op": "multiproof", "size": str(size), "leaves": leaves} | {
            "proof": [part.hex() for part in proof]
        }

    assert answers(map(task, range(1, 101))) == [root(0, size).hex() for size in range(1, 101)]


@needs(TLOG)
def test_published_notes_have_the_right_verdict():
    vectors = load(TLOG / "signed_note_vectors.json")
    good = [{"op": "note", "text": one["note"], "key": one["vkey"]} for one in vectors["good"]]
    assert answers(good) == ["good"] * 4
    bad = [{"op": "note", "text": one["note"], "key": one["vkey"]} for one in vectors["bad"]]
    assert len(bad) == 8
    assert all(answer == "wrong" or answer["code"] == "IL8504" for answer in answers(bad))


@needs(TLOG)
def test_every_part_of_a_key_and_every_key_with_one_other_byte_is_refused():
    vectors = load(TLOG / "signed_note_vectors.json")
    texts = list(vectors["bad_vkeys"])
    for key in {one["vkey"] for one in vectors["good"]}:
        texts += [key[:end] for end in range(len(key))] + [
            key[start:] for start in range(1, len(key))
        ]
        texts += [key[:at] + chr(ord(key[at]) + 1) + key[at + 1 :] for at in range(len(key))]
    found = answers({"op": "key", "text": text} for text in texts)
    assert [answer for answer in found if not isinstance(answer, dict)] == []


@needs(TLOG)
def test_the_checkpoints_of_a_published_log_are_read_and_hold():
    paths = sorted((TLOG / "tessera/testdata/log").glob("checkpoint*"))
    texts = [path.read_text() for path in paths]
    key = load(TLOG / "signed_note_vectors.json")["good"][-1]["vkey"]
    assert answers({"op": "note", "text": text, "key": key} for text in texts) == ["good"] * 17
    bodies = [text.split("\n\n")[0] + "\n" for text in texts]
    for answer, path in zip(
        answers({"op": "checkpoint", "text": body} for body in bodies), paths, strict=True
    ):
        assert answer[0] == "example.com/log/testdata"
        assert path.suffix in ("", f".{answer[1]}")


@needs(JCS)
def test_rfc_8785_vectors():
    inputs = sorted((JCS / "input").glob("*.json"))
    assert len(inputs) == 6
    texts = answers({"op": "canonical", "data": path.read_bytes().hex()} for path in inputs)
    assert texts == [(JCS / "output" / path.name).read_text() for path in inputs]


def test_numbers_are_written_as_python_writes_them():
    chance = random.Random(3)
    numbers: list[Json] = [-(1 << 63), (1 << 63) - 1, (1 << 53) + 1, 0, -1, 1e21, 1e-7, 5e-324]
    while len(numbers) < 3_000:
        number = struct.unpack(">d", chance.randbytes(8))[0]
        if math.isfinite(number):
            numbers.append(number)
    texts = [repr(number) for number in numbers]
    found = answers({"op": "canonical", "data": text.encode().hex()} for text in texts)
    assert found == [canonical(number).decode() for number in numbers]


@pytest.mark.parametrize(
    "text",
    [
        *(b"", b"{", b"[1,]", b"{'a':1}", b"01", b"+1", b"1.", b".5", b"NaN", b"-", b"tru", b"1 2"),
        *(b'{"a":1,"a":2}', b'{"a":1,"\\u0061":2}', b'"\\ud800"', b'"\x01"', b'"\\x"', b'"a'),
        *(
            b"9223372036854775808",
            b"-9223372036854775809",
            b"1" * 5_000,
            b"1e999",
            b"\xff",
            b"\xef\xbb\xbf1",
        ),
        b"[" * 300,
    ],
)
def test_what_is_no_strict_json_is_refused(text: bytes):
    (answer,) = answers([{"op": "canonical", "data": text.hex()}])
    assert answer["code"] in ("IL8540", "IL8541")


def test_halves_of_characters_are_refused_as_python_refuses_them():
    with pytest.raises(ValueRefused):
        canonical("\ud800")
    (whole,) = answers([{"op": "canonical", "data": b'"\\ud83d\\ude00"'.hex()}])
    assert whole == '"\U0001f600"'
